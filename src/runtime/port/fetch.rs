//! Calls of the business's own systems.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::bot::Value;
use crate::engine::{Answer, Request};

/// One try of a call.
#[derive(Clone, Debug)]
pub struct FetchCall {
    /// Secrets in it are still names.
    pub request: Arc<Request>,
    /// Sent as `Idempotency-Key` where the author gives none: the same for all tries of this call, and for no other.
    pub key: Option<String>,
    /// Origins that the bot may call, in the canonical form of the URL standard.
    pub origins: Vec<String>,
    /// From the resolution of the name to the last byte of the answer.
    pub timeout: Duration,
}

/// How one try ended. Reasons are for people; they hold neither an address nor a secret.
#[derive(Clone, Debug, PartialEq)]
pub enum FetchEnd {
    Answered {
        status: u16,
        /// Of 200 to 299 alone, where the answer has one that is wanted.
        body: Option<Value>,
        /// When the other side wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Anything may have happened.
    TimedOut,
    /// No byte of the request has left.
    NotSent { reason: String },
    /// Anything may have happened.
    Broken { reason: String },
    /// It is not allowed, or cannot be made, or its answer is none: a further try would end no better.
    Refused { reason: String },
}

impl FetchEnd {
    /// The answer that it would be, were it the last try; and where a further try may end otherwise, how long before that the
    /// other side wants to be left in peace.
    #[must_use]
    pub fn into_answer(self) -> (Answer, Option<Duration>) {
        let failed = |reason, again: bool| (Answer::Failed { reason }, again.then_some(Duration::ZERO));
        match self {
            Self::Answered { status, body, retry_after } => {
                // Too early, too much, or the system's own trouble.
                let again = matches!(status, 408 | 425 | 429 | 500..=599).then(|| retry_after.unwrap_or_default());
                (Answer::Status { status, body }, again)
            }
            Self::TimedOut => (Answer::TimedOut, Some(Duration::ZERO)),
            Self::NotSent { reason } | Self::Broken { reason } => failed(reason, true),
            Self::Refused { reason } => failed(reason, false),
        }
    }
}

/// The business's systems. An implementation makes at most one request per call (but for the redirects it follows), with
/// no retry beneath it.
#[async_trait]
pub trait Fetcher: Send + Sync + 'static {
    async fn fetch(&self, call: FetchCall) -> FetchEnd;
}

/// Makes no call: each one fails at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallsNobody;

#[async_trait]
impl Fetcher for CallsNobody {
    async fn fetch(&self, _: FetchCall) -> FetchEnd {
        FetchEnd::Refused { reason: "no calls are made here".to_owned() }
    }
}
