//! Changes of the outbox, folded: what a batch does to a reply one after the other becomes at most one change of a
//! state, one removal and one row, in this order.

use std::collections::BTreeMap;

use super::pool::Parameter;
use super::schema::outbox_state;
use crate::engine::ReplyId;
use crate::runtime::port::{AccountId, ConversationId, OutboxChange, OutboxRow, OutboxState, StoreError};
use crate::store::batch::no_such_reply;

pub(super) type Key = (AccountId, ConversationId, ReplyId);

/// What is done to one reply.
#[derive(Debug, Default)]
struct Fold {
    /// A state for a row that must be there already.
    state: Option<OutboxState>,
    removed: bool,
    /// A row to insert, or to replace in its place; with the line that put it there.
    put: Option<(i64, OutboxRow)>,
}

/// What is done to the outbox, by columns.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub states: States,
    pub removed: Keys,
    pub puts: Puts,
}

#[derive(Debug, Default)]
pub(super) struct Keys {
    pub accounts: Vec<i64>,
    pub conversations: Vec<i64>,
    pub replies: Vec<i32>,
}

#[derive(Debug, Default)]
pub(super) struct States {
    pub keys: Keys,
    pub states: Vec<i32>,
    pub attempts: Vec<Option<i64>>,
    pub epochs: Vec<Option<i64>>,
    pub begun: Vec<Option<i64>>,
    pub not_after: Vec<Option<i64>>,
}

#[derive(Debug, Default)]
pub(super) struct Puts {
    pub states: States,
    pub seqs: Vec<i64>,
    pub bodies: Vec<Vec<u8>>,
}

impl Folded {
    /// `account` gives the account of a conversation of the batch.
    ///
    /// # Errors
    /// A state for a reply that the batch itself has removed.
    pub(super) fn of(
        changes: Vec<(i64, ConversationId, OutboxChange)>,
        account: impl Fn(ConversationId) -> AccountId,
    ) -> Result<Self, StoreError> {
        let mut folds: BTreeMap<Key, Fold> = BTreeMap::new();
        for (seq, conversation, change) in changes {
            let reply = match &change {
                OutboxChange::Put(row) => row.reply,
                OutboxChange::State { reply, .. } | OutboxChange::Remove { reply } => *reply,
            };
            folds.entry((account(conversation), conversation, reply)).or_default().add(seq, conversation, change)?;
        }
        let mut folded = Self::default();
        for (key, fold) in folds {
            if let Some(state) = fold.state {
                folded.states.push(key, state);
            }
            if fold.removed {
                folded.removed.push(key);
            }
            if let Some((seq, row)) = fold.put {
                folded.puts.states.push(key, row.state);
                folded.puts.seqs.push(seq);
                folded.puts.bodies.push(row.body);
            }
        }
        Ok(folded)
    }
}

impl Fold {
    fn add(&mut self, seq: i64, conversation: ConversationId, change: OutboxChange) -> Result<(), StoreError> {
        match change {
            // A replaced reply keeps its place in the order.
            OutboxChange::Put(row) => self.put = Some((self.put.as_ref().map_or(seq, |(first, _)| *first), row)),
            OutboxChange::Remove { .. } => {
                self.put = None;
                self.removed = true;
            }
            OutboxChange::State { reply, state } => match &mut self.put {
                Some((_, row)) => row.state = state,
                None if self.removed => return Err(no_such_reply(conversation, reply)),
                None => self.state = Some(state),
            },
        }
        Ok(())
    }
}

impl Keys {
    fn push(&mut self, (account, conversation, reply): Key) {
        self.accounts.push(account.0);
        self.conversations.push(conversation.0);
        // Of 24 bits, as the batch has made sure.
        self.replies.push(i32::try_from(reply.0).unwrap_or(i32::MAX));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    pub(super) fn columns(&self) -> Vec<Parameter<'_>> {
        vec![&self.accounts, &self.conversations, &self.replies]
    }
}

impl States {
    fn push(&mut self, key: Key, state: OutboxState) {
        self.keys.push(key);
        let (number, attempt, epoch, begun, not_after) = match state {
            OutboxState::Queued => (outbox_state::QUEUED, None, None, None, None),
            OutboxState::Held => (outbox_state::HELD, None, None, None, None),
            OutboxState::Marked { attempt, epoch, begun, not_after } => {
                (outbox_state::MARKED, Some(attempt), Some(epoch), Some(begun.0), Some(not_after.0))
            }
            OutboxState::Unknown { attempt } => (outbox_state::UNKNOWN, Some(attempt), None, None, None),
        };
        self.states.push(number);
        self.attempts.push(attempt.map(i64::from));
        self.epochs.push(epoch);
        self.begun.push(begun);
        self.not_after.push(not_after);
    }

    pub(super) fn columns(&self) -> Vec<Parameter<'_>> {
        let mut columns = self.keys.columns();
        columns.extend([&self.states as Parameter<'_>, &self.attempts, &self.epochs, &self.begun, &self.not_after]);
        columns
    }

    /// The first whose row was not there, by the keys of those that were.
    pub(super) fn missing(&self, there: &[(i64, i32)]) -> Option<(ConversationId, ReplyId)> {
        let asked = self.keys.conversations.iter().zip(&self.keys.replies);
        let missing = asked.map(|(conversation, reply)| (*conversation, *reply)).find(|key| !there.contains(key));
        missing.map(|(conversation, reply)| (ConversationId(conversation), ReplyId(u32::try_from(reply).unwrap_or(0))))
    }
}

impl Puts {
    pub(super) fn columns(&self) -> Vec<Parameter<'_>> {
        let mut columns = self.states.columns();
        columns.extend([&self.seqs as Parameter<'_>, &self.bodies]);
        columns
    }
}
