//! Connecting accounts, over the operators' listener.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::admin::{Admin, Operator, refuse};
use super::sign_in;

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
    Router::new().route("/admin/v1/sign-in", post(begin)).route("/admin/v1/sign-in/return", post(finish))
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
