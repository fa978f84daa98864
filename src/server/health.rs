//! `GET /healthz`: 200 while the server takes traffic, 503 when it has stopped to. `alarms` names what needs
//! somebody: `clock` (it differs from TikTok's by more than five minutes), `account` (one sends nothing more).

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
    let sending = doors.runtime.reports().await;
    let alarms: Vec<&str> = [
        ("clock", sending.iter().any(|report| report.clock_stops)),
        ("account", sending.iter().any(|report| !report.parked.is_empty())),
    ]
    .into_iter()
    .filter_map(|(word, raised)| raised.then_some(word))
    .collect();
    // No names: whoever can reach the port can read this.
    let apps: Vec<Value> = sending
        .iter()
        .map(|report| {
            json!({
                "ready": report.ready,
                "in_flight": report.in_flight,
                "paused_ms": report.paused_ms,
                "clock_ms": report.clock_ms,
                "accounts_stopped": report.parked.len(),
            })
        })
        .collect();
    let body = json!({
        "status": if serving { "ok" } else { "stopping" },
        "alarms": alarms,
        "sending": apps,
        "deliveries": {
            "accepted": counters.accepted.load(Ordering::Relaxed),
            "refused_signature": counters.refused_signature.load(Ordering::Relaxed),
            "refused_age": counters.refused_age.load(Ordering::Relaxed),
            "refused_busy": counters.refused_busy.load(Ordering::Relaxed),
        },
    });
    (if serving { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}
