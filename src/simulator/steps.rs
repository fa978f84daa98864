//! The steps of simulated people as they are ordered: arguments in process, bodies of the steering calls over HTTP.

use serde::{Deserialize, Serialize};

use crate::calendar::Moment;

use super::people::{AutoKind, Message, Origin, Source};

/// A step that makes no sense, with what would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{text} ({help})")]
pub struct Refusal {
    pub text: String,
    pub help: String,
}

pub(super) fn refuse<T>(text: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { text: text.into(), help: help.into() })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    pub name: Option<String>,
    /// Two letters; `EG` where absent.
    pub country: Option<String>,
    /// `ar` where absent.
    pub language: Option<String>,
    /// By the country where absent.
    pub eu: Option<bool>,
    /// `true` where absent.
    pub follower: Option<bool>,
}

/// A customer writes. `customer` is a handle (`c1`) or TikTok's id, here and in every other step; `account` is a business
/// id, the first account where absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    pub customer: String,
    pub account: Option<String>,
    /// `text` where absent, or `image`, `video`, `sticker`, `emoji`, `share_post`, `reaction`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The text; of a reaction its emoji.
    pub text: Option<String>,
    /// Message id that is quoted; of a reaction the message it belongs to.
    pub quote: Option<String>,
    /// The file of an image, base64; a small one where absent.
    pub file: Option<String>,
}

/// A customer presses a button of a card, however old.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Click {
    pub customer: String,
    pub account: Option<String>,
    /// The card; the newest one where absent.
    pub message_id: Option<String>,
    /// The button's id or title, or its number from 1.
    pub button: String,
}

/// Somebody or something of the business side other than the API writes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Colleague {
    pub customer: String,
    pub account: Option<String>,
    pub text: String,
    /// `APP` where absent.
    pub source: Option<Source>,
    /// Makes it an automatic message.
    pub auto: Option<AutoKind>,
}

/// A customer comes from an ad or a link.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refer {
    pub customer: String,
    #[serde(default)]
    pub account: Option<String>,
    pub from: Origin,
}

/// A customer reads what was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    pub customer: String,
    pub account: Option<String>,
    /// Watermark in milliseconds since 1970; now where absent.
    pub up_to: Option<Moment>,
}

/// A customer comments on a video of the account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    pub customer: String,
    pub account: Option<String>,
    pub text: String,
}

/// An account takes the app's permission back: its tokens are revoked and `authorization.removed` is delivered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    pub account: Option<String>,
    /// 0 unknown, 1 disconnected, 2 account deleted, 3 age changed, 4 banned, 5 revoked by the developer; 1 where absent.
    pub reason: Option<u8>,
}

/// A rightly signed webhook with any body: for what no TikTok should send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    pub body: Option<String>,
    pub body_base64: Option<String>,
}

/// A message that came to be, and where.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// Handle (`v1`).
    pub conversation: String,
    /// TikTok's id.
    pub conversation_id: String,
    pub message: Message,
}
