//! Who and what is in the simulated TikTok: accounts, customers, conversations, messages.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::calendar::Moment;

use super::judge::Standing;

/// Messages kept of one conversation.
pub(super) const TIMELINE_MAX: usize = 500;

/// EEA, Switzerland and the United Kingdom: people there are shown by `im_receive_msg_eu` alone.
const EU: &str = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK UK";
/// Countries without media, by one vendor's list.
const NO_IMAGES: &str = "AU CO IN IR JP KP KR NG PH RU TR UA US";

pub(super) fn is_eu(country: &str) -> bool {
    EU.split(' ').any(|code| code == country)
}

pub(super) fn allows_images(country: &str) -> bool {
    !is_eu(country) && NO_IMAGES.split(' ').all(|code| code != country)
}

/// A person on TikTok.
#[derive(Clone, Debug, Serialize)]
pub struct Customer {
    /// Short and stable within the simulator (`c1`).
    pub handle: String,
    /// TikTok's `unique_identifier`: 64 characters with `+` and `/`.
    pub id: String,
    pub name: String,
    pub username: String,
    /// Two capital letters.
    pub country: String,
    pub language: String,
    /// Lives in the EEA, Switzerland or the United Kingdom.
    pub eu: bool,
    pub follower: bool,
}

/// A business account that authorised the app.
pub(super) struct Account {
    pub business_id: String,
    pub username: String,
    pub name: String,
    pub country: String,
    pub tokens: Vec<Token>,
    pub refresh: Option<(String, Moment)>,
    pub code: Option<Code>,
    pub direct_reply: bool,
    pub autos: Vec<Auto>,
    pub autos_on: Vec<AutoKind>,
}

/// What a sign-in leads back with; good for one use.
pub(super) struct Code {
    pub value: String,
    pub until: Moment,
    /// Must come back with it, where the sign-in named one.
    pub redirect: Option<String>,
}

pub(super) struct Token {
    pub value: String,
    pub expires: Moment,
    pub revoked: bool,
}

/// The three kinds of automatic message that the API manages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AutoKind {
    WelcomeMessage,
    SuggestedQuestion,
    ChatPrompt,
    /// Keyword replies, which exist in TikTok's own app only.
    AutoReply,
}

pub(super) struct Auto {
    pub id: String,
    pub kind: AutoKind,
    /// The object under `welcome_message`, `suggested_question` or `chat_prompt`.
    pub content: serde_json::Value,
    /// It stands there and is not shown: its kind was turned on after it.
    pub disabled: bool,
}

/// Which side a message stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Customer,
    Business,
}

/// How a business-side message was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    App,
    Web,
    Api,
    Others,
    UnknownSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Card {
    QaButtonCard,
    QaLinkCard,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardButton {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text { body: String },
    Image { media_id: String },
    Video { media_id: String },
    SharePost { item_id: String },
    Sticker { url: String },
    Emoji { url: String },
    Reaction { emoji: String, to: String, removed: bool },
    Template { card: Card, title: String, buttons: Vec<CardButton> },
}

/// The press that a customer's text came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pressed {
    pub message_id: String,
    pub button_id: Option<String>,
}

/// One message as the customer's phone shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub id: String,
    pub at: Moment,
    pub from: Side,
    #[serde(flatten)]
    pub content: Content,
    /// Of the business side alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<AutoKind>,
    /// The quoted message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressed: Option<Pressed>,
    /// When the echo of a business-side message was answered with 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echoed: Option<Moment>,
    /// Read by the other side.
    pub read: bool,
}

/// How a customer came: kept for conversation/list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    Ad {
        ad_id: String,
        #[serde(default)]
        ad_name: String,
    },
    Link {
        #[serde(rename = "ref")]
        reference: String,
        #[serde(default)]
        prefilled: String,
    },
}

pub(super) struct Conversation {
    /// Short and stable within the simulator (`v1`).
    pub handle: String,
    pub id: String,
    pub account: usize,
    pub customer: usize,
    pub standing: Standing,
    pub timeline: VecDeque<Message>,
    /// Answered by the business: `SINGLE`, else `STRANGER`.
    pub answered: bool,
    pub updated: Moment,
    pub origins: VecDeque<(Moment, Origin)>,
    pub typing_until: Moment,
}

impl Conversation {
    /// The moment of the next happening: never the same twice in one conversation, so that order can be told.
    pub(super) fn stamp(&mut self, now: Moment) -> Moment {
        let at = now.max(self.updated.plus_ms(1));
        self.updated = at;
        at
    }

    pub(super) fn add(&mut self, message: Message) {
        match message.from {
            Side::Customer => {
                if !matches!(message.content, Content::Reaction { .. }) {
                    self.standing.customer_wrote(message.at);
                }
            }
            Side::Business => {
                self.standing.business_wrote(message.at);
                self.answered = true;
                self.typing_until = Moment::default();
            }
        }
        if self.timeline.len() >= TIMELINE_MAX {
            self.timeline.pop_front();
        }
        self.timeline.push_back(message);
    }

    pub(super) fn message(&self, id: &str) -> Option<&Message> {
        self.timeline.iter().rev().find(|message| message.id == id)
    }

    pub(super) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.timeline.iter_mut().rev().find(|message| message.id == id)
    }
}

pub(super) struct Media {
    pub id: String,
    pub account: usize,
    pub bytes: bytes::Bytes,
    pub until: Moment,
}

pub(super) struct Comment {
    pub id: String,
    pub account: usize,
    pub customer: usize,
    pub at: Moment,
    pub answered: bool,
}
