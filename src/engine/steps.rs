//! Takes a run from step to step until it waits or ends.

use std::sync::Arc;

use super::state::{Hint, Kept, Wait, WaitKind};
use super::versions::field_of;
use super::work::{Draft, Fault, Work};
use super::{Courtesy, Effect};
use crate::bot::{Expr, Op, Origin, Place, Step, StepId, Text, Value, ValueMap, WaitFor};
use crate::channel::Content;

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A step of the same flow.
    Step(usize),
    Flow(StepId),
    /// The run waits.
    Rest,
    /// The run is over.
    Over,
}

impl<'a> Work<'a> {
    /// Goes on from a step that has waited.
    pub(super) fn go_on(&mut self, from: StepId, step: usize) {
        let to = StepId { step, ..from };
        self.ways.push((from, to));
        self.proceed(to);
    }

    /// Goes on at this step until the run waits or ends.
    pub(super) fn proceed(&mut self, mut at: StepId) {
        loop {
            let bot = self.bot();
            let Some(flow) = bot.flows.get(at.flow) else { return self.end_run("its flow no longer exists") };
            let Some(run) = &mut self.state.run else { return };
            run.wait = None;
            let step = flow.steps.get(at.step);
            let next = match step {
                Some(step) => {
                    run.at.step = at.step;
                    run.at.digest = step.digest;
                    if !Arc::ptr_eq(&run.at.flow, &flow.name) {
                        run.at.flow.clone_from(&flow.name);
                    }
                    run.at.hint = Hint(at.flow);
                    self.begin(at, step)
                }
                None if run.callers.is_empty() => return self.end_run("the end of the flow"),
                None => self.give_back(None),
            };
            let to = match next {
                Ok(Next::Step(step)) => StepId { step, ..at },
                Ok(Next::Flow(to)) => to,
                Ok(Next::Rest) => return,
                Ok(Next::Over) => return self.end_run("it is done"),
                Err(fault) => return self.fault(&fault, step.map(|step| &step.origin)),
            };
            self.ways.push((at, to));
            at = to;
        }
    }

    fn begin(&mut self, at: StepId, step: &'a Step) -> Result<Next, Fault> {
        let most = self.context.limits.steps_max;
        if self.steps.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(Fault::new("limit", format!("more than {most} steps in a row")));
        }
        self.steps.push(at);
        self.grows = true;
        self.note_at("step", step.op.word(), Some(&step.origin));
        if !self.may_wait() && matches!(step.op, Op::Ask { .. } | Op::Choose { .. } | Op::Wait(_) | Op::Fetch(_) | Op::Run { .. })
        {
            return Err(Fault::new("wait", "this flow may not wait"));
        }
        self.step(at.step.saturating_add(1), step)
    }

    pub(super) fn may_wait(&self) -> bool {
        self.state.run.as_ref().is_none_or(super::state::Run::may_wait)
    }

    /// One step; `next` is the one behind it.
    fn step(&mut self, next: usize, step: &'a Step) -> Result<Next, Fault> {
        let goes_on = Ok(Next::Step(next));
        match &step.op {
            Op::Say { text, shorts, replying, keep_apart } => {
                self.say(text, shorts, (*replying, *keep_apart), &step.origin)?;
                goes_on
            }
            Op::Image { file, otherwise } => self.image(file, *otherwise, next, &step.origin),
            Op::Post { item_id } => {
                let item_id = self.render(item_id)?;
                let draft = self.draft(Content::Post { item_id }, &step.origin);
                self.push(draft)?;
                goes_on
            }
            Op::Ask { .. } | Op::Choose { .. } => {
                self.ask(step)?;
                Ok(Next::Rest)
            }
            Op::Typing => {
                self.courtesy(Courtesy::Typing);
                goes_on
            }
            Op::Seen => {
                self.courtesy(Courtesy::Seen);
                goes_on
            }
            Op::Set { .. } | Op::Tag { .. } | Op::Goal(_) | Op::Note(_) | Op::Emit { .. } => {
                self.data(&step.op)?;
                goes_on
            }
            Op::Branch { condition, otherwise } => {
                let holds = self.scope().holds(condition);
                self.note_at("branch", if holds { "true" } else { "not true" }, Some(&step.origin));
                if !holds {
                    return Ok(Next::Step(*otherwise));
                }
                self.take_groups(condition)?;
                goes_on
            }
            Op::Match { subject, arms, otherwise } => {
                let scope = self.scope();
                let value = scope.value(subject);
                let fits = |(patterns, _): &(Vec<_>, usize)| patterns.iter().any(|pattern| scope.fits(value.as_ref(), pattern));
                let arm = arms.iter().position(fits);
                let told = arm.map_or_else(|| "none of the arms".to_owned(), |arm| format!("arm {}", arm.saturating_add(1)));
                self.note_at("match", told, Some(&step.origin));
                Ok(Next::Step(arm.and_then(|arm| arms.get(arm)).map_or(*otherwise, |(_, target)| *target)))
            }
            Op::Enter { counter, over } => {
                self.enter_loop(*counter, over.as_ref(), &step.origin)?;
                goes_on
            }
            Op::Turn { counter, most, item, end } => self.turn(*counter, *most, item.as_ref(), (next, *end)),
            Op::Split { name, arms } => Ok(self.split(name, arms, &step.origin)),
            Op::Do { flow, arguments, .. } => self.enter_flow(*flow, arguments),
            Op::Return(value) => self.give_back(value.as_ref()),
            Op::Jump(target) => Ok(Next::Step(*target)),
            Op::Goto { to, arguments } => Ok(self.goto_flow(*to, arguments)),
            Op::Stop => Ok(Next::Over),
            Op::Wait(wait) => Ok(self.wait(wait, next)),
            Op::Fetch(fetch) => self.fetch(fetch),
            Op::Run { target, script, function, arguments, .. } => self.run_script(script, function, arguments, target),
            Op::Handoff(handoff) => self.hand_off(handoff),
        }
    }

    // --- saying ----------------------------------------------------------------------------------------------------

    fn say(
        &mut self,
        text: &'a Text,
        shorts: &'a [Text],
        (replying, keep_apart): (bool, bool),
        origin: &Origin,
    ) -> Result<(), Fault> {
        let body = self.render_text(text)?;
        let quote = if replying { self.quote() } else { None };
        let mut draft = self.draft(Content::Text { body }, origin);
        for short in shorts {
            draft.shorts.push(self.render_text(short)?);
        }
        draft.keep_apart = keep_apart || replying;
        draft.quote = quote;
        self.push(draft)
    }

    pub(super) fn draft(&self, content: Content, origin: &Origin) -> Draft {
        Draft {
            content,
            shorts: Vec::new(),
            quote: None,
            flow: self.state.run.as_ref().map(|run| run.at.flow.clone()).unwrap_or_default(),
            origin: origin.clone(),
            visit: None,
            prompt: false,
            keep_apart: false,
            confirmation: false,
            by: None,
        }
    }

    pub(super) fn push(&mut self, draft: Draft) -> Result<(), Fault> {
        let most = self.context.limits.replies_max;
        if self.drafts.len() >= most {
            return Err(Fault::new("limit", format!("more than {most} replies in a row")));
        }
        self.drafts.push(draft);
        Ok(())
    }

    /// The customer's message, where it may be quoted.
    fn quote(&mut self) -> Option<String> {
        let message = self.state.message.as_ref()?;
        if message.kind.quotable() {
            return Some(message.id.to_string());
        }
        let word = message.kind.word();
        self.note("quote", format_args!("TikTok lets nobody quote this kind of message ({word}): sent without"));
        None
    }

    // --- data ------------------------------------------------------------------------------------------------------

    /// The steps that only keep or tell something.
    fn data(&mut self, op: &'a Op) -> Result<(), Fault> {
        match op {
            Op::Set { target, value } => {
                let value = self.scope().value(value);
                self.set(target, value)?;
            }
            Op::Tag { name, on } => {
                if *on {
                    self.state.tags.insert(name.clone());
                } else {
                    self.state.tags.remove(name);
                }
            }
            Op::Goal(name) => {
                self.effects.push(Effect::Goal { name: name.clone() });
                self.on_goal(name);
            }
            Op::Note(text) => {
                let text = self.render(text)?;
                self.effects.push(Effect::Note { text });
            }
            Op::Emit { event, data } => {
                let scope = self.scope();
                let data: ValueMap = data.iter().filter_map(|(name, value)| Some((name.clone(), scope.value(value)?))).collect();
                self.bounded_value(&Value::Map(data.clone()))?;
                self.effects.push(Effect::Emit { event: event.clone(), data });
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn bounded_value(&self, value: &Value) -> Result<(), Fault> {
        let (most, deep) = (self.context.limits.value_bytes_max, self.context.limits.value_depth_max);
        if weight(value) > most {
            Err(Fault::new("limit", format!("a value of more than {most} bytes")))
        } else if is_deeper(value, deep) {
            Err(Fault::new("limit", format!("more than {deep} lists inside one another")))
        } else {
            Ok(())
        }
    }

    /// Makes or changes; a missing value takes it away.
    pub(super) fn set(&mut self, target: &Place, value: Option<Value>) -> Result<(), Fault> {
        if let Some(value) = &value {
            self.bounded_value(value)?;
        }
        match target {
            Place::Variable(name) => {
                if let Some(run) = &mut self.state.run {
                    match value {
                        Some(value) => match run.at.variables.get_mut(name) {
                            Some(kept) => *kept = value,
                            None => drop(run.at.variables.insert(name.clone(), value)),
                        },
                        None => drop(run.at.variables.remove(name)),
                    }
                }
            }
            Place::Contact(name) => {
                let at = self.now;
                let name = field_of(self.bot(), self.live, name);
                match value {
                    Some(value) => match self.state.contact.get_mut(name) {
                        Some(kept) => *kept = Kept { value, at },
                        None => drop(self.state.contact.insert(name.to_owned(), Kept { value, at })),
                    },
                    None => drop(self.state.contact.remove(name)),
                }
            }
            Place::Language => match value {
                Some(Value::Text(tag)) if self.bot().languages.contains(&tag) => {
                    self.note("language", format_args!("set to {tag}"));
                    self.state.language = Some(tag);
                    self.state.language_set = true;
                }
                _ => return Err(Fault::new("value", "the conversation's language must be one of the bot's")),
            },
            _ => return Err(Fault::new("value", "this name cannot be set")),
        }
        Ok(())
    }

    /// The named groups of the expressions that made a condition true become variables.
    fn take_groups(&mut self, condition: &'a Expr) -> Result<(), Fault> {
        let mut groups = Vec::new();
        self.scope().groups(condition, &mut groups);
        for (name, value) in groups {
            self.set(&Place::Variable(name), Some(Value::Text(value)))?;
        }
        Ok(())
    }

    // --- waiting ---------------------------------------------------------------------------------------------------

    fn wait(&mut self, wait: &WaitFor, next: usize) -> Next {
        let zone = &self.bot().settings.zone;
        let (until, by_the_clock) = match wait {
            WaitFor::Duration(ms) => (Some(self.now.plus_ms(*ms)), false),
            WaitFor::Time(time) => (Some(zone.next_time(self.now, *time)), true),
            WaitFor::Open(hours) => (self.hours(*hours).and_then(|hours| hours.next_open(self.now, zone)), true),
        };
        match until {
            Some(until) if until > self.now => {
                let spread = if by_the_clock { self.spread_ms() } else { 0 };
                let wait = self.new_wait(WaitKind::Time);
                self.rest(Wait { until: Some(until.plus_ms(spread)), ..wait });
                Next::Rest
            }
            Some(_) => Next::Step(next),
            None => {
                self.note("ended", "the hours never open");
                Next::Over
            }
        }
    }

    /// So much later than the others this conversation goes on.
    fn spread_ms(&mut self) -> i64 {
        let most = usize::try_from(self.live.settings.spread_ms).unwrap_or(0);
        let drawn = i64::try_from(self.draw(most)).unwrap_or(0);
        if drawn > 0 {
            self.note("spread", format_args!("{} s later, so that not all go on at once", drawn / 1_000));
        }
        drawn
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
            values: Vec::new(),
            ended: None,
            doubted: false,
            asked_until: None,
        }
    }

    pub(super) fn rest(&mut self, wait: Wait) {
        if let Some(run) = &mut self.state.run {
            run.wait = Some(wait);
        }
    }
}

/// Whether more than `most` lists and maps stand inside one another.
pub(super) fn is_deeper(value: &Value, most: usize) -> bool {
    match value {
        Value::List(items) => most == 0 || items.iter().any(|item| is_deeper(item, most.saturating_sub(1))),
        Value::Map(map) => most == 0 || map.values().any(|value| is_deeper(value, most.saturating_sub(1))),
        _ => false,
    }
}

/// Roughly the bytes of a value.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| weight(item).saturating_add(8)).fold(0, usize::saturating_add),
        Value::Map(map) => {
            map.iter().map(|(name, value)| weight(value).saturating_add(name.len())).fold(0, usize::saturating_add)
        }
        _ => 16,
    }
}
