//! One request, one answer: the only place that touches the network, and the only one that sets its options.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::skew::{Skew, Span};
use crate::calendar::Moment;
use crate::runtime::port::{Begin, Clock, Permit};
use crate::tiktok::bounds::{BODY_BYTES_MAX, REASON_BYTES_MAX, shortened};

/// Longer than any handshake, shorter than any call: failing here is surely "not sent".
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Below the keep-alive of the other side, so that a connection is seldom found closed.
const POOL_IDLE_MAX: Duration = Duration::from_secs(10);
/// An app has at most this many calls in flight: its pace times the longest call.
const POOL_IDLE_CONNECTIONS_MAX: usize = 100;

/// The client for everything that goes to TikTok.
///
/// By default reqwest repeats requests, POST too, after HTTP/2's GOAWAY and REFUSED_STREAM, and the former does not
/// prove that the message was not taken. Hence: one protocol, no retry, no redirect.
pub(super) fn client(loopback: bool) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .http1_only()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_gzip()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_MAX)
        .pool_idle_timeout(POOL_IDLE_MAX)
        .pool_max_idle_per_host(POOL_IDLE_CONNECTIONS_MAX)
        .user_agent(concat!("rejoinder/", env!("CARGO_PKG_VERSION")));
    // No proxy leads to this very machine.
    if loopback { builder.no_proxy() } else { builder }.build()
}

/// What is written.
pub(super) enum Payload {
    Nothing,
    Json(Vec<u8>),
    File { business_id: String, name: String, media_type: &'static str, bytes: Vec<u8> },
}

/// One request.
pub(super) struct Request<'a> {
    /// The app's base address, without a slash at its end.
    pub base: &'a str,
    /// Begins and ends with a slash.
    pub path: &'static str,
    pub query: Vec<(&'static str, String)>,
    pub payload: Payload,
    pub token: Option<SecretString>,
    /// The body does not leave after this.
    pub not_after: Option<Moment>,
    pub timeout: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// `not_after` or the permit's time had passed before the body left.
    Expired,
    /// No byte of the body left: nothing can have been done.
    NotBegun(String),
    /// Anything may have happened.
    Unknown(String),
}

const WAITING: u8 = 0;
const EXPIRED: u8 = 1;
const BEGUN: u8 = 2;

/// Makes one request and gives the body of a 200. Nobody makes a request without a permit.
pub(super) async fn exchange(
    http: &reqwest::Client,
    clock: &Arc<dyn Clock>,
    skew: &Skew,
    permit: Permit,
    request: Request<'_>,
) -> Result<Vec<u8>, Failure> {
    let now = clock.monotonic();
    // A body of JSON is held back until the very moment it leaves, and counted then.
    let may = if matches!(request.payload, Payload::Json(_)) { !permit.begin().is_over(now) } else { permit.begin().begins(now) };
    if !may || request.not_after.is_some_and(|until| clock.now() > until) {
        return Err(Failure::Expired);
    }
    let stage = Arc::new(AtomicU8::new(WAITING));
    let built = build(http, clock, &stage, (&request, permit.begin())).map_err(|error| Failure::NotBegun(told(error)))?;
    tracing::debug!(permit = permit.number(), path = request.path, "call");
    let (begun, from) = (clock.now(), clock.monotonic());
    let answer = http.execute(built).await;
    let at = clock.monotonic();
    let span = Span { begun, ended: clock.now(), took: at.saturating_sub(from), at };
    let answer = answer.map_err(|error| match stage.load(Ordering::Acquire) {
        EXPIRED => Failure::Expired,
        BEGUN if !error.is_connect() => Failure::Unknown(told(error)),
        _ => Failure::NotBegun(told(error)),
    })?;
    if let Some(date) = answer.headers().get(DATE).and_then(|date| date.to_str().ok()) {
        skew.note(date, span);
    }
    whole(answer, BODY_BYTES_MAX).await.map_err(Failure::Unknown)
}

/// Fetches a file whose address TikTok has named; its host wants the token under a name of its own. Anything but a 200 within
/// so much time and so many bytes is told in words.
pub(super) async fn file(
    http: &reqwest::Client,
    address: reqwest::Url,
    token: &SecretString,
    (timeout, most): (Duration, usize),
) -> Result<Vec<u8>, String> {
    let mut value = HeaderValue::from_str(token.expose_secret()).map_err(|_| "the token fits into no header".to_owned())?;
    value.set_sensitive(true);
    let answer = http.get(address).header("x-user", value).timeout(timeout).send().await.map_err(told)?;
    whole(answer, most).await
}

/// The body of a 200.
async fn whole(mut answer: reqwest::Response, most: usize) -> Result<Vec<u8>, String> {
    if answer.status() != reqwest::StatusCode::OK {
        return Err(format!("HTTP {}", answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > most {
            return Err(format!("an answer of more than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn build(
    http: &reqwest::Client,
    clock: &Arc<dyn Clock>,
    stage: &Arc<AtomicU8>,
    (request, begin): (&Request<'_>, &Begin),
) -> Result<reqwest::Request, reqwest::Error> {
    let address = format!("{}{}", request.base, request.path);
    let mut builder = match &request.payload {
        Payload::Nothing => {
            // Nothing but the connection's failure tells here that it had not begun; nothing depends on more.
            stage.store(BEGUN, Ordering::Release);
            http.get(address)
        }
        Payload::Json(json) => http
            .post(address)
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_LENGTH, json.len())
            .body(guarded(clock, stage, (request.not_after, begin.clone()), Bytes::copy_from_slice(json))),
        Payload::File { business_id, name, media_type, bytes } => {
            stage.store(BEGUN, Ordering::Release);
            let file = reqwest::multipart::Part::bytes(bytes.clone()).file_name(name.clone()).mime_str(media_type)?;
            let form = reqwest::multipart::Form::new()
                .text("business_id", business_id.clone())
                .text("media_type", "IMAGE")
                .part("file", file);
            http.post(address).multipart(form)
        }
    };
    if !request.query.is_empty() {
        builder = builder.query(&request.query);
    }
    if let Some(token) = &request.token
        && let Ok(mut value) = HeaderValue::from_str(token.expose_secret())
    {
        value.set_sensitive(true);
        builder = builder.header("Access-Token", value);
    }
    builder.timeout(request.timeout).build()
}

/// A body that is looked at once more at the very moment it would leave.
///
/// Between the permit and the first byte lie the name's resolution, the connection, TLS, and hyper's own second try on
/// a pooled connection that it found closed. A request without its body cannot be carried out: until the body was
/// asked for, nothing was sent.
fn guarded(
    clock: &Arc<dyn Clock>,
    stage: &Arc<AtomicU8>,
    (not_after, begin): (Option<Moment>, Begin),
    body: Bytes,
) -> reqwest::Body {
    let (clock, stage) = (Arc::clone(clock), Arc::clone(stage));
    reqwest::Body::wrap_stream(futures_util::stream::once(async move {
        if not_after.is_some_and(|until| clock.now() > until) || !begin.begins(clock.monotonic()) {
            stage.store(EXPIRED, Ordering::Release);
            return Err(std::io::Error::other("too late"));
        }
        stage.store(BEGUN, Ordering::Release);
        Ok(body)
    }))
}

/// An error with its causes, without the address: that may hold ids and the app's secret.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    shortened(&text, REASON_BYTES_MAX)
}
