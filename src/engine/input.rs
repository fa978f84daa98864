//! What can happen to a conversation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Reply, ReplyId};
use crate::bot::Value;
use crate::calendar::Moment;
use crate::channel::Outcome;

/// One input. Stored in the history as it is, so that a conversation can be replayed from its inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// The customer wrote, pressed a button, sent an image, ….
    Message(Inbound),
    /// The customer came from an ad or a link; opens no window.
    Referral(Referral),
    /// The business side sent something: we, a colleague, TikTok itself.
    Echo(Echo),
    /// The customer has read everything up to here.
    Read { until: Moment },
    /// A due moment of the conversation has come; the conversation knows which.
    Due,
    /// The same after a time in which nobody was here to hear the customer or colleagues: TikTok may still bring what they
    /// wrote, and their silence is believed only from this moment on.
    DueAfterGap { until: Moment },
    /// The dispatcher has a place for this reply: decide on the newest state, and mark it if it may leave.
    MaySend { reply: ReplyId },
    /// An operator has paused all sending, and this reply's time is over: it ends, where its window has closed.
    Paused { reply: ReplyId },
    /// How the call of a marked attempt ended.
    Outcome {
        reply: ReplyId,
        attempt: u32,
        /// By our clock, as it was then.
        ended: Moment,
        /// The latest that TikTok's clock can have shown at its end: ours may be wrong, or was put right before this was told.
        /// `None` in histories of before it was told: `ended`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<Moment>,
        outcome: Outcome,
    },
    /// What a look at TikTok's list showed; `None` when the look itself failed.
    Looked { listing: Option<Listing> },
    /// Whether images may be sent here.
    Capability { images: bool },
    Colleague {
        action: ColleagueAction,
        /// Who, where it is known: the name of an API's token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A colleague writes through us. Takes the conversation over.
    Written(Written),
    /// What is kept of the customer is changed through us.
    Contact(ContactChange),
    /// An operator wants a reply tried again that was surely never sent.
    Retry {
        by: String,
        reply: ReplyId,
        /// The reply as it first entered the queue, where it has ended; `None` for one that is held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Box<Reply>>,
    },
    /// An operator ends a reply that waits.
    Drop { by: String, reply: ReplyId, reason: String },
    /// The end of a call that [`super::Effect::Fetch`] asked for, all its tries made.
    Fetched {
        call: u32,
        answer: Answer,
        /// Requests that were made; for people.
        #[serde(default)]
        tries: u32,
        /// From the step to the answer, pauses and waiting with it.
        #[serde(default)]
        took_ms: i64,
    },
    /// What a script's function returned, or why it was stopped.
    Ran { call: u32, result: Result<Option<Value>, String> },
    /// A high-intent comment of the customer under one of the account's posts.
    Comment(Comment),
    /// The store is an older copy that was brought back: what was sent since nobody here knows.
    Restored,
    /// Whether the app's queue is longer than a set time; then texts are merged.
    Congestion { long: bool },
}

/// How a call of the business's system ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// An HTTP status, and the body where it is JSON.
    Status {
        status: u16,
        body: Option<Value>,
    },
    TimedOut,
    /// It could not be made, or its answer could not be read; why.
    Failed {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    pub comment_id: String,
    /// TikTok's time.
    pub at: Moment,
    /// When it reached us.
    pub received: Moment,
    pub text: String,
    /// Why nobody is to answer it: how the conversation stood in which its author writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
}

impl Comment {
    /// One that may be answered.
    #[must_use]
    pub fn new(comment_id: String, at: Moment, received: Moment, text: String) -> Self {
        Self { comment_id, at, received, text, silent: None }
    }
}

/// A message of the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    pub message_id: String,
    /// TikTok's time.
    pub at: Moment,
    /// When it reached us.
    pub received: Moment,
    pub body: Body,
    /// The message it quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<String>,
    /// Whether the app's queue is long now, where that is news to the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congested: Option<bool>,
    /// TikTok's id of the person who wrote, where that is news to the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// It is the first one, and TikTok answers those of this account by its own welcome message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub welcomed: bool,
}

impl Inbound {
    /// One that quotes nothing and brings no other news.
    #[must_use]
    pub fn new(message_id: String, at: Moment, received: Moment, body: Body) -> Self {
        Self { message_id, at, received, body, quotes: None, congested: None, person: None, welcomed: false }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    Text {
        text: String,
    },
    /// A card's button; `text` is its title, `of` the card's message id, `id` our own button id.
    Button {
        text: String,
        id: String,
        of: String,
    },
    Image {
        media_id: String,
    },
    Video {
        media_id: String,
    },
    Post {
        item_id: String,
        url: String,
    },
    Sticker {
        url: String,
    },
    Emoji {
        url: String,
    },
    Reaction {
        emoji: Option<String>,
        added: bool,
        of: String,
    },
    /// A type that we do not know, by TikTok's word.
    Unsupported {
        word: String,
    },
}

/// The latest way in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Referral {
    pub at: Moment,
    pub received: Moment,
    /// `ad` or `short_link`.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_ref: Option<String>,
}

/// A message of the business side, as TikTok tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    pub message_id: String,
    pub at: Moment,
    pub received: Moment,
    pub source: EchoSource,
    /// `WELCOME_MESSAGE`, `SUGGESTED_QUESTION`, `AUTO_REPLY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<String>,
    /// [`crate::channel::Content::fingerprint`] of what was sent.
    pub fingerprint: u64,
    /// The text or the card's title, for the history.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// TikTok's word for its greeting.
const WELCOME: &str = "WELCOME_MESSAGE";

impl Echo {
    /// Whether TikTok itself has answered the customer; a welcome greets, it answers nothing.
    #[must_use]
    pub fn is_tiktoks_answer(&self) -> bool {
        self.automatic.is_some() && !self.is_welcome()
    }

    /// Whether TikTok has greeted the customer in the business's name.
    #[must_use]
    pub fn is_welcome(&self) -> bool {
        self.automatic.as_deref() == Some(WELCOME)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoSource {
    App,
    Web,
    Api,
    Others,
    Unknown,
}

/// The newest messages of a conversation as TikTok lists them, at most twenty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// Business-side messages only.
    pub messages: Vec<Listed>,
    /// The oldest message of the list of either side; `None` when the list is empty.
    pub oldest: Option<Moment>,
    /// TikTok's time of the customer's newest message in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_at: Option<Moment>,
    /// Whether the list was full (twenty), so that older ones may be missing.
    pub full: bool,
    pub looked_at: Moment,
    /// Since when the clock of `looked_at` is known to have run steadily. Whoever lists leaves it empty; the runtime knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_since: Option<Moment>,
}

impl Listing {
    /// A list that shows nothing.
    #[must_use]
    pub fn empty(looked_at: Moment) -> Self {
        Self { messages: Vec::new(), oldest: None, customer_at: None, full: false, looked_at, steady_since: None }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    pub message_id: String,
    pub at: Moment,
    pub fingerprint: u64,
    pub source: EchoSource,
}

/// A message of a colleague's that is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    pub by: String,
    /// The writer's own name for this message; the same key is the same message.
    pub key: String,
    pub text: String,
}

/// A change of what is kept of the customer, by somebody of the business.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactChange {
    pub by: String,
    /// The writer's own name for this change; the same key is the same change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// As they were given: the bot's types are asked when the change is made. `None` takes a field away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Option<Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untag: Vec<String>,
    /// Whether the customer wants no automatic messages from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opted_out: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColleagueAction {
    TakeOver,
    Release,
}
