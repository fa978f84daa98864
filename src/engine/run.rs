//! Where a run stands, how it ends, and what follows when it fails.

use super::Effect;
use std::sync::Arc;

use super::state::{Anchor, Ended, Failure, Hint, Run, WaitKind};
use super::trace::line;
use super::work::{Fault, Work};
use crate::bot::{Bot, Flow, Origin, Step, StepId, Trigger};

impl<'a> Work<'a> {
    /// Flow and step of an anchor of the present run, in its version of the bot: by place where the digest agrees, else by digest.
    pub(super) fn find(&self, anchor: &Anchor) -> Option<StepId> {
        let bot = self.bot();
        let named = |flow: &Flow| Arc::ptr_eq(&flow.name, &anchor.flow) || flow.name == anchor.flow;
        let flow = match bot.flows.get(anchor.hint.0) {
            Some(flow) if named(flow) => anchor.hint.0,
            _ => bot.flow_at(&anchor.flow)?,
        };
        let steps = &bot.flows.get(flow)?.steps;
        if steps.get(anchor.step).is_some_and(|step| step.digest == anchor.digest) {
            return Some(StepId { flow, step: anchor.step });
        }
        let same = steps.iter().enumerate().filter(|(_, step)| step.digest == anchor.digest);
        same.min_by_key(|(index, _)| index.abs_diff(anchor.step)).map(|(step, _)| StepId { flow, step })
    }

    pub(super) fn step_at(&self, at: StepId) -> Option<&'a Step> {
        self.bot().flows.get(at.flow)?.steps.get(at.step)
    }

    /// The step that the run stands at.
    pub(super) fn here(&self) -> Option<(StepId, &'a Step)> {
        let at = self.find(&self.state.run.as_ref()?.at)?;
        Some((at, self.step_at(at)?))
    }

    pub(super) fn origin_of(&self, anchor: &Anchor) -> Option<Origin> {
        Some(self.step_at(self.find(anchor)?)?.origin.clone())
    }

    /// The step a run waits in no longer exists.
    pub(super) fn lose(&mut self) {
        if let Some(run) = self.state.run.take() {
            self.note("version", format_args!("`{}`: the step it waited in no longer exists in this version", run.at.flow));
            self.moved = true;
        }
        self.resume();
    }

    /// The run is over; a question that was put aside is asked again.
    pub(super) fn end_run(&mut self, why: &str) {
        if self.drop_run(why) {
            self.resume();
        }
    }

    /// Gives whether what was put aside may go on.
    fn drop_run(&mut self, why: &str) -> bool {
        let Some(run) = self.state.run.take() else { return true };
        self.note("ended", line!["`", &*run.at.flow, "`: ", why]);
        self.moved = true;
        !run.beside
    }

    /// The run cannot go on: `on fault` speaks, where the bot has one.
    pub(super) fn fault(&mut self, fault: &Fault, origin: Option<&Origin>) {
        self.note_at("fault", &fault.text, origin);
        self.on_fault(fault, origin);
        // Its own version answers its faults.
        let (bot, version) = match &self.state.run {
            Some(run) if run.version != self.bots.number => (self.bot_of(run.version), run.version),
            _ => (self.live, self.bots.number),
        };
        let version = if std::ptr::eq(bot, self.live) { self.bots.number } else { version };
        let failed = self.state.run.take();
        let (beside, block) = failed.as_ref().map_or((false, false), |run| (run.beside, run.block));
        if let Some(run) = &failed {
            self.note("ended", format_args!("`{}`: a fault", run.at.flow));
            self.moved = true;
        }
        if failed.is_some_and(|run| run.fault.is_some()) {
            self.hand_over_short("the flow that answers faults has failed too");
            return;
        }
        if !block
            && self.state.stand.is_free()
            && !self.state.opted_out
            && let Some(trigger) = self.fault_trigger(bot)
        {
            let step = origin.map(|origin| format!("{}:{}", origin.path, origin.line)).unwrap_or_default();
            let failure = Failure { reason: fault.reason.to_owned(), step };
            self.won(bot, trigger, "fault");
            let at = beginning(bot, trigger.flow);
            self.state.run = Some(Run { fault: Some(Box::new(failure)), beside, ..Run::at(at, version) });
            return self.proceed(StepId { flow: trigger.flow, step: 0 });
        }
        if !beside {
            self.resume();
        }
    }

    fn fault_trigger(&mut self, bot: &'a Bot) -> Option<&'a Trigger> {
        let faults = bot.matcher.faults();
        let mut triggers = faults.into_iter().filter_map(|index| bot.triggers.get(index));
        triggers.find(|trigger| self.left_out(bot, trigger).is_none())
    }

    /// A run that was put aside goes on.
    pub(super) fn resume(&mut self) {
        let Some(run) = self.state.parked.take() else { return };
        if !self.state.stand.is_free() || self.state.opted_out {
            return;
        }
        let flow = run.at.flow.clone();
        let waits = run.wait.as_ref().map(|wait| wait.kind);
        self.state.run = Some(*run);
        let Some((_, step)) = self.here() else { return self.lose() };
        match waits {
            Some(kind) if kind.asks() => {
                self.note_at("resumed", format_args!("`{flow}` asks again"), Some(&step.origin));
                if let Err(fault) = self.prompt_again(step) {
                    self.fault(&fault, Some(&step.origin));
                }
            }
            _ => {
                self.note_at("resumed", format_args!("`{flow}` goes on"), Some(&step.origin));
                self.call_came_meanwhile();
            }
        }
    }

    /// The end of a call that came while another flow answered beside it.
    fn call_came_meanwhile(&mut self) {
        let wait = self.state.run.as_mut().and_then(|run| run.wait.as_mut());
        if let Some(ended) = wait.and_then(|wait| wait.ended.take()) {
            self.call_ended(*ended);
        } else if self.waits() == Some(WaitKind::Image) && self.state.images.is_some() {
            self.again(false);
        }
    }

    /// The end of a call of the waiting run, or of one that was put aside.
    pub(super) fn call_answered(&mut self, call: u32, ended: Ended) {
        let limits = self.context.limits;
        let ended = ended.within(limits.value_bytes_max, limits.value_depth_max);
        let waits = |run: Option<&Run>| {
            let wait = run.and_then(|run| run.wait.as_ref());
            wait.is_some_and(|wait| wait.visit == call && ended.fits(wait.kind))
        };
        if waits(self.state.run.as_ref()) {
            self.call_ended(ended);
        } else if waits(self.state.parked.as_deref()) {
            self.note("call", "its answer waits until the flow beside it is done");
            if let Some(wait) = self.state.parked.as_mut().and_then(|run| run.wait.as_mut()) {
                wait.ended = Some(Box::new(ended));
            }
        } else {
            self.note("call", format_args!("an answer that nobody waits for any more (call {call})"));
        }
    }

    /// Remembers that a trigger won, for its `once per`.
    pub(super) fn won(&mut self, of: &Bot, trigger: &Trigger, form: &str) {
        self.note_at("trigger", line!["`", &*trigger.key, "` (", form, ") starts"], Some(&trigger.origin));
        if trigger.once_per_ms.is_some() {
            self.state.wins.insert(trigger.key.to_string(), self.now);
            let bots = [self.live, of];
            let known = |key: &String| bots.iter().any(|bot| bot.triggers.iter().any(|trigger| trigger.key == *key));
            self.state.wins.retain(|key, _| known(key));
        }
    }

    /// Ends the run but for the blocks of the handoff it stands at.
    pub(super) fn leave_frames(&mut self) {
        if let Some(run) = &mut self.state.run {
            run.callers.clear();
        }
    }

    pub(super) fn courtesy(&mut self, what: super::Courtesy) {
        if self.state.comment.is_some() {
            self.note("courtesy", "there is no conversation yet: the customer has only commented");
        } else {
            self.effects.push(Effect::Courtesy { what });
        }
    }
}

/// The beginning of a flow.
pub(super) fn beginning(bot: &Bot, flow: usize) -> Anchor {
    let found = bot.flows.get(flow);
    let digest = found.and_then(|flow| flow.steps.first()).map_or(0, |step| step.digest);
    let name = found.map(|flow| flow.name.clone()).unwrap_or_default();
    Anchor { flow: name, digest, hint: Hint(flow), ..Anchor::default() }
}
