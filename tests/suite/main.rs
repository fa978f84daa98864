//! The one integration binary: one link, many stories.
//!
//! `cfg(test)` holds for the whole of it; written at each module, it also tells clippy that helpers here are test code.

#![expect(clippy::disallowed_methods, reason = "the suite drives real processes in real time over real files")]

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod api;
#[cfg(test)]
mod api_deploying;
#[cfg(test)]
mod api_document;
#[cfg(test)]
mod api_images;
#[cfg(test)]
mod api_operating;
#[cfg(test)]
mod api_schema;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod audits;
#[cfg(test)]
mod bots;
#[cfg(test)]
mod browser;
#[cfg(test)]
#[path = "../support/cluster.rs"]
mod cluster;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod deploying;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod e2e;
#[cfg(test)]
mod europe;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fetching;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod fmt;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod owning;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod rolling;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod spellings;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod syncing;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod town;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod webhook;
