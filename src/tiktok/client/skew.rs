//! How far TikTok's clock and ours differ, by the `Date` of its answers.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::calendar::Moment;

/// The worst of this many answers counts.
const SAMPLES_MAX: usize = 100;
/// Older ones speak of a clock that was put right since; the newest counts however old it is.
const AGE_MAX: Duration = Duration::from_secs(600);
/// A slower call says too little: the instant of `Date` lies anywhere in it.
const CALL_MAX: Duration = Duration::from_secs(5);

/// When one call was made and answered, by both of our clocks.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub begun: Moment,
    pub ended: Moment,
    pub took: Duration,
    /// When it was answered, on our monotonic clock.
    pub at: Duration,
}

/// The differences that the newest answers showed.
#[derive(Debug, Default)]
pub struct Skew {
    samples: Mutex<VecDeque<(Duration, i64)>>,
}

impl Skew {
    /// Notes one answer. Calls across a jump of our clock are passed over.
    pub fn note(&self, date: &str, span: Span) {
        let Some(date) = http_date(date) else { return };
        let civil_ms = span.ended.since_ms(span.begun);
        let took_ms = i64::try_from(span.took.as_millis()).unwrap_or(i64::MAX);
        if span.took > CALL_MAX || civil_ms.saturating_sub(took_ms).saturating_abs() > 1_000 {
            return;
        }
        // `Date` has whole seconds: half a second is its middle. It was written about half-way through the call.
        let theirs = date.plus_ms(500);
        let ours = span.begun.plus_ms(civil_ms / 2);
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back((span.at, theirs.since_ms(ours)));
        while samples.len() > SAMPLES_MAX || samples.front().is_some_and(|(at, _)| span.at.saturating_sub(*at) > AGE_MAX) {
            samples.pop_front();
        }
    }

    /// Theirs less ours in milliseconds, the worst of the last hundred; `None` before the first.
    #[must_use]
    pub fn worst_ms(&self) -> Option<i64> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.iter().map(|(_, skew)| *skew).max_by_key(|skew| skew.saturating_abs())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7), the only form that servers may write.
fn http_date(text: &str) -> Option<Moment> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.trim().split_once(", ")?.1.split(' ');
    let day = parts.next()?.parse::<i64>().ok().filter(|day| (1..=31).contains(day))?;
    let month = parts.next()?;
    let month = i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year = parts.next()?.parse::<i64>().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut seconds = 0;
    let mut clock = parts.next()?.split(':');
    for (most, unit) in [(23, 3_600), (59, 60), (60, 1)] {
        seconds += clock.next()?.parse::<i64>().ok().filter(|number| (0..=most).contains(number))? * unit;
    }
    if parts.next()? != "GMT" {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, the year beginning with March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(Moment((days * 86_400 + seconds) * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Mon, 21 Sep 2026 14:13:20 GMT";
    const AT: Moment = Moment(1_790_000_000_000);

    fn span(begun: Moment, took_ms: u64) -> Span {
        let took = Duration::from_millis(took_ms);
        Span { begun, ended: begun.plus_ms(i64::try_from(took_ms).unwrap()), took, at: Duration::ZERO }
    }

    #[test]
    fn dates_are_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Moment(784_111_777_000)));
        assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(Moment(1_709_164_800_000)));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Moment(0)));
        assert_eq!(http_date(DATE), Some(AT));
        for bad in ["", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 EST", "Sun, 06 Nov 1994 28:49:37 GMT"]
        {
            assert_eq!(http_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn half_of_the_call_is_taken_off() {
        let skew = Skew::default();
        assert_eq!(skew.worst_ms(), None);
        skew.note(DATE, span(AT.plus_ms(500 - 1_000), 2_000));
        assert_eq!(skew.worst_ms(), Some(0));
    }

    #[test]
    fn the_worst_of_the_last_hundred_counts_whatever_its_sign() {
        let skew = Skew::default();
        skew.note(DATE, span(AT.plus_ms(500 + 90_000), 0));
        skew.note(DATE, span(AT.plus_ms(500 - 3_000), 0));
        assert_eq!(skew.worst_ms(), Some(-90_000));
        for _ in 0..99 {
            skew.note(DATE, span(AT.plus_ms(500), 0));
        }
        assert_eq!(skew.worst_ms(), Some(3_000));
    }

    #[test]
    fn a_clock_that_was_put_right_is_believed_after_ten_minutes() {
        let skew = Skew::default();
        let note = |wrong_ms: i64, at| {
            let at = Duration::from_secs(at);
            skew.note(DATE, Span { at, ..span(AT.plus_ms(500 + wrong_ms), 0) });
        };
        note(3_600_000, 0);
        note(0, 600);
        assert_eq!(skew.worst_ms(), Some(-3_600_000));
        note(0, 601);
        assert_eq!(skew.worst_ms(), Some(0));
        note(60_000, 90_000);
        assert_eq!(skew.worst_ms(), Some(-60_000), "the newest stays, however old");
    }

    #[test]
    fn a_slow_call_or_a_jump_of_our_clock_says_nothing() {
        let skew = Skew::default();
        skew.note(DATE, span(AT, 5_001));
        let jump = Span { begun: AT, ended: AT.plus_ms(86_400_000), took: Duration::ZERO, at: Duration::ZERO };
        skew.note(DATE, Span { took: Duration::from_millis(20), ..jump });
        skew.note(DATE, Span { took: Duration::from_millis(86_400_000), ..jump });
        skew.note("gibberish", span(AT, 10));
        assert_eq!(skew.worst_ms(), None);
    }
}
