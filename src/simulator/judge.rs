//! The simulator's own reckoning of window, count and pace. It shares no code with the gate it judges.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::calendar::Moment;

/// A conversation is open this long after the customer's message.
pub(super) const WINDOW_MS: i64 = 48 * 3_600_000;
/// Messages of the business side between two messages of the customer (rule A), or after the first one (rule B).
pub(super) const COUNT_MAX: u32 = 10;
/// Messages after 48 hours of silence (rule B alone).
const AFTER_SILENCE_MAX: u32 = 3;
/// An echo answered less than this long ago may have been committed after the mark of a send that arrives now.
pub(super) const ECHO_GRACE_MS: i64 = 2_000;
/// Identical messages this close are suspected to be one message sent twice.
pub(super) const DOUBLE_WITHIN_MS: i64 = 600_000;

/// Which of TikTok's two texts about window and count the simulated TikTok obeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Rule A, the page of message/send (April 2026): every message of the customer opens a new 48 hours with a new
    /// budget of ten; nothing afterwards.
    #[default]
    Strict,
    /// Rule B, the page "Messaging limits": ten within 48 hours after the first message, no limit within 48 hours after
    /// each later one, three after 48 hours of silence.
    Lenient,
}

/// Why a message may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    FirstContact,
    Window,
    Count,
}

/// One conversation as the judge sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub last_customer: Option<Moment>,
    customer_messages: u64,
    /// Since the customer's last message, whoever sent them.
    pub sent: u32,
    sent_after_silence: u32,
}

impl Standing {
    pub(super) fn customer_wrote(&mut self, at: Moment) {
        self.last_customer = Some(at);
        self.customer_messages += 1;
        self.sent = 0;
        self.sent_after_silence = 0;
    }

    pub(super) fn business_wrote(&mut self, at: Moment) {
        self.sent = self.sent.saturating_add(1);
        if !self.open(at) {
            self.sent_after_silence = self.sent_after_silence.saturating_add(1);
        }
    }

    /// The last open moment is one millisecond before the 48 hours are over: TikTok does not say, so the judge is hard.
    fn open(&self, at: Moment) -> bool {
        self.last_customer.is_some_and(|since| at.since_ms(since) < WINDOW_MS)
    }

    /// Milliseconds until the window closes; zero when it is closed or was never open.
    pub(super) fn window_left_ms(&self, at: Moment) -> i64 {
        self.last_customer.map_or(0, |since| (WINDOW_MS - at.since_ms(since)).clamp(0, WINDOW_MS))
    }

    /// Messages that may still be sent; `None` is no limit.
    pub(super) fn left(&self, rule: Rule, at: Moment) -> Option<u32> {
        if self.last_customer.is_none() {
            return Some(0);
        }
        match (rule, self.open(at)) {
            (Rule::Strict, true) => Some(COUNT_MAX.saturating_sub(self.sent)),
            (Rule::Strict, false) => Some(0),
            (Rule::Lenient, true) if self.customer_messages > 1 => None,
            (Rule::Lenient, true) => Some(COUNT_MAX.saturating_sub(self.sent)),
            (Rule::Lenient, false) => Some(AFTER_SILENCE_MAX.saturating_sub(self.sent_after_silence)),
        }
    }

    pub(super) fn verdict(&self, rule: Rule, at: Moment) -> Result<(), Barred> {
        if self.last_customer.is_none() {
            return Err(Barred::FirstContact);
        }
        match self.left(rule, at) {
            Some(0) if self.open(at) => Err(Barred::Count),
            Some(0) => Err(Barred::Window),
            _ => Ok(()),
        }
    }
}

/// Arrivals of one app's calls over all endpoints, within the last second.
#[derive(Default)]
pub(super) struct Pace(VecDeque<Duration>);

impl Pace {
    /// Notes a call; gives how many arrived in the second that ends with it, itself included. A call exactly one second
    /// earlier is outside.
    pub(super) fn arrive(&mut self, now: Duration) -> usize {
        while self.0.front().is_some_and(|at| now.saturating_sub(*at) >= Duration::from_secs(1)) {
            self.0.pop_front();
        }
        // Far beyond every limit the exact number says nothing more.
        if self.0.len() < 1_000 {
            self.0.push_back(now);
        }
        self.0.len()
    }
}

/// What was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// More than the app's calls in one sliding second.
    Rate,
    /// A send after the window closed.
    Window,
    /// An eleventh counted message.
    Count,
    /// A text of more than 6 000 UTF-16 units.
    Length,
    /// A send into a conversation in which the customer never wrote.
    FirstContact,
    /// The same content twice into one conversation within ten minutes and without a message of the customer between.
    SuspectedDouble,
    /// An eleventh message that the sender could not foresee: a colleague's echo had not reached it in time.
    CountUnforeseeable,
}

impl Breach {
    /// Suspicions are told apart from violations: a flow may say the same twice on purpose.
    #[must_use]
    pub const fn is_suspicion(self) -> bool {
        matches!(self, Self::SuspectedDouble | Self::CountUnforeseeable)
    }
}

/// One finding of the judge.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    pub n: u64,
    pub at: Moment,
    pub kind: Breach,
    /// In words, with the numbers.
    pub why: String,
    /// The conversation's handle (`v1`).
    pub conversation: Option<String>,
    /// Number of the call.
    pub call: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Moment = Moment(1_800_000_000_000);

    fn after(messages: u32) -> Standing {
        let mut standing = Standing::default();
        standing.customer_wrote(T);
        for _ in 0..messages {
            standing.business_wrote(T.plus_ms(1));
        }
        standing
    }

    #[test]
    fn strict_lets_ten_through_and_not_eleven() {
        assert_eq!(after(9).verdict(Rule::Strict, T.plus_ms(2)), Ok(()));
        assert_eq!(after(10).verdict(Rule::Strict, T.plus_ms(2)), Err(Barred::Count));
    }

    #[test]
    fn strict_closes_at_48_hours() {
        let standing = after(0);
        assert_eq!(standing.verdict(Rule::Strict, T.plus_ms(WINDOW_MS - 1)), Ok(()));
        assert_eq!(standing.verdict(Rule::Strict, T.plus_ms(WINDOW_MS)), Err(Barred::Window));
    }

    #[test]
    fn every_message_of_the_customer_renews_window_and_budget_in_strict() {
        let mut standing = after(10);
        standing.customer_wrote(T.plus_ms(WINDOW_MS - 1));
        assert_eq!(standing.left(Rule::Strict, T.plus_ms(WINDOW_MS)), Some(10));
        assert_eq!(standing.window_left_ms(T.plus_ms(WINDOW_MS)), WINDOW_MS - 1);
    }

    #[test]
    fn lenient_counts_after_the_first_message_only() {
        let mut standing = after(10);
        assert_eq!(standing.verdict(Rule::Lenient, T.plus_ms(2)), Err(Barred::Count));
        standing.customer_wrote(T.plus_ms(3));
        assert_eq!(standing.left(Rule::Lenient, T.plus_ms(4)), None);
    }

    #[test]
    fn lenient_gives_three_after_silence() {
        let mut standing = after(10);
        let late = T.plus_ms(WINDOW_MS);
        for _ in 0..3 {
            assert_eq!(standing.verdict(Rule::Lenient, late), Ok(()));
            standing.business_wrote(late);
        }
        assert_eq!(standing.verdict(Rule::Lenient, late), Err(Barred::Window));
        standing.customer_wrote(late.plus_ms(1));
        assert_eq!(standing.verdict(Rule::Lenient, late.plus_ms(2)), Ok(()));
    }

    #[test]
    fn nobody_is_written_to_first() {
        for rule in [Rule::Strict, Rule::Lenient] {
            assert_eq!(Standing::default().verdict(rule, T), Err(Barred::FirstContact));
        }
    }

    #[test]
    fn the_second_slides() {
        let mut pace = Pace::default();
        for step in 0..10 {
            assert_eq!(pace.arrive(Duration::from_millis(900 + step * 10)), usize::try_from(step).unwrap() + 1);
        }
        assert_eq!(pace.arrive(Duration::from_millis(1_899)), 11, "eleven within 999 ms, across the full second");
        let mut pace = Pace::default();
        for _ in 0..10 {
            pace.arrive(Duration::from_millis(500));
        }
        assert_eq!(pace.arrive(Duration::from_millis(1_500)), 1, "exactly one second later is another second");
    }
}
