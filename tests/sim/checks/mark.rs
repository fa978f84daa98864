//! No send leaves without a committed mark of its own, for this very content, and in time.

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let sends = told.evidence.calls.iter().filter_map(|call| Some((call, call.unfit.as_ref()?)));
    sends.map(|(call, why)| (call.at, format!("c{:?} a send leaves: {why}", call.who))).collect()
}
