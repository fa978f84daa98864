//! What a sprint asks the outside to do, and what it says about itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bot::{Method, Origin, Value, ValueMap};
use crate::calendar::Moment;
use crate::channel::Outgoing;

/// A reply of one conversation, counted from 1; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplyId(pub u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A new reply stands at the end of the conversation's queue; its slot of the ten is reserved.
    Queue(Reply),
    /// The attempt is marked: the point of no return. The call begins before `not_after` or not at all.
    Mark { reply: ReplyId, attempt: u32, not_after: Moment, timeout_ms: i64 },
    /// The reply waits for the customer to write; its slot is given back.
    Hold { reply: ReplyId, reason: String },
    /// A held reply is queued again.
    Release { reply: ReplyId },
    /// The reply has reached its final state.
    Finish { reply: ReplyId, end: End, reason: String, message_id: Option<String> },
    /// Sender actions: never counted, never retried, dropped when the app is busy.
    Courtesy { what: Courtesy },
    /// Look at TikTok's list of this conversation and hand the result in as `Input::Looked`.
    LookUp,
    /// The same once before a customer's silence is believed, where nobody was here to hear an answer; without an answer in
    /// time it is believed.
    LookForAnswer,
    /// Ask whether images may be sent here and hand the answer in as `Input::Capability`.
    AskCapability,
    /// A colleague is asked for.
    HandedOver { team: Option<String>, note: String },
    /// A goal of the flow was reached.
    Goal { name: String },
    /// A note for colleagues.
    Note { text: String },
    /// An event of the author's for the business's systems.
    Emit { event: String, data: ValueMap },
    /// Call the business's system and hand the answer in as `Input::Fetched` with the same `call`.
    Fetch(Request),
    /// Call a script's function and hand the answer in as `Input::Ran` with the same `call`.
    Run { call: u32, script: String, function: String, arguments: Vec<Option<Value>> },
}

/// A call as it leaves; secrets are still names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Counted in the conversation like a wait; never used twice.
    pub call: u32,
    pub method: Method,
    pub url: String,
    /// Name, and the value in pieces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Vec<HeaderPiece>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// Of each try.
    pub timeout_ms: i64,
    /// Further tries.
    pub retry: u32,
    /// When the run goes on without an answer.
    #[serde(default)]
    pub until: Moment,
    /// The names that the flow takes out of the answer's map; `None` keeps the answer as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<Vec<String>>,
}

/// The pause before the n-th further try is at most n times this.
const PAUSE_MS: i64 = 1_000;

impl Request {
    /// The longest pause before the n-th further try, counted from 1, in milliseconds.
    #[must_use]
    pub fn pause_ms(nth: u32) -> i64 {
        i64::from(nth).saturating_mul(PAUSE_MS)
    }

    /// Whether it may be made again by somebody who does not know whether it was made: the method says that twice is as
    /// good as once, or the author wrote `retry`.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.retry > 0 || self.method.is_idempotent()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderPiece {
    Text(String),
    /// The name of a secret, filled in by whoever makes the call.
    Secret(String),
}

/// A reply as it enters the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub id: ReplyId,
    pub outgoing: Outgoing,
    pub flow: Arc<str>,
    /// The step that made it.
    pub origin: Origin,
    pub class: Class,
    /// When it should have left, for the dispatcher's order.
    pub soft: Moment,
    /// When it may no longer leave.
    pub hard: Moment,
    /// The colleague who wrote it; `None` for the bot's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
}

/// Urgency classes of the dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The customer wrote within the last ten minutes.
    Live,
    /// Everything else that waits.
    Due,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Courtesy {
    Typing,
    Seen,
}

/// Final states of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Sent,
    /// TikTok refused it.
    Refused,
    /// Spent, and nobody knows whether it arrived; never sent again.
    Unknown,
    /// Not wanted any more, or never sendable.
    Dropped,
    /// Taken back by a takeover or an opt-out.
    Withdrawn,
    /// Joined with the one before it.
    Merged,
}

impl End {
    /// Its word in accounts and metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Dropped => "dropped",
            Self::Withdrawn => "withdrawn",
            Self::Merged => "merged",
        }
    }
}

/// The first reply of a conversation that could leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub reply: ReplyId,
    pub class: Class,
    /// When it entered the conversation's queue.
    pub queued: Moment,
    pub soft: Moment,
    pub hard: Moment,
}
