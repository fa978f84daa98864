//! The two written forms of a moment that TikTok's answers carry.

use crate::calendar::Moment;

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    weekday: i64,
    second_of_day: i64,
}

/// Days to year, month, day by the Gregorian calendar of any era (the usual shift of the year's start to March).
fn civil(moment: Moment) -> Civil {
    let seconds = moment.0.div_euclid(1000);
    let days = seconds.div_euclid(86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Civil {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        weekday: (days + 4).rem_euclid(7),
        second_of_day: seconds.rem_euclid(86_400),
    }
}

/// `20260610152955`.
pub(super) fn digits(moment: Moment) -> String {
    let at = civil(moment);
    let (hour, minute, second) = clock(at.second_of_day);
    format!("{:04}{:02}{:02}{hour:02}{minute:02}{second:02}", at.year, at.month, at.day)
}

/// The `Date` header: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn header(moment: Moment) -> String {
    let at = civil(moment);
    let (hour, minute, second) = clock(at.second_of_day);
    let weekday = word("SunMonTueWedThuFriSat", at.weekday);
    let month = word("JanFebMarAprMayJunJulAugSepOctNovDec", at.month - 1);
    format!("{weekday}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day, at.year)
}

const fn clock(second_of_day: i64) -> (i64, i64, i64) {
    (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60)
}

fn word(words: &'static str, at: i64) -> &'static str {
    let start = usize::try_from(at).unwrap_or_default() * 3;
    words.get(start..start + 3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_writes_them() {
        assert_eq!(header(Moment(784_111_777_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(header(Moment(951_782_400_999)), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(header(Moment(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn request_ids_begin_with_the_digits_of_the_moment() {
        assert_eq!(digits(Moment(1_781_105_395_000)), "20260610152955");
        assert_eq!(digits(Moment(-1000)), "19691231235959");
    }
}
