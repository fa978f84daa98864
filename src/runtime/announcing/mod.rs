//! In: sprints as they are committed. Out: events for other systems, brought to each endpoint until it has taken them.
//! Does not know: HTTP, signatures, the addresses of endpoints.
//! An event is written with the line of the history that caused it; what is brought is read from the store.

mod deliver;
mod keep;
mod live;
mod make;
mod operate;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::watch;

pub(super) use self::deliver::Deliverer;
pub(super) use self::keep::keep;
pub use self::live::{Listening, LiveEvent};
pub(super) use self::live::{Live, Uncommitted};
pub use self::make::EVENT_TYPES;
pub use self::operate::{EventReport, EventView};
use super::core::Address;
use super::entry::Entry;
use super::port::{ConversationId, EventKey, EventPut, EventRow};
use crate::bot::Bot;
use crate::engine::{Conversation, Speaker};

/// One address that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Of the settings; rows of the store carry it.
    pub name: Arc<str>,
    /// Stands for its address: one that was switched off goes on once this is another.
    pub place: String,
    /// `message.received`, `emit.order`, or all of a kind: `message.*`. Empty for all.
    pub types: Vec<String>,
    /// Whether it is told what customers and the bot write.
    pub texts: bool,
    /// Requests under way, each of another conversation.
    pub at_once: usize,
    /// For each try.
    pub timeout_ms: i64,
}

impl Endpoint {
    /// For each try.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.max(1).unsigned_abs())
    }

    /// Whether it wants events of a type.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        wants(&self.types, kind)
    }
}

/// Whether a type is among these: `message.received`, or all of a kind as `message.*`. None stand for all.
#[must_use]
pub fn wants(types: &[String], kind: &str) -> bool {
    let fits = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => pattern == kind,
    };
    types.is_empty() || types.iter().any(fits)
}

/// Who is told, and for how long what was not taken is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOptions {
    pub endpoints: Vec<Endpoint>,
    /// The dead are kept for so long, in milliseconds.
    pub kept_ms: i64,
    /// Rows of one endpoint.
    pub rows_max: u64,
}

impl Default for EventOptions {
    fn default() -> Self {
        Self { endpoints: Vec::new(), kept_ms: 7 * 86_400_000, rows_max: 100_000 }
    }
}

/// What is known of all events here.
pub(super) struct Announcing {
    pub(super) options: EventOptions,
    /// Whoever listens to this process.
    pub(super) live: Live,
    endpoints: Vec<Arc<Endpoint>>,
    /// Raised when there may be something to bring.
    wake: watch::Sender<u64>,
    tallies: BTreeMap<Arc<str>, Tally>,
    /// Endpoints that are switched off, and why.
    off: Mutex<BTreeMap<Arc<str>, String>>,
    failing: Mutex<BTreeMap<Arc<str>, String>>,
    /// Removed for want of room before they were taken or given up.
    pub(super) dropped: AtomicU64,
}

/// Counted since the start, of one endpoint.
#[derive(Debug, Default)]
struct Tally {
    delivered: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
}

/// An endpoint as this process sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointReport {
    pub name: String,
    pub delivered: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Given up.
    pub dead: u64,
    /// Why it is switched off.
    pub off: Option<String>,
    /// Why it is left in peace for a while.
    pub failing: Option<String>,
}

/// Where a conversation stood before a sprint, as far as events tell of it.
pub(super) struct Before {
    speaker: Speaker,
    opted_out: bool,
}

/// What makes a sprint's events.
pub(super) struct Cause<'a> {
    pub(super) address: &'a Address,
    pub(super) conversation: ConversationId,
    pub(super) before: Before,
    pub(super) after: &'a Conversation,
    pub(super) entry: &'a Entry,
    pub(super) live: &'a Bot,
}

impl Announcing {
    pub(super) fn new(options: EventOptions) -> Self {
        let endpoints: Vec<Arc<Endpoint>> = options.endpoints.iter().cloned().map(Arc::new).collect();
        let tallies = endpoints.iter().map(|endpoint| (Arc::clone(&endpoint.name), Tally::default())).collect();
        let (wake, off, failing) = (watch::Sender::new(0), Mutex::default(), Mutex::default());
        Self { options, live: Live::default(), endpoints, wake, tallies, off, failing, dropped: AtomicU64::new(0) }
    }

    pub(super) fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// What is needed of a conversation before a sprint; nothing where nobody is told.
    pub(super) fn look(&self, conversation: &Conversation) -> Option<Before> {
        let (speaker, opted_out) = (!self.endpoints.is_empty() || self.live.is_on()).then(|| conversation.standing())?;
        Some(Before { speaker, opted_out })
    }

    /// The events of a sprint: for each endpoint that wants them, and for whoever listens.
    pub(super) fn events(&self, cause: &Cause<'_>) -> (Vec<EventPut>, Vec<Uncommitted>) {
        let (mut puts, mut heard) = (Vec::new(), Vec::new());
        for (place, event) in (0..).zip(make::events(cause)) {
            let (mut plain, mut full) = (None, None);
            for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.wants(&event.kind)) {
                let made = if endpoint.texts { &mut full } else { &mut plain };
                let body = made.get_or_insert_with(|| event.body(cause, endpoint.texts)).clone();
                puts.push(EventPut { endpoint: Arc::clone(&endpoint.name), place, kind: event.kind.clone(), body });
            }
            if self.live.is_on() {
                let body = full.unwrap_or_else(|| event.body(cause, true));
                heard.push(Uncommitted {
                    place,
                    kind: event.kind,
                    account: cause.address.account.open_id.clone(),
                    conversation: cause.conversation,
                    body,
                });
            }
        }
        (puts, heard)
    }

    /// Something may have to be brought.
    pub(super) fn wake(&self) {
        if !self.endpoints.is_empty() {
            self.wake.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    fn add(&self, endpoint: &str, which: impl Fn(&Tally) -> &AtomicU64, many: u64) {
        if let Some(tally) = self.tallies.get(endpoint) {
            which(tally).fetch_add(many, Ordering::Relaxed);
        }
    }

    fn set(list: &Mutex<BTreeMap<Arc<str>, String>>, endpoint: &Arc<str>, why: Option<String>) {
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => list.insert(Arc::clone(endpoint), why),
            None => list.remove(endpoint),
        };
    }

    pub(super) fn reports(&self) -> Vec<EndpointReport> {
        let why = |list: &Mutex<BTreeMap<Arc<str>, String>>, name: &str| {
            list.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
        };
        let report = |(name, tally): (&Arc<str>, &Tally)| EndpointReport {
            name: name.as_ref().to_owned(),
            delivered: tally.delivered.load(Ordering::Relaxed),
            failed: tally.failed.load(Ordering::Relaxed),
            dead: tally.dead.load(Ordering::Relaxed),
            off: why(&self.off, name),
            failing: why(&self.failing, name),
        };
        self.tallies.iter().map(report).collect()
    }
}

/// The key of `meta` under which an endpoint is switched off; an empty value, or none, is on.
pub(super) fn off_key(endpoint: &str) -> String {
    format!("events_off:{endpoint}")
}

/// The same for every try and every endpoint, and for no other event: of what is in the row, and of this database.
pub(super) fn id_of(secret: &[u8], row: &EventRow) -> String {
    let EventKey { seq, place, .. } = &row.key;
    let mut id = String::from("evt_");
    // A key of any length is good for HMAC.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
        mac.update(b"event");
        // A database that was brought back counts its lines once more: their moment and place differ.
        for number in [*seq, i64::from(*place), row.at.0, row.conversation.0] {
            mac.update(&number.to_le_bytes());
        }
        mac.update(row.kind.as_bytes());
        id.extend(mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")));
    }
    id
}
