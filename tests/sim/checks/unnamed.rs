//! Who is not named is read and taken once, and nothing of before the account was first seen is: what TikTok's lists did not
//! show stands in the history as a gap.

use rejoinder::engine::{Body, Input};

use crate::evidence::Key;
use crate::plan::Wrong;
use crate::run::Told;
use crate::time::{HOUR, MINUTE};
use crate::world::Side;

/// Our clock is wrong by less than this at the beginning.
const BEGINNING_MS: i64 = 12 * MINUTE;
/// What is told later may be too old to be read.
const LATE_MS: i64 = 60 * HOUR;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let lines = |who: usize, id: &str| {
        let commits = told.evidence.commits.iter().filter(|commit| commit.who == Some(who));
        let heard = commits.filter(|commit| match &commit.entry.input {
            Input::Message(message) => message.message_id == id && !matches!(message.body, Body::Reaction { .. }),
            _ => false,
        });
        heard.count()
    };
    let clocks = told.plan.troubles.iter().any(|trouble| matches!(trouble.what, Wrong::Clock { .. }));
    let gap = told.loose.iter().any(|row| row.kind == "gap");
    for (who, customer) in told.customers.iter().enumerate() {
        for said in customer.said.iter().filter(|said| said.side == Side::Customer) {
            let count = lines(who, &said.id);
            if said.stored < 0 && count > 0 {
                found.push((said.stored, format!("c{who} {} is of before, and is taken", said.id)));
            }
            if count > 1 {
                found.push((said.stored, format!("c{who} {} has {count} lines", said.id)));
            }
            let may_be_missed = clocks || gap || said.stored < BEGINNING_MS || !is_told(told, &said.id);
            if count == 0 && told.plan.unnamed.contains(&who) && !may_be_missed {
                found.push((said.stored, format!("c{who} {} was told, and never read", said.id)));
            }
        }
    }
    found
}

/// Whether its webhook was taken in time.
fn is_told(told: &Told, id: &str) -> bool {
    let mut posts = told.evidence.posts.iter().filter(|post| matches!(&post.key, Key::Poke(of) if of == id));
    posts.any(|post| post.tries.iter().any(|(at, status)| *status == Some(200) && at - post.at < LATE_MS))
}
