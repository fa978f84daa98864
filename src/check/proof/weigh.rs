//! The costliest way on from each step while the customer is silent.

use std::collections::BTreeMap;

use super::net::{Edge, End, Kind, Net, Node};
use super::plan::{Part, Plan, each_step};
use crate::bot::Op;

/// There is no such way.
pub(super) const NEVER: i64 = i64::MIN / 4;
/// Everything beyond is as much.
const MOST: i64 = i64::MAX / 8;

/// What is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Messages sent.
    Replies,
    /// Milliseconds until the last message.
    Time,
    /// Milliseconds in which messages of the customer wait, because an answer is awaited from elsewhere.
    Held,
}

/// Of each step: the costliest way that ends somewhere, and the costliest one on which the frame returns.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub ends: Vec<i64>,
    pub returns: Vec<i64>,
}

impl Values {
    pub(super) fn end(&self, at: usize) -> i64 {
        self.ends.get(at).copied().unwrap_or(NEVER)
    }

    pub(super) fn back(&self, at: usize) -> i64 {
        self.returns.get(at).copied().unwrap_or(NEVER)
    }
}

/// What holds around the ways that are weighed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'v> {
    pub measure: Measure,
    /// What still comes when the run is over: a parked question is asked again.
    pub end: i64,
    /// What a failing step leads to; `None` where a failure ends the run at once.
    pub fault: Option<i64>,
    /// The same ways without a parked question: a handoff lets it go.
    pub handed: Option<&'v Values>,
}

pub(super) fn plus(left: i64, right: i64) -> i64 {
    if left <= NEVER / 2 || right <= NEVER / 2 { NEVER } else { left.saturating_add(right).min(MOST) }
}

fn times(count: i64, value: i64) -> i64 {
    if value <= NEVER / 2 { NEVER } else { value.saturating_mul(count).min(MOST) }
}

/// A way that leaves all frames: a return ends the run.
pub(super) fn alone(values: &Values, at: usize, around: &Around<'_>) -> i64 {
    values.end(at).max(plus(values.back(at), around.end))
}

pub(super) fn weigh(net: &Net<'_>, plan: &Plan, around: Around<'_>) -> Values {
    let blank = vec![NEVER; net.nodes.len()];
    let mut weigher = Weigher { net, around, values: Values { ends: blank.clone(), returns: blank }, local: BTreeMap::new() };
    for part in &plan.parts {
        match part {
            Part::Step(at) => weigher.keep(*at, &[]),
            Part::Endless(steps) => steps.iter().rev().for_each(|at| weigher.keep(*at, &[])),
            Part::Loop { .. } => {
                weigher.part(part, &mut Vec::new());
                let local = std::mem::take(&mut weigher.local);
                each_step(part, &mut |at| {
                    if let Some([ends, returns, ..]) = local.get(&at).map(Vec::as_slice) {
                        weigher.put(at, *ends, *returns);
                    }
                });
            }
        }
    }
    weigher.values
}

/// What it costs to take an edge.
pub(super) fn cost(measure: Measure, node: &Node<'_>, edge: &Edge) -> i64 {
    match (measure, node.op) {
        (Measure::Replies, _) => edge.replies,
        (Measure::Time, _) => edge.ms,
        (Measure::Held, Some(Op::Fetch(_) | Op::Run { .. } | Op::Image { .. })) => edge.ms,
        // Here the messages that wait are decided on.
        (Measure::Held, Some(Op::Ask { .. } | Op::Choose { .. } | Op::Wait(_) | Op::Handoff(_))) => NEVER,
        (Measure::Held, _) => 0,
    }
}

/// What a step may amount to before it fails; `None` where it never does.
pub(super) fn failing(measure: Measure, node: &Node<'_>) -> Option<i64> {
    node.fails.map(|(replies, ms)| match measure {
        Measure::Replies => replies,
        Measure::Time => ms,
        Measure::Held => 0,
    })
}

struct Weigher<'w, 'b> {
    net: &'w Net<'b>,
    around: Around<'w>,
    values: Values,
    /// Inside a loop: the costliest way to the end, to the return, and to each counting step around.
    local: BTreeMap<usize, Vec<i64>>,
}

/// Places of the two usual aims among the values of a step in a loop.
const ENDS: usize = 0;
const RETURNS: usize = 1;
const AIMS: usize = 2;

impl Weigher<'_, '_> {
    fn put(&mut self, at: usize, ends: i64, returns: i64) {
        if let Some(slot) = self.values.ends.get_mut(at) {
            *slot = ends;
        }
        if let Some(slot) = self.values.returns.get_mut(at) {
            *slot = returns;
        }
    }

    fn keep(&mut self, at: usize, turns: &[usize]) {
        let mut found = [NEVER; AIMS];
        self.ways(at, turns, &mut found);
        self.put(at, found[ENDS], found[RETURNS]);
    }

    /// The costliest ways from a step to each aim; `turns` are the counting steps around, outermost first.
    fn ways(&self, at: usize, turns: &[usize], found: &mut [i64]) {
        let Some(node) = self.net.nodes.get(at) else { return };
        if let Some(free) = self.around.handed.filter(|_| node.is_handoff()) {
            raise(found, ENDS, free.end(at));
            return raise(found, RETURNS, free.back(at));
        }
        let later = self.later(node);
        raise(found, ENDS, self.base(node).max(later));
        if node.end == End::Returns {
            raise(found, RETURNS, 0);
            raise(found, ENDS, if self.around.measure == Measure::Time { NEVER } else { 0 });
        }
        for edge in &node.edges {
            self.way(node, edge, later, turns, found);
        }
    }

    fn way(&self, node: &Node<'_>, edge: &Edge, later: i64, turns: &[usize], found: &mut [i64]) {
        let own = self.cost(node, edge);
        let cost = match edge.kind {
            Kind::Later => return,
            Kind::Leave => return raise(found, ENDS, plus(own, alone(&self.values, edge.to, &self.around))),
            Kind::Call => return raise(found, ENDS, plus(own, self.values.end(edge.to))),
            Kind::Back { from } => plus(own, self.values.back(from)),
            Kind::Block => {
                // What comes later adds to the replies; of the times it is the later one that counts.
                let after = if self.around.measure == Measure::Replies { later.max(0) } else { 0 };
                return raise(found, ENDS, plus(plus(own, after), alone(&self.values, edge.to, &self.around)));
            }
            Kind::Step => own,
        };
        if let Some(turn) = turns.iter().position(|turn| *turn == edge.to) {
            raise(found, AIMS + turn, cost);
        } else if let Some(values) = self.local.get(&edge.to) {
            for (aim, value) in values.iter().enumerate() {
                raise(found, aim, plus(cost, *value));
            }
        } else {
            raise(found, ENDS, plus(cost, self.values.end(edge.to)));
            raise(found, RETURNS, plus(cost, self.values.back(edge.to)));
        }
    }

    /// What the step itself amounts to where the way ends with it.
    fn base(&self, node: &Node<'_>) -> i64 {
        let own = match self.around.measure {
            Measure::Replies => node.sends,
            Measure::Time => node.last_ms.unwrap_or(NEVER),
            Measure::Held => 0,
        };
        let end = if node.end == End::Stops { self.around.end } else { NEVER };
        let before = failing(self.around.measure, node);
        let fault = self.around.fault.zip(before).map_or(NEVER, |(fault, before)| plus(before, fault));
        own.max(end).max(fault)
    }

    /// What the blocks of a handoff come to that run when their time has come.
    fn later(&self, node: &Node<'_>) -> i64 {
        let blocks = node.edges.iter().filter(|edge| edge.kind == Kind::Later);
        let each = blocks.map(|edge| plus(self.cost(node, edge), alone(&self.values, edge.to, &self.around)));
        match self.around.measure {
            // One after the other.
            Measure::Replies => each.fold(0, |sum, block| plus(sum, block.max(0))),
            Measure::Time | Measure::Held => each.max().unwrap_or(NEVER),
        }
    }

    fn cost(&self, node: &Node<'_>, edge: &Edge) -> i64 {
        cost(self.around.measure, node, edge)
    }

    /// Weighs the steps of a loop; afterwards `local` has their ways to all aims around it.
    fn part(&mut self, part: &Part, turns: &mut Vec<usize>) {
        match part {
            Part::Step(at) => self.inside(*at, turns),
            Part::Endless(steps) => steps.iter().rev().for_each(|at| self.inside(*at, turns)),
            Part::Loop { turn, most, body } => {
                turns.push(*turn);
                body.iter().for_each(|part| self.part(part, turns));
                turns.pop();
                let counted = self.turn(*turn, *most, turns);
                let aim = AIMS + turns.len();
                body.iter().for_each(|part| {
                    each_step(part, &mut |at| {
                        let Some(values) = self.local.get_mut(&at) else { return };
                        let round = values.get(aim).copied().unwrap_or(NEVER);
                        values.truncate(aim);
                        for (value, after) in values.iter_mut().zip(&counted) {
                            *value = (*value).max(plus(round, *after));
                        }
                    });
                });
                self.local.insert(*turn, counted);
            }
        }
    }

    fn inside(&mut self, at: usize, turns: &[usize]) {
        let mut found = vec![NEVER; AIMS + turns.len()];
        self.ways(at, turns, &mut found);
        self.local.insert(at, found);
    }

    /// From a counting step: all its turns and then its end, or all but one and then a way out of the body.
    fn turn(&self, turn: usize, most: i64, turns: &[usize]) -> Vec<i64> {
        let mut found = vec![NEVER; AIMS + turns.len()];
        let Some(node) = self.net.nodes.get(turn) else { return found };
        raise(&mut found, ENDS, self.base(node));
        let [body, end] = node.edges.as_slice() else { return found };
        let inner = self.local.get(&body.to).cloned().unwrap_or_default();
        let round = inner.get(AIMS + turns.len()).copied().unwrap_or(NEVER);
        let mut after = vec![NEVER; found.len()];
        self.way(node, end, NEVER, turns, &mut after);
        // It may also fail after its last turn.
        raise(&mut after, ENDS, self.base(node));
        for (aim, slot) in found.iter_mut().enumerate() {
            let through = if most > 0 { times(most, round) } else { 0 };
            *slot = (*slot).max(plus(through, after.get(aim).copied().unwrap_or(NEVER)));
            *slot = (*slot).max(after.get(aim).copied().unwrap_or(NEVER));
            if most > 0 {
                let before = if most > 1 { times(most - 1, round).max(0) } else { 0 };
                *slot = (*slot).max(plus(before, inner.get(aim).copied().unwrap_or(NEVER)));
            }
        }
        found
    }
}

fn raise(found: &mut [i64], aim: usize, value: i64) {
    if let Some(slot) = found.get_mut(aim) {
        *slot = (*slot).max(value);
    }
}
