//! Each call of the business's systems has one answer, what may not be repeated is made once, and nobody waits longer than
//! the sum of the tries.

use std::collections::{BTreeMap, BTreeSet};

use rejoinder::engine::{Conversation, Effect, Input, Request};

use crate::plan::Wrong;
use crate::run::Told;
use crate::time::SECOND;

/// Commits and the clocks of several machines take their time.
const ROOM_MS: i64 = 10 * SECOND;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = answers(told);
    found.extend(requests(told));
    for row in &told.rows {
        if Conversation::decode(&row.state).is_ok_and(|conversation| conversation.open_fetch().is_some()) {
            found.push((0, format!("conversation {} waits for a call for ever", row.id.0)));
        }
    }
    found
}

/// What conversations were told.
fn answers(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let mut open = BTreeMap::new();
    let mut ended = BTreeSet::new();
    let on_time = is_on_time(told);
    for commit in &told.evidence.commits {
        let before = commit.before.as_ref().and_then(|conversation| conversation.open_fetch());
        if let Some(call) = before
            && commit.after.open_fetch() != before
        {
            if !ended.insert((commit.conversation, call)) {
                found.push((commit.at, format!("c{:?}: call {call} has ended twice", commit.who)));
            }
            let until: Option<&Request> = open.get(&(commit.conversation, call));
            if let Some(request) = until.filter(|_| on_time)
                && commit.entry.now.since_ms(request.until) > ROOM_MS
            {
                let late = commit.entry.now.since_ms(request.until);
                found.push((commit.at, format!("c{:?}: call {call} was waited for {late} ms too long", commit.who)));
            }
        }
        if let Input::Fetched { call, tries, .. } = &commit.entry.input
            && let Some(request) = open.get(&(commit.conversation, *call))
            && *tries > request.retry + 1
        {
            found.push((commit.at, format!("c{:?}: call {call} was tried {tries} times", commit.who)));
        }
        for effect in &commit.entry.effects {
            if let Effect::Fetch(request) = effect
                && open.insert((commit.conversation, request.call), request.clone()).is_some()
            {
                found.push((commit.at, format!("c{:?}: two calls are number {}", commit.who, request.call)));
            }
        }
    }
    found
}

/// What the systems saw.
fn requests(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let requests = &told.evidence.requests;
    for (nth, made) in requests.iter().enumerate() {
        if let Some(key) = &made.key {
            by_key.entry(key).or_default().push(nth);
        }
    }
    for (key, made) in by_key {
        let first = &requests[made[0]];
        if made.iter().any(|nth| requests[*nth].request != first.request) {
            found.push((first.at, format!("two calls have the key {key}")));
        }
        let processes: BTreeSet<u32> = made.iter().map(|nth| requests[*nth].process).collect();
        let retry = usize::try_from(first.request.retry).unwrap();
        let may = if first.request.is_repeatable() { (retry + 1) * processes.len() } else { 1 };
        if made.len() > may {
            found.push((first.at, format!("a call was made {} times, {may} were allowed ({key})", made.len())));
        }
    }
    found
}

/// Whether nothing has happened that holds up a due moment or its commit.
fn is_on_time(told: &Told) -> bool {
    !told.plan.troubles.iter().any(|trouble| {
        matches!(
            trouble.what,
            Wrong::Crash { .. }
                | Wrong::CommitFails { .. }
                | Wrong::CommitSlow { .. }
                | Wrong::CommitBreaks
                | Wrong::ReadingFails { .. }
                | Wrong::Clock { .. }
                | Wrong::Freeze { .. }
                | Wrong::NoStore { .. }
        )
    })
}
