//! What a batch of records does to a store, worked out before anything is written. Both stores go by it, so that
//! they number, chain, check and refuse alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::calendar::Moment;
use crate::engine::ReplyId;
use crate::runtime::port::{
    AccountId, Change, ConversationId, ConversationRow, EventKey, EventPut, EventRow, OutboxChange, Record, StoreError, Written,
};

/// What is stored of a conversation before a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub account: AccountId,
    pub rev: u64,
    /// The epoch of the process that made it; 0 in a store with one owner.
    pub writer: i64,
    pub last_seq: Option<i64>,
}

/// The store as it stands before a batch.
pub(super) trait Before<E> {
    /// `None` for a conversation without a commit.
    fn head(&mut self, conversation: ConversationId) -> Result<Option<Head>, E>;
    /// The newest line of no conversation.
    fn loose(&mut self) -> Result<Option<i64>, E>;
    /// For a store that others write to as well.
    fn shared(&mut self) -> Option<&mut dyn Shared<E>> {
        None
    }
}

/// What a store that several processes share is asked besides.
pub(super) trait Shared<E> {
    /// The epoch of this process.
    fn epoch(&self) -> i64;
    /// Whether this process leads the account's app.
    fn leads(&mut self, account: AccountId) -> Result<bool, E>;
    /// Whether an operator has stopped the account's sending.
    fn is_paused(&mut self, account: AccountId) -> Result<bool, E>;
    /// Whether a conversation has this name already.
    fn is_named(&mut self, account: AccountId, external: &[u8]) -> Result<bool, E>;
}

/// A line of the history to append.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub seq: i64,
    pub conversation: Option<ConversationId>,
    pub account: Option<AccountId>,
    pub prev: Option<i64>,
    pub at: Moment,
    pub kind: &'static str,
    pub body: Vec<u8>,
}

/// A conversation as it stands after the batch.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub row: ConversationRow,
    /// Its first commit is in this batch: it gets its name.
    pub first: bool,
}

/// All that a batch writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// In the records' order.
    pub history: Vec<Line>,
    /// In the order of their ids, so that neighbouring pages are touched together.
    pub conversations: Vec<Stored>,
    /// In the order of conversation ids; within one in the records' order. With the number of the line that made each.
    pub outbox: Vec<(i64, ConversationId, OutboxChange)>,
    /// In the order of the lines that cause them.
    pub events: Vec<EventRow>,
    /// Keys of `meta` and the conversations that they lead to.
    pub found_by: BTreeMap<String, ConversationId>,
    /// The newest line of no conversation, where the batch has one.
    pub loose: Option<i64>,
    /// What becomes of each record.
    pub written: Vec<Written>,
}

/// Works out a batch whose lines get these numbers, which rise.
pub(super) fn plan<E: From<StoreError>>(
    records: Vec<Record>,
    numbers: impl IntoIterator<Item = i64>,
    before: &mut impl Before<E>,
) -> Result<Batch, E> {
    let mut batch = Batch::default();
    let mut numbers = numbers.into_iter();
    let mut next = || numbers.next().ok_or_else(|| broken("there are more lines than numbers"));
    let mut touched: BTreeMap<ConversationId, Stored> = BTreeMap::new();
    for record in records {
        let (seq, conversation, account, prev) = match record.change {
            Some(change) => {
                let (conversation, account) = (change.conversation, change.account);
                if record.account.is_some_and(|named| named != account) {
                    return Err(broken(format!("a record of {account:?} names {:?}", record.account)).into());
                }
                if let Some(refused) = refused(&change, record.is_mark, &touched, before)? {
                    batch.written.push(refused);
                    continue;
                }
                let seq = next()?;
                batch.found_by.extend(change.found_by.clone().map(|key| (key, conversation)));
                let prev = apply(change, seq, &mut touched, &mut batch.outbox, before)?;
                let event = |put| event(put, seq, record.at, account, conversation);
                batch.events.extend(record.events.into_iter().map(event));
                (seq, Some(conversation), Some(account), prev)
            }
            None => {
                let prev = match batch.loose {
                    Some(newest) => Some(newest),
                    None => before.loose()?,
                };
                let seq = next()?;
                batch.loose = Some(seq);
                (seq, None, record.account, prev)
            }
        };
        batch.history.push(Line { seq, conversation, account, prev, at: record.at, kind: record.kind, body: record.body });
        batch.written.push(Written::Line(seq));
    }
    batch.conversations = touched.into_values().collect();
    // Stable: what happens to one conversation keeps its order.
    batch.outbox.sort_by_key(|(_, conversation, _)| *conversation);
    Ok(batch)
}

/// An event that has not been tried.
fn event(put: EventPut, seq: i64, at: Moment, account: AccountId, conversation: ConversationId) -> EventRow {
    EventRow {
        key: EventKey { endpoint: put.endpoint.as_ref().to_owned(), seq, place: put.place },
        account,
        conversation,
        at,
        kind: put.kind,
        body: put.body,
        tries: 0,
        next: at,
        since: None,
        dead: false,
        reason: String::new(),
    }
}

/// Why a shared store does not take a change. Whatever was computed on top of a refused one is refused by the same rule.
fn refused<E>(
    change: &Change,
    is_mark: bool,
    touched: &BTreeMap<ConversationId, Stored>,
    before: &mut impl Before<E>,
) -> Result<Option<Written>, E> {
    let head = match touched.get(&change.conversation) {
        Some(stored) => Some((stored.row.rev, stored.row.writer)),
        None => before.head(change.conversation)?.map(|head| (head.rev, head.writer)),
    };
    let Some(shared) = before.shared() else { return Ok(None) };
    if head.unwrap_or_default() != (change.rev.saturating_sub(1), if change.rev == 1 { 0 } else { change.after }) {
        return Ok(Some(Written::Stale));
    }
    if head.is_none() && shared.is_named(change.account, &change.external)? {
        return Ok(Some(Written::Stale));
    }
    let refused = is_mark && (!shared.leads(change.account)? || shared.is_paused(change.account)?);
    Ok(refused.then_some(Written::Fenced))
}

/// Takes one change into the batch; gives the line of its conversation before this one.
fn apply<E: From<StoreError>>(
    change: Change,
    seq: i64,
    touched: &mut BTreeMap<ConversationId, Stored>,
    outbox: &mut Vec<(i64, ConversationId, OutboxChange)>,
    before: &mut impl Before<E>,
) -> Result<Option<i64>, E> {
    let Change { conversation, account, external, rev, after: _, due, recent, state, outbox: changes, found_by: _ } = change;
    let writer = before.shared().map_or(0, |shared| shared.epoch());
    let (head, first) = match touched.get(&conversation) {
        Some(Stored { row, first }) => {
            (Some(Head { account: row.account, rev: row.rev, writer: row.writer, last_seq: row.last_seq }), *first)
        }
        None => {
            let head = before.head(conversation)?;
            (head, head.is_none())
        }
    };
    let stored = head.map_or(0, |head| head.rev);
    if rev.checked_sub(1) != Some(stored) {
        return Err(broken(format!("{conversation:?}: revision {rev} was to follow, but {stored} is stored")).into());
    }
    if head.is_some_and(|head| head.account != account) {
        return Err(broken(format!("{conversation:?} does not belong to {account:?}")).into());
    }
    for change in changes {
        let reply = match &change {
            OutboxChange::Put(row) if row.conversation != conversation || row.account != account => {
                return Err(broken(format!("a reply of {:?} was put into {conversation:?}", row.conversation)).into());
            }
            OutboxChange::Put(row) => row.reply,
            OutboxChange::State { reply, .. } | OutboxChange::Remove { reply } => *reply,
        };
        outbox_id(conversation, reply)?;
        outbox.push((seq, conversation, change));
    }
    let row = ConversationRow { id: conversation, account, external, rev, writer, last_seq: Some(seq), due, recent, state };
    match touched.entry(conversation) {
        Entry::Occupied(mut entry) => {
            // The name is written once, by the first commit.
            let external = std::mem::take(&mut entry.get_mut().row.external);
            entry.insert(Stored { row: ConversationRow { external, ..row }, first });
        }
        Entry::Vacant(entry) => {
            entry.insert(Stored { row, first });
        }
    }
    Ok(head.and_then(|head| head.last_seq))
}

/// Bits of an outbox id that hold the reply.
const REPLY_BITS: u32 = 24;

/// The id of a reply over all conversations: `conversation << 24 | reply`. Being derived, it needs no index; the
/// replies of one conversation lie side by side.
pub(super) fn outbox_id(conversation: ConversationId, reply: ReplyId) -> Result<i64, StoreError> {
    let room = 1_i64 << (63 - REPLY_BITS);
    if !(0..room).contains(&conversation.0) || reply.0 >> REPLY_BITS != 0 {
        return Err(broken(format!("{reply:?} of {conversation:?} is out of range")));
    }
    Ok(conversation.0 << REPLY_BITS | i64::from(reply.0))
}

/// What stands in `meta` under a key that leads to a conversation.
pub(super) fn found(conversation: ConversationId) -> Vec<u8> {
    conversation.0.to_string().into_bytes()
}

/// Conversation and reply of an outbox id.
pub(super) fn outbox_parts(id: i64) -> (ConversationId, ReplyId) {
    let reply = u32::try_from(id & ((1 << REPLY_BITS) - 1)).unwrap_or(0);
    (ConversationId(id >> REPLY_BITS), ReplyId(reply))
}

/// First and last outbox id of a conversation.
pub(super) fn outbox_range(conversation: ConversationId) -> Result<(i64, i64), StoreError> {
    Ok((outbox_id(conversation, ReplyId(0))?, outbox_id(conversation, ReplyId((1 << REPLY_BITS) - 1))?))
}

pub(super) fn broken(text: impl Into<String>) -> StoreError {
    StoreError::Broken(text.into())
}

/// A mark for a reply that is not there would be a mark lost.
pub(super) fn no_such_reply(conversation: ConversationId, reply: ReplyId) -> StoreError {
    broken(format!("{reply:?} of {conversation:?} is not in the outbox"))
}

/// One name, one conversation.
pub(super) fn name_taken(conversation: ConversationId) -> StoreError {
    broken(format!("{conversation:?} takes the name of another conversation"))
}

/// Both stores know an account before anything is kept for it.
pub(super) fn no_such_account(account: AccountId) -> StoreError {
    broken(format!("{account:?} is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outbox_ids_keep_conversations_apart_and_replies_in_order() {
        let id = |conversation, reply| outbox_id(ConversationId(conversation), ReplyId(reply)).unwrap();
        assert!(id(1, (1 << 24) - 1) < id(2, 0));
        assert!(id(2, 1) < id(2, 2));
        assert_eq!(outbox_parts(id(5, 7)), (ConversationId(5), ReplyId(7)));
        assert_eq!(outbox_range(ConversationId(2)).unwrap(), (id(2, 0), id(3, 0) - 1));
    }

    #[test]
    fn what_does_not_fit_into_an_outbox_id_is_refused() {
        assert!(outbox_id(ConversationId((1 << 39) - 1), ReplyId((1 << 24) - 1)).is_ok_and(|id| id == i64::MAX));
        assert!(outbox_id(ConversationId(1), ReplyId(1 << 24)).is_err());
        assert!(outbox_id(ConversationId(1 << 39), ReplyId(1)).is_err());
        assert!(outbox_id(ConversationId(-1), ReplyId(1)).is_err());
    }
}
