//! Stories told in the language itself, through the real checker.

use std::sync::Arc;

use crate::bot::Bot;
use crate::calendar::Moment;
use crate::check::{self, Assets};
use crate::diagnostic::Severity;
use crate::engine::rehearsal::{Call, Rehearsal, Said};
use crate::source::Sources;

/// A bot of these items; English, Cairo, no settings but those in `settings`.
pub fn bot_of(settings: &str, items: &str) -> Arc<Bot> {
    let mut sources = Sources::default();
    let head = format!("bot \"Test\" {{\n    languages en\n    timezone \"Africa/Cairo\"\n{settings}\n}}\n");
    sources.add("test.flow", format!("{head}{items}"));
    let script = "fn lead_score(words) { words.len() }";
    sources.add("shop.rhai", script);
    let still = Arc::new(|| std::time::Duration::ZERO);
    let mut assets = Assets::new();
    let files = [("shop.rhai".to_owned(), Arc::from(script))];
    assets.put_scripts(crate::hook::read(&files, crate::hook::Limits::for_tests(), still));
    let (bot, found) = check::compile(&sources, &assets);
    let errors: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).collect();
    Arc::new(bot.unwrap_or_else(|| panic!("{errors:#?}")))
}

/// A customer of that bot, Sunday, 22 November 2026, 10:00 in Cairo.
pub fn talk_with(settings: &str, items: &str) -> Talk {
    Talk { chat: Rehearsal::new(bot_of(settings, items), Moment(1_795_334_400_000), 1), calls: Vec::new() }
}

pub fn talk(items: &str) -> Talk {
    talk_with("", items)
}

pub struct Talk {
    pub chat: Rehearsal,
    pub calls: Vec<Call>,
}

impl Talk {
    pub fn write(&mut self, text: &str) -> &mut Self {
        self.chat.write(text);
        self
    }

    pub fn after(&mut self, ms: i64) -> &mut Self {
        self.chat.after(ms);
        self
    }

    /// What was said since the last time: texts as they are, cards as `title [a|b]`, other things by their word.
    #[track_caller]
    pub fn hears(&mut self, expected: &[&str]) -> &mut Self {
        let heard: Vec<String> = self.chat.said().into_iter().map(|(said, _)| shown(said)).collect();
        assert_eq!(heard, expected, "{}", self.why());
        self
    }

    /// The number and the shown form of the calls that were made since the last time.
    pub fn called(&mut self) -> Vec<(u32, String)> {
        let calls = self.chat.calls();
        let shown = calls.iter().map(|call| match call {
            Call::Fetch(request) => (request.call, format!("{:?} {}", request.method, request.url)),
            Call::Run { call, script, function, .. } => (*call, format!("{script}.{function}")),
        });
        let shown = shown.collect();
        self.calls.extend(calls);
        shown
    }

    pub fn waits_for(&self) -> Option<String> {
        self.chat.conversation().status().waits_for
    }

    pub fn why(&mut self) -> String {
        self.chat.trace().iter().map(|line| format!("{}: {}\n", line.what, line.text)).collect()
    }

    /// Whether a line of the account since the last look says so.
    #[track_caller]
    pub fn tells(&mut self, what: &str, part: &str) -> &mut Self {
        let trace = self.chat.trace();
        assert!(trace.iter().any(|line| line.what == what && line.text.contains(part)), "{trace:#?}");
        self
    }
}

fn shown(said: Said) -> String {
    match said {
        Said::Text(text) => text,
        Said::Image(file) => format!("image {file}"),
        Said::Post(item) => format!("post {item}"),
        Said::Card { title, buttons } => format!("{title} [{}]", buttons.join("|")),
        Said::Typing => "typing".to_owned(),
        Said::Seen => "seen".to_owned(),
        Said::HandedOver { note, .. } => format!("handed over: {note}"),
        Said::Goal(name) => format!("goal {name}"),
        Said::Noted(text) => format!("note {text}"),
        Said::Emitted { event, data } => format!("emitted {event} {data:?}"),
        Said::Unsent(reason) => format!("unsent: {reason}"),
    }
}
