//! Moments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. TikTok's own unit in message timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

// A day inside jiff's own bounds, so that any zone's offset fits.
const LATEST_MS: i64 = 253_402_110_000_000;
const EARLIEST_MS: i64 = -377_705_020_000_000;

impl Moment {
    /// The last moment that civil time reaches, in the year 9999.
    pub const LATEST: Self = Self(LATEST_MS);
    /// The first one, in the year -9999.
    pub const EARLIEST: Self = Self(EARLIEST_MS);

    /// The moment `ms` milliseconds later; saturates at the ends of time.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when it is the later one.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC: `2026-11-22T10:00:00Z`, with `.123` where there are milliseconds. Beyond civil time its end.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }

    /// The moment of an RFC 3339 text, cut to milliseconds; `None` for anything else.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        (text.len() <= 64).then(|| text.parse::<Timestamp>().ok()).flatten().map(|found| Self(found.as_millisecond()))
    }

    /// The moment of an HTTP `Date` header (`Sun, 22 Nov 2026 10:00:00 GMT`); `None` for anything else.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        let parser = jiff::fmt::rfc2822::DateTimeParser::new();
        (text.len() <= 64).then(|| parser.parse_timestamp(text).ok()).flatten().map(|found| Self(found.as_millisecond()))
    }

    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0.clamp(EARLIEST_MS, LATEST_MS)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_as_rfc_3339() {
        let moment = Moment(1_795_341_600_000);
        assert_eq!(moment.rfc3339(), "2026-11-22T10:00:00Z");
        assert_eq!(moment.plus_ms(120).rfc3339(), "2026-11-22T10:00:00.12Z");
        assert_eq!(Moment::from_rfc3339("2026-11-22T12:00:00+02:00"), Some(moment));
        for odd in ["", "2026-11-22", "now", "2026-13-01T00:00:00Z", &"9".repeat(10_000)] {
            assert_eq!(Moment::from_rfc3339(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_date_of_an_http_answer_is_read() {
        assert_eq!(Moment::from_http_date("Sun, 22 Nov 2026 10:00:00 GMT"), Some(Moment(1_795_341_600_000)));
        assert_eq!(Moment::from_http_date("yesterday"), None);
    }

    #[test]
    fn the_ends_of_time_are_written_too() {
        assert_eq!(Moment(i64::MAX).rfc3339(), Moment::LATEST.rfc3339());
        assert_eq!(Moment(i64::MIN).rfc3339(), Moment::EARLIEST.rfc3339());
        assert_eq!(Moment(i64::MAX).plus_ms(1), Moment(i64::MAX));
        assert_eq!(Moment(i64::MIN).since_ms(Moment(1)), i64::MIN);
    }
}
