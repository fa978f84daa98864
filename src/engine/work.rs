//! One sprint while it is made: the state that changes, what is asked of the outside, and why.

use std::cell::Cell;
use std::sync::Arc;

use super::state::{Ended, Heard, WaitKind};
use super::trace::Told;
use super::{Bots, Context, Conversation, Effect, Input, Sprint, Traces, Wanted};
use crate::bot::{Bot, Origin, StepId, ValueMap};
use crate::calendar::Moment;
use crate::channel::{Content, fingerprint};
use crate::engine::expression::Scope;

/// Ids of the business side that are remembered.
const KNOWN_MOST: usize = 64;

pub(super) struct Work<'a> {
    /// Whose triggers and settings hold; whose steps are taken says [`Work::bot`].
    pub live: &'a Bot,
    pub bots: &'a Bots<'a>,
    pub context: &'a Context<'a>,
    pub now: Moment,
    pub state: &'a mut Conversation,
    pub effects: Vec<Effect>,
    pub trace: Traces,
    pub drafts: Vec<Draft>,
    /// Steps begun in this sprint, and the ways between them.
    pub steps: Vec<StepId>,
    pub ways: Vec<(StepId, StepId)>,
    /// Turns of loops in this sprint.
    pub turns: u32,
    /// The input started, moved or ended a run.
    pub moved: bool,
    /// How often the seed was drawn from.
    pub draws: u64,
    /// The input or a step may have put something into the state that has no small bound of its own.
    pub grows: bool,
    /// Calls of hooks so far: each has an answer of its own, also where what called it is undone.
    pub hooked: usize,
    pub wants: Option<Wanted>,
    /// A message and its text folded: it is asked for more than once.
    last_folded: Cell<Option<(Arc<Heard>, String)>>,
}

/// A sprint as it stood, to go back to.
pub(super) struct Snapshot {
    state: Conversation,
    effects: Vec<Effect>,
    trace: Traces,
    drafts: Vec<Draft>,
    steps: Vec<StepId>,
    ways: Vec<(StepId, StepId)>,
    turns: u32,
    moved: bool,
    draws: u64,
}

/// A reply that a step has made and that is not yet queued.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub content: Content,
    /// Shorter forms, the longest first.
    pub shorts: Vec<String>,
    pub quote: Option<String>,
    pub flow: Arc<str>,
    pub origin: Origin,
    pub visit: Option<u32>,
    pub prompt: bool,
    pub keep_apart: bool,
    pub confirmation: bool,
    /// The colleague who wrote it.
    pub by: Option<Arc<str>>,
}

/// Why a run cannot go on: a stable word for `fault.reason`, and what people read.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub reason: &'static str,
    pub text: String,
}

impl Fault {
    pub(super) fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(bots: &'a Bots<'a>, state: &'a mut Conversation, context: &'a Context<'a>) -> Self {
        let now = state.now.max(context.now);
        state.now = now;
        Self {
            live: bots.live,
            bots,
            context,
            now,
            state,
            effects: Vec::new(),
            trace: Traces::new(context.limits.trace_max),
            drafts: Vec::new(),
            steps: Vec::new(),
            ways: Vec::new(),
            turns: 0,
            moved: false,
            draws: 0,
            grows: false,
            hooked: 0,
            wants: None,
            last_folded: Cell::default(),
        }
    }

    pub(super) fn input(&mut self, input: &Input) {
        super::ahead::of(self.state);
        self.take_up_versions();
        self.forget();
        self.forgo_welcome();
        self.grows = !matches!(
            input,
            Input::MaySend { .. } | Input::Paused { .. } | Input::Outcome { .. } | Input::Read { .. } | Input::Congestion { .. }
        );
        match input {
            Input::Message(inbound) => self.message(inbound),
            Input::Referral(referral) => {
                self.state.referral = Some(Box::new(self.bounded_referral(referral)));
                self.state.referral_fresh = true;
                self.note("referral", format_args!("entered by {}", referral.source));
            }
            Input::Echo(echo) => self.echo(echo),
            Input::Read { until } => self.state.read_until = self.state.read_until.max(Some(*until)),
            Input::Due => self.due(),
            Input::DueAfterGap { until } => {
                self.be_patient(*until);
                self.due();
            }
            Input::MaySend { reply } => self.may_send(*reply),
            Input::Paused { reply } => self.paused(*reply),
            Input::Restored => self.restored(),
            Input::Outcome { reply, attempt, ended, latest, outcome } => {
                self.outcome(*reply, *attempt, (*ended, latest.unwrap_or(*ended)), outcome);
            }
            Input::Looked { listing } => self.looked(listing.as_ref()),
            Input::Capability { images } => self.capability(*images),
            Input::Colleague { action, .. } => self.colleague(*action),
            Input::Written(written) => self.written(written),
            Input::Contact(change) => self.contact(change),
            Input::Retry { by, reply, again } => self.retry(by, *reply, again.as_deref()),
            Input::Drop { by, reply, reason } => self.drop_by(by, *reply, reason),
            Input::Fetched { call, answer, .. } => self.call_answered(*call, Ended::Fetched(answer.clone())),
            Input::Ran { call, result } => self.call_answered(*call, Ended::Ran(result.clone())),
            Input::Comment(comment) => self.comment(comment),
            Input::Congestion { long } => self.congestion(*long),
        }
        self.hear_deferred();
    }

    pub(super) fn congestion(&mut self, long: bool) {
        self.state.congested = long;
        self.note("congestion", if long { "the app's queue is long" } else { "the app's queue is short again" });
    }

    /// Its names are read by steps like a customer's text, and bounded like one.
    fn bounded_referral(&self, referral: &super::Referral) -> super::Referral {
        let bounded = |text: &Option<String>| text.as_deref().map(|text| self.bounded(text));
        super::Referral {
            ad_id: bounded(&referral.ad_id),
            ad_name: bounded(&referral.ad_name),
            link_ref: bounded(&referral.link_ref),
            ..referral.clone()
        }
    }

    pub(super) fn finish(mut self) -> Sprint {
        self.drop_stale();
        // A prompt that cannot be sent ends its run, which may let another one speak; each turn ends a run.
        for _ in 0..4 {
            if self.drafts.is_empty() {
                break;
            }
            self.flush();
        }
        self.watch_limits();
        if self.grows {
            self.bound_size();
        }
        let Self { effects, trace, ways, steps, hooked, wants, .. } = self;
        Sprint { effects, trace, ways, steps, hooked, wants }
    }

    /// Messages that came while the run waited for an answer to us.
    fn hear_deferred(&mut self) {
        for _ in 0..=self.context.limits.deferred_max {
            if self.awaits_call() {
                return;
            }
            let Some(heard) = self.state.deferred.pop_front() else { return };
            self.hear(heard);
        }
    }

    // --- trying ----------------------------------------------------------------------------------------------------

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.state.clone(),
            effects: self.effects.clone(),
            trace: self.trace.clone(),
            drafts: self.drafts.clone(),
            steps: self.steps.clone(),
            ways: self.ways.clone(),
            turns: self.turns,
            moved: self.moved,
            draws: self.draws,
        }
    }

    /// As if nothing had happened since.
    pub(super) fn go_back(&mut self, to: Snapshot) {
        let Snapshot { state, effects, trace, drafts, steps, ways, turns, moved, draws } = to;
        *self.state = state;
        (self.effects, self.trace, self.drafts, self.steps, self.ways) = (effects, trace, drafts, steps, ways);
        (self.turns, self.moved, self.draws) = (turns, moved, draws);
    }

    // --- time ------------------------------------------------------------------------------------------------------

    fn due(&mut self) {
        self.suspects_due();
        self.looks_due();
        self.held_due();
        self.handed_due();
        if self.state.gathered.as_ref().is_some_and(|gathered| gathered.due <= self.now) {
            self.close_gather();
        }
        self.wait_due();
    }

    /// Fields of the contact that have another name now, and those whose time is over.
    fn forget(&mut self) {
        for field in &self.live.contact {
            if let Some(old) = &field.renamed_from
                && !self.state.contact.contains_key(&field.name)
                && let Some(kept) = self.state.contact.remove(old)
            {
                self.state.contact.insert(field.name.clone(), kept);
            }
            if let Some(after) = field.forget_after_ms
                && self.state.contact.get(&field.name).is_some_and(|kept| kept.at.plus_ms(after) <= self.now)
            {
                self.state.contact.remove(&field.name);
                self.state.forgot = Some(self.now);
                self.note("forgotten", format_args!("`contact.{}`", field.name));
            }
        }
    }

    // --- shared ----------------------------------------------------------------------------------------------------

    /// Looks at the text of a message folded, which is done but once for the same message.
    pub(super) fn with_folded<T>(&self, heard: &Arc<Heard>, look: impl FnOnce(&str) -> T) -> T {
        let last = self.last_folded.take().filter(|(known, _)| Arc::ptr_eq(known, heard));
        let last = last.unwrap_or_else(|| (Arc::clone(heard), crate::text::fold(&heard.text)));
        let seen = look(&last.1);
        self.last_folded.set(Some(last));
        seen
    }

    pub(super) fn note(&mut self, what: &'static str, text: impl Told) {
        self.note_at(what, text, None);
    }

    pub(super) fn note_at(&mut self, what: &'static str, text: impl Told, origin: Option<&Origin>) {
        self.trace.tell(what, text, origin);
    }

    /// Whether the run, or the one that was put aside, waits for an answer to us.
    pub(super) fn awaits_call(&self) -> bool {
        [self.state.run.as_ref(), self.state.parked.as_deref()]
            .into_iter()
            .flatten()
            .any(|run| run.wait.as_ref().is_some_and(|wait| wait.kind.is_call()))
    }

    pub(super) fn waits(&self) -> Option<WaitKind> {
        self.state.run.as_ref()?.wait.as_ref().map(|wait| wait.kind)
    }

    /// What names mean now; the variables are the run's.
    pub(super) fn scope(&self) -> Scope<'_> {
        static NONE: ValueMap = ValueMap::new();
        let variables = self.state.run.as_ref().map_or(&NONE, |run| &run.at.variables);
        Scope { bot: self.bot(), live: self.live, state: self.state, variables, now: self.now }
    }

    /// Index of the conversation's language in the bot's.
    pub(super) fn language(&self) -> usize {
        let tag = self.state.language.as_deref();
        self.bot().languages.iter().position(|known| Some(known.as_str()) == tag).unwrap_or(0)
    }

    /// Its BCP 47 tag.
    pub(super) fn language_tag(&self) -> &'a str {
        self.bot().languages.get(self.language()).map_or("und", String::as_str)
    }

    pub(super) fn learn_language(&mut self, heard: &Heard) {
        if self.state.language_set {
            return;
        }
        let told = crate::text::language_of(&heard.text, &self.live.languages).and_then(|at| self.live.languages.get(at));
        if let Some(tag) = told
            && self.state.language.as_ref() != Some(tag)
        {
            self.note("language", tag);
            self.state.language = Some(tag.clone());
        }
    }

    /// The next number out of `most`, from the seed.
    pub(super) fn draw(&mut self, most: usize) -> usize {
        self.draws = self.draws.wrapping_add(1);
        if most < 2 {
            return 0;
        }
        // SplitMix64: neighbouring seeds give unlike numbers.
        let mut bits = self.context.seed.wrapping_add(self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        usize::try_from(bits % most as u64).unwrap_or(0)
    }

    /// The reply that a known id of the business side belongs to, 0 for somebody else's.
    pub(super) fn known(&self, message_id: &str) -> Option<u32> {
        let key = fingerprint("id", message_id);
        self.state.known.iter().find(|(known, _)| *known == key).map(|(_, reply)| *reply)
    }

    pub(super) fn remember(&mut self, message_id: &str, reply: u32) {
        let key = fingerprint("id", message_id);
        if self.state.known.iter().any(|(known, _)| *known == key) {
            self.state.known.retain(|(known, _)| *known != key);
        }
        self.state.known.push_back((key, reply));
        while self.state.known.len() > KNOWN_MOST {
            self.state.known.pop_front();
        }
    }

    /// Ends what has grown beyond its bound, rather than refusing to go on.
    fn bound_size(&mut self) {
        let most = self.context.limits.state_bytes_max;
        if super::weigh::bytes_at_most(self.state) <= most {
            return;
        }
        let size = |state: &Conversation| state.encode().map_or(usize::MAX, |bytes| bytes.len());
        if size(self.state) <= most {
            return;
        }
        let origin = self.state.run.as_ref().and_then(|run| self.origin_of(&run.at));
        self.state.run = None;
        self.state.parked = None;
        self.note_at("fault", format_args!("the conversation has grown beyond {most} bytes"), origin.as_ref());
        if size(self.state) > most {
            self.state.gathered = None;
            self.state.deferred.clear();
            self.state.message = None;
            self.state.said.clear();
        }
    }
}
