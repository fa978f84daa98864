//! All that is kept of a customer's conversation, as one document, and how much of it there is.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::handle::Handle;
use super::person;
use super::port::{ConversationId, ConversationRow, EventQuery, EventRow, OutboxState, Store, StoreError};
use super::view::{Line, timeline};
use crate::calendar::Moment;
use crate::engine::{Conversation, given};

/// Lines of a conversation's history that are looked at.
const LINES_MAX: usize = 100_000;
/// Events of all conversations that are looked at.
const EVENTS_MAX: usize = 100_000;

/// One conversation with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Export {
    /// Our number of it.
    pub id: i64,
    /// `business_id` of the account.
    pub account: String,
    /// TikTok's id, as text.
    pub external: String,
    /// TikTok's id of the customer, once a message has told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    pub exported: Moment,
    pub contact: Map<String, Value>,
    /// Secret fields that are kept and not told here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    pub opted_out: bool,
    /// What it waits for, where a flow has begun: a name, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
    /// The stored state cannot be read; contact and tags are then missing here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// The talk, oldest first, with what was decided and why.
    pub lines: Vec<Line>,
    /// There are older lines that do not stand here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lines_left_out: bool,
    pub outbox: Vec<Waiting>,
    pub events: Vec<Told>,
    /// The conversation in which the customer's comments stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<Box<Export>>,
}

/// A reply that has not reached its final state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiting {
    pub reply: u32,
    pub state: &'static str,
    pub body: Value,
}

/// An event that an endpoint has not taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    pub endpoint: String,
    pub at: Moment,
    pub kind: String,
    pub dead: bool,
    pub body: Value,
}

/// How much an erasure would remove, with the customer's comments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasurePlan {
    pub id: i64,
    pub account: String,
    pub external: String,
    /// Lines of the history, at most 100 000 of which are counted.
    pub history: usize,
    pub replies: usize,
    pub events: usize,
    pub contact: usize,
    pub tags: usize,
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

async fn events_of(store: &dyn Store, conversation: ConversationId) -> Result<Vec<EventRow>, StoreError> {
    let mut events = Vec::new();
    for dead in [false, true] {
        let all = store.events(&EventQuery { dead, ..EventQuery::default() }, EVENTS_MAX).await?;
        events.extend(all.into_iter().filter(|event| event.conversation == conversation));
    }
    Ok(events)
}

/// `business_id` of a stored account.
async fn account_of(store: &dyn Store, row: &super::port::ConversationRow) -> Result<String, StoreError> {
    let account = store.accounts().await?.into_iter().find(|account| account.id == row.account);
    Ok(account.map(|account| account.open_id).unwrap_or_default())
}

/// All that is kept; fields for which `is_secret` holds are named and not told. `None` where nothing is known of it.
///
/// # Errors
/// When the store cannot be read.
pub async fn export_stored(
    store: &dyn Store,
    id: ConversationId,
    now: Moment,
    is_secret: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Option<Export>, StoreError> {
    let Some(row) = store.load(id).await? else { return Ok(None) };
    let mut export = one(store, &row, now, is_secret).await?;
    if let Some(comments) = person::comments_of(store, &row).await? {
        export.comments = Some(Box::new(one(store, &comments, now, is_secret).await?));
    }
    Ok(Some(export))
}

async fn one(
    store: &dyn Store,
    row: &ConversationRow,
    now: Moment,
    is_secret: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Export, StoreError> {
    let id = row.id;
    let state = Conversation::decode(&row.state).ok();
    let status = state.as_ref().map(Conversation::status);
    let rows = store.history(id, LINES_MAX + 1).await?;
    let newest = rows.get(..LINES_MAX).unwrap_or(&rows);
    let (mut contact, mut left_out) = (Map::new(), Vec::new());
    for (name, value) in status.iter().flat_map(|status| &status.contact) {
        if is_secret(name) {
            left_out.push(name.clone());
        } else {
            contact.insert(name.clone(), serde_json::from_str(&given::to_json(value)).unwrap_or_default());
        }
    }
    let outbox = store.outbox_of(id).await?.into_iter().map(|row| Waiting {
        reply: row.reply.0,
        state: match row.state {
            OutboxState::Queued => "queued",
            OutboxState::Held => "held",
            OutboxState::Marked { .. } => "sending",
            OutboxState::Unknown { .. } => "looked_up",
        },
        body: json(&row.body),
    });
    let told = |event: EventRow| Told {
        endpoint: event.key.endpoint,
        at: event.at,
        kind: event.kind,
        dead: event.dead,
        body: json(&event.body),
    };
    Ok(Export {
        id: id.0,
        account: account_of(store, row).await?,
        external: String::from_utf8_lossy(&row.external).into_owned(),
        person: state.as_ref().and_then(Conversation::person).map(str::to_owned),
        exported: now,
        contact,
        left_out,
        tags: status.as_ref().map(|status| status.tags.clone()).unwrap_or_default(),
        language: status.as_ref().and_then(|status| status.language.clone()),
        opted_out: status.as_ref().is_some_and(|status| status.opted_out),
        waits_for: status.as_ref().and_then(|status| status.waits_for.clone()),
        due: row.due,
        unreadable: state.is_none(),
        lines: timeline(newest),
        lines_left_out: rows.len() > LINES_MAX,
        outbox: outbox.collect(),
        events: events_of(store, id).await?.into_iter().map(told).collect(),
        comments: None,
    })
}

/// How much an erasure would remove. `None` where nothing is known of the conversation.
///
/// # Errors
/// When the store cannot be read.
pub async fn erasure_plan(store: &dyn Store, id: ConversationId) -> Result<Option<ErasurePlan>, StoreError> {
    let Some(row) = store.load(id).await? else { return Ok(None) };
    let mut plan = ErasurePlan {
        id: id.0,
        account: account_of(store, &row).await?,
        external: String::from_utf8_lossy(&row.external).into_owned(),
        history: 0,
        replies: 0,
        events: 0,
        contact: 0,
        tags: 0,
    };
    let comments = person::comments_of(store, &row).await?;
    for row in [Some(row), comments].into_iter().flatten() {
        let status = Conversation::decode(&row.state).ok().map(|state| state.status());
        plan.history += store.history(row.id, LINES_MAX).await?.len();
        plan.replies += store.outbox_of(row.id).await?.len();
        plan.events += events_of(store, row.id).await?.len();
        plan.contact += status.as_ref().map_or(0, |status| status.contact.len());
        plan.tags += status.as_ref().map_or(0, |status| status.tags.len());
    }
    Ok(Some(plan))
}

impl Handle {
    /// All that is kept of a conversation; secret fields only where they are asked for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn export(&self, id: ConversationId, secrets: bool) -> Result<Option<Export>, StoreError> {
        let Some(row) = self.store().load(id).await? else { return Ok(None) };
        let bot = Arc::clone(&self.core.live_of(row.account).bot);
        // Of a field that this bot does not know nobody can say that it is none.
        let secret = |name: &str| bot.contact.iter().find(|field| field.name == name).is_none_or(|field| field.secret);
        export_stored(self.store(), id, self.core.now(), &|name: &str| !secrets && secret(name)).await
    }

    /// How much an erasure would remove.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn erasure_plan(&self, id: ConversationId) -> Result<Option<ErasurePlan>, StoreError> {
        erasure_plan(self.store(), id).await
    }
}
