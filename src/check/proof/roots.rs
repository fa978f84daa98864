//! Where the silence of a customer begins: what each message can set off.

use super::bounds::{Bounds, Phase};
use super::cost::Costs;
#[cfg(test)]
use super::cost::{Omission, omitted};
use super::net::Net;
use super::weigh::{Measure, NEVER, plus};
use crate::bot::{Anytime, On, StepId, Trigger};

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

/// Whether no message begins what the trigger starts. It fires at most once until the customer writes.
pub(super) fn is_aside(trigger: &Trigger) -> bool {
    matches!(trigger.on, On::WindowClosing(_) | On::RepliesLeft(_) | On::Reaction(_))
}

/// What such a trigger comes to by itself; a question that it interrupts is asked again afterwards.
pub(super) fn aside(net: &Net<'_>, bounds: &Bounds, trigger: &Trigger) -> i64 {
    let resumes = matches!(trigger.on, On::Reaction(_)) && trigger.anytime == Anytime::Resume;
    let phase = if resumes { Phase::Parked } else { Phase::Free };
    bounds.stage(phase).alone(net.at(StepId { flow: trigger.flow, step: 0 }))
}

/// What all of them can add to every message's replies.
pub(super) fn beside(net: &Net<'_>, replies: &Bounds) -> i64 {
    let asides = net.bot.triggers.iter().filter(|trigger| is_aside(trigger));
    #[cfg(test)]
    let asides = asides.filter(|trigger| !matches!(trigger.on, On::Reaction(_)) || !omitted(Omission::Reactions));
    asides.fold(0, |sum, trigger| plus(sum, aside(net, replies, trigger).max(0)))
}

/// All replies until the customer writes again where `sent` of them are the way's own, and how many of these are what
/// flows add that no message begins. Of a way that begins so itself its own are among them.
pub(super) fn with_beside(net: &Net<'_>, root: &Root, sent: i64, beside: i64) -> (i64, i64) {
    let mut own = net.bot.triggers.iter().filter(|trigger| trigger.flow == root.flow).peekable();
    let begins = root.cause == Cause::Start && own.peek().is_some() && own.all(is_aside);
    let others = if begins { (beside - sent.max(0)).max(0) } else { beside };
    (plus(sent.max(0), others), others)
}
