//! In: the Store port's calls. Out: SQLite or memory behind it, with the same answers.
//! Does not know: the engine's insides; bodies, states and tokens are bytes to it.
//! `conformance` is one suite of stories that both are held to.

mod batch;
mod memory;
mod sqlite;

#[cfg(test)]
mod conformance;

pub use memory::Memory;
pub use sqlite::{Checked, Sqlite, backup, check, restore};
