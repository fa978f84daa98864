//! The time before the store is reached: the server lives, is not ready, and takes nothing.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

/// Answers health, and all else with 503: TikTok delivers again. Which database it is nobody hears who can only reach the
/// port; the log says it.
fn router() -> Router {
    let reasons = || json!([{ "reason": "database", "stops": "deliveries" }]);
    let live = move || async move { closing(StatusCode::OK, Json(json!({ "status": "waiting", "reasons": reasons() }))) };
    let ready = move || async move {
        closing(StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready", "reasons": reasons() })))
    };
    Router::new()
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .fallback(async || closing(StatusCode::SERVICE_UNAVAILABLE, "the store is not reached yet, try again\n"))
}

/// Nobody keeps a connection to a server that is about to become another.
fn closing(status: StatusCode, body: impl IntoResponse) -> impl IntoResponse {
    (status, [(header::CONNECTION, "close"), (header::RETRY_AFTER, "5")], body)
}

/// Serves until it is dropped or the listener fails. The listener is a second handle of one that goes on.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    axum::serve(listener, router()).await
}

/// A second handle of a listener: who stops accepting from one leaves whoever knocks to the other.
///
/// # Errors
/// When the system has no more handles.
pub fn beside(listener: TcpListener) -> std::io::Result<(TcpListener, TcpListener)> {
    let first = listener.into_std()?;
    let second = first.try_clone()?;
    Ok((TcpListener::from_std(first)?, TcpListener::from_std(second)?))
}
