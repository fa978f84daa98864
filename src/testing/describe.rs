//! A line of a test as an author writes it, for messages.

use crate::bot::{BotAct, ColleagueAct, CustomerAct, Expectation, Place, TestStep};
use crate::calendar::duration_text;

/// The line, shortened where what it holds is long.
pub(super) fn line(step: &TestStep) -> String {
    match step {
        TestStep::GivenNow(date, time) => format!("given now {date} {}", clock(time)),
        TestStep::GivenFetch { method, url, answer } => {
            let answer = match answer {
                None => "timeout".to_owned(),
                Some((status, None)) => status.to_string(),
                Some((status, Some(_))) => format!("{status} {{ … }}"),
            };
            format!("given {} {} -> {answer}", method.word(), quoted(url))
        }
        TestStep::GivenValue { target, .. } => format!("given {} = …", place(target)),
        TestStep::GivenRun { script, function, .. } => format!("given {script}.{function} -> …"),
        TestStep::GivenCongestion => "given congestion".to_owned(),
        TestStep::GivenImages(true) => "given images allowed".to_owned(),
        TestStep::GivenImages(false) => "given images refused".to_owned(),
        TestStep::Customer(act) => format!("customer {}", customer(act)),
        TestStep::Bot(act) => format!("bot {}", bot(act)),
        TestStep::After(ms) => format!("after {}", duration_text(*ms)),
        TestStep::Colleague(ColleagueAct::Says(text)) => format!("colleague {}", quoted(text)),
        TestStep::Colleague(ColleagueAct::TakesOver) => "colleague takes over".to_owned(),
        TestStep::Colleague(ColleagueAct::Releases) => "colleague releases".to_owned(),
        TestStep::Expect(expectation) => format!("expect {}", wanted(expectation)),
    }
}

/// What the customer does, as it stands behind `customer`.
pub(super) fn customer(act: &CustomerAct) -> String {
    match act {
        CustomerAct::Text(text) => quoted(text),
        CustomerAct::Button(label) => format!("button {}", quoted(label)),
        CustomerAct::Image => "image".to_owned(),
        CustomerAct::Post => "post".to_owned(),
        CustomerAct::Video => "video".to_owned(),
        CustomerAct::Sticker => "sticker".to_owned(),
        CustomerAct::Emoji => "emoji".to_owned(),
        CustomerAct::Unsupported => "unsupported".to_owned(),
        CustomerAct::Reaction(emoji) => format!("reaction {}", quoted(emoji)),
        CustomerAct::Comment(text) => format!("comment {}", quoted(text)),
        CustomerAct::Ad { id, text } => format!("ad {} {}", quoted(id), quoted(text)),
        CustomerAct::Link { reference, text } => format!("link {} {}", quoted(reference), quoted(text)),
    }
}

/// What the bot must say, as it stands behind `bot`.
pub(super) fn bot(act: &BotAct) -> String {
    match act {
        BotAct::Text(text) => quoted(text),
        BotAct::Matching(regex) => format!("matching /{}/", regex.as_str()),
        BotAct::Choose { title, labels: None } => format!("choose {}", quoted(title)),
        BotAct::Choose { title, labels: Some(labels) } => {
            let labels: Vec<String> = labels.iter().map(|label| quoted(label)).collect();
            format!("choose {} {{ {} }}", quoted(title), labels.join(", "))
        }
        BotAct::Image(None) => "image".to_owned(),
        BotAct::Image(Some(file)) => format!("image {}", quoted(file)),
        BotAct::Post(None) => "post".to_owned(),
        BotAct::Post(Some(item)) => format!("post {}", quoted(item)),
        BotAct::Typing => "typing".to_owned(),
        BotAct::Seen => "seen".to_owned(),
        BotAct::Nothing => "nothing".to_owned(),
    }
}

/// What must hold, as it stands behind `expect`.
pub(super) fn wanted(expectation: &Expectation) -> String {
    match expectation {
        Expectation::RepliesLeft(left) => format!("replies left {left}"),
        Expectation::WindowLeft(ms) => format!("window left {}", hours(*ms)),
        Expectation::WaitingFor(name) => format!("waiting for {name}"),
        Expectation::Stopped => "stopped".to_owned(),
        Expectation::HandedOver(None) => "handed over".to_owned(),
        Expectation::HandedOver(Some(team)) => format!("handed over to {team}"),
        Expectation::Goal(name) => format!("goal {}", quoted(name)),
        Expectation::Tag(name) => format!("tag {}", quoted(name)),
        Expectation::Emitted(name) => format!("emitted {}", quoted(name)),
        Expectation::Holds(_, written) => written.clone(),
    }
}

/// A length of time of at most a few days, in hours and minutes.
pub(super) fn hours(ms: i64) -> String {
    let minutes = ms.div_euclid(60_000);
    match (minutes.div_euclid(60), minutes.rem_euclid(60)) {
        (hours, 0) => format!("{hours}h"),
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::Contact(name) => format!("contact.{name}"),
        Place::ContactTags => "contact.tags".to_owned(),
        Place::Language => "conversation.language".to_owned(),
        Place::Variable(name) => name.clone(),
        _ => "…".to_owned(),
    }
}

fn clock(time: &crate::calendar::Time) -> String {
    time.to_string().chars().take(5).collect()
}

/// A text in quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
