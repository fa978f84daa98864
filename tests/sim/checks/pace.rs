//! In no sliding second more than ten calls leave, whatever they are and whichever process makes them.

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let calls: Vec<i64> = told.evidence.calls.iter().map(|call| call.at).collect();
    let eleventh = calls.windows(11).find(|eleven| eleven[10] - eleven[0] < 1_000);
    eleventh.map(|eleven| (eleven[0], "eleven calls in a second".to_owned())).into_iter().collect()
}
