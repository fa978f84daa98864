//! The state of one conversation.

use serde::{Deserialize, Serialize};

use super::effect::Candidate;
use crate::calendar::Moment;

/// One account, one customer, at most one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {}

impl Conversation {
    /// When `Input::Due` should be handed in at the latest; `None` when nothing waits for time.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        None
    }

    /// The head of the queue, where it may be attempted: no attempt is open, none is unknown, nothing holds it.
    #[must_use]
    pub fn candidate(&self) -> Option<Candidate> {
        None
    }

    /// The bytes that a store keeps.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// The conversation that [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are of another version or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
