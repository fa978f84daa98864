//! `POST /webhooks/tiktok`: signature over the raw bytes, meaning, delivery, and only then the answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::Doors;
use crate::calendar::Moment;
use crate::runtime::Refused;
use crate::tiktok::signature::{self, SignatureError};
use crate::tiktok::{delivery, set_up};

/// A body above this is refused with 413, in bytes. A text of 6 000 emoji, escaped twice, needs 150 KB.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// TikTok sends a body at once; a sender that takes longer is none.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// So many refusals for age within a minute mean that a clock is wrong.
const STALE_ALARM: usize = 3;

/// Counts of what came in, for `GET /healthz`.
#[derive(Debug, Default)]
pub struct Counters {
    pub accepted: AtomicU64,
    pub refused_signature: AtomicU64,
    pub refused_age: AtomicU64,
    pub refused_busy: AtomicU64,
    stale: Mutex<VecDeque<Moment>>,
}

/// A body that does not announce itself as too long. What does is refused unread, before anybody waits for it.
pub(super) struct Bearable;

impl<S: Sync> FromRequestParts<S> for Bearable {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than a megabyte\n"));
        }
        Ok(Self)
    }
}

pub(super) async fn receive(State(doors): State<Arc<Doors>>, _: Bearable, request: Request) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let now = doors.clock.now();
    let signed = parts.headers.get(signature::HEADER).map(axum::http::HeaderValue::as_bytes);
    let app = match signature::verify(&doors.signers, signed, &body, now, doors.transport.skew_ms()) {
        Ok(signer) => signer.app.clone(),
        Err(error) => return refuse(&doors, error, now),
    };
    let delivery = delivery(&app, now, body);
    let set_up = set_up(&delivery);
    match doors.runtime.deliver(doors.testers.pass(delivery)).await {
        Ok(_) => {
            if let Some((account, answers)) = set_up {
                expect(&doors, &app, &account, answers).await;
            }
            doors.counters.accepted.fetch_add(1, Ordering::Relaxed);
            (StatusCode::OK, String::new())
        }
        Err(refused) => {
            doors.counters.refused_busy.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%refused, "a delivery is refused; TikTok will deliver it again");
            let said = match refused {
                Refused::Busy => "busy, deliver again\n",
                _ => "not stored, deliver again\n",
            };
            (StatusCode::SERVICE_UNAVAILABLE, said.to_owned())
        }
    }
}

/// TikTok was set up to answer customers by itself, or to greet them. Where this is not written it is seen at the first echo.
async fn expect(doors: &Doors, app: &str, account: &str, answers: bool) {
    let served = doors.runtime.accounts().into_iter().find(|one| one.app == app && one.open_id == account);
    let Some(served) = served else { return };
    if let Err(error) = doors.runtime.expect_of_tiktok(served.id, answers, !answers).await {
        tracing::warn!(%error, "it was not written down what TikTok does by itself here");
    }
}

/// The whole body. A sender that stops in its middle is let go, so that nobody holds connections for ever.
async fn read(body: Body) -> Result<Bytes, (StatusCode, String)> {
    match tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if too_long(&error) => {
            Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than a megabyte\n".to_owned()))
        }
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "the body ends in its middle\n".to_owned())),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n".to_owned())),
    }
}

fn too_long(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = inner.source();
    }
    false
}

fn refuse(doors: &Doors, error: SignatureError, now: Moment) -> (StatusCode, String) {
    match error {
        SignatureError::Stale { .. } | SignatureError::FromTheFuture { .. } => {
            doors.counters.refused_age.fetch_add(1, Ordering::Relaxed);
            doors.runtime.doubt_the_clock();
            tracing::warn!(%error, "an authentic delivery is refused for its age");
            if doors.counters.third_in_a_minute(now) {
                tracing::error!(
                    "three authentic deliveries within a minute were refused for their age: compare this machine's clock with the world's"
                );
            }
        }
        SignatureError::Missing | SignatureError::Malformed | SignatureError::Wrong => {
            doors.counters.refused_signature.fetch_add(1, Ordering::Relaxed);
            tracing::info!(%error, "a delivery is refused");
        }
    }
    (StatusCode::UNAUTHORIZED, format!("{error}\n"))
}

impl Counters {
    fn third_in_a_minute(&self, now: Moment) -> bool {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        while stale.front().is_some_and(|at| now.since_ms(*at) > 60_000) {
            stale.pop_front();
        }
        stale.push_back(now);
        if stale.len() < STALE_ALARM {
            return false;
        }
        // One alarm speaks for the minute.
        stale.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_refusal_for_age_within_a_minute_raises_one_alarm() {
        let counters = Counters::default();
        let alarms: Vec<bool> = [0, 1_000, 59_000, 60_000].into_iter().map(|at| counters.third_in_a_minute(Moment(at))).collect();
        assert_eq!(alarms, [false, false, true, false]);
        let slow = Counters::default();
        assert!([0, 40_000, 80_000, 120_000].into_iter().all(|at| !slow.third_in_a_minute(Moment(at))));
    }
}
