//! Which events a sprint makes, and what they say.

use serde_json::{Map, Value, json};

use super::Cause;
use crate::bot::{Bot, ValueMap};
use crate::channel::Outgoing;
use crate::engine::{Body, Effect, End, Input, Speaker, given};

/// Types of the system's own events; those of a flow's `emit` begin with `emit.`.
pub const EVENT_TYPES: [&str; 14] = [
    "message.received",
    "comment.received",
    "message.queued",
    "message.sent",
    "message.failed",
    "message.read",
    "conversation.handed_over",
    "conversation.taken",
    "conversation.released",
    "goal.reached",
    "contact.opted_out",
    "contact.opted_in",
    "fault",
    "webhook.test",
];

/// A part of an event that only those are told who may read what people write.
const TEXTS: [&str; 2] = ["text", "content"];

pub(super) struct Made {
    pub(super) kind: String,
    data: Map<String, Value>,
}

impl Made {
    fn new(kind: &str, data: Value) -> Self {
        let Value::Object(data) = data else { return Self { kind: kind.to_owned(), data: Map::new() } };
        Self { kind: kind.to_owned(), data }
    }

    /// The bytes that are delivered: `type`, `timestamp`, `data`.
    pub(super) fn body(&self, cause: &Cause<'_>, texts: bool) -> Vec<u8> {
        let account = &cause.address.account;
        let mut data = Map::new();
        data.insert("app".to_owned(), json!(account.app_id));
        data.insert("account".to_owned(), json!(account.open_id));
        data.insert("conversation".to_owned(), json!(cause.address.name()));
        data.insert("number".to_owned(), json!(cause.conversation.0));
        let told = self.data.iter().filter(|(name, value)| !value.is_null() && (texts || !TEXTS.contains(&name.as_str())));
        data.extend(told.map(|(name, value)| (name.clone(), value.clone())));
        let body = json!({ "type": self.kind, "timestamp": cause.entry.now.rfc3339(), "data": data });
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// In the order in which they happened.
pub(super) fn events(cause: &Cause<'_>) -> Vec<Made> {
    let entry = cause.entry;
    let mut made: Vec<Made> = input(&entry.input).into_iter().collect();
    let (speaker, opted_out) = cause.after.standing();
    if opted_out != cause.before.opted_out {
        made.push(Made::new(if opted_out { "contact.opted_out" } else { "contact.opted_in" }, json!({})));
    }
    if speaker != cause.before.speaker {
        match speaker {
            Speaker::Taken => made.push(Made::new("conversation.taken", json!({}))),
            Speaker::Bot => made.push(Made::new("conversation.released", json!({}))),
            // The effect tells more.
            Speaker::Asked => {}
        }
    }
    let short = entry.effects.iter().find_map(|effect| match effect {
        Effect::Finish { reason, .. } => reason.strip_prefix("handed to a colleague: "),
        _ => None,
    });
    made.extend(entry.effects.iter().filter_map(|effect| of_effect(effect, short, cause.live)));
    let faults = entry.trace.iter().filter(|line| line.what == "fault").map(|line| {
        let place = line.origin.map(|origin| format!("{}:{}", origin.path, origin.line));
        Made::new("fault", json!({ "reason": line.text, "place": place }))
    });
    made.extend(faults);
    // What a panic says may hold a text of the customer's.
    made.extend(entry.fault.as_ref().map(|_| Made::new("fault", json!({ "reason": "the engine failed on an input" }))));
    made
}

fn input(input: &Input) -> Option<Made> {
    Some(match input {
        Input::Message(message) => {
            let (kind, text) = match &message.body {
                Body::Text { text } => ("text", Some(text)),
                Body::Button { text, .. } => ("button", Some(text)),
                Body::Image { .. } => ("image", None),
                Body::Video { .. } => ("video", None),
                Body::Post { .. } => ("post", None),
                Body::Sticker { .. } => ("sticker", None),
                Body::Emoji { .. } => ("emoji", None),
                Body::Reaction { .. } => ("reaction", None),
                Body::Unsupported { .. } => ("unsupported", None),
            };
            let sent = message.at.rfc3339();
            Made::new("message.received", json!({ "message": message.message_id, "kind": kind, "sent": sent, "text": text }))
        }
        Input::Comment(comment) => {
            let sent = comment.at.rfc3339();
            Made::new("comment.received", json!({ "comment": comment.comment_id, "sent": sent, "text": comment.text }))
        }
        Input::Read { until } => Made::new("message.read", json!({ "until": until.rfc3339() })),
        _ => return None,
    })
}

fn of_effect(effect: &Effect, short: Option<&str>, live: &Bot) -> Option<Made> {
    Some(match effect {
        Effect::Queue(reply) => {
            let content = content(&reply.outgoing);
            Made::new("message.queued", json!({ "reply": reply.id, "flow": reply.flow, "content": content }))
        }
        Effect::Finish { reply, end: End::Sent, message_id, .. } => {
            Made::new("message.sent", json!({ "reply": reply, "message": message_id }))
        }
        // Its content goes with the reply that it was joined with.
        Effect::Finish { end: End::Merged, .. } => return None,
        Effect::Finish { reply, end, reason, .. } => {
            Made::new("message.failed", json!({ "reply": reply, "state": end.word(), "reason": reason }))
        }
        Effect::HandedOver { team, note } => {
            let reason = short.filter(|_| team.is_none()).unwrap_or("asked for by a flow");
            let known = live.teams.iter().find(|known| Some(&known.name) == team.as_ref());
            let notify = known.and_then(|known| known.notify.as_ref());
            let data = json!({ "team": team, "notify": notify, "reason": reason, "note": note });
            Made::new("conversation.handed_over", data)
        }
        Effect::Goal { name } => Made::new("goal.reached", json!({ "goal": name })),
        Effect::Emit { event, data } => emitted(event, data),
        _ => return None,
    })
}

fn content(outgoing: &Outgoing) -> Value {
    serde_json::to_value(&outgoing.content).unwrap_or_default()
}

/// What an author writes goes into a place of its own, so that no name of his hides one of ours.
fn emitted(event: &str, data: &ValueMap) -> Made {
    let fields: Map<String, Value> = data
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::from_str(&given::to_json(value)).unwrap_or_default()))
        .collect();
    Made::new(&format!("emit.{event}"), json!({ "event": event, "fields": fields }))
}
