//! Every reply that was queued ends once, with a reason, and leaves the outbox.

use std::collections::BTreeMap;

use rejoinder::engine::Effect;

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let mut ends = BTreeMap::new();
    for commit in &told.evidence.commits {
        for effect in &commit.entry.effects {
            match effect {
                Effect::Queue(reply) => {
                    ends.insert((commit.conversation, reply.id), (commit.at, commit.who, 0));
                }
                Effect::Finish { reply, reason, .. } => {
                    if reason.is_empty() {
                        found.push((commit.at, format!("reply {} ends without a reason", reply.0)));
                    }
                    if let Some((_, _, count)) = ends.get_mut(&(commit.conversation, *reply)) {
                        *count += 1;
                    }
                }
                _ => {}
            }
        }
    }
    for ((_, reply), (at, who, count)) in ends {
        if count != 1 {
            found.push((at, format!("c{who:?} reply {} has {count} ends", reply.0)));
        }
    }
    for row in &told.outbox {
        found.push((0, format!("reply {} still stands in the outbox: {:?}", row.reply.0, row.state)));
    }
    found
}
