//! Numbers, durations, dates, times, patterns.

use rust_decimal::Decimal;

use crate::calendar::{Date, Time};
use crate::syntax::codes;
use crate::syntax::duration;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Regex, Spanned};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn integer(&mut self, pair: &Pair<'_>) -> Spanned<u32> {
        let value = pair.as_str().parse().unwrap_or_else(|_| {
            self.error(codes::NUMBER, self.span(pair), format!("`{}` is too large", pair.as_str()), "write a smaller number");
            0
        });
        self.spanned(pair, value)
    }

    pub(super) fn decimal(&mut self, pair: &Pair<'_>) -> Decimal {
        let text = pair.as_str().trim();
        Decimal::from_str_exact(text).unwrap_or_else(|_| {
            self.error(
                codes::NUMBER,
                self.span(pair),
                format!("`{text}` has more digits than can be kept exactly"),
                "28 digits at most",
            );
            Decimal::ZERO
        })
    }

    pub(super) fn whole(&mut self, pair: &Pair<'_>) -> Spanned<i64> {
        let value = pair.as_str().trim().parse().unwrap_or_else(|_| {
            self.error(
                codes::NUMBER,
                self.span(pair),
                format!("`{}` is not a whole number that fits", pair.as_str().trim()),
                "such as `10`",
            );
            0
        });
        self.spanned(pair, value)
    }

    /// A `duration` pair, odd spellings reported.
    pub(super) fn duration(&mut self, pair: &Pair<'_>) -> Spanned<i64> {
        let span = self.span(pair);
        let text = pair.as_str().trim();
        if child(pair, Rule::odd_length).is_some() {
            let meant = duration::guess(text);
            let help = meant.map_or_else(
                || "a duration is a number with its unit, `30s`, `5m`, `4h`, `2d` or `1h30m`".to_owned(),
                |ms| format!("write `{}`", duration::print(ms)),
            );
            self.error(codes::DURATION, span, format!("`{text}` is not how a duration is written"), help);
            return Spanned { value: meant.unwrap_or(1000), span };
        }
        Spanned { value: self.length(pair), span }
    }

    /// A `length`, as milliseconds.
    pub(super) fn length(&mut self, pair: &Pair<'_>) -> i64 {
        let text = pair.as_str().trim();
        duration::parse(text).unwrap_or_else(|| {
            self.error(
                codes::NUMBER,
                self.span(pair),
                format!("`{text}` is longer than any time that can be counted"),
                "write a shorter one",
            );
            1000
        })
    }

    pub(super) fn date(&mut self, pair: &Pair<'_>) -> Spanned<Date> {
        let text = pair.as_str().trim();
        let mut parts = text.split('-');
        let mut next = || parts.next().and_then(|part| part.parse::<i16>().ok()).unwrap_or(0);
        let (year, month, day) = (next(), next(), next());
        let value = Date::new(year, month as i8, day as i8).unwrap_or_else(|_| {
            self.error(codes::NUMBER, self.span(pair), format!("there is no day `{text}`"), "dates are written year-month-day");
            Date::MAX
        });
        self.spanned(pair, value)
    }

    /// A time of day; `24:00` is the midnight that ends it.
    pub(super) fn time(&mut self, pair: &Pair<'_>) -> Spanned<Time> {
        let text = pair.as_str().trim();
        let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
        let (hour, minute) = (hour.parse::<i8>().unwrap_or(99), minute.parse::<i8>().unwrap_or(99));
        let hour = if (hour, minute) == (24, 0) { 0 } else { hour };
        let value = Time::new(hour, minute, 0, 0).unwrap_or_else(|_| {
            self.error(codes::NUMBER, self.span(pair), format!("there is no time `{text}`"), "times go from `00:00` to `23:59`");
            Time::midnight()
        });
        self.spanned(pair, value)
    }

    pub(super) fn regex(&mut self, pair: &Pair<'_>) -> Regex {
        let source = child(pair, Rule::regex_body).map(|body| body.as_str().to_owned()).unwrap_or_default();
        let flags = child(pair, Rule::regex_flags).map(|flags| flags.as_str().to_owned()).unwrap_or_default();
        if let Some(odd) = flags.chars().find(|c| !"ismx".contains(*c)) {
            let message = format!("`{odd}` is not a flag of a pattern");
            self.error(codes::EXPECTED, self.span(pair), message, "the flags are `i`, `s`, `m` and `x`");
        }
        Regex { source, flags: flags.chars().filter(|c| "ismx".contains(*c)).collect(), span: self.span(pair) }
    }
}
