//! Walks over steps and expressions of the tree.

use crate::source::Span;
use crate::syntax::tree::{Block, Choose, Expr, ExprKind, Piece, Step, StepKind, Template, Text, WaitClause, WaitClauseKind};

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
        StepKind::Repeat { block, .. } | StepKind::For { block, .. } => vec![block],
        StepKind::Split { arms, .. } => arms.iter().map(|arm| &arm.block).collect(),
        StepKind::Fetch(fetch) => fetch.statuses.iter().map(|(_, block)| block).chain(&fetch.otherwise).collect(),
        StepKind::Say { .. }
        | StepKind::Post { .. }
        | StepKind::Typing
        | StepKind::Seen
        | StepKind::Set { .. }
        | StepKind::Tag(_)
        | StepKind::Untag(_)
        | StepKind::Goal(_)
        | StepKind::Note(_)
        | StepKind::Emit { .. }
        | StepKind::Leave
        | StepKind::Label { .. }
        | StepKind::Goto { .. }
        | StepKind::Do { .. }
        | StepKind::Return(_)
        | StepKind::Run { .. }
        | StepKind::Stop
        | StepKind::Wait(_)
        | StepKind::Broken => Vec::new(),
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
        StepKind::Stop
        | StepKind::Goto { .. }
        | StepKind::Return(_)
        | StepKind::Leave
        | StepKind::Handoff(_)
        | StepKind::Broken => true,
        StepKind::Set { target: set, .. } | StepKind::Do { into: set, .. } | StepKind::Run { target: set, .. } => {
            names(set) == target
        }
        StepKind::Split { arms, .. } => arms.iter().all(|arm| leaves_or_sets(&arm.block.steps, target)),
        StepKind::Repeat { block, .. } => leaves_or_sets(&block.steps, target) && !has_leave(&block.steps),
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

/// Whether these steps may leave the loop around them.
fn has_leave(list: &[Step]) -> bool {
    let mut found = false;
    steps(list, &mut |step| found |= matches!(step.kind, StepKind::Leave));
    found
}

/// The expressions of a step itself, those of its texts included, those of its blocks not.
pub(super) fn exprs(step: &Step) -> Vec<&Expr> {
    let mut list = Vec::new();
    match &step.kind {
        StepKind::Say { text, shorts, .. } => {
            in_text(text, &mut list);
            shorts.iter().for_each(|text| in_text(text, &mut list));
        }
        StepKind::Image { file: template, .. } | StepKind::Post { item_id: template } | StepKind::Note(template) => {
            in_template(template, &mut list);
        }
        StepKind::Handoff(handoff) => in_template(&handoff.note, &mut list),
        StepKind::Ask(ask) => {
            in_text(&ask.text, &mut list);
            in_clauses(&ask.clauses, &mut list);
        }
        StepKind::Choose(choose) => {
            in_text(&choose.text, &mut list);
            choose.options.iter().for_each(|option| in_text(&option.label, &mut list));
            in_clauses(&choose.clauses, &mut list);
        }
        StepKind::Set { value, .. } => list.push(value),
        StepKind::If { arms, .. } => list.extend(arms.iter().map(|(condition, _)| condition)),
        StepKind::Match { subject, .. } => list.push(subject),
        StepKind::For { list: over, .. } => list.push(over),
        StepKind::Emit { data, .. } => list.extend(data.iter().map(|(_, value)| value)),
        StepKind::Goto { arguments, .. } | StepKind::Do { arguments, .. } | StepKind::Run { arguments, .. } => {
            list.extend(arguments);
        }
        StepKind::Return(value) => list.extend(value),
        StepKind::Fetch(fetch) => {
            in_template(&fetch.url, &mut list);
            fetch.headers.iter().for_each(|(_, value)| in_template(value, &mut list));
            list.extend(&fetch.json);
        }
        StepKind::Typing
        | StepKind::Seen
        | StepKind::Tag(_)
        | StepKind::Untag(_)
        | StepKind::Goal(_)
        | StepKind::Repeat { .. }
        | StepKind::Leave
        | StepKind::Split { .. }
        | StepKind::Label { .. }
        | StepKind::Stop
        | StepKind::Wait(_)
        | StepKind::Broken => {}
    }
    list
}

fn in_clauses<'t>(clauses: &'t [WaitClause], list: &mut Vec<&'t Expr>) {
    for clause in clauses {
        if let WaitClauseKind::Invalid(text) | WaitClauseKind::Nudge(_, text) = &clause.kind {
            in_text(text, list);
        }
    }
}

fn in_text<'t>(text: &'t Text, list: &mut Vec<&'t Expr>) {
    match text {
        Text::Template(template) => in_template(template, list),
        Text::OneOf(texts, _) => texts.iter().for_each(|text| in_text(text, list)),
        Text::PerLanguage(texts, _) => texts.iter().for_each(|(_, text)| in_text(text, list)),
        Text::Named(_) => {}
    }
}

fn in_template<'t>(template: &'t Template, list: &mut Vec<&'t Expr>) {
    for piece in &template.pieces {
        if let Piece::Hole { value, filters, .. } = piece {
            list.push(value);
            list.extend(filters.iter().flat_map(|filter| &filter.arguments).map(|(_, argument)| argument));
        }
    }
}

/// The expressions directly inside one.
fn inner(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Text(template) => {
            let mut list = Vec::new();
            in_template(template, &mut list);
            list
        }
        ExprKind::List(items) | ExprKind::Call(_, items) => items.iter().collect(),
        ExprKind::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        ExprKind::Member(inner, _) | ExprKind::Not(inner) | ExprKind::Negative(inner) | ExprKind::Matches(inner, _) => {
            vec![inner]
        }
        ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) => vec![left, right],
        ExprKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
        // Asking whether something is missing is no reading of it.
        _ => Vec::new(),
    }
}

/// Where a step reads this name first: `order`, or `contact.size`.
pub(super) fn find_name(step: &Step, fact: &str) -> Option<Span> {
    let mut open = exprs(step);
    open.reverse();
    while let Some(expr) = open.pop() {
        let found = path(expr).is_some_and(|path| path == fact);
        if found {
            return Some(expr.span);
        }
        open.extend(inner(expr).into_iter().rev());
    }
    None
}

/// A name, a field or an item of one, as the author wrote it.
fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.text.clone()),
        ExprKind::Member(inner, name) => path(inner).map(|inner| format!("{inner}.{}", name.text)),
        ExprKind::Index(inner, at) => match super::kind::constant(at)? {
            crate::bot::Value::Number(at) => path(inner).map(|inner| format!("{inner}[{at}]")),
            crate::bot::Value::Text(name) => path(inner).map(|inner| format!("{inner}.{name}")),
            _ => None,
        },
        _ => None,
    }
}
