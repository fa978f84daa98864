//! Tokens are renewed before they end, and somebody is told long before one can no longer be.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::calendar::Moment;
use crate::server::Doors;

/// How often the tokens are looked at; much less than the margin of a renewal.
const LOOK: Duration = Duration::from_secs(300);
/// A refresh token that ends within this is told of, in milliseconds.
const ALARM_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// Runs until the server's doors are closed.
pub(in crate::server) async fn watch(doors: Weak<Doors>) {
    let mut told = HashMap::new();
    while let Some(open) = doors.upgrade() {
        renew(&open).await;
        tell(&open, &mut told);
        let clock = Arc::clone(&open.clock);
        drop(open);
        clock.sleep(LOOK).await;
    }
}

async fn renew(doors: &Doors) {
    let Some(sign_in) = &doors.sign_in else { return };
    let served = doors.runtime.accounts();
    for (app, open_id) in sign_in.client.tokens().ending(doors.clock.now()) {
        // Another process may have disconnected it: nobody needs its token.
        if !served.iter().any(|one| one.app == app && one.open_id == open_id) {
            continue;
        }
        // Another process speaks to TikTok for this app: the token is its business.
        let Some(permit) = doors.runtime.permit(&app).await else { continue };
        if let Err(error) = crate::runtime::port::Transport::renew(&*sign_in.client, permit, &app, &open_id).await {
            tracing::warn!(app, open_id, %error, "a token that ends soon could not be renewed; tried again in five minutes");
        }
    }
}

/// Once a day of each account.
fn tell(doors: &Doors, told: &mut HashMap<(String, String), Moment>) {
    let now = doors.clock.now();
    for (app, open_id, left_ms) in left(doors, now) {
        let name = (app, open_id);
        if left_ms > ALARM_MS || told.get(&name).is_some_and(|at| now.since_ms(*at) < DAY_MS) {
            continue;
        }
        let (app, open_id) = (&name.0, &name.1);
        tracing::error!(
            app,
            open_id,
            days = left_ms / DAY_MS,
            "the account must sign in again before so many days are over: `rejoinder connect`"
        );
        told.insert(name, now);
    }
}

/// How long each account can still be renewed, in milliseconds, where that is known.
pub(in crate::server) fn left(doors: &Doors, now: Moment) -> Vec<(String, String, i64)> {
    let Some(sign_in) = &doors.sign_in else { return Vec::new() };
    let tokens = sign_in.client.tokens();
    let until = |app: &str, open_id: &str| tokens.refresh_until(app, open_id).flatten();
    let accounts = doors.runtime.accounts().into_iter();
    accounts
        .filter_map(|one| Some((one.app.clone(), one.open_id.clone(), until(&one.app, &one.open_id)?.since_ms(now))))
        .collect()
}
