//! In: the Store port's calls. Out: SQLite, PostgreSQL or memory behind it, with the same answers.
//! Does not know: the engine's insides; bodies, states and tokens are bytes to it.
//! `conformance` is one suite of stories that all are held to.

mod batch;
pub mod copy;
mod memory;
mod postgres;
mod sealed;
mod sqlite;

#[cfg(test)]
mod conformance;

pub use memory::Memory;
pub use postgres::Postgres;
pub use sealed::{Rotated, Sealed};
pub use sqlite::{Checked, Sqlite, backup, check, restore, scrub};
