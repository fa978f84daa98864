//! Events as they happen, as a stream that stays open (SSE).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::IntoParams;

use super::caller::{Asked, By, Read};
use super::problem::Problem;
use super::{Api, tokens};
use crate::runtime::{Listening, LiveEvent, wants};

/// Streams that are open at the same time.
pub(super) const OPEN_MAX: usize = 32;
/// How often something is said where nothing happens, and the token is looked at.
const PULSE: Duration = Duration::from_secs(10);
const TYPES_MAX: usize = 50;
const LAST: &str = "last-event-id";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those of this account (`business_id`).
    account: Option<String>,
    /// Only these types, as in `message.*,goal.reached`.
    types: Option<String>,
}

/// Listen to events as they happen: the webhooks' types and bodies, with texts, as server-sent events with an id. After
/// `Last-Event-ID` the stream goes on behind that event, where it is among the newest 1,024 of this server. An event `gap` says
/// that some are missing. Of several servers on one store each tells of what it has taken itself. Scope `read`.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(Wanted, ("Last-Event-ID" = Option<String>, Header, description = "the id of the event that was heard last")),
    responses((status = 200, body = String, content_type = "text/event-stream")),
)]
pub(super) async fn events(
    _: By<Read>,
    headers: HeaderMap,
    State(api): State<Arc<Api>>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let types: Vec<String> = wanted.types.iter().flat_map(|types| types.split(',')).map(|kind| kind.trim().to_owned()).collect();
    if types.len() > TYPES_MAX {
        return Err(Problem::bad("`types` names 50 types at most"));
    }
    let place = Arc::clone(&api.streams).try_acquire_owned().map_err(|_| Problem::too_many(10))?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let secret = text(header::AUTHORIZATION.as_str()).and_then(|shown| shown.strip_prefix("Bearer ").map(str::to_owned));
    let last = text(LAST);
    let Listening { before, gap, receiver } = api.runtime().listen(last.as_deref());
    let mut ready = VecDeque::from([Event::default().comment("listening")]);
    if gap {
        ready.push_back(missing(json!({ "after": last })));
    }
    let next = api.admin.doors.clock.monotonic().saturating_add(PULSE);
    let mut flow =
        Flow { api, account: wanted.account, types, secret: secret.unwrap_or_default(), ready, receiver, next, _place: place };
    let before: Vec<Event> = before.iter().filter_map(|event| flow.shown(event)).collect();
    flow.ready.extend(before);
    Ok(Sse::new(unfold(flow, Flow::next)))
}

fn missing(what: serde_json::Value) -> Event {
    Event::default().event("gap").data(what.to_string())
}

/// One open stream.
struct Flow {
    api: Arc<Api>,
    account: Option<String>,
    types: Vec<String>,
    secret: String,
    ready: VecDeque<Event>,
    receiver: Receiver<Arc<LiveEvent>>,
    /// When the token is looked at again, on the monotonic clock.
    next: Duration,
    _place: OwnedSemaphorePermit,
}

impl Flow {
    fn shown(&self, event: &LiveEvent) -> Option<Event> {
        let fits = self.account.as_ref().is_none_or(|account| event.account == *account) && wants(&self.types, &event.kind);
        fits.then(|| Event::default().id(&event.id).event(&event.kind).data(&event.body))
    }

    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let clock = Arc::clone(&self.api.admin.doors.clock);
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            let left = self.next.saturating_sub(clock.monotonic());
            if left.is_zero() {
                self.next = clock.monotonic().saturating_add(PULSE);
                // A token that was revoked or has ended opens nothing from then on.
                let token = tokens::shown(self.api.runtime().store(), &self.secret, clock.now()).await;
                if !matches!(token, Ok(Some(_))) || !self.api.runtime().is_serving() {
                    return None;
                }
                self.ready.push_back(Event::default().comment("still here"));
                continue;
            }
            let heard = tokio::select! {
                heard = self.receiver.recv() => heard,
                () = clock.sleep(left) => continue,
            };
            match heard {
                Ok(event) => self.ready.extend(self.shown(&event)),
                // Who reads too slowly misses what came meanwhile, and knows it.
                Err(RecvError::Lagged(many)) => self.ready.push_back(missing(json!({ "missed": many }))),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
