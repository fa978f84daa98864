//! Frames and loops: what `do`, `return`, `goto`, `repeat`, `for` and `split` do to a run.

use super::run::beginning;
use super::state::{Anchor, Turns};
use super::steps::{Next, is_deeper, weight};
use super::work::{Fault, Work};
use crate::bot::{Expr, Op, Origin, StepId, Value, ValueMap, Way};

/// So many ways of `split` are kept before those that the bot no longer has are forgotten.
const SPLITS_MOST: usize = 64;

impl<'a> Work<'a> {
    /// The parameters of a flow with these values; a missing one stays missing.
    fn parameters(&self, flow: usize, arguments: &[Expr]) -> ValueMap {
        let names = self.bot().flows.get(flow).map(|flow| flow.parameters.as_slice()).unwrap_or_default();
        let scope = self.scope();
        let values = arguments.iter().map(|argument| scope.value(argument));
        names.iter().zip(values).filter_map(|(parameter, value)| Some((parameter.name.clone(), value?))).collect()
    }

    /// Begins a flow in a frame of its own.
    pub(super) fn enter_flow(&mut self, flow: usize, arguments: &[Expr]) -> Result<Next, Fault> {
        let most = self.context.limits.frames_max;
        if self.state.run.as_ref().is_some_and(|run| run.callers.len().saturating_add(1) >= most) {
            return Err(Fault::new("limit", format!("more than {most} flows inside one another")));
        }
        let variables = self.parameters(flow, arguments);
        let begin = Anchor { variables, ..beginning(self.bot(), flow) };
        if let Some(run) = &mut self.state.run {
            let caller = std::mem::replace(&mut run.at, begin);
            run.callers.push(caller);
        }
        Ok(Next::Flow(StepId { flow, step: 0 }))
    }

    /// Leaves every frame for another flow, or for the beginning of this one.
    pub(super) fn goto_flow(&mut self, to: StepId, arguments: &[Expr]) -> Next {
        let variables = self.parameters(to.flow, arguments);
        let begin = Anchor { variables, ..beginning(self.bot(), to.flow) };
        if let Some(run) = &mut self.state.run {
            run.callers.clear();
            run.at = begin;
        }
        Next::Flow(to)
    }

    /// Leaves the frame with a value; in the only frame the run is over.
    pub(super) fn give_back(&mut self, value: Option<&Expr>) -> Result<Next, Fault> {
        let value = value.and_then(|value| self.scope().value(value));
        let Some(caller) = self.state.run.as_mut().and_then(|run| run.callers.pop()) else { return Ok(Next::Over) };
        let Some(at) = self.find(&caller) else {
            self.note("version", format_args!("`{}`: the step it would return to no longer exists in this version", caller.flow));
            return Ok(Next::Over);
        };
        let into = match self.step_at(at).map(|step| &step.op) {
            Some(Op::Do { into, .. }) => into.as_ref(),
            _ => None,
        };
        if let Some(run) = &mut self.state.run {
            run.at = caller;
        }
        if let Some(into) = into {
            self.set(into, value)?;
        }
        Ok(Next::Flow(StepId { step: at.step.saturating_add(1), ..at }))
    }

    // --- loops -----------------------------------------------------------------------------------------------------

    pub(super) fn enter_loop(&mut self, counter: u32, over: Option<&Expr>, origin: &Origin) -> Result<(), Fault> {
        let left = match over {
            None => None,
            Some(list) => Some(match self.scope().value(list) {
                Some(Value::List(items)) => {
                    let most = self.context.limits.value_bytes_max;
                    if items.iter().map(weight).fold(0, usize::saturating_add) > most {
                        return Err(Fault::new("limit", format!("a list of more than {most} bytes")));
                    }
                    let deep = self.context.limits.value_depth_max;
                    if items.iter().any(|item| is_deeper(item, deep)) {
                        return Err(Fault::new("limit", format!("more than {deep} lists inside one another")));
                    }
                    items.into()
                }
                _ => {
                    self.note_at("loop", "there is no list to go over: no turn", Some(origin));
                    std::collections::VecDeque::new()
                }
            }),
        };
        if let Some(run) = &mut self.state.run {
            run.at.loops.insert(counter, Turns { made: 0, left });
        }
        Ok(())
    }

    /// One more turn, or the loop's end.
    pub(super) fn turn(
        &mut self,
        counter: u32,
        most: Option<u32>,
        item: Option<&String>,
        (next, end): (usize, usize),
    ) -> Result<Next, Fault> {
        self.turns = self.turns.saturating_add(1);
        let turns_max = self.context.limits.turns_max;
        if self.turns > turns_max {
            return Err(Fault::new("limit", format!("more than {turns_max} turns of loops in a row")));
        }
        let Some(run) = &mut self.state.run else { return Ok(Next::Over) };
        let Some(turns) = run.at.loops.get_mut(&counter) else { return Ok(Next::Step(end)) };
        let done = most.is_some_and(|most| turns.made >= most) || turns.left.as_ref().is_some_and(|left| left.is_empty());
        if done {
            run.at.loops.remove(&counter);
            return Ok(Next::Step(end));
        }
        turns.made = turns.made.saturating_add(1);
        let value = turns.left.as_mut().and_then(std::collections::VecDeque::pop_front);
        if let (Some(name), Some(value)) = (item, value) {
            run.at.variables.insert(name.clone(), value);
        }
        Ok(Next::Step(next))
    }

    // --- ways ------------------------------------------------------------------------------------------------------

    /// One way of several, drawn once and kept.
    pub(super) fn split(&mut self, name: &str, arms: &'a [Way], origin: &Origin) -> Next {
        let kept = self.state.splits.get(name).and_then(|kept| arms.iter().find(|arm| arm.name == *kept));
        if let Some(arm) = kept {
            self.note_at("split", format_args!("`{name}`: `{}`, as before", arm.name), Some(origin));
            return Next::Step(arm.target);
        }
        let total: u32 = arms.iter().map(|arm| arm.share).fold(0, u32::saturating_add);
        let drawn = u32::try_from(self.draw(usize::try_from(total).unwrap_or(usize::MAX))).unwrap_or(0);
        let mut below = 0_u32;
        let found = arms.iter().find(|arm| {
            below = below.saturating_add(arm.share);
            drawn < below
        });
        let Some(arm) = found.or_else(|| arms.last()) else { return Next::Over };
        self.note_at("split", format_args!("`{name}`: `{}`, drawn now", arm.name), Some(origin));
        self.state.splits.insert(name.to_owned(), arm.name.clone());
        if self.state.splits.len() > SPLITS_MOST {
            self.forget_splits();
        }
        Next::Step(arm.target)
    }

    fn forget_splits(&mut self) {
        let steps = [self.live, self.bot()].into_iter().flat_map(|bot| &bot.flows).flat_map(|flow| &flow.steps);
        let names = steps.filter_map(|step| match &step.op {
            Op::Split { name, .. } => Some(name),
            _ => None,
        });
        let names: std::collections::BTreeSet<&String> = names.collect();
        self.state.splits.retain(|name, _| names.contains(name));
    }
}
