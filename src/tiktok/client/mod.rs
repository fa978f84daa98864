//! In: a permit and what to say. Out: how the one request for it ended.
//! Does not know: queues, ledgers, whether anything should be said.
//! A call makes exactly one request; nothing beneath it repeats one.

mod accounts;
mod automatic;
mod body;
mod http;
mod listing;
mod picture;
mod sign_in;
pub mod skew;
mod transport;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

pub use accounts::{ConversationKind, Conversations};
pub use automatic::{Review, Standing, StandingItem};
pub use sign_in::{SignedIn, TokenFacts, sign_in_address};

use self::http::{Failure, Payload, Request, exchange};
use self::skew::Skew;
use super::bounds::{REASON_BYTES_MAX, shortened};
use super::codes::{self, About};
use super::token::Tokens;
use super::wire::read_answer;
use crate::channel::{NotSent, Outcome, RefusalScope};
use crate::runtime::port::{CallFailure, Clock, Permit};

/// The base of all paths.
pub const PRODUCTION: &str = "https://business-api.tiktok.com/open_api/v1.3";

/// A call other than a send.
const CALL_MAX: Duration = Duration::from_secs(10);
/// An upload of three megabytes.
const UPLOAD_MAX: Duration = Duration::from_secs(30);

/// Every path that is called; without the last slash TikTok answers 404.
mod path {
    pub const SEND: &str = "/business/message/send/";
    pub const UPLOAD: &str = "/business/message/media/upload/";
    pub const DOWNLOAD: &str = "/business/message/media/download/";
    pub const CONTENTS: &str = "/business/message/content/list/";
    pub const CONVERSATIONS: &str = "/business/message/conversation/list/";
    pub const CAPABILITIES: &str = "/business/message/capabilities/get/";
    pub const WEBHOOK_SET: &str = "/business/webhook/update/";
    pub const WEBHOOK_GET: &str = "/business/webhook/list/";
    pub const WEBHOOK_REMOVE: &str = "/business/webhook/delete/";
    pub const ACCOUNT: &str = "/business/get/";
    pub const RENEW: &str = "/tt_user/oauth2/refresh_token/";
    pub const SIGN_IN: &str = "/tt_user/oauth2/token/";
    pub const REVOKE: &str = "/tt_user/oauth2/revoke/";
    pub const TOKEN_INFO: &str = "/tt_user/token_info/get/";
    pub const AUTO_GET: &str = "/business/message/auto_message/get/";
    pub const AUTO_CREATE: &str = "/business/message/auto_message/create/";
    pub const AUTO_CHANGE: &str = "/business/message/auto_message/update/";
    pub const AUTO_SWITCH: &str = "/business/message/auto_message/status/update/";
    pub const AUTO_REMOVE: &str = "/business/message/auto_message/delete/";
    #[cfg(test)]
    pub const ALL: [&str; 19] = [
        SEND,
        UPLOAD,
        DOWNLOAD,
        CONTENTS,
        CONVERSATIONS,
        CAPABILITIES,
        WEBHOOK_SET,
        WEBHOOK_GET,
        WEBHOOK_REMOVE,
        ACCOUNT,
        RENEW,
        SIGN_IN,
        REVOKE,
        TOKEN_INFO,
        AUTO_GET,
        AUTO_CREATE,
        AUTO_CHANGE,
        AUTO_SWITCH,
        AUTO_REMOVE,
    ];
}

/// An app by which accounts are reached.
#[derive(Clone, Debug)]
pub struct AppAccess {
    /// `app_id`, `client_key`
    pub id: String,
    pub secret: SecretString,
    /// [`PRODUCTION`], or a simulator.
    pub api: String,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("`{api}` is no address of an API: {why}")]
    Address { api: String, why: String },
    #[error("the HTTP client cannot be made: {0}")]
    Http(String),
}

/// TikTok's side of [`crate::runtime::port::Transport`]. Its `Debug` shows no secret.
pub struct Client {
    http: reqwest::Client,
    apps: HashMap<String, AppAccess>,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    skew: Skew,
}

impl Client {
    /// A client for these apps and the accounts of `tokens`.
    ///
    /// # Errors
    /// When an address is none, or TLS cannot be set up.
    pub fn new(apps: Vec<AppAccess>, tokens: Arc<Tokens>, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        let mut loopback = !apps.is_empty();
        let mut by_id = HashMap::new();
        for mut app in apps {
            app.api.truncate(app.api.trim_end_matches('/').len());
            loopback &= check_address(&app.api)?;
            by_id.insert(app.id.clone(), app);
        }
        let http = http::client(loopback).map_err(|error| ClientError::Http(error.without_url().to_string()))?;
        Ok(Self { http, apps: by_id, tokens, clock, skew: Skew::default() })
    }

    /// The accounts' tokens.
    #[must_use]
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    fn app(&self, app: &str) -> Result<&AppAccess, Outcome> {
        self.apps.get(app).ok_or_else(|| refused("the app is not in the settings", RefusalScope::Account))
    }

    /// Makes the request of an account, with its token; a refusal of the token is remembered for the renewal.
    async fn call_as<T: DeserializeOwned>(
        &self,
        permit: Permit,
        (app, open_id): (&str, &str),
        about: About,
        parts: RequestParts,
    ) -> Result<T, Outcome> {
        let access = self.app(app)?;
        let slot = self.tokens.slot(app, open_id);
        let Some((token, generation)) = slot.access() else {
            return Err(Outcome::NotSent(NotSent::Token { code: 40_104 }));
        };
        let answer = self.call(permit, access, Some(token.clone()), about, parts, &[&token]).await;
        if let Err(Outcome::NotSent(NotSent::Token { .. })) = answer {
            slot.refused(generation);
        }
        answer
    }

    /// Makes one request and reads its answer. `secrets` are cut out of whatever text TikTok answers.
    async fn call<T: DeserializeOwned>(
        &self,
        permit: Permit,
        app: &AppAccess,
        token: Option<SecretString>,
        about: About,
        parts: RequestParts,
        secrets: &[&SecretString],
    ) -> Result<T, Outcome> {
        let RequestParts { path, query, payload, not_after, timeout } = parts;
        let request = Request { base: &app.api, path, query, payload, token, not_after, timeout };
        let body = exchange(&self.http, &self.clock, &self.skew, permit, request).await.map_err(|failure| match failure {
            Failure::Expired => Outcome::NotSent(NotSent::Expired),
            Failure::NotBegun(text) => Outcome::NotSent(NotSent::NoConnection { text }),
            Failure::Unknown(text) => Outcome::Unknown { text },
        })?;
        // What the reader says of a broken answer may repeat a part of it, and an answer may hold tokens.
        let answer = read_answer::<T>(&body).map_err(|error| Outcome::Unknown {
            text: format!("the answer cannot be read: {:?} error at column {}", error.classify(), error.column()),
        })?;
        match answer.data {
            Some(data) => Ok(data),
            None => {
                let mut text = answer.message;
                for secret in secrets.iter().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty()) {
                    text = text.replace(secret, "…");
                }
                tracing::debug!(code = answer.code, text, request_id = shortened(&answer.request_id, 64), path, "refused");
                Err(codes::outcome(answer.code, &text, about, self.clock.now()))
            }
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("apps", &self.apps).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// A request but for the address and the token.
struct RequestParts {
    path: &'static str,
    query: Vec<(&'static str, String)>,
    payload: Payload,
    not_after: Option<crate::calendar::Moment>,
    timeout: Duration,
}

impl RequestParts {
    fn get(path: &'static str, query: Vec<(&'static str, String)>) -> Self {
        Self { path, query, payload: Payload::Nothing, not_after: None, timeout: CALL_MAX }
    }

    /// `body` is one of our own types: encoding it does not fail, and if it did, an empty body is refused.
    fn post(path: &'static str, body: &impl serde::Serialize) -> Self {
        let json = serde_json::to_vec(body).unwrap_or_default();
        Self { path, query: Vec::new(), payload: Payload::Json(json), not_after: None, timeout: CALL_MAX }
    }
}

fn refused(text: &str, scope: RefusalScope) -> Outcome {
    Outcome::Refused { code: 0, text: shortened(text, REASON_BYTES_MAX), scope }
}

fn failed(outcome: Outcome) -> CallFailure {
    CallFailure { outcome }
}

/// Whether the address is on this machine.
fn check_address(api: &str) -> Result<bool, ClientError> {
    // What stands before an `@` may be a password.
    let shown = api.rsplit_once('@').map_or_else(|| shortened(api, REASON_BYTES_MAX), |_| "…@…".to_owned());
    let wrong = |why: &str| ClientError::Address { api: shown.clone(), why: why.to_owned() };
    let url = reqwest::Url::parse(api).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it begins with neither `https://` nor `http://`"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds more than a host and a path"));
    }
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if url.scheme() == "http" && !loopback {
        tracing::warn!(host, "tokens go to this host without encryption");
    }
    Ok(loopback)
}

#[cfg(test)]
mod tests;
