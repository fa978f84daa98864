//! How long a value can be when it is printed, whatever the language and the numerals. Held against the formatter by a
//! test over many languages and values.

use rust_decimal::Decimal;

use super::super::shape::Shape;
use crate::bot::{Filter, Value};
use crate::text;

/// A letter becomes at most three when its case changes.
pub(super) const CASE: u64 = 3;

/// UTF-16 units that `shorten` counts as one character at most.
const GRAPHEME: u64 = text::SHORTEN_GRAPHEME_UNITS as u64;

const BOOL: u64 = 12;
/// CLDR's long form.
const DATE: u64 = 80;
/// CLDR's short form.
const TIME: u64 = 32;
const WEEKDAY: u64 = 40;
const DURATION: u64 = 40;
/// Digits of the largest number, with its sign and its mark.
const NUMBER: u64 = 32;
/// Further signs around a number: marks of writing direction.
const SIGNS: u64 = 4;
/// A currency's sign and the blank before it, where its code is shorter.
const CURRENCY: u64 = 8;
/// What stands between the items of a list.
const BETWEEN: u64 = 2;

/// At most so many units are left of a text that is shortened to so many characters.
pub(super) fn shortened(most: usize) -> u64 {
    (most as u64).saturating_mul(GRAPHEME)
}

/// Units of a value without a filter; `unbounded` where only the engine bounds it.
pub(super) fn plain(shape: &Shape, unbounded: u64) -> u64 {
    match shape {
        Shape::Never => 0,
        Shape::Text { most } => most.map_or(unbounded, u64::from),
        Shape::Number { .. } => number(shape),
        Shape::Bool => BOOL,
        Shape::Date => DATE,
        Shape::Time => TIME,
        Shape::Moment => DATE + 1 + TIME,
        Shape::Duration => DURATION,
        Shape::Closed(values) => values.iter().map(of_value).max().unwrap_or(0),
        Shape::List { most: Some(most), of } => u64::from(*most).saturating_mul(plain(of, unbounded) + BETWEEN),
        Shape::Either(shapes) => shapes.iter().map(|shape| plain(shape, unbounded)).max().unwrap_or(0),
        Shape::List { most: None, .. } | Shape::Map(_) | Shape::Any => u64::MAX / 4,
    }
}

fn of_value(value: &Value) -> u64 {
    match value {
        Value::Text(text) => text::units(text) as u64,
        Value::Number(number) => number.normalize().to_string().len() as u64,
        other => plain(&Shape::of_value(other), u64::MAX / 4),
    }
}

/// Units of a number without grouping.
fn number(shape: &Shape) -> u64 {
    match shape {
        Shape::Number { least, most, whole: true } => digits(*least).max(digits(*most)) + 1,
        Shape::Closed(values) => values.iter().map(of_value).max().unwrap_or(0),
        _ => NUMBER,
    }
}

/// Digits before the mark.
fn digits(number: Decimal) -> u64 {
    number.trunc().abs().normalize().to_string().len() as u64
}

/// Whether every value of the shape is dressed by the filter.
pub(super) fn fits(shape: &Shape, filter: &Filter) -> bool {
    match (shape, filter) {
        (Shape::Never, _) => true,
        (Shape::Closed(values), Filter::Number | Filter::Money(_)) => {
            values.iter().all(|value| matches!(value, Value::Number(_)))
        }
        (Shape::Number { .. }, Filter::Number | Filter::Money(_) | Filter::Plural(_))
        | (Shape::Date | Shape::Moment, Filter::Date)
        | (Shape::Time | Shape::Moment, Filter::Time)
        | (Shape::Moment, Filter::WeekdayTime) => true,
        _ => false,
    }
}

/// Units of what the filter makes of a value that it can dress.
pub(super) fn dressed(shape: &Shape, filter: &Filter) -> u64 {
    // Each group of digits is set apart by one sign, and none has fewer than two.
    let plain = number(shape);
    let grouped = plain + plain / 2 + SIGNS;
    match filter {
        Filter::Date => DATE,
        Filter::Time => TIME,
        Filter::WeekdayTime => WEEKDAY + 1 + TIME,
        Filter::Number => grouped,
        // Rounding may add a digit; at most three stand after the mark.
        Filter::Money(code) => grouped + 2 + 4 + CURRENCY.max(text::units(code) as u64 * CASE + 2),
        Filter::Plural(forms) => {
            let of = |form: &str| text::units(form) as u64 + form.matches('#').count() as u64 * grouped;
            forms.iter().map(|(_, form)| of(form)).max().unwrap_or(0)
        }
        Filter::Upper | Filter::Lower | Filter::Default(_) | Filter::Shorten(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Moment, Zone, date, time};
    use crate::engine::format::Style;

    const LANGUAGES: &[&str] = &[
        "ar", "en", "en-GB", "th", "id", "vi", "fr", "es", "es-MX", "pt-BR", "de", "ru", "uk", "tr", "ja", "zh", "zh-Hant", "ko",
        "hi", "bn", "ta", "te", "my", "km", "lo", "fa", "ur", "ps", "he", "el", "hu", "fi", "ka", "hy", "am", "sw", "ms", "fil",
        "nl", "pl", "ne", "mr", "ckb", "sd", "as", "xx", "mn", "eu", "lt", "lv", "ga", "cy", "gu", "kn", "ml", "si",
    ];

    fn longest(write: impl Fn(&Style<'_>) -> String) -> (u64, String) {
        let zone = Zone::named("Africa/Cairo").unwrap();
        let both = LANGUAGES.iter().flat_map(|language| [(*language, false), (*language, true)]);
        let texts = both.map(|(language, native_numerals)| write(&Style { language, native_numerals, zone: &zone }));
        texts.map(|text| (text::units(&text) as u64, text)).max().unwrap()
    }

    #[test]
    fn dates_and_times_are_no_longer_in_any_language() {
        for month in 1..=12 {
            let (most, text) = longest(|style| style.date(date(9_999, month, 28).unwrap()));
            assert!(most <= DATE, "{text}");
        }
        for (hour, minute) in [(0, 0), (9, 5), (12, 30), (17, 45), (23, 59)] {
            let (most, text) = longest(|style| style.time(time(hour, minute).unwrap()));
            assert!(most <= TIME, "{text}");
        }
        for day in 0..7 {
            let moment = Moment::from_rfc3339("2026-11-22T21:59:00Z").unwrap().plus_ms(day * 86_400_000);
            let (most, text) = longest(|style| style.weekday_time(moment));
            assert!(most <= WEEKDAY + 1 + TIME, "{text}");
            let (most, text) = longest(|style| style.print(&Value::Moment(moment)));
            assert!(most <= DATE + 1 + TIME, "{text}");
        }
    }

    #[test]
    fn numbers_are_no_longer_in_any_language() {
        for written in
            ["0", "7", "-7", "-12345678", "99999999999", "0.0000000000000000000000000001", "-79228162514264337593543950335"]
        {
            let value: Decimal = written.parse().unwrap();
            let whole = value.fract().is_zero();
            let shape = Shape::Number { least: value, most: value, whole };
            let (most, text) = longest(|style| style.print(&Value::Number(value)));
            assert!(most <= plain(&shape, 0), "{text}");
            let (most, text) = longest(|style| style.number(value));
            assert!(most <= dressed(&shape, &Filter::Number), "{text}");
            for code in ["EGP", "SAR", "usd", "IDR", "KWD", "???", "MXN", "ßßß"] {
                let (most, text) = longest(|style| style.money(value, code));
                assert!(most <= dressed(&shape, &Filter::Money(code.to_owned())), "{text}");
            }
        }
        for value in [Value::Bool(true), Value::Bool(false), Value::Duration(i64::MIN), Value::Duration(i64::MAX - 1)] {
            let (most, text) = longest(|style| style.print(&value));
            assert!(most <= plain(&Shape::of_value(&value), 0), "{text}");
        }
    }

    #[test]
    fn letters_grow_at_most_threefold_and_shortened_texts_keep_their_bound() {
        let letters = (0..=0x10_ffff_u32).filter_map(char::from_u32);
        for letter in letters {
            let size = letter.len_utf16() as u64 * CASE;
            let upper: usize = letter.to_uppercase().map(char::len_utf16).sum();
            let lower: usize = letter.to_lowercase().map(char::len_utf16).sum();
            assert!(upper as u64 <= size && lower as u64 <= size, "{letter}");
        }
        let zalgo = format!("a{}", "\u{301}".repeat(300)).repeat(30);
        for most in [1, 2, 30, 100] {
            assert!(text::units(&text::shorten(&zalgo, most)) as u64 <= shortened(most));
        }
        assert_eq!(text::shorten("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2), "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "a family is one character");
    }
}
