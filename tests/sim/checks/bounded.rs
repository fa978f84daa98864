//! What nobody bounds grows: looks for an unknown outcome, replies that wait, a state, renewals at once.

use rejoinder::channel::Outcome;
use rejoinder::engine::{Effect, Input, Limits};

use crate::faulty::COMMITS_MAX;
use crate::plan::Wrong;
use crate::run::Told;

const LOOKS_MAX: usize = 3;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    if let Some(last) = told.evidence.commits.get(COMMITS_MAX - 1) {
        found.push((last.at, format!("{COMMITS_MAX} commits, and no end: the last of {:?} {:?}", last.who, last.entry.input)));
    }
    let limits = Limits::default();
    for commit in &told.evidence.commits {
        if commit.state_bytes > limits.state_bytes_max || commit.after.queued() > limits.queue_max {
            found.push((commit.at, format!("c{:?} {} bytes, {} replies", commit.who, commit.state_bytes, commit.after.queued())));
        }
    }
    let jumps = told.plan.troubles.iter().filter(|trouble| matches!(trouble.what, Wrong::Clock { .. })).count();
    let starts = usize::try_from(told.evidence.starts).unwrap() - told.plan.nodes;
    // There and back again, and when the faults stop.
    let again = 2 * jumps + starts + usize::from(told.plan.ours_ms != told.plan.tiktok_ms);
    for who in 0..told.customers.len() {
        let looks = told.evidence.calls.iter().filter(|call| call.what == "list" && call.who == Some(who)).count();
        let unknown = told.evidence.commits.iter().filter(|commit| {
            let unknown = matches!(&commit.entry.input, Input::Outcome { outcome: Outcome::Unknown { .. }, .. });
            unknown && commit.who == Some(who)
        });
        let unknown = unknown.count();
        // One before each silence that nobody was here to hear.
        let silences = told
            .evidence
            .commits
            .iter()
            .filter(|commit| commit.who == Some(who) && commit.entry.effects.contains(&Effect::LookForAnswer));
        let silences = silences.count();
        // A start, or a clock that has jumped, lets the last look be made once more.
        if looks > unknown * (LOOKS_MAX + again) + silences {
            found.push((0, format!("c{who} {looks} looks for {unknown} unknown outcomes and {silences} silences")));
        }
    }
    if told.evidence.renewals_open_most > told.plan.accounts {
        found.push((0, format!("{} renewals at once", told.evidence.renewals_open_most)));
    }
    found
}
