//! Durations as authors write them.

/// `1h30m` for 5 400 000; milliseconds that make no whole second are left out.
pub(super) fn duration(ms: i64) -> String {
    let mut rest = ms.unsigned_abs() / 1_000;
    let mut text = if ms < 0 { "-".to_owned() } else { String::new() };
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        // A day is written as hours up to two days, as the channel's own window is.
        if unit == "d" && rest <= 2 * 86_400 {
            continue;
        }
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() || text == "-" { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_as_they_are_written() {
        assert_eq!(duration(0), "0s");
        assert_eq!(duration(5_400_000), "1h30m");
        assert_eq!(duration(172_800_000), "48h");
        assert_eq!(duration(777_600_000), "9d");
        assert_eq!(duration(i64::MIN), "-106751991167d7h12m55s");
    }
}
