//! Due moments of conversations: the store has them all, memory those of the next hour.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::core::{Address, Core, News};
use super::port::ConversationId;
use crate::calendar::Moment;
use crate::engine::Input;

/// How far ahead due moments are kept in memory.
const HORIZON_MS: i64 = 60 * 60_000;
const LOADED_MAX: usize = 10_000;
/// Due inputs on their way at once: a wave of timers must not stand before the customers' messages.
const FIRING_MAX: usize = 64;
/// While the clock is doubted, what is due is looked at again after this.
const DOUBTED_MS: i64 = 1_000;
/// A store that cannot be read is asked again after this.
const RETRY_MS: i64 = 5_000;

/// What the timers hear.
pub(super) enum Told {
    News(News),
    /// This process leads another app: its due moments are read from the store.
    Leads,
}

pub(super) struct Timers {
    core: Arc<Core>,
    told: mpsc::UnboundedReceiver<Told>,
    line: BTreeSet<(Moment, ConversationId)>,
    known: HashMap<ConversationId, Timer>,
    /// Everything due before stands in memory.
    loaded_until: Moment,
    /// When the store is asked again.
    load_at: Moment,
    firing: JoinSet<ConversationId>,
}

#[derive(Default)]
struct Timer {
    /// `None` while it fires, until its own news says what comes next.
    due: Option<Moment>,
    /// Known when the conversation was heard of in this process.
    address: Option<Arc<Address>>,
    firing: bool,
}

impl Timers {
    pub(super) fn new(core: Arc<Core>, told: mpsc::UnboundedReceiver<Told>) -> Self {
        let never = Moment(i64::MIN);
        Self {
            core,
            told,
            line: BTreeSet::new(),
            known: HashMap::new(),
            loaded_until: never,
            load_at: never,
            firing: JoinSet::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let core = Arc::clone(&self.core);
        loop {
            if core.now() >= self.load_at && self.line.len() < LOADED_MAX / 2 {
                self.load().await;
            }
            self.fire();
            let wake = self.wake();
            // In this order, not by chance: the same events must give the same day again.
            tokio::select! {
                biased;
                Some(ended) = self.firing.join_next(), if !self.firing.is_empty() => {
                    if let Ok(conversation) = ended {
                        self.fired(conversation);
                    }
                }
                told = self.told.recv() => match told {
                    Some(told) => drop(self.take(told)),
                    None => return,
                },
                () = core.sleep_until(wake) => {}
            }
            self.hear();
        }
    }

    fn hear(&mut self) {
        while let Ok(told) = self.told.try_recv() {
            self.take(told);
        }
    }

    /// Gives the conversation that it was about.
    fn take(&mut self, told: Told) -> Option<ConversationId> {
        let Told::News(news) = told else {
            self.load_at = Moment(i64::MIN);
            return None;
        };
        let leads = self.core.leads(news.address.account.app);
        let due = news.due.filter(|due| leads && *due < self.loaded_until);
        self.set(news.conversation, due, Some(news.address));
        Some(news.conversation)
    }

    fn set(&mut self, conversation: ConversationId, due: Option<Moment>, address: Option<Arc<Address>>) {
        let timer = self.known.entry(conversation).or_default();
        if let Some(old) = timer.due.take() {
            self.line.remove(&(old, conversation));
        }
        if let Some(due) = due {
            timer.due = Some(due);
            timer.address = address.or(timer.address.take());
            if !timer.firing {
                self.line.insert((due, conversation));
            }
        } else if !timer.firing {
            self.known.remove(&conversation);
        }
    }

    /// Reads the due moments of the next hour.
    async fn load(&mut self) {
        let now = self.core.now();
        let until = now.plus_ms(HORIZON_MS);
        match self.core.ports.store.due(until, LOADED_MAX).await {
            Ok(due) => {
                // Where there are more, the last one read is where the next reading begins.
                let full = due.len() >= LOADED_MAX;
                let last = due.last().map_or(until, |(_, moment)| *moment);
                self.loaded_until = if full { last } else { until };
                self.load_at = if full { last.max(now.plus_ms(RETRY_MS)) } else { now.plus_ms(HORIZON_MS / 2) };
                // Before what is heard now, which may ask for another reading. What was committed meanwhile is newer than what was read.
                let mut newer = HashSet::new();
                while let Ok(told) = self.told.try_recv() {
                    newer.extend(self.take(told));
                }
                for (conversation, due) in due {
                    let firing = self.known.get(&conversation).is_some_and(|timer| timer.firing);
                    if !firing && !newer.contains(&conversation) {
                        self.set(conversation, Some(due), None);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, "due moments could not be read");
                self.load_at = now.plus_ms(RETRY_MS);
            }
        }
    }

    /// Hands `Input::Due` to those whose moment has come.
    fn fire(&mut self) {
        let now = self.core.now();
        // A clock that has jumped makes an hour's silence out of nothing.
        if self.core.doubt.is_raised() {
            return;
        }
        while self.firing.len() < FIRING_MAX {
            let Some((due, conversation)) = self.line.first().copied().filter(|(due, _)| *due <= now) else { return };
            self.line.remove(&(due, conversation));
            let Some(timer) = self.known.get_mut(&conversation) else { continue };
            timer.due = None;
            timer.firing = true;
            let (core, address) = (Arc::clone(&self.core), timer.address.clone());
            self.firing.spawn(async move {
                hand_in(&core, conversation, address).await;
                conversation
            });
        }
    }

    /// The input is committed, and its news was sent before: what is known now is what comes next.
    fn fired(&mut self, conversation: ConversationId) {
        self.hear();
        let Some(timer) = self.known.get_mut(&conversation) else { return };
        timer.firing = false;
        match timer.due {
            Some(due) => {
                self.line.insert((due, conversation));
            }
            None => {
                self.known.remove(&conversation);
            }
        }
    }

    fn wake(&self) -> Option<Moment> {
        let load = (self.line.len() < LOADED_MAX / 2).then_some(self.load_at);
        let next = self.line.first().filter(|_| self.firing.len() < FIRING_MAX).map(|(due, _)| *due);
        let doubted = self.core.doubt.is_raised();
        let next = next.map(|due| if doubted { due.max(self.core.now().plus_ms(DOUBTED_MS)) } else { due });
        load.into_iter().chain(next).min()
    }
}

async fn hand_in(core: &Core, conversation: ConversationId, known: Option<Arc<Address>>) {
    let address = match known {
        Some(address) => Some(address),
        None => core.address_surely(conversation).await,
    };
    // Conversations of accounts that the settings no longer name, or that were disconnected, stay as they are; those of an app
    // that another process leads are its business.
    let served = |address: &Arc<Address>| core.accounts.of(address.account.id).is_some();
    if let Some(address) = address.filter(served).filter(|address| core.leads(address.account.app)) {
        let input = match core.presence.patient_until(core.now()) {
            Some(until) => Input::DueAfterGap { until },
            None => Input::Due,
        };
        core.post_surely(&address, input).await;
    }
}
