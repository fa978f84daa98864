//! What waits, what is paused, who changed what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::caller::{Body, By, Operate, Read};
use super::problem::Problem;
use super::shapes::Time;
use crate::runtime::port::StoreError;

/// Lines of no conversation that are looked at for audits.
const LOOKED_MAX: usize = 1_000;

/// What is paused.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pauses {
    pauses: Vec<Pause>,
}

/// Since when nothing is sent.
#[derive(Debug, Serialize, ToSchema)]
struct Pause {
    /// `business_id`; missing for all accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    since: Time,
}

fn paused(api: &Api) -> Json<Pauses> {
    let pauses = api.runtime().pauses().into_iter();
    Json(Pauses { pauses: pauses.map(|paused| Pause { account: paused.account, since: Time(paused.since) }).collect() })
}

/// Say what is paused. Scope `read`.
#[utoipa::path(get, path = "/pauses", tag = "operations", responses((status = 200, body = Pauses)))]
pub(super) async fn pauses(_: By<Read>, State(api): State<Arc<Api>>) -> Json<Pauses> {
    paused(&api)
}

/// What is to be paused or resumed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// `business_id`; all accounts without it.
    #[serde(default)]
    account: Option<String>,
}

/// Stop all sending, or that of one account; replies wait. Scope `operate`.
#[utoipa::path(post, path = "/pause", tag = "operations", request_body = Which, responses((status = 200, body = Pauses)))]
pub(super) async fn pause(
    by: By<Operate>,
    State(api): State<Arc<Api>>,
    Body(which): Body<Which>,
) -> Result<Json<Pauses>, Problem> {
    let done = api.runtime().pause(which.account.as_deref()).await;
    after(&api, &by.name, "pause", which, done).await
}

/// Let sending go on. Scope `operate`.
#[utoipa::path(post, path = "/resume", tag = "operations", request_body = Which, responses((status = 200, body = Pauses)))]
pub(super) async fn resume(
    by: By<Operate>,
    State(api): State<Arc<Api>>,
    Body(which): Body<Which>,
) -> Result<Json<Pauses>, Problem> {
    let done = api.runtime().resume(which.account.as_deref()).await;
    after(&api, &by.name, "resume", which, done).await
}

async fn after(api: &Api, by: &str, what: &str, which: Which, done: Result<bool, StoreError>) -> Result<Json<Pauses>, Problem> {
    if !done? {
        return Err(Problem::not_found("the settings name no such account"));
    }
    api.audit(by, what, which.account.map(|account| format!("account {account}"))).await?;
    Ok(paused(api))
}

/// The newest changes first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Audits {
    changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    at: Time,
    /// The name of a token.
    by: String,
    /// `message`, `take_over`, `release`, `contact`, `opt_out`, `opt_in`, `retry`, `drop`, `pause`, `resume`, `deploy`, `rollback`, `export`,
    /// `erase`, `webhooks_replayed`, `webhooks_enabled`, `token_created` or `token_revoked`.
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
}

/// Say who changed what, among the newest thousand lines of the history of no conversation. Scope `operate`.
#[utoipa::path(get, path = "/audit", tag = "operations", responses((status = 200, body = Audits)))]
pub(super) async fn audit(_: By<Operate>, State(api): State<Arc<Api>>) -> Result<Json<Audits>, Problem> {
    let audits = api.runtime().audits(LOOKED_MAX).await?;
    let change = |(at, audit): (_, crate::runtime::Audit)| Change { at: Time(at), by: audit.by, what: audit.what, on: audit.on };
    Ok(Json(Audits { changes: audits.into_iter().map(change).collect() }))
}
