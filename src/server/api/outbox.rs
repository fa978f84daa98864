//! Replies that wait, and those that never reached their customer: what they wait for, tried again, dropped.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::caller::{Asked, At, Body, By, Operate, Read};
use super::problem::Problem;
use super::shapes::{Time, Waiting, word};
use crate::engine::ReplyId;
use crate::runtime::port::ConversationId;
use crate::runtime::{FailedReply, Steered};

/// Characters of the reason for dropping a reply.
const REASON_CHARS_MAX: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Only those of this account (`business_id`).
    account: Option<String>,
}

/// All that waits, the earliest deadline first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outbox {
    now: Time,
    replies: Vec<Waiting>,
    /// Apps that another process sends for: what waits for them is told there.
    led_elsewhere: Vec<String>,
    /// Conversations beyond what is looked at.
    left_out: usize,
}

/// Say what waits to be sent, and why. Scope `read`.
#[utoipa::path(get, path = "/outbox", tag = "operations", params(Of), responses((status = 200, body = Outbox)))]
pub(super) async fn list(_: By<Read>, State(api): State<Arc<Api>>, Asked(of): Asked<Of>) -> Result<Json<Outbox>, Problem> {
    let outbox = api.runtime().outbox(of.account.as_deref()).await?;
    Ok(Json(Outbox {
        now: Time(outbox.now),
        replies: outbox.replies.into_iter().map(Waiting::of).collect(),
        led_elsewhere: outbox.led_elsewhere,
        left_out: outbox.left_out,
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `next` of the page before.
    after: Option<i64>,
    /// Only those of this account (`business_id`).
    account: Option<String>,
}

/// Replies that ended without surely reaching the customer, conversation by conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Failures {
    replies: Vec<Failed>,
    /// `after` of the next page; missing on the last one. A page may be empty and have a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// A reply that ended without surely reaching the customer.
#[derive(Debug, Serialize, ToSchema)]
struct Failed {
    account: String,
    conversation: i64,
    external: String,
    reply: u32,
    /// `refused` by TikTok, `dropped`, or `unknown`: it may have arrived.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The flow that made it; empty for a colleague's.
    flow: String,
    text: String,
    queued: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Time>,
    /// It was surely never sent, and not tried again yet.
    may_retry: bool,
}

impl Failed {
    fn of(failed: FailedReply) -> Option<Self> {
        let FailedReply { summary, line, may_retry } = failed;
        let reply = line.reply?;
        Some(Self {
            account: summary.account,
            conversation: summary.id,
            external: summary.external,
            reply: reply.id.0,
            state: word(&reply.state),
            reason: reply.reason,
            flow: reply.flow,
            text: line.text,
            queued: Time(line.at),
            ended: reply.ended.map(Time),
            may_retry,
        })
    }
}

/// Say which replies never reached their customer, and why: among the newest 200 lines of 100 conversations a page.
/// Scope `read`.
#[utoipa::path(get, path = "/outbox/failed", tag = "operations", params(Page), responses((status = 200, body = Failures)))]
pub(super) async fn failed(
    _: By<Read>,
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Failures>, Problem> {
    let after = ConversationId(page.after.unwrap_or(0));
    let (found, next) = api.runtime().failed_replies(after, page.account.as_deref()).await?;
    Ok(Json(Failures { replies: found.into_iter().filter_map(Failed::of).collect(), next }))
}

/// Where a reply stands now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Standing {
    /// A reply that had ended is tried again under a new number.
    reply: u32,
    /// As in the conversation's lines: `queued`, `held`, `dropped`, ….
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The same was asked before, and is not done again.
    duplicate: bool,
}

impl Standing {
    fn of(steered: Steered) -> Json<Self> {
        let Steered { reply, state, reason, duplicate } = steered;
        Json(Self { reply: reply.0, state: word(&state), reason, duplicate })
    }
}

/// Try a reply again that is held, or that was refused or dropped and surely never sent. It passes the gate again, and a
/// reply that has ended is tried again once: the same request again changes nothing. Scope `operate`.
#[utoipa::path(
    post, path = "/conversations/{id}/replies/{reply}/retry", tag = "operations",
    params(("id" = i64, Path, description = "our number of the conversation"), ("reply" = u32, Path, description = "its number there")),
    responses((status = 200, body = Standing)),
)]
pub(super) async fn retry(
    by: By<Operate>,
    State(api): State<Arc<Api>>,
    At((id, reply)): At<(i64, u32)>,
) -> Result<Json<Standing>, Problem> {
    let steered = api.runtime().retry_reply(ConversationId(id), ReplyId(reply), &by.name).await?;
    if !steered.duplicate {
        api.audit(&by.name, "retry", Some(format!("conversation {id}, reply {reply}"))).await?;
    }
    Ok(Standing::of(steered))
}

/// DropReason a reply is dropped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DropReason {
    /// For people; 1 to 200 characters on one line.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Drop a reply that waits or is held; it stays in the history with the reason. The same request again changes nothing.
/// Scope `operate`.
#[utoipa::path(
    post, path = "/conversations/{id}/replies/{reply}/drop", tag = "operations",
    params(("id" = i64, Path, description = "our number of the conversation"), ("reply" = u32, Path, description = "its number there")),
    request_body = DropReason,
    responses((status = 200, body = Standing)),
)]
pub(super) async fn give_up(
    by: By<Operate>,
    State(api): State<Arc<Api>>,
    At((id, reply)): At<(i64, u32)>,
    Body(DropReason { reason }): Body<DropReason>,
) -> Result<Json<Standing>, Problem> {
    if !good_reason(&reason) {
        let text = "a reason has 1 to 200 characters on one line, not only blanks";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let steered = api.runtime().drop_reply(ConversationId(id), ReplyId(reply), &by.name, &reason).await?;
    if !steered.duplicate {
        api.audit(&by.name, "drop", Some(format!("conversation {id}, reply {reply}"))).await?;
    }
    Ok(Standing::of(steered))
}

/// What a person may give as a reason.
pub(in crate::server) fn good_reason(reason: &str) -> bool {
    !reason.trim().is_empty() && reason.chars().count() <= REASON_CHARS_MAX && !reason.contains(char::is_control)
}
