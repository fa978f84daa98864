//! How one call to send ended, in the four classes that decide what may happen next.

use serde::{Deserialize, Serialize};

/// Why a message surely did not leave: the slot is given back and the same reply may be attempted again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NotSent {
    /// The permit or `not_after` ran out before the first byte.
    Expired,
    /// Name resolution, connection or TLS failed before the first byte of the request.
    NoConnection { text: String },
    /// 40100: too many calls; the app pauses for so long.
    TooFast { pause_ms: i64 },
    /// 40102, 40104, 40105: the token must be renewed first.
    Token { code: i64 },
    /// 40007 on our own upload: the media id is gone; upload once more.
    MediaGone,
}

/// How far a refusal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalScope {
    /// 40064: final for the conversation until the customer writes. The slot stays spent.
    UntilCustomerWrites,
    /// Final for this reply alone (40002, 40007, 40133, …).
    Reply,
    /// Final for the account until someone acts (40001, 40118, …).
    Account,
}

/// The outcome of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum Outcome {
    Sent {
        message_id: String,
    },
    NotSent(NotSent),
    Refused {
        code: i64,
        text: String,
        scope: RefusalScope,
    },
    /// Everything else: time-out, reset, HTTP other than 200, unreadable answer, 40050, 5xxxx, crash.
    Unknown {
        text: String,
    },
}
