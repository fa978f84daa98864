//! Dates.

use super::months::{days_ahead, month_named};
use crate::calendar::{Date, date, days_between, plus_days};
use crate::text::fold;

/// Years that a customer can mean.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2200;
const BUDDHIST: i64 = 543;

/// Words around a date that say nothing.
const FILLERS: [&str; 22] = [
    "of",
    "the",
    "on",
    "st",
    "nd",
    "rd",
    "th",
    "de",
    "del",
    "el",
    "le",
    "er",
    "do",
    "dia",
    "ngay",
    "nam",
    "tanggal",
    "tgl",
    "يوم",
    "سنه",
    "วันที่",
    "ปี",
];

/// The day that is meant; `today` is the customer's.
pub(super) fn read(text: &str, language: &str, today: Date) -> Option<Date> {
    let folded = fold(text);
    if let Some(days) = days_ahead(&folded) {
        return Some(plus_days(today, days));
    }
    let (numbers, words) = tokens(&folded);
    let numbers_of_day: Vec<i64> = numbers.iter().map(|(number, _)| *number).collect();
    let digits: Vec<usize> = numbers.iter().map(|(_, digits)| *digits).collect();
    let month = month_among(&words)?;
    let year = |index: usize| year(*numbers_of_day.get(index)?, *digits.get(index)?, language, today);
    match (month, numbers_of_day.as_slice()) {
        (Some(month), [day]) if digits == [1] || digits == [2] => next(month, *day, today),
        (Some(month), [first, second]) => {
            // `2026 December 25` is the only form with the year in front.
            if digits.first() == Some(&4) { date(year(0)?, month, *second) } else { date(year(1)?, month, *first) }
        }
        (None, [first, second]) if digits.iter().all(|count| *count <= 2) => {
            let (day, month) = day_first(*first, *second, language);
            next(month, day, today)
        }
        (None, [_, month, day]) if digits.first() == Some(&4) => date(year(0)?, *month, *day),
        (None, [first, second, _]) => {
            let (day, month) = day_first(*first, *second, language);
            date(year(2)?, month, day)
        }
        _ => None,
    }
}

/// Numbers with their count of digits, and the words between them. A border between digits and letters divides.
pub(super) fn tokens(folded: &str) -> (Vec<(i64, usize)>, Vec<String>) {
    let mut numbers = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut in_words = false;
    let mut rest = folded;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digit || c == ' ').unwrap_or(rest.len()).max(first.len_utf8());
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        if piece == " " {
            continue;
        }
        if digit {
            // A number too long to mean anything stays one that fits nowhere.
            numbers.push((piece.parse().unwrap_or(i64::MAX), piece.len()));
            in_words = false;
        } else if in_words {
            if let Some(phrase) = words.last_mut() {
                phrase.push(' ');
                phrase.push_str(piece);
            }
        } else {
            words.push(piece.to_owned());
            in_words = true;
        }
    }
    (numbers, words)
}

/// The month among the words: none, one, or (outer `None`) something that is no date. In Vietnamese the month's number
/// follows the word `tháng` and stays among the numbers.
fn month_among(phrases: &[String]) -> Option<Option<i64>> {
    let mut found = None;
    for phrase in phrases {
        let mut words: Vec<&str> = phrase.split(' ').collect();
        let month = loop {
            let joined = words.join(" ");
            if words.is_empty() || joined == "thang" {
                break None;
            }
            if let Some(month) = month_named(&joined) {
                break Some(month);
            }
            // Fillers stand at the ends.
            if words.first().is_some_and(|word| FILLERS.contains(word)) {
                words.remove(0);
            } else if words.last().is_some_and(|word| FILLERS.contains(word)) {
                words.pop();
            } else {
                return None;
            }
        };
        if month.is_some() && found.replace(month).is_some() {
            return None;
        }
    }
    Some(found.flatten())
}

/// Day and month of two numbers; what can be only one way is read so.
fn day_first(first: i64, second: i64, language: &str) -> (i64, i64) {
    let mut parts = language.split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    let month_first =
        matches!(primary, "zh" | "ja" | "ko" | "fil") || primary == "en" && parts.any(|part| matches!(part, "US" | "PH"));
    if first > 12 || !month_first && second <= 12 { (first, second) } else { (second, first) }
}

/// The next such day, today among them.
fn next(month: i64, day: i64, today: Date) -> Option<Date> {
    let year = i64::from(today.year());
    // The 29th of February may be eight years away.
    (year..=year.saturating_add(8)).find_map(|year| date(year, month, day).filter(|found| days_between(today, *found) >= 0))
}

fn year(written: i64, digits: usize, language: &str, today: Date) -> Option<i64> {
    let thai = language.split(['-', '_']).next() == Some("th");
    let year = match digits {
        2 => {
            let century = written.checked_add(2000)?;
            let buddhist = written.checked_add(2500)?.checked_sub(BUDDHIST)?;
            let near = |year: i64| year.abs_diff(i64::from(today.year()));
            if thai && near(buddhist) < near(century) { buddhist } else { century }
        }
        4 if thai && written >= 2400 => written.checked_sub(BUDDHIST)?,
        4 => written,
        _ => return None,
    };
    YEARS.contains(&year).then_some(year)
}
