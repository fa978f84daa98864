//! Events: what other systems are told of what happened, kept until they have taken it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{AccountId, ConversationId, StoreError};
use crate::calendar::Moment;

/// An event as a sprint makes it: written with the line of the history that caused it, once for each endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPut {
    pub endpoint: Arc<str>,
    /// Among the events of its line, counted from 0.
    pub place: u32,
    /// Its type, as in `message.received`.
    pub kind: String,
    /// What is delivered, byte by byte the same in every try.
    pub body: Vec<u8>,
}

/// Which event, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    pub endpoint: String,
    /// The line of the history that caused it.
    pub seq: i64,
    pub place: u32,
}

/// An event that its endpoint has not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub key: EventKey,
    pub account: AccountId,
    pub conversation: ConversationId,
    /// When it happened.
    pub at: Moment,
    pub kind: String,
    pub body: Vec<u8>,
    pub tries: u32,
    /// Of one that waits, when it is tried next; of a dead one, when it was given up.
    pub next: Moment,
    /// Since when its endpoint is known not to take it.
    pub since: Option<Moment>,
    /// It was given up; only a replay brings it back.
    pub dead: bool,
    /// How its last try ended; empty before the first.
    pub reason: String,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Its endpoint has it: the row goes.
    Delivered(EventKey),
    /// It is tried again then.
    Again { key: EventKey, tries: u32, next: Moment, since: Moment, reason: String },
    /// It is given up, and the next of its conversation goes on.
    Dead { key: EventKey, tries: u32, at: Moment, since: Moment, reason: String },
}

impl Settled {
    #[must_use]
    pub fn key(&self) -> &EventKey {
        match self {
            Self::Delivered(key) | Self::Again { key, .. } | Self::Dead { key, .. } => key,
        }
    }
}

/// Which rows are listed or replayed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Of one endpoint alone.
    pub endpoint: Option<String>,
    /// The dead, or those that wait.
    pub dead: bool,
    /// One event alone, by line and place.
    pub one: Option<(i64, u32)>,
}

/// What an endpoint has not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCount {
    pub endpoint: String,
    pub waiting: u64,
    pub dead: u64,
    /// When the oldest of those that wait happened.
    pub oldest: Option<Moment>,
}

/// What is not kept any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKeeping {
    /// The dead that were given up before are removed, and so is all that happened before for endpoints that are not of
    /// `endpoints`.
    pub before: Moment,
    /// Endpoints of the settings.
    pub endpoints: Vec<String>,
    /// Rows of one endpoint; beyond, the oldest go, the dead first.
    pub rows_max: u64,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsTrimmed {
    /// Dead ones, or of endpoints that are no more.
    pub forgotten: u64,
    /// Such that still waited, for want of room.
    pub dropped: u64,
}

/// The part of a store that holds events. [`super::Store::commit`] writes them.
#[async_trait]
pub trait Events: Send + Sync + 'static {
    /// Of each conversation of the apps led here the oldest event that waits for this endpoint, those first that are to be
    /// tried first.
    async fn event_heads(&self, endpoint: &str, most: usize) -> Result<Vec<EventRow>, StoreError>;
    /// Writes in one transaction what became of tries; nothing where a row is gone or dead meanwhile.
    async fn settle_events(&self, settled: Vec<Settled>) -> Result<(), StoreError>;
    /// The endpoint takes events again: whatever waits for it is tried from `now` on.
    async fn hasten_events(&self, endpoint: &str, now: Moment) -> Result<(), StoreError>;
    /// The endpoint takes nothing: whatever waits for it counts from `now` on, where it did not yet, and what has done so
    /// since before `dead_since` is given up. Gives how many were.
    async fn hold_events(&self, endpoint: &str, now: Moment, dead_since: Moment, reason: &str) -> Result<u64, StoreError>;
    /// In the order of endpoint, line and place.
    async fn events(&self, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, StoreError>;
    /// Lets the dead ones of a query wait again, as if they had never been tried; gives how many.
    async fn replay_events(&self, query: &EventQuery, now: Moment) -> Result<u64, StoreError>;
    /// Removes what is not kept any longer.
    async fn trim_events(&self, keeping: &EventKeeping) -> Result<EventsTrimmed, StoreError>;
    /// Endpoints with rows, by name.
    async fn event_counts(&self) -> Result<Vec<EventCount>, StoreError>;
}

// --- delivery --------------------------------------------------------------------------------------------------------

/// One try.
#[derive(Clone, Debug)]
pub struct EventCall {
    pub endpoint: Arc<str>,
    /// The same for all tries and all endpoints of one event, and never that of another.
    pub id: String,
    /// Of this try.
    pub now: Moment,
    pub body: Vec<u8>,
    pub timeout: Duration,
}

/// How one try ended. Reasons are for people and hold neither a secret nor the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventEnd {
    Answered {
        status: u16,
        /// When the other side wants to be asked again.
        retry_after: Option<Duration>,
    },
    TimedOut,
    Failed {
        reason: String,
    },
}

impl EventEnd {
    /// Why the try has failed; `None` where the endpoint has the event.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Answered { status: 200..=299, .. } => None,
            Self::Answered { status, .. } => Some(format!("it answered {status}")),
            Self::TimedOut => Some("no answer in time".to_owned()),
            Self::Failed { reason } => Some(reason.clone()),
        }
    }
}

/// Brings events to the endpoints of the settings. An implementation makes at most one request per call, signed.
#[async_trait]
pub trait Herald: Send + Sync + 'static {
    async fn tell(&self, call: EventCall) -> EventEnd;
}

/// Tells nobody anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct TellsNobody;

#[async_trait]
impl Herald for TellsNobody {
    async fn tell(&self, _: EventCall) -> EventEnd {
        EventEnd::Failed { reason: "nobody is told anything here".to_owned() }
    }
}
