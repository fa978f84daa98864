//! What operators do with all that is kept of a customer: read it, and erase it.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::admin::{Admin, Operator, refuse};
use crate::runtime::port::{ConversationId, StoreError};
use crate::runtime::{Audit, Refused};

/// What the record and the audit call an operator.
pub const BY: &str = "operator";

/// Whose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    /// TikTok's id of a conversation, or ours.
    who: String,
    /// With the secret fields of the contact.
    #[serde(default)]
    secrets: bool,
}

/// One conversation.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Ours of it.
    pub conversation: i64,
}

/// Under `/admin/v1`.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/admin/v1/contacts/export", get(export))
        .route("/admin/v1/contacts/plan", get(plan))
        .route("/admin/v1/contacts/erase", post(erase))
}

fn nobody() -> Response {
    refuse(StatusCode::NOT_FOUND, "nothing is known of this conversation")
}

fn unavailable(error: &impl std::fmt::Display) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
}

async fn export(_: Operator, State(admin): State<Arc<Admin>>, Query(who): Query<Who>) -> Response {
    let runtime = &admin.doors.runtime;
    let told = async {
        let mut conversations = Vec::new();
        for id in runtime.find_named(&who.who).await? {
            if let Some(export) = runtime.export(id, who.secrets).await? {
                let audit = Audit { by: BY.to_owned(), what: "export".to_owned(), on: Some(format!("conversation {}", id.0)) };
                runtime.audit(&audit).await.map_err(|error| StoreError::Busy(error.to_string()))?;
                conversations.push(export);
            }
        }
        Ok::<_, StoreError>(conversations)
    };
    match told.await {
        Ok(conversations) if conversations.is_empty() => nobody(),
        Ok(conversations) => Json(json!({ "conversations": conversations })).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn plan(_: Operator, State(admin): State<Arc<Admin>>, Query(who): Query<Who>) -> Response {
    let runtime = &admin.doors.runtime;
    let told = async {
        let mut plans = Vec::new();
        for id in runtime.find_named(&who.who).await? {
            plans.extend(runtime.erasure_plan(id).await?);
        }
        Ok::<_, StoreError>(plans)
    };
    match told.await {
        Ok(plans) => Json(json!({ "plans": plans })).into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn erase(_: Operator, State(admin): State<Arc<Admin>>, Json(which): Json<Which>) -> Response {
    let runtime = &admin.doors.runtime;
    let done = async {
        let Some(removed) = runtime.erase(ConversationId(which.conversation), BY).await? else { return Ok(None) };
        let on = Some(format!("conversation {}", which.conversation));
        runtime.audit(&Audit { by: BY.to_owned(), what: "erase".to_owned(), on }).await?;
        Ok::<_, Refused>(Some(removed))
    };
    match done.await {
        Ok(Some(removed)) => Json(json!({ "removed": removed })).into_response(),
        Ok(None) => nobody(),
        Err(error) => unavailable(&error),
    }
}
