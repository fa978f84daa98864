//! Faults on request: what goes wrong with the next calls, echoes, deliveries or listings.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    // of calls
    /// The answer is HTTP `status` (default 502) with a page instead of JSON.
    Http,
    /// The answer is the API error `code` (default 40100).
    Code,
    /// No answer: the connection is held for `ms` (default 60 000) and then cut.
    Timeout,
    /// The connection is cut instead of an answer.
    Reset,
    /// The answer's JSON ends in its middle.
    HalfJson,
    /// The answer comes `ms` later (default 2 000).
    Slow,
    // of echoes
    /// The echo is delivered before the call is answered.
    EchoBefore,
    /// The echo comes `ms` later (default 10 000).
    EchoLate,
    EchoNever,
    EchoTwice,
    /// The echo has no `message_tag`.
    EchoNoSource,
    /// The echo has another message id than the answer.
    EchoWrongId,
    // of deliveries
    /// Delivered twice, the second time `ms` later (default 0: side by side).
    Duplicate,
    /// Delivered `ms` later (default 10 000), overtaken by others.
    Delay,
    /// Changes places with the conversation's next delivery (comes alone after 5 s if there is none).
    Reorder,
    /// Signed with a `t` that is `ms` old (default 3 600 000).
    Stale,
    /// Signed with another secret.
    BadSignature,
    /// Never delivered.
    Lose,
    // of listings
    /// content/list and conversation/list show what was there `ms` ago (default 30 000).
    ListLag,
    /// content/list shows the oldest first.
    ListReversed,
    // at once
    /// All access tokens given out so far expire now.
    ExpiredToken,
}

/// Where a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    Call,
    Echo,
    Delivery,
    Listing,
    AtOnce,
}

impl FaultKind {
    pub(super) const fn site(self) -> Site {
        match self {
            Self::Http | Self::Code | Self::Timeout | Self::Reset | Self::HalfJson | Self::Slow => Site::Call,
            Self::EchoBefore | Self::EchoLate | Self::EchoNever | Self::EchoTwice | Self::EchoNoSource | Self::EchoWrongId => {
                Site::Echo
            }
            Self::Duplicate | Self::Delay | Self::Reorder | Self::Stale | Self::BadSignature | Self::Lose => Site::Delivery,
            Self::ListLag | Self::ListReversed => Site::Listing,
            Self::ExpiredToken => Site::AtOnce,
        }
    }
}

/// A fault as it is ordered. Without `endpoint` or `event` it strikes whatever comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub kind: FaultKind,
    /// How many calls, echoes, deliveries or listings are struck.
    #[serde(default = "once")]
    pub next: u32,
    /// Only calls whose path holds this (`message/send`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Only deliveries of this event (`im_receive_msg`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Whether the call does its work in spite of the fault; without it a coin is thrown each time (for `code`: not done).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The text beside `code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<i64>,
}

const fn once() -> u32 {
    1
}

impl Fault {
    /// This fault for the next one, everything else by default.
    #[must_use]
    pub const fn of(kind: FaultKind) -> Self {
        Self { kind, next: 1, endpoint: None, event: None, stored: None, status: None, code: None, message: None, ms: None }
    }
}

/// A fault that waits, under its number.
#[derive(Clone, Debug, Serialize)]
pub struct Ordered {
    pub id: u64,
    #[serde(flatten)]
    pub fault: Fault,
}

/// At most so many kinds of fault wait at a time.
pub(super) const FAULTS_MAX: usize = 1_000;

#[derive(Default)]
pub(super) struct Faults {
    waiting: Vec<Ordered>,
    next_id: u64,
}

impl Faults {
    /// `None` when too many wait.
    pub(super) fn order(&mut self, fault: Fault) -> Option<u64> {
        if self.waiting.len() >= FAULTS_MAX {
            return None;
        }
        self.next_id += 1;
        if fault.next > 0 {
            self.waiting.push(Ordered { id: self.next_id, fault });
        }
        Some(self.next_id)
    }

    /// The first waiting fault of `site` that fits `name` (a path or an event); it is used up by one.
    pub(super) fn take(&mut self, site: Site, name: &str) -> Option<Fault> {
        let at = self.waiting.iter().position(|Ordered { fault, .. }| {
            let filter = if site == Site::Delivery { fault.event.as_deref() } else { fault.endpoint.as_deref() };
            fault.kind.site() == site && filter.is_none_or(|filter| name.contains(filter))
        })?;
        let ordered = self.waiting.get_mut(at)?;
        let fault = ordered.fault.clone();
        ordered.fault.next -= 1;
        if ordered.fault.next == 0 {
            self.waiting.remove(at);
        }
        Some(fault)
    }

    /// The first waiting fault of this very kind.
    pub(super) fn take_kind(&mut self, kind: FaultKind) -> Option<Fault> {
        let ordered = self.waiting.iter_mut().find(|ordered| ordered.fault.kind == kind)?;
        let (id, fault) = (ordered.id, ordered.fault.clone());
        ordered.fault.next -= 1;
        if ordered.fault.next == 0 {
            self.cancel(Some(id));
        }
        Some(fault)
    }

    pub(super) fn waiting(&self) -> &[Ordered] {
        &self.waiting
    }

    /// One by its number, or all; gives how many were there.
    pub(super) fn cancel(&mut self, id: Option<u64>) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|ordered| id.is_some_and(|id| ordered.id != id));
        before - self.waiting.len()
    }
}
