//! Tests: conversations written down.

use crate::source::Span;
use crate::syntax::print::pieces;
use crate::syntax::tree::{BotAct, ColleagueAct, CustomerAct, Expectation, Name, TestItem, TestLine, TestLineKind};

use super::items::{count, time};
use super::quotes::{quoted, word};
use super::texts::{expression, name, plain, plains, target, values};
use super::{Entry, Yaml};

pub fn test(test: &TestItem) -> Vec<Entry> {
    let mut entries = vec![plain("test", &test.name)];
    let lines: Vec<Entry> = test.lines.iter().filter_map(line).collect();
    if !lines.is_empty() {
        let span = super::union(lines.iter().filter_map(|line| line.span));
        entries.push(Entry::new("lines", Yaml::List(lines), span));
    }
    entries
}

fn line(line: &TestLine) -> Option<Entry> {
    let span = line.span;
    let mut entries = Vec::new();
    match &line.kind {
        TestLineKind::GivenNow(date, time) => {
            let moment = format!("{} {:02}:{:02}", date.value, time.value.hour(), time.value.minute());
            entries.push(Entry::new("given_now", Yaml::Scalar(quoted(&moment)), date.span.to(time.span)));
        }
        TestLineKind::GivenFetch { method, url, status, body } => {
            entries.push(Entry::new("given_fetch", Yaml::Scalar(word(&method.value)), method.span));
            entries.push(plain("url", url));
            entries.push(match status {
                Some(status) => Entry::new("status", count(status), status.span),
                None => Entry::bare("status", Yaml::Scalar("timeout".to_owned())),
            });
            entries.extend(body.as_ref().map(|body| values("body", body)));
        }
        TestLineKind::GivenValue { target: names, value } => {
            entries.push(target("given", names));
            entries.push(expression("is", value));
        }
        TestLineKind::GivenRun { script, function, value } => {
            entries.push(target("given_run", &[script.clone(), function.clone()]));
            entries.push(expression("is", value));
        }
        TestLineKind::GivenCongestion => {
            return Some(Entry::new("", Yaml::Scalar("given_congestion".to_owned()), span));
        }
        TestLineKind::GivenImages(allowed) => {
            let word = if *allowed { "allowed" } else { "refused" };
            entries.push(Entry::bare("given_images", Yaml::Scalar(word.to_owned())));
        }
        TestLineKind::Customer(act) => entries.push(inside("customer", customer(act), span)),
        TestLineKind::Bot(act) => entries.push(inside("bot", bot(act), span)),
        TestLineKind::After(ms) => entries.push(Entry::new("after", time(ms), ms.span)),
        TestLineKind::Colleague(act) => entries.push(inside("colleague", colleague(act), span)),
        TestLineKind::Expect(expected) => entries.push(inside("expect", self::expected(expected), span)),
        TestLineKind::Broken => return None,
    }
    Some(Entry::new("", Yaml::Map(entries), span))
}

/// A value alone, or a map of keys.
fn inside(key: &str, mut entries: Vec<Entry>, span: Span) -> Entry {
    match entries.pop_if(|entry| entry.key.is_empty()) {
        Some(entry) => Entry { key: key.to_owned(), ..entry },
        None => Entry::new(key, Yaml::Short(entries), span),
    }
}

fn sends(key: &str, what: &str) -> Vec<Entry> {
    vec![Entry::bare(key, Yaml::Scalar(what.to_owned()))]
}

fn customer(act: &CustomerAct) -> Vec<Entry> {
    match act {
        CustomerAct::Text(text) => vec![plain("", text)],
        CustomerAct::Button(label) => vec![plain("button", label)],
        CustomerAct::Reaction(emoji) => vec![plain("reaction", emoji)],
        CustomerAct::Comment(text) => vec![plain("comment", text)],
        CustomerAct::Ad(id, text) => vec![plain("ad", id), plain("text", text)],
        CustomerAct::Link(reference, text) => vec![plain("link", reference), plain("text", text)],
        CustomerAct::Image => sends("sends", "image"),
        CustomerAct::Post => sends("sends", "post"),
        CustomerAct::Video => sends("sends", "video"),
        CustomerAct::Sticker => sends("sends", "sticker"),
        CustomerAct::Emoji => sends("sends", "emoji"),
        CustomerAct::Unsupported => sends("sends", "unsupported"),
    }
}

fn bot(act: &BotAct) -> Vec<Entry> {
    match act {
        BotAct::Text(text) => vec![plain("", text)],
        BotAct::Matching(regex) => vec![Entry::new("matching", Yaml::Scalar(quoted(&pieces::regex(regex))), regex.span)],
        BotAct::Choose(title, labels) => {
            let mut entries = vec![plain("choose", title)];
            entries.extend(labels.as_ref().map(|labels| plains("labels", labels)));
            entries
        }
        BotAct::Image(Some(file)) => vec![plain("image", file)],
        BotAct::Post(Some(id)) => vec![plain("post", id)],
        BotAct::Image(None) => sends("sends", "image"),
        BotAct::Post(None) => sends("sends", "post"),
        BotAct::Typing => sends("sends", "typing"),
        BotAct::Seen => sends("sends", "seen"),
        BotAct::Nothing => sends("sends", "nothing"),
    }
}

fn colleague(act: &ColleagueAct) -> Vec<Entry> {
    match act {
        ColleagueAct::Says(text) => vec![plain("", text)],
        ColleagueAct::TakesOver => sends("does", "takes_over"),
        ColleagueAct::Releases => sends("does", "releases"),
    }
}

fn expected(expected: &Expectation) -> Vec<Entry> {
    match expected {
        Expectation::RepliesLeft(replies) => vec![Entry::new("replies_left", count(replies), replies.span)],
        Expectation::WindowLeft(ms) => vec![Entry::new("window_left", time(ms), ms.span)],
        Expectation::WaitingFor(Name { text, span }) => vec![Entry::new("waiting_for", Yaml::Scalar(word(text)), *span)],
        Expectation::Stopped => sends("is", "stopped"),
        Expectation::HandedOver(None) => sends("is", "handed_over"),
        Expectation::HandedOver(Some(team)) => vec![name("handed_over_to", team)],
        Expectation::Goal(goal) => vec![plain("goal", goal)],
        Expectation::Tag(tag) => vec![plain("tag", tag)],
        Expectation::Emitted(event) => vec![plain("emitted", event)],
        Expectation::Holds(value) => vec![expression("", value)],
    }
}
