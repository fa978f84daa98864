//! The way of one input through the server, told in spans: webhook, sprint, store, outbox, send. Where nobody listens
//! nothing is made. A span holds ids, numbers and words of fixed sets, never a text, a token or a secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::core::{Address, Core, Delivered, Finished, Refused};
use super::measure::Ended;
use super::port::{Delivery, Meaning, Written};
use crate::calendar::Moment;
use crate::channel::{NotSent, Outcome};

/// TikTok's ids are shorter; what is longer is none.
const ID_CHARS_MAX: usize = 128;
/// The wall clock is followed when it has moved by more than this, in microseconds: else spans of one trace keep the
/// monotonic clock's order.
const ADRIFT_US: i64 = 10_000;

/// Hears of every span that has ended.
pub trait Tracer: Send + Sync + std::fmt::Debug + 'static {
    /// Must not wait: whoever answers TikTok calls it.
    fn record(&self, span: Span);
}

/// Who hears of spans, and of how many.
#[derive(Clone, Debug)]
pub struct Tracing {
    pub tracer: Arc<dyn Tracer>,
    /// The share of inputs that are traced, 0 to 1.
    pub sample: f64,
}

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Inside,
    /// Somebody calls us.
    Server,
    /// We call somebody.
    Client,
}

/// What is told of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Word(&'static str),
    /// Of a conversation, an account or an app.
    Id(String),
    Number(i64),
}

/// A piece of work that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// `webhook`, `sprint`, `store`, `outbox` or `send`.
    pub name: &'static str,
    pub role: Role,
    pub trace: u128,
    pub id: u64,
    /// 0 for the first of a trace.
    pub parent: u64,
    /// Microseconds since 1970.
    pub begun_us: i64,
    pub ended_us: i64,
    pub failed: bool,
    pub facts: Vec<(&'static str, Fact)>,
}

/// Whether what happens belongs to a trace, and to which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trail {
    /// Nobody has decided yet.
    #[default]
    Untold,
    /// Outside the sample.
    Left,
    Under {
        trace: u128,
        parent: u64,
    },
}

impl Trail {
    /// As W3C's `traceparent`; `None` where nothing is traced.
    fn written(self) -> Option<String> {
        match self {
            Self::Under { trace, parent } => Some(format!("00-{trace:032x}-{parent:016x}-01")),
            Self::Left => Some("00".to_owned()),
            Self::Untold => None,
        }
    }

    fn read(text: &str) -> Self {
        let mut parts = text.split('-');
        let (version, trace, parent) = (parts.next(), parts.next(), parts.next());
        let trace = trace.and_then(|trace| u128::from_str_radix(trace, 16).ok());
        let parent = parent.and_then(|parent| u64::from_str_radix(parent, 16).ok());
        match (version, trace, parent) {
            (Some("00"), Some(trace), Some(parent)) => Self::Under { trace, parent },
            (Some("00"), None, None) => Self::Left,
            _ => Self::Untold,
        }
    }

    /// The body of an outbox row: the reply, and the trace that it belongs to, so that whoever sends it goes on there.
    pub(super) fn beside<T: Serialize>(self, reply: &T) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Row<'a, T> {
            #[serde(flatten)]
            reply: &'a T,
            trace: String,
        }
        match self.written() {
            Some(trace) => serde_json::to_vec(&Row { reply, trace }),
            None => serde_json::to_vec(reply),
        }
    }

    /// Where the body of an outbox row says that it belongs.
    pub(super) fn of_row(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default)]
            trace: String,
        }
        serde_json::from_slice::<Row>(body).map_or(Self::Untold, |row| Self::read(&row.trace))
    }
}

/// A span that has not ended.
#[derive(Debug)]
pub(super) struct Open(Span);

impl Open {
    pub(super) fn word(mut self, name: &'static str, word: &'static str) -> Self {
        self.0.facts.push((name, Fact::Word(word)));
        self
    }

    pub(super) fn number(mut self, name: &'static str, number: i64) -> Self {
        self.0.facts.push((name, Fact::Number(number)));
        self
    }

    pub(super) fn id(mut self, name: &'static str, id: &str) -> Self {
        self.0.facts.push((name, Fact::Id(id.chars().take(ID_CHARS_MAX).collect())));
        self
    }

    pub(super) fn at(self, address: &Address) -> Self {
        let account = &address.account;
        self.id("app", &account.app_id).id("account", &account.open_id).id("conversation", &address.name())
    }

    /// A delivery: whose it is, and no word of what it says.
    pub(super) fn about(mut self, delivery: &Delivery) -> Self {
        self = self.id("app", &delivery.app);
        if let Some(open_id) = &delivery.open_id {
            self = self.id("account", open_id);
        }
        match &delivery.meaning {
            Meaning::Input { external, .. } => self.id("conversation", &String::from_utf8_lossy(external)),
            Meaning::Poked { .. } => self.word("kept", "eu"),
            Meaning::Kept { kind, .. } => self.word("kept", kind),
        }
    }

    pub(super) fn answered(self, result: &Result<Delivered, Refused>) -> Self {
        let outcome = match result {
            Ok(Delivered::Done) => "done",
            Ok(Delivered::Duplicate) => "duplicate",
            Ok(Delivered::Kept) => "kept",
            Err(Refused::Busy) => "busy",
            Err(Refused::Store(_)) => "not_stored",
            Err(Refused::Stale) => "stale",
            Err(Refused::Fenced) => "fenced",
        };
        self.failed(result.is_err()).word("outcome", outcome)
    }

    fn failed(mut self, failed: bool) -> Self {
        self.0.failed = failed;
        self
    }

    fn outcome(self, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Sent { .. } => self.word("outcome", "sent"),
            Outcome::NotSent(why) => self.word("outcome", "not_sent").word("reason", not_sent(why)),
            Outcome::Refused { code, .. } => self.word("outcome", "refused").number("code", *code),
            Outcome::Unknown { .. } => self.word("outcome", "unknown"),
        }
    }
}

fn not_sent(why: &NotSent) -> &'static str {
    match why {
        NotSent::Expired => "expired",
        NotSent::NoConnection { .. } => "no_connection",
        NotSent::TooFast { .. } => "too_fast",
        NotSent::Token { .. } => "token",
        NotSent::MediaGone => "media_gone",
    }
}

/// Who hears of this process's spans.
#[derive(Debug)]
pub(super) struct Traces {
    tracing: Option<Tracing>,
    /// The wall clock less the monotonic one, in microseconds.
    anchor_us: AtomicI64,
}

impl Traces {
    pub(super) fn new(tracing: Option<Tracing>) -> Self {
        Self { tracing, anchor_us: AtomicI64::new(i64::MIN) }
    }
}

impl Core {
    pub(super) fn is_traced(&self) -> bool {
        self.traces.tracing.is_some()
    }

    /// Begins a span, and with it a trace where none is gone on with; gives what its children go on with.
    pub(super) fn span(&self, trail: Trail, name: &'static str, role: Role) -> (Trail, Option<Open>) {
        let Some(tracing) = &self.traces.tracing else { return (trail, None) };
        let drawn = || self.ports.entropy.next_u64();
        let (trace, parent) = match trail {
            Trail::Left => return (Trail::Left, None),
            Trail::Under { trace, parent } => (trace, parent),
            Trail::Untold => {
                let (high, low) = (drawn().max(1), drawn());
                // The share of all 53-bit numbers that are below it; exact at 0 and 1.
                if (low >> 11) as f64 >= tracing.sample * (1_u64 << 53) as f64 {
                    return (Trail::Left, None);
                }
                (u128::from(high) << 64 | u128::from(low), 0)
            }
        };
        let (id, begun_us) = (drawn().max(1), self.wall_us(self.monotonic()));
        let span = Span { name, role, trace, id, parent, begun_us, ended_us: begun_us, failed: false, facts: Vec::new() };
        (Trail::Under { trace, parent: id }, Some(Open(span)))
    }

    pub(super) fn span_ended(&self, open: Open) {
        let Some(tracing) = &self.traces.tracing else { return };
        let ended_us = self.wall_us(self.monotonic()).max(open.0.begun_us);
        tracing.tracer.record(Span { ended_us, ..open.0 });
    }

    /// A moment of the monotonic clock in microseconds since 1970.
    fn wall_us(&self, at: Duration) -> i64 {
        let us = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let fresh = self.ports.clock.now().0.saturating_mul(1_000).saturating_sub(us(self.monotonic()));
        let known = self.traces.anchor_us.load(Ordering::Relaxed);
        let anchor = if fresh.saturating_sub(known).abs() > ADRIFT_US { fresh } else { known };
        self.traces.anchor_us.store(anchor, Ordering::Relaxed);
        anchor.saturating_add(us(at))
    }

    /// An input has run and is on its way to the store.
    pub(super) fn sprint_ended(&self, open: Option<Open>, address: &Address, finished: &Finished) {
        let Some(mut open) = open else { return };
        open = open.at(address).failed(finished.fault).word("outcome", if finished.fault { "fault" } else { "done" });
        if let Some(record) = &finished.record {
            open = open.word("input", record.kind);
        }
        // Of several that end at once the first tells enough.
        if let Some(Ended::Reply(end, reason)) = finished.replies.iter().find(|one| matches!(one, Ended::Reply(..))) {
            open = open.word("reply_end", end).word("reason", reason);
        }
        self.span_ended(open);
    }

    /// A commit has ended for all of a batch; `written` is `None` where it failed.
    pub(super) fn stored(
        &self,
        batch: &[Finished],
        lines: &[Option<(usize, &'static str)>],
        written: Option<&[Written]>,
        begun: Duration,
    ) {
        if !self.is_traced() {
            return;
        }
        for (finished, line) in batch.iter().zip(lines) {
            let Some((index, _)) = line else { continue };
            // What belongs to no trace (a line without effect) begins none here.
            let Trail::Under { .. } = finished.trail else { continue };
            let (_, Some(mut open)) = self.span(finished.trail, "store", Role::Inside) else { continue };
            open.0.begun_us = self.wall_us(begun);
            let outcome = match written.map(|written| written.get(*index)) {
                Some(Some(Written::Line(_))) => "committed",
                Some(Some(Written::Stale)) => "stale",
                Some(Some(Written::Fenced)) => "fenced",
                Some(None) | None => "failed",
            };
            self.span_ended(open.failed(outcome == "failed").word("outcome", outcome).number("batch", batch.len() as i64));
        }
    }

    /// A reply has waited since `queued` and is asked for its mark now.
    pub(super) fn waits_in_outbox(&self, trail: Trail, queued: Moment) -> (Trail, Option<Open>) {
        let (trail, mut open) = self.span(trail, "outbox", Role::Inside);
        if let Some(open) = &mut open {
            open.0.begun_us = queued.0.saturating_mul(1_000).min(open.0.begun_us);
        }
        (trail, open)
    }

    /// A call of the other side has ended.
    pub(super) fn sent(&self, open: Option<Open>, address: &Address, outcome: &Outcome) {
        if let Some(open) = open {
            let failed = !matches!(outcome, Outcome::Sent { .. });
            self.span_ended(open.at(address).failed(failed).outcome(outcome));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_outbox_carries_its_trace_and_is_read_without_it() {
        let reply = std::collections::BTreeMap::from([("id", 7)]);
        let trail = Trail::Under { trace: 0xabc, parent: 0x12 };
        let body = trail.beside(&reply).unwrap();
        assert!(String::from_utf8_lossy(&body).contains("00-00000000000000000000000000000abc-0000000000000012-01"));
        assert_eq!(Trail::of_row(&body), trail);
        assert_eq!(Trail::of_row(&Trail::Left.beside(&reply).unwrap()), Trail::Left);
        let plain = Trail::Untold.beside(&reply).unwrap();
        assert_eq!((plain.as_slice(), Trail::of_row(&plain)), (&b"{\"id\":7}"[..], Trail::Untold));
        for strange in ["", "{", "{\"trace\":\"01-1-1-01\"}", "{\"trace\":\"00-zz-1\"}", "{\"trace\":7}"] {
            assert_eq!(Trail::of_row(strange.as_bytes()), Trail::Untold, "{strange}");
        }
    }
}
