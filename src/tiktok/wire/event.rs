//! What TikTok's webhooks say. Inside `content` types and roles are lower case and times are milliseconds.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Loose, OneOrMany, TextBody, Whole};

/// One delivery: `{"client_key", "event", "create_time", "user_openid", "content"}`.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// The app's id.
    pub client_key: Option<Loose>,
    pub event: String,
    /// Seconds; never used for an order or a window.
    pub create_time: Option<Whole>,
    /// The account's id for this app.
    pub user_openid: Option<String>,
    /// A string that holds JSON.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// A side of a conversation; only the id tells which one, `role` can be wrong or absent.
#[derive(Debug, Default, Deserialize)]
pub struct Party {
    pub id: Option<Loose>,
    pub role: Option<String>,
}

/// `im_receive_msg`, `im_send_msg`, and a row of `message/content/list/`.
#[derive(Debug, Deserialize)]
pub struct Message {
    pub from_user: Option<Party>,
    pub to_user: Option<Party>,
    pub conversation_id: Option<String>,
    pub message_id: Option<String>,
    pub timestamp: Option<Whole>,
    /// In the list of a conversation it stands under another name, in upper case.
    #[serde(rename = "type", alias = "message_type")]
    pub kind: Option<String>,
    pub text: Option<TextBody>,
    pub image: Option<Media>,
    pub video: Option<Media>,
    pub share_post: Option<Post>,
    pub sticker: Option<Picture>,
    pub emoji: Option<Picture>,
    #[serde(default)]
    pub reaction: Option<OneOrMany<Reaction>>,
    pub template: Option<Template>,
    pub referenced_message_info: Option<Referenced>,
    pub reply_source_payload: Option<ReplySource>,
    pub auto_message_type: Option<String>,
    pub message_tag: Option<MessageTag>,
}

#[derive(Debug, Deserialize)]
pub struct Media {
    pub media_id: Option<Loose>,
}

#[derive(Debug, Deserialize)]
pub struct Post {
    pub embed_url: Option<String>,
    pub video_id: Option<Loose>,
}

#[derive(Debug, Deserialize)]
pub struct Picture {
    pub url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Reaction {
    /// `ADD`, `REMOVE`
    pub operation: Option<String>,
    /// Absent for `AI_EMOJI`.
    pub emoji: Option<String>,
    pub timestamp: Option<Whole>,
    pub original_msg_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Referenced {
    pub referenced_message_id: Option<String>,
}

/// A press of a card's button.
#[derive(Debug, Deserialize)]
pub struct ReplySource {
    pub reply_source_msg_id: Option<String>,
    /// The sender's own button id.
    pub reply_source_unique_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct MessageTag {
    /// `APP`, `WEB`, `API`, `OTHERS`, `UNKNOWN_SOURCE`
    pub source: Option<String>,
}

/// A card: a webhook has `elements[].title`, the list of a conversation has `title`.
#[derive(Debug, Default, Deserialize)]
pub struct Template {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub title: Option<String>,
    #[serde(default)]
    pub elements: Vec<TemplateElement>,
    #[serde(default)]
    pub buttons: Vec<TemplateButton>,
}

impl Template {
    /// The card's title, wherever it stands.
    #[must_use]
    pub fn title(&self) -> &str {
        self.title.as_deref().or_else(|| self.elements.first()?.title.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
pub struct TemplateElement {
    pub title: Option<String>,
    #[serde(default)]
    pub buttons: Vec<TemplateButton>,
}

/// `text` in webhooks, `title` in lists.
#[derive(Debug, Deserialize)]
pub struct TemplateButton {
    pub text: Option<String>,
    pub title: Option<String>,
    pub id: Option<String>,
}

/// `im_receive_high_intent_comment`: no conversation, no post.
#[derive(Debug, Deserialize)]
pub struct CommentEvent {
    /// The person, the same as in conversations.
    pub unique_identifier: Option<Loose>,
    pub from_user: Option<Party>,
    pub to_user: Option<Party>,
    pub comment_id: Option<Loose>,
    pub comment_text: Option<String>,
    pub timestamp: Option<Whole>,
}

/// `im_referral_msg`: no message id, no type.
#[derive(Debug, Deserialize)]
pub struct ReferralEvent {
    pub from_user: Option<Party>,
    pub to_user: Option<Party>,
    pub conversation_id: Option<String>,
    pub timestamp: Option<Whole>,
    pub referral: Option<Referral>,
}

/// Where a customer came from; webhooks hold one object, the list of conversations holds arrays.
#[derive(Debug, Default, Deserialize)]
pub struct Referral {
    /// `ad`, `short_link`
    pub source: Option<String>,
    #[serde(default)]
    pub ad: OneOrMany<Ad>,
    #[serde(default)]
    pub short_link: OneOrMany<ShortLink>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Ad {
    pub ad_id: Option<Loose>,
    pub ad_name: Option<String>,
    /// Milliseconds in webhooks, seconds in lists.
    pub timestamp: Option<Whole>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ShortLink {
    /// At most 2 083 characters of `[A-Za-z0-9-_=]`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub prefilled_message: Option<String>,
}

/// `im_receive_msg_eu`: neither who wrote nor what.
#[derive(Debug, Deserialize)]
pub struct Poke {
    /// Of the message.
    pub timestamp: Option<Whole>,
}

/// `im_mark_read_msg`: a watermark.
#[derive(Debug, Deserialize)]
pub struct ReadMark {
    pub from_user: Option<Party>,
    pub to_user: Option<Party>,
    pub conversation_id: Option<String>,
    pub timestamp: Option<Whole>,
    pub read: Option<ReadUntil>,
}

#[derive(Debug, Deserialize)]
pub struct ReadUntil {
    /// Everything outgoing up to here is read.
    pub last_read_timestamp: Option<Whole>,
}
