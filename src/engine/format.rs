//! Values as the customer reads them, by CLDR and the conversation's language.
//!
//! Total: a language that CLDR does not know is written as English is.

use icu_calendar::Gregorian;
use icu_datetime::fieldsets::{E, T, YMD};
use icu_datetime::input::{Date as IcuDate, Time as IcuTime};
use icu_datetime::{DateTimeFormatter, NoCalendarFormatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal as IcuDecimal;
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use rust_decimal::Decimal;

use crate::bot::Value;
use crate::calendar::{Date, Moment, Time, Zone, duration_text};

mod digits;
mod money;

/// How a conversation wants its values written.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// BCP 47.
    pub language: &'a str,
    /// The language's own digits where it has some; else 0-9.
    pub native_numerals: bool,
    pub zone: &'a Zone,
}

impl Style<'_> {
    /// CLDR's long form: `November 20, 2026`, `20 نوفمبر 2026`, in Thai with Buddhist years.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        icu_date(date)
            .and_then(|date| {
                let formatter = DateTimeFormatter::try_new(self.locale().into(), YMD::long()).ok()?;
                Some(self.tidy(formatter.format(&date).to_string()))
            })
            .unwrap_or_else(|| date.to_string())
    }

    /// CLDR's short form: `9:00 AM`, `09:00`.
    #[must_use]
    pub fn time(&self, time: Time) -> String {
        icu_time(time)
            .and_then(|time| {
                let formatter = NoCalendarFormatter::try_new(self.locale().into(), T::hm()).ok()?;
                Some(self.tidy(formatter.format(&time).to_string()))
            })
            .unwrap_or_else(|| time.strftime("%H:%M").to_string())
    }

    /// Weekday and short time: `Sunday 9:00 AM`.
    #[must_use]
    pub fn weekday_time(&self, moment: Moment) -> String {
        let (date, time) = self.zone.civil(moment);
        let weekday = icu_date(date).and_then(|date| {
            let formatter = DateTimeFormatter::try_new(self.locale().into(), E::long()).ok()?;
            Some(self.tidy(formatter.format(&date).to_string()))
        });
        // Not the library's joined form: it writes the full hour as `9:0`.
        format!("{} {}", weekday.unwrap_or_else(|| date.to_string()), self.time(time))
    }

    /// With the language's grouping and decimal mark; trailing zeros fall away.
    #[must_use]
    pub fn number(&self, number: Decimal) -> String {
        self.grouped(&written(number))
    }

    /// With the currency's sign and its usual digits after the mark: `EGP 250.00`, `Rp38.000`, `38.000 ₫`. A code that is
    /// not known stands as it is.
    #[must_use]
    pub fn money(&self, amount: Decimal, code: &str) -> String {
        let currency = money::currency(code, self.language);
        let rounded = amount.round_dp_with_strategy(currency.digits, rust_decimal::RoundingStrategy::MidpointAwayFromZero).abs();
        let places = usize::try_from(currency.digits).unwrap_or(0);
        let figures = self.grouped(&fixed(rounded, places));
        let negative = amount.is_sign_negative() && !rounded.is_zero();
        money::placed(&figures, &currency, self.language, negative)
    }

    /// CLDR's category of a count: `zero`, `one`, `two`, `few`, `many` or `other`.
    #[must_use]
    pub fn plural(&self, number: Decimal) -> &'static str {
        plural(number, self.language)
    }

    /// A value in a hole without a filter. Numbers stand without grouping: they may be numbers of orders.
    #[must_use]
    pub fn print(&self, value: &Value) -> String {
        match value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => self.own_digits(written(*number)),
            Value::Bool(yes) => digits::yes_no(self.language, *yes).to_owned(),
            Value::Date(date) => self.date(*date),
            Value::Time(time) => self.time(*time),
            Value::Moment(moment) => {
                let (date, time) = self.zone.civil(*moment);
                format!("{} {}", self.date(date), self.time(time))
            }
            Value::Duration(ms) => self.own_digits(duration_text(*ms)),
            Value::List(list) => {
                let items: Vec<String> = list.iter().map(|item| self.print(item)).collect();
                items.join(digits::list_mark(self.language))
            }
            Value::Map(map) => {
                let items: Vec<String> = map.iter().map(|(key, item)| format!("{key}: {}", self.print(item))).collect();
                items.join(digits::list_mark(self.language))
            }
        }
    }

    fn grouped(&self, plain: &str) -> String {
        let written = IcuDecimal::try_from_str(plain).ok().and_then(|decimal| {
            let formatter = DecimalFormatter::try_new(self.locale().into(), Default::default()).ok()?;
            Some(self.tidy(formatter.format(&decimal).to_string()))
        });
        written.unwrap_or_else(|| plain.to_owned())
    }

    /// The language with its numbering system.
    fn locale(&self) -> Locale {
        let system = if self.native_numerals { digits::native(self.language).map_or("latn", |found| found.0) } else { "latn" };
        let tag = self.language.split("-u-").next().unwrap_or_default();
        format!("{tag}-u-nu-{system}").parse().or_else(|_| format!("en-u-nu-{system}").parse()).unwrap_or(Locale::UNKNOWN)
    }

    fn own_digits(&self, text: String) -> String {
        if !self.native_numerals {
            return text;
        }
        match digits::native(self.language) {
            Some((_, zero)) => digits::replaced(&text, zero),
            None => text,
        }
    }

    /// CLDR's special blanks become plain ones: nobody can type them, neither in a test nor in an answer.
    fn tidy(&self, text: String) -> String {
        text.replace(['\u{202f}', '\u{a0}'], " ")
    }
}

/// CLDR's category of a count in a language: `zero`, `one`, `two`, `few`, `many` or `other`.
#[must_use]
pub fn plural(number: Decimal, language: &str) -> &'static str {
    let locale: Locale = language.parse().unwrap_or(Locale::UNKNOWN);
    let category =
        PluralRules::try_new_cardinal(locale.into()).ok().zip(IcuDecimal::try_from_str(&number.normalize().to_string()).ok());
    match category.map(|(rules, decimal)| rules.category_for(&decimal)) {
        Some(PluralCategory::Zero) => "zero",
        Some(PluralCategory::One) => "one",
        Some(PluralCategory::Two) => "two",
        Some(PluralCategory::Few) => "few",
        Some(PluralCategory::Many) => "many",
        Some(PluralCategory::Other) | None => "other",
    }
}

/// The labels of a question for yes or no; `None` for a language whose words the engine does not know.
#[must_use]
pub fn yes_no_labels(language: &str) -> Option<Vec<String>> {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    };
    digits::known_yes_no(language).map(|(yes, no)| vec![capital(yes), capital(no)])
}

/// The categories that a language tells apart; `other` is always among them.
#[must_use]
pub fn plural_categories(language: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = (0_i64..=200)
        .flat_map(|whole| [Decimal::from(whole), Decimal::new(whole, 1)])
        .chain([Decimal::from(1_000_000)])
        .map(|number| plural(number, language))
        .chain(["other"])
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Exactly so many digits after the mark of a number that has no more. (The number's own printing fails for the largest.)
/// As short as it can be, with the digits 0-9.
fn written(number: Decimal) -> String {
    // Most numbers are whole: no formatter is asked for them.
    match i64::try_from(number.mantissa()) {
        Ok(whole) if number.scale() == 0 => itoa::Buffer::new().format(whole).to_owned(),
        _ => number.normalize().to_string(),
    }
}

fn fixed(number: Decimal, places: usize) -> String {
    let plain = number.normalize().to_string();
    if places == 0 {
        return plain;
    }
    let (whole, behind) = plain.split_once('.').unwrap_or((&plain, ""));
    format!("{whole}.{behind:0<places$}")
}

fn icu_date(date: Date) -> Option<IcuDate<Gregorian>> {
    let month = u8::try_from(date.month()).ok()?;
    IcuDate::try_new_gregorian(i32::from(date.year()), month, u8::try_from(date.day()).ok()?).ok()
}

fn icu_time(time: Time) -> Option<IcuTime> {
    IcuTime::try_new(u8::try_from(time.hour()).ok()?, u8::try_from(time.minute()).ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests;
