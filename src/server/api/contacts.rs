//! What is kept of customers: fields, tags, whether they want automatic messages. Secret fields are written, never shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::caller::{Asked, At, Body, By, Key, Read, Reply};
use super::colleague::Done;
use super::problem::Problem;
use super::shapes::shown;
use crate::bot::Bot;
use crate::engine::{ContactChange, Conversation, given};
use crate::runtime::port::ConversationId;
use crate::runtime::{ConversationSummary, kind_of};

/// Conversations that are looked at for one page, whatever fits.
const LOOKED_MAX: usize = 500;
const PAGE_MAX: usize = 100;
const PAGE: usize = 50;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `next` of the page before.
    after: Option<i64>,
    /// 50 without it.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// Only those of this account (`business_id`).
    account: Option<String>,
    /// Only those with this tag.
    tag: Option<String>,
    /// Only those who want no automatic messages, or only the others.
    opted_out: Option<bool>,
}

/// A page of contacts, in the order in which their conversations began.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contacts {
    contacts: Vec<Contact>,
    /// The fields that the live bot declares.
    declared: Vec<Declared>,
    /// `after` of the next page; missing on the last one. A page may be empty and have a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// A field of the contact, as a live bot declares it.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
struct Declared {
    name: String,
    /// What a value of it is, for people.
    kind: String,
    /// Its values are never shown.
    secret: bool,
}

/// What is kept of a customer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contact {
    /// Our number of the conversation.
    id: i64,
    /// `business_id` of the account; empty where the settings no longer name it.
    account: String,
    /// TikTok's id of the conversation.
    external: String,
    /// The customer wants no automatic messages.
    opted_out: bool,
    /// BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Map<String, Value>,
    /// Fields that are set and not shown: secret ones, and those that the live bot does not declare.
    hidden: Vec<String>,
    tags: Vec<String>,
}

impl Contact {
    /// `None` where the stored state cannot be read.
    fn of(summary: ConversationSummary, state: Option<&Conversation>, bot: &Bot) -> Option<Self> {
        let status = state?.status();
        let (fields, hidden) = shown(&status.contact, bot);
        let ConversationSummary { id, account, external, .. } = summary;
        let (opted_out, language, tags) = (status.opted_out, status.language, status.tags);
        Some(Self { id, account, external, opted_out, language, fields, hidden, tags })
    }
}

/// List contacts. Scope `read`.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(Page), responses((status = 200, body = Contacts)))]
pub(super) async fn list(_: By<Read>, State(api): State<Arc<Api>>, Asked(page): Asked<Page>) -> Result<Json<Contacts>, Problem> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::bad("`limit` is 1 to 100"));
    }
    let runtime = api.runtime();
    let bots = page.account.as_ref().map_or_else(|| runtime.bots(), |account| vec![runtime.bot_for(account)]);
    let mut declared: Vec<Declared> = Vec::new();
    for field in bots.iter().flat_map(|bot| &bot.contact) {
        let of_type = Declared { name: field.name.clone(), kind: kind_of(&field.kind), secret: field.secret };
        // Bots of several accounts may declare the same field, or one of the same name.
        if !declared.contains(&of_type) {
            declared.push(of_type);
        }
    }
    let looked = api.runtime().conversations_after(ConversationId(page.after.unwrap_or(0)), LOOKED_MAX).await?;
    let whole = looked.len() < LOOKED_MAX;
    let (mut contacts, mut last) = (Vec::new(), None);
    for (summary, state) in looked {
        if contacts.len() == limit {
            return Ok(Json(Contacts { contacts, declared, next: last }));
        }
        last = Some(summary.id);
        let fits = |contact: &Contact| {
            page.account.as_ref().is_none_or(|account| contact.account == *account)
                && page.tag.as_ref().is_none_or(|tag| contact.tags.contains(tag))
                && page.opted_out.is_none_or(|out| contact.opted_out == out)
        };
        let bot = runtime.bot_for(&summary.account);
        contacts.extend(Contact::of(summary, state.as_ref(), &bot).filter(fits));
    }
    Ok(Json(Contacts { contacts, declared, next: last.filter(|_| !whole) }))
}

/// Read one contact. Scope `read`.
#[utoipa::path(
    get, path = "/contacts/{id}", tag = "contacts",
    params(("id" = i64, Path, description = "our number of the conversation")),
    responses((status = 200, body = Contact)),
)]
pub(super) async fn one(_: By<Read>, State(api): State<Arc<Api>>, At(id): At<i64>) -> Result<Json<Contact>, Problem> {
    read(&api, id).await.map(Json)
}

async fn read(api: &Api, id: i64) -> Result<Contact, Problem> {
    let nobody = || Problem::not_found("nothing is known of this contact");
    let view = api.runtime().conversation(ConversationId(id), 1).await?.ok_or_else(nobody)?;
    let bot = api.runtime().bot_for(&view.summary.account);
    Contact::of(view.summary, view.conversation.as_ref(), &bot).ok_or_else(nobody)
}

/// What is to be changed of a contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactChanges {
    /// By name; `null` takes a field away.
    #[serde(default)]
    fields: BTreeMap<String, Value>,
    /// Tags that are set.
    #[serde(default)]
    tag: Vec<String>,
    /// Tags that are taken away.
    #[serde(default)]
    untag: Vec<String>,
}

/// Change fields and tags of a contact, at most 16 of each. All of it is changed, or nothing, where a value does not fit what
/// the live bot declares. Scope `reply`.
#[utoipa::path(
    patch, path = "/contacts/{id}", tag = "contacts",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters; the same key is the same change"),
    ),
    request_body = ContactChanges,
    responses((status = 200, body = Contact)),
)]
pub(super) async fn change(
    by: By<Reply>,
    key: Key,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
    Body(change): Body<ContactChanges>,
) -> Result<Json<Contact>, Problem> {
    let ContactChanges { fields, tag, untag } = change;
    if fields.is_empty() && tag.is_empty() && untag.is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "there is nothing to change: `fields`, `tag` or `untag`"));
    }
    let fields = fields.into_iter().map(|(name, value)| (name, given::from_json(value))).collect();
    let wanted = ContactChange { fields, tag, untag, ..ContactChange::default() };
    let _: Json<Done> = make(&api, &by.name, key, id, (wanted, "contact")).await?;
    read(&api, id).await.map(Json)
}

/// Say that a customer wants no automatic messages; what the bot had queued is withdrawn, and nothing is said. Scope `reply`.
#[utoipa::path(
    post, path = "/contacts/{id}/opt-out", tag = "contacts",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters; the same key is the same change"),
    ),
    responses((status = 200, body = Done)),
)]
pub(super) async fn opt_out(
    by: By<Reply>,
    key: Key,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
) -> Result<Json<Done>, Problem> {
    let wanted = ContactChange { opted_out: Some(true), ..ContactChange::default() };
    make(&api, &by.name, key, id, (wanted, "opt_out")).await
}

/// Say that a customer wants automatic messages again; nothing is said. Scope `reply`.
#[utoipa::path(
    post, path = "/contacts/{id}/opt-in", tag = "contacts",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 visible ASCII characters; the same key is the same change"),
    ),
    responses((status = 200, body = Done)),
)]
pub(super) async fn opt_in(by: By<Reply>, key: Key, State(api): State<Arc<Api>>, At(id): At<i64>) -> Result<Json<Done>, Problem> {
    let wanted = ContactChange { opted_out: Some(false), ..ContactChange::default() };
    make(&api, &by.name, key, id, (wanted, "opt_in")).await
}

async fn make(api: &Api, by: &str, Key(key): Key, id: i64, (wanted, what): (ContactChange, &str)) -> Result<Json<Done>, Problem> {
    let change = ContactChange { by: by.to_owned(), key, ..wanted };
    let done = api.runtime().change_contact(ConversationId(id), change).await?;
    if !done.duplicate {
        api.audit(by, what, Some(format!("contact {id}"))).await?;
    }
    Ok(Json(Done { duplicate: done.duplicate }))
}
