//! A host that fails again and again is left in peace for a while, then asked once.

use std::time::Duration;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
const REST: Duration = Duration::from_secs(10);
/// Each time that the one call fails as well, the rest is twice as long, up to this.
const REST_MOST: Duration = Duration::from_secs(300);

/// Of one host; times on the monotonic clock.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Circuit {
    /// In a row.
    failures: u32,
    /// How the last of them ended.
    last: String,
    rest: Duration,
    closed_until: Option<Duration>,
    /// The one call that tries whether it is better is under way.
    probing: bool,
}

/// What a call that was let through says about its host.
pub(in crate::runtime) enum Verdict {
    Good,
    Bad(String),
    /// Nothing: the host was not reached because of us.
    Nothing,
}

impl Circuit {
    /// Lets a call through, or says why not; true for the one that tries whether it is better.
    pub(in crate::runtime) fn enter(&mut self, now: Duration) -> Result<bool, String> {
        let Some(until) = self.closed_until else { return Ok(false) };
        if now < until || self.probing {
            let seconds = until.saturating_sub(now).as_millis().div_ceil(1_000);
            let when = if seconds == 0 { "one call is trying it".to_owned() } else { format!("it is tried in {seconds} s") };
            return Err(format!("the host has failed {} times in a row ({}); {when}", self.failures, self.last));
        }
        self.probing = true;
        Ok(true)
    }

    /// A call that was let through has ended; `probed` is what [`Self::enter`] said of it.
    pub(in crate::runtime) fn ended(&mut self, now: Duration, probed: bool, verdict: Verdict) {
        self.probing &= !probed;
        match verdict {
            Verdict::Good => *self = Self::default(),
            // Those that were let through before may all fail now, and say nothing new.
            Verdict::Bad(last) if probed || self.closed_until.is_none() => {
                self.failures = self.failures.saturating_add(1);
                self.last = last;
                if self.failures >= FAILURES {
                    self.rest = if self.rest.is_zero() { REST } else { (self.rest * 2).min(REST_MOST) };
                    self.closed_until = Some(now.saturating_add(self.rest));
                }
            }
            Verdict::Bad(_) | Verdict::Nothing => {}
        }
    }

    /// Whether calls are kept away from the host.
    pub(in crate::runtime) fn is_open(&self) -> bool {
        self.closed_until.is_some()
    }

    /// For how long still calls are kept away.
    pub(in crate::runtime) fn rest_left(&self, now: Duration) -> Duration {
        self.closed_until.map_or(Duration::ZERO, |until| until.saturating_sub(now))
    }

    /// How the newest failure ended.
    pub(in crate::runtime) fn last(&self) -> &str {
        &self.last
    }

    /// Nothing is known against the host.
    pub(in crate::runtime) fn is_clean(&self) -> bool {
        self.failures == 0 && !self.probing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad() -> Verdict {
        Verdict::Bad("no connection".to_owned())
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn five_failures_in_a_row_close_the_way_and_one_good_answer_between_them_does_not() {
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            circuit.ended(at(0), false, bad());
        }
        circuit.ended(at(0), false, Verdict::Good);
        for _ in 0..4 {
            circuit.ended(at(0), false, bad());
        }
        assert_eq!(circuit.enter(at(0)), Ok(false));
        circuit.ended(at(0), false, Verdict::Nothing);
        assert_eq!(circuit.enter(at(0)), Ok(false), "what says nothing of the host is no failure");
        circuit.ended(at(0), false, bad());
        let why = circuit.enter(at(1)).unwrap_err();
        assert_eq!(why, "the host has failed 5 times in a row (no connection); it is tried in 9 s");
    }

    #[test]
    fn after_a_rest_one_call_tries_it_and_the_rest_grows_while_that_one_fails() {
        let mut circuit = Circuit::default();
        for _ in 0..5 {
            circuit.ended(at(0), false, bad());
        }
        for _ in 0..40 {
            circuit.ended(at(5), false, bad());
        }
        assert_eq!(circuit.enter(at(10)), Ok(true), "those that were on their way add nothing");
        assert!(circuit.enter(at(10)).is_err(), "one at a time");
        circuit.ended(at(10), false, Verdict::Nothing);
        assert!(circuit.enter(at(10)).is_err(), "another's end is not the end of the one that tries");
        circuit.ended(at(10), true, bad());
        assert!(circuit.enter(at(29)).is_err(), "twenty seconds more");
        assert_eq!(circuit.enter(at(30)), Ok(true));
        circuit.ended(at(30), true, Verdict::Nothing);
        assert_eq!(circuit.enter(at(30)), Ok(true), "one that never reached the host was no try");
        circuit.ended(at(30), true, Verdict::Good);
        assert!(circuit.is_clean() && !circuit.is_open());
    }

    #[test]
    fn the_rest_ends_growing_at_five_minutes() {
        let mut circuit = Circuit::default();
        let mut now = Duration::ZERO;
        for _ in 0..5 {
            circuit.ended(now, false, bad());
        }
        for _ in 0..10 {
            now += REST_MOST;
            assert_eq!(circuit.enter(now), Ok(true));
            circuit.ended(now, true, bad());
        }
        assert!(circuit.enter(now + REST_MOST - Duration::from_millis(1)).is_err());
        assert_eq!(circuit.enter(now + REST_MOST), Ok(true));
    }
}
