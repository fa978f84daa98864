//! After the commit of a takeover or an opt-out the bot marks nothing but the opt-out's confirmation; and what a colleague
//! does is a takeover at its commit, and what nobody did is none.

use std::collections::BTreeSet;

use rejoinder::engine::{ColleagueAction, EchoSource, Effect, Input, Speaker};

use super::heard_of;
use crate::run::Told;
use crate::time::HOUR;
use crate::world::Side;

/// Whether that message came back as a colleague's and is none. Those of nobody knows whom are another matter: they may be.
fn is_nobodys(told: &Told, input: &Input) -> bool {
    let Input::Echo(echo) = input else { return false };
    let id = echo.message_id.strip_suffix('x').unwrap_or(&echo.message_id);
    let mut said = told.customers.iter().flat_map(|customer| &customer.said);
    matches!(echo.source, EchoSource::App | EchoSource::Web)
        && !said.any(|said| matches!(said.side, Side::Colleague { .. }) && said.id == id)
}

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    let mut confirmations = BTreeSet::new();
    for commit in &told.evidence.commits {
        let before = commit.before.as_ref().map(|before| before.status());
        let after = commit.after.status();
        let was_out = before.as_ref().is_some_and(|before| before.opted_out);
        let was_taken = before.as_ref().is_some_and(|before| before.speaker == Speaker::Taken);
        for effect in &commit.entry.effects {
            match effect {
                Effect::Queue(reply) if after.opted_out && !was_out => {
                    confirmations.insert((commit.conversation, reply.id));
                }
                Effect::Mark { reply, .. } => {
                    let confirms = confirmations.contains(&(commit.conversation, *reply));
                    if was_taken || (was_out && !confirms) {
                        found.push((commit.at, format!("c{:?} reply {} is marked in silence", commit.who, reply.0)));
                    }
                }
                _ => {}
            }
        }
        let takes = Input::Colleague { action: ColleagueAction::TakeOver, by: None };
        if commit.entry.input == takes && after.speaker != Speaker::Taken {
            found.push((commit.at, format!("c{:?} a takeover did not take", commit.who)));
        }
        if !was_taken && after.speaker == Speaker::Taken && is_nobodys(told, &commit.entry.input) {
            found.push((commit.at, format!("c{:?} is taken over, and nobody took it", commit.who)));
        }
    }
    for (who, customer) in told.customers.iter().enumerate() {
        for said in customer.said.iter().filter(|said| matches!(said.side, Side::Colleague { .. })) {
            let Some(commit) = heard_of(told, &said.id) else { continue };
            // One who wrote long ago has given the conversation back.
            let fresh = commit.entry.now.since_ms(said.at) < HOUR / 2;
            if fresh && commit.after.status().speaker != Speaker::Taken {
                found.push((commit.at, format!("c{who} a colleague's message {} took nothing over", said.id)));
            }
        }
    }
    found
}
