//! A conversation that is watched: each reply is held against the bounds of its bot.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::bot::{Bot, Value};
use crate::calendar::Moment;
use crate::channel::{Button, Content, Outcome};
use crate::engine::{
    Answer, Body, ColleagueAction, Comment, Context, Conversation, Effect, Inbound, Input, Limits, Referral, Reply, Speaker,
    Trace, advance,
};

pub const S: i64 = 1_000;
pub const M: i64 = 60 * S;
pub const H: i64 = 60 * M;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    Say(&'static str),
    /// The n-th button of the newest card.
    Press(usize),
    Image,
    Like,
    Comment(&'static str),
    Ad,
    After(i64),
    Take,
    Release,
    /// How the next calls of the business's systems end: a status, or no answer at all.
    Host(Option<u16>),
    NoImages,
}

pub struct Talk {
    bot: Arc<Bot>,
    state: Conversation,
    pub now: Moment,
    seed: u64,
    limits: Limits,
    messages: u32,
    host: Option<u16>,
    images: bool,
    card: Vec<(String, Button)>,
    inputs: VecDeque<Input>,
    /// Replies since a message was decided on, and when that was.
    replies: u32,
    decided: Moment,
    received: Moment,
    /// How long a colleague has had the conversation since then.
    taken_ms: i64,
    /// The flow in which the present ways began.
    root: Option<usize>,
    /// Whether a reaction or a limit has set something off since then, which has a row of its own.
    beside: bool,
    places: BTreeMap<u32, u64>,
    /// The most that was seen.
    pub most: u32,
    pub latest_ms: Option<i64>,
    pub longest: u64,
    /// What broke a bound.
    pub broken: Option<String>,
    pub log: Vec<String>,
}

impl Talk {
    pub fn new(bot: Arc<Bot>, now: Moment, seed: u64) -> Self {
        let mut places = BTreeMap::new();
        for text in &bot.proof.texts {
            let line = bot.flows[text.step.flow].steps[text.step.step].origin.line;
            let slot = places.entry(line).or_insert(0);
            *slot = text.units.max(*slot);
        }
        Self {
            bot,
            state: Conversation::default(),
            now,
            seed,
            limits: Limits::default(),
            messages: 0,
            host: Some(200),
            images: true,
            card: Vec::new(),
            inputs: VecDeque::new(),
            replies: 0,
            decided: now,
            received: now,
            taken_ms: 0,
            root: None,
            beside: false,
            places,
            most: 0,
            latest_ms: None,
            longest: 0,
            broken: None,
            log: Vec::new(),
        }
    }

    pub fn act(&mut self, act: Act) {
        self.log.push(format!("{act:?}"));
        match act {
            Act::Say(text) => self.message(Body::Text { text: text.to_owned() }),
            Act::Press(index) => {
                if let Some((of, button)) = self.card.get(index).cloned() {
                    self.message(Body::Button { text: button.title, id: button.id, of });
                }
            }
            Act::Image => self.message(Body::Image { media_id: "m".to_owned() }),
            // What is counted from when a message was decided on has no place for a reaction that overtakes one.
            Act::Like if self.queued(&self.state) > 0 => {}
            Act::Like => self.inbound(Body::Reaction { emoji: Some("👍".to_owned()), added: true, of: "x".to_owned() }),
            Act::Comment(text) => {
                self.messages += 1;
                let comment_id = format!("comment-{}", self.messages);
                self.received = self.now;
                self.input(Input::Comment(Comment::new(comment_id, self.now, self.now, text.to_owned())));
            }
            Act::Ad => self.input(Input::Referral(Referral {
                at: self.now,
                received: self.now,
                source: "ad".to_owned(),
                ad_id: Some("1".to_owned()),
                ad_name: None,
                link_ref: None,
            })),
            Act::After(ms) => self.after(ms),
            Act::Take => self.input(Input::Colleague { action: ColleagueAction::TakeOver, by: None }),
            Act::Release => self.input(Input::Colleague { action: ColleagueAction::Release, by: None }),
            Act::Host(host) => self.host = host,
            Act::NoImages => self.images = false,
        }
    }

    fn message(&mut self, body: Body) {
        self.after(1);
        self.received = self.now;
        self.inbound(body);
    }

    fn inbound(&mut self, body: Body) {
        self.messages += 1;
        let message_id = format!("customer-{}", self.messages);
        self.input(Input::Message(Inbound::new(message_id, self.now, self.now, body)));
    }

    fn after(&mut self, ms: i64) {
        let target = self.now.plus_ms(ms);
        for _ in 0..2_000 {
            match self.state.due() {
                Some(due) if due <= target => {
                    self.pass(due.max(self.now));
                    self.input(Input::Due);
                }
                _ => break,
            }
        }
        self.pass(target);
    }

    fn pass(&mut self, to: Moment) {
        if self.state.status().speaker == Speaker::Taken {
            self.taken_ms += to.since_ms(self.now);
        }
        self.now = to;
    }

    fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            self.step(&input);
            while let Some(candidate) = self.state.candidate() {
                let before = self.state.clone();
                self.step(&Input::MaySend { reply: candidate.reply });
                if self.state == before {
                    break;
                }
            }
        }
    }

    fn step(&mut self, input: &Input) {
        self.seed = self.seed.wrapping_add(1);
        let context = Context {
            now: self.now,
            clock: self.now,
            seed: self.seed,
            limits: &self.limits,
            window_margin_ms: 300_000,
            skew_ms: 0,
            hooked: &[],
        };
        let (waiting, place) = (self.queued(&self.state), self.state.status().place);
        let sprint = advance(&self.bot, &mut self.state, input, &context);
        let left = self.queued(&self.state);
        let says = match input {
            Input::Message(inbound) => !matches!(inbound.body, Body::Reaction { .. }),
            input => matches!(input, Input::Comment(_)),
        };
        let decided = (waiting + usize::from(says)).saturating_sub(left);
        // Of messages that waited nobody knows whose replies are whose: the run before them goes on in the same sprint.
        let mixed = decided > 0 && !(says && waiting == 0 && decided == 1);
        let trace: Vec<Trace> = sprint.trace.iter().collect();
        self.decide(decided, mixed, place, &trace);
        let aside = |line: &Trace| line.what == "trigger" && (line.text.contains("(limit)") || line.text.contains("(reaction)"));
        self.beside |= trace.iter().any(aside);
        let replies = sprint.effects.iter().filter_map(|effect| match effect {
            Effect::Queue(reply) => Some(reply.clone()),
            _ => None,
        });
        let merged = trace.iter().any(|line| line.what == "merged");
        let (before, most) = (self.replies, self.bot.proof.replies);
        for reply in replies {
            self.judge(&reply, merged, !mixed);
        }
        if mixed {
            let others = most * decided as u32;
            if self.replies > others + most {
                self.broken = Some(format!("{} replies of {} messages, {before} before", self.replies, decided + 1));
            }
            self.replies = self.replies.saturating_sub(others);
        }
        for effect in sprint.effects {
            self.carry_out(effect);
        }
    }

    /// Messages that wait to be decided on.
    fn queued(&self, state: &Conversation) -> usize {
        if self.bot.settings.gather.is_none() && self.bot.proof.held_ms == 0 {
            return 0;
        }
        let state = serde_json::to_value(state).unwrap();
        let count = |name: &str| state.get(name).and_then(|list| list.as_array()).map_or(0, Vec::len);
        count("d") + usize::from(state.get("ga").is_some_and(|gathered| !gathered.is_null()))
    }

    /// So many messages were decided on in this sprint.
    fn decide(&mut self, messages: usize, mixed: bool, place: Option<(String, usize)>, trace: &[Trace]) {
        if messages == 0 {
            return;
        }
        let flow = |name: &str| self.bot.flows.iter().position(|flow| *flow.name == *name);
        let ours = |line: &&Trace| line.what == "trigger" && !line.text.contains("(limit)") && !line.text.contains("(fault)");
        let started = trace.iter().find(ours).and_then(|line| line.text.split(['`', '#']).nth(1)).and_then(flow);
        let moved = trace.iter().any(|line| line.what == "answer");
        self.root = match (started, moved) {
            _ if mixed || trace.iter().any(|line| line.what.starts_with("opt_")) => None,
            (Some(flow), _) => Some(flow),
            (None, true) => place.as_ref().and_then(|(name, _)| flow(name)),
            (None, false) => self.root,
        };
        if !mixed {
            self.replies = 0;
        }
        // What was begun beside may still speak after a message that is only kept.
        self.beside = self.beside && started.is_none() && !moved;
        self.decided = self.now;
        self.taken_ms = 0;
    }

    fn judge(&mut self, reply: &Reply, merged: bool, counted: bool) {
        self.replies += 1;
        let ms = self.now.since_ms(self.decided) - self.taken_ms;
        let since = self.now.since_ms(self.received.min(self.decided)) - self.taken_ms;
        let Content::Text { body } = &reply.outgoing.content else {
            self.log.push(format!("  {ms} ms: a card or a picture (line {})", reply.origin.line));
            return self.bound(ms, since, counted);
        };
        let units = body.encode_utf16().count() as u64;
        let line = reply.origin.line;
        self.log.push(format!("  {ms} ms: {} (line {line})", body.chars().take(20).collect::<String>()));
        self.longest = self.longest.max(units);
        let most = self.places.get(&line).copied();
        if !merged && most.is_some_and(|most| units > most) {
            self.broken = Some(format!("a text of {units} units at line {line}, proved {most:?}"));
        }
        self.bound(ms, since, counted);
    }

    fn bound(&mut self, ms: i64, since: i64, counted: bool) {
        let proof = &self.bot.proof;
        let replies_made = if counted { self.replies } else { 0 };
        self.most = self.most.max(replies_made);
        self.latest_ms = self.latest_ms.max(Some(ms));
        let root = self.root.map(|root| (&proof.flows[root], &self.bot.flows[root].name));
        let all = (proof.replies, proof.latest_ms, "the bot".to_owned());
        let row = root.filter(|_| !self.beside).map(|(row, name)| (row.replies, row.latest_ms, format!("`{name}`")));
        let broken = [Some(all), row].into_iter().flatten().find_map(|(replies, latest, whose)| {
            if replies_made > replies {
                return Some(format!("reply {replies_made} of a message, {whose} proved {replies}"));
            }
            (Some(ms) > latest).then(|| format!("a reply after {ms} ms, {whose} proved {latest:?}"))
        });
        let late = (since > proof.latest_ms.unwrap_or(0).saturating_add(proof.held_ms))
            .then(|| format!("{since} ms after the customer's message, proved {:?} and {}", proof.latest_ms, proof.held_ms));
        self.broken = self.broken.take().or(broken).or(late);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Queue(reply) => {
                if let Content::Card { buttons, .. } = &reply.outgoing.content {
                    let of = format!("bot-{}", reply.id.0);
                    self.card = buttons.iter().map(|button| (of.clone(), button.clone())).collect();
                }
            }
            Effect::Mark { reply, attempt, .. } => {
                let outcome = Outcome::Sent { message_id: format!("bot-{}", reply.0) };
                self.inputs.push_back(Input::Outcome { reply, attempt, ended: self.now, latest: None, outcome });
            }
            Effect::AskCapability => self.inputs.push_back(Input::Capability { images: self.images }),
            Effect::LookUp | Effect::LookForAnswer => self.inputs.push_back(Input::Looked { listing: None }),
            Effect::Fetch(request) => {
                let Some(status) = self.host else { return };
                let body = Value::Map([("a".to_owned(), Value::Text("yes".to_owned()))].into());
                let answer = Answer::Status { status, body: Some(body) };
                self.inputs.push_back(Input::Fetched { call: request.call, answer, tries: 1, took_ms: 0 });
            }
            _ => {}
        }
    }
}
