//! In: TikTok's webhooks and answers as bytes. Out: deliveries, outcomes, calls with a permit.
//! Does not know: the runtime's insides, stores, axum, what a flow is.
//! Facts about the wire carry their source; where sources disagree, both readings are accepted.

pub mod client;
pub mod codes;
pub mod key;
pub mod signature;
pub mod token;
pub mod wire;

mod bounds;
mod delivery;
#[cfg(test)]
mod fixtures;

pub use bounds::BODY_BYTES_MAX;
pub use delivery::{delivery, listed, person, set_up};
