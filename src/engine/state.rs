//! The parts of a conversation's state. Serde names are short: this is what a store keeps for every customer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Class, ReplyId};
use crate::bot::{Value, ValueMap};
use crate::calendar::Moment;

pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

pub(super) fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// A place in a flow that outlives a new version of the bot: found by index, else by digest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Anchor {
    #[serde(rename = "f")]
    pub flow: Arc<str>,
    #[serde(rename = "s")]
    pub step: usize,
    #[serde(rename = "d")]
    pub digest: u64,
    #[serde(rename = "v", default, skip_serializing_if = "ValueMap::is_empty")]
    pub variables: ValueMap,
    /// The loops it is inside of, by counter.
    #[serde(rename = "l", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loops: BTreeMap<u32, Turns>,
    #[serde(skip)]
    pub hint: Hint,
}

/// Where the flow was last found, so that it need not be looked for. It says nothing of the conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hint(pub usize);

impl PartialEq for Hint {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// How far a loop is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Turns {
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub made: u32,
    /// The items that are still to come, where it goes over a list.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub left: Option<VecDeque<Value>>,
}

/// What a customer is in the middle of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    #[serde(rename = "a")]
    pub at: Anchor,
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// A block of a handoff: it speaks while a colleague is asked for.
    #[serde(rename = "b", default, skip_serializing_if = "is_false")]
    pub block: bool,
    /// The frames around the present one, each at its `do`, the innermost last.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Anchor>,
    /// It runs because another run failed.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<Failure>>,
    /// It runs beside one that waits.
    #[serde(rename = "s", default, skip_serializing_if = "is_false")]
    pub beside: bool,
    /// The version of the bot that its steps are of; 0 where versions were not kept.
    #[serde(rename = "vn", default, skip_serializing_if = "is_zero")]
    pub version: u32,
}

impl Run {
    pub(super) fn at(at: Anchor, version: u32) -> Self {
        Self { at, version, ..Self::default() }
    }

    /// What runs beside another run, or because one failed, is over at once.
    pub(super) fn may_wait(&self) -> bool {
        !self.beside && self.fault.is_none()
    }
}

/// `fault.reason` and `fault.step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Failure {
    #[serde(rename = "r")]
    pub reason: String,
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub step: String,
}

/// What a run waits for. `asked` until the prompt is settled, then open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Wait {
    /// Counted in the conversation; never used twice. Names the prompt's replies and buttons.
    #[serde(rename = "n")]
    pub visit: u32,
    #[serde(rename = "k")]
    pub kind: WaitKind,
    /// What is asked for, for people: the variable of an `ask`.
    #[serde(rename = "w", default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// Answers that did not fit.
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    pub misfits: u32,
    /// The labels as they were shown.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The reply that last asked, once it is settled.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<ReplyId>,
    /// When the customer could first see the prompt.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Moment>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub nudge_at: Option<Moment>,
    #[serde(rename = "m", default, skip_serializing_if = "is_zero")]
    pub nudged: u32,
    /// What the labels stand for, where they were computed.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// Nobody was here to hear an answer, and TikTok's list has not been asked for one since.
    #[serde(rename = "d", default, skip_serializing_if = "is_false")]
    pub doubted: bool,
    /// Until when TikTok's list is waited for.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub asked_until: Option<Moment>,
    /// The end of its call, which came while another flow answered beside it.
    #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Box<Ended>>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Ended {
    #[serde(rename = "f")]
    Fetched(Answer),
    #[serde(rename = "r")]
    Ran(Result<Option<Value>, String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum WaitKind {
    #[serde(rename = "a")]
    Ask,
    #[serde(rename = "c")]
    Choose,
    #[serde(rename = "t")]
    Time,
    /// Whether images may be sent here is being asked.
    #[serde(rename = "i")]
    Image,
    /// An answer of the business's systems.
    #[serde(rename = "f")]
    Fetch,
    /// What a script's function returns.
    #[serde(rename = "s")]
    Script,
}

impl WaitKind {
    /// Whether the customer is expected to answer.
    pub(super) fn asks(self) -> bool {
        matches!(self, Self::Ask | Self::Choose)
    }

    /// Whether an answer to us is expected, so that the customer's messages wait.
    pub(super) fn is_call(self) -> bool {
        matches!(self, Self::Image | Self::Fetch | Self::Script)
    }
}

/// Who may speak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum Stand {
    #[default]
    #[serde(rename = "f")]
    Free,
    #[serde(rename = "a")]
    Asked(Box<Handed>),
    #[serde(rename = "t")]
    Taken(Box<Handed>),
}

impl Stand {
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::Free)
    }

    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(_))
    }

    pub(super) fn handed(&self) -> Option<&Handed> {
        match self {
            Self::Free => None,
            Self::Asked(handed) | Self::Taken(handed) => Some(handed),
        }
    }

    pub(super) fn handed_mut(&mut self) -> Option<&mut Handed> {
        match self {
            Self::Free => None,
            Self::Asked(handed) | Self::Taken(handed) => Some(handed),
        }
    }
}

/// A conversation in a colleague's hands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Handed {
    #[serde(rename = "s")]
    pub since: Moment,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// When it goes back to the bot.
    #[serde(rename = "r")]
    pub release_at: Moment,
    /// When `nobody in` speaks.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub nobody_at: Option<Moment>,
    /// The `handoff` step with its blocks.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// The version of the bot that the step is of.
    #[serde(rename = "vn", default, skip_serializing_if = "is_zero")]
    pub version: u32,
}

/// A reply that has not reached its final state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "i")]
    pub id: ReplyId,
    #[serde(rename = "f")]
    pub fingerprint: u64,
    /// The wait whose prompt or nudge it is.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<u32>,
    /// It opens that wait when it is settled.
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    pub prompt: bool,
    /// The confirmation of an opt-out, which may leave after it.
    #[serde(rename = "o", default, skip_serializing_if = "is_false")]
    pub confirmation: bool,
    /// A colleague wrote it: it takes of the reserve, and what silences the bot leaves it alone.
    #[serde(rename = "w", default, skip_serializing_if = "is_false")]
    pub colleague: bool,
    /// An image, a card: by the channel's word.
    #[serde(rename = "x", default, skip_serializing_if = "is_false")]
    pub image: bool,
    #[serde(rename = "s")]
    pub stage: Stage,
    /// Attempts that were marked.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub attempt: u32,
    /// Sent again after proof of absence; never a third time.
    #[serde(rename = "r", default, skip_serializing_if = "is_false")]
    pub resent: bool,
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    pub uploaded_again: bool,
    #[serde(rename = "c")]
    pub class: Class,
    #[serde(rename = "e")]
    pub soft: Moment,
    #[serde(rename = "h")]
    pub hard: Moment,
    #[serde(rename = "q")]
    pub queued: Moment,
    /// It answers a comment made at this moment, by TikTok's time.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Moment>,
    /// TikTok's time of what it had before the newest attempt: no clock of ours can be wrong about that.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Moment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Stage {
    #[serde(rename = "w")]
    Waiting,
    /// Waits for the customer to write, and is wanted until then.
    #[serde(rename = "h")]
    Held { until: Moment },
    /// The point of no return is passed, no answer yet.
    #[serde(rename = "m")]
    Marked { begun: Moment, bound: Option<Bound> },
    #[serde(rename = "u")]
    Unknown {
        begun: Moment,
        ended: Moment,
        /// Looks asked for.
        looks: u32,
        /// When the next look is due, or when the present one is given up.
        next: Moment,
        /// A look is under way.
        looking: bool,
    },
}

impl Stage {
    /// Marked and not settled.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Marked { .. } | Self::Unknown { .. })
    }
}

/// An echo that is provisionally taken for an attempt's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bound {
    #[serde(rename = "i")]
    pub id: String,
    #[serde(rename = "a")]
    pub at: Moment,
    #[serde(rename = "o")]
    pub api: bool,
}

/// A message of the business side that nobody has claimed yet; it counts already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Suspect {
    #[serde(rename = "i")]
    pub id: String,
    #[serde(rename = "a")]
    pub at: Moment,
    /// Came through the API: another program, never a takeover.
    #[serde(rename = "o", default, skip_serializing_if = "is_false")]
    pub api: bool,
    /// When it counts as a colleague's; `None` while an attempt is open.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
}

/// An attempt whose outcome stayed unknown: its echo may still come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Lost {
    #[serde(rename = "i")]
    pub id: ReplyId,
    #[serde(rename = "f")]
    pub fingerprint: u64,
    #[serde(rename = "b")]
    pub begun: Moment,
    #[serde(rename = "e")]
    pub ended: Moment,
}

/// One message of the customer, ready to be decided on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Heard {
    #[serde(rename = "i")]
    pub id: Arc<str>,
    #[serde(rename = "a")]
    pub at: Moment,
    #[serde(rename = "k")]
    pub kind: Kind,
    /// Joined by line ends where several came in a row.
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The single texts of a burst, where there was more than one.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// What an image or a post is known by.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The button's id.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    #[serde(rename = "f", default, skip_serializing_if = "is_false")]
    pub first: bool,
    /// Older than one that was already decided on.
    #[serde(rename = "l", default, skip_serializing_if = "is_false")]
    pub late: bool,
    /// Milliseconds since the customer's message before it.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub silent_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Text,
    Button,
    Image,
    Video,
    Post,
    Sticker,
    Emoji,
    Unsupported,
    Reaction,
    Comment,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Button => "button",
            Self::Image => "image",
            Self::Video => "video",
            Self::Post => "post",
            Self::Sticker => "sticker",
            Self::Emoji => "emoji",
            Self::Unsupported => "unsupported",
            Self::Reaction => "reaction",
            Self::Comment => "comment",
        }
    }

    /// Whether a reply may quote it.
    pub(super) fn quotable(self) -> bool {
        matches!(self, Self::Text | Self::Button | Self::Image | Self::Post)
    }
}

/// Texts that are answered as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gathered {
    #[serde(rename = "t")]
    pub texts: Vec<Arc<Heard>>,
    #[serde(rename = "s")]
    pub since: Moment,
    #[serde(rename = "d")]
    pub due: Moment,
}

/// A value of the contact and when it was set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(rename = "v")]
    pub value: Value,
    #[serde(rename = "a")]
    pub at: Moment,
}

/// A comment that may be answered by one text, until the customer writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Commented {
    #[serde(rename = "i")]
    pub id: String,
    #[serde(rename = "a")]
    pub at: Moment,
    /// The one text is made.
    #[serde(rename = "d", default, skip_serializing_if = "is_false")]
    pub answered: bool,
}
