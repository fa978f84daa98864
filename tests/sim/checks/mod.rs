//! In: a story that was told. Out: what must not be. One file for each invariant.
//! Does not know: how the story came about; each judges by TikTok's side, or by what was committed.

mod bounded;
mod fetching;
mod final_state;
mod healing;
mod lease;
mod ledger;
mod loss;
mod mark;
mod once;
mod one_open;
mod order;
mod pace;
mod patience;
mod replay;
mod secrets;
mod silence;
mod ten;
mod unnamed;
mod version;
mod window;

use crate::evidence::{Breach, Commit};
use crate::run::Told;

type Check = fn(&Told) -> Vec<(i64, String)>;

/// Every check by its name.
pub const ALL: [(&str, Check); 20] = [
    ("window", window::check),
    ("ten", ten::check),
    ("loss", loss::check),
    ("order", order::check),
    ("once", once::check),
    ("pace", pace::check),
    ("final", final_state::check),
    ("silence", silence::check),
    ("secrets", secrets::check),
    ("replay", replay::check),
    ("healing", healing::check),
    ("mark", mark::check),
    ("one open attempt", one_open::check),
    ("lease", lease::check),
    ("ledger", ledger::check),
    ("bounded", bounded::check),
    ("patience", patience::check),
    ("fetching", fetching::check),
    ("version", version::check),
    ("unnamed", unnamed::check),
];

pub fn all(told: &Told) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (check, run) in ALL {
        breaches.extend(run(told).into_iter().map(|(at, text)| Breach { check, at, text }));
    }
    breaches
}

/// The commit of the first line that tells of an echo with this id.
fn heard_of<'a>(told: &'a Told, id: &str) -> Option<&'a Commit> {
    use rejoinder::engine::Input;
    told.evidence.commits.iter().find(|commit| match &commit.entry.input {
        Input::Echo(echo) => echo.message_id == id,
        _ => false,
    })
}
