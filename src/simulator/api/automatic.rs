//! Automatic messages and the switch of comment-to-message. Review is passed at once.

use serde_json::{Value, json};

use super::super::people::{Auto, AutoKind};
use super::Cx;
use super::answer::{Answer, ApiError, error, parameter};
use super::ask::Ask;

fn invalid(name: &str) -> ApiError {
    parameter(format!("Param {name} is invalid."))
}

/// Which kind the call is about, with the key of its content, the limits of that content's texts, and how many there may be.
struct Form {
    kind: AutoKind,
    key: &'static str,
    limits: &'static [(&'static str, usize)],
    count_max: usize,
}

fn form(ask: &Ask) -> Result<Form, ApiError> {
    let (kind, key, limits, count_max): (_, _, &'static [_], _) = match ask.texts(["auto_message_type"])? {
        ["WELCOME_MESSAGE"] => (AutoKind::WelcomeMessage, "welcome_message", &[("content", 250)], 1),
        ["SUGGESTED_QUESTION"] => (AutoKind::SuggestedQuestion, "suggested_question", &[("question", 80), ("answer", 200)], 3),
        ["CHAT_PROMPT"] => (AutoKind::ChatPrompt, "chat_prompt", &[("title", 18), ("content", 150)], 6),
        _ => return Err(invalid("auto_message_type")),
    };
    Ok(Form { kind, key, limits, count_max })
}

fn content(ask: &Ask, form: &Form) -> Result<Value, ApiError> {
    let mut out = serde_json::Map::new();
    for (name, max) in form.limits {
        let text = ask.nested(form.key, name)?;
        if text.trim().is_empty() || text.encode_utf16().count() > *max {
            return Err(invalid(name));
        }
        out.insert((*name).to_owned(), json!(text));
    }
    Ok(Value::Object(out))
}

pub(super) fn create(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || content(ask, &form(ask)?).map(|_| ()))?;
    let form = form(ask)?;
    let content = content(ask, &form)?;
    let id = cx.world.rng.number();
    let account = cx.world.accounts.get_mut(at).ok_or_else(|| error(40001))?;
    if account.autos.iter().filter(|auto| auto.kind == form.kind).count() >= form.count_max {
        return Err(invalid("auto_message_type"));
    }
    if !cx.dry {
        account.autos.push(Auto { id: id.clone(), kind: form.kind, content, disabled: false });
    }
    Ok(json!({"auto_message": {"auto_message_id": id}}))
}

pub(super) fn update(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || {
        ask.texts(["auto_message_id"])?;
        content(ask, &form(ask)?).map(|_| ())
    })?;
    let [id] = ask.texts(["auto_message_id"])?;
    let form = form(ask)?;
    let content = content(ask, &form)?;
    let dry = cx.dry;
    let account = cx.world.accounts.get_mut(at).ok_or_else(|| error(40001))?;
    let found = account.autos.iter_mut().find(|auto| auto.id == id && auto.kind == form.kind);
    let auto = found.ok_or_else(|| error(40007))?;
    if !dry {
        auto.content = content;
    }
    Ok(json!({"auto_message": {"auto_message_id": id}}))
}

fn switch(ask: &Ask) -> Result<bool, ApiError> {
    match ask.texts(["operation_status"])? {
        ["ENABLE"] => Ok(true),
        ["DISABLE"] => Ok(false),
        _ => Err(invalid("operation_status")),
    }
}

pub(super) fn status(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || form(ask).and(switch(ask)).map(|_| ()))?;
    let (kind, on, dry) = (form(ask)?.kind, switch(ask)?, cx.dry);
    let account = cx.world.accounts.get_mut(at).ok_or_else(|| error(40001))?;
    if !dry {
        account.autos_on.retain(|other| *other != kind);
        if on {
            account.autos_on.push(kind);
            let shown_all = kind == AutoKind::WelcomeMessage;
            // The documents: with these kinds "all the existing will be disabled"; that no answer tells of it is the harder reading.
            account.autos.iter_mut().filter(|auto| auto.kind == kind && !shown_all).for_each(|auto| auto.disabled = true);
        }
    }
    Ok(json!({}))
}

pub(super) fn delete(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || match (form(ask)?.kind, ask.texts(["auto_message_id"])?) {
        (AutoKind::WelcomeMessage, _) => Err(invalid("auto_message_type")),
        _ => Ok(()),
    })?;
    let [id] = ask.texts(["auto_message_id"])?;
    let dry = cx.dry;
    let account = cx.world.accounts.get_mut(at).ok_or_else(|| error(40001))?;
    let found = account.autos.iter().position(|auto| auto.id == id).ok_or_else(|| error(40007))?;
    if !dry {
        account.autos.remove(found);
    }
    Ok(json!({}))
}

/// Chat prompts only, all of them.
pub(super) fn sort(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let read = || {
        let ids = ask.value("auto_message_ids").and_then(Value::as_array);
        let ids = ids.ok_or_else(|| parameter("Missing required field(s): auto_message_ids".to_owned()))?;
        match form(ask)?.kind {
            AutoKind::ChatPrompt => Ok(ids.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()),
            _ => Err(invalid("auto_message_type")),
        }
    };
    let at = cx.admit(ask, || read().map(|_| ()))?;
    let ids = read()?;
    let dry = cx.dry;
    let account = cx.world.accounts.get_mut(at).ok_or_else(|| error(40001))?;
    let mut own: Vec<&str> =
        account.autos.iter().filter(|auto| auto.kind == AutoKind::ChatPrompt).map(|auto| auto.id.as_str()).collect();
    let mut given: Vec<&str> = ids.iter().map(String::as_str).collect();
    own.sort_unstable();
    given.sort_unstable();
    if own != given {
        return Err(invalid("auto_message_ids"));
    }
    if !dry {
        account.autos.sort_by_key(|auto| ids.iter().position(|id| *id == auto.id));
    }
    Ok(json!({}))
}

pub(super) fn get(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || form(ask).map(|_| ()))?;
    let form = form(ask)?;
    let account = cx.world.accounts.get(at).ok_or_else(|| error(40001))?;
    let rows: Vec<Value> = account
        .autos
        .iter()
        .filter(|auto| auto.kind == form.kind)
        .map(|auto| {
            json!({
                "auto_message_type": auto.kind,
                "audit_status": "APPROVED",
                "auto_message_id": auto.id,
                // The official page shows chat prompts under this key, too.
                (if form.key == "chat_prompt" { "suggested_question" } else { form.key }): auto.content,
            })
        })
        .collect();
    let on = if account.autos_on.contains(&form.kind) { "ENABLE" } else { "DISABLE" };
    Ok(json!({"business_id": account.business_id, "operation_status": on, "auto_messages": rows}))
}

fn comment_to_message(ask: &Ask) -> Result<(), ApiError> {
    match ask.texts(["direct_reply_type"])? {
        ["COMMENT_TO_MESSAGE"] => Ok(()),
        _ => Err(invalid("direct_reply_type")),
    }
}

pub(super) fn direct_reply_update(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || comment_to_message(ask).and(switch(ask)).map(|_| ()))?;
    let (on, dry) = (switch(ask)?, cx.dry);
    if let Some(account) = cx.world.accounts.get_mut(at).filter(|_| !dry) {
        account.direct_reply = on;
    }
    Ok(json!({}))
}

pub(super) fn direct_reply_get(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let at = cx.admit(ask, || comment_to_message(ask))?;
    let account = cx.world.accounts.get(at).ok_or_else(|| error(40001))?;
    let on = if account.direct_reply { "ENABLE" } else { "DISABLE" };
    Ok(json!({
        "business_id": account.business_id,
        "direct_reply_type": "COMMENT_TO_MESSAGE",
        "operation_status": on,
    }))
}
