//! No message reaches TikTok outside its window, by TikTok's clock and TikTok's knowledge of who wrote when.

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let sends = told.evidence.calls.iter().filter(|call| call.what == "send");
    let barred = sends.filter_map(|call| Some((call, call.barred.filter(|why| *why != "ten")?)));
    barred.map(|(call, why)| (call.at, format!("c{:?} a send arrives where TikTok says: {why}", call.who))).collect()
}
