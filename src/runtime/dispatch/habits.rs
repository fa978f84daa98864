//! What TikTok does by itself is learned from echoes and written down; where it answers by itself, the bot's reply waits a
//! moment for TikTok's: where it comes, the bot says nothing (`when tiktok answers quiet`), and a reply that has left is not
//! called back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Dispatcher;
use crate::calendar::Moment;
use crate::engine::{Candidate, Class};
use crate::runtime::core::{Core, News};
use crate::runtime::habits::Habit;
use crate::runtime::port::AccountId;

/// So long after the reply was queued TikTok's own message is waited for.
const WAIT_MS: i64 = 2_000;
/// What is known is written so often.
const NOTED_MS: i64 = 24 * 3_600_000;
/// What other processes saw is read so often.
const READ: Duration = Duration::from_secs(600);

/// When it was last written, and what others wrote last read.
#[derive(Default)]
pub(super) struct Notes {
    noted: HashMap<(AccountId, Habit), Moment>,
    read: Option<Duration>,
}

impl Dispatcher {
    /// Writes down now and then what an echo says of its account.
    pub(super) fn note_habit(&mut self, news: &News) {
        let Some((habit, at)) = news.automatic else { return };
        let account = news.address.account.id;
        if self.notes.noted.get(&(account, habit)).is_none_or(|noted| at.since_ms(*noted) >= NOTED_MS) {
            self.notes.noted.insert((account, habit), at);
            self.jobs.spawn(note(Arc::clone(&self.desk.core), account, habit, at));
        }
    }

    /// Reads what an earlier process knew, or another one has seen.
    pub(super) fn read_habits(&mut self) {
        let now = self.desk.core.monotonic();
        if self.notes.read.is_some_and(|read| now.saturating_sub(read) < READ) {
            return;
        }
        self.notes.read = Some(now);
        self.jobs.spawn(read(Arc::clone(&self.desk.core), self.app.clone()));
    }

    /// Until when the reply waits for TikTok's own one, on the monotonic clock.
    pub(super) fn waits_for_tiktok(&self, account: AccountId, candidate: Candidate) -> Option<Duration> {
        let core = &self.desk.core;
        let now = core.now();
        if candidate.class != Class::Live
            || !core.habits.has(account, Habit::Answers, now)
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
async fn note(core: Arc<Core>, account: AccountId, habit: Habit, at: Moment) {
    if let Err(error) = core.ports.store.put_meta(&habit.key(account), &at.0.to_le_bytes()).await {
        tracing::warn!(%error, "it was not written down what TikTok does by itself here");
    }
}

async fn read(core: Arc<Core>, app: String) {
    let ids: Vec<AccountId> = core.accounts.ids();
    for account in ids.into_iter().filter(|id| core.accounts.of(*id).is_some_and(|account| account.app_id == app)) {
        for habit in Habit::ALL {
            let kept = core.ports.store.meta(&habit.key(account)).await.ok().flatten();
            if let Some(at) = kept.and_then(|bytes| bytes.as_slice().try_into().ok()) {
                core.habits.learn(account, habit, Moment(i64::from_le_bytes(at)));
            }
        }
    }
}
