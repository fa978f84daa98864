//! Whoever answered while nobody was here is not told that there was no answer.

use rejoinder::engine::Input;

use crate::evidence::Commit;
use crate::plan::Wrong;
use crate::run::Told;
use crate::time::{HOUR, MINUTE};
use crate::world::Side;

/// A shorter absence is not noticed.
const NOTICED_MS: i64 = 7 * MINUTE;
/// What is answered to silence must still leave.
const ROOM_MS: i64 = 11 * MINUTE;
const WINDOW_MS: i64 = 48 * HOUR;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    // A clock that is wrong measures an absence wrongly, and shows its end at another moment.
    let clocks = told.plan.troubles.iter().map(|trouble| match trouble.what {
        Wrong::Clock { ms, .. } => ms.abs(),
        _ => 0,
    });
    let wrong: i64 = clocks.sum::<i64>() + told.plan.ours_ms.abs();
    for commit in told.evidence.commits.iter().filter(|commit| believes_silence(commit)) {
        let Some(who) = commit.who else { continue };
        let absence = told.evidence.downs.iter().find(|(from, to)| {
            let patience = (to - from).clamp(10 * MINUTE, 2 * HOUR) - MINUTE - 2 * wrong;
            to - from > NOTICED_MS + wrong && (*to..to + patience).contains(&commit.at)
        });
        let Some((from, to)) = absence else { continue };
        let customers = told.customers[who].said.iter().filter(|said| said.side == Side::Customer);
        let heard = customers.clone().filter(|said| said.stored < *from).map(|said| said.at).max();
        let closes = heard.is_some_and(|at| commit.entry.now.since_ms(at) > WINDOW_MS - told.plan.margin_ms - ROOM_MS);
        let mut answers = customers.filter(|said| (*from..=*to).contains(&said.stored));
        if !closes && answers.any(|said| !is_heard(told, &said.id, commit.at)) {
            found.push((commit.at, format!("c{who} is taken for silent, but has written while nobody was here")));
        }
    }
    found
}

fn believes_silence(commit: &Commit) -> bool {
    matches!(commit.entry.input, Input::Due | Input::DueAfterGap { .. } | Input::Looked { .. })
        && commit.entry.trace.iter().any(|trace| trace.what == "silence")
}

fn is_heard(told: &Told, id: &str, before: i64) -> bool {
    told.evidence.commits.iter().take_while(|commit| commit.at <= before).any(|commit| match &commit.entry.input {
        Input::Message(message) => message.message_id == id,
        _ => false,
    })
}
