//! No reply reaches a customer twice, and no comment has two answers.

use std::collections::BTreeMap;

use crate::run::Told;
use crate::world::Side;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for (who, customer) in told.customers.iter().enumerate() {
        let mut times = BTreeMap::new();
        for said in &customer.said {
            let Side::Bot(tag) = said.side else { continue };
            let count = times.entry((tag.conversation, tag.reply)).or_insert(0);
            *count += 1;
            if *count == 2 {
                found.push((said.stored, format!("c{who} reply {} arrives twice: {:?}", tag.reply.0, said.text)));
            }
        }
        for (comment, times) in customer.comments_answered.iter().filter(|(_, times)| **times > 1) {
            found.push((0, format!("c{who} comment {comment} is answered {times} times")));
        }
    }
    found
}
