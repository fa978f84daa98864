//! `GET /healthz`: 200 while the server takes traffic, 503 when it has stopped to.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Doors;

pub(super) async fn answer(State(doors): State<Arc<Doors>>) -> (StatusCode, Json<Value>) {
    let serving = doors.runtime.is_serving();
    let counters = &doors.counters;
    let body = json!({
        "status": if serving { "ok" } else { "stopping" },
        "deliveries": {
            "accepted": counters.accepted.load(Ordering::Relaxed),
            "refused_signature": counters.refused_signature.load(Ordering::Relaxed),
            "refused_age": counters.refused_age.load(Ordering::Relaxed),
            "refused_busy": counters.refused_busy.load(Ordering::Relaxed),
        },
    });
    (if serving { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}
