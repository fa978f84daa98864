//! What TikTok's lists show of an account's conversations, for customers of whom no webhook says what they wrote.

use super::Meaning;
use crate::calendar::Moment;

/// A conversation in the list of an account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    pub external: Vec<u8>,
    /// TikTok's time of the newest that either side did in it.
    pub at: Moment,
}

/// A message in the list of a conversation's newest.
#[derive(Clone, Debug)]
pub struct ReadMessage {
    /// TikTok's time.
    pub at: Moment,
    pub raw: bytes::Bytes,
    /// As its delivery would have told it.
    pub meaning: Meaning,
}

/// The list of a conversation's newest messages never holds more.
pub const READ_MOST: usize = 20;
