//! The right to make a call, and the moment at which it is used.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The right to make one call now. Only the app's pace makes one, and no call can be made without it.
#[derive(Debug)]
pub struct Permit {
    number: u64,
    begin: Begin,
}

impl Permit {
    /// One of the pace's.
    pub(in crate::runtime) fn paced(number: u64, by: Duration, starts: &Arc<Starts>) -> Self {
        Self { number, begin: Begin { by, starts: Some(Arc::clone(starts)) } }
    }

    /// One beside the pace, whose maker keeps the distance.
    pub(in crate::runtime) fn alone(number: u64, by: Duration) -> Self {
        Self { number, begin: Begin { by, starts: None } }
    }

    /// For tests of a transport, which stand outside the pace.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn for_test(number: u64) -> Self {
        Self::alone(number, Duration::MAX)
    }

    /// What the transport asks when the call is about to leave.
    #[must_use]
    pub fn begin(&self) -> &Begin {
        &self.begin
    }

    /// Ordinal of the permit within its app.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// Whether a call may begin.
#[derive(Clone, Debug)]
pub struct Begin {
    by: Duration,
    starts: Option<Arc<Starts>>,
}

impl Begin {
    /// Whether it is too late at this moment of the monotonic clock: whoever stood still since the permit may have lost the
    /// right to send to another process.
    #[must_use]
    pub fn is_over(&self, now: Duration) -> bool {
        now > self.by
    }

    /// The call begins now, or not at all: it is too late, or one more would be too many in this second, as a call that was
    /// held up after its permit would begin among those whose turn it is. Asked once, when the first byte leaves.
    #[must_use]
    pub fn begins(&self, now: Duration) -> bool {
        !self.is_over(now) && self.starts.as_ref().is_none_or(|starts| starts.begin(now))
    }
}

/// When the last calls of an app began.
#[derive(Debug)]
pub(in crate::runtime) struct Starts {
    most: AtomicUsize,
    newest: Mutex<VecDeque<Duration>>,
}

impl Starts {
    pub(in crate::runtime) fn new(calls_per_second: f64) -> Self {
        let starts = Self { most: AtomicUsize::new(0), newest: Mutex::default() };
        starts.set(calls_per_second);
        starts
    }

    /// What the other side allows a second; one, where it allows less.
    pub(in crate::runtime) fn set(&self, calls_per_second: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between one and a thousand")]
        let most = if calls_per_second.is_finite() { calls_per_second.clamp(1.0, 1_000.0) as usize } else { 1 };
        self.most.store(most, Ordering::Relaxed);
    }

    fn begin(&self, now: Duration) -> bool {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        while newest.front().is_some_and(|begun| now.saturating_sub(*begun) >= SECOND) {
            newest.pop_front();
        }
        let fits = newest.len() < self.most.load(Ordering::Relaxed);
        if fits {
            newest.push_back(now);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_held_up_is_counted_when_it_begins() {
        let starts = Arc::new(Starts::new(10.0));
        let ms = Duration::from_millis;
        let permit = |number| Permit::paced(number, ms(5_000), &starts);
        let held_up = permit(1);
        assert!(held_up.begin().begins(ms(1_100)));
        for number in 0..9 {
            assert!(permit(number).begin().begins(ms(1_100 + number * 105)), "{number}");
        }
        assert!(!permit(11).begin().begins(ms(2_045)), "the eleventh within a second");
        assert!(permit(12).begin().begins(ms(2_100)));
        assert!(!permit(13).begin().begins(ms(5_001)), "too late");
    }

    #[test]
    fn absurd_settings_allow_one_call() {
        for calls in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let starts = Starts::new(calls);
            assert!(starts.begin(SECOND) && !starts.begin(SECOND), "{calls}");
        }
    }
}
