//! In: where conversations stand after each commit. Out: calls to the other side, one at a time within the app's pace.
//! Does not know: the engine's rules; it asks the conversation (`Input::MaySend`) and sends nothing without its mark.

mod accounts;
mod attempt;
mod clock;
mod days;
mod habits;
mod lane;
mod pace;
mod queue;
mod react;
mod script;
mod upkeep;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub(super) use self::lane::{Call, Called, Desk, Lane, Msg, Rank};
pub use self::lane::{Report, Waiting};

pub use self::accounts::AccountState;
use self::accounts::Accounts;
use self::attempt::Attempt;
use self::clock::ClockWatch;
pub use self::days::DayReport;
use self::days::Days;
use self::habits::Notes;
use self::lane::Waiter;
use self::pace::Pace;
use self::queue::Picked;
pub(super) use self::queue::Queue;
use super::core::{Address, Core};
use super::metrics::count;
use super::options::AppOptions;
use super::port::{AccountId, ConversationId};
use crate::calendar::Moment;
use crate::engine::{Class, Courtesy};

/// Offers that have no permit yet; more would mark replies that must wait.
const AHEAD_MAX: usize = 2;
/// A mark must not wait longer than this for its place.
const AHEAD: Duration = Duration::from_secs(1);
const IN_FLIGHT_MAX: usize = 100;
/// A conversation that neither marks nor gives up its candidate is asked again after this.
const DECLINED: Duration = Duration::from_secs(60);
const LATER: Duration = Duration::from_secs(1);
/// A lease that ends sooner is not used for a mark: its call must begin before the next leader's first.
const LEASE_MARKS: Duration = Duration::from_secs(4);
/// Nor for any call: its permit must end before the lease does.
const LEASE_CALLS: Duration = pace::BEGIN;
/// A queue that needs longer than this is long: new texts that stand side by side leave as one.
const LONG: Duration = Duration::from_secs(2);
const NO_CONNECTION: Duration = Duration::from_secs(1);
const NO_CONNECTION_MOST: Duration = Duration::from_secs(60);
/// A failed upload is not tried again before this.
const NO_MEDIA: Duration = Duration::from_secs(60);
const TYPING_KEPT: Duration = Duration::from_secs(2);
const SEEN_KEPT: Duration = Duration::from_secs(30);
const COURTESIES_MAX: usize = 256;

/// The dispatcher of one app.
pub(super) struct Dispatcher {
    app: String,
    desk: Desk,
    messages: mpsc::UnboundedReceiver<Msg>,
    jobs: JoinSet<()>,
    pace: Pace,
    queue: Queue,
    accounts: Accounts,
    notes: Notes,
    days: Days,
    waiters: [VecDeque<Waiter>; 4],
    ahead: HashSet<ConversationId>,
    in_flight: usize,
    admitted: u64,
    looking: HashSet<ConversationId>,
    asking: HashSet<ConversationId>,
    uploads: HashMap<(AccountId, String), Vec<ConversationId>>,
    no_media: HashMap<(AccountId, String), (String, Duration)>,
    images: HashMap<ConversationId, String>,
    courtesies: VecDeque<Polite>,
    no_connection: Duration,
    clock: ClockWatch,
    stopping: Option<oneshot::Sender<()>>,
    stopped: bool,
    /// On the monotonic clock: until when this process may send for the app.
    led_until: Duration,
}

/// A courtesy that waits for an idle moment.
struct Polite {
    conversation: ConversationId,
    address: Arc<Address>,
    what: Courtesy,
    until: Duration,
}

impl Dispatcher {
    pub(super) fn new(
        core: Arc<Core>,
        lane: Lane,
        messages: mpsc::UnboundedReceiver<Msg>,
        app: &AppOptions,
        first: Duration,
        led_until: Duration,
    ) -> Self {
        let mut accounts = Accounts::default();
        for (open_id, why) in &app.closed {
            if let Some(account) = core.accounts.named(&app.id, open_id) {
                accounts.close(account.id, why.clone());
            }
        }
        Self {
            app: app.id.clone(),
            pace: Pace::new(app.calls_per_second, first),
            desk: Desk { core, lane },
            messages,
            jobs: JoinSet::new(),
            queue: Queue::default(),
            accounts,
            notes: Notes::default(),
            days: Days::new(app.conversations_a_day),
            waiters: Default::default(),
            ahead: HashSet::new(),
            in_flight: 0,
            admitted: 0,
            looking: HashSet::new(),
            asking: HashSet::new(),
            uploads: HashMap::new(),
            no_media: HashMap::new(),
            images: HashMap::new(),
            courtesies: VecDeque::new(),
            no_connection: Duration::ZERO,
            clock: ClockWatch::default(),
            stopping: None,
            stopped: false,
            led_until,
        }
    }

    pub(super) async fn run(mut self) {
        let core = Arc::clone(&self.desk.core);
        let mut jumps = core.doubt.watch();
        loop {
            self.step();
            let (wake, civil) = self.wake();
            // In this order, not by chance: the same events must give the same day again.
            tokio::select! {
                biased;
                Some(_) = self.jobs.join_next(), if !self.jobs.is_empty() => {}
                message = self.messages.recv() => match message {
                    Some(message) => self.take(message),
                    None => return,
                },
                _ = jumps.changed() => {}
                () = core.sleep_until_monotonic(wake) => {}
                () = core.sleep_until(civil) => {}
            }
            while let Ok(message) = self.messages.try_recv() {
                self.take(message);
            }
        }
    }

    /// Whether this process sends for the app, and for so long still.
    pub(super) fn leads(&self, still: Duration) -> bool {
        self.desk.core.monotonic().saturating_add(still) < self.led_until
    }

    /// What stood here is the next leader's, who reads it from the store.
    fn lose(&mut self) {
        self.led_until = Duration::ZERO;
        self.queue.clear();
        self.waiters = Default::default();
        self.ahead.clear();
        self.courtesies.clear();
        // Renewals and questions that got no permit never come back; what is known of an account here grows old.
        self.accounts.forget();
        self.days.forget();
        self.asking.clear();
    }

    /// Does what can be done now.
    fn step(&mut self) {
        let now = self.desk.core.monotonic();
        self.queue.wake(now);
        self.drop_late();
        self.read_habits();
        self.keep_days();
        self.admit();
        self.grant();
        self.be_courteous();
        self.tell_congestion();
        if self.stopped
            && self.in_flight == 0
            && !self.queue.is_busy()
            && let Some(done) = self.stopping.take()
        {
            let _ = done.send(());
        }
    }

    /// Whether what is ready needs so long that new texts are better merged.
    fn tell_congestion(&self) {
        let ready = self.queue.ready(Class::Live) + self.queue.ready(Class::Due);
        let long = self.pace.gap() * u32::try_from(ready).unwrap_or(u32::MAX) > LONG;
        let core = &self.desk.core;
        if let Some(told) = core.apps.iter().position(|app| app.id == self.app).and_then(|at| core.congested.get(at)) {
            told.store(long, Ordering::Relaxed);
        }
    }

    /// When there is something to do by time alone, on either clock. What could be done already was; only the future counts.
    fn wake(&self) -> (Option<Duration>, Option<Moment>) {
        let core = &self.desk.core;
        let (now, civil) = (core.monotonic(), core.now());
        let waits = !self.stopped
            && (self.waiters.iter().any(|waiters| !waiters.is_empty())
                || self.queue.ready(Class::Live) + self.queue.ready(Class::Due) > 0
                || !self.courtesies.is_empty());
        let ready = waits.then(|| self.pace.ready_at());
        let early = waits.then(|| self.pace.ready_at().saturating_sub(AHEAD));
        let polite = self.courtesies.iter().map(|polite| polite.until).min();
        let busy = self.courtesies.front().map(|_| now + Duration::from_millis(200));
        let monotonic = [ready, early, polite, busy, self.queue.next_awake(), self.clock_wakes()].into_iter().flatten();
        let monotonic = monotonic.filter(|at| *at > now).min();
        let waiting = self.waiters.iter().flatten().filter_map(|waiter| waiter.not_after);
        let late = waiting.map(|not_after| not_after.plus_ms(1));
        (monotonic, late.chain(self.queue.next_hard()).chain(self.days.next()).filter(|at| *at > civil).min())
    }

    /// Lets go of those whose permit would come too late.
    fn drop_late(&mut self) {
        let now = self.desk.core.now();
        let stopped = self.stopped;
        for waiters in &mut self.waiters {
            waiters.retain(|waiter| !stopped && waiter.not_after.is_none_or(|not_after| not_after >= now));
        }
    }

    /// Offers places to conversations, a little ahead of the pace.
    fn admit(&mut self) {
        if self.stopped || !self.leads(LEASE_MARKS) {
            return;
        }
        let core = Arc::clone(&self.desk.core);
        let agree = self.clocks_agree();
        while !core.doubt.is_raised()
            && let Some(picked) = self.queue.pick_expired(core.now())
        {
            self.offer(picked, true);
        }
        if !agree {
            return;
        }
        let now = core.monotonic();
        while self.pace.paused_until() <= now && self.ahead.len() < AHEAD_MAX && self.ahead.len() + self.in_flight < IN_FLIGHT_MAX
        {
            let before = u32::try_from(self.ahead.len()).unwrap_or(u32::MAX);
            let start = self.pace.ready_at().max(now) + self.pace.gap() * before;
            if start.saturating_sub(now) > AHEAD {
                return;
            }
            let Some(picked) = self.pick() else { return };
            self.ahead.insert(picked.conversation);
            self.offer(picked, false);
        }
    }

    fn pick(&mut self) -> Option<Picked> {
        loop {
            self.admitted += 1;
            let (accounts, pauses) = (&self.accounts, &self.desk.core.pauses);
            let blocked = |account| accounts.blocked(account) || pauses.hold(account);
            let picked = self.queue.next(self.admitted, self.desk.core.now(), self.pace.gap(), blocked)?;
            // Each that may not sleeps from here on.
            if self.may_today(&picked) {
                return Some(picked);
            }
        }
    }

    fn offer(&mut self, picked: Picked, gate_only: bool) {
        let key = self.images.remove(&picked.conversation).map(|digest| (picked.address.account.id, digest));
        let now = self.desk.core.monotonic();
        self.no_media.retain(|_, (_, until)| *until > now);
        let no_media = key.and_then(|key| self.no_media.get(&key)).map(|(why, _)| why.clone());
        self.jobs.spawn(Attempt { desk: self.desk.clone(), picked, no_media, gate_only }.run());
    }

    /// Hands out the permits that the pace allows.
    fn grant(&mut self) {
        let core = Arc::clone(&self.desk.core);
        while self.in_flight < IN_FLIGHT_MAX && self.leads(LEASE_CALLS) {
            let now = core.monotonic();
            let Some(rank) = self.next_rank() else { return };
            let Some(permit) = self.pace.take(now) else { return };
            let Some(waiter) = self.waiters.get_mut(rank as usize).and_then(VecDeque::pop_front) else { return };
            if let Some(conversation) = waiter.conversation {
                self.ahead.remove(&conversation);
            }
            count(&core.metrics.calls);
            if waiter.grant.send(permit).is_ok() {
                self.in_flight += 1;
            }
        }
    }

    /// Of ten places one is the system's and one upkeep's where they wait, however much people are answered; a place that its
    /// owner does not want goes to the first who waits, in order. What the other eight are given to was decided when it was
    /// marked (see [`Queue::next`]): of them every fourth is first of all for what is due.
    fn next_rank(&self) -> Option<Rank> {
        let waits = |rank: &Rank| self.waiters.get(*rank as usize).is_some_and(|waiters| !waiters.is_empty());
        let owner = match self.pace.issued() % 10 {
            4 => Some(Rank::System),
            9 => Some(Rank::Upkeep),
            _ => None,
        };
        let order = [Rank::Live, Rank::Due, Rank::System, Rank::Upkeep];
        owner.into_iter().chain(order).find(waits)
    }

    fn take(&mut self, message: Msg) {
        match message {
            Msg::News(news) => self.news(news),
            Msg::Wait(waiter) => {
                if let Some(waiters) = self.waiters.get_mut(waiter.rank as usize)
                    && !self.stopped
                    && self.led_until > Duration::ZERO
                {
                    waiters.push_back(waiter);
                }
            }
            Msg::Called(called) => self.called(called),
            Msg::Ended { account, conversation, end } => {
                self.days.ended(account, conversation);
                self.ended(conversation, end);
            }
            Msg::Uploaded { account, digest, failure } => self.uploaded(account, digest, failure),
            Msg::Renewed { account, result } => self.renewed(account, result),
            Msg::Looked(conversation) => {
                self.looking.remove(&conversation);
            }
            Msg::Asked(conversation) => {
                self.asking.remove(&conversation);
            }
            Msg::Day(account, kept) => self.learn_day(account, kept),
            Msg::Unpark(account) => self.accounts.unpark(account),
            Msg::AskTheTime => self.ask_the_time(None),
            Msg::Tune { calls_per_second, conversations_a_day } => {
                self.pace.set(calls_per_second);
                self.day_set(conversations_a_day);
            }
            Msg::Heads(most, done) => drop(done.send(self.queue.heads(most))),
            // Every message lets the dispatcher look again.
            Msg::Look => {}
            Msg::Report(report) => {
                let _ = report.send(self.report());
            }
            Msg::Lead { until, first } => {
                if self.led_until == Duration::ZERO {
                    // What came back from before, after the loss, asked for what nobody was given.
                    self.lose();
                    self.pace.not_before(first);
                }
                self.led_until = until;
            }
            Msg::Lost => self.lose(),
            Msg::Stop(done) => {
                self.stopped = true;
                self.stopping = Some(done);
            }
        }
    }
}
