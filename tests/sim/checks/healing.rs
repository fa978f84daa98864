//! After the faults stop everything is brought, taken and finished: no webhook left, no moment in the past, no open
//! attempt, and what is made from then on arrives.

use std::collections::{BTreeMap, BTreeSet};

use rejoinder::engine::{Conversation, Effect, End};

use crate::run::Told;
use crate::time::{HOUR, MINUTE};

const DAY: i64 = 24 * HOUR;

/// Whatever is queued is attempted, held or finished so soon.
const ATTENTION_MS: i64 = 2 * MINUTE;
/// What colleagues wrote may be told as late as this, and until then nobody here can count it.
const HEALTHY_MS: i64 = 3 * HOUR;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = unattended(told);
    for post in told.evidence.posts.iter().filter(|post| !post.is_taken()) {
        found.push((post.at, format!("c{} {:?} was never taken", post.who, post.key)));
    }
    for row in &told.rows {
        if row.due.is_some_and(|due| told.now.since_ms(due) > MINUTE) {
            found.push((0, format!("conversation {} waits for a moment that is past", row.id.0)));
        }
        match Conversation::decode(&row.state) {
            Ok(conversation) if conversation.open_attempt().is_some() => {
                found.push((0, format!("conversation {} has an open attempt", row.id.0)));
            }
            Ok(_) => {}
            Err(error) => found.push((0, format!("conversation {}: {error}", row.id.0))),
        }
    }
    let healthy = healthy(told);
    let mut made = BTreeSet::new();
    for commit in &told.evidence.commits {
        for effect in &commit.entry.effects {
            match effect {
                Effect::Queue(reply) if commit.at > healthy => {
                    made.insert((commit.conversation, reply.id));
                }
                Effect::Finish { reply, end: end @ (End::Refused | End::Unknown), reason, .. }
                    if made.contains(&(commit.conversation, *reply)) =>
                {
                    found.push((commit.at, format!("c{:?} reply {} ends {end:?}: {reason}", commit.who, reply.0)));
                }
                _ => {}
            }
        }
    }
    found
}

/// A conversation's time never goes back: what was written under a clock that ran ahead has its next moment when the clock
/// comes there.
fn healthy(told: &Told) -> i64 {
    // What was brought while nobody was here is brought again after that.
    let back = told.evidence.downs.iter().map(|(_, to)| *to).max().unwrap_or_default();
    told.evidence.healed_at.max(back) + HEALTHY_MS + crate::run::ahead(&told.plan)
}

/// Replies that nobody looked after.
fn unattended(told: &Told) -> Vec<(i64, String)> {
    let mut waits = BTreeMap::new();
    let mut found = Vec::new();
    // Whose turn is on another day, or was thought to be, waits for it.
    let days = told.plan.a_day.is_some() || told.plan.tiktok_a_day.is_some();
    let most = if days { 2 * DAY } else { ATTENTION_MS };
    for commit in told.evidence.commits.iter().filter(|commit| commit.at > healthy(told)) {
        for effect in &commit.entry.effects {
            match effect {
                Effect::Queue(reply) => drop(waits.insert((commit.conversation, reply.id), commit.at)),
                Effect::Mark { reply, .. } | Effect::Hold { reply, .. } | Effect::Finish { reply, .. } => {
                    let since = waits.remove(&(commit.conversation, *reply));
                    if since.is_some_and(|since| commit.at - since > most) {
                        found.push((commit.at, format!("c{:?} reply {} waited for nothing", commit.who, reply.0)));
                    }
                }
                _ => {}
            }
        }
    }
    found.extend(waits.into_iter().map(|((_, reply), at)| (at, format!("reply {} was never looked after", reply.0))));
    found
}
