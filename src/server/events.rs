//! What operators see of the events for other systems, and do with them.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::admin::{Admin, Operator, audited, refuse};
use crate::runtime::port::EventQuery;

/// Events that are listed at once.
const LISTED_MAX: usize = 1_000;

/// Which events.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(default)]
    pub dead: bool,
    /// One event: line and place, as in `4711.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Which {
    fn query(self) -> Option<EventQuery> {
        let one = match &self.key {
            Some(key) => Some(read_key(key)?),
            None => None,
        };
        Some(EventQuery { endpoint: self.endpoint, dead: self.dead, one })
    }
}

/// `4711.0`: line and place.
fn read_key(key: &str) -> Option<(i64, u32)> {
    let (seq, place) = key.split_once('.')?;
    Some((seq.parse().ok()?, place.parse().ok()?))
}

/// Under `/admin/v1`.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/admin/v1/webhooks", get(endpoints))
        .route("/admin/v1/webhooks/events", get(events))
        .route("/admin/v1/webhooks/replay", post(replay))
        .route("/admin/v1/webhooks/enable", post(enable))
}

async fn endpoints(_: Operator, State(admin): State<Arc<Admin>>) -> Response {
    let report = match admin.doors.runtime.event_report().await {
        Ok(report) => report,
        Err(error) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    let named = |name: &str| report.endpoints.iter().find(|endpoint| endpoint.name == name);
    let stored = |name: &str| report.counts.iter().find(|count| count.endpoint == name);
    let gone = report.counts.iter().map(|count| &count.endpoint).filter(|name| named(name).is_none());
    let names = report.endpoints.iter().map(|endpoint| &endpoint.name).chain(gone);
    let list = names.map(|name| {
        let (here, count) = (named(name), stored(name));
        json!({
            "endpoint": name,
            "in_settings": here.is_some(),
            "waiting": count.map_or(0, |count| count.waiting),
            "dead": count.map_or(0, |count| count.dead),
            "oldest": count.and_then(|count| count.oldest).map(|oldest| oldest.0),
            "delivered": here.map_or(0, |here| here.delivered),
            "failed": here.map_or(0, |here| here.failed),
            "off": here.and_then(|here| here.off.clone()),
            "failing": here.and_then(|here| here.failing.clone()),
        })
    });
    Json(json!({ "now": admin.doors.clock.now().0, "endpoints": list.collect::<Vec<_>>() })).into_response()
}

async fn events(_: Operator, State(admin): State<Arc<Admin>>, Query(which): Query<Which>) -> Response {
    let Some(query) = which.query() else { return no_key() };
    match admin.doors.runtime.undelivered(&query, LISTED_MAX).await {
        Ok(events) => Json(json!({ "now": admin.doors.clock.now().0, "events": events })).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn replay(_: Operator, State(admin): State<Arc<Admin>>, Json(which): Json<Which>) -> Response {
    let on = match (&which.key, &which.endpoint) {
        (Some(key), _) => format!("event {key}"),
        (None, Some(endpoint)) => format!("endpoint {endpoint}"),
        (None, None) => "all endpoints".to_owned(),
    };
    let Some(query) = which.query() else { return no_key() };
    match admin.doors.runtime.replay_events(&query).await {
        Ok(many) => audited(&admin, "webhooks_replayed", format!("{many} events, {on}"), json!({ "replayed": many })).await,
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn enable(_: Operator, State(admin): State<Arc<Admin>>, Json(which): Json<Which>) -> Response {
    let endpoint = which.endpoint.as_deref().unwrap_or_default();
    match admin.doors.runtime.switch_on(endpoint).await {
        Ok(true) => audited(&admin, "webhooks_enabled", format!("endpoint {endpoint}"), json!({})).await,
        Ok(false) => refuse(StatusCode::NOT_FOUND, "the settings name no such endpoint"),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn no_key() -> Response {
    refuse(StatusCode::BAD_REQUEST, "an event is named by its key, as in `4711.0`")
}
