//! Marks become places, and each step gets its digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::super::world::World;
use super::{Lowered, Mark};
use crate::bot::{Op, StepId};

pub(super) fn finish(world: &World<'_>, out: &mut Lowered, marks: &[Option<usize>], labels: &BTreeMap<String, Mark>) {
    let end = out.steps.len();
    let place = |mark: usize| marks.get(mark).copied().flatten().unwrap_or(end);
    let pending: BTreeMap<usize, &str> = out.pending.iter().map(|(step, _, label)| (*step, label.as_str())).collect();
    let mut written = String::new();
    for (at, step) in out.steps.iter_mut().enumerate() {
        let mut kept = Vec::new();
        each_target(&mut step.op, |target| kept.push(std::mem::take(target)));
        let outside = outside(world, &mut step.op, pending.get(&at).copied());
        step.digest = digest(&step.op, &outside.name, &mut written);
        outside.restore(&mut step.op);
        let mut kept = kept.into_iter();
        each_target(&mut step.op, |target| *target = place(kept.next().unwrap_or(usize::MAX)));
    }
    for (name, mark) in labels {
        out.labels.insert(name.clone(), place(*mark));
    }
}

/// What tells a step from others: its own words, targets and numbers of other things taken out. `written` is used anew.
fn digest(op: &Op, outside: &str, written: &mut String) -> u64 {
    written.clear();
    // Writing into a text cannot fail.
    let _ = write!(written, "{op:?} {outside}");
    Sha256::digest(&*written).iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

/// What a step names outside its flow. Indices of other things change when the author adds one elsewhere; names do not,
/// so the digest is taken of names.
struct Outside {
    name: String,
    number: usize,
}

impl Outside {
    fn restore(&self, op: &mut Op) {
        match op {
            Op::Goto { to, .. } => *to = StepId { flow: self.number, step: 0 },
            Op::Do { flow, .. } => *flow = self.number,
            Op::Handoff(handoff) => handoff.team = self.number.checked_sub(1),
            Op::Enter { counter, .. } | Op::Turn { counter, .. } => *counter = u32::try_from(self.number).unwrap_or(u32::MAX),
            _ => {}
        }
    }
}

fn outside(world: &World<'_>, op: &mut Op, label: Option<&str>) -> Outside {
    let flow_name = |flow: usize| world.flows.get(flow).map_or("", |flow| flow.name.text.as_str());
    match op {
        Op::Goto { to, .. } => {
            let number = to.flow;
            *to = StepId { flow: 0, step: 0 };
            Outside { name: format!("{}.{}", flow_name(number), label.unwrap_or_default()), number }
        }
        Op::Do { flow, .. } => {
            let number = std::mem::take(flow);
            Outside { name: flow_name(number).to_owned(), number }
        }
        Op::Handoff(handoff) => {
            let team = handoff.team.take();
            let name = team.and_then(|team| world.teams.get(team)).map_or("", |team| team.name.text.as_str());
            Outside { name: name.to_owned(), number: team.map_or(0, |team| team + 1) }
        }
        Op::Enter { counter, .. } | Op::Turn { counter, .. } => {
            let number = usize::try_from(std::mem::take(counter)).unwrap_or(usize::MAX);
            Outside { name: String::new(), number }
        }
        _ => Outside { name: String::new(), number: 0 },
    }
}

/// Visits every target of a step within its flow.
pub(in super::super) fn each_target(op: &mut Op, mut visit: impl FnMut(&mut usize)) {
    match op {
        Op::Image { otherwise, .. } | Op::Branch { otherwise, .. } => visit(otherwise),
        Op::Ask { tries, within, .. } => {
            visit(&mut tries.target);
            visit(&mut within.target);
        }
        Op::Choose { choices, other, tries, within, .. } => {
            choices.iter_mut().for_each(|choice| visit(&mut choice.target));
            other.iter_mut().for_each(&mut visit);
            visit(&mut tries.target);
            visit(&mut within.target);
        }
        Op::Match { arms, otherwise, .. } => {
            arms.iter_mut().for_each(|(_, target)| visit(target));
            visit(otherwise);
        }
        Op::Jump(target) => visit(target),
        Op::Turn { end, .. } => visit(end),
        Op::Split { arms, .. } => arms.iter_mut().for_each(|arm| visit(&mut arm.target)),
        Op::Fetch(fetch) => {
            fetch.statuses.iter_mut().for_each(|(_, target)| visit(target));
            fetch.otherwise.iter_mut().for_each(visit);
        }
        Op::Handoff(handoff) => {
            let nobody = handoff.nobody_in.as_mut().map(|(_, target)| target);
            [handoff.open.as_mut(), handoff.closed.as_mut(), nobody, handoff.released.as_mut()]
                .into_iter()
                .flatten()
                .for_each(visit);
        }
        Op::Say { .. }
        | Op::Post { .. }
        | Op::Typing
        | Op::Seen
        | Op::Set { .. }
        | Op::Tag { .. }
        | Op::Goal(_)
        | Op::Note(_)
        | Op::Emit { .. }
        | Op::Enter { .. }
        | Op::Do { .. }
        | Op::Return(_)
        | Op::Run { .. }
        | Op::Goto { .. }
        | Op::Stop
        | Op::Wait(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bot::{Expr, Regex, Value};

    #[test]
    fn a_step_keeps_its_digest_when_its_expression_has_searched() {
        let of = |regex: &Arc<Regex>| {
            let text = Box::new(Expr::Value(Value::Text("Size m".to_owned())));
            let op = Op::Branch { condition: Expr::Matches(text, Arc::clone(regex)), otherwise: 0 };
            digest(&op, "", &mut "left from another step".to_owned())
        };
        let regex = |source: &str, flags: &str| Arc::new(Regex::with_flags(source, flags).unwrap());
        let size = regex("size (?<size>S|M)", "i");
        let before = of(&size);
        assert!(size.is_match("Size m") && size.is_whole_match("size S"));
        assert_eq!(of(&size), before);
        assert_eq!(of(&regex("size (?<size>S|M)", "i")), before);
        for other in [regex("size (?<size>S|M)", ""), regex("size (?<size>S|L)", "i")] {
            assert_ne!(of(&other), before);
        }
    }
}
