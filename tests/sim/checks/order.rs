//! Replies arrive in the order in which they were made, and a conversation's history is one chain in which no clock goes
//! back.

use crate::run::Told;
use crate::world::Side;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for (who, customer) in told.customers.iter().enumerate() {
        let mut last = 0;
        for said in &customer.said {
            let Side::Bot(tag) = said.side else { continue };
            if tag.reply.0 < last {
                found.push((said.stored, format!("c{who} reply {} arrives after reply {last}", tag.reply.0)));
            }
            last = last.max(tag.reply.0);
        }
    }
    for history in &told.histories {
        for pair in history.windows(2) {
            if pair[1].prev != Some(pair[0].seq) || pair[1].at < pair[0].at {
                found.push((0, format!("line {} of the history does not follow line {}", pair[1].seq, pair[0].seq)));
            }
        }
        if history.first().is_some_and(|first| first.prev.is_some()) {
            found.push((0, "the beginning of a history is missing".to_owned()));
        }
    }
    found
}
