//! What TikTok does by itself at an account, as far as it was seen: it answers customers (keyword replies, suggested
//! questions), or it greets them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::handle::Handle;
use super::port::{AccountId, StoreError};
use crate::calendar::Moment;
use crate::engine::Echo;

/// An account at which it was not seen for so long does it no more.
const KNOWN_MS: i64 = 30 * 24 * 3_600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Habit {
    /// TikTok answers what a customer wrote.
    Answers,
    /// TikTok sends the business's welcome message to who writes first.
    Greets,
}

impl Habit {
    pub(super) const ALL: [Self; 2] = [Self::Answers, Self::Greets];

    /// What an echo shows of it.
    pub(super) fn of(echo: &Echo) -> Option<Self> {
        if echo.is_tiktoks_answer() { Some(Self::Answers) } else { echo.is_welcome().then_some(Self::Greets) }
    }

    /// The key of `meta` under which it is written down when it was last seen.
    pub(super) fn key(self, account: AccountId) -> String {
        let word = match self {
            Self::Answers => "tiktok_answers",
            Self::Greets => "tiktok_greets",
        };
        format!("{word}:{}", account.0)
    }
}

/// When each was last seen.
#[derive(Debug, Default)]
pub(super) struct Habits(Mutex<HashMap<(AccountId, Habit), Moment>>);

impl Habits {
    pub(super) fn learn(&self, account: AccountId, habit: Habit, at: Moment) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = seen.entry((account, habit)).or_insert(at);
        *newest = at.max(*newest);
    }

    pub(super) fn has(&self, account: AccountId, habit: Habit, now: Moment) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(account, habit)).is_some_and(|at| now.since_ms(*at) < KNOWN_MS)
    }
}

impl Handle {
    /// TikTok was asked what it says by itself at this account, and would do so now: known before the first echo of it. What
    /// it would not do is not forgotten here: there are automatic messages that it does not tell of.
    ///
    /// # Errors
    /// When it could not be written; it is known until the end of this process then.
    pub async fn expect_of_tiktok(&self, account: AccountId, answers: bool, greets: bool) -> Result<(), StoreError> {
        let now = self.core.now();
        for (habit, _) in Habit::ALL.into_iter().zip([answers, greets]).filter(|(_, does)| *does) {
            self.core.habits.learn(account, habit, now);
            self.store().put_meta(&habit.key(account), &now.0.to_le_bytes()).await?;
        }
        Ok(())
    }
}
