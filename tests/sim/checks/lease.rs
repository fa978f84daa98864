//! Only the process that leads the app marks and calls.

use rejoinder::engine::Effect;

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let unled = told.evidence.commits.iter().filter(|commit| !commit.leads);
    let marks = unled.filter(|commit| commit.entry.effects.iter().any(|effect| matches!(effect, Effect::Mark { .. })));
    let marks = marks.map(|commit| (commit.at, format!("c{:?} a mark of a process that does not lead", commit.who)));
    let calls = told.evidence.calls.iter().filter(|call| !call.leads);
    let calls = calls.map(|call| (call.at, format!("c{:?} {} of a process that does not lead", call.who, call.what)));
    marks.chain(calls).collect()
}
