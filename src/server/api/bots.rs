//! Versions of the bot: which there are, what a deployment would mean, deploy, roll back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::caller::{Asked, Body, By, Deploy, Key, Read};
use super::problem::Problem;
use super::shapes::{Time, word};
use crate::runtime;
use crate::server::deployments::{BODY_BYTES_MAX, Sent, Whose, on};

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(versions))
        .routes(routes!(plan))
        .routes(routes!(deploy))
        .routes(routes!(roll_back))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// The stored versions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Versions {
    versions: Vec<Version>,
}

/// A stored version of the bot.
#[derive(Debug, Serialize, ToSchema)]
struct Version {
    version: u32,
    digest: String,
    stored: Time,
    /// The program that stored it.
    program: String,
    live: bool,
    /// A rollback leads here.
    before: bool,
    /// Accounts whose own bot is live in it (`business_id`).
    accounts: Vec<String>,
    /// Conversations that are in the middle of something that began in it.
    customers: u64,
}

/// List the versions of bots, and which is live of the shared one or of an account's own. Scope `read`.
#[utoipa::path(get, path = "/versions", tag = "bots", params(Whose), responses((status = 200, body = Versions)))]
pub(super) async fn versions(
    _: By<Read>,
    State(api): State<Arc<Api>>,
    Asked(whose): Asked<Whose>,
) -> Result<Json<Versions>, Problem> {
    let listed = api.runtime().deployments(whose.account.as_deref())?.versions().await?;
    let versions = listed.into_iter().map(|listed| Version {
        version: listed.version,
        digest: listed.digest,
        stored: Time(listed.stored),
        program: listed.program,
        live: listed.live,
        before: listed.before,
        accounts: listed.accounts,
        customers: listed.customers,
    });
    Ok(Json(Versions { versions: versions.collect() }))
}

/// What a deployment would mean.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Plan {
    name: String,
    /// The number that it has already.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<u32>,
    /// Each step at which customers wait.
    parked: Vec<Parked>,
    /// What speaks against it; nothing that is `critical` is deployed.
    findings: Vec<Finding>,
}

/// Customers that wait at one step.
#[derive(Debug, Serialize, ToSchema)]
struct Parked {
    version: u32,
    flow: String,
    /// As in `shop.flow:12`.
    place: String,
    step: String,
    customers: u64,
    /// `moves`, `stays` or `lost`.
    lands: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Finding {
    /// `critical` or `warning`.
    severity: String,
    text: String,
}

impl Plan {
    fn of(plan: runtime::Plan) -> Self {
        let parked = plan.parked.into_iter().map(|parked| Parked {
            version: parked.version,
            flow: parked.flow,
            place: parked.place,
            step: parked.step,
            customers: parked.customers,
            lands: word(&parked.lands),
        });
        let finding = |finding: runtime::Finding| Finding { severity: word(&finding.severity), text: finding.text };
        Self {
            name: plan.name,
            version: plan.version,
            live: plan.live,
            parked: parked.collect(),
            findings: plan.findings.into_iter().map(finding).collect(),
        }
    }
}

/// Say what a deployment of these files would mean; nothing is changed. Scope `deploy`.
#[utoipa::path(post, path = "/plan", tag = "bots", params(Whose), request_body = Sent, responses((status = 200, body = Plan)))]
pub(super) async fn plan(
    _: By<Deploy>,
    State(api): State<Arc<Api>>,
    Asked(whose): Asked<Whose>,
    Body(sent): Body<Sent>,
) -> Result<Json<Plan>, Problem> {
    let deployments = api.runtime().deployments(whose.account.as_deref())?;
    Ok(Json(Plan::of(deployments.plan(&sent.files()?).await?)))
}

/// The version that is live now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    live: u32,
    /// Where a rollback leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u32>,
    /// It was live already, or the rollback came before under the same key: nothing was changed.
    unchanged: bool,
}

impl Live {
    fn of(deployed: &runtime::Deployed) -> Self {
        Self { live: deployed.live, before: deployed.before, unchanged: deployed.unchanged }
    }
}

/// Make these files live, without a restart. The same files again change nothing. Scope `deploy`.
#[utoipa::path(post, path = "/deploy", tag = "bots", params(Whose), request_body = Sent, responses((status = 200, body = Live)))]
pub(super) async fn deploy(
    by: By<Deploy>,
    State(api): State<Arc<Api>>,
    Asked(whose): Asked<Whose>,
    Body(sent): Body<Sent>,
) -> Result<Json<Live>, Problem> {
    let deployments = api.runtime().deployments(whose.account.as_deref())?;
    let (deployed, _) = deployments.deploy(&sent.files()?).await?;
    if !deployed.unchanged {
        api.audit(&by.name, "deploy", Some(on(&deployed, whose.account.as_deref()))).await?;
    }
    Ok(Json(Live::of(&deployed)))
}

/// Go back to the version before; once more, and the first is back. The same key is the same rollback: it changes nothing
/// again, and tells what is live now. Scope `deploy`.
#[utoipa::path(
    post, path = "/rollback", tag = "bots",
    params(Whose, ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters; the same key is the same rollback")),
    responses((status = 200, body = Live)),
)]
pub(super) async fn roll_back(
    by: By<Deploy>,
    Key(key): Key,
    State(api): State<Arc<Api>>,
    Asked(whose): Asked<Whose>,
) -> Result<Json<Live>, Problem> {
    let deployments = api.runtime().deployments(whose.account.as_deref())?;
    // Keys belong to their token; the length first, so that no name and key can be read as another pair.
    let name = key.map(|key| STANDARD.encode(Sha256::digest(format!("{} {} {key}", by.name.len(), by.name))));
    let deployed = deployments.roll_back(name.as_deref()).await?;
    if !deployed.unchanged {
        api.audit(&by.name, "rollback", Some(on(&deployed, whose.account.as_deref()))).await?;
    }
    Ok(Json(Live::of(&deployed)))
}
