//! The runtime with a scripted other side, a store in memory and a clock that the test moves.

mod delivering;
mod restarting;
mod sending;
mod timing;
mod world;
