//! A task that owns some conversations: it runs the engine on their inputs, in order, ahead of the commit.

mod erase;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use super::core::{Ack, Address, Ask, Core, Delivered, Done, Finished, Item, Refused};
use super::habits::Habit;
use super::hooks::Hooks;
use super::order::{order, told_at};
use super::port::{ConversationId, StoreError};
use super::slot::{Slot, load};
use super::trail::{Role, Trail};
use super::versions::{Live, Needed, NotReady};
use crate::engine::Input;

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
    hooks: Hooks,
    ready: watch::Receiver<u64>,
}

impl Worker {
    pub(super) fn new(core: Arc<Core>, items: mpsc::UnboundedReceiver<Item>, cached_max: usize) -> Self {
        let generation = core.generation.load(Ordering::SeqCst);
        let committed = Arc::new(AtomicU64::new(0));
        let ready = core.versions.changes();
        let (slots, held, hooks) = (HashMap::new(), Vec::new(), Hooks::default());
        Self { core, items, slots, cached_max, generation, sent: 0, committed, tick: 0, held, hooks, ready }
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
                self.take_in_turn(item, &failed);
                if taken % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
            }
            self.evict();
        }
    }

    /// Takes an input, and what came behind it while a hook was called for it.
    fn take_in_turn(&mut self, item: Item, failed: &HashMap<Arc<Address>, String>) {
        let mut next = self.hooks.enter(item);
        while let Some(item) = next {
            let address = Arc::clone(&item.address);
            match failed.get(&address) {
                Some(why) => {
                    let _ = item.ack.send(Err(Refused::Store(why.clone())));
                }
                None => self.take(item),
            }
            next = self.hooks.next(&address);
        }
    }

    /// What is to be done next, what was held before it; false at the end.
    async fn receive(&mut self, items: &mut Vec<Item>) -> bool {
        if self.held.is_empty() && self.hooks.is_idle() {
            return self.items.recv_many(items, TAKEN_MAX).await > 0;
        }
        let mut new = Vec::new();
        let goes_on = tokio::select! {
            biased;
            item = self.hooks.returned() => {
                items.push(item);
                true
            }
            count = self.items.recv_many(&mut new, TAKEN_MAX) => count > 0,
            known = self.ready.changed(), if !self.held.is_empty() => known.is_ok(),
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
                    self.slots.insert(Arc::clone(&slot.address), slot);
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
            erasure: None,
            address: Some(Arc::clone(address)),
            news: None,
            done: Done::plain(Delivered::Done),
            ack,
            progress: None,
            basis: None,
            again: false,
            replies: Vec::new(),
            heard: Vec::new(),
            fault: false,
            trail: Trail::Left,
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
        let Some(item) = self.take_erased(item) else { return };
        let live = self.core.versions.live(&item.address.account.open_id);
        let Some((item, needed)) = self.needed(item, &live) else { return };
        let Some(slot) = self.slots.get_mut(&item.address) else { return };
        slot.used = self.tick;
        let basis = Some((slot.id, slot.since));
        let mut finished = self.plain(&item.address, item.ack);
        finished.basis = basis;
        let Some(slot) = self.slots.get_mut(&item.address) else { return };
        match item.ask {
            Ask::Standing => {
                let mut news = slot.news();
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
            Ask::Forget { .. } | Ask::Erase { .. } => {}
            Ask::Input { key, mut input } => {
                if let Input::Message(message) = &mut input {
                    let long = self.core.congested.get(item.address.account.app).is_some_and(|long| long.load(Ordering::Relaxed));
                    message.congested = (slot.conversation.is_congested() != long).then_some(long);
                    let account = item.address.account.id;
                    message.welcomed =
                        slot.conversation.is_unheard() && self.core.habits.has(account, Habit::Greets, self.core.now());
                }
                let around = (&*live, &*needed);
                let (trail, span) = self.core.span(item.trail, "sprint", Role::Inside);
                finished.trail = trail;
                if let Some((input, begun, wanted)) =
                    slot.sprint(&self.core, &item.address, (key, input), around, item.begun, &mut finished)
                {
                    let ask = Ask::Input { key, input };
                    let item = Item { address: item.address, ask, ack: finished.ack, begun: None, trail: item.trail };
                    return self.hooks.call(&self.core, item, begun, wanted);
                }
                self.core.sprint_ended(span, &item.address, &finished);
                self.sent += 1;
                slot.sent = self.sent;
                finished.progress = Some((Arc::clone(&self.committed), self.sent));
            }
        }
        let _ = self.core.writer.send(finished);
    }
}
