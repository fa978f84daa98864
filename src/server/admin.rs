//! What operators reach and the world does not: metrics and health, and with a token what shows or changes more.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::{Doors, connecting, contacts, deployments, disconnecting, events, health, metrics, registration, syncing};
use crate::engine::ReplyId;
use crate::runtime::port::StoreError;
use crate::runtime::{Audit, NotSteered};

/// Nothing that an operator asks is longer, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Lines of the history that are read of one conversation.
const HISTORY_MAX: usize = 5_000;

/// The operators' name in the audit.
pub(crate) const OPERATOR: &str = "operator";

/// What the operators' routes lead to.
pub struct Admin {
    pub doors: Arc<Doors>,
    /// Whoever shows it may see texts and stop sending.
    pub token: SecretString,
}

/// What is to be paused or resumed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// `business_id`; all accounts without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The routes of the operators' listener.
pub fn router(admin: Arc<Admin>) -> Router {
    let open = Router::new()
        .route("/metrics", get(metrics::answer))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(Arc::clone(&admin.doors));
    Router::new()
        .route("/admin/v1/outbox", get(outbox))
        .route("/admin/v1/outbox/retry", post(retry))
        .route("/admin/v1/outbox/drop", post(give_up))
        .route("/admin/v1/why", get(why))
        .route("/admin/v1/replay", get(replay))
        .route("/admin/v1/pauses", get(pauses))
        .route("/admin/v1/pause", post(pause))
        .route("/admin/v1/resume", post(resume))
        .merge(connecting::routes())
        .merge(disconnecting::routes())
        .merge(registration::routes())
        .merge(syncing::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(deployments::routes())
        .merge(events::routes())
        .merge(contacts::routes())
        .merge(super::api::tokens_admin::routes())
        .with_state(Arc::clone(&admin))
        .merge(super::api::routes(admin))
        .merge(open)
}

/// Serves operators until `shutdown` is ready.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    admin: Arc<Admin>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(admin)).with_graceful_shutdown(shutdown).await
}

/// Somebody who has shown the token.
pub(super) struct Operator;

impl FromRequestParts<Arc<Admin>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, Response> {
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        // Digests: how long the comparison takes tells nothing of the token.
        let digest = |token: &str| Sha256::digest(token.as_bytes());
        if shown.is_some_and(|shown| digest(shown) == digest(admin.token.expose_secret())) {
            return Ok(Self);
        }
        Err(refuse(StatusCode::UNAUTHORIZED, "the operators' token is missing or wrong"))
    }
}

pub(super) fn refuse(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

/// Whose replies.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    account: Option<String>,
}

async fn outbox(_: Operator, State(admin): State<Arc<Admin>>, Query(of): Query<Of>) -> Response {
    match admin.doors.runtime.outbox(of.account.as_deref()).await {
        Ok(outbox) => Json(outbox).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Talk {
    /// TikTok's id of a conversation, or ours.
    conversation: String,
}

/// The talk of a conversation with what was decided and why.
async fn why(_: Operator, State(admin): State<Arc<Admin>>, Query(talk): Query<Talk>) -> Response {
    let runtime = &admin.doors.runtime;
    let told = async {
        let mut talks = Vec::new();
        for id in runtime.find_named(&talk.conversation).await? {
            let Some(view) = runtime.conversation(id, HISTORY_MAX).await? else { continue };
            let status = view.conversation.as_ref().map(|state| super::phone::sentence(&state.status()));
            talks.push(json!({ "conversation": view.summary, "status": status, "lines": view.lines }));
        }
        Ok::<_, StoreError>(talks)
    };
    match told.await {
        Ok(talks) if talks.is_empty() => refuse(StatusCode::NOT_FOUND, "nothing is known of this conversation"),
        Ok(talks) => Json(json!({ "talks": talks })).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// A conversation run once more from its history.
async fn replay(_: Operator, State(admin): State<Arc<Admin>>, Query(talk): Query<Talk>) -> Response {
    let runtime = &admin.doors.runtime;
    let told = async {
        let mut replays = Vec::new();
        for id in runtime.find_named(&talk.conversation).await? {
            replays.extend(runtime.replay(id).await?);
        }
        Ok::<_, StoreError>(replays)
    };
    match told.await {
        Ok(replays) if replays.is_empty() => refuse(StatusCode::NOT_FOUND, "nothing is known of this conversation"),
        Ok(replays) => Json(json!({ "replays": replays })).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn pauses(_: Operator, State(admin): State<Arc<Admin>>) -> Json<Value> {
    Json(json!({ "pauses": admin.doors.runtime.pauses() }))
}

async fn pause(_: Operator, State(admin): State<Arc<Admin>>, Json(which): Json<Which>) -> Response {
    let done = admin.doors.runtime.pause(which.account.as_deref()).await;
    paused(&admin, "pause", which, done).await
}

async fn resume(_: Operator, State(admin): State<Arc<Admin>>, Json(which): Json<Which>) -> Response {
    let done = admin.doors.runtime.resume(which.account.as_deref()).await;
    paused(&admin, "resume", which, done).await
}

async fn paused(admin: &Admin, what: &str, which: Which, done: Result<bool, StoreError>) -> Response {
    match done {
        Ok(true) => {
            let on = which.account.map(|account| format!("account {account}"));
            audited(admin, what, on, json!({ "pauses": admin.doors.runtime.pauses() })).await
        }
        Ok(false) => refuse(StatusCode::NOT_FOUND, "the settings name no such account"),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Answers a change that was made, once it is written down.
pub(super) async fn audited(admin: &Admin, what: &str, on: impl Into<Option<String>>, answer: Value) -> Response {
    let audit = Audit { by: OPERATOR.to_owned(), what: what.to_owned(), on: on.into() };
    match admin.doors.runtime.audit(&audit).await {
        Ok(()) => Json(answer).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Which reply, and for what reason it is dropped.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steer {
    /// TikTok's id of the conversation, or ours.
    pub conversation: String,
    pub reply: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

async fn retry(_: Operator, State(admin): State<Arc<Admin>>, Json(steer): Json<Steer>) -> Response {
    steered(&admin, &steer, false).await
}

async fn give_up(_: Operator, State(admin): State<Arc<Admin>>, Json(steer): Json<Steer>) -> Response {
    if !steer.reason.as_deref().is_some_and(super::api::outbox::good_reason) {
        return refuse(StatusCode::BAD_REQUEST, "a reason has 1 to 200 characters on one line, not only blanks");
    }
    steered(&admin, &steer, true).await
}

async fn steered(admin: &Admin, steer: &Steer, drop: bool) -> Response {
    let runtime = &admin.doors.runtime;
    let ids = match runtime.find_named(&steer.conversation).await {
        Ok(ids) => ids,
        Err(error) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    let [id] = ids.as_slice() else {
        let text = if ids.is_empty() {
            "nothing is known of this conversation"
        } else {
            "several conversations are called so: name ours"
        };
        return refuse(StatusCode::NOT_FOUND, text);
    };
    let reply = ReplyId(steer.reply);
    let done = match &steer.reason {
        Some(reason) if drop => runtime.drop_reply(*id, reply, OPERATOR, reason).await,
        _ => runtime.retry_reply(*id, reply, OPERATOR).await,
    };
    match done {
        Ok(steered) if steered.duplicate => Json(json!(steered)).into_response(),
        Ok(steered) => {
            let on = format!("conversation {}, reply {}", id.0, steer.reply);
            audited(admin, if drop { "drop" } else { "retry" }, on, json!(steered)).await
        }
        Err(NotSteered::Refused(error)) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        Err(NotSteered::Nobody) => refuse(StatusCode::NOT_FOUND, &NotSteered::Nobody.to_string()),
        Err(error) => refuse(StatusCode::CONFLICT, &error.to_string()),
    }
}
