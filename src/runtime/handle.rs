//! What the outside does with the runtime.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{join, join_all, select};
use tokio::sync::{broadcast, oneshot};

use super::announcing::Listening;
use super::core::{Account, Address, Ask, Core, Delivered, Done, Event, Finished, Refused};
use super::dispatch::{Call, Called, Lane, Msg, Rank, Report};
use super::entry::Kept;
use super::metrics::{Counts, Measures, count};
use super::pause::Paused;
use super::person;
use super::port::{AccountId, ConversationId, Delivery, Meaning, Permit, Record, StoreError};
use super::recent::input_key;
use super::trail::{Role, Trail};
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::engine::{ColleagueAction, Input};

/// A process that has just started leads when the one before it has lost its lease.
const LEASES_WAITED: u32 = 2;
const LEAD_ASKED: Duration = Duration::from_millis(100);
/// Longer than any call.
const SHUTDOWN: Duration = Duration::from_secs(11);

/// The runtime's door; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) core: Arc<Core>,
    lanes: Arc<HashMap<usize, Lane>>,
}

impl Handle {
    pub(super) fn new(core: Arc<Core>, lanes: HashMap<usize, Lane>) -> Self {
        Self { core, lanes: Arc::new(lanes) }
    }

    /// Takes a delivery; returns after the commit of all that it caused.
    ///
    /// # Errors
    /// When it was not taken: the sender must bring it again.
    pub async fn deliver(&self, delivery: Delivery) -> Result<Delivered, Refused> {
        let metrics = &self.core.metrics;
        let (trail, span) = self.core.span(Trail::default(), "webhook", Role::Server);
        let span = span.map(|span| span.about(&delivery));
        let result = self.try_deliver(delivery, trail).await;
        if let Some(span) = span {
            self.core.span_ended(span.answered(&result));
        }
        match &result {
            Ok(Delivered::Kept) => {
                count(&metrics.delivered);
                count(&metrics.kept);
            }
            Ok(_) => count(&metrics.delivered),
            Err(_) => count(&metrics.refused),
        }
        result
    }

    async fn try_deliver(&self, delivery: Delivery, trail: Trail) -> Result<Delivered, Refused> {
        let core = &self.core;
        let ending = core.stopping.load(Ordering::SeqCst) || core.fatal.borrow().is_some();
        let place = if ending { None } else { core.metrics.enter(core.monotonic()) };
        let _place = place.ok_or(Refused::Busy)?;
        let open_id = delivery.open_id.as_deref();
        let account = open_id.and_then(|open_id| core.accounts.named(&delivery.app, open_id));
        let kept =
            |kind, why: &str| (kind, Kept::new(why.to_owned(), delivery.app.clone(), delivery.open_id.clone(), &delivery.raw));
        match delivery.meaning {
            Meaning::Poked { at } => {
                if let Some(account) = &account {
                    core.pokes.note(core, account.id, at).await.map_err(|error| Refused::Store(error.to_string()))?;
                }
                let kept = kept("eu", "a customer of the EEA, Switzerland or the UK wrote");
                self.keep(account.map(|account| account.id), kept).await
            }
            Meaning::Kept { kind, ref why } => self.keep(account.map(|account| account.id), kept(kind, why)).await,
            Meaning::Input { external, key, mut input } => {
                let Some(account) = account else {
                    let (kind, kept) = kept("unknown_account", "no account of the settings");
                    return self.keep(None, (kind, kept.of(&external))).await;
                };
                if is_older(&input, core.restored_until) {
                    let why = "it is from before the store was restored: what became of it then is not known";
                    let (kind, kept) = kept("before_restore", why);
                    return self.keep(Some(account.id), (kind, kept.of(&external))).await;
                }
                if let Input::Comment(comment) = &mut input {
                    let silent = person::silent(core, &account, &external).await;
                    comment.silent = silent.map_err(|error| Refused::Store(error.to_string()))?;
                }
                let key = key.and_then(|material| input_key(&core.secret, &external, &material));
                let address = Arc::new(Address { account, external, number: None });
                core.post_on(trail, address, Ask::Input { key, input }).await.map(|done| done.delivered)
            }
        }
    }

    /// Writes what has no effect into the history.
    pub(super) async fn keep(
        &self,
        account: Option<AccountId>,
        (kind, body): (&'static str, Kept),
    ) -> Result<Delivered, Refused> {
        let record = Record {
            at: self.core.now(),
            kind,
            account,
            body: serde_json::to_vec(&body).unwrap_or_default(),
            change: None,
            is_mark: false,
            events: Vec::new(),
        };
        self.write(Some(record), Delivered::Kept).await
    }

    pub(super) async fn write(&self, record: Option<Record>, delivered: Delivered) -> Result<Delivered, Refused> {
        let ended = || Refused::Store("the runtime has ended".to_owned());
        let (ack, done) = oneshot::channel();
        let finished = Finished {
            generation: None,
            record,
            erasure: None,
            address: None,
            news: None,
            done: Done::plain(delivered),
            ack,
            progress: None,
            basis: None,
            again: false,
            replies: Vec::new(),
            heard: Vec::new(),
            fault: false,
            trail: Trail::Left,
        };
        self.core.writer.send(finished).map_err(|_| ended())?;
        done.await.map_err(|_| ended())?.map(|done| done.delivered)
    }

    /// A colleague takes a conversation over or gives it back; returns after the commit.
    ///
    /// # Errors
    /// When it was not committed.
    pub async fn colleague(&self, conversation: ConversationId, action: ColleagueAction) -> Result<bool, Refused> {
        let address = self.core.address_of(conversation).await;
        let Some(address) = address.map_err(|error| Refused::Store(error.to_string()))? else {
            return Ok(false);
        };
        let ask = Ask::Input { key: None, input: Input::Colleague { action, by: None } };
        self.core.post(address, ask).await.map(|_| true)
    }

    /// Pauses all sending, or that of one account (`business_id`). No mark is committed after this has returned, whatever
    /// process of the store would make it; what was marked before may still be on its way. False where the account is
    /// unknown.
    ///
    /// # Errors
    /// When it could not be committed; then all goes on as before.
    pub async fn pause(&self, account: Option<&str>) -> Result<bool, StoreError> {
        self.set_pause(account, Some(self.core.now())).await
    }

    /// Ends a pause of all accounts, or of one. A pause of all holds for an account that is resumed alone.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn resume(&self, account: Option<&str>) -> Result<bool, StoreError> {
        self.set_pause(account, None).await
    }

    async fn set_pause(&self, account: Option<&str>, since: Option<Moment>) -> Result<bool, StoreError> {
        let named = account.map(|open_id| self.core.accounts.called(open_id));
        if named.as_ref().is_some_and(Vec::is_empty) {
            return Ok(false);
        }
        self.core.pauses.set(self.store(), named.as_deref(), since).await?;
        let account = account.unwrap_or("all");
        match since {
            Some(_) => tracing::warn!(account, "sending is paused"),
            None => tracing::warn!(account, "sending goes on"),
        }
        self.lanes.values().for_each(|lane| lane.send(Msg::Look));
        Ok(true)
    }

    /// Other settings of an app from now on, as far as they change without a start: its pace, its margin and the conversations
    /// a day. False where the app is unknown.
    pub fn tune(&self, app: &str, calls_per_second: f64, window_margin_ms: i64, conversations_a_day: Option<u32>) -> bool {
        let Some(index) = self.core.apps.iter().position(|known| known.id == app) else { return false };
        if let Some(margin) = self.core.margins_ms.get(index) {
            margin.store(window_margin_ms, Ordering::Relaxed);
        }
        if let Some(lane) = self.lanes.get(&index) {
            lane.send(Msg::Tune { calls_per_second, conversations_a_day });
        }
        true
    }

    /// What is paused.
    #[must_use]
    pub fn pauses(&self) -> Vec<Paused> {
        self.core.pauses.list(&self.core.accounts)
    }

    /// From the next sprint on this bot answers for the accounts that share one. For bots whose versions are not kept: see
    /// [`Handle::deployments`].
    pub fn set_bot(&self, bot: Arc<Bot>) {
        self.core.versions.set_live(None, self.version(), bot);
    }

    /// The bot that accounts share.
    #[must_use]
    pub fn bot(&self) -> Arc<Bot> {
        Arc::clone(&self.core.versions.shared().bot)
    }

    /// The bot that answers for an account now (`business_id`): its own, or the shared one.
    #[must_use]
    pub fn bot_for(&self, account: &str) -> Arc<Bot> {
        Arc::clone(&self.core.versions.live(account).bot)
    }

    /// Every bot that answers somebody, the shared one first; one that answers for several comes once.
    #[must_use]
    pub fn bots(&self) -> Vec<Arc<Bot>> {
        let mut bots: Vec<Arc<Bot>> = Vec::new();
        for live in self.core.versions.all() {
            if bots.iter().all(|bot| bot.digest != live.bot.digest) {
                bots.push(Arc::clone(&live.bot));
            }
        }
        bots
    }

    /// Whether an account of this `business_id` is served here.
    #[must_use]
    pub fn serves(&self, account: &str) -> bool {
        !self.core.accounts.called(account).is_empty()
    }

    /// A permit for a call outside of conversations (registration, sign-in), before all replies; `None` when the app is
    /// unknown, the runtime ends, or another process sends for the app, which is waited out for some leases.
    pub async fn permit(&self, app: &str) -> Option<Permit> {
        let index = self.core.apps.iter().position(|other| other.id == app)?;
        let lane = self.lanes.get(&index)?;
        let patience = self.core.monotonic().saturating_add(self.core.lease * LEASES_WAITED);
        while !self.core.leads(index) {
            if !self.is_serving() || self.core.monotonic() > patience {
                return None;
            }
            self.core.sleep(LEAD_ASKED).await;
        }
        let begun = self.core.monotonic();
        let permit = lane.permit(Rank::System, None, None).await?;
        lane.send(Msg::Called(Called { account: None, conversation: None, begun, outcome: None, what: Call::Registration }));
        Some(permit)
    }

    pub(super) fn lane(&self, account: &Account) -> Option<Lane> {
        self.lanes.get(&account.app).cloned()
    }

    /// Somebody acted: a parked account may send again.
    pub fn unpark(&self, app: &str, open_id: &str) {
        if let Some(account) = self.core.accounts.named(app, open_id)
            && let Some(lane) = self.lanes.get(&account.app)
        {
            lane.send(Msg::Unpark(account.id));
        }
    }

    /// An authentic delivery seems too old or of the future: TikTok is asked for its time, so that the difference is known
    /// when the delivery comes again. A clock that refuses all mail would otherwise never be compared with anything.
    pub fn doubt_the_clock(&self) {
        for lane in self.lanes.values() {
            lane.send(Msg::AskTheTime);
        }
    }

    /// Events as the webhooks tell them, with texts, of what this process commits from now on; where the event that was heard
    /// last is named, and is among the newest, from behind it.
    #[must_use]
    pub fn listen(&self, last: Option<&str>) -> Listening {
        self.core.announcing.live.listen(last, self.core.now())
    }

    /// Committed changes, as they come.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.core.events.subscribe()
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        self.core.metrics.counts()
    }

    /// Everything that is measured, for operators.
    #[must_use]
    pub fn measures(&self) -> Measures {
        self.core.metrics.measures(self.core.monotonic())
    }

    /// How the calls of the business's systems stand.
    #[must_use]
    pub fn fetching(&self) -> FetchReport {
        let fetching = &self.core.fetching;
        let (waiting, kept_away) = (fetching.hosts().waiting(), fetching.hosts().kept_away());
        FetchReport { under_way: fetching.under_way(), waiting, kept_away }
    }

    /// Why deliveries are refused just now, where they are; `store` or `queue`.
    #[must_use]
    pub fn refuses(&self) -> Option<&'static str> {
        self.core.metrics.refuses(self.core.monotonic())
    }

    /// How the sending of each app goes.
    pub async fn reports(&self) -> Vec<Report> {
        join_all(self.lanes.values().map(Lane::report)).await.into_iter().flatten().collect()
    }

    /// Returns with the reason when the process must end.
    pub fn fatal(&self) -> impl Future<Output = String> + Send + 'static {
        let mut fatal = self.core.fatal.subscribe();
        async move {
            match fatal.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or_default(),
                Err(_) => "the runtime has ended".to_owned(),
            }
        }
    }

    /// Whether deliveries are taken.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        !self.core.stopping.load(Ordering::SeqCst) && self.core.fatal.borrow().is_none()
    }

    /// Takes nothing more, issues no more calls, waits at most 11 s for answers and commits them.
    pub async fn shutdown(&self) {
        self.core.stopping.store(true, Ordering::SeqCst);
        let stopped = join(join_all(self.lanes.values().map(Lane::stop)), self.core.fetching.idle());
        let patience = self.core.sleep(SHUTDOWN);
        select(Box::pin(stopped), Box::pin(patience)).await;
        for app in &self.core.apps {
            // Another process may go on at once.
            if let Err(error) = self.core.ports.store.release(&app.id).await {
                tracing::warn!(app = app.id, %error, "the lease was not given back; it ends by itself");
            }
        }
        // What was handed to the writer before is committed when this comes back.
        let _ = self.write(None, Delivered::Done).await;
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = (usize, &Lane)> {
        self.lanes.iter().map(|(app, lane)| (*app, lane))
    }

    pub(crate) fn entropy(&self) -> &dyn super::port::Entropy {
        self.core.ports.entropy.as_ref()
    }

    pub(crate) fn store(&self) -> &dyn super::port::Store {
        self.core.ports.store.as_ref()
    }
}

/// The calls of the business's systems at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchReport {
    /// Requests without an answer yet.
    pub under_way: usize,
    /// Calls that wait for a place.
    pub waiting: usize,
    /// Origins that have failed again and again, so that calls are kept away from them for a while.
    pub kept_away: Vec<String>,
}

/// Whether the customer did it before a moment. What is told of messages of ours is always of use.
fn is_older(input: &Input, than: Option<Moment>) -> bool {
    let at = match input {
        Input::Message(message) => message.at,
        Input::Comment(comment) => comment.at,
        Input::Referral(referral) => referral.at,
        _ => return false,
    };
    than.is_some_and(|than| at < than)
}
