//! The address that TikTok delivers an app's messages to: what it is, and changing it. For operators.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Doors;
use super::admin::{Admin, Operator, refuse};
use crate::channel::Outcome;
use crate::runtime::port::{CallFailure, Permit};
use crate::tiktok::client::Client;

/// The path of deliveries below `public_url`.
pub const WEBHOOK: &str = "/webhooks/tiktok";

/// Which app, and where its deliveries shall go.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// All of the settings' without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// `public_url` of the settings with [`WEBHOOK`] without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What TikTok says of one app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    pub app: String,
    /// Where TikTok delivers; `None` where nothing is registered.
    pub address: Option<String>,
    /// Where this server takes deliveries, as far as the settings say it.
    pub expected: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/admin/v1/registration", get(show).post(set).delete(remove))
}

/// Where the deliveries of a server with this `public_url` go.
#[must_use]
pub fn expected(public_url: Option<&str>) -> Option<String> {
    public_url.map(|url| format!("{}{WEBHOOK}", url.trim_end_matches('/')))
}

/// How a call failed, for people.
#[must_use]
pub fn told(failure: &CallFailure) -> String {
    match &failure.outcome {
        Outcome::Refused { code, text, .. } => format!("TikTok refuses it: {code} {text}"),
        Outcome::NotSent(crate::channel::NotSent::NoConnection { text }) => format!("TikTok cannot be reached: {text}"),
        Outcome::Unknown { text } => format!("TikTok gave no answer that can be read: {text}"),
        other => format!("TikTok was not asked: {other:?}"),
    }
}

enum What {
    Show,
    Set,
    Remove,
}

async fn show(_: Operator, State(admin): State<Arc<Admin>>, Query(wanted): Query<Wanted>) -> Response {
    answer(&admin.doors, &wanted, &What::Show).await
}

async fn set(_: Operator, State(admin): State<Arc<Admin>>, Json(wanted): Json<Wanted>) -> Response {
    answer(&admin.doors, &wanted, &What::Set).await
}

async fn remove(_: Operator, State(admin): State<Arc<Admin>>, Query(wanted): Query<Wanted>) -> Response {
    answer(&admin.doors, &wanted, &What::Remove).await
}

async fn answer(doors: &Doors, wanted: &Wanted, what: &What) -> Response {
    match act(doors, wanted, what).await {
        Ok(registered) => Json(json!({ "registered": registered })).into_response(),
        Err((status, why)) => refuse(status, &why),
    }
}

async fn act(doors: &Doors, wanted: &Wanted, what: &What) -> Result<Vec<Registered>, (StatusCode, String)> {
    let sign_in = doors.sign_in.as_ref().ok_or((StatusCode::CONFLICT, "a dry run asks TikTok nothing".to_owned()))?;
    let known = |app: &&str| wanted.app.as_deref().is_none_or(|named| named == *app);
    let apps: Vec<&str> = doors.signers.iter().map(|signer| signer.app.as_str()).filter(known).collect();
    if apps.is_empty() {
        return Err((StatusCode::NOT_FOUND, "the settings name no such app".to_owned()));
    }
    let expected = expected(sign_in.public_url.as_deref());
    let address = match (what, wanted.address.clone().or_else(|| expected.clone())) {
        (What::Set, None) => {
            let why = "the settings name no `public_url`: set it, or name the address by `--address`";
            return Err((StatusCode::CONFLICT, why.to_owned()));
        }
        (_, address) => address.unwrap_or_default(),
    };
    let mut registered = Vec::new();
    for app in apps {
        let why = "the server stops, or another one on the same store speaks to TikTok for this app";
        let permit = doors.runtime.permit(app).await.ok_or((StatusCode::SERVICE_UNAVAILABLE, why.to_owned()))?;
        let now = call(&sign_in.client, permit, app, what, &address).await;
        let now = now.map_err(|failure| (StatusCode::BAD_GATEWAY, format!("app {app}: {}", told(&failure))))?;
        registered.push(Registered { app: app.to_owned(), address: now, expected: expected.clone() });
    }
    Ok(registered)
}

async fn call(client: &Client, permit: Permit, app: &str, what: &What, address: &str) -> Result<Option<String>, CallFailure> {
    match what {
        What::Show => client.webhook(permit, app).await,
        What::Set => client.set_webhook(permit, app, address).await,
        What::Remove => client.remove_webhook(permit, app).await.map(|()| None),
    }
}
