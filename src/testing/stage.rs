//! A conversation on a stage: acts go in, what was said and reached comes out, calls are answered from what is given.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::answers::Answers;
use super::coverage::Reached;
use super::describe;
use super::expect::written;
use super::parts;
use super::story::{StoryLine, Who};
use crate::bot::{Bot, ColleagueAct, CustomerAct, Origin, Value};
use crate::calendar::{Moment, duration_text};
use crate::engine::rehearsal::{Call, Rehearsal, Said};
use crate::engine::{Answer, Body, ColleagueAction, Speaker, Trace};

/// A colleague's message counts as one once no reply of the bot's can be it any more, in milliseconds.
const COLLEAGUE_MS: i64 = 10_000;
/// Lines of a story that are kept: the newest.
const STORY_MAX: usize = 400;
/// Due moments of one jump: no conversation needs so many.
const DUES_MAX: u32 = 1_000;
/// Calls in a row that are answered: a flow that never stops calling ends by a limit of its own.
const CALLS_MAX: usize = 100;

/// Something that was said, or that happened beside it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub said: Said,
    /// The step that made it.
    pub origin: Option<Origin>,
    pub at: Moment,
    /// Who may speak after the input that made it.
    pub speaker: Speaker,
    pub opted_out: bool,
}

/// What a test would write to answer a call, up to the arrow.
pub(super) fn line_of_call(call: &Call) -> String {
    match call {
        Call::Fetch(request) => format!("given {} {}", request.method.word(), describe::quoted(&request.url)),
        Call::Run { script, function, .. } => format!("given {script}.{function}"),
    }
}

/// What a test holds in its hands between two of its lines. A clone goes on by itself.
#[derive(Clone)]
pub(super) struct Stage {
    bot: Arc<Bot>,
    chat: Rehearsal,
    pub(super) answers: Answers,
    /// Not yet compared with any line.
    pub(super) said: VecDeque<Event>,
    pub(super) story: Vec<StoryLine>,
    /// Since the last [`Self::turn`].
    pub(super) trace: Vec<Trace>,
    pub(super) reached: Reached,
    pub(super) goals: BTreeSet<String>,
    pub(super) emitted: BTreeSet<String>,
    /// Calls that wait for their turn.
    calls: VecDeque<Call>,
    /// A call that nothing is given for.
    pub(super) ungiven: Option<Call>,
    /// Time that is still to pass once it has one.
    owed_until: Option<Moment>,
    /// Texts may still be gathered.
    unsettled: bool,
    /// Calls are running out.
    settling: bool,
    /// Some text of the bot has several variants.
    varies: bool,
}

impl Stage {
    pub(super) fn new(bot: &Arc<Bot>, now: Moment, seed: u64) -> Self {
        Self {
            bot: Arc::clone(bot),
            chat: Rehearsal::new(Arc::clone(bot), now, seed),
            answers: Answers::default(),
            said: VecDeque::new(),
            story: Vec::new(),
            trace: Vec::new(),
            reached: Reached::default(),
            goals: BTreeSet::new(),
            emitted: BTreeSet::new(),
            calls: VecDeque::new(),
            ungiven: None,
            owed_until: None,
            unsettled: false,
            settling: false,
            varies: parts::varies(bot),
        }
    }

    /// Whether what was said may have come out otherwise.
    pub(super) const fn drew(&self) -> bool {
        self.varies
    }

    pub(super) fn bot(&self) -> &Arc<Bot> {
        &self.bot
    }

    pub(super) fn chat(&self) -> &Rehearsal {
        &self.chat
    }

    pub(super) fn chat_mut(&mut self) -> &mut Rehearsal {
        &mut self.chat
    }

    /// A new turn begins: what was decided before is told no more.
    pub(super) fn turn(&mut self, seed: u64) {
        self.trace.clear();
        self.chat.reseed(seed);
    }

    /// The customer does something; `false` where there is no such button.
    pub(super) fn customer(&mut self, act: &CustomerAct) -> bool {
        self.tell(Who::Customer, told(act));
        self.unsettled = true;
        let pressed = match act {
            CustomerAct::Button(label) => self.chat.press(label),
            act => {
                self.message(act);
                true
            }
        };
        self.collect();
        pressed
    }

    fn message(&mut self, act: &CustomerAct) {
        let chat = &mut self.chat;
        match act {
            CustomerAct::Text(text) | CustomerAct::Button(text) => chat.write(text),
            CustomerAct::Image => chat.message(Body::Image { media_id: "image".to_owned() }),
            CustomerAct::Post => chat.message(Body::Post { item_id: "post".to_owned(), url: String::new() }),
            CustomerAct::Video => chat.message(Body::Video { media_id: "video".to_owned() }),
            CustomerAct::Sticker => chat.message(Body::Sticker { url: String::new() }),
            CustomerAct::Emoji => chat.message(Body::Emoji { url: String::new() }),
            CustomerAct::Unsupported => chat.message(Body::Unsupported { word: "unsupported".to_owned() }),
            CustomerAct::Reaction(emoji) => {
                let emoji = Some(emoji.clone()).filter(|emoji| !emoji.is_empty());
                chat.message(Body::Reaction { emoji, added: true, of: String::new() });
            }
            CustomerAct::Comment(text) => chat.comment(text),
            CustomerAct::Ad { id, text } => {
                chat.refer("ad", id);
                enter(chat, text);
            }
            CustomerAct::Link { reference, text } => {
                chat.refer("short_link", reference);
                enter(chat, text);
            }
        }
    }

    /// A colleague does something; it has its effect before anything else happens.
    pub(super) fn colleague(&mut self, act: &ColleagueAct) {
        match act {
            ColleagueAct::Says(text) => {
                self.tell(Who::Colleague, text.clone());
                self.chat.colleague(text);
                self.pass(COLLEAGUE_MS);
            }
            ColleagueAct::TakesOver => {
                self.tell(Who::Colleague, "[takes the conversation over]");
                self.chat.colleague_action(ColleagueAction::TakeOver);
            }
            ColleagueAct::Releases => {
                self.tell(Who::Colleague, "[releases the conversation]");
                self.chat.colleague_action(ColleagueAction::Release);
            }
        }
        self.collect();
    }

    /// Time passes, with everything that falls due on the way.
    pub(super) fn after(&mut self, ms: i64) {
        self.tell(Who::Time, duration_text(ms));
        self.pass(ms);
    }

    fn pass(&mut self, ms: i64) {
        self.pass_until(self.chat.now().plus_ms(ms));
    }

    fn pass_until(&mut self, target: Moment) {
        // From one due moment to the next, so that calls are answered when they are made.
        let mut dues = 0_u32;
        while let Some(due) = self.chat.conversation().due().filter(|due| *due <= target) {
            dues = dues.saturating_add(1);
            if dues > DUES_MAX {
                // It goes round by itself: time stands still where it was.
                return;
            }
            if self.ungiven.is_some() {
                self.owed_until = Some(target);
                return;
            }
            let before = self.chat.conversation().clone();
            self.chat.after(due.since_ms(self.chat.now()).max(0));
            self.collect();
            if *self.chat.conversation() == before {
                break;
            }
        }
        self.chat.after(target.since_ms(self.chat.now()).max(0));
        self.collect();
    }

    /// Goes on once the answer that was missing is given.
    pub(super) fn resume(&mut self) {
        let missing = self.ungiven.take();
        self.collect_from(missing);
        if self.ungiven.is_none()
            && let Some(target) = self.owed_until.take()
        {
            self.pass_until(target);
        }
        if self.settling && self.ungiven.is_none() {
            self.run_out();
        }
    }

    /// The app's queue is long from here on.
    pub(super) fn congest(&mut self) {
        self.chat.congest(true);
        self.collect();
    }

    /// Lets the time run out in which further messages would have been answered together, and calls that get no answer.
    pub(super) fn settle(&mut self) {
        if !std::mem::take(&mut self.unsettled) {
            return;
        }
        if let Some(gather) = self.bot.settings.gather {
            self.pass(gather.quiet_ms);
        }
        self.settling = true;
        self.run_out();
    }

    /// Calls that get no answer run out.
    fn run_out(&mut self) {
        for _ in 0..CALLS_MAX {
            if self.ungiven.is_some() {
                return;
            }
            let Some(due) = self.chat.conversation().due().filter(|_| self.is_calling()) else { break };
            self.pass(due.since_ms(self.chat.now()).max(0));
        }
        self.settling = false;
    }

    /// Whether the run waits for an answer to us.
    fn is_calling(&self) -> bool {
        matches!(self.chat.conversation().status().waits_for.as_deref(), Some("fetch" | "script"))
    }

    /// Takes in what the bot said and what happened beside it, and answers its calls.
    fn collect(&mut self) {
        if self.ungiven.is_none() {
            self.collect_from(None);
        } else {
            self.take_in();
        }
    }

    fn collect_from(&mut self, missing: Option<Call>) {
        self.take_in();
        let mut next = missing;
        for _ in 0..CALLS_MAX {
            let Some(call) = next.take().or_else(|| self.calls.pop_front()) else { return };
            if !self.answer(&call) {
                self.ungiven = Some(call);
                return;
            }
            self.take_in();
        }
    }

    /// Answers from what is given; `false` where nothing is. A time-out is no answer: the tries run out.
    fn answer(&mut self, call: &Call) -> bool {
        match call {
            Call::Fetch(request) => {
                let Some(given) = self.answers.called(request.method, &request.url) else { return false };
                let told = given.as_ref().map_or_else(|| "no answer in time".to_owned(), |(status, _)| status.to_string());
                self.tell(Who::Beside, format!("{} {} -> {told}", request.method.word(), request.url));
                if let Some((status, body)) = given {
                    self.chat.answer(request.call, Answer::Status { status, body });
                }
            }
            Call::Run { call, script, function, arguments } => {
                let given = self.answers.ran(script, function).map(|value| Ok(Some(value)));
                let Some(returned) = given.or_else(|| self.run(script, function, arguments)) else { return false };
                let told = match &returned {
                    Ok(value) => value.as_ref().map_or_else(|| "nothing".to_owned(), written),
                    Err(why) => why.clone(),
                };
                self.tell(Who::Beside, format!("{script}.{function} -> {told}"));
                self.chat.returned(*call, returned);
            }
        }
        true
    }

    /// Runs the script itself; `None` where the bot has none of this name.
    fn run(&self, script: &str, function: &str, arguments: &[Option<Value>]) -> Option<Result<Option<Value>, String>> {
        Some(self.bot.scripts.run(script, function, arguments)?.map_err(|stopped| stopped.why))
    }

    fn take_in(&mut self) {
        let trace = self.chat.trace();
        let status = self.chat.conversation().status();
        self.reached.told(&self.bot, &trace, &status);
        self.reached.ways(&self.chat.ways());
        self.reached.steps(&self.chat.steps());
        self.calls.extend(self.chat.calls());
        self.trace.extend(trace);
        for (said, origin) in self.chat.said() {
            match &said {
                Said::Goal(name) => _ = self.goals.insert(name.clone()),
                Said::Emitted { event, .. } => _ = self.emitted.insert(event.clone()),
                _ => {}
            }
            let line = StoryLine::of(&said);
            self.tell(line.who, line.text);
            let event = Event { said, origin, at: self.chat.now(), speaker: status.speaker, opted_out: status.opted_out };
            self.said.push_back(event);
        }
    }

    fn tell(&mut self, who: Who, text: impl Into<String>) {
        if self.story.len() >= STORY_MAX {
            self.story.remove(0);
        }
        self.story.push(StoryLine::new(who, text));
    }
}

/// What the customer wrote after coming in; nothing is written where there is no text.
fn enter(chat: &mut Rehearsal, text: &str) {
    if !text.is_empty() {
        chat.write(text);
    }
}

fn told(act: &CustomerAct) -> String {
    match act {
        CustomerAct::Text(text) => text.clone(),
        CustomerAct::Button(label) => format!("[presses {label}]"),
        act => format!("[{}]", describe::customer(act)),
    }
}
