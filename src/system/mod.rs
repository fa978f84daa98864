//! In: nothing. Out: the real clock, entropy, environment and files. Does not know: anything else.
