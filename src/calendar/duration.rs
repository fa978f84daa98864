//! Durations as authors write them.

const UNITS: [(char, i64); 4] = [('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1_000)];

/// `1h30m` for 5 400 000; parts of a second fall away; a day is 24 hours.
#[must_use]
pub fn duration_text(ms: i64) -> String {
    let mut rest = ms.unsigned_abs();
    let mut text = String::new();
    for (unit, size) in UNITS {
        let size = size.unsigned_abs();
        let count = rest.checked_div(size).unwrap_or(0);
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(unit);
            rest = rest.saturating_sub(count.saturating_mul(size));
        }
    }
    match (text.is_empty(), ms < 0) {
        (true, _) => "0s".to_owned(),
        (false, true) => format!("-{text}"),
        (false, false) => text,
    }
}

/// The milliseconds of `30s`, `1h30m`, `2d`: units falling, each once; `None` for anything else or too much.
#[must_use]
pub fn duration_from(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0_i64;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let (_, size) = units.find(|(known, _)| *known == unit)?;
        total = total.checked_add(count.checked_mul(*size)?)?;
        rest = rest.get(digits.checked_add(unit.len_utf8())?..)?;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_authors_write_them() {
        for (ms, text) in [(5_400_000, "1h30m"), (172_800_000, "2d"), (999, "0s"), (-61_000, "-1m1s"), (90_061_000, "1d1h1m1s")] {
            assert_eq!(duration_text(ms), text);
        }
        assert!(duration_text(i64::MIN).starts_with('-'));
    }

    #[test]
    fn and_read_back() {
        for text in ["30s", "5m", "1h30m", "2d", "1d1h1m1s"] {
            assert_eq!(duration_from(text).map(duration_text).as_deref(), Some(text));
        }
        for odd in ["", "5", "m5", "5x", "1m1h", "1h1h", "99999999999999999999d", "9999999999999d", "١h", "1hé"] {
            assert_eq!(duration_from(odd), None, "{odd}");
        }
    }
}
