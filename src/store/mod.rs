//! In: the Store port's calls. Out: SQLite or memory behind it, with the same answers.
//! Does not know: the engine's insides; bodies, states and tokens are bytes to it.

mod batch;
mod memory;

pub use memory::Memory;
