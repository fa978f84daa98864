//! Counters and the estimate of how long a delivery would wait.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;

/// A delivery that would wait longer is refused at once; TikTok will bring it again.
const WAIT_US_MAX: u64 = 2_000_000;
/// Deliveries in memory at most, whatever the estimate says.
const WAITING_MAX: usize = 20_000;
const NOT_COMMITTING: i64 = -1;

/// Everything that is counted since the start.
#[derive(Debug)]
pub(super) struct Metrics {
    pub(super) delivered: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) kept: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) commits_failed: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) sprints: AtomicU64,
    pub(super) faults: AtomicU64,
    pub(super) calls: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) not_sent: AtomicU64,
    pub(super) refused_by_tiktok: AtomicU64,
    pub(super) unknown: AtomicU64,
    waiting: AtomicUsize,
    each_us: AtomicU64,
    commit_begun_us: AtomicI64,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub delivered: u64,
    pub duplicates: u64,
    pub kept: u64,
    /// Deliveries refused because the queue was too long or the store failed.
    pub refused: u64,
    pub commits: u64,
    pub commits_failed: u64,
    /// Sprints computed anew because another process had committed to the conversation meanwhile.
    pub stale: u64,
    pub sprints: u64,
    /// Sprints in which the engine itself failed.
    pub faults: u64,
    /// Permits given, for all endpoints of all apps.
    pub calls: u64,
    pub sent: u64,
    pub not_sent: u64,
    pub refused_by_tiktok: u64,
    pub unknown: u64,
    /// Deliveries that wait for their commit now.
    pub waiting: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            delivered: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            commits_failed: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            sprints: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            not_sent: AtomicU64::new(0),
            refused_by_tiktok: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            each_us: AtomicU64::new(0),
            commit_begun_us: AtomicI64::new(NOT_COMMITTING),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One delivery on its way; counted while it lives.
pub(super) struct OnTheWay<'a>(&'a Metrics);

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A place for one more delivery, unless it would wait too long.
    pub(super) fn enter(&self, now: Duration) -> Option<OnTheWay<'_>> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let each = self.each_us.load(Ordering::Relaxed);
        let begun = self.commit_begun_us.load(Ordering::Relaxed);
        let stalled = match begun {
            NOT_COMMITTING => 0,
            begun => micros(now).saturating_sub(begun.cast_unsigned()),
        };
        let estimate = each.saturating_mul(waiting as u64).saturating_add(stalled);
        if waiting >= WAITING_MAX || (waiting > 0 && estimate > WAIT_US_MAX) {
            return None;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Some(OnTheWay(self))
    }

    pub(super) fn commit_begins(&self, now: Duration) {
        self.commit_begun_us.store(micros(now).cast_signed(), Ordering::Relaxed);
    }

    /// Learns from one commit of `records` how long each takes.
    pub(super) fn commit_ended(&self, begun: Duration, now: Duration, records: usize) {
        self.commit_begun_us.store(NOT_COMMITTING, Ordering::Relaxed);
        let took = micros(now.saturating_sub(begun)).min(WAIT_US_MAX) / (records.max(1) as u64);
        let known = self.each_us.load(Ordering::Relaxed);
        self.each_us.store((known * 7 + took) / 8, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            delivered: read(&self.delivered),
            duplicates: read(&self.duplicates),
            kept: read(&self.kept),
            refused: read(&self.refused),
            commits: read(&self.commits),
            commits_failed: read(&self.commits_failed),
            stale: read(&self.stale),
            sprints: read(&self.sprints),
            faults: read(&self.faults),
            calls: read(&self.calls),
            sent: read(&self.sent),
            not_sent: read(&self.not_sent),
            refused_by_tiktok: read(&self.refused_by_tiktok),
            unknown: read(&self.unknown),
            waiting: self.waiting.load(Ordering::Relaxed) as u64,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_would_last_over_two_seconds_takes_nobody() {
        let metrics = Metrics::default();
        let second = Duration::from_secs(1);
        for _ in 0..100 {
            metrics.commit_ended(Duration::ZERO, second, 1);
        }
        let first = metrics.enter(second).expect("an empty queue takes one");
        let second_in = metrics.enter(second).expect("one second ahead is bearable");
        let third = metrics.enter(second);
        assert!(third.is_some(), "just below two seconds");
        assert!(metrics.enter(second).is_none(), "three before it");
        drop((first, second_in, third));
        assert!(metrics.enter(second).is_some());
    }

    #[test]
    fn a_commit_that_hangs_closes_the_door_although_the_mean_is_small() {
        let metrics = Metrics::default();
        let held = metrics.enter(Duration::ZERO);
        metrics.commit_begins(Duration::from_secs(10));
        assert!(metrics.enter(Duration::from_secs(11)).is_some());
        assert!(metrics.enter(Duration::from_secs(13)).is_none());
        metrics.commit_ended(Duration::from_secs(10), Duration::from_secs(13), 100);
        assert!(metrics.enter(Duration::from_secs(13)).is_some());
        drop(held);
    }
}
