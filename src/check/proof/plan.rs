//! In which order steps are weighed, and what bounds each loop.
//!
//! A loop that the customer never has to write for is bounded where a counted `repeat` or `for` stands in it whose count
//! begins outside: without that step the rest of the loop is no loop, or a smaller one that is bounded in the same way.

use std::collections::{BTreeMap, BTreeSet};

use super::components::components;
use super::net::{Kind, Net};
use crate::bot::Op;

/// Loops inside each other that are followed; deeper ones count as without bound.
const DEPTH_MAX: usize = 32;

/// What is weighed next; all that it leads to comes before it.
#[derive(Debug)]
pub(super) enum Part {
    Step(usize),
    Loop {
        /// The step that counts.
        turn: usize,
        most: i64,
        /// The loop without that step.
        body: Vec<Part>,
    },
    /// Nothing bounds it: each step is taken once.
    Endless(Vec<usize>),
}

/// What is wrong with a loop.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It can go on for ever.
    Endless(Vec<usize>),
    /// Its list may be of any length: the step that counts.
    List(usize),
}

#[derive(Default)]
pub(super) struct Plan {
    pub parts: Vec<Part>,
    pub flaws: Vec<Flaw>,
    /// Of each step in a loop the outermost step that counts it.
    pub turns: BTreeMap<usize, usize>,
}

impl Plan {
    /// `turns` gives the most turns of a step that counts, where they are known.
    pub(super) fn new(net: &Net<'_>, turns: impl Fn(usize) -> Option<i64>) -> Self {
        let reachable = net.reachable();
        let returns = net.silent_returns();
        let comes_back = |from: usize| {
            let callee = net.nodes.get(from).map_or(usize::MAX, |node| node.flow);
            returns.get(callee).copied().unwrap_or(false)
        };
        let successors: Vec<Vec<usize>> = net
            .nodes
            .iter()
            .zip(&reachable)
            .map(|(node, reached)| {
                let taken = node.edges.iter().filter(|edge| match edge.kind {
                    Kind::Back { from } => comes_back(from),
                    _ => true,
                });
                if *reached { taken.map(|edge| edge.to).collect() } else { Vec::new() }
            })
            .collect();
        let mut enters: BTreeMap<(usize, u32), Vec<usize>> = BTreeMap::new();
        for (at, node) in net.nodes.iter().enumerate() {
            if let Some(Op::Enter { counter, .. }) = node.op {
                enters.entry((node.flow, *counter)).or_default().push(at);
            }
        }
        let mut planner = Planner { net, successors: &successors, enters, turns: &turns, flaws: Vec::new() };
        let mut plan = Self::default();
        for component in components(&successors) {
            if component.first().is_none_or(|first| !reachable.get(*first).copied().unwrap_or(false)) {
                continue;
            }
            let part = planner.part(component, 0);
            if let Part::Loop { turn, .. } = &part {
                each_step(&part, &mut |step| _ = plan.turns.insert(step, *turn));
            }
            plan.parts.push(part);
        }
        plan.flaws = planner.flaws;
        plan
    }
}

/// Visits each step of a part; its depth is bounded.
pub(super) fn each_step(part: &Part, visit: &mut impl FnMut(usize)) {
    match part {
        Part::Step(step) => visit(*step),
        Part::Loop { turn, body, .. } => {
            visit(*turn);
            body.iter().for_each(|part| each_step(part, visit));
        }
        Part::Endless(steps) => steps.iter().for_each(|step| visit(*step)),
    }
}

struct Planner<'p, 'b, T> {
    net: &'p Net<'b>,
    successors: &'p [Vec<usize>],
    /// Where the count of a flow's counter begins.
    enters: BTreeMap<(usize, u32), Vec<usize>>,
    turns: &'p T,
    flaws: Vec<Flaw>,
}

impl<T: Fn(usize) -> Option<i64>> Planner<'_, '_, T> {
    fn next(&self, at: usize) -> &[usize] {
        self.successors.get(at).map_or(&[], Vec::as_slice)
    }

    fn part(&mut self, component: Vec<usize>, depth: usize) -> Part {
        if let [only] = component.as_slice()
            && !self.next(*only).contains(only)
        {
            return Part::Step(*only);
        }
        let inside: BTreeSet<usize> = component.iter().copied().collect();
        let turn = component.iter().copied().find(|at| self.bounds(*at, &inside)).filter(|_| depth < DEPTH_MAX);
        let Some(turn) = turn.filter(|_| !self.leaves_frames(&inside)) else {
            self.flaws.push(Flaw::Endless(component.clone()));
            return Part::Endless(component);
        };
        let most = (self.turns)(turn).unwrap_or_else(|| {
            self.flaws.push(Flaw::List(turn));
            1
        });
        let rest: Vec<usize> = component.into_iter().filter(|at| *at != turn).collect();
        let place: BTreeMap<usize, usize> = rest.iter().enumerate().map(|(index, at)| (*at, index)).collect();
        let inner: Vec<Vec<usize>> =
            rest.iter().map(|at| self.next(*at).iter().filter_map(|to| place.get(to).copied()).collect()).collect();
        let body = components(&inner)
            .into_iter()
            .map(|part| {
                let part = part.into_iter().filter_map(|index| rest.get(index).copied()).collect();
                self.part(part, depth + 1)
            })
            .collect();
        Part::Loop { turn, most, body }
    }

    /// Whether the step counts the turns of these steps: its count begins outside, and after the last turn it leads out.
    fn bounds(&self, at: usize, inside: &BTreeSet<usize>) -> bool {
        let Some(node) = self.net.nodes.get(at) else { return false };
        let Some(Op::Turn { counter, .. }) = node.op else { return false };
        let enters = self.enters.get(&(node.flow, *counter)).map_or(&[][..], Vec::as_slice);
        let [_, end] = node.edges.as_slice() else { return false };
        !enters.is_empty() && !enters.iter().any(|enter| inside.contains(enter)) && !inside.contains(&end.to)
    }

    /// Counts belong to a frame: a loop that leaves its own has none.
    fn leaves_frames(&self, inside: &BTreeSet<usize>) -> bool {
        let edges = inside.iter().filter_map(|at| self.net.nodes.get(*at)).flat_map(|node| &node.edges);
        let other = |kind: Kind| matches!(kind, Kind::Call | Kind::Leave | Kind::Block | Kind::Later);
        edges.into_iter().any(|edge| other(edge.kind) && inside.contains(&edge.to))
    }
}
