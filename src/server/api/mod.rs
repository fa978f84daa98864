//! In: requests of programs with a token. Out: what the runtime knows and does, as JSON, with its OpenAPI document.
//! Does not know: the engine's insides, SQL, how a decision is made.

mod bots;
mod caller;
mod colleague;
mod contacts;
mod conversations;
mod document;
mod operate;
pub(super) mod outbox;
mod pace;
mod privacy;
mod problem;
mod shapes;
mod simulate;
mod stream;
pub mod tokens;
pub(super) mod tokens_admin;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::pace::Pace;
use self::problem::Problem;
use super::admin::Admin;
use crate::runtime::Audit;

/// Where all of it stands.
pub const BASE: &str = "/api/v1";
/// Of anything but flows, in bytes: a text of 6,000 characters with room to spare.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What the routes lead to.
pub(super) struct Api {
    admin: Arc<Admin>,
    pace: Pace,
    simulations: Semaphore,
    /// Places for streams of events.
    streams: Arc<Semaphore>,
}

impl Api {
    fn runtime(&self) -> &crate::runtime::Handle {
        &self.admin.doors.runtime
    }

    /// Writes down a change that was made.
    async fn audit(&self, by: &str, what: &str, on: Option<String>) -> Result<(), Problem> {
        let audit = Audit { by: by.to_owned(), what: what.to_owned(), on };
        Ok(self.runtime().audit(&audit).await?)
    }
}

fn parts() -> (Router<Arc<Api>>, utoipa::openapi::OpenApi) {
    let (large, of_large) = bots::routes().split_for_parts();
    let (small, mut document) = OpenApiRouter::with_openapi(document::opening())
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::one))
        .routes(routes!(conversations::image))
        .routes(routes!(colleague::take_over))
        .routes(routes!(colleague::release))
        .routes(routes!(colleague::write))
        .routes(routes!(simulate::simulate))
        .routes(routes!(stream::events))
        .routes(routes!(outbox::list))
        .routes(routes!(outbox::failed))
        .routes(routes!(outbox::retry))
        .routes(routes!(outbox::give_up))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::one, contacts::change))
        .routes(routes!(contacts::opt_out))
        .routes(routes!(contacts::opt_in))
        .routes(routes!(operate::pauses))
        .routes(routes!(operate::pause))
        .routes(routes!(operate::resume))
        .routes(routes!(operate::audit))
        .routes(routes!(privacy::export))
        .routes(routes!(privacy::erase))
        .split_for_parts();
    document.merge(of_large);
    (small.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).merge(large), document)
}

/// The OpenAPI document, as it is served.
#[must_use]
pub fn openapi() -> serde_json::Value {
    document::whole(parts().1)
}

/// The routes, each under [`BASE`].
pub(super) fn routes(admin: Arc<Admin>) -> Router {
    let api = Api {
        admin,
        pace: Pace::default(),
        simulations: Semaphore::new(simulate::AT_ONCE),
        streams: Arc::new(Semaphore::new(stream::OPEN_MAX)),
    };
    let (routes, document) = parts();
    let document = document::whole(document).to_string();
    let served = move || async move { ([(header::CONTENT_TYPE, "application/json")], document).into_response() };
    let routes = routes
        .route("/openapi.json", get(served))
        .fallback(async || Problem::not_found("there is no such address"))
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(Arc::new(api));
    Router::new().nest(BASE, routes)
}
