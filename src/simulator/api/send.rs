//! `POST /business/message/send/`

use serde_json::{Value, json};

use super::super::judge::Breach;
use super::super::people::{Card, CardButton, Content, Source, allows_images};
use super::super::world::{Draft, World};
use super::Cx;
use super::answer::{Answer, ApiError, error, parameter};
use super::ask::Ask;

/// TikTok says "characters, including spaces and emojis"; the largest of the possible counts is UTF-16 units.
pub(super) const TEXT_MAX: usize = 6_000;
const CARD_TITLE_MAX: usize = 40;
const BUTTONS_MAX: usize = 3;
const BUTTON_TITLE_MAX: usize = 20;
const LINK_TITLE_MAX: usize = 40;
const BUTTON_ID_MAX: usize = 40;
const TYPING_MS: i64 = 5_000;
const DAY_MS: i64 = 86_400_000;

enum Wanted {
    Say(Content),
    Typing,
    Seen,
}

/// Where it goes.
enum Goal<'a> {
    Conversation(&'a str),
    Comment(&'a str),
}

/// UTF-16 units.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn invalid(name: &str) -> ApiError {
    parameter(format!("Param {name} is invalid."))
}

pub(super) fn send(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let account = cx.token(ask)?;
    let [business_id, message_type] = ask.texts(["business_id", "message_type"])?;
    if let Some(record) = cx.world.calls.get_mut(cx.call) {
        record.what = Some(message_type.chars().take(20).collect());
    }
    let goal = goal(ask, message_type)?;
    let wanted = wanted(cx, ask, message_type)?;
    let quote = quote(ask, message_type)?;
    cx.owned(account, business_id)?;
    cx.pace()?;
    let conversation = match goal {
        Goal::Conversation(id) => {
            let found = cx.world.by_id.get(id).copied();
            let at = found.filter(|at| cx.world.conversations.get(*at).is_some_and(|c| c.account == account));
            at.ok_or_else(|| ApiError { code: 40007, message: "The conversation does not exist.".to_owned() })?
        }
        Goal::Comment(id) => {
            let Wanted::Say(content) = wanted else { return Err(invalid("message_type")) };
            return comment_reply(cx, account, id, content);
        }
    };
    let handle = cx.world.handle(Some(conversation));
    if let Some(record) = cx.world.calls.get_mut(cx.call) {
        record.conversation = handle;
    }
    let content = match wanted {
        Wanted::Say(content) => content,
        action => return Ok(sender_action(cx, conversation, &action)),
    };
    if let Some(quoted) = &quote {
        let fits = cx.world.conversations.get(conversation).and_then(|c| c.message(quoted)).is_some_and(|message| {
            matches!(message.content, Content::Text { .. } | Content::Image { .. } | Content::SharePost { .. })
        });
        if !fits {
            return Err(ApiError { code: 40007, message: "The referenced message does not exist.".to_owned() });
        }
    }
    cx.world.judge(conversation, cx.now, &content, cx.call).map_err(|_| error(40064))?;
    image_allowed(cx, account, conversation, &content)?;
    Ok(store(cx, conversation, Draft { quote, ..Draft::business(content, Source::Api) }))
}

fn goal<'a>(ask: &'a Ask, message_type: &str) -> Result<Goal<'a>, ApiError> {
    if let Some(reply) = ask.value("direct_reply") {
        if ask.value("recipient").is_some() || message_type != "TEXT" {
            return Err(invalid("direct_reply"));
        }
        let kind = reply.get("reply_type").and_then(Value::as_str);
        let id = reply.get("comment_reply").and_then(|reply| reply.get("comment_id")).and_then(Value::as_str);
        return match (kind, id) {
            (Some("COMMENT_REPLY"), Some(id)) => Ok(Goal::Comment(id)),
            _ => Err(invalid("direct_reply")),
        };
    }
    let [kind, recipient] = ask.texts(["recipient_type", "recipient"])?;
    if kind == "CONVERSATION" { Ok(Goal::Conversation(recipient)) } else { Err(invalid("recipient_type")) }
}

fn quote(ask: &Ask, message_type: &str) -> Result<Option<String>, ApiError> {
    if ask.value("referenced_message_info").is_none() {
        return Ok(None);
    }
    if message_type != "TEXT" {
        return Err(invalid("referenced_message_info"));
    }
    ask.nested("referenced_message_info", "referenced_message_id").map(|id| Some(id.to_owned()))
}

fn wanted(cx: &mut Cx<'_>, ask: &Ask, message_type: &str) -> Result<Wanted, ApiError> {
    let content = match message_type {
        "TEXT" => {
            let body = ask.nested("text", "body")?;
            let length = units(body);
            if length > TEXT_MAX {
                let why = format!("a text of {length} UTF-16 units, {TEXT_MAX} are allowed");
                cx.world.violate(cx.now, Breach::Length, why, None, cx.call);
                return Err(invalid("text.body"));
            }
            if body.trim().is_empty() {
                return Err(invalid("text.body"));
            }
            Content::Text { body: body.to_owned() }
        }
        "IMAGE" => Content::Image { media_id: ask.nested("image", "media_id")?.to_owned() },
        "SHARE_POST" => {
            let item_id = ask.nested("share_post", "item_id")?;
            if item_id.is_empty() || !item_id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(invalid("share_post.item_id"));
            }
            Content::SharePost { item_id: item_id.to_owned() }
        }
        "TEMPLATE" => card(ask)?,
        "SENDER_ACTION" => {
            return match ask.texts(["sender_action"])? {
                ["TYPING"] => Ok(Wanted::Typing),
                ["MARK_READ"] => Ok(Wanted::Seen),
                _ => Err(invalid("sender_action")),
            };
        }
        _ => return Err(invalid("message_type")),
    };
    Ok(Wanted::Say(content))
}

fn card(ask: &Ask) -> Result<Content, ApiError> {
    let (card, title_max) = match ask.nested("template", "type")? {
        "QA_BUTTON_CARD" => (Card::QaButtonCard, BUTTON_TITLE_MAX),
        "QA_LINK_CARD" => (Card::QaLinkCard, LINK_TITLE_MAX),
        _ => return Err(invalid("template.type")),
    };
    let title = ask.nested("template", "title")?;
    if title.trim().is_empty() || units(title) > CARD_TITLE_MAX {
        return Err(invalid("template.title"));
    }
    let given = ask.value("template").and_then(|template| template.get("buttons")).and_then(Value::as_array);
    let given = given.ok_or_else(|| parameter("Missing required field(s): template.buttons".to_owned()))?;
    if given.is_empty() || given.len() > BUTTONS_MAX {
        return Err(invalid("template.buttons"));
    }
    let mut buttons = Vec::new();
    for button in given {
        let title = button.get("title").and_then(Value::as_str).unwrap_or_default();
        let id = button.get("id").filter(|id| !id.is_null());
        let id_fits = id.is_none_or(|id| id.as_str().is_some_and(|id| units(id) <= BUTTON_ID_MAX));
        let is_reply = button.get("type").and_then(Value::as_str) == Some("REPLY");
        if !is_reply || title.trim().is_empty() || units(title) > title_max || !id_fits {
            return Err(invalid("template.buttons"));
        }
        let id = id.and_then(Value::as_str).map(str::to_owned);
        buttons.push(CardButton { title: title.to_owned(), id });
    }
    Ok(Content::Template { card, title: title.to_owned(), buttons })
}

/// Neither counted nor bound to the window, as far as is known.
fn sender_action(cx: &mut Cx<'_>, conversation: usize, action: &Wanted) -> Value {
    if !cx.dry
        && let Some(found) = cx.world.conversations.get_mut(conversation)
    {
        match action {
            Wanted::Typing => found.typing_until = cx.now.plus_ms(TYPING_MS),
            _ => found.timeline.iter_mut().filter(|m| m.source.is_none()).for_each(|m| m.read = true),
        }
        let kind = if matches!(action, Wanted::Typing) { "typing" } else { "read" };
        cx.world.note(cx.now, kind, Some(conversation));
    }
    json!({"message": {"message_id": ""}})
}

fn image_allowed(cx: &Cx<'_>, account: usize, conversation: usize, content: &Content) -> Result<(), ApiError> {
    let Content::Image { media_id } = content else { return Ok(()) };
    let known = |media: &super::super::people::Media| media.id == *media_id && media.account == account && media.until > cx.now;
    if !cx.world.media.iter().any(known) {
        return Err(ApiError { code: 40007, message: "The media does not exist or has expired.".to_owned() });
    }
    if images_allowed(cx.world, conversation) { Ok(()) } else { Err(error(40001)) }
}

/// Whether both sides' countries allow images.
pub(super) fn images_allowed(world: &World, conversation: usize) -> bool {
    let Some(found) = world.conversations.get(conversation) else { return false };
    let account = world.accounts.get(found.account).is_some_and(|account| allows_images(&account.country));
    account && world.customers.get(found.customer).is_some_and(|customer| allows_images(&customer.country))
}

fn store(cx: &mut Cx<'_>, conversation: usize, draft: Draft) -> Value {
    let stored = if cx.dry { None } else { cx.world.say(conversation, cx.now, draft) };
    let Some(message) = stored else { return json!({"message": {"message_id": ""}}) };
    if let Some(record) = cx.world.calls.get_mut(cx.call) {
        record.message_id = Some(message.id.clone());
    }
    if let Some((delivery, first)) = cx.world.echo(conversation, cx.now, &message, cx.echo_due) {
        cx.wait_for = (first || cx.echo_first).then_some(delivery);
    }
    json!({"message": {"message_id": message.id}})
}

/// Comment to message: only for accounts of Vietnam, Indonesia and Thailand that switched it on; the comment is at most
/// 48 hours old, was not answered before, and there was no contact within a day.
fn comment_reply(cx: &mut Cx<'_>, account: usize, id: &str, content: Content) -> Answer {
    let (now, world) = (cx.now, &mut *cx.world);
    let may = world
        .accounts
        .get(account)
        .is_some_and(|account| account.direct_reply && matches!(account.country.as_str(), "VN" | "ID" | "TH"));
    if !may {
        return Err(error(40001));
    }
    let found = world.comments.iter().position(|comment| comment.id == id && comment.account == account);
    let Some(comment) = found.and_then(|at| world.comments.get_mut(at)) else { return Err(error(40007)) };
    if comment.answered || now.since_ms(comment.at) > 2 * DAY_MS {
        return Err(error(40064));
    }
    let customer = comment.customer;
    let recent = world.conversations.iter().any(|conversation| {
        let same = conversation.account == account && conversation.customer == customer;
        same && conversation.timeline.back().is_some_and(|message| now.since_ms(message.at) < DAY_MS)
    });
    if recent {
        return Err(error(40064));
    }
    if cx.dry {
        return Ok(json!({}));
    }
    if let Some(comment) = found.and_then(|at| world.comments.get_mut(at)) {
        comment.answered = true;
    }
    let conversation = world.conversation(account, customer, now);
    Ok(store(cx, conversation, Draft::business(content, Source::Api)))
}
