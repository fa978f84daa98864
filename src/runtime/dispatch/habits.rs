//! Accounts where TikTok answers by itself (keyword replies, suggested questions). There the bot's reply waits a moment for
//! TikTok's: where it comes, the bot says nothing (`when tiktok answers quiet`), and a reply that has left is not called back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::lane::Msg;
use super::{Desk, Dispatcher};
use crate::calendar::Moment;
use crate::engine::{Candidate, Class};
use crate::runtime::core::{Core, News};
use crate::runtime::port::AccountId;

/// So long after the reply was queued TikTok's own message is waited for.
const WAIT_MS: i64 = 2_000;
/// An account whose automatic messages were not seen for so long has them no more.
const KNOWN_MS: i64 = 30 * 24 * 3_600_000;
/// What is known is written so often.
const NOTED_MS: i64 = 24 * 3_600_000;
/// What other processes saw is read so often.
const READ: Duration = Duration::from_secs(600);

/// When TikTok's own messages were last seen.
#[derive(Default)]
pub(super) struct Habits {
    seen: HashMap<AccountId, Moment>,
    noted: HashMap<AccountId, Moment>,
    read: Option<Duration>,
}

/// The key of `meta`.
fn key(account: AccountId) -> String {
    format!("tiktok_answers:{}", account.0)
}

impl Habits {
    pub(super) fn learn(&mut self, account: AccountId, at: Moment) {
        let seen = self.seen.entry(account).or_insert(at);
        *seen = (*seen).max(at);
    }

    fn has(&self, account: AccountId, now: Moment) -> bool {
        self.seen.get(&account).is_some_and(|at| now.since_ms(*at) < KNOWN_MS)
    }
}

impl Dispatcher {
    /// Takes what an echo says of its account, and writes it down now and then.
    pub(super) fn learn_habit(&mut self, news: &News) {
        let Some(at) = news.automatic else { return };
        let account = news.address.account.id;
        self.habits.learn(account, at);
        if self.habits.noted.get(&account).is_none_or(|noted| at.since_ms(*noted) >= NOTED_MS) {
            self.habits.noted.insert(account, at);
            self.jobs.spawn(note(Arc::clone(&self.desk.core), account, at));
        }
    }

    /// Reads what an earlier process knew, or another one has seen.
    pub(super) fn read_habits(&mut self) {
        let now = self.desk.core.monotonic();
        if self.habits.read.is_some_and(|read| now.saturating_sub(read) < READ) {
            return;
        }
        self.habits.read = Some(now);
        self.jobs.spawn(read(self.desk.clone(), self.app.clone()));
    }

    /// Until when the reply waits for TikTok's own one, on the monotonic clock.
    pub(super) fn waits_for_tiktok(&self, account: AccountId, candidate: Candidate) -> Option<Duration> {
        let core = &self.desk.core;
        let now = core.now();
        if candidate.class != Class::Live
            || !self.habits.has(account, now)
            || core.live_of(account).bot.settings.also_after_tiktok
        {
            return None;
        }
        let left = WAIT_MS - now.since_ms(candidate.queued).max(0);
        let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
        Some(core.monotonic() + Duration::from_millis(left))
    }
}

/// Where this fails, it is learned again.
async fn note(core: Arc<Core>, account: AccountId, at: Moment) {
    if let Err(error) = core.ports.store.put_meta(&key(account), &at.0.to_le_bytes()).await {
        tracing::warn!(%error, "it was not written down that TikTok answers by itself here");
    }
}

async fn read(desk: Desk, app: String) {
    let core = &desk.core;
    let ids: Vec<AccountId> = core.accounts.ids();
    for account in ids.into_iter().filter(|id| core.accounts.of(*id).is_some_and(|account| account.app_id == app)) {
        let kept = core.ports.store.meta(&key(account)).await.ok().flatten();
        if let Some(at) = kept.and_then(|bytes| bytes.as_slice().try_into().ok()) {
            desk.lane.send(Msg::TikTokAnswers(account, Moment(i64::from_le_bytes(at))));
        }
    }
}
