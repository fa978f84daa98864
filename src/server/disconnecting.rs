//! Disconnecting an account: it is served no more, and nothing is kept that could speak for it. For operators.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Doors;
use super::admin::{Admin, Operator, audited, refuse};
use super::registration::told;
use super::sign_in::SignIn;
use crate::runtime::Disconnected;

/// Which account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// `business_id`
    pub account: String,
    /// Needed where several apps serve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// What was done, each part in words for people.
#[derive(Debug, Serialize)]
struct Left {
    app: String,
    account: String,
    #[serde(flatten)]
    replies: Disconnected,
    /// What became of its tokens at TikTok.
    tokens: String,
    /// What became of the address that TikTok delivers to.
    registration: String,
}

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/admin/v1/disconnect", post(disconnect))
}

async fn disconnect(_: Operator, State(admin): State<Arc<Admin>>, Json(leaving): Json<Leaving>) -> Response {
    match leave(&admin.doors, &leaving).await {
        Ok(left) => {
            let on = format!("account {} of app {}", left.account, left.app);
            audited(&admin, "disconnect", on, json!(left)).await
        }
        Err((status, why)) => refuse(status, &why),
    }
}

/// Each step may be done again: who was stopped in the middle asks once more.
async fn leave(doors: &Doors, leaving: &Leaving) -> Result<Left, (StatusCode, String)> {
    let store = |error: &dyn std::fmt::Display| (StatusCode::SERVICE_UNAVAILABLE, format!("{error}; ask again, and it goes on"));
    let sign_in = doors.sign_in.as_ref();
    let sign_in = sign_in.ok_or((StatusCode::CONFLICT, "a dry run disconnects no accounts".to_owned()))?;
    let account = leaving.account.as_str();
    let mut apps = doors.runtime.apps_of(account).await.map_err(|error| store(&error))?;
    apps.retain(|app| leaving.app.as_ref().is_none_or(|named| named == app));
    let app = match apps.as_slice() {
        [only] => only.clone(),
        [] => return Err((StatusCode::NOT_FOUND, "no such account is served here".to_owned())),
        several => {
            let why = format!("several apps serve this account: say which by `--app`: {}", several.join(", "));
            return Err((StatusCode::CONFLICT, why));
        }
    };
    // Before anything is done: only who speaks to TikTok for the app can end what it has given.
    if doors.runtime.permit(&app).await.is_none() {
        let why = "the server stops, or another one on the same store speaks to TikTok for this app: ask that one";
        return Err((StatusCode::SERVICE_UNAVAILABLE, why.to_owned()));
    }
    let replies = doors.runtime.disconnect(&app, account).await.map_err(|error| store(&error))?;
    let tokens = revoke(doors, sign_in, &app, account).await;
    let registration = unregister(doors, sign_in, &app).await;
    let forgotten = sign_in.client.tokens().forget(&app, account).await;
    forgotten.map_err(|error| store(&format!("its tokens still stand in the store: {error}")))?;
    Ok(Left { app, account: account.to_owned(), replies, tokens, registration })
}

/// TikTok may be away: the account goes all the same, and somebody is told what is left to do there.
async fn revoke(doors: &Doors, sign_in: &SignIn, app: &str, account: &str) -> String {
    let by_hand = "the account's owner takes the app's permission away in TikTok's settings";
    let Some(permit) = doors.runtime.permit(app).await else {
        return format!("not revoked: this server no longer speaks to TikTok for the app; {by_hand}");
    };
    match sign_in.client.revoke(permit, app, account).await {
        Ok(true) => "revoked at TikTok, and removed here".to_owned(),
        Ok(false) => "removed here; there was none that TikTok knew".to_owned(),
        Err(failure) => format!("removed here, but not revoked: {}; {by_hand}", told(&failure)),
    }
}

async fn unregister(doors: &Doors, sign_in: &SignIn, app: &str) -> String {
    let others = doors.runtime.accounts().iter().filter(|one| one.app == app).count();
    if others > 0 {
        return format!("kept for {others} other accounts of the app");
    }
    let why = match doors.runtime.permit(app).await {
        Some(permit) => match sign_in.client.remove_webhook(permit, app).await {
            Ok(()) => return "removed: no other account of the app is served".to_owned(),
            Err(failure) => told(&failure),
        },
        None => "this server no longer speaks to TikTok for the app".to_owned(),
    };
    format!("not removed: {why}; `rejoinder registration remove` tries again")
}
