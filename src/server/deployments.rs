//! Deployments over the operators' listener.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::admin::{Admin, Operator, audited, refuse};
use crate::runtime::port::Files;
use crate::runtime::{DeployError, Deployed};

/// Flows and images in base64, in bytes; what is stored of them has a smaller bound.
pub(super) const BODY_BYTES_MAX: usize = 64 << 20;

/// The files of a bot on their way.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Path and text of each.
    pub flows: Vec<(String, String)>,
    /// Path and bytes of each, in base64.
    #[serde(default)]
    pub images: Vec<(String, String)>,
}

impl Sent {
    #[must_use]
    pub fn of(files: &Files) -> Self {
        let images = files.images.iter().map(|(path, bytes)| (path.clone(), STANDARD.encode(bytes)));
        Self { flows: files.flows.clone(), images: images.collect() }
    }

    pub(super) fn files(self) -> Result<Files, DeployError> {
        let images = self.images.into_iter().map(|(path, text)| {
            let bytes = STANDARD.decode(text);
            bytes.map(|bytes| (path, bytes)).map_err(|_| DeployError::Refused("an image is no base64".to_owned()))
        });
        Ok(Files { flows: self.flows, images: images.collect::<Result<_, _>>()? })
    }
}

/// The routes, beside the other operators' routes.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/admin/v1/versions", get(versions))
        .route("/admin/v1/plan", post(plan))
        .route("/admin/v1/deploy", post(deploy))
        .route("/admin/v1/rollback", post(roll_back))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Whose bot is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// The own bot of this account (`business_id`); without it the one that accounts share.
    pub account: Option<String>,
}

async fn versions(_: Operator, State(admin): State<Arc<Admin>>, Query(whose): Query<Whose>) -> Response {
    let listed = async {
        let versions = admin.doors.runtime.deployments(whose.account.as_deref())?.versions().await?;
        Ok(json!({ "versions": versions }))
    };
    answer(listed.await)
}

async fn plan(_: Operator, State(admin): State<Arc<Admin>>, Query(whose): Query<Whose>, Json(sent): Json<Sent>) -> Response {
    let planned = async {
        let plan = admin.doors.runtime.deployments(whose.account.as_deref())?.plan(&sent.files()?).await?;
        Ok(json!({ "plan": plan }))
    };
    answer(planned.await)
}

async fn deploy(_: Operator, State(admin): State<Arc<Admin>>, Query(whose): Query<Whose>, Json(sent): Json<Sent>) -> Response {
    let done = async {
        let deployments = admin.doors.runtime.deployments(whose.account.as_deref())?;
        let (deployed, plan) = deployments.deploy(&sent.files()?).await?;
        let answer = json!({ "deployed": deployed, "plan": plan });
        Ok((deployed, answer))
    };
    changed(&admin, "deploy", &whose, done.await).await
}

async fn roll_back(_: Operator, State(admin): State<Arc<Admin>>, Query(whose): Query<Whose>) -> Response {
    let done = async {
        let deployed = admin.doors.runtime.deployments(whose.account.as_deref())?.roll_back(None).await?;
        let answer = json!({ "deployed": deployed });
        Ok((deployed, answer))
    };
    changed(&admin, "rollback", &whose, done.await).await
}

/// What was changed stands in the audit before it is answered.
async fn changed(admin: &Admin, what: &str, whose: &Whose, done: Result<(Deployed, Value), DeployError>) -> Response {
    match done {
        Ok((deployed, value)) if !deployed.unchanged => {
            audited(admin, what, on(&deployed, whose.account.as_deref()), value).await
        }
        done => answer(done.map(|(_, value)| value)),
    }
}

/// What the audit says of a deployment.
pub(crate) fn on(deployed: &Deployed, account: Option<&str>) -> String {
    match account {
        Some(account) => format!("version {} of account {account}", deployed.live),
        None => format!("version {}", deployed.live),
    }
}

fn answer(done: Result<Value, DeployError>) -> Response {
    match done {
        Ok(value) => Json(value).into_response(),
        Err(error @ DeployError::Nobody(_)) => refuse(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error @ DeployError::Refused(_)) => refuse(StatusCode::CONFLICT, &error.to_string()),
        Err(error @ DeployError::Store(_)) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}
