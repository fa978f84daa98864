//! In: a scripted other side, a store in memory, a clock that the test moves. Out: stories of the whole runtime.
//! Does not know: HTTP, SQLite, real time.

mod announcing;
mod beside;
mod comments;
mod daily;
mod delivering;
mod erasing;
mod fetching;
mod leaving;
mod listener;
mod owning;
mod reading;
mod replaying;
mod restarting;
mod retaining;
mod script;
mod scripting;
mod sending;
mod sharing;
mod systems;
mod timing;
mod upgrading;
mod versions;
mod world;
