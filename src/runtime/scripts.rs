//! Scripts in the running server: called off the conversation's worker, and put aside for a while where they overrun.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::core::{Core, Delivered, Done, Finished};
use super::entry::Kept;
use super::metrics::count;
use super::port::{AccountId, Record};
use super::trail::Trail;
use crate::bot::{Returned, ScriptCall, Stopped};

/// So many overruns within [`MINUTE`], and a script is parked.
const OVERRUNS_MAX: usize = 3;
const MINUTE: Duration = Duration::from_secs(60);
const PARKED: Duration = Duration::from_secs(600);
/// The line of the history that tells of it.
const KIND: &str = "script_parked";

/// Which scripts are parked, by the bot's version and their name: another version may have mended one.
#[derive(Debug, Default)]
pub(super) struct Parking(Mutex<HashMap<(String, String), Place>>);

#[derive(Debug, Default)]
struct Place {
    overruns: VecDeque<Duration>,
    until: Duration,
}

impl Parking {
    /// How long it stays parked; `None` where it may run.
    fn left(&self, script: &(String, String), now: Duration) -> Option<Duration> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = places.get(script)?.until.saturating_sub(now);
        (!left.is_zero()).then_some(left)
    }

    /// True where this overrun parks it. What is known of bots that are not `live` any more is forgotten.
    fn overran(&self, script: &(String, String), now: Duration, live: impl Fn(&str) -> bool) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|(digest, _), _| *digest == script.0 || live(digest));
        let place = places.entry(script.clone()).or_default();
        place.overruns.retain(|at| now.saturating_sub(*at) < MINUTE);
        place.overruns.push_back(now);
        let parks = place.overruns.len() >= OVERRUNS_MAX;
        if parks {
            place.overruns.clear();
            place.until = now.saturating_add(PARKED);
        }
        parks
    }
}

impl Core {
    /// Calls a function of a script of the account's live bot and waits for its end without holding anybody up.
    pub(super) async fn call_script(&self, account: AccountId, conversation: &str, call: ScriptCall) -> Returned {
        let bot = Arc::clone(&self.live_of(account).bot);
        let script = (bot.digest.clone(), call.script.clone());
        if let Some(left) = self.scripts.left(&script, self.monotonic()) {
            let minutes = left.as_secs().div_ceil(60);
            let why = format!("`{}` overran its limits again and again; it is tried again in {minutes} min", call.script);
            return Err(Stopped { why, overran: false });
        }
        let lost = || Stopped { why: "nobody ran the script".to_owned(), overran: false };
        let host = bot.scripts.host.as_ref().ok_or_else(lost)?;
        let (done, ended) = oneshot::channel();
        host.begin(call, Box::new(move |returned| _ = done.send(returned)));
        let returned = ended.await.unwrap_or_else(|_| Err(lost()));
        if let Err(stopped) = &returned {
            count(&self.metrics.scripts_stopped);
            tracing::warn!(conversation, why = stopped.why, "a script was stopped");
            let answering = self.versions.all();
            let live = |digest: &str| answering.iter().any(|live| live.bot.digest == digest);
            if stopped.overran && self.scripts.overran(&script, self.monotonic(), live) {
                self.park(account, &script.1, stopped).await;
            }
        }
        returned
    }

    async fn park(&self, account: AccountId, script: &str, stopped: &Stopped) {
        tracing::error!(script, "a script overran its limits three times in a minute and is left out for ten");
        let why = format!("`{script}` overran its limits three times in a minute and is left out for ten: {}", stopped.why);
        let app = self.accounts.of(account).map(|account| (account.app_id.clone(), account.open_id.clone()));
        let (app, open_id) = app.unwrap_or_default();
        let kept = Kept::new(why, app, Some(open_id), &[]);
        let body = serde_json::to_vec(&kept).unwrap_or_default();
        let record =
            Record { at: self.now(), kind: KIND, account: Some(account), body, change: None, is_mark: false, events: Vec::new() };
        let (ack, written) = oneshot::channel();
        let sent = self.writer.send(Finished {
            generation: None,
            record: Some(record),
            erasure: None,
            address: None,
            news: None,
            done: Done::plain(Delivered::Kept),
            ack,
            progress: None,
            basis: None,
            again: false,
            replies: Vec::new(),
            heard: Vec::new(),
            fault: false,
            trail: Trail::Left,
        });
        // The log has it too where the store has not.
        if sent.is_ok() {
            let _ = written.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn three_overruns_in_a_minute_park_a_script_for_ten() {
        let parking = Parking::default();
        let script = ("1".to_owned(), "shop".to_owned());
        let overran = |script, now| parking.overran(script, now, |_| true);
        assert!(!overran(&script, second(0)) && !overran(&script, second(59)));
        assert!(!overran(&script, second(61)), "the first is forgotten by now");
        assert_eq!(parking.left(&script, second(61)), None);
        assert!(overran(&script, second(62)));
        assert_eq!(parking.left(&script, second(62)), Some(PARKED));
        assert_eq!(parking.left(&("1".to_owned(), "other".to_owned()), second(62)), None);
        assert_eq!(parking.left(&script, second(661)), Some(second(1)));
        assert_eq!(parking.left(&script, second(662)), None);
        assert!(!overran(&script, second(663)), "it begins anew");
    }

    #[test]
    fn another_version_is_not_parked() {
        let parking = Parking::default();
        let script = ("1".to_owned(), "shop".to_owned());
        let parked = [0, 1, 2].map(|n| parking.overran(&script, second(n), |_| true));
        assert_eq!(parked, [false, false, true]);
        assert_eq!(parking.left(&("2".to_owned(), "shop".to_owned()), second(3)), None);
        // Another account's bot overruns too: this one stays parked while it is live.
        let other = ("3".to_owned(), "shop".to_owned());
        assert!(!parking.overran(&other, second(4), |digest| digest == "1"));
        assert!(parking.left(&script, second(5)).is_some());
        assert!(!parking.overran(&other, second(6), |_| false));
        assert_eq!(parking.left(&script, second(7)), None, "nobody has it any more");
    }
}
