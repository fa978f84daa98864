//! Opening hours of a week.

use jiff::civil::{Date, Time};

use super::{Moment, Zone, days_between, plus_days, weekday};

/// How far ahead an opening is looked for.
const DAYS_AHEAD: i64 = 800;

/// Opening hours of a week with closed days.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    pub name: String,
    /// Monday first: open from, open until (end excluded; an end not after its beginning reaches into the next day).
    pub week: [Vec<(Time, Time)>; 7],
    /// First and last day, both closed.
    pub closed: Vec<(Date, Date)>,
}

impl Hours {
    /// Whether it is open. On a closed day nothing is, neither what began the evening before nor what would begin then
    /// and reach into the next day.
    #[must_use]
    pub fn open_at(&self, moment: Moment, zone: &Zone) -> bool {
        self.spans(moment, zone).take_while(|(from, _)| *from <= moment).any(|(_, until)| moment < until)
    }

    /// The moment itself where it is open, else the next opening; `None` where there is none in two years.
    #[must_use]
    pub fn next_open(&self, moment: Moment, zone: &Zone) -> Option<Moment> {
        self.spans(moment, zone).map(|(from, _)| from.max(moment)).next()
    }

    /// The moment at which it has been open for `ms` milliseconds since `from`; `None` where two years do not suffice.
    #[must_use]
    pub fn after_open_ms(&self, from: Moment, ms: i64, zone: &Zone) -> Option<Moment> {
        let mut rest = ms.max(0);
        let mut reached = from;
        for (begins, ends) in self.spans(from, zone) {
            // Where two spans overlap, the time that both cover counts once.
            let begins = begins.max(reached);
            let open = ends.since_ms(begins);
            if open <= 0 {
                continue;
            }
            if rest <= open {
                return Some(begins.plus_ms(rest));
            }
            rest = rest.saturating_sub(open);
            reached = ends;
        }
        None
    }

    /// What is open and ends after `moment`, by its beginning.
    fn spans<'a>(&'a self, moment: Moment, zone: &'a Zone) -> impl Iterator<Item = (Moment, Moment)> + 'a {
        let (today, _) = zone.civil(moment);
        let days = if self.week.iter().all(Vec::is_empty) { 0 } else { DAYS_AHEAD };
        (-1..days).flat_map(move |offset| self.spans_of(plus_days(today, offset), zone)).filter(move |(_, until)| *until > moment)
    }

    /// What begins on this day, in order.
    fn spans_of(&self, day: Date, zone: &Zone) -> Vec<(Moment, Moment)> {
        if self.is_closed(day) {
            return Vec::new();
        }
        let next = plus_days(day, 1);
        let hours = self.week.get(weekday(day)).map_or(&[][..], Vec::as_slice);
        let mut spans: Vec<(Moment, Moment)> = hours
            .iter()
            .map(|(from, until)| {
                let ends = match (until > from, self.is_closed(next)) {
                    (true, _) => zone.moment(day, *until),
                    (false, true) => zone.moment(next, Time::midnight()),
                    (false, false) => zone.moment(next, *until),
                };
                (zone.moment(day, *from), ends)
            })
            .filter(|(from, until)| from < until)
            .collect();
        spans.sort_unstable();
        spans
    }

    fn is_closed(&self, day: Date) -> bool {
        self.closed.iter().any(|(first, last)| days_between(*first, day) >= 0 && days_between(day, *last) >= 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{date, time};

    const MINUTE: i64 = 60_000;

    fn at(text: &str) -> Moment {
        Moment::from_rfc3339(text).unwrap()
    }

    /// Local time in UTC, so that the tests read like a wall.
    fn hours(text: &str) -> Hours {
        let mut week: [Vec<(Time, Time)>; 7] = Default::default();
        for part in text.split(", ") {
            let (day, span) = part.split_once(' ').unwrap();
            let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|name| *name == day).unwrap();
            let (from, until) = span.split_once('-').unwrap();
            let clock = |text: &str| text.parse::<Time>().unwrap();
            week[day].push((clock(from), clock(until)));
        }
        Hours { name: "support".to_owned(), week, closed: Vec::new() }
    }

    #[test]
    fn it_is_open_from_the_first_minute_until_before_the_last() {
        // 2026-11-23 is a Monday.
        let hours = hours("mon 09:00-17:00");
        let zone = Zone::utc();
        for (moment, open) in [
            ("2026-11-23T08:59:59.999Z", false),
            ("2026-11-23T09:00:00Z", true),
            ("2026-11-23T16:59:59.999Z", true),
            ("2026-11-23T17:00:00Z", false),
            ("2026-11-24T12:00:00Z", false),
        ] {
            assert_eq!(hours.open_at(at(moment), &zone), open, "{moment}");
        }
        assert_eq!(hours.next_open(at("2026-11-23T17:00:00Z"), &zone), Some(at("2026-11-30T09:00:00Z")));
        assert_eq!(hours.next_open(at("2026-11-23T10:00:00Z"), &zone), Some(at("2026-11-23T10:00:00Z")));
    }

    #[test]
    fn a_night_reaches_into_the_next_day_and_across_the_week() {
        let hours = hours("sun 20:00-02:00");
        let zone = Zone::utc();
        assert!(hours.open_at(at("2026-11-23T01:59:00Z"), &zone), "Monday morning");
        assert!(!hours.open_at(at("2026-11-23T02:00:00Z"), &zone));
        let always = self::hours("mon 00:00-00:00");
        assert!(always.open_at(at("2026-11-23T23:59:00Z"), &zone));
    }

    #[test]
    fn a_closed_day_is_closed_from_midnight_to_midnight() {
        let mut hours = hours("sun 20:00-02:00, mon 20:00-02:00, tue 09:00-17:00");
        hours.closed.push((date(2026, 11, 23).unwrap(), date(2026, 11, 23).unwrap()));
        let zone = Zone::utc();
        assert!(hours.open_at(at("2026-11-22T23:59:00Z"), &zone));
        assert!(!hours.open_at(at("2026-11-23T00:00:00Z"), &zone));
        assert!(!hours.open_at(at("2026-11-24T01:00:00Z"), &zone), "the closed evening does not reach into the morning");
        assert_eq!(hours.next_open(at("2026-11-23T00:00:00Z"), &zone), Some(at("2026-11-24T09:00:00Z")));
    }

    #[test]
    fn the_hours_are_those_of_the_zone_when_the_clocks_change() {
        // Berlin leaves summer time on Sunday 2026-10-25: the night has seven hours between 22:00 and 04:00.
        let hours = hours("sat 22:00-04:00");
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(hours.next_open(at("2026-10-24T12:00:00Z"), &berlin), Some(at("2026-10-24T20:00:00Z")));
        assert!(hours.open_at(at("2026-10-25T02:59:00Z"), &berlin));
        assert!(!hours.open_at(at("2026-10-25T03:00:00Z"), &berlin));
        let all_night = hours.after_open_ms(at("2026-10-24T12:00:00Z"), 7 * 60 * MINUTE, &berlin);
        assert_eq!(all_night, Some(at("2026-10-25T03:00:00Z")));
        // It enters it on 2026-03-29: what would open in the hour that is left out opens with the jump.
        let early = self::hours("sun 02:30-05:00");
        assert_eq!(early.next_open(at("2026-03-28T12:00:00Z"), &berlin), Some(at("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn open_time_is_counted_across_nights_and_overlaps() {
        let hours = hours("mon 09:00-10:00, mon 09:30-10:30, tue 09:00-17:00");
        let zone = Zone::utc();
        let asked = |moment: &str, minutes: i64| hours.after_open_ms(at(moment), minutes * MINUTE, &zone);
        assert_eq!(asked("2026-11-23T09:15:00Z", 10), Some(at("2026-11-23T09:25:00Z")));
        assert_eq!(asked("2026-11-23T10:25:00Z", 10), Some(at("2026-11-24T09:05:00Z")));
        assert_eq!(asked("2026-11-23T08:00:00Z", 90), Some(at("2026-11-23T10:30:00Z")));
        assert_eq!(asked("2026-11-22T08:00:00Z", 0), Some(at("2026-11-23T09:00:00Z")));
        assert_eq!(asked("2026-11-23T09:15:00Z", i64::MAX / MINUTE), None);
    }

    #[test]
    fn what_never_opens_says_so() {
        let never = Hours { name: "never".to_owned(), week: Default::default(), closed: Vec::new() };
        assert_eq!(never.next_open(Moment(0), &Zone::utc()), None);
        assert_eq!(never.after_open_ms(Moment(0), 1, &Zone::utc()), None);
        let mut shut = hours("mon 09:00-10:00");
        shut.closed.push((Date::MIN, Date::MAX));
        assert_eq!(shut.next_open(Moment(0), &Zone::utc()), None);
    }

    proptest::proptest! {
        #[test]
        fn any_moment_and_any_hours_have_an_answer(
            ms in proptest::num::i64::ANY, from in 0_i64..24, until in 0_i64..24, day in 0_usize..7,
        ) {
            let mut hours = Hours { name: String::new(), week: Default::default(), closed: Vec::new() };
            hours.week[day].push((time(from, 0).unwrap(), time(until, 0).unwrap()));
            let cairo = Zone::named("Africa/Cairo").unwrap();
            let moment = Moment(ms);
            if hours.open_at(moment, &cairo) {
                assert_eq!(hours.next_open(moment, &cairo), Some(moment));
            }
            let near = Moment(ms % 4_000_000_000_000);
            let opens = hours.next_open(near, &cairo).unwrap();
            assert!(hours.open_at(opens, &cairo) && opens >= near);
        }
    }
}
