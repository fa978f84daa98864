//! Flows and their triggers.

use crate::syntax::print::pieces;
use crate::syntax::tree::{Anytime, FlowItem, On, Trigger};

use super::items::{count, time};
use super::quotes::{quoted, word};
use super::texts::{expression, kind, name, phrases, plain};
use super::{Entry, Yaml, steps, union};

pub fn flow(flow: &FlowItem) -> Vec<Entry> {
    let mut entries = vec![name("flow", &flow.name)];
    if !flow.parameters.is_empty() {
        let span = union(flow.parameters.iter().map(|parameter| parameter.span));
        let parameters = flow.parameters.iter().map(|parameter| Entry {
            span: Some(parameter.span).filter(|span| span.end > span.start),
            ..kind(&word(&parameter.name.text), &parameter.kind)
        });
        entries.push(Entry::new("parameters", Yaml::Map(parameters.collect()), span));
    }
    entries.extend(flow.title.as_ref().map(|title| plain("title", title)));
    entries.extend(flow.result.as_ref().map(|result| kind("result", result)));
    entries.extend(flow.renamed_from.as_ref().map(|before| plain("renamed_from", before)));
    let triggers: Vec<Entry> = flow.triggers.iter().filter_map(trigger).collect();
    if !triggers.is_empty() {
        let span = union(triggers.iter().filter_map(|trigger| trigger.span));
        entries.push(Entry::new("triggers", Yaml::List(triggers), span));
    }
    if !flow.steps.is_empty() {
        entries.push(Entry::new("steps", steps::list(&flow.steps), union(flow.steps.iter().map(|step| step.span))));
    }
    entries
}

fn trigger(trigger: &Trigger) -> Option<Entry> {
    let mut entries = Vec::new();
    let mut bare = None;
    match &trigger.on {
        On::Words(_) | On::Exactly(_) | On::Starting(_) | On::Like(_) | On::Matching(_) => {
            entries.push(text_form("message", &trigger.on)?);
        }
        On::Comment(Some(form)) => entries.push(text_form("comment", form)?),
        On::Button(button) => entries.push(name("button", button)),
        On::Reaction(Some(emoji)) => entries.push(plain("reaction", emoji)),
        On::Ad(Some(id)) => entries.push(plain("ad", id)),
        On::Link(Some(reference)) => entries.push(plain("link", reference)),
        On::Return(ms) => entries.push(Entry::new("return_after", time(ms), ms.span)),
        On::WindowClosing(ms) => entries.push(Entry::new("window_closing_in", time(ms), ms.span)),
        On::RepliesLeft(replies) => entries.push(Entry::new("replies_left", count(replies), replies.span)),
        On::Broken => return None,
        on => bare = Some(Yaml::Scalar(kind_word(on).to_owned())),
    }
    let mut more = Vec::new();
    more.extend(trigger.when.as_ref().map(|condition| expression("when", condition)));
    more.extend(trigger.anytime.map(|anytime| {
        let word = if anytime == Anytime::Resume { "resume" } else { "true" };
        Entry::bare("anytime", Yaml::Scalar(word.to_owned()))
    }));
    more.extend(trigger.once_per_ms.as_ref().map(|ms| Entry::new("once_per", time(ms), ms.span)));
    more.extend(
        trigger.priority.as_ref().map(|number| Entry::new("priority", Yaml::Scalar(number.value.to_string()), number.span)),
    );
    if let Some(bare) = bare {
        if more.is_empty() {
            return Some(Entry::new("", bare, trigger.span));
        }
        entries.push(Entry::bare("kind", bare));
    }
    entries.extend(more);
    Some(Entry::new("", Yaml::Map(entries), trigger.span))
}

fn text_form(key: &str, form: &On) -> Option<Entry> {
    let inside = match form {
        On::Words(list) => return Some(phrases(key, list)),
        On::Exactly(list) => phrases("exactly", list),
        On::Starting(list) => phrases("starting", list),
        On::Like(list) => phrases("like", list),
        On::Matching(regex) => Entry::new("matching", Yaml::Scalar(quoted(&pieces::regex(regex))), regex.span),
        _ => return None,
    };
    let span = inside.span.unwrap_or_default();
    Some(Entry::new(key, Yaml::Map(vec![inside]), span))
}

const fn kind_word(on: &On) -> &'static str {
    match on {
        On::AnyText => "any_text",
        On::Image => "image",
        On::Post => "post",
        On::Video => "video",
        On::Sticker => "sticker",
        On::Emoji => "emoji",
        On::Reaction(_) => "reaction",
        On::Unsupported => "unsupported",
        On::Comment(_) => "comment",
        On::Ad(_) => "ad",
        On::Link(_) => "link",
        On::FirstMessage => "first_message",
        On::Fault => "fault",
        On::Words(_)
        | On::Exactly(_)
        | On::Starting(_)
        | On::Like(_)
        | On::Matching(_)
        | On::Button(_)
        | On::Return(_)
        | On::WindowClosing(_)
        | On::RepliesLeft(_)
        | On::Fallback
        | On::Broken => "fallback",
    }
}
