//! Civil time of a zone.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use super::Moment;

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

/// How the clocks of a zone are changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The most by which they are put back at once, in milliseconds.
    pub back_ms: i64,
    /// What they jump over: the day of the week, Monday 0, where it begins and how long it is, in milliseconds.
    pub skipped: Vec<(usize, i64, i64)>,
}

const YEAR_2020: i64 = 1_577_836_800;
const YEAR_2040: i64 = 2_208_988_800;

impl Zone {
    /// The zone of this name (`Africa/Cairo`); `None` where the database has none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Date and time on the wall; beyond civil time its end.
    #[must_use]
    pub fn civil(&self, moment: Moment) -> (Date, Time) {
        let zoned = self.zoned(moment);
        (zoned.date(), zoned.time())
    }

    /// The moment at which the wall shows date and time. A time that the clocks jump over is moved on by the jump; of a
    /// time that comes twice the first is meant.
    #[must_use]
    pub fn moment(&self, date: Date, time: Time) -> Moment {
        let end = if date.year() > 0 { Moment::LATEST } else { Moment::EARLIEST };
        let found = self.0.to_ambiguous_zoned(date.to_datetime(time)).compatible();
        found.map_or(end, |zoned| Moment(zoned.timestamp().as_millisecond()))
    }

    /// The first moment after `after` at which the wall shows `time`.
    #[must_use]
    pub fn next_time(&self, after: Moment, time: Time) -> Moment {
        let (today, _) = self.civil(after);
        let days = (0..3).map(|days| self.moment(plus_days(today, days), time));
        days.into_iter().find(|moment| *moment > after).unwrap_or(Moment::LATEST)
    }

    /// How the clocks of the zone are changed from 2020 to 2040.
    #[must_use]
    pub fn changes(&self) -> Changes {
        let mut changes = Changes::default();
        let Ok(start) = jiff::Timestamp::from_second(YEAR_2020) else { return changes };
        let mut before = self.0.to_offset(start).seconds();
        for transition in self.0.following(start).take_while(|transition| transition.timestamp().as_second() < YEAR_2040) {
            let after = transition.offset().seconds();
            let shift_ms = i64::from(after - before) * 1_000;
            if shift_ms < 0 {
                changes.back_ms = changes.back_ms.max(-shift_ms);
            } else if shift_ms > 0 {
                // What the wall would have shown without the change.
                let wall = Moment(transition.timestamp().as_millisecond().saturating_add(i64::from(before) * 1_000));
                let (date, time) = Self::utc().civil(wall);
                let from_ms = time.duration_since(Time::midnight()).as_millis();
                let gap = (weekday(date), i64::try_from(from_ms).unwrap_or(0), shift_ms);
                if !changes.skipped.contains(&gap) {
                    changes.skipped.push(gap);
                }
            }
            before = after;
        }
        changes
    }

    fn zoned(&self, moment: Moment) -> Zoned {
        moment.timestamp().to_zoned(self.0.clone())
    }
}

/// The date of these numbers, where there is one.
#[must_use]
pub fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The time of these numbers, where there is one.
#[must_use]
pub fn time(hour: i64, minute: i64) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

/// The day of the week, Monday 0 to Sunday 6.
#[must_use]
pub fn weekday(date: Date) -> usize {
    usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0)
}

/// The date `days` later; saturates at the ends of the calendar.
#[must_use]
pub fn plus_days(date: Date, days: i64) -> Date {
    let end = if days < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_days(days).ok().and_then(|span| date.checked_add(span).ok()).unwrap_or(end)
}

/// Days from `from` to `until`; negative where `until` is the earlier one.
#[must_use]
pub fn days_between(from: Date, until: Date) -> i64 {
    from.until(until).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::from_rfc3339(text).unwrap()
    }

    fn cairo() -> Zone {
        Zone::named("Africa/Cairo").unwrap()
    }

    #[test]
    fn the_wall_shows_local_time() {
        let (day, clock) = cairo().civil(at("2026-11-22T22:30:00Z"));
        assert_eq!((day.to_string(), clock.to_string()), ("2026-11-23".to_owned(), "00:30:00".to_owned()));
        assert_eq!(weekday(day), 0);
        assert!(Zone::named("Africa/Atlantis").is_none());
    }

    #[test]
    fn the_next_nine_is_today_before_nine_and_tomorrow_from_nine_on() {
        let nine = time(9, 0).unwrap();
        assert_eq!(cairo().next_time(at("2026-11-22T06:59:59Z"), nine), at("2026-11-22T07:00:00Z"));
        assert_eq!(cairo().next_time(at("2026-11-22T07:00:00Z"), nine), at("2026-11-23T07:00:00Z"));
    }

    #[test]
    fn a_time_that_the_clocks_jump_over_comes_with_the_jump() {
        // On 2026-03-29 Berlin has no time from 02:00 to 03:00.
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let half_past_two = time(2, 30).unwrap();
        assert_eq!(berlin.next_time(at("2026-03-28T22:00:00Z"), half_past_two), at("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn a_time_that_comes_twice_is_waited_for_once() {
        // On 2026-10-25 Berlin has the time from 02:00 to 03:00 twice.
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let first = berlin.next_time(at("2026-10-24T22:00:00Z"), time(2, 30).unwrap());
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert_eq!(berlin.next_time(first, time(2, 30).unwrap()), at("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn days_are_counted_by_the_calendar() {
        let (first, second) = (date(2024, 2, 28).unwrap(), date(2024, 3, 1).unwrap());
        assert_eq!((days_between(first, second), days_between(second, first)), (2, -2));
        assert_eq!(plus_days(first, 2), second);
        assert_eq!(plus_days(first, i64::MAX), Date::MAX);
        assert_eq!(plus_days(first, i64::MIN), Date::MIN);
        assert_eq!(days_between(Date::MIN, Date::MAX), 7_304_483);
    }

    #[test]
    fn numbers_that_are_no_date_or_time_are_none() {
        assert!(date(2026, 2, 29).is_none() && date(i64::MAX, 1, 1).is_none() && date(2026, 0, 1).is_none());
        assert!(time(24, 0).is_none() && time(-1, 0).is_none() && time(0, 60).is_none());
    }

    proptest::proptest! {
        #[test]
        fn every_moment_has_its_wall(ms in proptest::num::i64::ANY, hour in 0_i64..24) {
            let zone = cairo();
            let (day, clock) = zone.civil(Moment(ms));
            let back = zone.moment(day, clock);
            let inside = Moment(ms).clamp(Moment::EARLIEST, Moment::LATEST);
            assert!(back.since_ms(inside).abs() <= 3_600_000, "only a doubled hour may differ");
            let _ = zone.next_time(Moment(ms), time(hour, 0).unwrap());
        }
    }
}
