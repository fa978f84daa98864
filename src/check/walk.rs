//! Walks over steps and expressions of the tree.

use crate::syntax::tree::{Block, Choose, Expr, ExprKind, Step, StepKind, WaitClause, WaitClauseKind};

/// The blocks directly inside a step, in the order of the text.
pub(super) fn blocks(step: &Step) -> Vec<&Block> {
    match &step.kind {
        StepKind::Image { otherwise, .. } => otherwise.iter().collect(),
        StepKind::Choose(Choose { options, other, clauses, .. }) => {
            options.iter().map(|option| &option.block).chain(other).chain(clause_blocks(clauses)).collect()
        }
        StepKind::Ask(ask) => clause_blocks(&ask.clauses).collect(),
        StepKind::If { arms, otherwise } => arms.iter().map(|(_, block)| block).chain(otherwise).collect(),
        StepKind::Match { arms, otherwise, .. } => arms.iter().map(|arm| &arm.block).chain(otherwise).collect(),
        StepKind::Handoff(handoff) => {
            let nobody = handoff.nobody_in.as_ref().map(|(_, block)| block);
            handoff.open.iter().chain(&handoff.closed).chain(nobody).chain(&handoff.released).collect()
        }
        _ => Vec::new(),
    }
}

fn clause_blocks(clauses: &[WaitClause]) -> impl Iterator<Item = &Block> {
    clauses.iter().filter_map(|clause| match &clause.kind {
        WaitClauseKind::Tries(_, block) | WaitClauseKind::Within(_, block) => block.as_ref(),
        WaitClauseKind::Invalid(_) | WaitClauseKind::Nudge(..) => None,
    })
}

/// Every step, outer before inner.
pub(super) fn steps<'t>(list: &'t [Step], visit: &mut impl FnMut(&'t Step)) {
    let mut open: Vec<&'t Step> = list.iter().rev().collect();
    while let Some(step) = open.pop() {
        visit(step);
        let inner: Vec<&'t Step> = blocks(step).into_iter().flat_map(|block| &block.steps).collect();
        open.extend(inner.into_iter().rev());
    }
}

/// Whether every way through these steps leaves the flow's path or gives the name `target` a value.
pub(super) fn leaves_or_sets(list: &[Step], target: &[&str]) -> bool {
    list.iter().any(|step| match &step.kind {
        StepKind::Stop | StepKind::Goto { .. } | StepKind::Handoff(_) | StepKind::Broken => true,
        StepKind::Set { target: set, .. } => names(set) == target,
        StepKind::Ask(ask) => {
            names(&ask.target) == target && clause_blocks(&ask.clauses).all(|block| leaves_or_sets(&block.steps, target))
        }
        StepKind::If { arms, otherwise } => {
            let all = arms.iter().map(|(_, block)| block).chain(otherwise);
            otherwise.is_some() && all.into_iter().all(|block| leaves_or_sets(&block.steps, target))
        }
        StepKind::Match { arms, otherwise, .. } => {
            let all = arms.iter().map(|arm| &arm.block).chain(otherwise);
            otherwise.is_some() && all.into_iter().all(|block| leaves_or_sets(&block.steps, target))
        }
        StepKind::Choose(_) => blocks(step).iter().all(|block| leaves_or_sets(&block.steps, target)),
        _ => false,
    })
}

fn names(path: &[crate::syntax::tree::Name]) -> Vec<&str> {
    path.iter().map(|name| name.text.as_str()).collect()
}

/// What an expression surely is, as far as it shows without looking anything up.
pub(super) fn shallow_kind(expr: &Expr) -> super::kind::Kind {
    use super::kind::Kind;
    use crate::syntax::tree::BinaryOp as Op;
    match &expr.kind {
        ExprKind::Text(_) => Kind::Text,
        ExprKind::Number(_) | ExprKind::Negative(_) => Kind::Number,
        ExprKind::Bool(_) | ExprKind::Not(_) | ExprKind::Missing { .. } | ExprKind::Matches(..) => Kind::Bool,
        ExprKind::Duration(_) => Kind::Duration,
        ExprKind::Date(_) => Kind::Date,
        ExprKind::Time(_) => Kind::Time,
        ExprKind::List(_) => Kind::List,
        ExprKind::Map(_) => Kind::Map,
        ExprKind::Binary(Op::Multiply | Op::Divide | Op::Remainder, ..) => Kind::Number,
        ExprKind::Binary(Op::Add | Op::Subtract, ..) => Kind::Any,
        ExprKind::Binary(..) => Kind::Bool,
        _ => Kind::Any,
    }
}
