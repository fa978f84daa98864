//! Secrets and tokens stand nowhere at rest, and nobody is told them.

use crate::run::Told;
use crate::world::{APP_SECRET, TOKEN};

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let rows = told.histories.iter().flatten().chain(&told.loose).map(|row| row.body.as_slice());
    let states = told.rows.iter().map(|row| row.state.as_slice());
    let outbox = told.outbox.iter().map(|row| row.body.as_slice());
    let said = told.customers.iter().flat_map(|customer| customer.said.iter().map(|said| said.text.as_bytes()));
    let told_to = rows.chain(states).chain(outbox).chain(said);
    let holds = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        [TOKEN, APP_SECRET].iter().any(|secret| text.contains(secret))
    };
    let many = told_to.filter(|bytes| holds(bytes)).count();
    if many == 0 { Vec::new() } else { vec![(0, format!("a secret stands in {many} places"))] }
}
