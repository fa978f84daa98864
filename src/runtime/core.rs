//! What all parts of the runtime share, and what they hand to each other.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub(super) use super::accounts::{Account, Accounts};
use super::announcing::{Announcing, Uncommitted};
use super::doubt::Doubt;
use super::fail::FailPoint;
use super::fetching::Fetching;
use super::habits::{Habit, Habits};
use super::measure::Ended;
use super::metrics::Metrics;
use super::options::{AppOptions, Pass, Ports};
use super::pause::Pauses;
use super::picture::Pictures;
use super::port::{ConversationId, Erasure, InputKey, Record, Removed, StoreError, Target};
use super::presence::Presence;
use super::reading::Pokes;
use super::scripts::Parking;
use super::trail::{Traces, Trail};
use super::versions::Versions;
use crate::calendar::Moment;
use crate::channel::rules::skew_bound_ms;
use crate::engine::{Candidate, Effect, Hooked, Input, Limits};

/// How long an outcome or a due moment waits before it is handed in again after the store refused it.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Other processes may commit to a conversation between our reading and our commit; so often in a row is no chance.
const STALE_MOST: u32 = 16;

pub(super) struct Core {
    pub(super) ports: Ports,
    pub(super) versions: Versions,
    pub(super) limits: Limits,
    pub(super) fail: FailPoint,
    pub(super) doubt: Doubt,
    pub(super) fetching: Fetching,
    pub(super) announcing: Announcing,
    pub(super) presence: Presence,
    pub(super) metrics: Metrics,
    pub(super) traces: Traces,
    pub(super) epoch: i64,
    /// Of this database: makes input keys unforgeable.
    pub(super) secret: Vec<u8>,
    /// Raised when a commit fails: what was computed under an older one is void.
    pub(super) generation: AtomicU64,
    pub(super) presence_every: Duration,
    /// Lines of the history are kept for so long; for ever without it.
    pub(super) history_kept_ms: Option<i64>,
    /// For so long an app is led without another word to the store.
    pub(super) lease: Duration,
    pub(super) news_every: Duration,
    pub(super) apps: Vec<AppOptions>,
    /// By app: how long before the 48th hour the last reply may leave, in milliseconds; may change.
    pub(super) margins_ms: Vec<AtomicI64>,
    /// By app: whether this process sends for it.
    pub(super) leading: Vec<AtomicBool>,
    /// By app: whether its queue is so long that texts are merged.
    pub(super) congested: Vec<AtomicBool>,
    pub(super) accounts: Accounts,
    pub(super) habits: Habits,
    pub(super) pauses: Pauses,
    pub(super) pictures: Pictures,
    pub(super) pokes: Pokes,
    pub(super) pass: Option<Pass>,
    pub(super) scripts: Parking,
    /// Messages of TikTok's from before are only stored: what became of them was lost with the newer store.
    pub(super) restored_until: Option<Moment>,
    pub(super) workers: Vec<mpsc::UnboundedSender<Item>>,
    pub(super) writer: mpsc::UnboundedSender<Finished>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) fatal: watch::Sender<Option<String>>,
    pub(super) stopping: AtomicBool,
}

/// Where a conversation is, on both sides.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) account: Arc<Account>,
    pub(super) external: Vec<u8>,
    /// Ours of it, where it is known: who names one that is erased meanwhile does not mean the one that the customer began
    /// since. It makes no other place.
    pub(super) number: Option<ConversationId>,
}

impl Address {
    /// TikTok's id of the conversation, as text.
    pub(super) fn name(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.external)
    }

    pub(super) fn target(&self) -> Target {
        Target { app: self.account.app_id.clone(), open_id: self.account.open_id.clone(), external: self.external.clone() }
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.account.id == other.account.id && self.external == other.external
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.account.id.hash(state);
        self.external.hash(state);
    }
}

/// What a worker is asked.
#[derive(Clone)]
pub(super) enum Ask {
    Input {
        key: Option<InputKey>,
        input: Input,
    },
    /// Tell the dispatcher and the timers where this conversation stands; nothing happens to it.
    Standing,
    /// All that is kept of the conversation leaves the store; the next one has this number.
    Erase {
        fresh: ConversationId,
        by: String,
        /// Comments whose author wants no automatic messages.
        unwanted: bool,
    },
    /// Another process has committed to this conversation: what was computed up to this sprint of the worker is void.
    Forget {
        conversation: ConversationId,
        computed: u64,
    },
}

pub(super) struct Item {
    pub(super) address: Arc<Address>,
    pub(super) ask: Ask,
    pub(super) ack: Ack,
    /// Its sprint has begun, and waits for what a hook returns.
    pub(super) begun: Option<Box<Begun>>,
    pub(super) trail: Trail,
}

/// What surrounds a sprint, and what hooks have said to it: the same each time that it is made.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) now: Moment,
    /// What the clock showed.
    pub(super) clock: Moment,
    pub(super) seed: u64,
    pub(super) window_margin_ms: i64,
    pub(super) skew_ms: i64,
    pub(super) hooked: Vec<Hooked>,
}

/// Answered after the commit, or when there will be none.
pub(super) type Ack = oneshot::Sender<Result<Done, Refused>>;

/// What a committed input led to, for whoever handed it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) delivered: Delivered,
    pub(super) mark: Option<Mark>,
    pub(super) erased: Option<Removed>,
}

impl Done {
    pub(super) fn plain(delivered: Delivered) -> Self {
        Self { delivered, mark: None, erased: None }
    }
}

/// A committed mark: its call must be made or its outcome told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) attempt: u32,
    pub(super) not_after: Moment,
    pub(super) timeout: Duration,
}

/// What became of a delivery; in each case it may be answered 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Committed with all that it caused.
    Done,
    /// Committed before; no second effect.
    Duplicate,
    /// Committed without effect: not understood, or of nobody we serve.
    Kept,
}

/// Why a delivery was not taken; TikTok brings it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Answer 503.
    #[error("too much is waiting")]
    Busy,
    /// Answer 503.
    #[error("it could not be committed: {0}")]
    Store(String),
    /// Answer 503: other processes are quicker again and again.
    #[error("others commit to this conversation at the same time")]
    Stale,
    /// Another process sends for this app.
    #[error("another process leads this app")]
    Fenced,
}

/// A worker's work, on its way through the writer.
pub(super) struct Finished {
    /// The generation it was computed under; `None` for what stands on no conversation's state.
    pub(super) generation: Option<u64>,
    pub(super) record: Option<Record>,
    /// Done alone, between the records before and behind it.
    pub(super) erasure: Option<Box<Erasure>>,
    /// Where its conversation is; `None` for what stands on none.
    pub(super) address: Option<Arc<Address>>,
    pub(super) news: Option<News>,
    pub(super) done: Done,
    pub(super) ack: Ack,
    /// Counted per worker, so that it knows what is committed.
    pub(super) progress: Option<(Arc<AtomicU64>, u64)>,
    /// What it says of replies, counted when it is committed.
    pub(super) replies: Vec<Ended>,
    /// The conversation it was computed on, and the worker's sprints before that was loaded.
    pub(super) basis: Option<(ConversationId, u64)>,
    /// Nothing was done: it is to be asked again once what came before it has been written or refused.
    pub(super) again: bool,
    /// What is told to whoever listens once it is committed.
    pub(super) heard: Vec<Uncommitted>,
    /// The engine failed on it.
    pub(super) fault: bool,
    pub(super) trail: Trail,
}

/// Where a conversation stands after a commit.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) conversation: ConversationId,
    pub(super) address: Arc<Address>,
    pub(super) candidate: Option<Candidate>,
    pub(super) due: Option<Moment>,
    /// What TikTok did by itself here, and when.
    pub(super) automatic: Option<(Habit, Moment)>,
    /// Those that the dispatcher carries out.
    pub(super) effects: Vec<Effect>,
}

/// One committed change, for live pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    pub seq: i64,
    #[serde(skip)]
    pub conversation: Option<ConversationId>,
    pub kind: &'static str,
}

impl Core {
    /// Hands an input to its conversation and returns after the commit of what it caused.
    pub(super) async fn post(&self, address: Arc<Address>, ask: Ask) -> Result<Done, Refused> {
        self.post_on(Trail::default(), address, ask).await
    }

    /// The same as a part of a trace.
    pub(super) async fn post_on(&self, trail: Trail, address: Arc<Address>, mut ask: Ask) -> Result<Done, Refused> {
        if !self.ports.store.is_shared() {
            return self.post_once(trail, address, ask).await;
        }
        for _ in 0..STALE_MOST {
            let kept = ask.clone();
            match self.post_once(trail, Arc::clone(&address), ask).await {
                Err(Refused::Stale) => ask = kept,
                result => return result,
            }
        }
        Err(Refused::Stale)
    }

    pub(super) async fn post_once(&self, trail: Trail, address: Arc<Address>, ask: Ask) -> Result<Done, Refused> {
        let (ack, done) = oneshot::channel();
        let ended = || Refused::Store("the runtime has ended".to_owned());
        let worker = self.worker_of(&address).ok_or_else(ended)?;
        worker.send(Item { address, ask, ack, begun: None, trail }).map_err(|_| ended())?;
        done.await.map_err(|_| ended())?
    }

    /// The worker that owns a conversation in this process.
    fn worker_of(&self, address: &Address) -> Option<&mpsc::UnboundedSender<Item>> {
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        let count = (self.workers.len() as u64).max(1);
        self.workers.get(usize::try_from(hasher.finish() % count).unwrap_or(0))
    }

    /// What was computed of a conversation up to this sprint is void; whatever is asked from now on is computed anew.
    pub(super) fn forget(&self, address: &Arc<Address>, conversation: ConversationId, computed: u64) {
        // Nobody waits for this one.
        let (ack, _) = oneshot::channel();
        if let Some(worker) = self.worker_of(address) {
            let ask = Ask::Forget { conversation, computed };
            let _ = worker.send(Item { address: Arc::clone(address), ask, ack, begun: None, trail: Trail::Left });
        }
    }

    /// Whether this process sends for an app.
    pub(super) fn leads(&self, app: usize) -> bool {
        self.leading.get(app).is_some_and(|leading| leading.load(Ordering::SeqCst))
    }

    /// Hands in what must not be lost while the process lives; `None` once the runtime has ended.
    pub(super) async fn post_surely(&self, address: &Arc<Address>, input: Input) -> Option<Done> {
        self.post_surely_on(Trail::default(), address, input).await
    }

    /// The same as a part of a trace.
    pub(super) async fn post_surely_on(&self, trail: Trail, address: &Arc<Address>, input: Input) -> Option<Done> {
        loop {
            let ask = Ask::Input { key: None, input: input.clone() };
            match self.post_on(trail, Arc::clone(address), ask).await {
                Ok(done) => return Some(done),
                Err(_) if self.writer.is_closed() || self.fatal.borrow().is_some() => return None,
                Err(error) => {
                    tracing::warn!(%error, conversation = %address.name(), kind = super::entry::word(&input), "handed in again in a second");
                    self.sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    /// The address of a stored conversation whose account is served here.
    pub(super) async fn address_of(&self, conversation: ConversationId) -> Result<Option<Arc<Address>>, StoreError> {
        let Some(row) = self.ports.store.load(conversation).await? else {
            return Ok(None);
        };
        let account = self.accounts.of(row.account);
        Ok(account.map(|account| Arc::new(Address { account, external: row.external, number: Some(row.id) })))
    }

    /// The same, asked until the store can be read; `None` also once the runtime has ended.
    pub(super) async fn address_surely(&self, conversation: ConversationId) -> Option<Arc<Address>> {
        loop {
            match self.address_of(conversation).await {
                Ok(address) => return address,
                Err(_) if self.writer.is_closed() || self.fatal.borrow().is_some() => return None,
                Err(error) => {
                    tracing::error!(%error, conversation = conversation.0, "a conversation could not be loaded");
                    self.sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Returns when `wake` has come; never where there is nothing to wake for.
    pub(super) async fn sleep_until(&self, wake: Option<Moment>) {
        match wake {
            Some(until) => self.ports.clock.sleep_until(until).await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn now(&self) -> Moment {
        let now = self.ports.clock.now();
        self.doubt.look(now, self.ports.clock.monotonic());
        now
    }

    /// The latest that TikTok's clock can have shown at the end of a call, which was `at` by ours. Who has heard nothing of
    /// TikTok's clock, or whose own has jumped since, cannot say: it may be any. An answer does not always tell the time: one
    /// that lay unread while the process stood still does not.
    pub(super) fn latest_of_end(&self, at: Moment) -> Moment {
        match self.ports.transport.skew_ms() {
            heard @ Some(_) if !self.doubt.is_raised() => at.plus_ms(skew_bound_ms(heard)),
            _ => Moment(i64::MAX),
        }
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.ports.clock.monotonic()
    }

    /// Sleeps on the monotonic clock: a jump of civil time neither shortens nor lengthens it.
    pub(super) async fn sleep(&self, duration: Duration) {
        self.ports.clock.sleep(duration).await;
        // Whoever wakes looks at both clocks: that is how a jump is noticed.
        self.now();
    }

    /// The same until a moment of the monotonic clock; never ends where there is none.
    pub(super) async fn sleep_until_monotonic(&self, wake: Option<Duration>) {
        match wake {
            Some(wake) => self.sleep(wake.saturating_sub(self.monotonic())).await,
            None => std::future::pending().await,
        }
    }

    /// Ends the process in good order: the first reason stays.
    pub(super) fn give_up(&self, reason: &str) {
        tracing::error!(reason, "the runtime ends");
        self.fatal.send_if_modified(|fatal| {
            let first = fatal.is_none();
            if first {
                *fatal = Some(reason.to_owned());
            }
            first
        });
    }
}

/// The moment `after` later, rounded up to whole milliseconds.
pub(super) fn later(now: Moment, after: Duration) -> Moment {
    now.plus_ms(i64::try_from(after.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX))
}

/// A wait of `ms` milliseconds; none when negative.
pub(super) fn wait_of(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
