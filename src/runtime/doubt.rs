//! Whether civil time can be trusted: a machine that was just started, was asleep, or whose clock was set, tells windows and
//! timers wrongly until TikTok's time has been heard.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::calendar::Moment;

/// Civil time that differs from the monotonic clock by more than this from one look to the next has jumped. What a time
/// server adjusts little by little stays below.
const JUMP_MS: i64 = 30_000;
const NEVER: i64 = i64::MIN;

/// Jumps (a start without TikTok's time is one), and which of them TikTok's time has settled.
#[derive(Debug)]
pub(super) struct Doubt {
    /// Civil less monotonic time at the last look.
    difference_ms: AtomicI64,
    /// Civil time of the first look, or of the one that showed the newest jump.
    steady_since: AtomicI64,
    jumps: watch::Sender<u64>,
    settled: AtomicU64,
}

impl Doubt {
    /// At the start of a process. One that has not `heard` the other side's time does not know more of its clock than one whose
    /// clock has jumped: what is in its outbox may belong to a window that has closed.
    pub(super) fn new(heard: bool) -> Self {
        let jumps = watch::Sender::new(u64::from(!heard));
        let [difference_ms, steady_since] = [NEVER; 2].map(AtomicI64::new);
        Self { difference_ms, steady_since, jumps, settled: AtomicU64::new(0) }
    }

    /// Both clocks were read.
    pub(super) fn look(&self, civil: Moment, monotonic: Duration) {
        let monotonic = i64::try_from(monotonic.as_millis()).unwrap_or(i64::MAX);
        let difference = civil.0.saturating_sub(monotonic);
        let before = self.difference_ms.swap(difference, Ordering::SeqCst);
        let jumped = before != NEVER && difference.saturating_sub(before).saturating_abs() > JUMP_MS;
        if jumped || before == NEVER {
            self.steady_since.store(civil.0, Ordering::SeqCst);
        }
        if jumped {
            self.jumps.send_modify(|jumps| *jumps += 1);
            tracing::error!(
                by_ms = difference.saturating_sub(before),
                "this machine's clock has jumped; nothing leaves until TikTok's time is heard"
            );
        }
    }

    /// Since when the civil clock has run as the monotonic one does, as far as this process has seen: nothing that lies before can
    /// be told to be so many seconds ago.
    pub(super) fn steady_since(&self) -> Option<Moment> {
        Some(self.steady_since.load(Ordering::SeqCst)).filter(|since| *since != NEVER).map(Moment)
    }

    /// Nothing that depends on civil time may be done.
    pub(super) fn is_raised(&self) -> bool {
        self.jumps() > self.settled.load(Ordering::SeqCst)
    }

    /// Jumps so far; whoever asks for TikTok's time tells which of them the answer settles.
    pub(super) fn jumps(&self) -> u64 {
        *self.jumps.borrow()
    }

    /// TikTok's time was heard after so many jumps, and it agrees with ours.
    pub(super) fn settle(&self, jumps: u64) {
        self.settled.fetch_max(jumps, Ordering::SeqCst);
    }

    /// Told of every jump.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.jumps.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(doubt: &Doubt, civil_s: i64, monotonic_s: u64) -> bool {
        doubt.look(Moment(civil_s * 1_000), Duration::from_secs(monotonic_s));
        doubt.is_raised()
    }

    #[test]
    fn time_that_passes_raises_no_doubt_and_a_jump_either_way_does_until_it_is_settled() {
        let doubt = Doubt::new(true);
        assert!(!look(&doubt, 1_000_000, 5));
        assert!(!look(&doubt, 1_100_000, 100_005), "a day has passed on both");
        assert!(!look(&doubt, 1_100_030, 100_005), "a time server corrects by half a minute");
        assert!(look(&doubt, 1_100_061, 100_005));
        let heard = doubt.jumps();
        assert!(look(&doubt, 1_100_000, 100_005), "and back again");
        doubt.settle(heard);
        assert!(doubt.is_raised(), "what was heard before the second jump settles only the first");
        doubt.settle(doubt.jumps());
        assert!(!look(&doubt, 1_100_001, 100_006));
    }

    #[test]
    fn a_process_that_has_heard_nothing_doubts_its_clock_from_the_start() {
        let doubt = Doubt::new(false);
        assert_eq!(doubt.steady_since(), None);
        assert!(look(&doubt, 1_000_000, 5));
        doubt.settle(doubt.jumps());
        assert!(!look(&doubt, 1_000_001, 6));
    }

    #[test]
    fn a_clock_is_steady_since_the_first_look_or_the_newest_jump() {
        let doubt = Doubt::new(true);
        for (civil_s, monotonic_s, steady_s) in [(1_000_000, 5, 1_000_000), (1_000_060, 65, 1_000_000), (999_000, 66, 999_000)] {
            look(&doubt, civil_s, monotonic_s);
            assert_eq!(doubt.steady_since(), Some(Moment(steady_s * 1_000)));
        }
    }
}
