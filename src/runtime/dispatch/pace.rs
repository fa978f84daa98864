//! The app's pace: the only maker of permits.
//!
//! One call at a time with an even gap (GCRA with a burst of one): a bucket would let twice its size leave within one
//! sliding second.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::runtime::port::{Permit, Starts};

/// Of what the other side allows, so that jitter on the way does not squeeze eleven calls into one second.
const SHARE: f64 = 0.95;
const RATE_LEAST: f64 = 0.1;
const RATE_MOST: f64 = 1_000.0;
/// After "too many calls": the rate falls to this share, never below [`SLOWEST`], and nothing leaves for [`PAUSE`].
const SLOWER: f64 = 0.8;
const SLOWEST: f64 = 2.0;
const PAUSE: Duration = Duration::from_millis(1_100);
/// Each so long without a complaint gives back [`RECOVERY`] calls a second.
const CLEAN: Duration = Duration::from_secs(10);
const RECOVERY: f64 = 0.1;
const SECOND: Duration = Duration::from_secs(1);
/// A permit is good for so long.
pub(in crate::runtime) const BEGIN: Duration = Duration::from_secs(2);

/// All moments are of the monotonic clock.
#[derive(Debug)]
pub(in crate::runtime) struct Pace {
    /// Calls a second that the settings allow.
    full: f64,
    rate: f64,
    next: Duration,
    paused_until: Duration,
    clean_since: Duration,
    issued: u64,
    /// Permits of the last second.
    newest: VecDeque<Duration>,
    /// When the calls themselves began.
    starts: Arc<Starts>,
}

/// What of the allowed calls a second is used.
fn full(calls_per_second: f64) -> f64 {
    let full = if calls_per_second.is_finite() { calls_per_second * SHARE } else { RATE_LEAST };
    full.clamp(RATE_LEAST, RATE_MOST)
}

impl Pace {
    /// A pace whose first call may leave at `first`.
    pub(in crate::runtime) fn new(calls_per_second: f64, first: Duration) -> Self {
        let full = full(calls_per_second);
        Self {
            full,
            rate: full,
            next: first,
            paused_until: Duration::ZERO,
            clean_since: first,
            issued: 0,
            newest: VecDeque::new(),
            starts: Arc::new(Starts::new(calls_per_second)),
        }
    }

    /// The settings have changed. What TikTok's complaints have slowed down stays slow.
    pub(in crate::runtime) fn set(&mut self, calls_per_second: f64) {
        let full = full(calls_per_second);
        self.rate = if self.rate >= self.full { full } else { self.rate.min(full) };
        self.full = full;
        self.starts.set(calls_per_second);
    }

    /// When the next permit can be had.
    pub(in crate::runtime) fn ready_at(&self) -> Duration {
        self.next.max(self.paused_until)
    }

    pub(in crate::runtime) fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// No call leaves before this moment.
    pub(in crate::runtime) fn not_before(&mut self, first: Duration) {
        self.next = self.next.max(first);
    }

    /// Calls a second that are allowed now, and those that the settings allow.
    pub(in crate::runtime) fn rates(&self) -> (f64, f64) {
        (self.rate, self.full)
    }

    /// Permits given so far.
    pub(in crate::runtime) fn issued(&self) -> u64 {
        self.issued
    }

    /// The gap between two calls.
    pub(in crate::runtime) fn gap(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate.clamp(RATE_LEAST, RATE_MOST))
    }

    /// One permit, if its time has come.
    pub(in crate::runtime) fn take(&mut self, now: Duration) -> Option<Permit> {
        if now < self.ready_at() {
            return None;
        }
        self.recover(now);
        self.next = now + self.gap();
        self.issued += 1;
        self.newest.push_back(now);
        Some(Permit::paced(self.issued, now.saturating_add(BEGIN), &self.starts))
    }

    /// Whether less than seven tenths of the last second were used.
    pub(in crate::runtime) fn is_idle(&mut self, now: Duration) -> bool {
        self.newest.retain(|taken| now.saturating_sub(*taken) < SECOND);
        (self.newest.len() as f64) < 0.7 * self.rate.max(2.0)
    }

    /// The other side said "too many calls".
    pub(in crate::runtime) fn too_fast(&mut self, now: Duration, pause: Duration) {
        // Answers to calls that left before the pause began say nothing new about the rate.
        if now >= self.paused_until {
            self.rate = (self.rate * SLOWER).max(SLOWEST.min(self.full));
        }
        self.clean_since = now;
        self.pause(now, pause.max(PAUSE));
    }

    /// Nothing leaves for so long; a longer pause stays.
    pub(in crate::runtime) fn pause(&mut self, now: Duration, pause: Duration) {
        self.paused_until = self.paused_until.max(now.saturating_add(pause));
    }

    fn recover(&mut self, now: Duration) {
        if self.rate >= self.full {
            self.clean_since = now;
        }
        while self.rate < self.full && now.saturating_sub(self.clean_since) >= CLEAN {
            self.clean_since += CLEAN;
            self.rate = (self.rate + RECOVERY).min(self.full);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many permits as come within `span`, asking every millisecond.
    fn taken(pace: &mut Pace, from: Duration, span: Duration) -> Vec<Duration> {
        let steps = span.as_millis() as u64;
        let moments = (0..steps).map(|ms| from + Duration::from_millis(ms));
        moments.filter(|now| pace.take(*now).is_some()).collect()
    }

    #[test]
    fn no_sliding_second_holds_more_than_ten_and_nine_point_three_are_reached() {
        let mut pace = Pace::new(10.0, Duration::ZERO);
        let calls = taken(&mut pace, Duration::ZERO, Duration::from_secs(60));
        for call in &calls {
            let within = calls.iter().filter(|other| *other >= call && **other < *call + SECOND).count();
            assert!(within <= 10, "{within} from {call:?}");
        }
        assert!(calls.len() as f64 / 60.0 >= 9.3, "{} in a minute", calls.len());
    }

    #[test]
    fn an_idle_hour_saves_nothing_up() {
        let mut pace = Pace::new(10.0, Duration::ZERO);
        assert!(pace.take(Duration::ZERO).is_some());
        let hour = Duration::from_secs(3_600);
        assert!(pace.take(hour).is_some());
        assert!(pace.take(hour).is_none());
        assert!(pace.take(hour + Duration::from_millis(100)).is_none());
        assert!(pace.take(hour + Duration::from_millis(106)).is_some());
    }

    #[test]
    fn too_fast_pauses_slows_and_recovers() {
        let mut pace = Pace::new(10.0, Duration::ZERO);
        pace.too_fast(Duration::ZERO, Duration::ZERO);
        assert!(pace.take(Duration::from_millis(1_099)).is_none());
        assert!(pace.take(Duration::from_millis(1_100)).is_some());
        assert_eq!(taken(&mut pace, Duration::from_millis(1_101), Duration::from_secs(5)).len(), 37, "7.6 a second");
        let _ = taken(&mut pace, Duration::from_secs(7), Duration::from_secs(300));
        assert!((pace.rate - pace.full).abs() < 1e-9, "back at {}", pace.rate);
    }

    #[test]
    fn many_complaints_at_once_count_once_and_the_floor_holds() {
        let mut pace = Pace::new(10.0, Duration::ZERO);
        for _ in 0..50 {
            pace.too_fast(Duration::from_secs(1), Duration::ZERO);
        }
        assert!((pace.rate - 9.5 * SLOWER).abs() < 1e-9);
        for second in 2..200 {
            pace.too_fast(Duration::from_secs(second * 2), Duration::ZERO);
        }
        assert!((pace.rate - SLOWEST).abs() < 1e-9);
    }

    #[test]
    fn absurd_settings_give_a_pace_nevertheless() {
        for calls in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            let gap = Pace::new(calls, Duration::ZERO).gap();
            assert!(gap >= Duration::from_millis(1) && gap <= Duration::from_secs(10), "{calls}: {gap:?}");
        }
    }
}
