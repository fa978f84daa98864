//! How many requests a token may make.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Requests of one token that may come at once.
pub(super) const BURST: f64 = 60.0;
/// Requests a second after that.
const PER_SECOND: f64 = 20.0;
/// Requests a second without a good token, all callers together, and how many at once.
const STRANGERS_PER_SECOND: f64 = 10.0;
const STRANGERS_BURST: f64 = 100.0;

/// One bucket for each token that is valid, and one for everybody else: as many as there are tokens, and no more.
#[derive(Debug, Default)]
pub(super) struct Pace {
    buckets: Mutex<HashMap<Option<u32>, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Duration,
}

impl Pace {
    /// Takes one request of a token (`None`: of a stranger) at `now` on the monotonic clock; else gives the seconds to wait.
    pub(super) fn take(&self, token: Option<u32>, now: Duration) -> Result<(), u64> {
        let (burst, rate) = match token {
            Some(_) => (BURST, PER_SECOND),
            None => (STRANGERS_BURST, STRANGERS_PER_SECOND),
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(token).or_insert(Bucket { left: burst, at: now });
        let grown = now.saturating_sub(bucket.at).as_secs_f64() * rate;
        *bucket = Bucket { left: (bucket.left + grown).min(burst), at: now };
        if bucket.left < 1.0 {
            return Err(1);
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_pace_holds_and_tokens_do_not_share() {
        let pace = Pace::default();
        let at = Duration::from_secs;
        assert!((0..60).all(|_| pace.take(Some(1), at(5)).is_ok()));
        assert_eq!(pace.take(Some(1), at(5)), Err(1));
        assert_eq!(pace.take(Some(2), at(5)), Ok(()));
        assert!((0..20).all(|_| pace.take(Some(1), at(6)).is_ok()));
        assert_eq!(pace.take(Some(1), at(6)), Err(1));
        // Time that goes back takes nothing away and gives nothing.
        assert_eq!(pace.take(Some(1), at(1)), Err(1));
    }

    #[test]
    fn strangers_share_one_bucket() {
        let pace = Pace::default();
        assert_eq!((0..200).filter(|_| pace.take(None, Duration::ZERO).is_ok()).count(), 100);
        assert_eq!(pace.buckets.lock().unwrap().len(), 1);
    }
}
