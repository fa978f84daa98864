//! Erasure: all that is kept of a conversation leaves the store at once.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{AccountId, ConversationId, StoreError};
use crate::calendar::Moment;

/// The kind of the line of no conversation that says that something was erased, and of what takes the place of lines that
/// spoke of it.
pub const ERASED: &str = "erased";

/// What a line of no conversation, by kind and body, becomes; `None` where it stays.
pub type Instead = Arc<dyn Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync>;
/// The body of the record.
pub type Told = Arc<dyn Fn(&Removed) -> Vec<u8> + Send + Sync>;

/// What is to be erased, and what stays of it.
#[derive(Clone)]
pub struct Erasure {
    pub conversation: ConversationId,
    pub account: AccountId,
    pub external: Vec<u8>,
    /// The stored revision and who made it; where another stands there, nothing is done.
    pub rev: u64,
    pub writer: i64,
    pub at: Moment,
    /// Written to `meta`.
    pub remains: Vec<(String, Vec<u8>)>,
    /// The key of `meta` that leads to it ([`super::Change::found_by`]); removed.
    pub found_by: Option<String>,
    /// Asked of each line of no conversation that belongs to the account or to none.
    pub instead: Instead,
    pub told: Told,
}

impl fmt::Debug for Erasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erasure").field("conversation", &self.conversation).field("rev", &self.rev).finish_non_exhaustive()
    }
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Removed {
    /// Lines of the conversation's history.
    pub history: u64,
    /// Rows of the outbox.
    pub replies: u64,
    /// Events that other systems had not taken.
    pub events: u64,
    /// Lines of no conversation that spoke of it; each stays as a line without content.
    pub lines: u64,
}

impl Removed {
    /// Of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            history: self.history.saturating_add(other.history),
            replies: self.replies.saturating_add(other.replies),
            events: self.events.saturating_add(other.events),
            lines: self.lines.saturating_add(other.lines),
        }
    }
}

/// A slice of the history that was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Lines of conversations that were removed, and lines of none that were emptied.
    pub removed: u64,
    /// Where the next slice begins; `None` at the end of what is old.
    pub next: Option<(i64, i64)>,
}

/// Kinds of lines of no conversation that hold nothing of a customer's, so that they are never emptied.
pub const OF_NOBODY: [&str; 2] = ["audit", ERASED];
/// The body of a line that was emptied.
pub const EMPTIED: &[u8] = b"{}";

/// The part of a store that erases.
#[async_trait]
pub trait Erasing: Send + Sync + 'static {
    /// In one transaction: removes the conversation with its name, history, outbox, events and due moment, empties what spoke of
    /// it elsewhere, writes what remains and a line of no conversation that tells of it. `None` where the conversation is gone
    /// or another revision stands there; nothing is written then. What was removed can be read out of no file of the store
    /// afterwards, as far as it is the store that writes them.
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError>;
    /// Looks at `most` lines of the history behind `from`, which is as [`Pruned::next`] says or [`i64::MIN`] twice, and
    /// removes those from before `before`, but for the newest of each conversation; lines of no conversation are emptied.
    async fn prune_history(&self, from: (i64, i64), before: Moment, most: usize) -> Result<Pruned, StoreError>;
    /// Removes a conversation's lines from before `before`, but for the newest; gives how many.
    async fn cut_history(&self, conversation: ConversationId, before: Moment) -> Result<u64, StoreError>;
    /// Entries of `meta` whose keys begin so, in the order of their keys.
    async fn meta_under(&self, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
    async fn remove_meta(&self, keys: &[String]) -> Result<(), StoreError>;
}
