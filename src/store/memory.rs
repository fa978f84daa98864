//! The store without a disk: for tests, for `talk` and for embedding. What it holds ends with the process.

mod erasure;
mod events;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::batch::{self, Batch, Before, Head, Shared};
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, AccountRow, Clock, ConversationId, ConversationRow, HistoryRow, Lease, OutboxChange, OutboxRow, PAUSE, Record,
    Store, StoreError, VersionRow, Written, pause_of,
};

/// A store in memory. [`Memory::reopen`] gives the same contents as a restarted process would find them, or in a shared
/// one as another process does.
pub struct Memory {
    contents: Arc<Mutex<Contents>>,
    epoch: i64,
    /// Where several processes share the contents: the clock of their leases.
    clock: Option<Arc<dyn Clock>>,
    /// Counts what is put into the news.
    hints: watch::Sender<u64>,
    heard: tokio::sync::Mutex<watch::Receiver<u64>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("epoch", &self.epoch).field("shared", &self.clock.is_some()).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Contents {
    epoch: i64,
    accounts: Vec<AccountRow>,
    conversations_given: i64,
    names: BTreeMap<(AccountId, Vec<u8>), ConversationId>,
    conversations: BTreeMap<ConversationId, ConversationRow>,
    due: BTreeSet<(Moment, ConversationId)>,
    history: BTreeMap<i64, HistoryRow>,
    loose: Option<i64>,
    /// By outbox id, with the number of the line that put the reply there.
    outbox: BTreeMap<i64, (i64, OutboxRow)>,
    media: BTreeMap<(AccountId, String), (String, Moment)>,
    meta: BTreeMap<String, Vec<u8>>,
    versions: BTreeMap<u32, VersionRow>,
    events: events::Rows,
    failing: VecDeque<StoreError>,
    leases: BTreeMap<String, Holder>,
    /// Conversations that others than the leader of their app have changed.
    news: BTreeSet<(AccountId, ConversationId)>,
}

/// Who leads an app, and until when by the monotonic clock of the store.
#[derive(Clone, Copy, Debug)]
struct Holder {
    epoch: i64,
    until: Duration,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::open(Arc::default(), None, watch::Sender::default())
    }

    /// An empty store for several processes; their leases go by `clock`.
    #[must_use]
    pub fn shared(clock: Arc<dyn Clock>) -> Self {
        Self::open(Arc::default(), Some(clock), watch::Sender::default())
    }

    /// The same contents, opened once more: the epoch rises. The older handle goes on working, as a process that
    /// has lost its lease and does not know it would.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self::open(Arc::clone(&self.contents), self.clock.clone(), self.hints.clone())
    }

    /// Lets the next `times` commits fail with `error`; nothing of them is written.
    pub fn fail_next_commits(&self, times: usize, error: StoreError) {
        self.lock().failing.extend(std::iter::repeat_n(error, times));
    }

    fn open(contents: Arc<Mutex<Contents>>, clock: Option<Arc<dyn Clock>>, hints: watch::Sender<u64>) -> Self {
        let epoch = {
            let mut contents = contents.lock().unwrap_or_else(PoisonError::into_inner);
            contents.epoch += 1;
            contents.epoch
        };
        let heard = tokio::sync::Mutex::new(hints.subscribe());
        Self { contents, epoch, clock, hints, heard }
    }

    /// Who looks, and when; `None` where the store has one owner.
    fn looker(&self) -> Option<Looker> {
        self.clock.as_ref().map(|clock| Looker { epoch: self.epoch, now: clock.monotonic() })
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        // Nothing in here panics between two changes that belong together.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that shares the store, at a moment.
#[derive(Clone, Copy)]
struct Looker {
    epoch: i64,
    now: Duration,
}

struct Seen<'a> {
    contents: &'a Contents,
    looker: Option<Looker>,
}

impl Before<StoreError> for Seen<'_> {
    fn head(&mut self, conversation: ConversationId) -> Result<Option<Head>, StoreError> {
        let row = self.contents.conversations.get(&conversation);
        Ok(row.map(|row| Head { account: row.account, rev: row.rev, writer: row.writer, last_seq: row.last_seq }))
    }

    fn loose(&mut self) -> Result<Option<i64>, StoreError> {
        Ok(self.contents.loose)
    }

    fn shared(&mut self) -> Option<&mut dyn Shared<StoreError>> {
        self.looker.is_some().then_some(self)
    }
}

impl Shared<StoreError> for Seen<'_> {
    fn epoch(&self) -> i64 {
        self.looker.map_or(0, |looker| looker.epoch)
    }

    fn leads(&mut self, account: AccountId) -> Result<bool, StoreError> {
        Ok(self.contents.leads(self.looker, account))
    }

    fn is_paused(&mut self, account: AccountId) -> Result<bool, StoreError> {
        let stands = |key: &str| self.contents.meta.get(key).is_some_and(|value| !value.is_empty());
        Ok(stands(PAUSE) || stands(&pause_of(account)))
    }

    fn is_named(&mut self, account: AccountId, external: &[u8]) -> Result<bool, StoreError> {
        Ok(self.contents.names.contains_key(&(account, external.to_vec())))
    }
}

impl Contents {
    fn commit(&mut self, looker: Option<Looker>, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        if let Some(error) = self.failing.pop_front() {
            return Err(error);
        }
        let next = self.history.last_key_value().map_or(1, |(seq, _)| seq + 1);
        let mut batch = batch::plan(records, next.., &mut Seen { contents: self, looker })?;
        self.check_names(&batch)?;
        // The outbox is the last that can refuse; it works on a copy of what it touches.
        let outbox = self.changed_outbox(&batch)?;
        let written = std::mem::take(&mut batch.written);
        let changed = batch.conversations.iter().map(|stored| (stored.row.account, stored.row.id));
        let news: Vec<_> = changed.filter(|(account, _)| !self.leads(looker, *account)).collect();
        self.news.extend(news);
        self.write(batch, outbox);
        Ok(written)
    }

    /// Whether the process leads the account's app; always, where the store is its own.
    fn leads(&self, looker: Option<Looker>, account: AccountId) -> bool {
        let Some(Looker { epoch, now }) = looker else { return true };
        let app = self.accounts.iter().find(|row| row.id == account).map(|row| &row.app);
        app.and_then(|app| self.leases.get(app)).is_some_and(|holder| holder.epoch == epoch && holder.until > now)
    }

    fn leads_of(&self, looker: Option<Looker>, conversation: ConversationId) -> bool {
        looker.is_none() || self.conversations.get(&conversation).is_some_and(|row| self.leads(looker, row.account))
    }

    fn lease(&mut self, app: &str, Looker { epoch, now }: Looker, length: Duration) -> Lease {
        let free = self.leases.get(app).is_none_or(|holder| holder.epoch == epoch || holder.until <= now);
        if free {
            self.leases.insert(app.to_owned(), Holder { epoch, until: now + length });
        }
        let until = self.leases.get(app).map_or(now, |holder| holder.until);
        Lease { mine: free, left: until.saturating_sub(now) }
    }

    fn check_account(&self, account: AccountId) -> Result<(), StoreError> {
        let known = self.accounts.iter().any(|row| row.id == account);
        if known { Ok(()) } else { Err(batch::no_such_account(account)) }
    }

    fn check_names(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut fresh = BTreeSet::new();
        for row in batch.conversations.iter().filter(|stored| stored.first).map(|stored| &stored.row) {
            self.check_account(row.account)?;
            let name = (row.account, row.external.clone());
            if self.names.contains_key(&name) || !fresh.insert(name) {
                return Err(batch::name_taken(row.id));
            }
        }
        Ok(())
    }

    /// The rows of the outbox that the batch changes, as they are after it; `None` for those that go.
    fn changed_outbox(&self, batch: &Batch) -> Result<BTreeMap<i64, Option<(i64, OutboxRow)>>, StoreError> {
        let mut changed = BTreeMap::new();
        for (seq, conversation, change) in &batch.outbox {
            let reply = match change {
                OutboxChange::Put(row) => row.reply,
                OutboxChange::State { reply, .. } | OutboxChange::Remove { reply } => *reply,
            };
            let id = batch::outbox_id(*conversation, reply)?;
            let entry: &mut Option<(i64, OutboxRow)> = changed.entry(id).or_insert_with(|| self.outbox.get(&id).cloned());
            match (change, entry.as_mut()) {
                // A replaced reply keeps its place in the order.
                (OutboxChange::Put(row), Some((_, stored))) => *stored = row.clone(),
                (OutboxChange::Put(row), None) => *entry = Some((*seq, row.clone())),
                (OutboxChange::State { state, .. }, Some((_, stored))) => stored.state = *state,
                (OutboxChange::State { reply, .. }, None) => return Err(batch::no_such_reply(*conversation, *reply)),
                (OutboxChange::Remove { .. }, _) => *entry = None,
            }
        }
        Ok(changed)
    }

    /// Cannot fail: everything was checked.
    fn write(&mut self, batch: Batch, outbox: BTreeMap<i64, Option<(i64, OutboxRow)>>) {
        for (id, row) in outbox {
            match row {
                Some(row) => drop(self.outbox.insert(id, row)),
                None => drop(self.outbox.remove(&id)),
            }
        }
        for stored in batch.conversations {
            let mut row = stored.row;
            if let Some(old) = self.conversations.remove(&row.id) {
                if let Some(due) = old.due {
                    self.due.remove(&(due, old.id));
                }
                row.external = old.external;
            } else {
                self.names.insert((row.account, row.external.clone()), row.id);
            }
            if let Some(due) = row.due {
                self.due.insert((due, row.id));
            }
            self.conversations.insert(row.id, row);
        }
        self.loose = batch.loose.or(self.loose);
        self.meta.extend(batch.found_by.into_iter().map(|(key, id)| (key, batch::found(id))));
        self.events.extend(batch.events.into_iter().map(|row| (row.key.clone(), row)));
        for line in batch.history {
            let row = HistoryRow {
                seq: line.seq,
                conversation: line.conversation,
                account: line.account,
                prev: line.prev,
                at: line.at,
                kind: line.kind.to_owned(),
                body: line.body,
            };
            self.history.insert(line.seq, row);
        }
    }

    /// Up to `most` lines, back from `newest` along the chain.
    fn chain(&self, newest: Option<i64>, most: usize) -> Vec<HistoryRow> {
        let line = |seq: i64| self.history.get(&seq);
        std::iter::successors(newest.and_then(line), |row| row.prev.and_then(line)).take(most).cloned().collect()
    }
}

#[async_trait]
impl Store for Memory {
    async fn epoch(&self) -> Result<i64, StoreError> {
        Ok(self.epoch)
    }

    fn is_shared(&self) -> bool {
        self.clock.is_some()
    }

    async fn lease(&self, app: &str, length: Duration) -> Result<Lease, StoreError> {
        Ok(match self.looker() {
            Some(looker) => self.lock().lease(app, looker, length),
            None => Lease { mine: true, left: Duration::MAX },
        })
    }

    async fn release(&self, app: &str) -> Result<(), StoreError> {
        let mut contents = self.lock();
        if contents.leases.get(app).is_some_and(|holder| holder.epoch == self.epoch) {
            contents.leases.remove(app);
        }
        Ok(())
    }

    async fn news(&self) -> Result<Vec<ConversationId>, StoreError> {
        let looker = self.looker();
        let mut contents = self.lock();
        let (told, left) =
            std::mem::take(&mut contents.news).into_iter().partition(|(account, _)| contents.leads(looker, *account));
        contents.news = left;
        let told: BTreeSet<_> = told;
        Ok(told.into_iter().map(|(_, conversation)| conversation).collect())
    }

    async fn hint(&self) {
        if self.heard.lock().await.changed().await.is_err() {
            std::future::pending().await
        }
    }

    async fn revisions(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, u64, i64)>, StoreError> {
        let contents = self.lock();
        let rows = conversations.iter().filter_map(|id| contents.conversations.get(id));
        Ok(rows.map(|row| (row.id, row.rev, row.writer)).collect())
    }

    async fn account(&self, app: &str, open_id: &str) -> Result<AccountId, StoreError> {
        let mut contents = self.lock();
        if let Some(row) = contents.accounts.iter().find(|row| row.app == app && row.open_id == open_id) {
            return Ok(row.id);
        }
        let id = AccountId(contents.accounts.last().map_or(1, |row| row.id.0 + 1));
        let row = AccountRow { id, app: app.to_owned(), open_id: open_id.to_owned(), token: None, token_generation: 0 };
        contents.accounts.push(row);
        Ok(id)
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        Ok(self.lock().accounts.clone())
    }

    async fn put_token(&self, account: AccountId, generation: i64, token: Option<Vec<u8>>) -> Result<(), StoreError> {
        let mut contents = self.lock();
        let row = contents.accounts.iter_mut().find(|row| row.id == account).ok_or_else(|| batch::no_such_account(account))?;
        if generation > row.token_generation {
            row.token_generation = generation;
            row.token = token;
        }
        Ok(())
    }

    async fn fresh_conversation(&self) -> Result<ConversationId, StoreError> {
        let mut contents = self.lock();
        contents.conversations_given += 1;
        Ok(ConversationId(contents.conversations_given))
    }

    async fn find(&self, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, StoreError> {
        let contents = self.lock();
        let id = contents.names.get(&(account, external.to_vec()));
        Ok(id.and_then(|id| contents.conversations.get(id)).cloned())
    }

    async fn load(&self, conversation: ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        Ok(self.lock().conversations.get(&conversation).cloned())
    }

    async fn commit(&self, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        let looker = self.looker();
        let (written, news) = {
            let mut contents = self.lock();
            let before = contents.news.len();
            let written = contents.commit(looker, records)?;
            (written, contents.news.len() > before)
        };
        if news {
            self.hints.send_modify(|hints| *hints += 1);
        }
        Ok(written)
    }

    async fn due(&self, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, StoreError> {
        let looker = self.looker();
        let contents = self.lock();
        let due = contents.due.iter().take_while(|(due, _)| *due <= until).filter(|(_, id)| contents.leads_of(looker, *id));
        Ok(due.take(most).map(|(due, id)| (*id, *due)).collect())
    }

    async fn next_due(&self) -> Result<Option<Moment>, StoreError> {
        let looker = self.looker();
        let contents = self.lock();
        Ok(contents.due.iter().find(|(_, id)| contents.leads_of(looker, *id)).map(|(due, _)| *due))
    }

    async fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        let looker = self.looker();
        let contents = self.lock();
        let mut rows: Vec<_> = contents.outbox.values().filter(|(_, row)| contents.leads(looker, row.account)).collect();
        // Stable: replies of one line stay in the order of their ids.
        rows.sort_by_key(|(seq, _)| *seq);
        Ok(rows.into_iter().map(|(_, row)| row.clone()).collect())
    }

    async fn outbox_of(&self, conversation: ConversationId) -> Result<Vec<OutboxRow>, StoreError> {
        let (first, last) = batch::outbox_range(conversation)?;
        Ok(self.lock().outbox.range(first..=last).map(|(_, (_, row))| row.clone()).collect())
    }

    async fn history(&self, conversation: ConversationId, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        let contents = self.lock();
        let newest = contents.conversations.get(&conversation).and_then(|row| row.last_seq);
        Ok(contents.chain(newest, most))
    }

    async fn loose_history(&self, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        let contents = self.lock();
        Ok(contents.chain(contents.loose, most))
    }

    async fn conversations(&self, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        Ok(self.lock().conversations.values().rev().take(most).cloned().collect())
    }

    async fn conversations_after(&self, after: ConversationId, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        Ok(self.lock().conversations.range(behind).take(most).map(|(_, row)| row.clone()).collect())
    }

    async fn versions(&self) -> Result<Vec<VersionRow>, StoreError> {
        Ok(self.lock().versions.values().map(|row| VersionRow { body: Vec::new(), ..row.clone() }).collect())
    }

    async fn version(&self, number: u32) -> Result<Option<VersionRow>, StoreError> {
        Ok(self.lock().versions.get(&number).cloned())
    }

    async fn put_version(&self, version: VersionRow) -> Result<u32, StoreError> {
        let versions = &mut self.lock().versions;
        if let Some(known) = versions.values().find(|known| known.digest == version.digest) {
            return Ok(known.number);
        }
        let number = versions.last_key_value().map_or(1, |(number, _)| number + 1);
        versions.insert(number, VersionRow { number, ..version });
        Ok(number)
    }

    async fn remove_versions(&self, numbers: &[u32]) -> Result<(), StoreError> {
        self.lock().versions.retain(|number, _| !numbers.contains(number));
        Ok(())
    }

    async fn media(&self, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, StoreError> {
        Ok(self.lock().media.get(&(account, digest.to_owned())).cloned())
    }

    async fn put_media(&self, account: AccountId, digest: &str, media_id: &str, until: Moment) -> Result<(), StoreError> {
        let mut contents = self.lock();
        contents.check_account(account)?;
        let key = (account, digest.to_owned());
        if media_id.is_empty() {
            contents.media.remove(&key);
        } else {
            contents.media.insert(key, (media_id.to_owned(), until));
        }
        Ok(())
    }

    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().meta.get(key).cloned())
    }

    async fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.lock().meta.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn put_meta_once(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.lock().meta.entry(key.to_owned()).or_insert_with(|| value.to_vec()).clone())
    }
}
