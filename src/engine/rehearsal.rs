//! A conversation without a network: every reply that may leave is sent at once, time moves when told to.
//! For `talk`, for chats written as tests, and for programs that embed a bot.

mod given;

use std::collections::VecDeque;
use std::sync::Arc;

use super::{
    Answer, Body, ColleagueAction, Comment, Context, Conversation, Courtesy, Echo, EchoSource, Effect, Hooked, Inbound, Input,
    Limits, Referral, Reply, ReplyId, Request, Sprint, Trace, advance,
};
use crate::bot::{Bot, Origin, StepId, Stopped, Value, ValueMap};
use crate::calendar::Moment;
use crate::channel::{Button, Content, Outcome, fingerprint};

/// What the customer's phone shows, or what happened beside it.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Text(String),
    /// Path of the file.
    Image(String),
    Post(String),
    Card {
        title: String,
        buttons: Vec<String>,
    },
    Typing,
    Seen,
    /// A colleague is asked for.
    HandedOver {
        team: Option<String>,
        note: String,
    },
    Goal(String),
    /// For colleagues.
    Noted(String),
    /// For the business's systems.
    Emitted {
        event: String,
        data: ValueMap,
    },
    /// A reply that will not leave, and why.
    Unsent(String),
}

/// A call that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Of the business's systems; answered by [`Rehearsal::answer`].
    Fetch(Request),
    /// Of a script's function; answered by [`Rehearsal::returned`].
    Run { call: u32, script: String, function: String, arguments: Vec<Option<Value>> },
}

/// One customer, one bot, time of its own.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    bot: Arc<Bot>,
    conversation: Conversation,
    now: Moment,
    /// Raised by every input, so that `one of` varies and a run repeats exactly.
    seed: u64,
    limits: Limits,
    messages: u64,
    images: bool,
    card: Option<(String, Vec<Button>)>,
    replies: Vec<Reply>,
    said: Vec<(Said, Option<Origin>)>,
    trace: Vec<Trace>,
    calls: Vec<Call>,
    ways: Vec<(StepId, StepId)>,
    steps: Vec<StepId>,
    /// What TikTok answers to us, once all that may leave has left.
    pending: VecDeque<Input>,
}

/// A wait that does not move when its time comes would hang a jump: no bot needs so many in one.
const DUES_MAX: u32 = 10_000;
const MARGIN_MS: i64 = 300_000;

fn context<'a>(now: Moment, seed: u64, limits: &'a Limits, hooked: &'a [Hooked]) -> Context<'a> {
    Context { now, clock: now, seed, limits, window_margin_ms: MARGIN_MS, skew_ms: 0, hooked }
}

impl Rehearsal {
    /// A new customer of `bot` at `now`; the same `seed` gives the same conversation.
    #[must_use]
    pub fn new(bot: Arc<Bot>, now: Moment, seed: u64) -> Self {
        Self {
            bot,
            conversation: Conversation::default(),
            now,
            seed,
            limits: Limits::default(),
            messages: 0,
            images: true,
            card: None,
            replies: Vec::new(),
            said: Vec::new(),
            trace: Vec::new(),
            calls: Vec::new(),
            ways: Vec::new(),
            steps: Vec::new(),
            pending: VecDeque::new(),
        }
    }

    /// Whether images may be sent here; they may unless told otherwise.
    pub fn allow_images(&mut self, allowed: bool) {
        self.images = allowed;
    }

    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    #[must_use]
    pub fn bot(&self) -> &Arc<Bot> {
        &self.bot
    }

    #[must_use]
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// The bot of the next input; runs go on as a deployment would have them.
    pub fn change_bot(&mut self, bot: Arc<Bot>) {
        self.bot = bot;
    }

    /// The customer writes. With `gather` on, nothing is answered before [`Self::settle`].
    pub fn write(&mut self, text: &str) {
        self.message(Body::Text { text: text.to_owned() });
    }

    /// The customer presses a button of the newest card by its label; `false` when there is none of this name.
    pub fn press(&mut self, label: &str) -> bool {
        let Some((of, id, text)) = self.card.as_ref().and_then(|(of, buttons)| {
            let button = buttons.iter().find(|button| button.title == label)?;
            Some((of.clone(), button.id.clone(), button.title.clone()))
        }) else {
            return false;
        };
        self.message(Body::Button { text, id, of });
        true
    }

    /// The labels of the newest card.
    #[must_use]
    pub fn buttons(&self) -> Vec<String> {
        self.card.iter().flat_map(|(_, buttons)| buttons.iter().map(|button| button.title.clone())).collect()
    }

    /// The customer sends something that is no text.
    pub fn message(&mut self, body: Body) {
        // No two of a customer's messages have the same time; one that is not newer would give no replies back.
        self.after(1);
        self.messages += 1;
        let message_id = format!("customer-{}", self.messages);
        self.input(&Input::Message(Inbound::new(message_id, self.now, self.now, body)));
    }

    /// The customer comes from an ad or a link.
    pub fn refer(&mut self, source: &str, id: &str) {
        let ad = source == "ad";
        self.input(&Input::Referral(Referral {
            at: self.now,
            received: self.now,
            source: source.to_owned(),
            ad_id: ad.then(|| id.to_owned()),
            ad_name: None,
            link_ref: (!ad).then(|| id.to_owned()),
        }));
    }

    /// The customer comments under one of the account's posts.
    pub fn comment(&mut self, text: &str) {
        self.after(1);
        self.messages += 1;
        let comment_id = format!("comment-{}", self.messages);
        self.input(&Input::Comment(Comment::new(comment_id, self.now, self.now, text.to_owned())));
    }

    /// The app's queue has become long, or short again.
    pub fn congest(&mut self, long: bool) {
        self.input(&Input::Congestion { long });
    }

    /// The business's systems answer a call of [`Self::calls`]; one that is never answered is given up in its time.
    pub fn answer(&mut self, call: u32, answer: Answer) {
        self.input(&Input::Fetched { call, answer, tries: 1, took_ms: 0 });
    }

    /// A script's function returns, or is stopped.
    pub fn returned(&mut self, call: u32, result: Result<Option<Value>, String>) {
        self.input(&Input::Ran { call, result });
    }

    /// Lets every call fail for this reason, also those that are made because of it.
    pub fn fail_calls(&mut self, reason: &str) {
        // A flow that calls for ever ends by a limit of its own only where time passes.
        for _ in 0..DUES_MAX {
            let Some(call) = self.calls.pop() else { return };
            match call {
                Call::Fetch(request) => self.answer(request.call, Answer::Failed { reason: reason.to_owned() }),
                Call::Run { call, .. } => self.returned(call, Err(reason.to_owned())),
            }
        }
    }

    /// A colleague writes from TikTok's own app.
    pub fn colleague(&mut self, text: &str) {
        self.messages += 1;
        let message_id = format!("colleague-{}", self.messages);
        self.input(&Input::Echo(Echo {
            message_id,
            at: self.now,
            received: self.now,
            source: EchoSource::App,
            automatic: None,
            fingerprint: fingerprint("text", text),
            text: text.to_owned(),
        }));
    }

    pub fn colleague_action(&mut self, action: ColleagueAction) {
        self.input(&Input::Colleague { action, by: None });
    }

    /// Lets the gathering of short messages run out.
    pub fn settle(&mut self) {
        if let Some(gather) = self.bot.settings.gather {
            self.after(gather.quiet_ms);
        }
    }

    /// Moves time forward by `ms`, through everything that falls due on the way.
    pub fn after(&mut self, ms: i64) {
        let target = self.now.plus_ms(ms);
        for _ in 0..DUES_MAX {
            match self.conversation.due() {
                Some(due) if due <= target => {
                    self.now = due.max(self.now);
                    self.input(&Input::Due);
                }
                _ => break,
            }
        }
        self.now = target;
    }

    /// What was said since the last call, each with the step that said it.
    pub fn said(&mut self) -> Vec<(Said, Option<Origin>)> {
        std::mem::take(&mut self.said)
    }

    /// What was decided since the last call, and why.
    pub fn trace(&mut self) -> Vec<Trace> {
        std::mem::take(&mut self.trace)
    }

    /// The calls made since the last time, in their order.
    pub fn calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }

    /// The ways that runs took since the last time.
    pub fn ways(&mut self) -> Vec<(StepId, StepId)> {
        std::mem::take(&mut self.ways)
    }

    /// The steps begun since the last time.
    pub fn steps(&mut self) -> Vec<StepId> {
        std::mem::take(&mut self.steps)
    }

    fn input(&mut self, input: &Input) {
        self.pending.push_back(input.clone());
        while let Some(input) = self.pending.pop_front() {
            self.step(&input);
            self.send_all();
        }
    }

    fn send_all(&mut self) {
        while let Some(candidate) = self.conversation.candidate() {
            let before = self.conversation.clone();
            self.step(&Input::MaySend { reply: candidate.reply });
            // The gate may refuse and leave everything as it was; then nothing more can leave now.
            if self.conversation == before {
                break;
            }
        }
    }

    fn step(&mut self, input: &Input) {
        self.seed = self.seed.wrapping_add(1);
        // Saved and loaded, as every conversation is between two inputs of a running server.
        let conversation = self.conversation.encode().ok().and_then(|bytes| Conversation::decode(&bytes).ok());
        let before = conversation.unwrap_or_else(|| self.conversation.clone());
        let (conversation, sprint) = self.sprint(&before, input);
        self.conversation = conversation;
        self.trace.extend(sprint.trace.iter());
        self.ways.extend(sprint.ways);
        self.steps.extend(sprint.steps);
        for effect in sprint.effects {
            self.carry_out(effect);
        }
    }

    /// The sprint with all that the bot's hooks say to it.
    fn sprint(&self, before: &Conversation, input: &Input) -> (Conversation, Sprint) {
        let mut hooked = Vec::new();
        loop {
            let mut conversation = before.clone();
            let context = context(self.now, self.seed, &self.limits, &hooked);
            let mut sprint = advance(&self.bot, &mut conversation, input, &context);
            let Some(wanted) = sprint.wants.take() else { return (conversation, sprint) };
            let nobody = || Err(Stopped { why: "nobody runs scripts here".to_owned(), overran: false });
            let returned = self.bot.scripts.host.as_ref().map_or_else(nobody, |host| host.call(wanted.call.clone()));
            wanted.answer(returned, &self.limits, &mut hooked);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Queue(reply) => self.replies.push(reply),
            Effect::Mark { reply, attempt, .. } => self.send(reply, attempt),
            Effect::Finish { reply, end, reason, .. } => {
                let known = self.take(reply);
                if !matches!(end, super::End::Sent | super::End::Merged) {
                    self.said.push((Said::Unsent(reason), known.map(|reply| reply.origin)));
                }
            }
            Effect::Courtesy { what } => {
                let said = match what {
                    Courtesy::Typing => Said::Typing,
                    Courtesy::Seen => Said::Seen,
                };
                self.said.push((said, None));
            }
            Effect::AskCapability => self.pending.push_back(Input::Capability { images: self.images }),
            Effect::LookUp | Effect::LookForAnswer => self.pending.push_back(Input::Looked { listing: None }),
            Effect::HandedOver { team, note } => self.said.push((Said::HandedOver { team, note }, None)),
            Effect::Goal { name } => self.said.push((Said::Goal(name), None)),
            Effect::Hold { reason, .. } => self.said.push((Said::Unsent(reason), None)),
            Effect::Note { text } => self.said.push((Said::Noted(text), None)),
            Effect::Emit { event, data } => self.said.push((Said::Emitted { event, data }, None)),
            Effect::Fetch(request) => self.calls.push(Call::Fetch(request)),
            Effect::Run { call, script, function, arguments } => {
                self.calls.push(Call::Run { call, script, function, arguments });
            }
            Effect::Release { .. } => {}
        }
    }

    fn take(&mut self, id: ReplyId) -> Option<Reply> {
        let at = self.replies.iter().position(|reply| reply.id == id)?;
        Some(self.replies.remove(at))
    }

    fn send(&mut self, id: ReplyId, attempt: u32) {
        let message_id = format!("bot-{}", id.0);
        if let Some(reply) = self.replies.iter().find(|reply| reply.id == id) {
            let said = match &reply.outgoing.content {
                Content::Text { body } => Said::Text(body.clone()),
                Content::Image(image) => Said::Image(image.file.clone()),
                Content::Post { item_id } => Said::Post(item_id.clone()),
                Content::Card { title, buttons, .. } => {
                    self.card = Some((message_id.clone(), buttons.clone()));
                    Said::Card { title: title.clone(), buttons: buttons.iter().map(|button| button.title.clone()).collect() }
                }
            };
            self.said.push((said, Some(reply.origin.clone())));
        }
        self.step(&Input::Outcome { reply: id, attempt, ended: self.now, latest: None, outcome: Outcome::Sent { message_id } });
    }
}
