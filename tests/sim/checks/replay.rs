//! A conversation's stored inputs, run again, give the same effects and the same state, bit for bit.

use rejoinder::engine::Limits;
use rejoinder::runtime::replay;

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for (row, history) in told.rows.iter().zip(&told.histories) {
        let bots: Vec<_> = told.cast.versions.iter().map(|(_, bot)| bot).chain([&told.cast.bot]).collect();
        let of = |digest: &str| bots.iter().copied().find(|bot| bot.digest == digest);
        let bodies = history.iter().map(|row| row.body.as_slice());
        let again = replay(bodies, of, &Limits::default());
        match again.map(|conversation| conversation.encode().ok()) {
            Ok(state) if state.as_deref() == Some(row.state.as_slice()) => {}
            Ok(_) => found.push((0, format!("conversation {} ends in another state", row.id.0))),
            Err(error) => found.push((0, format!("conversation {}: {error}", row.id.0))),
        }
    }
    found
}
