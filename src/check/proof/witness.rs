//! The way that reaches a bound, step by step.

use super::bounds::{Bounds, Calls, Phase, caller};
use super::net::{Edge, Kind, Net};
use super::plan::Plan;
use super::weigh::{Measure, NEVER, cost, failing, plus};

/// Steps of a way that are followed; no bound needs so many.
const STEPS_MAX: usize = 4_000;

/// One step of a way, with what it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub at: usize,
    pub adds: i64,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Step,
    /// All turns of a loop.
    Loop,
    /// A parked question is asked again.
    Again,
}

pub(super) struct Tracer<'t, 'b> {
    pub net: &'t Net<'b>,
    pub plan: &'t Plan,
    pub calls: &'t Calls,
    pub bounds: &'t Bounds,
    pub stops: Vec<Stop>,
}

enum Task {
    /// On to where the way ends.
    End(usize, Phase),
    /// On to where the frame returns.
    Back(usize, Phase),
    /// Whichever of both costs more, in whatever frames.
    Any(usize, Phase),
    /// The same in the only frame.
    Alone(usize, Phase),
    /// The frame of this flow has returned.
    Up(usize, Phase),
    /// The run is over.
    Over(Phase),
}

impl Tracer<'_, '_> {
    /// Follows the costliest way from a step on.
    pub(super) fn follow(&mut self, at: usize, phase: Phase, alone: bool) {
        let mut open = vec![if alone { Task::Alone(at, phase) } else { Task::Any(at, phase) }];
        for _ in 0..STEPS_MAX {
            let Some(task) = open.pop() else { return };
            self.task(&task, &mut open);
        }
    }

    fn task(&mut self, task: &Task, open: &mut Vec<Task>) {
        match *task {
            Task::Any(at, phase) => {
                let stage = self.bounds.stage(phase);
                if stage.values.end(at) >= stage.any(self.net, at) {
                    open.push(Task::End(at, phase));
                } else {
                    let flow = self.net.nodes.get(at).map_or(0, |node| node.flow);
                    open.extend([Task::Up(flow, phase), Task::Back(at, phase)]);
                }
            }
            Task::Alone(at, phase) => {
                let stage = self.bounds.stage(phase);
                if stage.values.end(at) >= stage.alone(at) {
                    open.push(Task::End(at, phase));
                } else {
                    open.extend([Task::Over(phase), Task::Back(at, phase)]);
                }
            }
            Task::End(at, phase) => self.step(at, phase, true, open),
            Task::Back(at, phase) => self.step(at, phase, false, open),
            Task::Up(flow, phase) => match caller(self.net, self.calls, self.bounds.stage(phase), flow) {
                Some(at) => open.push(Task::Any(at, phase)),
                None => open.push(Task::Over(phase)),
            },
            Task::Over(phase) => {
                if let (Phase::Parked | Phase::ParkedFault, Some(again)) = (phase, self.bounds.again) {
                    self.stop(again, 0, What::Again);
                    open.push(Task::Any(again, Phase::Free));
                }
            }
        }
    }

    fn stop(&mut self, at: usize, adds: i64, what: What) {
        self.stops.push(Stop { at, adds, what });
    }

    fn value(&self, at: usize, phase: Phase, ends: bool) -> i64 {
        let values = &self.bounds.stage(phase).values;
        if ends { values.end(at) } else { values.back(at) }
    }

    fn step(&mut self, at: usize, phase: Phase, ends: bool, open: &mut Vec<Task>) {
        let Some(node) = self.net.nodes.get(at) else { return };
        let phase = match phase {
            Phase::Parked if node.is_handoff() => Phase::Free,
            Phase::ParkedFault if node.is_handoff() => Phase::Fault,
            other => other,
        };
        let wanted = self.value(at, phase, ends);
        if wanted <= NEVER / 2 {
            return;
        }
        if let Some(turn) = self.plan.turns.get(&at) {
            return self.around(*turn, wanted, phase, ends, open);
        }
        let replies = self.bounds.measure == Measure::Replies;
        let later: Vec<&Edge> = node.edges.iter().filter(|edge| edge.kind == Kind::Later).collect();
        let of_later = |edge: &Edge| plus(cost(self.bounds.measure, node, edge), self.bounds.stage(phase).alone(edge.to));
        let all_later = if replies { later.iter().map(|edge| of_later(edge).max(0)).sum() } else { 0 };
        for edge in &node.edges {
            let own = cost(self.bounds.measure, node, edge);
            let values = &self.bounds.stage(phase).values;
            let rest = match edge.kind {
                Kind::Later => continue,
                Kind::Leave if ends => self.bounds.stage(phase).alone(edge.to),
                Kind::Call if ends => values.end(edge.to),
                Kind::Block if ends => plus(all_later, self.bounds.stage(phase).alone(edge.to)),
                Kind::Leave | Kind::Call | Kind::Block => continue,
                Kind::Back { from } => plus(values.back(from), self.value(edge.to, phase, ends)),
                Kind::Step => self.value(edge.to, phase, ends),
            };
            if plus(own, rest) != wanted {
                continue;
            }
            self.stop(at, own, What::Step);
            let on = |to: usize| if ends { Task::End(to, phase) } else { Task::Back(to, phase) };
            match edge.kind {
                Kind::Leave => open.push(Task::Alone(edge.to, phase)),
                Kind::Back { from } => open.extend([on(edge.to), Task::Back(from, phase)]),
                Kind::Block => {
                    open.extend(later.iter().rev().filter(|_| replies).map(|edge| Task::Alone(edge.to, phase)));
                    open.push(Task::Alone(edge.to, phase));
                }
                Kind::Step | Kind::Call | Kind::Later => open.push(on(edge.to)),
            }
            return;
        }
        self.last(at, wanted, phase, open);
    }

    /// The way ends with this step, or by what surrounds it.
    fn last(&mut self, at: usize, wanted: i64, phase: Phase, open: &mut Vec<Task>) {
        let Some(node) = self.net.nodes.get(at) else { return };
        let own = match self.bounds.measure {
            Measure::Replies => node.sends,
            _ => node.last_ms.unwrap_or(0),
        };
        let stage = self.bounds.stage(phase);
        let later = node.edges.iter().filter(|edge| edge.kind == Kind::Later);
        if node.is_handoff() {
            let replies = self.bounds.measure == Measure::Replies;
            let price = |edge: &Edge| plus(cost(self.bounds.measure, node, edge), stage.alone(edge.to));
            let taken: Vec<&Edge> = later.filter(|edge| replies || price(edge) == wanted).collect();
            for edge in taken.iter().rev() {
                let passed = cost(self.bounds.measure, node, edge);
                self.stops.push(Stop { at, adds: passed, what: What::Step });
                open.push(Task::Alone(edge.to, phase));
            }
            return;
        }
        let before =
            failing(self.bounds.measure, node).filter(|before| stage.fault.is_some_and(|fault| plus(*before, fault) == wanted));
        let failed = before.is_some() && wanted > own;
        self.stop(at, before.filter(|_| failed).unwrap_or(own), What::Step);
        if wanted <= own {
            return;
        }
        let after = if phase == Phase::Parked { Phase::ParkedFault } else { Phase::Fault };
        let dearest = self.bounds.faults.iter().copied().max_by_key(|at| self.bounds.stage(after).alone(*at));
        match dearest {
            Some(flow) if failed => open.push(Task::Alone(flow, after)),
            _ => open.push(Task::Over(phase)),
        }
    }

    /// A loop as a whole, then what follows it.
    fn around(&mut self, turn: usize, wanted: i64, phase: Phase, ends: bool, open: &mut Vec<Task>) {
        let end = self.net.nodes.get(turn).and_then(|node| node.edges.get(1)).map(|edge| edge.to);
        let rest = end.map_or(NEVER, |end| self.value(end, phase, ends));
        match end.filter(|_| rest > NEVER / 2 && rest <= wanted) {
            Some(end) => {
                self.stop(turn, wanted - rest, What::Loop);
                open.push(if ends { Task::End(end, phase) } else { Task::Back(end, phase) });
            }
            None => self.stop(turn, wanted, What::Loop),
        }
    }
}
