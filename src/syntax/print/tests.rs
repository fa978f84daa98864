//! Tests, line by line.

use crate::syntax::duration;
use crate::syntax::scan::word_at;
use crate::syntax::tree::{
    BotAct, ColleagueAct, CustomerAct, Expectation, Expr, ExprKind, Spanned, TestItem, TestLine, TestLineKind,
};

use super::control::dotted;
use super::expressions::clock;
use super::texts::quoted;
use super::{Printer, WIDTH_MAX};

/// Words behind `expect` that begin no expression.
const EXPECT_WORDS: [&str; 8] = ["replies", "window", "waiting", "stopped", "handed", "goal", "tag", "emitted"];

impl Printer<'_> {
    pub(super) fn test(&mut self, test: &TestItem) {
        self.put(&format!("test {}", quoted(&test.name.value)));
        let lines: Vec<&TestLine> = test.lines.iter().filter(|line| line.kind != TestLineKind::Broken).collect();
        self.braces(test.span, test.name.span.end, &lines, |line| line.span, |printer, line| printer.test_line(&line.kind));
    }

    fn test_line(&mut self, line: &TestLineKind) {
        match line {
            TestLineKind::GivenNow(date, time) => self.put(&format!("given now {} {}", date.value, clock(time.value))),
            TestLineKind::GivenFetch { method, url, status, body } => {
                self.put(&format!("given {} {} -> ", method.value, quoted(&url.value)));
                self.put(&status.as_ref().map_or_else(|| "timeout".to_owned(), |status| status.value.to_string()));
                if let Some(body) = body {
                    self.put(" ");
                    self.answer(body);
                }
            }
            TestLineKind::GivenValue { target, value } => {
                self.put(&format!("given {} = ", dotted(target)));
                self.ending(value);
            }
            TestLineKind::GivenRun { script, function, value } => {
                self.put(&format!("given {}.{} -> ", script.text, function.text));
                self.ending(value);
            }
            TestLineKind::GivenCongestion => self.put("given congestion"),
            TestLineKind::GivenImages(true) => self.put("given images allowed"),
            TestLineKind::GivenImages(false) => self.put("given images refused"),
            TestLineKind::Customer(act) => self.customer(act),
            TestLineKind::Bot(act) => self.bot_line(act),
            TestLineKind::After(ms) => self.put(&format!("after {}", duration::print(ms.value))),
            TestLineKind::Colleague(ColleagueAct::Says(text)) => self.put(&format!("colleague {}", quoted(&text.value))),
            TestLineKind::Colleague(ColleagueAct::TakesOver) => self.put("colleague takes over"),
            TestLineKind::Colleague(ColleagueAct::Releases) => self.put("colleague releases"),
            TestLineKind::Expect(expectation) => self.expectation(expectation),
            TestLineKind::Broken => {}
        }
    }

    fn ending(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Map(entries) => self.map_at_end(entries),
            _ => self.condition(value),
        }
    }

    /// What a host answers: on the line of its address, unless it would not even fit a line of its own.
    fn answer(&mut self, body: &Expr) {
        let whole = self.aside(|printer| printer.value(body));
        if whole.chars().count() + 4 * self.indent <= WIDTH_MAX {
            self.put(&whole);
        } else {
            self.ending(body);
        }
    }

    fn customer(&mut self, act: &CustomerAct) {
        let text = |word: &str, text: &Spanned<String>| format!("{word}{}", quoted(&text.value));
        let what = match act {
            CustomerAct::Text(words) => text("", words),
            CustomerAct::Button(label) => text("button ", label),
            CustomerAct::Image => "image".to_owned(),
            CustomerAct::Post => "post".to_owned(),
            CustomerAct::Video => "video".to_owned(),
            CustomerAct::Sticker => "sticker".to_owned(),
            CustomerAct::Emoji => "emoji".to_owned(),
            CustomerAct::Unsupported => "unsupported".to_owned(),
            CustomerAct::Reaction(emoji) => text("reaction ", emoji),
            CustomerAct::Comment(words) => text("comment ", words),
            CustomerAct::Ad(id, words) => format!("ad {} {}", quoted(&id.value), quoted(&words.value)),
            CustomerAct::Link(reference, words) => format!("link {} {}", quoted(&reference.value), quoted(&words.value)),
        };
        self.put(&format!("customer {what}"));
    }

    fn bot_line(&mut self, act: &BotAct) {
        self.put("bot ");
        let named = |word: &str, text: &Option<Spanned<String>>| {
            text.as_ref().map_or_else(|| word.to_owned(), |text| format!("{word} {}", quoted(&text.value)))
        };
        let what = match act {
            BotAct::Text(text) => quoted(&text.value),
            BotAct::Matching(regex) => {
                self.put("matching ");
                return self.regex(regex);
            }
            BotAct::Choose(title, None) => format!("choose {}", quoted(&title.value)),
            BotAct::Choose(title, Some(labels)) => {
                self.put(&format!("choose {} {{", quoted(&title.value)));
                let labels: Vec<String> = labels.iter().map(|label| quoted(&label.value)).collect();
                if !labels.is_empty() {
                    self.put(" ");
                    self.listed(&labels);
                }
                " }".to_owned()
            }
            BotAct::Image(file) => named("image", file),
            BotAct::Post(id) => named("post", id),
            BotAct::Typing => "typing".to_owned(),
            BotAct::Seen => "seen".to_owned(),
            BotAct::Nothing => "nothing".to_owned(),
        };
        self.put(&what);
    }

    fn expectation(&mut self, expectation: &Expectation) {
        self.put("expect ");
        let what = match expectation {
            Expectation::RepliesLeft(count) => format!("replies left {}", count.value),
            Expectation::WindowLeft(ms) => format!("window left {}", duration::print(ms.value)),
            Expectation::WaitingFor(name) => format!("waiting for {}", name.text),
            Expectation::Stopped => "stopped".to_owned(),
            Expectation::HandedOver(None) => "handed over".to_owned(),
            Expectation::HandedOver(Some(team)) => format!("handed over to {}", team.text),
            Expectation::Goal(name) => format!("goal {}", quoted(&name.value)),
            Expectation::Tag(name) => format!("tag {}", quoted(&name.value)),
            Expectation::Emitted(event) => format!("emitted {}", quoted(&event.value)),
            Expectation::Holds(value) => {
                let whole = self.aside(|printer| printer.value(value));
                if !EXPECT_WORDS.contains(&word_at(&whole)) {
                    return self.condition(value);
                }
                format!("({whole})")
            }
        };
        self.put(&what);
    }
}
