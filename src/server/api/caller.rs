//! Who asks, and what is asked, before a handler sees it.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, RequestExt as _};
use serde::de::DeserializeOwned;

use super::Api;
use super::problem::Problem;
use super::tokens::{self, Scope};

const KEY: &str = "idempotency-key";
const KEY_BYTES_MAX: usize = 200;

/// A scope as a type, so that a handler without one does not compile.
pub(super) trait Needed: Send {
    const SCOPE: Scope;
}

pub(super) struct Read;
pub(super) struct Reply;
pub(super) struct Deploy;
pub(super) struct Operate;
pub(super) struct Export;
pub(super) struct Erase;

impl Needed for Read {
    const SCOPE: Scope = Scope::Read;
}
impl Needed for Reply {
    const SCOPE: Scope = Scope::Reply;
}
impl Needed for Deploy {
    const SCOPE: Scope = Scope::Deploy;
}
impl Needed for Operate {
    const SCOPE: Scope = Scope::Operate;
}
impl Needed for Export {
    const SCOPE: Scope = Scope::Export;
}
impl Needed for Erase {
    const SCOPE: Scope = Scope::Erase;
}

/// Somebody whose token has this scope.
pub(super) struct By<S> {
    pub(super) name: String,
    scope: PhantomData<S>,
}

impl<S: Needed> FromRequestParts<Arc<Api>> for By<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let clock = &api.admin.doors.clock;
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let stranger = || Problem::new(StatusCode::UNAUTHORIZED, "a valid token is needed: `Authorization: Bearer …`");
        let token = match shown {
            Some(text) => tokens::shown(api.runtime().store(), text, clock.now()).await?,
            None => None,
        };
        let number = token.as_ref().map(|token| token.number);
        api.pace.take(number, clock.monotonic()).map_err(Problem::too_many)?;
        let token = token.ok_or_else(stranger)?;
        if !token.may(S::SCOPE) {
            let text = format!("the token `{}` lacks the scope `{}`", token.name, S::SCOPE.word());
            return Err(Problem::new(StatusCode::FORBIDDEN, text));
        }
        Ok(Self { name: token.name, scope: PhantomData })
    }
}

/// The caller's own name for a write, where it gives one.
pub(super) struct Key(pub(super) Option<String>);

impl Key {
    /// # Errors
    /// Where there is none.
    pub(super) fn needed(self) -> Result<String, Problem> {
        self.0.ok_or_else(|| Problem::bad("the header `Idempotency-Key` is needed: the same key is the same message"))
    }
}

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        key_of(&parts.headers).map(Self)
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let good = |text: &&str| (1..=KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match value.to_str().ok().filter(good) {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(Problem::bad("`Idempotency-Key` is 1 to 200 visible ASCII characters without spaces")),
    }
}

/// A part of the path.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let part = Path::<T>::from_request_parts(parts, state).await;
        part.map(|Path(part)| Self(part)).map_err(|error| Problem::bad(error.body_text()))
    }
}

/// What stands behind the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|error| Problem::bad(error.body_text()))
    }
}

/// A body in JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync + 'static> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        match request.extract::<Json<T>, _>().await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(error @ BytesRejection::FailedToBufferBody(_))) => {
                Err(Problem::new(error.status(), "the body is too long, or did not come whole"))
            }
            Err(error) => Err(Problem::new(error.status(), error.body_text())),
        }
    }
}
