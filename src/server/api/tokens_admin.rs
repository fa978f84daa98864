//! Tokens over the operators' listener: only who may do everything makes and ends them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tokens::{self, Token, TokenError, Wanted};
use crate::server::admin::{Admin, Operator, audited, refuse};

/// Which token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Number {
    pub(crate) number: u32,
}

pub(in crate::server) fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/admin/v1/tokens", get(list).post(create)).route("/admin/v1/tokens/revoke", post(revoke))
}

/// A token as people see it; without its digest.
pub(crate) fn shown(token: &Token) -> Value {
    let Token { number, name, scopes, created, expires, revoked, .. } = token;
    json!({ "number": number, "name": name, "scopes": scopes, "created": created, "expires": expires, "revoked": revoked })
}

async fn list(_: Operator, State(admin): State<Arc<Admin>>) -> Response {
    match tokens::list(admin.doors.runtime.store()).await {
        Ok(tokens) => Json(json!({ "tokens": tokens.iter().map(shown).collect::<Vec<_>>() })).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn create(_: Operator, State(admin): State<Arc<Admin>>, Json(wanted): Json<Wanted>) -> Response {
    let (runtime, now) = (&admin.doors.runtime, admin.doors.clock.now());
    match tokens::create(runtime.store(), runtime.entropy(), now, wanted).await {
        Ok((token, secret)) => {
            let answer = json!({ "token": shown(&token), "secret": secret });
            audited(&admin, "token_created", named(&token), answer).await
        }
        Err(TokenError::Store(error)) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        Err(error) => refuse(StatusCode::CONFLICT, &error.to_string()),
    }
}

async fn revoke(_: Operator, State(admin): State<Arc<Admin>>, Json(Number { number }): Json<Number>) -> Response {
    match tokens::revoke(admin.doors.runtime.store(), number, admin.doors.clock.now()).await {
        Ok(Some(token)) => audited(&admin, "token_revoked", named(&token), json!({ "token": shown(&token) })).await,
        Ok(None) => refuse(StatusCode::NOT_FOUND, "there is no such token"),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn named(token: &Token) -> String {
    format!("token {}, {}", token.number, token.name)
}
