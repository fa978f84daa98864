//! Customers' texts at rest: whatever store lies beneath, bodies enter it sealed and leave it opened.
//!
//! Any text may be the answer to a question for a `secret` field, and a shared store takes it before a flow has decided
//! what it is. So bodies are sealed as a whole: lines of the history, states of conversations, replies in the outbox,
//! events. Names, moments, kinds and numbers stay readable, since tables go by them.
//!
//! Envelope: one random [`DataKey`] of the store lies in `meta`, sealed under the operator's key; of it each
//! conversation has a key of its own, so that a body moved to another conversation does not open there. A body that was
//! written before is JSON, which never begins as a sealed one does, and is read as it is.

mod erasing;
mod events;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::batch::broken;
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, AccountRow, ConversationId, ConversationRow, Entropy, Found, HistoryRow, Lease, OutboxChange, OutboxRow, Record,
    Store, StoreError, VersionRow, Written,
};
use crate::system::seal::{self, DataKey, Key};

/// Where the sealed data key stands in `meta`.
const DATA_KEY: &str = "data_key";

/// What a body belongs to is bound to it.
const HISTORY: &[u8] = b"history";
const STATE: &[u8] = b"state";
const OUTBOX: &[u8] = b"outbox";
const EVENT: &[u8] = b"event";

/// Whose key seals a line that belongs to no conversation, and one that does.
const OF_ACCOUNT: u8 = 0;
const OF_CONVERSATION: u8 = 1;

/// A store whose bodies are sealed at rest, where it has a data key.
pub struct Sealed {
    beneath: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    texts: Texts,
}

enum Texts {
    /// The store has no data key: bodies are written as they are.
    Plain,
    Sealed(DataKey),
    /// The store has a data key that does not open here: nothing with a body is read or written.
    Closed,
}

/// What became of the data key when the operator's key was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// There is none.
    None,
    Anew,
    Already,
    /// Neither key opens it.
    Closed,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("seals", &self.seals()).finish_non_exhaustive()
    }
}

impl Sealed {
    /// Reads and writes as the store has it: sealed where it has a data key. Without the right master key such a store
    /// still gives what has no body.
    ///
    /// # Errors
    /// The store's own.
    pub async fn over(beneath: Arc<dyn Store>, master: Option<&Key>, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let texts = match (beneath.meta(DATA_KEY).await?, master) {
            (None, _) => Texts::Plain,
            (Some(_), None) => Texts::Closed,
            (Some(sealed), Some(master)) => DataKey::open(master, &sealed).map_or(Texts::Closed, Texts::Sealed),
        };
        Ok(Self { beneath, entropy, texts })
    }

    /// From now on bodies are sealed: gives the store its data key, unless it has one.
    ///
    /// # Errors
    /// The store's own, and when it has a data key that this master key does not open.
    pub async fn begin(self, master: &Key) -> Result<Self, StoreError> {
        if self.seals() {
            return Ok(self);
        }
        let fresh = DataKey::random(&*self.entropy).seal(master, &*self.entropy).map_err(|error| broken(error.to_string()))?;
        // Of several processes that begin at once, one's key is everybody's.
        let sealed = self.beneath.put_meta_once(DATA_KEY, &fresh).await?;
        let key = DataKey::open(master, &sealed).map_err(|_| closed())?;
        Ok(Self { texts: Texts::Sealed(key), ..self })
    }

    /// Whether nobody else could be confused by sealed bodies: a store of one owner, or one that nobody has written to.
    /// Beside processes of a version that reads only plain ones, sealing begins by an operator's command.
    ///
    /// # Errors
    /// The store's own.
    pub async fn may_begin(&self) -> Result<bool, StoreError> {
        let beneath = &self.beneath;
        Ok(!beneath.is_shared() || beneath.conversations(1).await?.is_empty() && beneath.loose_history(1).await?.is_empty())
    }

    /// Whether bodies are sealed.
    #[must_use]
    pub fn seals(&self) -> bool {
        matches!(self.texts, Texts::Sealed(_))
    }

    /// Whether they are, under another key.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.texts, Texts::Closed)
    }

    /// Seals the data key of a store under `new` instead of `old`.
    ///
    /// # Errors
    /// The store's own.
    pub async fn rotate(store: &dyn Store, old: &Key, new: &Key, entropy: &dyn Entropy) -> Result<Rotated, StoreError> {
        let Some(sealed) = store.meta(DATA_KEY).await? else { return Ok(Rotated::None) };
        if DataKey::open(new, &sealed).is_ok() {
            return Ok(Rotated::Already);
        }
        let Ok(key) = DataKey::open(old, &sealed) else { return Ok(Rotated::Closed) };
        store.put_meta(DATA_KEY, &key.seal(new, entropy).map_err(|error| broken(error.to_string()))?).await?;
        Ok(Rotated::Anew)
    }

    /// The key of an owner's bodies; `None` where they are plain.
    fn key(&self, owner: Owner) -> Result<Option<Key>, StoreError> {
        match &self.texts {
            Texts::Plain => Ok(None),
            Texts::Sealed(key) => Ok(Some(match owner {
                Owner::Account(account) => key.of_owner(OF_ACCOUNT, account.map_or(0, |account| account.0)),
                Owner::Conversation(conversation) => key.of_owner(OF_CONVERSATION, conversation.0),
            })),
            Texts::Closed => Err(closed()),
        }
    }

    fn seal(&self, key: &Key, place: &[u8], body: &mut Vec<u8>) -> Result<(), StoreError> {
        *body = seal::seal(key, body, place, &*self.entropy).map_err(|error| broken(error.to_string()))?;
        Ok(())
    }

    fn open(&self, owner: Owner, place: &[u8], body: &mut Vec<u8>) -> Result<(), StoreError> {
        if !seal::is_sealed(body) {
            return Ok(());
        }
        let key = self.key(owner)?.ok_or_else(closed)?;
        let place_told = std::str::from_utf8(place).unwrap_or_default();
        let damaged = |_| broken(format!("a sealed body ({place_told}) of {owner:?} does not open: its bytes are damaged"));
        *body = seal::open(&key, body, place).map_err(damaged)?;
        Ok(())
    }

    fn seal_record(&self, record: &mut Record) -> Result<(), StoreError> {
        let owner = match &record.change {
            Some(change) => Owner::Conversation(change.conversation),
            None => Owner::Account(record.account),
        };
        let Some(key) = self.key(owner)? else { return Ok(()) };
        self.seal(&key, HISTORY, &mut record.body)?;
        let Some(change) = &mut record.change else { return Ok(()) };
        self.seal(&key, STATE, &mut change.state)?;
        for change in &mut change.outbox {
            if let OutboxChange::Put(row) = change {
                self.seal(&key, OUTBOX, &mut row.body)?;
            }
        }
        record.events.iter_mut().try_for_each(|event| self.seal(&key, EVENT, &mut event.body))
    }

    fn opened(&self, mut row: ConversationRow) -> Result<ConversationRow, StoreError> {
        self.open(Owner::Conversation(row.id), STATE, &mut row.state)?;
        Ok(row)
    }

    fn opened_reply(&self, mut row: OutboxRow) -> Result<OutboxRow, StoreError> {
        self.open(Owner::Conversation(row.conversation), OUTBOX, &mut row.body)?;
        Ok(row)
    }

    fn opened_line(&self, mut row: HistoryRow) -> Result<HistoryRow, StoreError> {
        let owner = row.conversation.map_or(Owner::Account(row.account), Owner::Conversation);
        self.open(owner, HISTORY, &mut row.body)?;
        Ok(row)
    }
}

#[derive(Clone, Copy, Debug)]
enum Owner {
    Conversation(ConversationId),
    Account(Option<AccountId>),
}

fn closed() -> StoreError {
    broken(
        "customers' texts in the store are sealed, and `token_key` of the settings is missing or another; give the key that it had",
    )
}

fn all<T>(rows: Vec<T>, open: impl Fn(T) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(open).collect()
}

#[async_trait]
impl Store for Sealed {
    async fn epoch(&self) -> Result<i64, StoreError> {
        self.beneath.epoch().await
    }

    fn is_shared(&self) -> bool {
        self.beneath.is_shared()
    }

    async fn lease(&self, app: &str, length: Duration) -> Result<Lease, StoreError> {
        self.beneath.lease(app, length).await
    }

    async fn release(&self, app: &str) -> Result<(), StoreError> {
        self.beneath.release(app).await
    }

    async fn news(&self) -> Result<Vec<ConversationId>, StoreError> {
        self.beneath.news().await
    }

    async fn hint(&self) {
        self.beneath.hint().await;
    }

    async fn revisions(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, u64, i64)>, StoreError> {
        self.beneath.revisions(conversations).await
    }

    async fn account(&self, app: &str, open_id: &str) -> Result<AccountId, StoreError> {
        self.beneath.account(app, open_id).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.beneath.accounts().await
    }

    async fn put_token(&self, account: AccountId, generation: i64, token: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.beneath.put_token(account, generation, token).await
    }

    async fn fresh_conversation(&self) -> Result<ConversationId, StoreError> {
        self.beneath.fresh_conversation().await
    }

    async fn find(&self, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, StoreError> {
        self.beneath.find(account, external).await?.map(|row| self.opened(row)).transpose()
    }

    async fn find_all(&self, wanted: &[(AccountId, &[u8])]) -> Result<Vec<Option<Found>>, StoreError> {
        let open = |Found { row, replies }| Ok(Found { row: self.opened(row)?, replies });
        self.beneath.find_all(wanted).await?.into_iter().map(|found| found.map(open).transpose()).collect()
    }

    async fn load(&self, conversation: ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        self.beneath.load(conversation).await?.map(|row| self.opened(row)).transpose()
    }

    async fn commit(&self, mut records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        records.iter_mut().try_for_each(|record| self.seal_record(record))?;
        self.beneath.commit(records).await
    }

    async fn due(&self, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, StoreError> {
        self.beneath.due(until, most).await
    }

    async fn next_due(&self) -> Result<Option<Moment>, StoreError> {
        self.beneath.next_due().await
    }

    async fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        all(self.beneath.outbox().await?, |row| self.opened_reply(row))
    }

    async fn outbox_of(&self, conversation: ConversationId) -> Result<Vec<OutboxRow>, StoreError> {
        all(self.beneath.outbox_of(conversation).await?, |row| self.opened_reply(row))
    }

    async fn history(&self, conversation: ConversationId, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        all(self.beneath.history(conversation, most).await?, |row| self.opened_line(row))
    }

    async fn loose_history(&self, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        all(self.beneath.loose_history(most).await?, |row| self.opened_line(row))
    }

    async fn conversations(&self, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        all(self.beneath.conversations(most).await?, |row| self.opened(row))
    }

    async fn conversations_after(&self, after: ConversationId, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        all(self.beneath.conversations_after(after, most).await?, |row| self.opened(row))
    }

    async fn versions(&self) -> Result<Vec<VersionRow>, StoreError> {
        self.beneath.versions().await
    }

    async fn version(&self, number: u32) -> Result<Option<VersionRow>, StoreError> {
        self.beneath.version(number).await
    }

    async fn put_version(&self, version: VersionRow) -> Result<u32, StoreError> {
        self.beneath.put_version(version).await
    }

    async fn remove_versions(&self, numbers: &[u32]) -> Result<(), StoreError> {
        self.beneath.remove_versions(numbers).await
    }

    async fn media(&self, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, StoreError> {
        self.beneath.media(account, digest).await
    }

    async fn put_media(&self, account: AccountId, digest: &str, media_id: &str, until: Moment) -> Result<(), StoreError> {
        self.beneath.put_media(account, digest, media_id, until).await
    }

    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.beneath.meta(key).await
    }

    async fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.beneath.put_meta(key, value).await
    }

    async fn put_meta_once(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.beneath.put_meta_once(key, value).await
    }
}
