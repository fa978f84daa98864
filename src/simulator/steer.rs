//! In: steering calls under `/sim/v1/`. Out: the simulator's acts and views as JSON, errors with a help text.
//! Does not know: TikTok's API.

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Simulator;
use super::fault::Fault;
use super::steps::Refusal;

/// A long poll waits no longer than this.
const POLL_MS_MAX: i64 = 60_000;

pub(super) fn router() -> Router<Simulator> {
    Router::new()
        .route("/sim/v1/accounts", get(async |State(s): State<Simulator>| Json(s.accounts())))
        .route("/sim/v1/codes", post(codes))
        .route("/sim/v1/customers", get(async |State(s): State<Simulator>| Json(s.customers())).post(customers))
        .route("/sim/v1/messages", post(messages))
        .route("/sim/v1/clicks", post(clicks))
        .route("/sim/v1/colleague", post(colleague))
        .route("/sim/v1/referrals", post(referrals))
        .route("/sim/v1/reads", post(reads))
        .route("/sim/v1/comments", post(comments))
        .route("/sim/v1/raw", post(raw))
        .route("/sim/v1/time", get(async |State(s): State<Simulator>| Json(json!({"now": s.time()}))))
        .route("/sim/v1/advance", post(advance))
        .route("/sim/v1/faults", get(async |State(s): State<Simulator>| Json(s.faults())).post(faults).delete(no_faults))
        .route("/sim/v1/faults/{id}", delete(no_fault))
        .route("/sim/v1/calls", get(calls))
        .route("/sim/v1/deliveries", get(deliveries))
        .route("/sim/v1/conversations", get(async |State(s): State<Simulator>| Json(s.conversations())))
        .route("/sim/v1/conversations/{id}", get(conversation))
        .route("/sim/v1/violations", get(async |State(s): State<Simulator>| Json(s.violations())))
        .route("/sim/v1/pictures/{id}", get(picture))
        .route("/sim/v1/events", get(events))
        .route("/sim/v1/reset", post(reset))
        .route("/sim/v1/disconnections", post(disconnections))
        .route("/sim/v1/{*rest}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
}

fn error(status: StatusCode, refusal: &Refusal) -> Response {
    (status, Json(json!({"error": refusal}))).into_response()
}

fn made<T: Serialize>(result: Result<T, Refusal>) -> Response {
    match result {
        Ok(made) => (StatusCode::CREATED, Json(made)).into_response(),
        Err(refusal) => error(StatusCode::BAD_REQUEST, &refusal),
    }
}

/// The body, or an answer that shows a right one. An empty body is `{}`.
fn parse<T: DeserializeOwned>(body: &Bytes, example: &str) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal { text: error.to_string(), help: format!("for example {example}") })
}

async fn customers(State(s): State<Simulator>, body: Bytes) -> Response {
    let example = r#"{"name": "Mona", "country": "EG", "language": "ar"}"#;
    made(parse(&body, example).and_then(|new| s.add_customer(new)))
}

async fn messages(State(s): State<Simulator>, body: Bytes) -> Response {
    made(parse(&body, r#"{"customer": "c1", "text": "hello"}"#).and_then(|write| s.write(write)))
}

async fn clicks(State(s): State<Simulator>, body: Bytes) -> Response {
    made(parse(&body, r#"{"customer": "c1", "button": "1"}"#).and_then(|click| s.click(click)))
}

async fn colleague(State(s): State<Simulator>, body: Bytes) -> Response {
    let example = r#"{"customer": "c1", "text": "I take over", "source": "APP"}"#;
    made(parse(&body, example).and_then(|colleague| s.colleague(colleague)))
}

async fn referrals(State(s): State<Simulator>, body: Bytes) -> Response {
    let example =
        r#"{"customer": "c1", "from": {"ad": {"ad_id": "1801"}}} or {"customer": "c1", "from": {"link": {"ref": "spring"}}}"#;
    made(parse(&body, example).and_then(|refer| s.refer(refer)).map(|()| json!({})))
}

async fn reads(State(s): State<Simulator>, body: Bytes) -> Response {
    made(parse(&body, r#"{"customer": "c1"}"#).and_then(|read| s.read(read)).map(|()| json!({})))
}

async fn comments(State(s): State<Simulator>, body: Bytes) -> Response {
    let example = r#"{"customer": "c1", "text": "how much?"}"#;
    made(parse(&body, example).and_then(|new| s.comment(new)).map(|id| json!({"comment_id": id})))
}

async fn raw(State(s): State<Simulator>, body: Bytes) -> Response {
    let example = r#"{"body": "not JSON"}"#;
    made(parse(&body, example).and_then(|raw| s.raw(raw)).map(|delivery| json!({"delivery": delivery})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jump {
    ms: i64,
}

async fn advance(State(s): State<Simulator>, body: Bytes) -> Response {
    let jump = parse(&body, r#"{"ms": 3600000}"#).and_then(|jump: Jump| s.advance(jump.ms));
    made(jump.map(|now| json!({"now": now})))
}

async fn faults(State(s): State<Simulator>, body: Bytes) -> Response {
    let example = r#"{"kind": "http", "status": 502, "stored": true, "endpoint": "message/send", "next": 1}"#;
    made(parse(&body, example).and_then(|fault: Fault| s.fault(fault)).map(|id| json!({"id": id})))
}

async fn no_faults(State(s): State<Simulator>) -> Response {
    Json(json!({"taken_back": s.clear_faults(None)})).into_response()
}

async fn no_fault(State(s): State<Simulator>, Path(id): Path<String>) -> Response {
    match id.parse().map(|id| s.clear_faults(Some(id))) {
        Ok(count) if count > 0 => Json(json!({"taken_back": count})).into_response(),
        _ => not_found(&format!("no fault `{id}` waits"), "GET /sim/v1/faults lists them"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    account: Option<String>,
}

async fn codes(State(s): State<Simulator>, body: Bytes) -> Response {
    let code = parse(&body, "{}").and_then(|named: Account| s.auth_code(named.account.as_deref()));
    made(code.map(|code| json!({"auth_code": code})))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Since {
    after: u64,
    wait_ms: i64,
}

fn since(query: Result<Query<Since>, axum::extract::rejection::QueryRejection>) -> Result<Since, Box<Response>> {
    query.map(|Query(since)| since).map_err(|wrong| {
        let help = "for example ?after=12 or, for events, ?after=12&wait_ms=20000".to_owned();
        Box::new(error(StatusCode::BAD_REQUEST, &Refusal { text: wrong.to_string(), help }))
    })
}

type SinceQuery = Result<Query<Since>, axum::extract::rejection::QueryRejection>;

async fn calls(State(s): State<Simulator>, query: SinceQuery) -> Response {
    since(query).map_or_else(|wrong| *wrong, |since| Json(s.calls(since.after)).into_response())
}

async fn deliveries(State(s): State<Simulator>, query: SinceQuery) -> Response {
    since(query).map_or_else(|wrong| *wrong, |since| Json(s.deliveries(since.after)).into_response())
}

/// A long poll: answers at once when something happened after `after`, else when something does or `wait_ms` are over.
async fn events(State(s): State<Simulator>, query: SinceQuery) -> Response {
    let since = match since(query) {
        Ok(since) => since,
        Err(wrong) => return *wrong,
    };
    let clock = &s.shared.options.clock;
    let until = clock.now().plus_ms(since.wait_ms.clamp(0, POLL_MS_MAX));
    let mut changes = s.changes();
    let mut closing = s.shared.closing.subscribe();
    let newer = async {
        let _ = changes.wait_for(|last| *last > since.after).await;
    };
    let closed = async {
        let _ = closing.wait_for(|closing| *closing).await;
    };
    tokio::select! {
        biased;
        () = newer => {}
        () = clock.sleep_until(until) => {}
        () = closed => {}
    }
    let events = s.events(since.after);
    let last = events.last().map_or(since.after, |event| event.seq);
    Json(json!({"last": last, "events": events})).into_response()
}

async fn conversation(State(s): State<Simulator>, Path(id): Path<String>) -> Response {
    match s.conversation(&id) {
        Some(view) => Json(view).into_response(),
        None => not_found(&format!("no conversation `{id}`"), "GET /sim/v1/conversations lists them"),
    }
}

async fn picture(State(s): State<Simulator>, Path(id): Path<String>) -> Response {
    s.picture(&id).unwrap_or_else(|| not_found(&format!("no picture `{id}`"), "the newest 128 files are kept"))
}

async fn reset(State(s): State<Simulator>) -> Response {
    s.reset();
    Json(json!({})).into_response()
}

fn not_found(text: &str, help: &str) -> Response {
    error(StatusCode::NOT_FOUND, &Refusal { text: text.to_owned(), help: help.to_owned() })
}

async fn disconnections(State(s): State<Simulator>, body: Bytes) -> Response {
    let gone = parse(&body, r#"{"reason": 1}"#).and_then(|gone| s.disconnect(gone));
    made(gone.map(|()| json!({})))
}

async fn wrong_method() -> Response {
    let refusal = Refusal { text: "no such method here".to_owned(), help: "docs/simulator.md lists the calls".to_owned() };
    error(StatusCode::METHOD_NOT_ALLOWED, &refusal)
}

async fn unknown() -> Response {
    not_found("no such steering call", "docs/simulator.md lists them")
}
