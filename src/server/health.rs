//! `GET /healthz`: 200 while the server lives, 503 when it has begun to stop. `GET /readyz`: 200 while it takes
//! deliveries. Both say why in `reasons`: what stops deliveries makes the server unready, what stops sending does not,
//! since TikTok's deliveries must be kept all the same.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::Doors;
use crate::runtime::Report;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Trouble {
    /// `stopping`, `store`, `queue`; `clock`, `account`, `slow`, `paused`, `testers`, `dry_run`.
    reason: &'static str,
    /// `deliveries` or `sending`.
    stops: &'static str,
}

fn troubles(doors: &Doors, sending: &[Report]) -> Vec<Trouble> {
    let deliveries = |reason| Trouble { reason, stops: "deliveries" };
    let stopped = |reason| Trouble { reason, stops: "sending" };
    let mut found = Vec::new();
    if !doors.runtime.is_serving() {
        found.push(deliveries("stopping"));
    }
    found.extend(doors.runtime.refuses().map(deliveries));
    let raised = [
        ("clock", sending.iter().any(|report| report.clock_stops)),
        ("account", sending.iter().any(|report| !report.parked.is_empty())),
        ("slow", sending.iter().flat_map(|report| &report.days).any(|day| day.slow)),
        ("paused", !doors.runtime.pauses().is_empty()),
        ("testers", doors.testers.count() > 0),
        ("dry_run", doors.dry_run),
    ];
    found.extend(raised.into_iter().filter(|(_, raised)| *raised).map(|(word, _)| stopped(word)));
    found
}

/// What is not as it should be, for operators.
pub(super) fn reasons(doors: &Doors, sending: &[Report]) -> Value {
    json!(troubles(doors, sending))
}

pub(super) async fn live(State(doors): State<Arc<Doors>>) -> (StatusCode, Json<Value>) {
    let serving = doors.runtime.is_serving();
    let counters = &doors.counters;
    let sending = doors.runtime.reports().await;
    let reasons = troubles(&doors, &sending);
    let alarms: Vec<&str> =
        reasons.iter().map(|trouble| trouble.reason).filter(|reason| matches!(*reason, "clock" | "account" | "slow")).collect();
    // No names: whoever can reach the port can read this.
    let apps: Vec<Value> = sending
        .iter()
        .map(|report| {
            json!({
                "leads": report.leads,
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
        "reasons": reasons,
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

pub(super) async fn ready(State(doors): State<Arc<Doors>>) -> (StatusCode, Json<Value>) {
    let reasons = troubles(&doors, &doors.runtime.reports().await);
    let ready = reasons.iter().all(|trouble| trouble.stops != "deliveries");
    let status = if ready { "ready" } else { "not ready" };
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(json!({ "status": status, "reasons": reasons })))
}
