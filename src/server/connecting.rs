//! Connecting accounts, over the operators' listener.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::admin::{Admin, Operator, refuse};
use super::examine::{AppFacts, examine};
use super::{Doors, health, sign_in};
use crate::runtime::AccountState;

/// What is to be connected.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The only one of the settings without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Asked for beside the usual ones.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// Where TikTok led back to, brought by hand.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    /// The whole address that the browser shows, or its query.
    pub address: String,
}

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/admin/v1/sign-in", post(begin))
        .route("/admin/v1/sign-in/return", post(finish))
        .route("/admin/v1/accounts", get(accounts))
        .route("/admin/v1/examination", get(examination))
}

/// What TikTok says, asked by a server or in its place.
#[derive(Debug, Serialize, Deserialize)]
pub struct Examination {
    pub apps: Vec<AppFacts>,
    /// TikTok's clock less ours; `None` where it has not answered.
    pub clock_ms: Option<i64>,
    /// Accounts that send nothing, the word of their state, and why.
    pub stopped: Vec<(String, String, String)>,
}

async fn examination(_: Operator, State(admin): State<Arc<Admin>>) -> Response {
    let doors = &admin.doors;
    let Some(sign_in) = &doors.sign_in else {
        return refuse(StatusCode::CONFLICT, "a dry run asks TikTok nothing");
    };
    let served = doors.runtime.accounts();
    let of = |app: &str| served.iter().filter(|one| one.app == app).map(|one| one.open_id.clone()).collect();
    let apps: Vec<(String, Vec<String>)> = doors.signers.iter().map(|signer| (signer.app.clone(), of(&signer.app))).collect();
    let apps = examine(&sign_in.client, &apps, doors.clock.now(), &doors.runtime).await;
    let reports = doors.runtime.reports().await;
    let stopped = reports.iter().flat_map(|report| &report.parked);
    let stopped = stopped.map(|(account, state, why)| (account.clone(), state.word().to_owned(), why.clone())).collect();
    let examined = Examination { apps, clock_ms: doors.transport.skew_ms(), stopped };
    let mut body = json!(examined);
    if let Some(body) = body.as_object_mut() {
        body.insert("reasons".to_owned(), health::reasons(doors, &reports));
    }
    Json(body).into_response()
}

/// The accounts that are served, and what each may do.
async fn accounts(_: Operator, State(admin): State<Arc<Admin>>) -> Response {
    let doors: &Doors = &admin.doors;
    let (reports, now) = (doors.runtime.reports().await, doors.clock.now());
    let left = sign_in::left(doors, now);
    let pauses = doors.runtime.pauses();
    let rows: Vec<_> = doors
        .runtime
        .accounts()
        .into_iter()
        .map(|one| {
            let report = reports.iter().find(|report| report.app == one.app);
            let parked = report.and_then(|report| report.parked.iter().find(|(open_id, ..)| *open_id == one.open_id));
            let held = doors.sign_in.as_ref().is_none_or(|sign_in| sign_in.client.tokens().has(&one.app, &one.open_id));
            let (state, why) = match parked {
                Some((_, state, why)) => (*state, Some(why.clone())),
                None if !held => (AccountState::NeedsSignIn, Some("there is no token".to_owned())),
                None => (AccountState::Active, None),
            };
            let left = left.iter().find(|(app, open_id, _)| *app == one.app && *open_id == one.open_id);
            let paused = pauses.iter().any(|pause| pause.account.as_ref().is_none_or(|account| *account == one.open_id));
            json!({
                "app": one.app, "account": one.open_id, "state": state, "why": why, "paused": paused,
                "renewable_ms": left.map(|(_, _, left)| left),
            })
        })
        .collect();
    Json(json!({ "accounts": rows })).into_response()
}

async fn begin(_: Operator, State(admin): State<Arc<Admin>>, Json(wish): Json<Wish>) -> Response {
    match sign_in::begin(&admin.doors, wish.app.as_deref(), &wish.scopes) {
        Ok(begun) => Json(begun).into_response(),
        Err(why) => refuse(StatusCode::CONFLICT, &why),
    }
}

async fn finish(_: Operator, State(admin): State<Arc<Admin>>, Json(brought): Json<Brought>) -> Response {
    let query = brought.address.split_once('?').map_or(brought.address.as_str(), |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    match sign_in::finish(&admin.doors, query).await {
        Ok(done) => Json(done).into_response(),
        Err(trouble) => refuse(trouble.status, &format!("{} {}", trouble.why, trouble.repair)),
    }
}
