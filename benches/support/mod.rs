//! Bots of any size, and the job that is compared: a keyword or a pattern starts a flow, which counts, asks, waits, keeps
//! the answer and replies with it.

#![allow(dead_code, reason = "each bench uses its part")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench ends where something is wrong"
)]

use std::fmt::Write as _;
use std::time::Instant;

use rejoinder::bot::{Bot, Heard};
use rejoinder::calendar::Moment;
use rejoinder::channel::{Content, Outcome};
use rejoinder::check::{Assets, compile};
use rejoinder::diagnostic::Severity;
use rejoinder::engine::{Body, Context, Conversation, Effect, Inbound, Input, Limits, ReplyId, advance};
use rejoinder::source::Sources;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The benches' own look at the clock.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub fn clock() -> Instant {
    Instant::now()
}

/// Load of the machine, as the system tells it.
#[expect(clippy::disallowed_methods, reason = "a bench says what else ran")]
pub fn load() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Nanoseconds that this thread was on a core: what a busy machine takes from it does not count.
#[expect(clippy::disallowed_methods, reason = "a bench measures what it spends itself")]
pub fn on_core_ns() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// The bot of a viral hour: three texts and a question.
pub const VIRAL: &str = r#"
bot "Viral" { languages en }

contact {
    size: text(40)
}

flow price "What it costs" {
    on message "price"

    say "It is 20, delivery included."
    say "We send it within two days."
    say "There are five colours."
    ask contact.size "Which size do you take?" {
        nudge after 6h "Are you still there? Just write your size."
        within 24h stop
    }
    say "Thank you, we keep one for you."
}
"#;

const HEAD: &str =
    "bot \"Job\" {\n    languages en\n    opt out on \"stop\"\n}\n\ncontact {\n    count: whole = 0\n    answer: text(300)\n}\n";

/// The bot of the compared job: four of five rules are keywords, one of five is a regular expression.
pub fn job_source(rules: usize) -> String {
    let mut text = HEAD.to_owned();
    for n in 0..rules {
        let trigger = if n % 5 == 4 { format!("matching /\\bitem{n}(?:-\\d+)?\\b/") } else { format!("\"item{n}\"") };
        write!(
            text,
            "\nflow f{n} {{\n    on message {trigger}\n\n    set contact.count = contact.count + 1\n    ask contact.answer \"What would you like to know about item{n}?\" within 24h stop\n    say \"Thank you, number {{contact.count}}. We wrote down: {{contact.answer}}\"\n}}\n"
        )
        .unwrap();
    }
    text.replace(" within 24h stop\n", " {\n        within 24h stop\n    }\n")
}

/// About three hundred bytes a rule: what an author writes who answers questions.
pub fn large_source(rules: usize) -> String {
    let mut text = HEAD.to_owned();
    for n in 0..rules {
        let trigger = if n % 5 == 4 {
            format!("matching /#(?:item|part){n}-(?<number>\\d{{2,6}})/i")
        } else {
            format!("\"item{n}\", \"the price of item{n}\"")
        };
        write!(
            text,
            "\nflow f{n} \"About item {n}\" {{\n    on message {trigger}\n\n    set contact.count = contact.count + 1\n    if contact.count > 3 {{\n        say \"You asked {{contact.count}} times about item {n}.\"\n    }}\n    choose \"What about item {n}?\" {{\n        \"Price\" {{\n            say \"It costs {n} pounds.\"\n        }}\n        \"Size\" stop\n    }}\n}}\n"
        )
        .unwrap();
    }
    text
}

/// Compiles a bot of one file.
pub fn bot(source: &str) -> Bot {
    let mut sources = Sources::default();
    sources.add("bot.flow", source);
    let (bot, findings) = compile(&sources, &Assets::default());
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).take(3).collect();
    bot.unwrap_or_else(|| panic!("the bot has errors: {errors:?}"))
}

/// Lets every rule win once: compiling an expression, and what its first search lays out, belong to the start.
pub fn warm(bot: &Bot, rules: usize) {
    bot.matcher.warm();
    for n in 0..rules {
        let text = question(n);
        assert!(!bot.matcher.hits(&Heard { text: Some(&text), ..Heard::default() }).is_empty(), "rule {n} wants its message");
    }
}

/// A message of about a hundred bytes that rule `n` wants.
pub fn question(n: usize) -> String {
    format!("Hello there! I saw it in your shop and would like to know more about item{n} please, can you help me?")
}

/// An answer of about a hundred bytes.
pub fn answer(n: usize) -> String {
    format!("Is it there in blue, and how long does the delivery to my town take when I pay with a card, say {n} of them?")
}

/// What of a message is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// The message's own sprint.
    pub decide_ns: u64,
    /// With the sprints of the reply's permission and outcome.
    pub all_ns: u64,
}

/// One conversation, held as a value.
pub struct Talk<'a> {
    pub bot: &'a Bot,
    pub limits: Limits,
    pub now: i64,
    pub messages: u64,
}

impl Talk<'_> {
    /// Hands in one text and sends every reply; what was spent, and the last reply's text where it is wanted.
    pub fn say(&mut self, state: &mut Conversation, text: String, show: bool) -> (Spent, String) {
        self.messages += 1;
        let at = Moment(self.now);
        let inbound = Inbound::new(format!("m{}", self.messages), at, at, Body::Text { text });
        let input = Input::Message(inbound);
        let mut shown = String::new();
        let begun = clock();
        let effects = self.sprint(state, &input);
        let decided = begun.elapsed();
        for effect in effects {
            if let Effect::Queue(reply) = effect {
                self.send(state, reply.id);
                if show && let Content::Text { body } = reply.outgoing.content {
                    shown = body;
                }
            }
        }
        let all = begun.elapsed();
        let ns = |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        (Spent { decide_ns: ns(decided), all_ns: ns(all) }, shown)
    }

    fn send(&mut self, state: &mut Conversation, reply: ReplyId) {
        let marked = self.sprint(state, &Input::MaySend { reply });
        let attempt = marked.iter().find_map(|effect| match effect {
            Effect::Mark { attempt, .. } => Some(*attempt),
            _ => None,
        });
        let attempt = attempt.expect("the reply may leave");
        let outcome = Outcome::Sent { message_id: format!("o{}.{}", self.messages, reply.0) };
        drop(self.sprint(state, &Input::Outcome { reply, attempt, ended: Moment(self.now), latest: None, outcome }));
    }

    fn sprint(&mut self, state: &mut Conversation, input: &Input) -> Vec<Effect> {
        let context = Context {
            now: Moment(self.now),
            clock: Moment(self.now),
            seed: self.messages,
            limits: &self.limits,
            window_margin_ms: 300_000,
            skew_ms: 5_000,
            hooked: &[],
        };
        advance(self.bot, state, input, &context).effects
    }
}
