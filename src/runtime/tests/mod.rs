//! In: a scripted other side, a store in memory, a clock that the test moves. Out: stories of the whole runtime.
//! Does not know: HTTP, SQLite, real time.

mod beside;
mod delivering;
mod restarting;
mod sending;
mod sharing;
mod timing;
mod versions;
mod world;
