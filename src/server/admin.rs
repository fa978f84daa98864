//! What operators reach and the world does not: metrics and health, on a listener of their own.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use super::{Doors, health, metrics};

/// The routes of the operators' listener.
pub fn router(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::answer))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .with_state(doors)
}

/// Serves operators until `shutdown` is ready.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    doors: Arc<Doors>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(doors)).with_graceful_shutdown(shutdown).await
}
