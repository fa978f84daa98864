//! Where the silence of a customer begins: what each message can set off.

use super::bounds::{Bounds, Phase};
use super::cost::Costs;
use super::net::Net;
use super::weigh::{Measure, NEVER, plus};
use crate::bot::{Anytime, On, StepId};

/// What a message of the customer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It starts the flow.
    Start,
    /// It answers a question.
    Answer,
    /// It does not fit the question.
    Invalid,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub flow: usize,
    /// Where the run goes on; the question itself for an answer that does not fit.
    pub at: usize,
    pub cause: Cause,
    pub phase: Phase,
}

/// All beginnings of ways, a question that waits beside them or not. Flows that nothing starts are weighed like others.
pub(super) fn roots(net: &Net<'_>) -> Vec<Root> {
    let reachable = net.reachable();
    let starts = net.starts.iter().copied();
    let mut found: Vec<Root> =
        starts.enumerate().map(|(flow, at)| Root { flow, at, cause: Cause::Start, phase: Phase::Free }).collect();
    of_questions(net, &reachable, Phase::Free, &mut found);
    let resuming = net.bot.triggers.iter().filter(|trigger| trigger.anytime == Anytime::Resume);
    let begun: Vec<usize> = resuming.map(|trigger| net.at(StepId { flow: trigger.flow, step: 0 })).collect();
    if !begun.is_empty() {
        let parked = net.reached(begun.clone(), |node| !node.is_handoff());
        found.extend(begun.iter().map(|at| Root {
            flow: net.step(*at).flow,
            at: *at,
            cause: Cause::Start,
            phase: Phase::Parked,
        }));
        of_questions(net, &parked, Phase::Parked, &mut found);
    }
    found
}

fn of_questions(net: &Net<'_>, reached: &[bool], phase: Phase, found: &mut Vec<Root>) {
    for ((at, node), _) in net.nodes.iter().enumerate().zip(reached).filter(|(_, reached)| **reached) {
        if node.asks() {
            found.push(Root { flow: node.flow, at, cause: Cause::Invalid, phase });
        }
        found.extend(node.answers.iter().map(|to| Root { flow: node.flow, at: *to, cause: Cause::Answer, phase }));
    }
}

/// What the message can cause at most.
pub(super) fn value(net: &Net<'_>, costs: &Costs<'_>, bounds: &Bounds, root: &Root) -> i64 {
    let stage = bounds.stage(root.phase);
    match root.cause {
        Cause::Start => stage.alone(root.at),
        Cause::Answer => stage.any(net, root.at),
        Cause::Invalid => {
            let Some(node) = net.nodes.get(root.at) else { return NEVER };
            let Some(op) = node.op else { return NEVER };
            let (own, silent) = match bounds.measure {
                Measure::Replies => (costs.invalid(net.step(root.at)), costs.invalid(net.step(root.at))),
                Measure::Time | Measure::Held => {
                    let cost = costs.of(net.step(root.at), op);
                    (cost.last_ms.unwrap_or(0), cost.passes_ms)
                }
            };
            let within = node.edges.first().map_or(NEVER, |edge| plus(silent, stage.any(net, edge.to)));
            let failed = stage.fault.filter(|_| node.fails.is_some()).map_or(NEVER, |fault| plus(own, fault));
            own.max(within).max(failed)
        }
    }
}

/// What flows beside a waiting run can add to every message's replies. A reaction is no message, so what it starts is
/// added too, each trigger once.
pub(super) fn beside(net: &Net<'_>, bounds: &Bounds) -> i64 {
    let limits = net
        .bot
        .triggers
        .iter()
        .filter(|trigger| matches!(trigger.on, On::WindowClosing(_) | On::RepliesLeft(_) | On::Reaction(_)));
    limits
        .fold(0, |sum, trigger| plus(sum, bounds.stage(Phase::Free).alone(net.at(StepId { flow: trigger.flow, step: 0 })).max(0)))
}
