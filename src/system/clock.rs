//! Time: the real one, and one that can be steered.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::calendar::Moment;
use crate::runtime::port::Clock;

/// No sleep is longer than this at a stretch: the wall clock may jump, and the timer beneath does not see that.
const STRETCH: Duration = Duration::from_secs(1);

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    async fn sleep(&self, duration: Duration) {
        nap(duration).await;
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock's door")]
    fn now(&self) -> Moment {
        let ms = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        Moment(ms)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock's door")]
    fn monotonic(&self) -> Duration {
        // One beginning for the whole process, so that two clocks of it can be compared.
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        let beginning = *BEGINNING.get_or_init(Instant::now);
        Instant::now().saturating_duration_since(beginning)
    }

    async fn sleep_until(&self, until: Moment) {
        loop {
            let left = remaining(self.now(), until);
            if left.is_zero() {
                return;
            }
            nap(left.min(STRETCH)).await;
        }
    }
}

/// A clock whose time can be moved forward; clones share it.
///
/// Civil and monotonic time move together: to everything that reads it, a step forward is time that has passed.
#[derive(Clone, Debug)]
pub struct SteeredClock {
    base: Base,
    /// Milliseconds added so far; watching it is what wakes sleepers.
    offset_ms: Arc<watch::Sender<i64>>,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    Running,
    Frozen { start: Moment },
}

impl SteeredClock {
    /// Real time, plus what [`Self::advance`] adds.
    #[must_use]
    pub fn running() -> Self {
        Self { base: Base::Running, offset_ms: Arc::new(watch::Sender::new(0)) }
    }

    /// A time that moves by [`Self::advance`] alone.
    #[must_use]
    pub fn frozen(start: Moment) -> Self {
        Self { base: Base::Frozen { start }, offset_ms: Arc::new(watch::Sender::new(0)) }
    }

    /// Moves time forward by `ms` milliseconds and wakes everyone whose moment has come. A negative step is none:
    /// monotonic time must not go back.
    pub fn advance(&self, ms: i64) {
        self.offset_ms.send_modify(|offset| *offset = offset.saturating_add(ms.max(0)));
    }

    /// The milliseconds added so far.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        *self.offset_ms.borrow()
    }
}

#[async_trait]
impl Clock for SteeredClock {
    fn now(&self) -> Moment {
        match self.base {
            Base::Running => SystemClock.now().plus_ms(self.offset_ms()),
            Base::Frozen { start } => start.plus_ms(self.offset_ms()),
        }
    }

    fn monotonic(&self) -> Duration {
        let added = Duration::from_millis(u64::try_from(self.offset_ms()).unwrap_or(0));
        match self.base {
            Base::Running => SystemClock.monotonic().saturating_add(added),
            Base::Frozen { .. } => added,
        }
    }

    async fn sleep_until(&self, until: Moment) {
        // Subscribed before the first look, so that no step is missed between looking and sleeping.
        let mut steps = self.offset_ms.subscribe();
        loop {
            let left = remaining(self.now(), until);
            if left.is_zero() {
                return;
            }
            match self.base {
                Base::Running => {
                    tokio::select! {
                        _ = steps.changed() => {}
                        () = nap(left.min(STRETCH)) => {}
                    }
                }
                // The sender lives as long as `self`, so `changed` cannot fail here.
                Base::Frozen { .. } => {
                    let _ = steps.changed().await;
                }
            }
        }
    }
}

/// How long it is from `now` to `until`; zero when it has come.
fn remaining(now: Moment, until: Moment) -> Duration {
    Duration::from_millis(u64::try_from(until.since_ms(now)).unwrap_or(0))
}

#[expect(clippy::disallowed_methods, reason = "this is the clock's door")]
async fn nap(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_real_clock_reads_a_plausible_time_and_sleeps_at_least_as_long_as_asked() {
        let (civil, monotonic) = (SystemClock.now(), SystemClock.monotonic());
        assert!(civil > Moment(1_700_000_000_000));
        SystemClock.sleep_until(civil.plus_ms(20)).await;
        assert!(SystemClock.now() >= civil.plus_ms(20));
        assert!(SystemClock.monotonic() > monotonic);
    }

    #[tokio::test]
    async fn a_moment_in_the_past_needs_no_sleep() {
        SystemClock.sleep_until(Moment(i64::MIN)).await;
        SteeredClock::frozen(Moment(5)).sleep_until(Moment(5)).await;
    }

    #[tokio::test]
    async fn a_frozen_clock_wakes_sleepers_exactly_when_their_moment_has_come() {
        let clock = SteeredClock::frozen(Moment(1_000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Moment(2_000)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(999);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!sleeper.is_finished());
        clock.advance(1);
        sleeper.await.unwrap();
        assert_eq!(clock.now(), Moment(2_000));
        assert_eq!(clock.monotonic(), Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_running_clock_can_be_pushed_over_two_days() {
        let clock = SteeredClock::running();
        let before = clock.now();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(before.plus_ms(48 * 3_600_000)).await }
        });
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(48 * 3_600_000);
        sleeper.await.unwrap();
        assert!(clock.monotonic() >= Duration::from_secs(48 * 3_600));
    }

    #[test]
    fn time_never_goes_back_and_never_overflows() {
        let clock = SteeredClock::frozen(Moment(10));
        clock.advance(-5);
        assert_eq!(clock.now(), Moment(10));
        clock.advance(i64::MAX);
        clock.advance(i64::MAX);
        assert_eq!(clock.now(), Moment(i64::MAX));
    }
}
