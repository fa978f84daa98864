//! Counters and the estimate of how long a delivery would wait.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::measure::{Ages, CALLS, ENDS, Ended, FETCHES, Grid, Histogram, INPUTS, OUTCOMES, REASONS, Tally, Took};

/// A delivery that would wait longer is refused at once; TikTok will bring it again.
const WAIT_US_MAX: u64 = 2_000_000;
/// Deliveries in memory at most, whatever the estimate says.
const WAITING_MAX: usize = 20_000;
const NOT_COMMITTING: i64 = -1;
/// So long after a commit has failed the store is said to fail: nothing may come that could show otherwise.
const FAILING_US: u64 = 10_000_000;

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
    pub(super) by_input: Tally,
    pub(super) by_call: Grid,
    pub(super) by_end: Grid,
    pub(super) fetches: Tally,
    pub(super) fetch_tries: AtomicU64,
    pub(super) fetch_took: Histogram,
    pub(super) windows_missed: AtomicU64,
    pub(super) leases_taken: AtomicU64,
    pub(super) leases_lost: AtomicU64,
    pub(super) scripts_stopped: AtomicU64,
    commit_took: Histogram,
    pub(super) load_took: Histogram,
    pub(super) lease_took: Histogram,
    ages: Ages,
    failed_us: AtomicI64,
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

/// All that is measured, at one moment. Words are of fixed sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    pub counts: Counts,
    /// For how long the delivery that waits longest waits for its commit.
    pub oldest_waiting: Duration,
    /// Lines of the history by kind.
    pub by_input: Vec<(&'static str, u64)>,
    /// Finished calls by what was called and how it ended.
    pub by_call: Vec<(&'static str, &'static str, u64)>,
    /// Replies by final state and the class of its reason.
    pub by_end: Vec<(&'static str, &'static str, u64)>,
    /// Calls of the business's systems by how they ended.
    pub fetches: Vec<(&'static str, u64)>,
    /// Requests that were made for them.
    pub fetch_tries: u64,
    /// A call with all its tries and pauses.
    pub fetch: Took,
    /// Replies that could not leave because the window had closed.
    pub windows_missed: u64,
    pub leases_taken: u64,
    pub leases_lost: u64,
    /// Calls of scripts that ended at a limit or with a mistake.
    pub scripts_stopped: u64,
    pub commit: Took,
    /// A conversation read from the store.
    pub load: Took,
    /// A lease asked for.
    pub lease: Took,
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
            by_input: Tally::new(INPUTS),
            by_call: Grid::new(CALLS, OUTCOMES),
            by_end: Grid::new(ENDS, REASONS),
            fetches: Tally::new(FETCHES),
            fetch_tries: AtomicU64::new(0),
            fetch_took: Histogram::default(),
            windows_missed: AtomicU64::new(0),
            leases_taken: AtomicU64::new(0),
            leases_lost: AtomicU64::new(0),
            scripts_stopped: AtomicU64::new(0),
            commit_took: Histogram::default(),
            load_took: Histogram::default(),
            lease_took: Histogram::default(),
            ages: Ages::default(),
            failed_us: AtomicI64::new(NOT_COMMITTING),
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
pub(super) struct OnTheWay<'a>(&'a Metrics, (Duration, u64));

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.ages.leave(self.1);
    }
}

impl Metrics {
    /// A place for one more delivery, unless it would wait too long.
    pub(super) fn enter(&self, now: Duration) -> Option<OnTheWay<'_>> {
        if self.is_crowded(now) {
            return None;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Some(OnTheWay(self, self.ages.enter(now)))
    }

    /// Whether one more delivery would wait too long.
    fn is_crowded(&self, now: Duration) -> bool {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let each = self.each_us.load(Ordering::Relaxed);
        let begun = self.commit_begun_us.load(Ordering::Relaxed);
        let stalled = match begun {
            NOT_COMMITTING => 0,
            begun => micros(now).saturating_sub(begun.cast_unsigned()),
        };
        let estimate = each.saturating_mul(waiting as u64).saturating_add(stalled);
        waiting >= WAITING_MAX || (waiting > 0 && estimate > WAIT_US_MAX)
    }

    /// Why deliveries are refused just now, where they are.
    pub(super) fn refuses(&self, now: Duration) -> Option<&'static str> {
        let failed = self.failed_us.load(Ordering::Relaxed);
        let fails = failed != NOT_COMMITTING && micros(now).saturating_sub(failed.cast_unsigned()) < FAILING_US;
        if fails {
            return Some("store");
        }
        self.is_crowded(now).then_some("queue")
    }

    /// Whether the newest commit was written.
    pub(super) fn commit_succeeded(&self, now: Duration, written: bool) {
        let failed = if written { NOT_COMMITTING } else { micros(now).cast_signed() };
        self.failed_us.store(failed, Ordering::Relaxed);
    }

    /// What a committed sprint said of replies.
    pub(super) fn replies(&self, ended: &[Ended]) {
        for ended in ended {
            match ended {
                Ended::Reply(end, reason) => self.by_end.add(end, reason),
                Ended::WindowMissed => count(&self.windows_missed),
            }
        }
    }

    pub(super) fn commit_begins(&self, now: Duration) {
        self.commit_begun_us.store(micros(now).cast_signed(), Ordering::Relaxed);
    }

    /// Learns from one commit of `records` how long each takes.
    pub(super) fn commit_ended(&self, begun: Duration, now: Duration, records: usize) {
        self.commit_begun_us.store(NOT_COMMITTING, Ordering::Relaxed);
        self.commit_took.add(now.saturating_sub(begun));
        let took = micros(now.saturating_sub(begun)).min(WAIT_US_MAX) / (records.max(1) as u64);
        let known = self.each_us.load(Ordering::Relaxed);
        self.each_us.store((known * 7 + took) / 8, Ordering::Relaxed);
    }

    pub(super) fn measures(&self, now: Duration) -> Measures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Measures {
            counts: self.counts(),
            oldest_waiting: self.ages.oldest(now),
            by_input: self.by_input.read(),
            by_call: self.by_call.read(),
            by_end: self.by_end.read(),
            fetches: self.fetches.read(),
            fetch_tries: read(&self.fetch_tries),
            fetch: self.fetch_took.read(),
            windows_missed: read(&self.windows_missed),
            leases_taken: read(&self.leases_taken),
            leases_lost: read(&self.leases_lost),
            scripts_stopped: read(&self.scripts_stopped),
            commit: self.commit_took.read(),
            load: self.load_took.read(),
            lease: self.lease_took.read(),
        }
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
