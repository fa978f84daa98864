//! Conversations as stories: bots built by hand, saved and loaded again before every input.

mod budget;
mod builder;
mod calls;
mod chat;
mod contact;
mod delivery;
mod frames;
mod handoff;
mod hooks;
mod kinds;
mod near;
mod programs;
mod properties;
mod questions;
mod steps;
mod table;
mod ten;
mod told;
mod triggers;
mod versions;
