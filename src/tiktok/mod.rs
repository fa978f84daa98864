//! In: TikTok's webhooks and answers as bytes. Out: deliveries, outcomes, calls with a permit.
//! Does not know: the runtime's insides, stores, axum, what a flow is.
//! Facts about the wire carry their source; where sources disagree, both readings are accepted.

pub mod codes;
pub mod key;
pub mod signature;
pub mod wire;

mod bounds;
mod client;
mod delivery;
#[cfg(test)]
mod fixtures;
mod token;

pub use bounds::BODY_BYTES_MAX;
pub use client::{AppAccess, Client, ClientError, CommentReplyCall, ConversationKind, Conversations, PRODUCTION};
pub use delivery::delivery;
pub use token::{RENEWAL_MARGIN_MS, Token, TokenKeeper, TokenUnreadable, Tokens};
