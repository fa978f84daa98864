//! How long opening hours can keep somebody waiting, over all moments at which the waiting may begin.

use crate::calendar::{Date, Hours, Time, Zone, days_between, plus_days, weekday};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// It never comes.
const NEVER_MS: i64 = i64::MAX / 16;

/// Weeks and days that are looked through for one wait; whoever waits longer waits too long anyway.
const WEEKS_MAX: i64 = 110;
const DAYS_MAX: i64 = 800;

/// The longest time, from any moment on, until these hours have been open for `need_ms` (0: until they open).
pub(super) fn until_ms(hours: &Hours, need_ms: i64, zone: &Zone) -> i64 {
    let changes = zone.changes();
    let mut week: Vec<Vec<(i64, i64)>> =
        hours.week.iter().map(|times| times.iter().map(|(from, to)| minutes(*from, *to)).collect()).collect();
    for (day, from, long) in &changes.skipped {
        skip(&mut week, *day, *from, *long);
    }
    let open_ms: i64 =
        merged((0..14).flat_map(|day| of_day(&week, day)).collect()).iter().map(|(from, to)| to - from).sum::<i64>() / 2;
    if open_ms <= 0 {
        return NEVER_MS;
    }
    let weeks = need_ms / open_ms + 3;
    if weeks > WEEKS_MAX {
        return NEVER_MS;
    }
    let usual = merged((0..weeks * 7).flat_map(|day| of_day(&week, day)).collect());
    let mut longest = worst(&usual, need_ms).unwrap_or(need_ms).max(need_ms);
    for (first, last) in groups(&hours.closed, weeks) {
        let days = days_between(first, last);
        if days > DAYS_MAX {
            return NEVER_MS;
        }
        longest = longest.max(around(hours, &week, first, days, weeks, need_ms));
    }
    // Where the clocks are put back, the night is an hour longer.
    let change = if longest == need_ms && open_ms >= 7 * DAY_MS { 0 } else { changes.back_ms };
    longest.saturating_add(change)
}

/// Takes out what the clocks may jump over on this day, and as much after it: what begins in there begins later by it.
fn skip(week: &mut [Vec<(i64, i64)>], day: usize, from_ms: i64, long_ms: i64) {
    // What reaches over midnight stands with the day on which it begins.
    for (day, from) in [(day, from_ms), ((day + 6) % 7, from_ms + DAY_MS)] {
        let (from, to) = (from, from + 2 * long_ms);
        let Some(times) = week.get_mut(day) else { continue };
        let parts = times.iter().flat_map(|(opens, closes)| [(*opens, (*closes).min(from)), ((*opens).max(to), *closes)]);
        *times = parts.filter(|(opens, closes)| opens < closes).collect();
    }
}

/// The longest wait around closed days, which begin on `first`.
fn around(hours: &Hours, week: &[Vec<(i64, i64)>], first: Date, days: i64, weeks: i64, need_ms: i64) -> i64 {
    let begin = plus_days(first, -9);
    let spans = (0..days + 9 + weeks * 7 + 9).flat_map(|offset| {
        let day = plus_days(begin, offset);
        let next_closed = is_closed(hours, plus_days(day, 1));
        let today = if is_closed(hours, day) { &[][..] } else { week.get(weekday(day)).map_or(&[][..], Vec::as_slice) };
        // A closed day ends what reaches into it.
        today
            .iter()
            .map(move |(from, to)| (offset * DAY_MS + from, offset * DAY_MS + if next_closed { (*to).min(DAY_MS) } else { *to }))
    });
    worst(&merged(spans.collect()), need_ms).unwrap_or(NEVER_MS)
}

/// Closed days that are near each other, as one stretch each.
fn groups(closed: &[(Date, Date)], weeks: i64) -> Vec<(Date, Date)> {
    let mut sorted = closed.to_vec();
    sorted.sort_unstable();
    let mut groups: Vec<(Date, Date)> = Vec::new();
    for (first, last) in sorted {
        match groups.last_mut() {
            Some((_, before)) if days_between(*before, first) <= weeks * 7 + 9 => *before = (*before).max(last),
            _ => groups.push((first, last)),
        }
    }
    groups
}

fn is_closed(hours: &Hours, day: Date) -> bool {
    hours.closed.iter().any(|(first, last)| days_between(*first, day) >= 0 && days_between(day, *last) >= 0)
}

fn minutes(from: Time, to: Time) -> (i64, i64) {
    let of = |time: Time| (i64::from(time.hour()) * 60 + i64::from(time.minute())) * MINUTE_MS;
    let (from, to) = (of(from), of(to));
    (from, if to > from { to } else { to + DAY_MS })
}

fn of_day(week: &[Vec<(i64, i64)>], day: i64) -> Vec<(i64, i64)> {
    let times = usize::try_from(day % 7).ok().and_then(|day| week.get(day)).map_or(&[][..], Vec::as_slice);
    times.iter().map(|(from, to)| (day * DAY_MS + from, day * DAY_MS + to)).collect()
}

fn merged(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some((_, before)) if from <= *before => *before = (*before).max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// The longest wait that begins as some span ends: who begins later waits less, or as long.
fn worst(spans: &[(i64, i64)], need_ms: i64) -> Option<i64> {
    let from = |at: usize, begun: i64| {
        let mut rest = need_ms;
        spans.iter().skip(at + 1).find_map(|(opens, closes)| {
            if rest <= closes - opens {
                return Some(opens + rest - begun);
            }
            rest -= closes - opens;
            None
        })
    };
    spans.iter().enumerate().filter_map(|(at, (_, closes))| from(at, *closes)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Moment, date};

    fn hours(open: &[(usize, i8, i8)]) -> Hours {
        let mut hours = Hours { name: "support".to_owned(), week: Default::default(), closed: Vec::new() };
        for (day, from, to) in open {
            hours.week[*day].push((Time::constant(*from, 0, 0, 0), Time::constant(*to, 0, 0, 0)));
        }
        hours
    }

    fn office() -> Hours {
        hours(&[(0, 9, 17), (1, 9, 17), (2, 9, 17), (3, 9, 17), (4, 9, 17)])
    }

    #[test]
    fn the_longest_closed_time_reaches_over_the_weekend() {
        let utc = Zone::utc();
        assert_eq!(until_ms(&office(), 0, &utc), 64 * HOUR_MS);
        assert_eq!(until_ms(&hours(&[(0, 22, 2)]), 0, &utc), 164 * HOUR_MS);
        assert!(until_ms(&hours(&[]), 0, &utc) > 1_000 * DAY_MS, "never open is for ever");
        assert_eq!(until_ms(&hours(&[(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0)]), 0, &utc), 0);
    }

    #[test]
    fn open_time_counts_and_closed_time_adds() {
        let utc = Zone::utc();
        assert_eq!(until_ms(&office(), 8 * HOUR_MS, &utc), 72 * HOUR_MS);
        assert_eq!(until_ms(&office(), 9 * HOUR_MS, &utc), (64 + 8 + 16 + 1) * HOUR_MS);
    }

    #[test]
    fn closed_days_in_a_row_lengthen_the_wait() {
        let mut hours = office();
        // A Monday and a Tuesday.
        hours.closed.push((date(2026, 11, 23).unwrap(), date(2026, 11, 23).unwrap()));
        hours.closed.push((date(2026, 11, 24).unwrap(), date(2026, 11, 24).unwrap()));
        assert_eq!(until_ms(&hours, 0, &Zone::utc()), (64 + 48) * HOUR_MS);
    }

    #[test]
    fn an_opening_that_the_clocks_jump_over_is_waited_for_until_the_next_one() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let night = hours(&[(0, 2, 3), (1, 2, 3), (2, 2, 3), (3, 2, 3), (4, 2, 3), (5, 2, 3), (6, 2, 3)]);
        // From the Saturday before the last Sunday of March on.
        let from = Moment::from_rfc3339("2026-03-28T02:00:00Z").unwrap();
        let waits = night.next_open(from, &berlin).unwrap().since_ms(from);
        assert_eq!(waits, 46 * HOUR_MS);
        let bound = until_ms(&night, 0, &berlin);
        assert!(waits <= bound && bound <= 48 * HOUR_MS, "{bound}");
    }

    #[test]
    fn only_what_the_clocks_of_the_zone_do_is_added() {
        let zone = |name: &str| until_ms(&office(), 0, &Zone::named(name).unwrap()) - 64 * HOUR_MS;
        assert_eq!(zone("Asia/Bangkok"), 0);
        assert_eq!(zone("Europe/Berlin"), HOUR_MS);
        assert_eq!(zone("Antarctica/Troll"), 2 * HOUR_MS);
        assert_eq!(zone("Australia/Lord_Howe"), HOUR_MS / 2);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..proptest::prelude::ProptestConfig::default() })]
        #[test]
        fn no_moment_waits_longer(
            rows in proptest::collection::vec((0_usize..7, 0_i8..24, 0_i8..24), 1..8), need in 0_i64..40,
            closed in proptest::collection::vec((0_i64..60, 0_i64..4), 0..4), start in 0_i64..60 * 24 * 4,
            zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "Africa/Cairo", "Antarctica/Troll", "Australia/Lord_Howe"]), spring in proptest::bool::ANY,
        ) {
            let mut hours = hours(&rows);
            let first = if spring { date(2026, 3, 1).unwrap() } else { date(2026, 9, 20).unwrap() };
            hours.closed = closed.iter().map(|(from, days)| (plus_days(first, *from), plus_days(first, from + days))).collect();
            let zone = Zone::named(zone).unwrap();
            let from = Moment(zone.moment(first, Time::midnight()).0 + start * 15 * MINUTE_MS);
            let need_ms = need * HOUR_MS / 2;
            let bound = until_ms(&hours, need_ms, &zone);
            let opens = hours.next_open(from, &zone).unwrap();
            assert!(opens.since_ms(from) <= until_ms(&hours, 0, &zone));
            let reached = hours.after_open_ms(from, need_ms, &zone).unwrap();
            assert!(reached.since_ms(from) <= bound, "{} > {bound}", reached.since_ms(from));
        }
    }
}
