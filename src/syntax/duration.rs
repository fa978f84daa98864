//! Durations as authors write them, in milliseconds.

const UNITS: [(char, i64); 4] = [('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1_000)];

/// `1h30m` as milliseconds; `None` where it does not fit or is none.
pub fn parse(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
        } else {
            let (_, unit) = UNITS.iter().find(|(name, _)| *name == c)?;
            total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*unit)?)?;
            number.clear();
        }
    }
    (number.is_empty() && !text.is_empty()).then_some(total)
}

/// The canonical spelling: whole days from two on, else hours, minutes and seconds.
pub fn print(ms: i64) -> String {
    const DAY: i64 = 86_400_000;
    if ms >= 2 * DAY && ms % DAY == 0 {
        return format!("{}d", ms / DAY);
    }
    let mut out = String::new();
    let mut left = ms;
    for (name, unit) in UNITS.iter().skip(1) {
        if left >= *unit {
            out.push_str(&format!("{}{name}", left / unit));
            left %= unit;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// What `2 hours` or `1.5h` was meant to be; `None` without a unit or where it does not fit.
pub fn guess(text: &str) -> Option<i64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(split)?;
    let unit: i64 = match unit.trim().to_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "w" | "week" | "weeks" => 7 * 86_400_000,
        "month" | "months" => 30 * 86_400_000,
        "ms" | "milliseconds" => 1,
        _ => return None,
    };
    let ms = rust_decimal::Decimal::from_str_exact(number).ok()?.checked_mul(rust_decimal::Decimal::from(unit))?;
    let ms = i64::try_from(ms.trunc()).ok()?;
    Some(ms / 1_000 * 1_000).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_what_authors_write() {
        for text in ["30s", "5m", "4h", "2d", "1h30m", "24h", "90d", "47h50m", "12h"] {
            assert_eq!(print(parse(text).unwrap()), text);
        }
        assert_eq!(print(parse("60m").unwrap()), "1h");
        assert_eq!(print(parse("1d").unwrap()), "24h");
        assert_eq!(parse("99999999999999999d"), None);
        assert_eq!(parse("5"), None);
    }

    #[test]
    fn guesses_what_was_meant() {
        assert_eq!(guess("2 hours"), parse("2h"));
        assert_eq!(guess("1.5h"), parse("1h30m"));
        assert_eq!(guess("1 week"), parse("7d"));
        assert_eq!(guess("90"), None);
    }
}
