//! A clock that runs like another one and can be pushed forward: what virtual time is made of.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::calendar::Moment;
use crate::runtime::port::Clock;

/// `base` plus the sum of all jumps. Whoever sleeps on it wakes when a jump carries it past the moment waited for.
pub struct ShiftClock {
    base: Arc<dyn Clock>,
    shift_ms: watch::Sender<i64>,
}

impl ShiftClock {
    #[must_use]
    pub fn over(base: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { base, shift_ms: watch::Sender::new(0) })
    }

    /// Jumps forward; a negative `ms` is ignored, since time that goes back is another test's business.
    pub fn advance(&self, ms: i64) {
        self.shift_ms.send_modify(|shift| *shift = shift.saturating_add(ms.max(0)));
    }

    /// The sum of all jumps so far, in milliseconds.
    #[must_use]
    pub fn shift_ms(&self) -> i64 {
        *self.shift_ms.borrow()
    }
}

#[async_trait]
impl Clock for ShiftClock {
    fn now(&self) -> Moment {
        self.base.now().plus_ms(self.shift_ms())
    }

    fn monotonic(&self) -> Duration {
        self.base.monotonic() + Duration::from_millis(self.shift_ms().unsigned_abs())
    }

    async fn sleep_until(&self, until: Moment) {
        let mut shift = self.shift_ms.subscribe();
        loop {
            let now = *shift.borrow_and_update();
            if self.base.now().plus_ms(now) >= until {
                return;
            }
            tokio::select! {
                () = self.base.sleep_until(until.plus_ms(now.saturating_neg())) => {}
                _ = shift.changed() => {}
            }
        }
    }
}
