//! Events on their way to other systems, signed as Standard Webhooks (standardwebhooks.com) wants it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Url};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;

use super::{Door, Options, OptionsError, RETRY_AFTER_EVENTS_MAX, broken};
use crate::runtime::port::{EventCall, EventEnd, FetchEnd, Herald};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// How secrets begin.
const PREFIX: &str = "whsec_";
/// As the scheme wants it.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a secret is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no secret for events: write `whsec_` and the base64 of 24 to 64 random bytes (`rejoinder webhooks secret` makes one)"
)]
pub struct NoSecret;

/// The key of one endpoint.
#[derive(Clone, Debug)]
pub struct SigningKey(SecretSlice<u8>);

impl SigningKey {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// When it begins otherwise, is no base64, or has too few or too many bytes.
    pub fn read(secret: &SecretString) -> Result<Self, NoSecret> {
        let encoded = secret.expose_secret().strip_prefix(PREFIX).ok_or(NoSecret)?;
        let bytes = STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).map_err(|_| NoSecret)?;
        if KEY_BYTES.contains(&bytes.len()) { Ok(Self(bytes.into())) } else { Err(NoSecret) }
    }

    /// A new secret of 32 bytes, as it is written.
    #[must_use]
    pub fn write(bytes: [u8; 32]) -> String {
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }

    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()) else { return String::new() };
        for part in [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// An endpoint as it is reached.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: Arc<str>,
    pub url: Url,
    /// Each gives a signature: two of them while a secret is changed.
    pub keys: Vec<SigningKey>,
}

/// Why a text is no address for events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAddress(String);

impl Target {
    /// `open` are the hosts of the settings that may stand at private addresses, and be spoken to without TLS.
    ///
    /// # Errors
    /// When it is no `https` address, or holds a name and a password.
    pub fn address(url: &str, open: &[String]) -> Result<Url, NoAddress> {
        let no = |why: &str| Err(NoAddress(why.to_owned()));
        let Ok(parsed) = Url::parse(url) else { return no("it is no address, as `https://shop.example/events` is") };
        let host = parsed.host_str().unwrap_or_default();
        match parsed.scheme() {
            "https" => {}
            "http" if open.iter().any(|open| open.eq_ignore_ascii_case(host)) => {}
            "http" => return no("it is not `https`; only a host of `open` in `[fetch]` is spoken to without TLS"),
            _ => return no("it is no `https` address"),
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return no("a name and a password stand in it");
        }
        Ok(parsed)
    }
}

/// Brings events over HTTP/1.1: one request each, no redirect followed, the answer's body not read.
pub struct Messenger {
    door: Door,
    targets: BTreeMap<Arc<str>, Target>,
}

impl Messenger {
    /// # Errors
    /// When the proxy's address is none, or TLS cannot be set up.
    pub fn new(options: &Options, targets: Vec<Target>) -> Result<Self, OptionsError> {
        Self::through(Door::new(options)?, targets)
    }

    pub(super) fn through(door: Door, targets: Vec<Target>) -> Result<Self, OptionsError> {
        let targets = targets.into_iter().map(|target| (Arc::clone(&target.name), target)).collect();
        Ok(Self { door, targets })
    }

    async fn send(&self, call: &EventCall) -> EventEnd {
        let Some(target) = self.targets.get(&call.endpoint) else { return failed("the settings name it no more") };
        if let Err(FetchEnd::Refused { reason }) = self.door.check(&target.url) {
            return EventEnd::Failed { reason };
        }
        let Some(request) = request(target, call) else { return failed("its headers cannot be written") };
        match self.door.http.execute(request).await {
            Ok(answer) => {
                let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
                let retry_after = after.map(|seconds| std::time::Duration::from_secs(seconds).min(RETRY_AFTER_EVENTS_MAX));
                EventEnd::Answered { status: answer.status().as_u16(), retry_after }
            }
            Err(error) => match broken(error) {
                FetchEnd::TimedOut => EventEnd::TimedOut,
                FetchEnd::NotSent { reason } | FetchEnd::Broken { reason } | FetchEnd::Refused { reason } => {
                    EventEnd::Failed { reason }
                }
                FetchEnd::Answered { status, retry_after, .. } => EventEnd::Answered { status, retry_after },
            },
        }
    }
}

fn failed(reason: &str) -> EventEnd {
    EventEnd::Failed { reason: reason.to_owned() }
}

fn request(target: &Target, call: &EventCall) -> Option<Request> {
    let seconds = call.now.0.div_euclid(1_000);
    let signatures: Vec<String> = target.keys.iter().map(|key| key.sign(&call.id, seconds, &call.body)).collect();
    let mut request = Request::new(Method::POST, target.url.clone());
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ID, HeaderValue::from_str(&call.id).ok()?);
    headers.insert(TIMESTAMP, HeaderValue::from(seconds));
    headers.insert(SIGNATURE, HeaderValue::from_str(&signatures.join(" ")).ok()?);
    *request.body_mut() = Some(call.body.clone().into());
    Some(request)
}

#[async_trait]
impl Herald for Messenger {
    async fn tell(&self, call: EventCall) -> EventEnd {
        match tokio::time::timeout(call.timeout, self.send(&call)).await {
            Ok(end) => end,
            Err(_) => EventEnd::TimedOut,
        }
    }
}
