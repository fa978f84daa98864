//! What we count of the ten is never less than what TikTok counts, but for messages of others that were not told yet.

use super::heard_of;
use crate::run::Told;
use crate::world::Side;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for (who, customer) in told.customers.iter().enumerate() {
        // When each was told: bot's ones need no telling.
        let told_at: Vec<i64> = customer
            .said
            .iter()
            .map(|said| match said.side {
                Side::Customer | Side::Bot(_) => i64::MIN,
                _ => heard_of(told, &said.id).map_or(i64::MAX, |commit| commit.seq),
            })
            .collect();
        for commit in told.evidence.commits.iter().filter(|commit| commit.who == Some(who) && !commit.comments) {
            let there = customer.said.partition_point(|said| said.stored < commit.at);
            let since = customer.said[..there].iter().rposition(|said| said.side == Side::Customer).map_or(0, |last| last + 1);
            let known = (since..there).filter(|at| told_at[*at] <= commit.seq).count().min(10);
            let counted = 10 - usize::try_from(commit.after.replies_left()).unwrap();
            if counted < known {
                found.push((commit.at, format!("c{who} line {}: TikTok counts {known}, we count {counted}", commit.seq)));
            }
        }
    }
    found
}
