//! In: strings. Out: folded, counted, split strings. Does not know: anything else.
