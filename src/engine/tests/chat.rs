//! A customer, TikTok and a clock around one conversation.

use std::collections::BTreeMap;

use crate::bot::Bot;
use crate::calendar::Moment;
use crate::channel::{CardKind, Content, Outcome, fingerprint};
use crate::engine::{
    Body, Bots, ColleagueAction, Context, Conversation, Echo, EchoSource, Effect, End, Inbound, Input, Limits, Listed, Listing,
    Moves, Older, Reply, ReplyId, Speaker, Sprint, Trace, advance_among,
};

pub struct Chat {
    pub bot: Bot,
    /// Its number, where versions are kept, and those before it that can be read.
    pub version: u32,
    pub older: Vec<(u32, Bot)>,
    pub state: Conversation,
    pub now: Moment,
    pub limits: Limits,
    pub margin_ms: i64,
    pub skew_ms: i64,
    pub seed: u64,
    /// Sends by itself whatever may be sent.
    pub sends: bool,
    pub effects: Vec<Effect>,
    pub trace: Vec<Trace>,
    pub replies: BTreeMap<ReplyId, Reply>,
    pub ends: BTreeMap<ReplyId, (End, String)>,
    heard: Vec<String>,
    number: u32,
}

pub fn chat(bot: Bot) -> Chat {
    Chat {
        bot,
        version: 0,
        older: Vec::new(),
        state: Conversation::default(),
        now: Moment::from_rfc3339("2026-11-22T10:00:00Z").unwrap(),
        limits: Limits::default(),
        margin_ms: 0,
        skew_ms: 0,
        seed: 7,
        sends: true,
        effects: Vec::new(),
        trace: Vec::new(),
        replies: BTreeMap::new(),
        ends: BTreeMap::new(),
        heard: Vec::new(),
        number: 0,
    }
}

impl Chat {
    /// One input: the conversation is saved and loaded again before it, and run twice to see that it goes alike.
    pub fn feed(&mut self, input: Input) -> &mut Self {
        let bytes = self.state.encode().unwrap();
        let input: Input = serde_json::from_slice(&serde_json::to_vec(&input).unwrap()).unwrap();
        let context = Context {
            now: self.now,
            clock: self.now,
            seed: self.seed,
            limits: &self.limits,
            window_margin_ms: self.margin_ms,
            skew_ms: self.skew_ms,
            hooked: &[],
        };
        let loaded = Conversation::decode(&bytes).unwrap();
        assert_eq!(loaded, self.state, "saving and loading changes nothing");
        let (mut conversation, mut twin) = (loaded.clone(), loaded);
        let needed = conversation.versions(self.version);
        let older = self.older.iter().filter(|(number, _)| needed.contains(number));
        let older: Vec<_> = older.map(|(number, bot)| (*number, bot, Moves::between(bot, &self.bot))).collect();
        let others: Vec<_> = older.iter().map(|(number, bot, moves)| Older { number: *number, bot, moves }).collect();
        let bots = Bots { live: &self.bot, number: self.version, others: &others };
        let Sprint { effects, trace, .. } = advance_among(&bots, &mut conversation, &input, &context);
        let again = advance_among(&bots, &mut twin, &input, &context);
        assert_eq!((&twin, &again.effects, &again.trace), (&conversation, &effects, &trace));
        self.state = conversation;
        for effect in &effects {
            match effect {
                Effect::Queue(reply) => {
                    assert!(self.replies.insert(reply.id, reply.clone()).is_none(), "an id is used once");
                }
                Effect::Finish { reply, end, reason, .. } => {
                    assert!(self.ends.insert(*reply, (*end, reason.clone())).is_none(), "a reply ends once");
                }
                _ => {}
            }
        }
        self.effects.extend(effects);
        self.trace.extend(trace.iter());
        if self.sends {
            self.send_all();
        }
        self
    }

    pub fn fresh_id(&mut self) -> String {
        self.number += 1;
        format!("m{}", self.number)
    }

    // --- the customer ----------------------------------------------------------------------------------------------

    pub fn body(&mut self, body: Body) -> &mut Self {
        let at = self.now;
        self.body_at(body, at)
    }

    pub fn body_at(&mut self, body: Body, at: Moment) -> &mut Self {
        let message_id = self.fresh_id();
        self.feed(Input::Message(Inbound::new(message_id, at, self.now, body)))
    }

    pub fn customer(&mut self, text: &str) -> &mut Self {
        self.body(Body::Text { text: text.to_owned() })
    }

    /// Presses the newest button with this title.
    pub fn press(&mut self, title: &str) -> &mut Self {
        let id = self.replies.values().rev().find_map(|reply| match &reply.outgoing.content {
            Content::Card { buttons, .. } => buttons.iter().find(|button| button.title == title).map(|button| button.id.clone()),
            _ => None,
        });
        let id = id.unwrap_or_else(|| panic!("no button `{title}` was shown"));
        self.body(Body::Button { text: title.to_owned(), id, of: "card".to_owned() })
    }

    pub fn image(&mut self) -> &mut Self {
        self.body(Body::Image { media_id: "media".to_owned() })
    }

    // --- time ------------------------------------------------------------------------------------------------------

    /// Lets time pass, with every due moment on the way.
    pub fn after(&mut self, ms: i64) -> &mut Self {
        let until = self.now.plus_ms(ms);
        for _ in 0..1_000 {
            match self.state.due() {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    let before = self.state.clone();
                    self.feed(Input::Due);
                    assert!(self.state.due() != Some(due) || self.state != before, "a due moment is dealt with: {due:?}");
                }
                _ => break,
            }
        }
        self.now = until;
        self
    }

    // --- TikTok ----------------------------------------------------------------------------------------------------

    /// Marks the head of the queue; gives reply and attempt.
    pub fn mark(&mut self) -> Option<(ReplyId, u32)> {
        let reply = self.state.candidate()?.reply;
        let sends = std::mem::replace(&mut self.sends, false);
        let from = self.effects.len();
        self.feed(Input::MaySend { reply });
        self.sends = sends;
        self.effects[from..].iter().find_map(|effect| match effect {
            Effect::Mark { reply, attempt, .. } => Some((*reply, *attempt)),
            _ => None,
        })
    }

    pub fn outcome(&mut self, (reply, attempt): (ReplyId, u32), outcome: Outcome) -> &mut Self {
        if matches!(outcome, Outcome::Sent { .. }) {
            let shown = self.shown(reply);
            self.heard.push(shown);
        }
        self.feed(Input::Outcome { reply, attempt, ended: self.now, latest: None, outcome })
    }

    pub fn send_all(&mut self) {
        for _ in 0..100 {
            let Some(attempt) = self.mark() else {
                // A held or dropped head may leave another one.
                if self.state.candidate().is_none() {
                    return;
                }
                continue;
            };
            let message_id = format!("sent{}", attempt.0.0);
            let sends = std::mem::replace(&mut self.sends, false);
            self.outcome(attempt, Outcome::Sent { message_id });
            self.sends = sends;
        }
    }

    pub fn fingerprint(&self, reply: ReplyId) -> u64 {
        self.replies[&reply].outgoing.content.fingerprint()
    }

    pub fn echo_of(&mut self, reply: ReplyId, id: &str, source: EchoSource) -> &mut Self {
        let fingerprint = self.fingerprint(reply);
        self.echo(id, source, fingerprint)
    }

    pub fn echo(&mut self, id: &str, source: EchoSource, fingerprint: u64) -> &mut Self {
        let echo = Echo {
            message_id: id.to_owned(),
            at: self.now,
            received: self.now,
            source,
            automatic: None,
            fingerprint,
            text: String::new(),
        };
        self.feed(Input::Echo(echo))
    }

    pub fn colleague(&mut self, text: &str) -> &mut Self {
        let id = self.fresh_id();
        self.echo(&id, EchoSource::App, fingerprint("text", text))
    }

    pub fn listing(&mut self, messages: &[(&str, u64)], full: bool, oldest: Option<Moment>) -> &mut Self {
        let at = self.now.plus_ms(-4_000);
        let listed =
            |(id, print): &(&str, u64)| Listed { message_id: (*id).to_owned(), at, fingerprint: *print, source: EchoSource::Api };
        let messages = messages.iter().map(listed).collect();
        let listing = Listing { messages, oldest, full, ..Listing::empty(self.now) };
        self.feed(Input::Looked { listing: Some(listing) })
    }

    pub fn takes(&mut self) -> &mut Self {
        self.feed(Input::Colleague { action: ColleagueAction::TakeOver, by: None })
    }

    pub fn releases(&mut self) -> &mut Self {
        self.feed(Input::Colleague { action: ColleagueAction::Release, by: None })
    }

    // --- what was seen ---------------------------------------------------------------------------------------------

    /// A message as a story tells it: a text, `title [a|b]`, `title <a|b>` for a link card, `image x`.
    pub fn shown(&self, reply: ReplyId) -> String {
        match &self.replies[&reply].outgoing.content {
            Content::Text { body } => body.clone(),
            Content::Image(image) => format!("image {}", image.file),
            Content::Post { item_id } => format!("post {item_id}"),
            Content::Card { card, title, buttons } => {
                let labels: Vec<&str> = buttons.iter().map(|button| button.title.as_str()).collect();
                match card {
                    CardKind::Button => format!("{title} [{}]", labels.join("|")),
                    CardKind::Link => format!("{title} <{}>", labels.join("|")),
                }
            }
        }
    }

    /// What the customer received since the last time.
    #[track_caller]
    pub fn gets(&mut self, expected: &[&str]) -> &mut Self {
        let got = std::mem::take(&mut self.heard);
        assert_eq!(got, expected, "{}", self.account());
        self
    }

    pub fn gets_any(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    pub fn waits_for(&self) -> Option<String> {
        self.state.status().waits_for
    }

    pub fn speaker(&self) -> Speaker {
        self.state.status().speaker
    }

    /// Whether a line of the account says so.
    pub fn noted(&self, what: &str, part: &str) -> bool {
        self.trace.iter().any(|line| line.what == what && line.text.contains(part))
    }

    pub fn account(&self) -> String {
        self.trace.iter().map(|line| format!("{}: {}\n", line.what, line.text)).collect()
    }

    pub fn end_of(&self, reply: u32) -> Option<End> {
        self.ends.get(&ReplyId(reply)).map(|(end, _)| *end)
    }
}
