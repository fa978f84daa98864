//! The memory store of one process, with everything that can happen to a store, and a witness of what was committed.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rejoinder::calendar::Moment;
use rejoinder::channel::Content;
use rejoinder::engine::{Conversation, Effect, Reply};
use rejoinder::runtime::Entry;
use rejoinder::runtime::port::{
    AccountId, AccountRow, Change, ConversationId, ConversationRow, Erasing, Erasure, EventCount, EventKeeping, EventQuery,
    EventRow, Events, EventsTrimmed, HistoryRow, Lease, OutboxRow, Pruned, Record, Removed, Settled, Store, StoreError,
    VersionRow, Written,
};
use rejoinder::store::Memory;

use crate::evidence::{Commit, Tag};
use crate::mutants::Mutant;
use crate::plan::Wrong;
use crate::time::thaw;
use crate::transport::strike;
use crate::troubles::Place;
use crate::world::{Process, World};

/// Many times what the longest story needs: the store fails behind them, so that a story without an end has one.
pub const COMMITS_MAX: usize = 20_000;

/// What the witness knows of each conversation.
#[derive(Default)]
pub struct Witness {
    states: BTreeMap<ConversationId, Arc<Conversation>>,
    contents: BTreeMap<(ConversationId, u32), Content>,
}

pub struct Faulty {
    pub world: Arc<World>,
    pub process: Arc<Process>,
    pub memory: Memory,
    pub witness: Arc<Mutex<Witness>>,
    /// Commits that still fail, and how.
    pub failing: Mutex<Vec<StoreError>>,
    pub readings_failing: Mutex<u32>,
}

impl Faulty {
    async fn alive(&self) {
        thaw(&self.world.time, &self.process.frozen).await;
        if self.process.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// Whose lines a batch holds, by kind, each kind once.
    fn kinds(records: &[Record], world: &World) -> Vec<(&'static str, Option<usize>)> {
        let mut kinds: Vec<(&'static str, Option<usize>)> = Vec::new();
        for record in records {
            if !kinds.iter().any(|(kind, _)| *kind == record.kind) {
                let who = record.change.as_ref().and_then(|change| world.whose(&change.external).0);
                kinds.push((record.kind, who));
            }
        }
        kinds
    }

    /// What was meant for this side of the commit; gives how long it takes longer and what it fails with.
    async fn struck(&self, kinds: &[(&'static str, Option<usize>)], after: bool) {
        for (kind, who) in kinds {
            let struck = self.world.lock().troubles.happens(Place::Commit { kind, after });
            for wrong in struck {
                match wrong {
                    Wrong::CommitSlow { ms } => {
                        self.world.tell(format_args!("trouble: a commit takes {ms} ms"));
                        self.world.time.sleep(ms).await;
                    }
                    Wrong::CommitFails { full, times } => {
                        let error =
                            |full| if full { StoreError::Full("full".to_owned()) } else { StoreError::Busy("busy".to_owned()) };
                        self.failing.lock().unwrap().extend((0..times).map(|_| error(full)));
                    }
                    Wrong::CommitBreaks => self.failing.lock().unwrap().push(StoreError::Broken("fsync".to_owned())),
                    other => strike(&self.world, &self.process, vec![other], *who),
                }
            }
        }
        self.alive().await;
    }

    /// Writes down what was committed.
    fn witness(&self, records: &[Record], written: &[Written]) {
        let at = self.world.time.now();
        let mut witness = self.witness.lock().unwrap();
        for (record, written) in records.iter().zip(written) {
            let Written::Line(seq) = written else {
                let mut state = self.world.lock();
                match written {
                    Written::Fenced => state.evidence.fenced += 1,
                    _ => state.evidence.stale += 1,
                }
                state.evidence.tell(at, format_args!("{written:?} at {}: {}", self.process.number, record.kind));
                continue;
            };
            if let Some(change) = &record.change {
                self.witness_change(&mut witness, at, *seq, record, change);
            } else {
                self.world.lock().evidence.tell(at, format_args!("{seq} {}", record.kind));
            }
        }
    }

    fn witness_change(&self, witness: &mut Witness, at: i64, seq: i64, record: &Record, change: &Change) {
        let Ok(entry) = serde_json::from_slice::<Entry>(&record.body) else { return };
        let Ok(after) = Conversation::decode(&change.state) else { return };
        let (entry, after, id) = (Arc::new(entry), Arc::new(after), change.conversation);
        let before = witness.states.insert(id, Arc::clone(&after));
        let (who, comments) = self.world.whose(&change.external);
        let leads = self.world.leads(&self.process);
        let mut state = self.world.lock();
        state.evidence.tell(at, format_args!("{seq} {who:?} {}: {}", record.kind, effects(&entry)));
        for effect in &entry.effects {
            match effect {
                Effect::Queue(Reply { id: reply, outgoing, .. }) => {
                    witness.contents.insert((id, reply.0), outgoing.content.clone());
                }
                Effect::Mark { reply, attempt, .. } => {
                    let tag = Tag { conversation: id, reply: *reply, attempt: *attempt, seq };
                    let content = witness.contents.get(&(id, reply.0)).cloned();
                    if let (Some(content), Some(who)) = (content, who) {
                        state.marked.insert((who, comments), (tag, content));
                    }
                }
                _ => {}
            }
        }
        let (conversation, state_bytes) = (id, change.state.len());
        state.evidence.commits.push(Commit { at, seq, conversation, who, comments, entry, before, after, state_bytes, leads });
    }

    fn reachable(&self) -> Result<(), StoreError> {
        let cut_off = self.world.time.now() < self.process.no_store.load(Ordering::SeqCst);
        if cut_off { Err(StoreError::Busy("no way to the store".to_owned())) } else { Ok(()) }
    }

    /// What a broken rule of sharing makes of a commit.
    async fn unshared(&self, records: &mut [Record]) {
        for record in records {
            if self.world.is(Mutant::MarksUnfenced) || self.world.is(Mutant::AllLead) {
                record.is_mark = false;
            }
            if self.world.is(Mutant::LastWriterWins)
                && let Some(change) = &mut record.change
                && let Ok(Some(row)) = self.memory.load(change.conversation).await
                && row.writer != change.after
            {
                (change.rev, change.after) = (row.rev + 1, row.writer);
            }
        }
    }

    async fn reading(&self) -> Result<(), StoreError> {
        self.alive().await;
        let struck = self.world.lock().troubles.happens(Place::Reading);
        for wrong in struck {
            if let Wrong::ReadingFails { times } = wrong {
                self.world.tell("trouble: the store cannot be read");
                *self.readings_failing.lock().unwrap() += times;
            } else {
                strike(&self.world, &self.process, vec![wrong], None);
            }
        }
        self.alive().await;
        self.reachable()?;
        let mut failing = self.readings_failing.lock().unwrap();
        if *failing > 0 && !self.world.lock().healing {
            *failing -= 1;
            return Err(StoreError::Busy("cannot be read now".to_owned()));
        }
        Ok(())
    }

    fn forge(&self, records: &mut [Record]) {
        if !self.world.is(Mutant::SeedsForged) {
            return;
        }
        for record in records.iter_mut().filter(|record| record.kind == "message") {
            if let Ok(mut entry) = serde_json::from_slice::<Entry>(&record.body) {
                entry.seed ^= 1;
                record.body = serde_json::to_vec(&entry).unwrap();
            }
        }
    }
}

/// The effects of a line in a few words.
fn effects(entry: &Entry) -> String {
    let word = |effect: &Effect| match effect {
        Effect::Queue(reply) => Some(format!("queue {}", reply.id.0)),
        Effect::Mark { reply, attempt, .. } => Some(format!("mark {}#{attempt}", reply.0)),
        Effect::Hold { reply, .. } => Some(format!("hold {}", reply.0)),
        Effect::Release { reply } => Some(format!("release {}", reply.0)),
        Effect::Finish { reply, end, .. } => Some(format!("{} {end:?}", reply.0)),
        Effect::LookUp | Effect::LookForAnswer => Some("look".to_owned()),
        _ => None,
    };
    let words: Vec<String> = entry.effects.iter().filter_map(word).collect();
    format!("{}{}", words.join(", "), entry.fault.as_ref().map_or(String::new(), |fault| format!(" FAULT {fault}")))
}

#[async_trait]
impl Events for Faulty {
    async fn event_heads(&self, endpoint: &str, most: usize) -> Result<Vec<EventRow>, StoreError> {
        self.reading().await?;
        self.memory.event_heads(endpoint, most).await
    }

    async fn settle_events(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.reading().await?;
        self.memory.settle_events(settled).await
    }

    async fn hasten_events(&self, endpoint: &str, now: Moment) -> Result<(), StoreError> {
        self.reading().await?;
        self.memory.hasten_events(endpoint, now).await
    }

    async fn hold_events(&self, endpoint: &str, now: Moment, dead_since: Moment, reason: &str) -> Result<u64, StoreError> {
        self.reading().await?;
        self.memory.hold_events(endpoint, now, dead_since, reason).await
    }

    async fn events(&self, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, StoreError> {
        self.reading().await?;
        self.memory.events(query, most).await
    }

    async fn replay_events(&self, query: &EventQuery, now: Moment) -> Result<u64, StoreError> {
        self.reading().await?;
        self.memory.replay_events(query, now).await
    }

    async fn trim_events(&self, keeping: &EventKeeping) -> Result<EventsTrimmed, StoreError> {
        self.reading().await?;
        self.memory.trim_events(keeping).await
    }

    async fn event_counts(&self) -> Result<Vec<EventCount>, StoreError> {
        self.reading().await?;
        self.memory.event_counts().await
    }
}

#[async_trait]
impl Erasing for Faulty {
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError> {
        self.reading().await?;
        self.memory.erase(erasure).await
    }

    async fn prune_history(&self, from: (i64, i64), before: Moment, most: usize) -> Result<Pruned, StoreError> {
        self.memory.prune_history(from, before, most).await
    }

    async fn cut_history(&self, conversation: ConversationId, before: Moment) -> Result<u64, StoreError> {
        self.memory.cut_history(conversation, before).await
    }

    async fn meta_under(&self, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.memory.meta_under(prefix, most).await
    }

    async fn remove_meta(&self, keys: &[String]) -> Result<(), StoreError> {
        self.memory.remove_meta(keys).await
    }
}

#[async_trait]
impl Store for Faulty {
    async fn commit(&self, mut records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        self.alive().await;
        let kinds = Self::kinds(&records, &self.world);
        self.world.time.sleep(self.world.draw(0, self.world.plan.commit_ms)).await;
        self.struck(&kinds, false).await;
        let failing = { self.failing.lock().unwrap().pop() };
        if let Some(error) = failing.filter(|_| !self.world.lock().healing) {
            self.world.tell(format_args!("trouble: a commit of {kinds:?} fails: {error}"));
            return Err(error);
        }
        let marks = records.iter().all(|record| record.kind == "may_send");
        if self.world.is(Mutant::MarkNotCommitted) && marks && !std::mem::replace(&mut self.world.lock().lied, true) {
            // It tells success, and commits nothing.
            return Ok(records.iter().map(|_| Written::Line(0)).collect());
        }
        self.forge(&mut records);
        self.reachable()?;
        self.unshared(&mut records).await;
        if self.world.lock().evidence.commits.len() >= COMMITS_MAX {
            return Err(StoreError::Broken("the story does not end".to_owned()));
        }
        let written = self.memory.commit(records.clone()).await?;
        self.witness(&records, &written);
        self.struck(&kinds, true).await;
        Ok(written)
    }

    async fn epoch(&self) -> Result<i64, StoreError> {
        self.memory.epoch().await
    }

    fn is_shared(&self) -> bool {
        self.memory.is_shared()
    }

    async fn lease(&self, app: &str, length: Duration) -> Result<Lease, StoreError> {
        self.reading().await?;
        // Nobody dies any more: so that days pass quickly.
        let length = if self.world.lock().healing { length * 360 } else { length };
        let lease = self.memory.lease(app, length).await?;
        if lease.mine {
            let now = self.world.time.now();
            let mut state = self.world.lock();
            if state.leader.is_none_or(|(number, _)| number != self.process.number) {
                state.evidence.leaders += 1;
                state.evidence.tell(now, format_args!("process {} leads", self.process.number));
            }
            state.leader = Some((self.process.number, now + i64::try_from(lease.left.as_millis()).unwrap()));
        }
        // The answer is on its way for a while.
        self.world.time.sleep(self.world.draw(0, self.world.plan.commit_ms)).await;
        self.alive().await;
        let believed = Lease { mine: true, left: Duration::from_secs(3_600) };
        Ok(match self.world.mutant {
            Some(Mutant::AllLead) => believed,
            Some(Mutant::LeaseWithoutEnd) if lease.mine => believed,
            _ => lease,
        })
    }

    async fn release(&self, app: &str) -> Result<(), StoreError> {
        self.reading().await?;
        self.memory.release(app).await
    }

    async fn news(&self) -> Result<Vec<ConversationId>, StoreError> {
        self.alive().await;
        self.reachable()?;
        let news = self.memory.news().await?;
        Ok(if self.world.is(Mutant::NewsUnheard) { Vec::new() } else { news })
    }

    async fn hint(&self) {
        self.memory.hint().await;
        self.alive().await;
    }

    async fn revisions(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, u64, i64)>, StoreError> {
        self.reading().await?;
        self.memory.revisions(conversations).await
    }

    async fn account(&self, app: &str, open_id: &str) -> Result<AccountId, StoreError> {
        self.memory.account(app, open_id).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.memory.accounts().await
    }

    async fn put_token(&self, account: AccountId, generation: i64, token: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.memory.put_token(account, generation, token).await
    }

    async fn fresh_conversation(&self) -> Result<ConversationId, StoreError> {
        self.reading().await?;
        self.memory.fresh_conversation().await
    }

    async fn find(&self, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, StoreError> {
        self.reading().await?;
        self.memory.find(account, external).await
    }

    async fn load(&self, conversation: ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        self.reading().await?;
        self.memory.load(conversation).await
    }

    async fn due(&self, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, StoreError> {
        self.reading().await?;
        if self.world.is(Mutant::TimersForgotten) {
            return Ok(Vec::new());
        }
        self.memory.due(until, most).await
    }

    async fn next_due(&self) -> Result<Option<Moment>, StoreError> {
        self.reading().await?;
        self.memory.next_due().await
    }

    async fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        self.reading().await?;
        if self.world.is(Mutant::OutboxForgotten) {
            return Ok(Vec::new());
        }
        self.memory.outbox().await
    }

    async fn outbox_of(&self, conversation: ConversationId) -> Result<Vec<OutboxRow>, StoreError> {
        self.reading().await?;
        self.memory.outbox_of(conversation).await
    }

    async fn history(&self, conversation: ConversationId, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        self.reading().await?;
        self.memory.history(conversation, most).await
    }

    async fn loose_history(&self, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        self.memory.loose_history(most).await
    }

    async fn conversations(&self, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        self.memory.conversations(most).await
    }

    async fn conversations_after(&self, after: ConversationId, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        self.reading().await?;
        self.memory.conversations_after(after, most).await
    }

    async fn versions(&self) -> Result<Vec<VersionRow>, StoreError> {
        self.reading().await?;
        self.memory.versions().await
    }

    async fn version(&self, number: u32) -> Result<Option<VersionRow>, StoreError> {
        self.reading().await?;
        let overwritten = self.world.is(Mutant::VersionsOverwritten);
        let newest = if overwritten { self.memory.versions().await?.last().map(|row| row.number) } else { None };
        let read = newest.unwrap_or(number);
        Ok(self.memory.version(read).await?.map(|row| VersionRow { number, ..row }))
    }

    async fn put_version(&self, version: VersionRow) -> Result<u32, StoreError> {
        self.reading().await?;
        self.memory.put_version(version).await
    }

    async fn remove_versions(&self, numbers: &[u32]) -> Result<(), StoreError> {
        self.reading().await?;
        self.memory.remove_versions(numbers).await
    }

    async fn media(&self, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, StoreError> {
        self.reading().await?;
        self.memory.media(account, digest).await
    }

    async fn put_media(&self, account: AccountId, digest: &str, media_id: &str, until: Moment) -> Result<(), StoreError> {
        self.reading().await?;
        self.memory.put_media(account, digest, media_id, until).await
    }

    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let kept = self.memory.meta(key).await?;
        if key.starts_with("eu_since:") && self.world.is(Mutant::NoBaseline) {
            return Ok(Some(0_i64.to_le_bytes().to_vec()));
        }
        Ok(kept.filter(|_| !(key == "present" && self.world.is(Mutant::AbsenceForgotten))))
    }

    async fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        if key.starts_with("eu_poked:") && self.world.is(Mutant::PokesForgotten) {
            return Ok(());
        }
        self.memory.put_meta(key, value).await
    }

    async fn put_meta_once(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.memory.put_meta_once(key, value).await
    }
}
