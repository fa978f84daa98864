//! A task that owns some conversations: it runs the engine on their inputs, in order, ahead of the commit.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use super::core::{Ack, Address, Ask, Core, Delivered, Done, Finished, Item, News, Refused};
use super::entry::{self, Entry, Kept};
use super::measure;
use super::metrics::count;
use super::order::{order, told_at};
use super::outbox;
use super::port::{Change, ConversationId, Found, InputKey, Record, StoreError};
use super::recent::Recent;
use super::sprint::{margins, mark_of, panic_text, unstuck};
use super::versions::{Live, Needed, NotReady};
use crate::calendar::Moment;
use crate::engine::{self, Bots, Context, Conversation, Input, Older, ReplyId, Sprint};

const TAKEN_MAX: usize = 256;
/// After so many inputs other tasks of the thread have their turn.
const TURN: usize = 16;

pub(super) struct Worker {
    core: Arc<Core>,
    items: mpsc::UnboundedReceiver<Item>,
    slots: HashMap<Arc<Address>, Slot>,
    cached_max: usize,
    generation: u64,
    /// Sprints handed to the writer, and how many of them are committed.
    sent: u64,
    committed: Arc<AtomicU64>,
    tick: u64,
    /// Inputs of conversations with a run in a version that is being loaded, in their order.
    held: Vec<Item>,
    ready: watch::Receiver<u64>,
}

/// The conversation after an input, what it led to, and its bytes.
type Ran = (Conversation, Sprint, Vec<u8>);

/// One conversation in memory, possibly ahead of the store.
struct Slot {
    id: ConversationId,
    rev: u64,
    /// Whose commit made this revision.
    writer: i64,
    /// Sprints of the worker before this was loaded.
    since: u64,
    conversation: Conversation,
    recent: Recent,
    /// Replies with a row in the outbox: the store refuses a change of one that has none.
    open: BTreeSet<ReplyId>,
    /// No clock goes back for a conversation.
    last_now: Moment,
    sent: u64,
    used: u64,
    /// The stored state cannot be read: inputs are kept, nothing is changed.
    damaged: Option<String>,
}

impl Worker {
    pub(super) fn new(core: Arc<Core>, items: mpsc::UnboundedReceiver<Item>, cached_max: usize) -> Self {
        let generation = core.generation.load(Ordering::SeqCst);
        let committed = Arc::new(AtomicU64::new(0));
        let ready = core.versions.changes();
        let (slots, held) = (HashMap::new(), Vec::new());
        Self { core, items, slots, cached_max, generation, sent: 0, committed, tick: 0, held, ready }
    }

    pub(super) async fn run(mut self) {
        let mut items = Vec::new();
        while self.receive(&mut items).await {
            self.tick += 1;
            let generation = self.core.generation.load(Ordering::SeqCst);
            if generation != self.generation {
                self.generation = generation;
                self.slots.clear();
            }
            let failed = self.make_ready(&items).await;
            items.sort_by_cached_key(order);
            for (taken, item) in items.drain(..).enumerate() {
                match failed.get(&item.address) {
                    Some(why) => {
                        let _ = item.ack.send(Err(Refused::Store(why.clone())));
                    }
                    None => self.take(item),
                }
                if taken % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
            }
            self.evict();
        }
    }

    /// What is to be done next, what was held before it; false at the end.
    async fn receive(&mut self, items: &mut Vec<Item>) -> bool {
        if self.held.is_empty() {
            return self.items.recv_many(items, TAKEN_MAX).await > 0;
        }
        let mut new = Vec::new();
        let goes_on = tokio::select! {
            biased;
            count = self.items.recv_many(&mut new, TAKEN_MAX) => count > 0,
            known = self.ready.changed() => known.is_ok(),
        };
        self.ready.mark_unchanged();
        items.append(&mut self.held);
        items.append(&mut new);
        goes_on
    }

    /// The versions that an input needs beside the live one; `None` where it has to wait for them or was refused.
    fn needed(&mut self, item: Item, live: &Live) -> Option<(Item, Vec<Needed>)> {
        let conversation = self.slots.get(&item.address).map(|slot| &slot.conversation);
        let numbers = conversation.map(|one| one.versions(live.number)).unwrap_or_default();
        if self.held.iter().any(|held| held.address == item.address) {
            self.held.push(item);
            return None;
        }
        match self.core.versions.needed(&numbers, live) {
            Ok(needed) => Some((item, needed)),
            Err(NotReady::Loading) => {
                self.held.push(item);
                None
            }
            Err(NotReady::Newer(why)) => {
                let _ = item.ack.send(Err(Refused::Store(why)));
                None
            }
        }
    }

    /// Brings every conversation that is asked for into memory as the store has it, or ahead of that by our own sprints;
    /// gives the addresses that could not be read.
    async fn make_ready(&mut self, items: &[Item]) -> HashMap<Arc<Address>, String> {
        for item in items {
            if let Ask::Forget { computed, .. } = item.ask
                && self.slots.get(&item.address).is_some_and(|slot| slot.since < computed)
            {
                self.slots.remove(&item.address);
            }
        }
        if self.core.ports.store.is_shared()
            && let Err(error) = self.drop_stale(items).await
        {
            tracing::error!(%error, "it could not be seen whether conversations have changed");
            return items.iter().map(|item| (Arc::clone(&item.address), error.to_string())).collect();
        }
        self.load_missing(items).await
    }

    /// Forgets what another process has changed since; where that happens after this look, the commit finds it.
    async fn drop_stale(&mut self, items: &[Item]) -> Result<(), StoreError> {
        let committed = self.committed.load(Ordering::SeqCst);
        let mut settled = HashMap::new();
        for item in items {
            if let Some(slot) = self.slots.get(&item.address).filter(|slot| slot.sent <= committed) {
                settled.insert(slot.id, (Arc::clone(&item.address), slot.rev, slot.writer));
            }
        }
        if settled.is_empty() {
            return Ok(());
        }
        let mut ids: Vec<ConversationId> = settled.keys().copied().collect();
        ids.sort_unstable();
        for (id, rev, writer) in self.core.ports.store.revisions(&ids).await? {
            if settled.get(&id).is_some_and(|(_, ours, by)| (*ours, *by) == (rev, writer)) {
                settled.remove(&id);
            }
        }
        for (address, ..) in settled.into_values() {
            self.slots.remove(&address);
        }
        Ok(())
    }

    /// Reads what is not in memory, all at once; gives the addresses that could not be read.
    async fn load_missing(&mut self, items: &[Item]) -> HashMap<Arc<Address>, String> {
        // What is forgotten is read when somebody asks for it.
        let wanted = items.iter().filter(|item| !matches!(item.ask, Ask::Forget { .. }));
        let mut missing: Vec<&Arc<Address>> =
            wanted.map(|item| &item.address).filter(|address| !self.slots.contains_key(*address)).collect();
        if missing.is_empty() {
            return HashMap::new();
        }
        missing.sort_by(|a, b| (a.account.id, &a.external).cmp(&(b.account.id, &b.external)));
        missing.dedup();
        let mut failed = HashMap::new();
        for (address, slot) in load(&self.core, &missing, self.sent).await {
            match slot {
                Ok(slot) => {
                    self.slots.insert(Arc::clone(address), slot);
                }
                Err(error) => {
                    tracing::error!(%error, conversation = %address.name(), "a conversation could not be loaded");
                    failed.insert(Arc::clone(address), error.to_string());
                }
            }
        }
        failed
    }

    /// Forgets the conversations used longest ago; never one that is ahead of the store.
    fn evict(&mut self) {
        if self.slots.len() <= self.cached_max {
            return;
        }
        let committed = self.committed.load(Ordering::SeqCst);
        let mut ticks: Vec<u64> = self.slots.values().map(|slot| slot.used).collect();
        let middle = ticks.len() / 2;
        let (_, median, _) = ticks.select_nth_unstable(middle);
        let median = *median;
        self.slots.retain(|_, slot| slot.sent > committed || slot.used > median);
    }

    /// Nothing to commit yet.
    fn plain(&self, address: &Arc<Address>, ack: Ack) -> Finished {
        Finished {
            generation: Some(self.generation),
            record: None,
            address: Some(Arc::clone(address)),
            news: None,
            done: Done::plain(Delivered::Done),
            ack,
            progress: None,
            basis: None,
            replies: Vec::new(),
        }
    }

    fn take(&mut self, item: Item) {
        if let Ask::Forget { conversation, .. } = item.ask {
            // Behind everything that was computed on what is forgotten now.
            let mut finished = self.plain(&item.address, item.ack);
            finished.basis = Some((conversation, u64::MAX));
            let _ = self.core.writer.send(finished);
            return;
        }
        let live = self.core.versions.live();
        let Some((item, needed)) = self.needed(item, &live) else { return };
        let Some(slot) = self.slots.get_mut(&item.address) else { return };
        slot.used = self.tick;
        let basis = Some((slot.id, slot.since));
        let mut finished = self.plain(&item.address, item.ack);
        finished.basis = basis;
        let Some(slot) = self.slots.get_mut(&item.address) else { return };
        match item.ask {
            Ask::Standing => {
                let mut news = slot.news(&item.address);
                // What the process that asked for it may not have had the right to do.
                news.effects.extend(slot.conversation.wants());
                finished.news = Some(news);
            }
            Ask::Input { key: Some(key), .. } if slot.recent.contains(key) => {
                finished.done = Done::plain(Delivered::Duplicate);
            }
            // Silence rather than a second answer.
            Ask::Input { key: Some(_), ref input } if told_at(input).is_some_and(|at| slot.recent.may_have_forgotten(at)) => {
                finished.record = Some(slot.kept(&self.core, &item.address, input));
                finished.done = Done::plain(Delivered::Kept);
            }
            // What we ask ourselves about a conversation that was never written changes nothing.
            Ask::Input {
                input: Input::Due | Input::DueAfterGap { .. } | Input::MaySend { .. } | Input::Paused { .. } | Input::Restored,
                ..
            } if slot.rev == 0 => {}
            Ask::Forget { .. } => {}
            Ask::Input { key, mut input } => {
                if let Input::Message(message) = &mut input {
                    let long = self.core.congested.get(item.address.account.app).is_some_and(|long| long.load(Ordering::Relaxed));
                    message.congested = (slot.conversation.is_congested() != long).then_some(long);
                }
                self.sent += 1;
                slot.sent = self.sent;
                finished.progress = Some((Arc::clone(&self.committed), self.sent));
                slot.sprint(&self.core, &item.address, key, input, (&live, &needed), &mut finished);
            }
        }
        let _ = self.core.writer.send(finished);
    }
}

/// Reads conversations, each new one with an id of its own. Where not all can be read together, one by one: what is
/// damaged in one of them is nothing to the others.
async fn load<'a>(core: &Core, missing: &[&'a Arc<Address>], since: u64) -> Vec<(&'a Arc<Address>, Result<Slot, StoreError>)> {
    let begun = core.monotonic();
    let mut slots = Vec::with_capacity(missing.len());
    match find(core, missing).await {
        Ok(found) => {
            for (address, found) in missing.iter().zip(found) {
                slots.push((*address, slot(core, found, since).await));
            }
        }
        Err(_) => {
            for address in missing {
                let slot = match find(core, &[address]).await {
                    Ok(mut found) => slot(core, found.pop().flatten(), since).await,
                    Err(error) => Err(error),
                };
                slots.push((*address, slot));
            }
        }
    }
    core.metrics.load_took.add(core.monotonic().saturating_sub(begun));
    slots
}

async fn find(core: &Core, missing: &[&Arc<Address>]) -> Result<Vec<Option<Found>>, StoreError> {
    let wanted: Vec<_> = missing.iter().map(|address| (address.account.id, address.external.as_slice())).collect();
    core.ports.store.find_all(&wanted).await
}

async fn slot(core: &Core, found: Option<Found>, since: u64) -> Result<Slot, StoreError> {
    let fresh = |id| Slot {
        id,
        rev: 0,
        writer: 0,
        since,
        conversation: Conversation::default(),
        recent: Recent::default(),
        open: BTreeSet::new(),
        last_now: Moment(i64::MIN),
        sent: 0,
        used: 0,
        damaged: None,
    };
    let Some(Found { row, replies }) = found else {
        return Ok(fresh(core.ports.store.fresh_conversation().await?));
    };
    let mut slot = fresh(row.id);
    slot.rev = row.rev;
    slot.writer = row.writer;
    slot.recent = Recent::decode(&row.recent);
    slot.open = replies.into_iter().collect();
    match Conversation::decode(&row.state) {
        Ok(conversation) => {
            // Nor over a restart.
            slot.last_now = conversation.now();
            slot.conversation = conversation;
        }
        Err(error) => slot.damaged = Some(error.to_string()),
    }
    Ok(slot)
}

impl Slot {
    fn news(&self, address: &Arc<Address>) -> News {
        let (candidate, due) = match self.damaged {
            Some(_) => (None, None),
            None => (self.conversation.candidate(), self.conversation.due()),
        };
        News { conversation: self.id, address: Arc::clone(address), candidate, due, automatic: None, effects: Vec::new() }
    }

    /// A line of the history for what may be a repetition of something long forgotten.
    fn kept(&self, core: &Core, address: &Address, input: &Input) -> Record {
        let raw = serde_json::to_vec(input).unwrap_or_default();
        tracing::warn!(conversation = self.id.0, "so much came that an older delivery is kept without effect");
        let why = "so much came after it that it may have been taken before".to_owned();
        let (account, kind) = (&address.account, "perhaps_repeated");
        let kept = Kept::new(why, account.app_id.clone(), Some(account.open_id.clone()), &raw);
        let body = serde_json::to_vec(&kept).unwrap_or_default();
        Record { at: core.now(), kind, account: Some(account.id), body, change: None, is_mark: false }
    }

    /// Runs the engine on one input and fills in what is to be committed.
    fn sprint(
        &mut self,
        core: &Core,
        address: &Arc<Address>,
        key: Option<InputKey>,
        input: Input,
        (live, needed): (&Live, &[Needed]),
        finished: &mut Finished,
    ) {
        let clock = core.now();
        let now = clock.max(self.last_now);
        self.last_now = now;
        let kind = entry::word(&input);
        let (window_margin_ms, skew_ms) = margins(core, address);
        let seed = core.ports.entropy.next_u64();
        let mut entry = Entry {
            input,
            effects: Vec::new(),
            trace: engine::Traces::default(),
            seed,
            now,
            clock: (clock < now).then_some(clock),
            bot: live.bot.digest.clone(),
            version: live.number,
            older: needed.iter().map(Needed::named).collect(),
            window_margin_ms,
            skew_ms,
            key: key.map(|key| key.0),
            fault: None,
        };
        let context = Context { now, clock, seed, limits: &core.limits, window_margin_ms, skew_ms };
        let was_due = self.conversation.due();
        count(&core.metrics.sprints);
        let older: Vec<Older<'_>> = needed.iter().map(Needed::older).collect();
        let bots = Bots { live: &live.bot, number: live.number, others: &older };
        let state = match self.advance(&bots, &entry.input, &context) {
            Ok((conversation, sprint, state)) => {
                self.conversation = conversation;
                entry.effects = sprint.effects;
                entry.trace = sprint.trace;
                Some(state)
            }
            Err(fault) => {
                count(&core.metrics.faults);
                // What a panic says may hold a text of the customer's.
                tracing::error!(conversation = self.id.0, kind, "the engine failed on an input; the history says how");
                tracing::trace!(conversation = self.id.0, fault);
                entry.fault = Some(fault);
                self.damaged.is_none().then(|| self.conversation.encode().ok()).flatten()
            }
        };
        finished.done.mark = mark_of(&entry.effects);
        finished.replies = measure::ended(&entry.effects);
        let mut news = self.news(address);
        news.automatic = match &entry.input {
            Input::Echo(echo) if echo.is_tiktoks_answer() => Some(echo.at.min(now)),
            _ => None,
        };
        news.due = unstuck(&entry.input, was_due, news.due, now, self.id);
        finished.record = Some(Record {
            at: now,
            kind,
            account: Some(address.account.id),
            body: serde_json::to_vec(&entry).unwrap_or_default(),
            is_mark: finished.done.mark.is_some(),
            change: state.map(|state| self.change(core, address, key, now, &entry, state, news.due)),
        });
        news.effects = entry.effects.into_iter().filter(outbox::for_dispatcher).collect();
        finished.news = Some(news);
    }

    fn advance(&self, bots: &Bots<'_>, input: &Input, context: &Context<'_>) -> Result<Ran, String> {
        if let Some(damage) = &self.damaged {
            return Err(format!("the stored conversation cannot be read: {damage}"));
        }
        // A copy: where the engine fails, the conversation stays as it was.
        let mut conversation = self.conversation.clone();
        let sprint = catch_unwind(AssertUnwindSafe(|| engine::advance_among(bots, &mut conversation, input, context)))
            .map_err(|panic| format!("panic: {}", panic_text(panic.as_ref())))?;
        let state = conversation.encode().map_err(|error| format!("not encodable: {error}"))?;
        Ok((conversation, sprint, state))
    }

    #[expect(clippy::too_many_arguments, reason = "all of one sprint, used once")]
    fn change(
        &mut self,
        core: &Core,
        address: &Address,
        key: Option<InputKey>,
        now: Moment,
        entry: &Entry,
        state: Vec<u8>,
        due: Option<Moment>,
    ) -> Change {
        self.rev += 1;
        let after = std::mem::replace(&mut self.writer, core.epoch);
        if let Some(key) = key {
            self.recent.remember(key, now);
        }
        Change {
            conversation: self.id,
            account: address.account.id,
            external: address.external.clone(),
            rev: self.rev,
            after,
            due,
            recent: self.recent.encode(),
            state,
            outbox: outbox::changes(address.account.id, self.id, core.epoch, entry, &mut self.open),
        }
    }
}
