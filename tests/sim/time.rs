//! Virtual time. It stands still while anybody has something to do, and then goes to the next moment somebody waits for.
//!
//! The axis is true time, in milliseconds since the beginning of the story. A process reads a clock that may be wrong:
//! true time and an offset that jumps.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use rejoinder::calendar::Moment;
use rejoinder::runtime::port::Clock;

use crate::chance::Chance;

/// Sunday, 22 November 2026, 08:00 UTC.
pub const START: Moment = Moment(1_795_334_400_000);
pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// Looks at the clock without a step of it: a loop that never waits ends here, and with it the test.
const LOOKS_MAX: u64 = 3_000_000;

#[derive(Clone)]
pub struct Time(Arc<Mutex<Inner>>);

struct Inner {
    now: i64,
    /// Our civil clock less true time.
    offset: i64,
    given: u64,
    /// Whoever waits for a true moment.
    exact: BTreeMap<(i64, u64), Waker>,
    /// Whoever waits for a reading of our civil clock.
    civil: BTreeMap<(i64, u64), Waker>,
    chance: Chance,
    looks: u64,
    seed: u64,
}

impl Time {
    pub fn new(seed: u64, offset: i64) -> Self {
        let chance = Chance::new(seed).fork("ties");
        let (exact, civil) = (BTreeMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Inner { now: 0, offset, given: 0, exact, civil, chance, looks: 0, seed })))
    }

    /// True milliseconds since the beginning.
    pub fn now(&self) -> i64 {
        self.0.lock().unwrap().now
    }

    /// The world's civil time, which TikTok's clock follows.
    pub fn true_moment(&self) -> Moment {
        START.plus_ms(self.now())
    }

    pub fn offset(&self) -> i64 {
        self.0.lock().unwrap().offset
    }

    /// Our civil clock is so wrong from now on; sleepers whose reading it passes wake.
    pub fn set_offset(&self, offset: i64) {
        let mut inner = self.0.lock().unwrap();
        inner.offset = offset;
        inner.wake_civil();
    }

    /// The clock that every process reads, as one that never stands still does.
    pub fn clock(&self) -> ProcessClock {
        self.clock_of(0, Arc::default())
    }

    /// The clock of one process: so much beside the others', and nobody is woken before the moment in `frozen`.
    pub fn clock_of(&self, beside_ms: i64, frozen: Arc<AtomicI64>) -> ProcessClock {
        ProcessClock { time: self.clone(), beside_ms, frozen }
    }

    pub fn sleep(&self, ms: i64) -> Sleep {
        let until = self.now() + ms.max(0);
        Sleep { time: self.clone(), until, civil: false, id: None }
    }

    /// To be called when nothing can be done any more without time: goes on to the next moment and wakes those who wait
    /// for it, all at once or one of them first.
    pub fn tick(&self) {
        let mut inner = self.0.lock().unwrap();
        let exact = inner.exact.keys().next().map(|(at, _)| *at);
        let civil = inner.civil.keys().next().map(|(at, _)| at - START.0 - inner.offset);
        let Some(next) = exact.into_iter().chain(civil).min() else { return };
        inner.now = inner.now.max(next);
        inner.looks = 0;
        let now = inner.now;
        let mut due: Vec<(bool, (i64, u64))> =
            inner.exact.keys().take_while(|(at, _)| *at <= now).map(|key| (true, *key)).collect();
        let reading = inner.reading();
        due.extend(inner.civil.keys().take_while(|(at, _)| *at <= reading).map(|key| (false, *key)));
        if due.len() > 1 && !inner.chance.once_in(3) {
            let one = inner.chance.below(due.len());
            due = vec![due[one]];
        }
        for (exact, key) in due {
            let waker = if exact { inner.exact.remove(&key) } else { inner.civil.remove(&key) };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl Inner {
    /// What our civil clock shows.
    fn reading(&self) -> i64 {
        START.0 + self.now + self.offset
    }

    fn wake_civil(&mut self) {
        let reading = self.reading();
        while let Some((key, _)) = self.civil.first_key_value().filter(|((at, _), _)| *at <= reading) {
            let key = *key;
            if let Some(waker) = self.civil.remove(&key) {
                waker.wake();
            }
        }
    }

    fn look(&mut self) {
        self.looks += 1;
        if self.looks > LOOKS_MAX {
            eprintln!("seed {}: somebody works without end at {} ms", self.seed, self.now);
            std::process::abort();
        }
    }
}

/// Ends when its moment has come.
pub struct Sleep {
    time: Time,
    until: i64,
    civil: bool,
    id: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = Arc::clone(&self.time.0);
        let mut inner = shared.lock().unwrap();
        inner.look();
        let now = if self.civil { inner.reading() } else { inner.now };
        if now >= self.until {
            return Poll::Ready(());
        }
        let id = *self.id.get_or_insert_with(|| {
            inner.given += 1;
            inner.given
        });
        let key = (self.until, id);
        let sleepers = if self.civil { &mut inner.civil } else { &mut inner.exact };
        sleepers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(id), Ok(mut inner)) = (self.id, self.time.0.lock()) {
            let sleepers = if self.civil { &mut inner.civil } else { &mut inner.exact };
            sleepers.remove(&(self.until, id));
        }
    }
}

/// Returns when nobody stands still any more.
pub async fn thaw(time: &Time, frozen: &AtomicI64) {
    loop {
        let left = frozen.load(Ordering::SeqCst) - time.now();
        if left <= 0 {
            return;
        }
        time.sleep(left).await;
    }
}

/// The clock that a process reads.
pub struct ProcessClock {
    time: Time,
    beside_ms: i64,
    frozen: Arc<AtomicI64>,
}

#[async_trait]
impl Clock for ProcessClock {
    fn now(&self) -> Moment {
        let mut inner = self.time.0.lock().unwrap();
        inner.look();
        Moment(inner.reading() + self.beside_ms)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.time.now()).unwrap())
    }

    async fn sleep(&self, duration: Duration) {
        // Rounded up, as every sleep is.
        let ms = i64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX / 4);
        self.time.sleep(ms).await;
        thaw(&self.time, &self.frozen).await;
    }

    async fn sleep_until(&self, until: Moment) {
        Sleep { time: self.time.clone(), until: until.0 - self.beside_ms, civil: true, id: None }.await;
        thaw(&self.time, &self.frozen).await;
    }
}
