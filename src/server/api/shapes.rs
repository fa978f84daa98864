//! What is told of the runtime's things, with schemas of their own: the runtime's change without breaking a client.
//! Times are RFC 3339 in UTC.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::bot::{Bot, ValueMap};
use crate::calendar::Moment;
use crate::engine::{Conversation, Speaker, Trace, given};
use crate::runtime::{ConversationSummary, Line, Waits};

/// A moment as text.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(super) struct Time(pub(super) Moment);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

/// The stable word that the runtime's own shapes are serialized as.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The fields of a contact that may be shown, and the names of those that are set and may not: what the bot calls secret, and
/// what it no longer knows, which may have been.
pub(super) fn shown(contact: &ValueMap, bot: &Bot) -> (Map<String, Value>, Vec<String>) {
    let (mut open, mut hidden) = (Map::new(), Vec::new());
    for (name, value) in contact {
        if bot.contact.iter().any(|field| field.name == *name && !field.secret) {
            let value = serde_json::from_str(&given::to_json(value)).unwrap_or_default();
            open.insert(name.clone(), value);
        } else {
            hidden.push(name.clone());
        }
    }
    (open, hidden)
}

/// A conversation and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Talk {
    pub(super) id: i64,
    /// `business_id` of the account; empty where the settings no longer name it.
    account: String,
    /// TikTok's id of the conversation.
    external: String,
    /// When something happens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Time>,
    /// `None` where the stored state cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<Stands>,
}

/// Where a conversation stands.
#[derive(Debug, Serialize, ToSchema)]
struct Stands {
    /// `bot`, `asked` (a colleague is asked for) or `taken` (a colleague has it).
    speaker: &'static str,
    /// The customer wants no automatic messages.
    opted_out: bool,
    /// The team that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    /// BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<String>,
    /// What the run waits for: the name asked for, `choose`, `wait`, `images`, `fetch` or `script`.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    /// Of the ten; colleagues may use all of them.
    replies_left: u32,
    /// Until TikTok takes no more messages, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_left_ms: Option<i64>,
    /// Fields of the contact; secret ones are not shown.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    contact: Value,
    tags: Vec<String>,
}

pub(super) fn speaker(state: &Conversation) -> &'static str {
    match state.status().speaker {
        Speaker::Bot => "bot",
        Speaker::Asked => "asked",
        Speaker::Taken => "taken",
    }
}

impl Talk {
    pub(super) fn of(summary: ConversationSummary, state: Option<&Conversation>, (bot, now): (&Bot, Moment)) -> Self {
        let ConversationSummary { id, account, external, due } = summary;
        let stands = state.map(|state| {
            let status = state.status();
            Stands {
                speaker: speaker(state),
                opted_out: status.opted_out,
                team: status.team,
                language: status.language,
                flow: status.place.map(|(flow, _)| flow),
                waits_for: status.waits_for,
                replies_left: state.replies_left(),
                window_left_ms: state.window_left(now),
                contact: Value::Object(shown(&status.contact, bot).0),
                tags: status.tags,
            }
        });
        Self { id, account, external, due: due.map(Time), stands }
    }
}

/// One line of a conversation, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TalkLine {
    /// Number in the history; several lines may come of one.
    seq: i64,
    at: Time,
    /// `customer`, `bot`, `business` (a colleague, another program, TikTok) or `note`.
    side: String,
    /// A stable word: `message`, `reply`, `echo`, `colleague`, `handed_over`, `goal`, `fault`, ….
    kind: String,
    text: String,
    /// TikTok's id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    /// It is an image: `/conversations/{id}/images/{message_id}` gives it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    image: bool,
    /// The colleague, where it is known who.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<SentReply>,
    /// What was decided on it and why.
    why: Vec<Why>,
}

/// A reply and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentReply {
    id: u32,
    /// `queued`, `held`, `sending`, `looked_up`, `sent`, `refused`, `unknown`, `dropped`, `withdrawn` or `merged`.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The flow that made it; empty for a colleague's.
    flow: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Time>,
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Why {
    /// A stable word: `trigger`, `step`, `gate`, ….
    what: String,
    text: String,
    /// As in `shop.flow:12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl Why {
    pub(super) fn of(trace: Trace) -> Self {
        let place = trace.origin.map(|origin| format!("{}:{}", origin.path, origin.line));
        Self { what: trace.what.into_owned(), text: trace.text, place }
    }
}

impl TalkLine {
    pub(super) fn of(line: Line) -> Self {
        let image = line.is_picture();
        let reply = line.reply.map(|reply| SentReply {
            id: reply.id.0,
            state: word(&reply.state),
            reason: reply.reason,
            flow: reply.flow,
            ended: reply.ended.map(Time),
        });
        let why = line.trace.into_iter().map(Why::of);
        Self {
            seq: line.seq,
            at: Time(line.at),
            side: word(&line.side),
            kind: line.kind,
            text: line.text,
            message_id: line.message_id,
            image,
            by: line.by,
            reply,
            why: why.collect(),
        }
    }
}

/// A reply that has not ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waiting {
    account: String,
    conversation: i64,
    external: String,
    reply: u32,
    /// `queued`, `held`, `sending` or `looked_up`.
    state: String,
    /// Why it has not left.
    why: String,
    since: Time,
    /// When it may no longer leave; of a held one, until when it is kept.
    deadline: Time,
    /// When it leaves at the present pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaves: Option<Time>,
    /// At the present pace its window closes before it leaves.
    will_miss: bool,
}

impl Waiting {
    pub(super) fn of(waits: Waits) -> Self {
        Self {
            account: waits.account,
            conversation: waits.conversation,
            external: waits.external,
            reply: waits.reply.0,
            state: word(&waits.state),
            why: waits.why,
            since: Time(waits.since),
            deadline: Time(waits.deadline),
            leaves: waits.leaves.map(Time),
            will_miss: waits.will_miss,
        }
    }
}
