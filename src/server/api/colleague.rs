//! What colleagues do: take over, give back, write.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::caller::{At, Body, By, Key, Reply};
use super::problem::Problem;
use super::shapes::word;
use crate::channel::rules;
use crate::engine::{ColleagueAction, Written};
use crate::runtime::port::ConversationId;
use crate::runtime::{Delivered, ReplyState};
use crate::text;

/// What became of a write.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    /// It came before under the same key, and had no second effect.
    pub(super) duplicate: bool,
}

/// Take a conversation over: the bot is silent from now on, and what it had queued is withdrawn. Scope `reply`.
#[utoipa::path(
    post, path = "/conversations/{id}/takeover", tag = "colleagues",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters"),
    ),
    responses((status = 200, body = Done)),
)]
pub(super) async fn take_over(
    by: By<Reply>,
    key: Key,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
) -> Result<Json<Done>, Problem> {
    act(&api, &by.name, key, id, (ColleagueAction::TakeOver, "take_over")).await
}

/// Give a conversation back to the bot. Scope `reply`.
#[utoipa::path(
    post, path = "/conversations/{id}/release", tag = "colleagues",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters"),
    ),
    responses((status = 200, body = Done)),
)]
pub(super) async fn release(
    by: By<Reply>,
    key: Key,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
) -> Result<Json<Done>, Problem> {
    act(&api, &by.name, key, id, (ColleagueAction::Release, "release")).await
}

async fn act(
    api: &Api,
    by: &str,
    Key(key): Key,
    id: i64,
    (action, what): (ColleagueAction, &str),
) -> Result<Json<Done>, Problem> {
    let done = api.runtime().colleague_acts(ConversationId(id), action, by, key.as_deref()).await?;
    let done = done.ok_or_else(|| Problem::not_found("nothing is known of this conversation"))?;
    let duplicate = done == Delivered::Duplicate;
    if !duplicate {
        api.audit(by, what, Some(format!("conversation {id}"))).await?;
    }
    Ok(Json(Done { duplicate }))
}

/// A text to the customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// 1 to 6,000 characters as TikTok counts them (UTF-16), not only blanks.
    #[schema(min_length = 1, max_length = 6000)]
    text: String,
}

/// A message that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queued {
    /// Its number in the conversation; missing where it was taken too long ago to be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<u32>,
    /// Where it stands, as in the conversation's lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// It came before under the same key, and is not sent again.
    duplicate: bool,
}

/// Write to the customer as a colleague. Takes the conversation over; counts among the ten replies, of which it may use
/// those that are kept for colleagues. A message that cannot leave is refused with the reason. Scope `reply`.
#[utoipa::path(
    post, path = "/conversations/{id}/messages", tag = "colleagues",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = String, Header, description = "1 to 200 visible ASCII characters; the same key is the same message"),
    ),
    request_body = Text,
    responses((status = 202, body = Queued)),
)]
pub(super) async fn write(
    by: By<Reply>,
    key: Key,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
    Body(body): Body<Text>,
) -> Result<(StatusCode, Json<Queued>), Problem> {
    let key = key.needed()?;
    if body.text.trim().is_empty() || !text::fits(&body.text, rules::TEXT.most()) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "a text has 1 to 6,000 characters, not only blanks"));
    }
    let written = Written { by: by.name.clone(), key, text: body.text };
    let view = api.runtime().colleague_writes(ConversationId(id), written).await?;
    if !view.duplicate {
        api.audit(&by.name, "message", Some(format!("conversation {id}"))).await?;
    }
    if view.state == Some(ReplyState::Dropped) {
        let reason = view.reason.unwrap_or_default();
        return Err(Problem::new(StatusCode::CONFLICT, format!("the message is not sent: {reason}")));
    }
    let (reply, state) = (view.reply.map(|reply| reply.0), view.state.as_ref().map(word));
    Ok((StatusCode::ACCEPTED, Json(Queued { reply, state, duplicate: view.duplicate })))
}
