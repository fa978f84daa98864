//! In no sliding second more than ten calls leave, whatever they are and whichever process makes them.

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut calls: Vec<i64> = told.evidence.calls.iter().filter(|call| call.left).map(|call| call.at).collect();
    // One may have been held up on its way out.
    calls.sort_unstable();
    let eleventh = calls.windows(11).find(|eleven| eleven[10] - eleven[0] < 1_000);
    eleventh.map(|eleven| (eleven[0], "eleven calls in a second".to_owned())).into_iter().collect()
}
