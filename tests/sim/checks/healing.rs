//! After the faults stop everything is brought, taken and finished: no webhook left, no moment in the past, no open
//! attempt, and what is made from then on arrives.

use std::collections::BTreeSet;

use rejoinder::engine::{Conversation, Effect, End};

use crate::run::Told;
use crate::time::{HOUR, MINUTE};

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
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
    // What colleagues wrote may be told as late as this, and until then nobody here can count it.
    let healthy = told.evidence.healed_at + 3 * HOUR;
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
