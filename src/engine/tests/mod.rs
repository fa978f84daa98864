//! Conversations as stories: bots built by hand, saved and loaded again before every input.

mod budget;
mod builder;
mod chat;
mod delivery;
mod handoff;
mod properties;
mod questions;
mod steps;
mod table;
mod ten;
mod triggers;
