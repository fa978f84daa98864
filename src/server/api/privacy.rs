//! All that is kept of a customer: read as one document, and erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::caller::{Asked, At, By, Erase, Export, Key};
use super::problem::Problem;
use super::shapes::{TalkLine, Time};
use crate::runtime::port::ConversationId;
use crate::runtime::{Told, WaitingReply};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// With the secret fields of the contact; without it they are named and left out.
    #[serde(default)]
    secrets: bool,
}

/// All that is kept of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Everything {
    id: i64,
    /// `business_id` of the account.
    account: String,
    /// TikTok's id of the conversation.
    external: String,
    /// TikTok's id of the customer, once a message has told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    exported: Time,
    /// Fields of the contact.
    contact: BTreeMap<String, Value>,
    /// Secret fields that are kept and not told here.
    left_out: Vec<String>,
    tags: Vec<String>,
    /// BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// The customer wants no automatic messages.
    opted_out: bool,
    /// What a flow waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    /// When something happens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Time>,
    /// The stored state cannot be read; contact and tags are missing here then.
    unreadable: bool,
    /// The talk, the oldest line first.
    lines: Vec<TalkLine>,
    /// There are older lines that do not stand here.
    lines_left_out: bool,
    outbox: Vec<Reply>,
    events: Vec<Event>,
    /// The conversation in which the customer's comments stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    comments: Option<Box<Everything>>,
}

/// A reply that has not reached its final state.
#[derive(Debug, Serialize, ToSchema)]
struct Reply {
    /// Its number in the conversation.
    reply: u32,
    /// `queued`, `held`, `sending` or `looked_up`.
    state: &'static str,
    body: Value,
}

/// An event that an endpoint has not taken.
#[derive(Debug, Serialize, ToSchema)]
struct Event {
    endpoint: String,
    at: Time,
    kind: String,
    /// It was given up.
    dead: bool,
    body: Value,
}

impl From<WaitingReply> for Reply {
    fn from(reply: WaitingReply) -> Self {
        Self { reply: reply.reply, state: reply.state, body: reply.body }
    }
}

impl From<Told> for Event {
    fn from(told: Told) -> Self {
        Self { endpoint: told.endpoint, at: Time(told.at), kind: told.kind, dead: told.dead, body: told.body }
    }
}

/// Read all that is kept of a customer's conversation, as one document. Scope `export`.
#[utoipa::path(
    get, path = "/contacts/{id}/export", tag = "contacts",
    params(("id" = i64, Path, description = "our number of the conversation"), How),
    responses((status = 200, body = Everything)),
)]
pub(super) async fn export(
    by: By<Export>,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
    Asked(how): Asked<How>,
) -> Result<Json<Everything>, Problem> {
    let export = api.runtime().export(ConversationId(id), how.secrets).await?;
    let export = export.ok_or_else(|| Problem::not_found("nothing is known of this conversation"))?;
    api.audit(&by.name, "export", Some(format!("conversation {id}"))).await?;
    Ok(Json(Everything::from(export)))
}

impl From<crate::runtime::Export> for Everything {
    fn from(export: crate::runtime::Export) -> Self {
        Self {
            id: export.id,
            account: export.account,
            external: export.external,
            person: export.person,
            exported: Time(export.exported),
            contact: export.contact.into_iter().collect(),
            left_out: export.left_out,
            tags: export.tags,
            language: export.language,
            opted_out: export.opted_out,
            waits_for: export.waits_for,
            due: export.due.map(Time),
            unreadable: export.unreadable,
            lines: export.lines.into_iter().map(TalkLine::of).collect(),
            lines_left_out: export.lines_left_out,
            outbox: export.outbox.into_iter().map(Reply::from).collect(),
            events: export.events.into_iter().map(Event::from).collect(),
            comments: export.comments.map(|comments| Box::new(Self::from(*comments))),
        }
    }
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Erased {
    /// Lines of the conversation's history.
    history: u64,
    /// Replies that had not reached their final state.
    replies: u64,
    /// Events that other systems had not taken.
    events: u64,
    /// Lines of no conversation that spoke of it, which now say nothing.
    lines: u64,
    /// It was asked for before under the same key, and nothing more was erased.
    duplicate: bool,
}

/// Erase all that is kept of a customer's conversation, for ever. Scope `erase`.
#[utoipa::path(
    post, path = "/contacts/{id}/erase", tag = "contacts",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters"),
    ),
    responses((status = 200, body = Erased)),
)]
pub(super) async fn erase(
    by: By<Erase>,
    Key(key): Key,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
) -> Result<Json<Erased>, Problem> {
    let done = api.runtime().erase_once(ConversationId(id), &by.name, key.as_deref()).await?;
    let (removed, duplicate) = done.ok_or_else(|| Problem::not_found("nothing is known of this conversation"))?;
    if !duplicate {
        api.audit(&by.name, "erase", Some(format!("conversation {id}"))).await?;
    }
    let (history, replies, events, lines) = (removed.history, removed.replies, removed.events, removed.lines);
    Ok(Json(Erased { history, replies, events, lines, duplicate }))
}
