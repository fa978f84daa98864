//! A start that waits for its database: a server and its database are often started together, and whoever serves must not
//! end because it was the quicker one.

use std::time::Duration;

use crate::runtime::port::{Clock, Entropy, StoreError};

/// Between the first try and the second.
const FIRST: Duration = Duration::from_millis(500);
/// Between two tries at most: a database that is back is seen within this.
const LONGEST: Duration = Duration::from_secs(15);

/// How a start waits.
pub(super) struct Wait<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) entropy: &'a dyn Entropy,
    /// Gives up after so long; never without it.
    pub(super) most: Option<Duration>,
}

impl Wait<'_> {
    /// Does the work again until it succeeds, or fails for a reason that does not go by itself. `told` hears of the first
    /// failure.
    ///
    /// # Errors
    /// The work's own, when it cannot heal or the time is over.
    pub(super) async fn reach<T>(
        &self,
        work: impl AsyncFn() -> anyhow::Result<T>,
        told: impl FnOnce() + Send,
    ) -> anyhow::Result<T> {
        let (begun, mut step, mut told) = (self.clock.monotonic(), FIRST, Some(told));
        loop {
            let error = match work().await {
                Ok(done) => return Ok(done),
                Err(error) if heals(&error) => error,
                Err(error) => return Err(error),
            };
            let left = self.most.map(|most| most.saturating_sub(self.clock.monotonic().saturating_sub(begun)));
            if left.is_some_and(|left| left.is_zero()) {
                let text = "the store was not reached in the time that `store_wait` in the settings gives it";
                return Err(error.context(text));
            }
            let pause = self.scattered(step).min(left.unwrap_or(LONGEST));
            tracing::warn!(
                "the store cannot be reached, next try in {:.1} s; start the database, or mend `store` in the settings: {error:#}",
                pause.as_secs_f64()
            );
            if let Some(told) = told.take() {
                told();
            }
            self.clock.sleep(pause).await;
            step = (step * 2).min(LONGEST);
        }
    }

    /// Three quarters of a length or more, so that nodes that lost one database together do not come back together.
    fn scattered(&self, step: Duration) -> Duration {
        let quarter = step / 4;
        let thousandth = u32::try_from(self.entropy.next_u64() % 1_001).unwrap_or(0);
        step.saturating_sub(quarter * thousandth / 1_000)
    }
}

/// Whether time may mend it: no connection, a server that starts, has no place or takes no writes. A refused login, a
/// database that is not there and a URL that says nothing need somebody to change something, and a start that waits would
/// hide it.
fn heals(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref()).any(|cause| matches!(cause, StoreError::Busy(_) | StoreError::Full(_)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use anyhow::Context as _;
    use async_trait::async_trait;

    use super::*;
    use crate::calendar::Moment;

    /// Time that passes in sleeps alone.
    #[derive(Default)]
    struct Asleep(AtomicU64);

    #[async_trait]
    impl Clock for Asleep {
        fn now(&self) -> Moment {
            Moment(i64::try_from(self.0.load(Ordering::Relaxed)).unwrap())
        }
        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
        async fn sleep_until(&self, until: Moment) {
            self.0.store(u64::try_from(until.0).unwrap(), Ordering::Relaxed);
        }
    }

    struct Same(u64);

    impl Entropy for Same {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    fn busy() -> anyhow::Error {
        anyhow::Error::new(StoreError::Busy("nobody answers".to_owned())).context("cannot open the store")
    }

    /// The moments of the tries, in milliseconds, and how it ended.
    async fn tries(most: Option<u64>, ends: impl Fn(usize) -> anyhow::Result<()>) -> (Vec<u64>, anyhow::Result<()>, usize) {
        let (clock, at, told) = (Asleep::default(), std::sync::Mutex::new(Vec::new()), AtomicU64::new(0));
        let wait = Wait { clock: &clock, entropy: &Same(0), most: most.map(Duration::from_millis) };
        let work = async || {
            let mut at = at.lock().unwrap();
            at.push(clock.0.load(Ordering::Relaxed));
            ends(at.len())
        };
        let ended = wait.reach(work, || _ = told.fetch_add(1, Ordering::Relaxed)).await;
        (at.into_inner().unwrap(), ended, usize::try_from(told.into_inner()).unwrap())
    }

    #[tokio::test]
    async fn tries_come_ever_later_but_never_later_than_a_quarter_of_a_minute() {
        let (at, ended, told) = tries(None, |nth| if nth < 9 { Err(busy()) } else { Ok(()) }).await;
        assert_eq!(at, [0, 500, 1_500, 3_500, 7_500, 15_500, 30_500, 45_500, 60_500]);
        assert!(ended.is_ok());
        assert_eq!(told, 1);
    }

    #[tokio::test]
    async fn the_last_try_comes_when_the_time_is_over_and_the_reason_stays() {
        let (at, ended, _) = tries(Some(10_000), |_| Err(busy())).await;
        assert_eq!(at, [0, 500, 1_500, 3_500, 7_500, 10_000]);
        let said = format!("{:#}", ended.unwrap_err());
        assert!(said.contains("`store_wait`") && said.ends_with("nobody answers"), "{said}");
        assert_eq!(tries(Some(0), |_| Err(busy())).await.0, [0]);
    }

    #[tokio::test]
    async fn what_does_not_go_by_itself_ends_the_start_at_once() {
        for lasting in [StoreError::Broken(String::new()), StoreError::Newer(String::new()), StoreError::Owned(String::new())] {
            let (at, ended, told) = tries(None, |_| Err(lasting.clone()).context("cannot open the store")).await;
            assert_eq!((at.len(), ended.is_err(), told), (1, true, 0));
        }
    }

    #[test]
    fn nodes_do_not_come_back_together() {
        let pause = |drawn| Wait { clock: &Asleep::default(), entropy: &Same(drawn), most: None }.scattered(LONGEST).as_millis();
        assert_eq!((pause(0), pause(500), pause(1_000)), (15_000, 13_125, 11_250));
    }
}
