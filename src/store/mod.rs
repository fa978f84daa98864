//! In: the Store port's calls. Out: SQLite or memory behind it. Does not know: the engine's insides.
