//! The page of `dev`: a phone in the browser, and what the server knows of the conversation it shows.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use super::Doors;
use crate::engine::{ColleagueAction, Speaker, Status};
use crate::runtime::port::StoreError;

/// Lines of the history that the page reads.
const HISTORY_MAX: usize = 2_000;

/// The bot that answers, and what is wrong with the newest version of its files.
#[derive(Clone, Debug, Default)]
pub struct BotState {
    pub name: String,
    pub flows: usize,
    /// Rendered findings of a version that was not taken; empty when the newest one runs.
    pub findings: String,
}

/// What the page leads to.
pub struct Phone {
    pub doors: Arc<Doors>,
    pub app: String,
    pub open_id: String,
    pub bot: RwLock<BotState>,
}

/// The page with the server's routes and the steering of the simulator beside it.
pub fn router(phone: Arc<Phone>, simulator: Router) -> Router {
    Router::new()
        .route("/", get(|| async { asset("text/html; charset=utf-8", include_str!("phone/index.html")) }))
        .route("/phone.css", get(|| async { asset("text/css; charset=utf-8", include_str!("phone/phone.css")) }))
        .route("/phone.js", get(|| async { asset("text/javascript; charset=utf-8", include_str!("phone/phone.js")) }))
        .route("/dev/v1/bot", get(bot))
        .route("/dev/v1/conversation", get(conversation))
        .route("/dev/v1/colleague", post(colleague))
        .with_state(Arc::clone(&phone))
        .merge(super::router(Arc::clone(&phone.doors)))
        .merge(simulator)
}

/// Serves the page until `shutdown` is ready.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    phone: Arc<Phone>,
    simulator: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(phone, simulator)).with_graceful_shutdown(shutdown).await
}

fn asset(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    let policy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
    ([(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")], text)
}

async fn bot(State(phone): State<Arc<Phone>>) -> Json<serde_json::Value> {
    let now = phone.doors.clock.now();
    let paused = !phone.doors.runtime.pauses().is_empty();
    let bot = phone.bot.read().unwrap_or_else(PoisonError::into_inner);
    Json(json!({ "name": bot.name, "flows": bot.flows, "findings": bot.findings, "paused": paused, "now": now }))
}

#[derive(Deserialize)]
struct Named {
    external: String,
}

async fn conversation(State(phone): State<Arc<Phone>>, Query(named): Query<Named>) -> Response {
    match view(&phone, &named.external).await {
        // `null` while the server has not heard of it: the page asks before the first webhook has arrived.
        Ok(view) => Json(view).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

async fn view(phone: &Phone, external: &str) -> Result<Option<serde_json::Value>, StoreError> {
    let runtime = &phone.doors.runtime;
    let Some(id) = runtime.find(&phone.app, &phone.open_id, external.as_bytes()).await? else { return Ok(None) };
    let Some(view) = runtime.conversation(id, HISTORY_MAX).await? else { return Ok(None) };
    let Some(state) = view.conversation else {
        return Err(StoreError::Newer("this conversation's state cannot be read".to_owned()));
    };
    let status = state.status();
    let replies: Vec<_> = view.lines.into_iter().filter(|line| line.reply.is_some()).collect();
    Ok(Some(json!({
        "status": sentence(&status),
        "replies_left": state.replies_left(),
        "window_left_ms": state.window_left(phone.doors.clock.now()),
        "language": status.language,
        "replies": replies,
    })))
}

/// Who speaks here and what the run waits for, in words.
pub(super) fn sentence(status: &Status) -> String {
    if status.opted_out {
        return "opted out".into();
    }
    let team = status.team.as_ref().map(|team| format!(" ({team})")).unwrap_or_default();
    match (status.speaker, &status.place, &status.waits_for) {
        (Speaker::Taken, ..) => format!("taken by a colleague{team}"),
        (Speaker::Asked, ..) => format!("a colleague is asked for{team}"),
        (Speaker::Bot, Some((flow, _)), Some(what)) => format!("flow {flow} waits for {what}"),
        (Speaker::Bot, Some((flow, _)), None) => format!("flow {flow} runs"),
        (Speaker::Bot, None, _) => "no flow runs".into(),
    }
}

#[derive(Deserialize)]
struct Act {
    external: Option<String>,
    action: String,
}

async fn colleague(State(phone): State<Arc<Phone>>, Json(act): Json<Act>) -> Response {
    let refuse = |text: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": text }))).into_response();
    let action = match act.action.as_str() {
        "take" => ColleagueAction::TakeOver,
        "release" => ColleagueAction::Release,
        _ => return refuse("`action` is `take` or `release`"),
    };
    let Some(external) = act.external else { return refuse("the customer has to write first") };
    let runtime = &phone.doors.runtime;
    match runtime.find(&phone.app, &phone.open_id, external.as_bytes()).await {
        Ok(Some(id)) => match runtime.colleague(id, action).await {
            Ok(_) => Json(json!({})).into_response(),
            Err(error) => refuse(&error.to_string()),
        },
        Ok(None) => refuse("the server has not heard of this conversation yet"),
        Err(error) => refuse(&error.to_string()),
    }
}
