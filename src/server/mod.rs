//! In: HTTP. Out: deliveries to the runtime, pages. Does not know: the engine's insides.
