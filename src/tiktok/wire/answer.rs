//! What TikTok's calls answer: `{"code", "message", "request_id", "data"}`; success is code 0.

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::event::{MessageTag, Party, Template};
use super::{Loose, Referral, TextBody, Whole};

/// An answer as it came. An API error is an answer too (HTTP 200 with a code other than 0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    pub code: i64,
    pub message: String,
    pub request_id: String,
    /// Always there when the code is 0, never otherwise: the `data` of an error is `{}`, null or absent.
    pub data: Option<T>,
}

#[derive(Deserialize)]
struct Outer<'a> {
    code: i64,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    request_id: Option<Loose>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Reads the body of an answer.
///
/// # Errors
/// When it is not JSON, has no code, or is a success whose `data` has another shape than `T`.
pub fn read_answer<T: DeserializeOwned>(body: &[u8]) -> Result<Answer<T>, serde_json::Error> {
    let outer: Outer<'_> = serde_json::from_slice(body)?;
    let data = if outer.code == 0 { Some(serde_json::from_str(outer.data.map_or("{}", RawValue::get))?) } else { None };
    Ok(Answer {
        code: outer.code,
        message: outer.message.unwrap_or_default(),
        request_id: outer.request_id.unwrap_or_default().0,
        data,
    })
}

/// `message/send/`: the id is nested; a sender action answers with an empty one.
#[derive(Debug, Default, Deserialize)]
pub struct SentMessage {
    pub message: Option<SentId>,
}

#[derive(Debug, Default, Deserialize)]
pub struct SentId {
    pub message_id: Option<String>,
}

impl SentMessage {
    /// The new message's id; `None` when it is absent or empty.
    #[must_use]
    pub fn id(self) -> Option<String> {
        self.message.and_then(|message| message.message_id).filter(|id| !id.is_empty())
    }
}

/// `message/media/upload/`
#[derive(Debug, Deserialize)]
pub struct UploadedMedia {
    pub media_id: Loose,
}

/// `message/media/download/`
#[derive(Debug, Deserialize)]
pub struct MediaAddress {
    /// Good for a day.
    pub download_url: String,
}

/// `message/content/list/`: the newest twenty at most, without pages.
#[derive(Debug, Default, Deserialize)]
pub struct MessageList {
    #[serde(default)]
    pub participants: Option<Vec<Participant>>,
    #[serde(default)]
    pub messages: Option<Vec<ListedMessage>>,
}

/// The same for who takes each message as its webhook would have told it: one that cannot be read spoils no other.
#[derive(Debug, Default, Deserialize)]
pub struct RawMessages {
    #[serde(default)]
    pub messages: Option<Vec<Box<RawValue>>>,
}

#[derive(Debug, Deserialize)]
pub struct Participant {
    pub id: Option<Loose>,
    pub display_name: Option<String>,
    pub is_follower: Option<bool>,
}

/// A message of the list. Types are upper case here; the label `role` is wrong in TikTok's own example.
#[derive(Debug, Deserialize)]
pub struct ListedMessage {
    pub from_user: Option<Party>,
    pub to_user: Option<Party>,
    pub conversation_id: Option<String>,
    pub message_id: Option<String>,
    pub timestamp: Option<Whole>,
    pub message_type: Option<String>,
    pub message_tag: Option<MessageTag>,
    pub auto_message_type: Option<String>,
    pub text: Option<TextBody>,
    pub template: Option<Template>,
}

/// `message/conversation/list/`
#[derive(Debug, Default, Deserialize)]
pub struct ConversationPage {
    #[serde(default)]
    pub conversations: Option<Vec<ListedConversation>>,
    #[serde(default)]
    pub has_more: Option<bool>,
    #[serde(default)]
    pub cursor: Option<Whole>,
}

#[derive(Debug, Deserialize)]
pub struct ListedConversation {
    pub conversation_id: String,
    /// Milliseconds; `up_time` in one client's model.
    #[serde(default, alias = "up_time")]
    pub update_time: Option<Whole>,
    #[serde(default)]
    pub referral: Option<Referral>,
}

/// `message/capabilities/get/`
#[derive(Debug, Default, Deserialize)]
pub struct Capabilities {
    #[serde(default)]
    pub capability_infos: Option<Vec<Capability>>,
}

#[derive(Debug, Deserialize)]
pub struct Capability {
    pub capability_type: String,
    pub capability_result: Option<bool>,
}

/// `tt_user/oauth2/token/` and `…/refresh_token/`. No `Debug`: it holds tokens.
#[derive(Deserialize)]
pub struct TokenGrant {
    #[serde(deserialize_with = "secret")]
    pub access_token: SecretString,
    /// Seconds.
    pub expires_in: Option<Whole>,
    /// May be another one at every renewal: keep what comes back.
    #[serde(default, deserialize_with = "optional_secret")]
    pub refresh_token: Option<SecretString>,
    pub refresh_token_expires_in: Option<Whole>,
    pub open_id: Option<String>,
    pub scope: Option<String>,
}

/// `tt_user/token_info/get/`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TokenInfo {
    /// Joined by commas.
    pub scope: Option<String>,
    /// The account that the token belongs to.
    pub creator_id: Option<Loose>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|token| !token.is_empty()).map(SecretString::from))
}

/// `business/webhook/update|list|delete/`; without `callback_url` none is set.
#[derive(Debug, Default, Deserialize)]
pub struct Webhook {
    pub app_id: Option<Loose>,
    pub event_type: Option<String>,
    pub callback_url: Option<String>,
}

/// `business/get/`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    pub username: Option<String>,
    pub display_name: Option<String>,
    pub profile_image: Option<String>,
}
