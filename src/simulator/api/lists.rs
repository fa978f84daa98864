//! What can be looked up: conversations, the newest messages of one, what may be sent in it.

use serde_json::{Map, Value, json};

use crate::calendar::Moment;

use super::super::fault::FaultKind;
use super::super::people::{Content, Conversation, Origin};
use super::super::wire;
use super::Cx;
use super::answer::{Answer, ApiError, error, parameter};
use super::ask::Ask;
use super::send::images_allowed;

/// The newest messages that content/list shows.
const MESSAGES_MAX: usize = 20;
const LIMIT_MAX: usize = 100;
/// 90 days.
const LISTED_MS: i64 = 90 * 86_400_000;

fn invalid(name: &str) -> ApiError {
    parameter(format!("Param {name} is invalid."))
}

/// `GET /business/message/conversation/list/`: newest first, at most a hundred in all.
pub(super) fn conversations(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let number = |name: &str, default: usize| match ask.maybe(name)? {
        Some(text) => text.parse::<usize>().map_err(|_| invalid(name)),
        None => Ok(default),
    };
    let read = || {
        let single = match ask.texts(["conversation_type"])? {
            ["SINGLE"] => true,
            ["STRANGER"] => false,
            _ => return Err(invalid("conversation_type")),
        };
        let limit = number("limit", LIMIT_MAX)?;
        if limit == 0 || limit > LIMIT_MAX {
            return Err(invalid("limit"));
        }
        Ok((single, limit, number("cursor", 0)?))
    };
    let account = cx.admit(ask, || read().map(|_| ()))?;
    let (single, limit, cursor) = read()?;
    let lag_ms = lag(cx);
    let until = if lag_ms > 0 { cx.now.plus_ms(-lag_ms) } else { Moment(i64::MAX) };
    let own = cx.world.conversations.iter().filter(|c| c.account == account && c.answered == single);
    let mut found: Vec<(Moment, &Conversation)> = own.filter_map(|c| Some((updated(c, until)?, c))).collect();
    found.retain(|(at, _)| cx.now.since_ms(*at) <= LISTED_MS);
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    found.truncate(LIMIT_MAX);
    let page: Vec<Value> = found.iter().skip(cursor).take(limit).map(|(at, c)| row(c, *at)).collect();
    let next = cursor.saturating_add(page.len());
    Ok(json!({"conversations": page, "has_more": next < found.len(), "cursor": next}))
}

/// When the conversation was last heard of, for who looks as of `until`.
fn updated(conversation: &Conversation, until: Moment) -> Option<Moment> {
    let messages = conversation.timeline.iter().map(|message| message.at);
    let origins = conversation.origins.iter().map(|(at, _)| *at);
    messages.chain(origins).filter(|at| *at <= until).max()
}

fn row(conversation: &Conversation, updated: Moment) -> Value {
    let mut referral = Map::new();
    for (at, origin) in &conversation.origins {
        let key = if matches!(origin, Origin::Ad { .. }) { "ad" } else { "short_link" };
        let rows = referral.entry(key).or_insert_with(|| json!([]));
        if let Some(rows) = rows.as_array_mut() {
            // Seconds here, milliseconds in the event.
            rows.push(wire::origin_row(origin, at.0.div_euclid(1000)));
        }
    }
    json!({"conversation_id": conversation.id, "update_time": updated, "referral": referral})
}

/// How far the listing lags behind, by an ordered fault.
fn lag(cx: &mut Cx<'_>) -> i64 {
    match cx.world.faults.take_kind(FaultKind::ListLag) {
        Some(fault) => fault.ms.unwrap_or(30_000),
        None => 0,
    }
}

/// The account's conversation that the call names.
fn named(cx: &Cx<'_>, account: usize, id: &str) -> Result<usize, ApiError> {
    let found = cx.world.by_id.get(id).copied();
    let own = found.filter(|at| cx.world.conversations.get(*at).is_some_and(|c| c.account == account));
    own.ok_or_else(|| invalid("conversation_id"))
}

/// `GET /business/message/content/list/`: newest first.
pub(super) fn contents(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let account = cx.admit(ask, || ask.texts(["conversation_id"]).map(|_| ()))?;
    let [id] = ask.texts(["conversation_id"])?;
    let at = named(cx, account, id)?;
    let until = cx.now.plus_ms(-lag(cx));
    let lags = until < cx.now;
    let reversed = cx.world.faults.take_kind(FaultKind::ListReversed).is_some();
    let handle = cx.world.handle(Some(at));
    if let Some(record) = cx.world.calls.get_mut(cx.call) {
        record.conversation = handle;
    }
    let (Some(found), Some(ends)) = (cx.world.conversations.get(at), cx.world.ends(at)) else {
        return Err(error(40007));
    };
    let shown = found
        .timeline
        .iter()
        .rev()
        .filter(|message| (!lags || message.at <= until) && !matches!(message.content, Content::Reaction { .. }));
    let mut messages: Vec<Value> = shown.take(MESSAGES_MAX).map(|message| ends.row(message)).collect();
    if reversed {
        messages.reverse();
    }
    let name = cx.world.accounts.get(account).map(|account| account.name.clone());
    let avatar = "https://p16.tiktokcdn.example/avatar.jpeg?x-expires=1893456000";
    Ok(json!({
        "participants": [
            {"id": ends.business_id, "role": "BUSINESS_ACCOUNT", "profile_image": avatar, "display_name": name},
            {
                "id": ends.customer.id,
                "role": "PERSONAL_ACCOUNT",
                "profile_image": avatar,
                "display_name": ends.customer.name,
                "is_follower": ends.customer.follower,
            },
        ],
        "messages": messages,
    }))
}

/// `GET /business/message/capabilities/get/`
pub(super) fn capabilities(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let read = || {
        let [id, conversation_type, kinds] = ask.texts(["conversation_id", "conversation_type", "capability_types"])?;
        let kinds: Vec<String> = serde_json::from_str(kinds).map_err(|_| invalid("capability_types"))?;
        if !matches!(conversation_type, "SINGLE" | "STRANGER") || kinds.iter().any(|kind| kind != "IMAGE_SEND") {
            return Err(invalid("capability_types"));
        }
        Ok((id, kinds))
    };
    let account = cx.admit(ask, || read().map(|_| ()))?;
    let (id, kinds) = read()?;
    let at = named(cx, account, id)?;
    let allowed = images_allowed(cx.world, at);
    let infos: Vec<Value> = kinds.iter().map(|kind| json!({"capability_type": kind, "capability_result": allowed})).collect();
    Ok(json!({"capability_infos": infos}))
}
