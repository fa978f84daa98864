//! What the authors of questions left out, and what holds instead.

use std::collections::BTreeMap;

use super::super::time::duration;
use super::super::walk;
use super::super::world::World;
use super::Places;
use crate::bot::{Bot, Filled, Op, StepId};
use crate::source::Span;
use crate::syntax::tree::{FlowItem, StepKind, WaitClause, WaitClauseKind};

/// A longer clause is told by its beginning.
const SHOWN: usize = 60;

/// The clauses that the questions of this flow left out.
pub(super) fn filled(world: &World<'_>, bot: &Bot, places: &Places, flow: usize, item: &FlowItem) -> Vec<Filled> {
    let (Some(made), Some(places)) = (bot.flows.get(flow), places.get(flow)) else { return Vec::new() };
    let mut questions: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (step, (made, (span, _))) in made.steps.iter().zip(places).enumerate() {
        if matches!(made.op, Op::Ask { .. } | Op::Choose { .. }) {
            questions.entry((span.file.0, span.start)).or_insert(step);
        }
    }
    let mut found = Vec::new();
    walk::steps(&item.steps, &mut |step| {
        let (clauses, chooses) = match &step.kind {
            StepKind::Ask(ask) => (&ask.clauses, false),
            StepKind::Choose(choose) => (&choose.clauses, true),
            _ => return,
        };
        let Some(at) = questions.get(&(step.span.file.0, step.span.start)).copied() else { return };
        let Some(op) = made.steps.get(at).map(|step| &step.op) else { return };
        let others = matches!(op, Op::Choose { other: Some(_), .. }) && chooses;
        let at = StepId { flow, step: at };
        found.extend(left_out(world, op, clauses, others).into_iter().map(|clause| Filled { step: at, clause }));
    });
    found
}

/// The clauses of a question that are not its own. With `other` no answer is wrong, so nothing is tried again.
fn left_out(world: &World<'_>, op: &Op, own: &[WaitClause], others: bool) -> Vec<String> {
    let (Op::Ask { tries, within, .. } | Op::Choose { tries, within, .. }) = op else { return Vec::new() };
    let given = |wanted: fn(&WaitClauseKind) -> bool| own.iter().any(|clause| wanted(&clause.kind));
    let of_bot = |wanted: fn(&WaitClauseKind) -> bool| {
        let clause = world.defaults.iter().rev().find(|clause| wanted(&clause.kind))?;
        Some(one_line(world, clause.span))
    };
    let is_tries: fn(&WaitClauseKind) -> bool = |kind| matches!(kind, WaitClauseKind::Tries(..));
    let is_within: fn(&WaitClauseKind) -> bool = |kind| matches!(kind, WaitClauseKind::Within(..));
    let is_invalid: fn(&WaitClauseKind) -> bool = |kind| matches!(kind, WaitClauseKind::Invalid(_));
    let mut clauses = Vec::new();
    if !others && !given(is_invalid) {
        clauses.push(of_bot(is_invalid).unwrap_or_else(|| "invalid: the question again".to_owned()));
    }
    if !others && !given(is_tries) {
        clauses.push(of_bot(is_tries).unwrap_or_else(|| format!("tries {} stop", tries.tries)));
    }
    if !given(is_within) {
        clauses.push(of_bot(is_within).unwrap_or_else(|| format!("within {} stop", duration(within.within_ms))));
    }
    clauses
}

fn one_line(world: &World<'_>, span: Span) -> String {
    let text = world.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
    crate::text::shorten(&text, SHOWN)
}
