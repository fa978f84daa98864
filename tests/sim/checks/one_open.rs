//! One open attempt per conversation: no second mark before the first is settled, no second send before TikTok is done
//! with the first.

use std::collections::BTreeMap;

use rejoinder::engine::Effect;

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for commit in &told.evidence.commits {
        let open = commit.before.as_ref().and_then(|before| before.open_attempt());
        let marks = commit.entry.effects.iter().filter(|effect| matches!(effect, Effect::Mark { .. })).count();
        if marks + usize::from(open.is_some()) > 1 && marks > 0 {
            found.push((commit.at, format!("c{:?} a mark while {open:?} is open", commit.who)));
        }
    }
    let mut busy: BTreeMap<(usize, bool), i64> = BTreeMap::new();
    for call in told.evidence.calls.iter().filter(|call| call.what == "send") {
        let Some(who) = call.who else { continue };
        let until = busy.entry((who, call.comments)).or_insert(i64::MIN);
        if call.at < *until {
            found.push((call.at, format!("c{who} a send while another is under way")));
        }
        *until = (*until).max(call.stored.unwrap_or(call.at));
    }
    found
}
