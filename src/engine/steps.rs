//! Takes a run from step to step until it waits or ends.

use super::state::{Anchor, Kept, Wait, WaitKind};
use super::work::{Draft, Fault, Work};
use super::{Courtesy, Effect};
use crate::bot::{Op, Origin, Place, Step, StepId, Template, Value, ValueMap, WaitFor};
use crate::channel::{Content, Image};

/// What TikTok once said of images is believed for so long.
const CAPABILITY_MS: i64 = 24 * 60 * 60 * 1_000;
/// So long an image waits to hear whether it may be sent.
const CAPABILITY_PATIENCE_MS: i64 = 30_000;

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Step(usize),
    Flow(StepId),
    /// The run waits.
    Rest,
    /// The run is over.
    Over,
}

impl<'a> Work<'a> {
    /// Goes on at this step until the run waits or ends.
    pub(super) fn proceed(&mut self, mut flow: usize, mut index: usize) {
        loop {
            let bot = self.bot;
            let Some(current) = bot.flows.get(flow) else { return self.end_run("its flow no longer exists") };
            let Some(step) = current.steps.get(index) else { return self.end_run("the end of the flow") };
            let Some(run) = &mut self.state.run else { return };
            run.wait = None;
            run.at.step = index;
            run.at.digest = step.digest;
            if run.at.flow != current.name {
                run.at.flow.clone_from(&current.name);
            }
            self.steps = self.steps.saturating_add(1);
            if self.steps > self.context.limits.steps_max {
                return self
                    .fault(&Fault(format!("more than {} steps in a row", self.context.limits.steps_max)), Some(&step.origin));
            }
            match self.step(index, step) {
                Ok(Next::Step(next)) => index = next,
                Ok(Next::Flow(next)) => {
                    if let Some(run) = &mut self.state.run
                        && (next.flow != flow || next.step == 0)
                    {
                        run.at.variables = ValueMap::new();
                    }
                    (flow, index) = (next.flow, next.step);
                }
                Ok(Next::Rest) => return,
                Ok(Next::Over) => return self.end_run("it is done"),
                Err(fault) => return self.fault(&fault, Some(&step.origin)),
            }
        }
    }

    fn step(&mut self, index: usize, step: &'a Step) -> Result<Next, Fault> {
        let next = Ok(Next::Step(index.saturating_add(1)));
        self.note_at("step", op_word(&step.op), Some(&step.origin));
        match &step.op {
            Op::Say { text, replying, keep_apart, .. } => {
                let body = self.render_text(text)?;
                let quote = if *replying { self.quote() } else { None };
                let mut draft = self.draft(Content::Text { body }, &step.origin);
                draft.keep_apart = *keep_apart || *replying;
                draft.quote = quote;
                self.push(draft)?;
                next
            }
            Op::Image { file, otherwise } => self.image(file, *otherwise, index, &step.origin),
            Op::Post { item_id } => {
                let item_id = self.render(item_id)?;
                let draft = self.draft(Content::Post { item_id }, &step.origin);
                self.push(draft)?;
                next
            }
            Op::Ask { .. } | Op::Choose { .. } => {
                self.ask(step)?;
                Ok(Next::Rest)
            }
            Op::Typing => {
                self.effects.push(Effect::Courtesy { what: Courtesy::Typing });
                next
            }
            Op::Seen => {
                self.effects.push(Effect::Courtesy { what: Courtesy::Seen });
                next
            }
            Op::Set { target, value } => {
                let value = self.scope().value(value);
                self.set(target, value)?;
                next
            }
            Op::Tag { name, on } => {
                if *on {
                    self.state.tags.insert(name.clone());
                } else {
                    self.state.tags.remove(name);
                }
                next
            }
            Op::Goal(name) => {
                self.effects.push(Effect::Goal { name: name.clone() });
                next
            }
            Op::Branch { condition, otherwise } => {
                let holds = self.scope().holds(condition);
                self.note_at("branch", if holds { "true" } else { "not true" }, Some(&step.origin));
                if holds { next } else { Ok(Next::Step(*otherwise)) }
            }
            Op::Match { subject, arms, otherwise } => {
                let scope = self.scope();
                let value = scope.value(subject);
                let arm = arms.iter().find(|(patterns, _)| patterns.iter().any(|pattern| scope.fits(value.as_ref(), pattern)));
                Ok(Next::Step(arm.map_or(*otherwise, |(_, target)| *target)))
            }
            Op::Jump(target) => Ok(Next::Step(*target)),
            Op::Goto { to, .. } => Ok(Next::Flow(*to)),
            Op::Stop => Ok(Next::Over),
            Op::Wait(wait) => Ok(self.wait(wait, index)),
            Op::Handoff(handoff) => self.hand_off(handoff),
            _ => Err(Fault("this step is not known here".to_owned())),
        }
    }

    pub(super) fn draft(&self, content: Content, origin: &Origin) -> Draft {
        Draft {
            content,
            quote: None,
            flow: self.state.run.as_ref().map(|run| run.at.flow.clone()).unwrap_or_default(),
            origin: origin.clone(),
            visit: None,
            prompt: false,
            keep_apart: false,
            confirmation: false,
        }
    }

    pub(super) fn push(&mut self, draft: Draft) -> Result<(), Fault> {
        let most = self.context.limits.replies_max;
        if self.drafts.len() >= most {
            return Err(Fault(format!("more than {most} replies in a row")));
        }
        self.drafts.push(draft);
        Ok(())
    }

    /// The customer's message, where it may be quoted.
    fn quote(&mut self) -> Option<String> {
        let message = self.state.message.as_ref()?;
        if message.kind.quotable() {
            return Some(message.id.clone());
        }
        let word = message.kind.word();
        self.note("quote", format!("TikTok lets nobody quote this kind of message ({word}): sent without"));
        None
    }

    fn image(&mut self, file: &Template, otherwise: usize, index: usize, origin: &Origin) -> Result<Next, Fault> {
        let name = self.render(file)?;
        let bot = self.bot;
        let Some(asset) = bot.assets.get(&name) else {
            self.note_at("image", format!("there is no file `{name}`"), Some(origin));
            return Ok(Next::Step(otherwise));
        };
        let known = self.state.images.filter(|(_, at)| self.now.since_ms(*at) <= CAPABILITY_MS);
        match known {
            Some((true, _)) => {
                let image = Image { file: asset.file.clone(), digest: asset.digest.clone() };
                let draft = self.draft(Content::Image(image), origin);
                self.push(draft)?;
                Ok(Next::Step(index.saturating_add(1)))
            }
            Some((false, _)) => {
                self.note_at("image", "TikTok allows no images between these two countries", Some(origin));
                Ok(Next::Step(otherwise))
            }
            None => {
                self.note_at("image", "TikTok is asked whether images may be sent here", Some(origin));
                self.effects.push(Effect::AskCapability);
                let until = self.now.plus_ms(CAPABILITY_PATIENCE_MS);
                let wait = self.new_wait(WaitKind::Image);
                self.rest(Wait { until: Some(until), ..wait });
                Ok(Next::Rest)
            }
        }
    }

    /// TikTok's answer about images: the step that waits for it runs again.
    pub(super) fn capability(&mut self, images: bool) {
        self.state.images = Some((images, self.now));
        self.note("image", if images { "images may be sent here" } else { "no images may be sent here" });
        if self.waits() == Some(WaitKind::Image) {
            self.again(false);
        }
    }

    /// Goes on after a wait for TikTok: at the image's step, or where it goes without an image.
    pub(super) fn again(&mut self, without: bool) {
        let Some(anchor) = self.state.run.as_ref().map(|run| run.at.clone()) else { return };
        let Some((flow, index)) = self.find(&anchor) else { return self.lose() };
        let step = self.bot.flows.get(flow).and_then(|flow| flow.steps.get(index));
        match step.map(|step| &step.op) {
            Some(Op::Image { otherwise, .. }) if without => self.proceed(flow, *otherwise),
            _ => self.proceed(flow, index),
        }
    }

    fn wait(&mut self, wait: &WaitFor, index: usize) -> Next {
        let bot = self.bot;
        let zone = &bot.settings.zone;
        let until = match wait {
            WaitFor::Duration(ms) => Some(self.now.plus_ms(*ms)),
            WaitFor::Time(time) => Some(zone.next_time(self.now, *time)),
            WaitFor::Open(hours) => bot.hours.get(*hours).and_then(|hours| hours.next_open(self.now, zone)),
        };
        match until {
            Some(until) if until > self.now => {
                let wait = self.new_wait(WaitKind::Time);
                self.rest(Wait { until: Some(until), ..wait });
                Next::Rest
            }
            Some(_) => Next::Step(index.saturating_add(1)),
            None => {
                self.note("ended", "the hours never open");
                Next::Over
            }
        }
    }

    pub(super) fn new_wait(&mut self, kind: WaitKind) -> Wait {
        self.state.visits = self.state.visits.saturating_add(1);
        Wait {
            visit: self.state.visits,
            kind,
            what: String::new(),
            misfits: 0,
            labels: Vec::new(),
            prompt: None,
            open: None,
            until: None,
            nudge_at: None,
            nudged: 0,
        }
    }

    pub(super) fn rest(&mut self, wait: Wait) {
        if let Some(run) = &mut self.state.run {
            run.wait = Some(wait);
        }
    }

    /// Makes or changes; a missing value takes it away.
    pub(super) fn set(&mut self, target: &Place, value: Option<Value>) -> Result<(), Fault> {
        let most = self.context.limits.value_bytes_max;
        if value.as_ref().is_some_and(|value| weight(value) > most) {
            return Err(Fault(format!("a value of more than {most} bytes")));
        }
        match target {
            Place::Variable(name) => {
                if let Some(run) = &mut self.state.run {
                    match value {
                        Some(value) => run.at.variables.insert(name.clone(), value),
                        None => run.at.variables.remove(name),
                    };
                }
            }
            Place::Contact(name) => {
                let at = self.now;
                match value {
                    Some(value) => self.state.contact.insert(name.clone(), Kept { value, at }),
                    None => self.state.contact.remove(name),
                };
            }
            Place::Language => match value {
                Some(Value::Text(tag)) if self.bot.languages.contains(&tag) => {
                    self.note("language", format!("set to {tag}"));
                    self.state.language = Some(tag);
                    self.state.language_set = true;
                }
                _ => return Err(Fault("the conversation's language must be one of the bot's".to_owned())),
            },
            _ => return Err(Fault("this name cannot be set".to_owned())),
        }
        Ok(())
    }

    // --- where a run stands ----------------------------------------------------------------------------------------

    /// Flow and step of an anchor in this version of the bot: by place where the digest agrees, else by digest.
    pub(super) fn find(&self, anchor: &Anchor) -> Option<(usize, usize)> {
        let at = self.bot.flows.iter().position(|flow| flow.name == anchor.flow)?;
        let steps = &self.bot.flows.get(at)?.steps;
        if steps.get(anchor.step).is_some_and(|step| step.digest == anchor.digest) {
            return Some((at, anchor.step));
        }
        let same = steps.iter().enumerate().filter(|(_, step)| step.digest == anchor.digest);
        same.min_by_key(|(index, _)| index.abs_diff(anchor.step)).map(|(index, _)| (at, index))
    }

    pub(super) fn origin_of(&self, anchor: &Anchor) -> Option<Origin> {
        let (flow, index) = self.find(anchor)?;
        Some(self.bot.flows.get(flow)?.steps.get(index)?.origin.clone())
    }

    /// The step a run waits in no longer exists.
    pub(super) fn lose(&mut self) {
        if let Some(run) = self.state.run.take() {
            self.note("version", format!("`{}`: the step it waited in no longer exists in this version", run.at.flow));
            self.moved = true;
        }
        self.resume();
    }

    /// The run is over; a question that was put aside is asked again.
    pub(super) fn end_run(&mut self, why: &str) {
        if let Some(run) = self.state.run.take() {
            self.note("ended", format!("`{}`: {why}", run.at.flow));
            self.moved = true;
        }
        self.resume();
    }

    pub(super) fn fault(&mut self, fault: &Fault, origin: Option<&Origin>) {
        self.note_at("fault", fault.0.clone(), origin);
        self.end_run("a fault");
    }

    fn resume(&mut self) {
        let Some(run) = self.state.parked.take() else { return };
        if !self.state.stand.is_free() || self.state.opted_out {
            return;
        }
        let anchor = run.at.clone();
        self.state.run = Some(run);
        let Some((flow, index)) = self.find(&anchor) else { return self.lose() };
        let bot = self.bot;
        let Some(step) = bot.flows.get(flow).and_then(|flow| flow.steps.get(index)) else { return self.lose() };
        self.note_at("resumed", format!("`{}` asks again", anchor.flow), Some(&step.origin));
        if let Err(fault) = self.prompt_again(step) {
            self.fault(&fault, Some(&step.origin));
        }
    }
}

/// Roughly the bytes of a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| weight(item).saturating_add(8)).sum(),
        Value::Map(map) => map.iter().map(|(name, value)| weight(value).saturating_add(name.len())).sum(),
        _ => 16,
    }
}

fn op_word(op: &Op) -> &'static str {
    match op {
        Op::Say { .. } => "say",
        Op::Image { .. } => "image",
        Op::Post { .. } => "post",
        Op::Ask { .. } => "ask",
        Op::Choose { .. } => "choose",
        Op::Typing => "typing",
        Op::Seen => "seen",
        Op::Set { .. } => "set",
        Op::Tag { on: true, .. } => "tag",
        Op::Tag { on: false, .. } => "untag",
        Op::Goal(_) => "goal",
        Op::Branch { .. } => "if",
        Op::Match { .. } => "match",
        Op::Jump(_) => "goes on",
        Op::Goto { .. } => "goto",
        Op::Stop => "stop",
        Op::Wait(_) => "wait",
        Op::Handoff(_) => "handoff",
        _ => "step",
    }
}
