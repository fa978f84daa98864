//! Where a step leads inside its flow, and what surely has a value on each way.

use super::facts::{self, Facts};
use crate::bot::{Expr, Op, Place, Type};

/// One way on from a step.
pub(super) struct Way<'o> {
    /// A step of the same flow; its count of steps is its end.
    pub to: usize,
    /// What surely has a value on it.
    pub gains: Facts,
    /// What may have got one on it.
    pub perhaps: Facts,
    /// What is written on it: it has a value exactly when the expression has one.
    pub sets: Option<(String, Option<&'o Expr>)>,
}

fn plain<'o>(to: usize) -> Way<'o> {
    Way { to, gains: Facts::new(), perhaps: Facts::new(), sets: None }
}

fn gained<'o>(to: usize, gains: Facts) -> Way<'o> {
    Way { gains, ..plain(to) }
}

/// A value of a place is written anew.
fn written<'o>(to: usize, place: &Place, value: Option<&'o Expr>) -> Way<'o> {
    Way { to, gains: Facts::new(), perhaps: Facts::new(), sets: facts::of_place(place).map(|fact| (fact, value)) }
}

/// The ways on from the step at `at`; those into other flows are not among them.
pub(super) fn of(op: &Op, at: usize) -> Vec<Way<'_>> {
    let next = at + 1;
    match op {
        Op::Say { .. }
        | Op::Post { .. }
        | Op::Typing
        | Op::Seen
        | Op::Tag { .. }
        | Op::Goal(_)
        | Op::Note(_)
        | Op::Emit { .. }
        | Op::Enter { .. }
        | Op::Do { .. }
        | Op::Wait(_) => vec![plain(next)],
        Op::Set { target, value } => vec![written(next, target, Some(value))],
        Op::Run { target, .. } => vec![written(next, target, None)],
        Op::Image { otherwise, .. } => vec![plain(next), plain(*otherwise)],
        Op::Ask { target, kind, tries, within, .. } => {
            let (gains, perhaps) = groups(kind);
            let answered = Way { gains, perhaps, ..written(next, target, None) };
            vec![answered, plain(tries.target), plain(within.target)]
        }
        Op::Choose { choices, other, tries, within, .. } => {
            let targets = choices.iter().map(|choice| choice.target).chain(*other);
            targets.chain([tries.target, within.target]).map(plain).collect()
        }
        Op::Turn { item, end, .. } => {
            let turn = match item {
                Some(item) => Way { sets: Some((item.clone(), None)), ..plain(next) },
                None => plain(next),
            };
            vec![turn, plain(*end)]
        }
        Op::Split { arms, .. } => arms.iter().map(|arm| plain(arm.target)).collect(),
        Op::Fetch(fetch) => {
            let failed = fetch.statuses.iter().map(|(_, target)| *target).chain(fetch.otherwise).map(plain);
            let taken = Way { sets: Some((fetch.target.clone(), None)), ..plain(next) };
            std::iter::once(taken).chain(failed).collect()
        }
        Op::Branch { condition, otherwise } => {
            let mut perhaps = Facts::new();
            facts::groups(condition, &mut perhaps);
            let holds = Way { perhaps, ..gained(next, facts::when(condition, true)) };
            vec![holds, gained(*otherwise, facts::when(condition, false))]
        }
        Op::Match { subject, arms, otherwise } => {
            let arms = arms.iter().map(|(_, target)| gained(*target, facts::read(subject)));
            arms.chain([plain(*otherwise)]).collect()
        }
        Op::Jump(target) => vec![plain(*target)],
        Op::Handoff(handoff) => {
            let nobody = handoff.nobody_in.map(|(_, target)| target);
            [handoff.open, handoff.closed, nobody, handoff.released].into_iter().flatten().map(plain).collect()
        }
        Op::Goto { .. } | Op::Return(_) | Op::Stop => Vec::new(),
    }
}

/// Named groups that an answer of the type captures: always, and perhaps.
fn groups(kind: &Type) -> (Facts, Facts) {
    match kind {
        Type::Matching(regex) => (regex.groups_always().iter().cloned().collect(), regex.groups().iter().cloned().collect()),
        _ => (Facts::new(), Facts::new()),
    }
}
