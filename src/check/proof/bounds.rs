//! The bounds of whole ways: calls that return to whoever made them, questions that are asked again, faults, and what
//! runs beside.
//!
//! A way that begins in the middle of a flow first goes up, through returns to whatever may have called the flow, and
//! then only down, through calls that return to where they were made.

use super::components::components;
use super::net::{Kind, Net};
use super::plan::Plan;
use super::weigh::{Around, Measure, NEVER, Values, plus, weigh};
use crate::bot::{Anytime, On, StepId};

/// What surrounds a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Free,
    /// The run failed: this is the flow `on fault`, in which nothing fails again.
    Fault,
    /// A question waits to be asked again.
    Parked,
    /// Both.
    ParkedFault,
}

/// The bounds in one measure.
pub(super) struct Bounds {
    pub measure: Measure,
    free: Stage,
    fault: Option<Stage>,
    parked: Option<Stage>,
    parked_fault: Option<Stage>,
    /// The step that costs most when it goes on after it was put aside.
    pub again: Option<usize>,
    /// The first steps of the flows `on fault`.
    pub faults: Vec<usize>,
}

pub(super) struct Stage {
    pub values: Values,
    pub up: Vec<i64>,
    pub end: i64,
    pub fault: Option<i64>,
}

/// Who calls whom, the called ones first, and the flows that call themselves.
pub(super) struct Calls {
    order: Vec<usize>,
    /// Of each flow the steps after its calls.
    after: Vec<Vec<usize>>,
    pub recursive: Vec<Vec<usize>>,
}

impl Calls {
    pub(super) fn new(net: &Net<'_>) -> Self {
        let mut calls: Vec<Vec<usize>> = vec![Vec::new(); net.starts.len()];
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); net.starts.len()];
        for node in &net.nodes {
            for edge in &node.edges {
                let Kind::Back { from } = edge.kind else { continue };
                let callee = net.step(from).flow;
                if let (Some(list), Some(places)) = (calls.get_mut(node.flow), after.get_mut(callee)) {
                    list.push(callee);
                    places.push(edge.to);
                }
            }
        }
        let parts = components(&calls);
        let itself = |flow: usize| calls.get(flow).is_some_and(|called| called.contains(&flow));
        let recursive = parts.iter().filter(|part| part.len() > 1 || part.iter().any(|flow| itself(*flow))).cloned().collect();
        Self { order: parts.into_iter().flatten().collect(), after, recursive }
    }
}

impl Bounds {
    pub(super) fn new(net: &Net<'_>, plan: &Plan, calls: &Calls, measure: Measure) -> Self {
        let nothing = if measure == Measure::Time { NEVER } else { 0 };
        let starts = |wanted: fn(&On) -> bool| -> Vec<usize> {
            let triggers = net.bot.triggers.iter().filter(|trigger| wanted(&trigger.on));
            triggers.map(|trigger| net.at(StepId { flow: trigger.flow, step: 0 })).collect()
        };
        let stage = |end: i64, fault: Option<i64>, handed: Option<&Values>| {
            let around = Around { measure, end, fault, handed };
            let values = weigh(net, plan, around);
            let up = ascend(net, calls, &values, end);
            Stage { values, up, end, fault }
        };
        let faults = starts(|on| matches!(on, On::Fault));
        #[cfg(test)]
        let faults = if super::cost::omitted(super::cost::Omission::Faults) { Vec::new() } else { faults };
        let dearest = |stage: &Stage| faults.iter().map(|at| stage.alone(*at)).max().unwrap_or(nothing).max(nothing);
        let fault = (!faults.is_empty()).then(|| stage(nothing, None, None));
        let free = stage(nothing, fault.as_ref().map(dearest), None);
        let mut bounds = Self { measure, free, fault, parked: None, parked_fault: None, again: None, faults: Vec::new() };
        let resumes = net.bot.triggers.iter().any(|trigger| trigger.anytime == Anytime::Resume);
        #[cfg(test)]
        let resumes = resumes && !super::cost::omitted(super::cost::Omission::Resumes);
        if resumes && measure != Measure::Held {
            let parked = net.nodes.iter().enumerate().filter(|(_, node)| node.can_be_parked()).map(|(at, _)| at);
            bounds.again = parked.max_by_key(|at| bounds.free.any(net, *at));
            let end = bounds.again.map_or(nothing, |at| bounds.free.any(net, at));
            let of_fault = bounds.fault.as_ref().map(|fault| stage(end, Some(end), Some(&fault.values)));
            // Without a flow for faults, a fault only ends the run, and the question is asked again.
            let failed = of_fault.as_ref().map_or(end, dearest);
            bounds.parked = Some(stage(end, Some(failed), Some(&bounds.free.values)));
            bounds.parked_fault = of_fault;
        }
        bounds.faults = faults;
        bounds
    }

    /// The stage of a phase; the free one where the bot has no such phase.
    pub(super) fn stage(&self, phase: Phase) -> &Stage {
        let found = match phase {
            Phase::Free => None,
            Phase::Fault => self.fault.as_ref(),
            Phase::Parked => self.parked.as_ref(),
            Phase::ParkedFault => self.parked_fault.as_ref(),
        };
        found.unwrap_or(&self.free)
    }
}

impl Stage {
    /// A way from a step on, in whatever frames it stands.
    pub(super) fn any(&self, net: &Net<'_>, at: usize) -> i64 {
        let up = net.nodes.get(at).and_then(|node| self.up.get(node.flow)).copied().unwrap_or(self.end);
        self.values.end(at).max(plus(self.values.back(at), up))
    }

    /// A way from a step on in the only frame.
    pub(super) fn alone(&self, at: usize) -> i64 {
        self.values.end(at).max(plus(self.values.back(at), self.end))
    }
}

/// What comes after the return of each flow.
fn ascend(net: &Net<'_>, calls: &Calls, values: &Values, end: i64) -> Vec<i64> {
    let mut up = vec![end; net.starts.len()];
    #[cfg(test)]
    if super::cost::omitted(super::cost::Omission::Callers) {
        return up;
    }
    // The callers first.
    for flow in calls.order.iter().rev() {
        let places = calls.after.get(*flow).map_or(&[][..], Vec::as_slice);
        let each = places.iter().map(|at| {
            let above = net.nodes.get(*at).and_then(|node| up.get(node.flow)).copied().unwrap_or(end);
            values.end(*at).max(plus(values.back(*at), above))
        });
        let most = each.max().unwrap_or(end).max(end);
        if let Some(slot) = up.get_mut(*flow) {
            *slot = most;
        }
    }
    up
}

/// The step after a call of the flow from which the costliest way goes on; `None` where the run ends.
pub(super) fn caller(net: &Net<'_>, calls: &Calls, stage: &Stage, flow: usize) -> Option<usize> {
    let wanted = stage.up.get(flow).copied()?;
    let places = calls.after.get(flow)?;
    places.iter().copied().find(|at| stage.any(net, *at) == wanted && wanted > stage.end)
}
