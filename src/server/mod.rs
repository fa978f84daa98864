//! In: HTTP. Out: deliveries to the runtime, answers, pages.
//! Does not know: the engine's insides, SQL, the command line.

pub mod admin;
pub mod api;
pub mod compiler;
pub mod connecting;
pub mod contacts;
pub mod deployments;
pub mod disconnecting;
pub mod dry_run;
pub mod events;
pub mod examine;
mod exposition;
mod health;
mod metrics;
pub mod node;
pub mod operator;
pub mod phone;
pub mod probe;
pub mod registration;
pub mod settings;
pub mod sign_in;
pub mod syncing;
pub mod testers;
pub mod traces;
pub mod waiting;
mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use webhook::{BODY_BYTES_MAX, Counters};

use self::testers::Testers;
use crate::runtime::Handle;
use crate::runtime::port::{Clock, Transport};
use crate::tiktok::signature::Signer;

/// What the routes lead to.
pub struct Doors {
    pub runtime: Handle,
    pub clock: Arc<dyn Clock>,
    pub transport: Arc<dyn Transport>,
    /// One per app; each is tried on a delivery.
    pub signers: Vec<Signer>,
    pub counters: Counters,
    pub testers: Arc<Testers>,
    /// What accounts are connected with; `None` in a dry run.
    pub sign_in: Option<sign_in::SignIn>,
    /// Nothing is sent.
    pub dry_run: bool,
}

/// The routes of a server that takes traffic: webhooks and health. What shows more is behind [`admin::router`].
pub fn router(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/webhooks/tiktok", post(webhook::receive))
        .route(sign_in::PATH, get(sign_in::returned))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(doors)
}

/// Serves webhooks and health until `shutdown` is ready; answers that are under way are finished.
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
