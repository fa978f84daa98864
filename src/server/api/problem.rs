//! What went wrong, in the shape of RFC 9457.

use std::sync::Arc;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::runtime::port::StoreError;
use crate::runtime::{DeployError, NoPicture, NotChanged, NotSteered, NotWritten, Refused};

/// Why a request was not carried out; nothing was changed by it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// For people.
    detail: String,
    /// Seconds until another try makes sense.
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { kind: "about:blank", title, status: status.as_u16(), detail: detail.into(), retry_after: None }
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this address takes another method")
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests; wait and try again");
        Self { retry_after: Some(seconds), ..problem }
    }

    fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = self.retry_after;
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<Arc<NoPicture>> for Problem {
    fn from(error: Arc<NoPicture>) -> Self {
        let detail = error.to_string();
        match &*error {
            NoPicture::Nobody | NoPicture::Nothing | NoPicture::Gone => Self::not_found(detail),
            NoPicture::NotGiven(_) => Self::new(StatusCode::CONFLICT, detail),
            NoPicture::Elsewhere | NoPicture::Store(_) => Self::unavailable(detail),
        }
    }
}

impl From<Refused> for Problem {
    fn from(error: Refused) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<NotWritten> for Problem {
    fn from(error: NotWritten) -> Self {
        match error {
            NotWritten::Nobody => Self::not_found(error.to_string()),
            NotWritten::OtherText => Self::new(StatusCode::CONFLICT, error.to_string()),
            NotWritten::Refused(refused) => refused.into(),
        }
    }
}

impl From<DeployError> for Problem {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Nobody(_) => Self::not_found(error.to_string()),
            DeployError::Refused(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            DeployError::Store(error) => error.into(),
        }
    }
}

impl From<NotChanged> for Problem {
    fn from(error: NotChanged) -> Self {
        match error {
            NotChanged::Nobody => Self::not_found(error.to_string()),
            NotChanged::Unfit(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            NotChanged::OtherChange => Self::new(StatusCode::CONFLICT, error.to_string()),
            NotChanged::Refused(refused) => refused.into(),
        }
    }
}

impl From<NotSteered> for Problem {
    fn from(error: NotSteered) -> Self {
        match error {
            NotSteered::Nobody => Self::not_found(error.to_string()),
            NotSteered::NotNow(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            NotSteered::Refused(refused) => refused.into(),
        }
    }
}
