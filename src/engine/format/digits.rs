//! Small tables of languages: own digits, yes and no, what stands between the items of a list.

/// The CLDR numbering system that is a language's own, and its zero.
pub(super) fn native(language: &str) -> Option<(&'static str, char)> {
    Some(match primary(language) {
        "ar" | "ckb" | "sd" => ("arab", '٠'),
        "fa" | "ur" | "ps" => ("arabext", '۰'),
        "hi" | "mr" | "ne" => ("deva", '०'),
        "bn" | "as" => ("beng", '০'),
        "th" => ("thai", '๐'),
        "my" => ("mymr", '၀'),
        "km" => ("khmr", '០'),
        "lo" => ("laoo", '໐'),
        _ => return None,
    })
}

/// 0-9 as the ten characters from `zero` on.
pub(super) fn replaced(text: &str, zero: char) -> String {
    let own = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(u32::from(zero).checked_add(digit)?));
    text.chars().map(|c| own(c).unwrap_or(c)).collect()
}

pub(super) fn yes_no(language: &str, yes: bool) -> &'static str {
    let (for_yes, for_no) = known_yes_no(language).unwrap_or(("yes", "no"));
    if yes { for_yes } else { for_no }
}

/// Yes and no of the languages in which answers are read.
pub(super) fn known_yes_no(language: &str) -> Option<(&'static str, &'static str)> {
    Some(match primary(language) {
        "en" => ("yes", "no"),
        "ar" => ("نعم", "لا"),
        "es" => ("sí", "no"),
        "fr" => ("oui", "non"),
        "id" | "ms" => ("ya", "tidak"),
        "vi" => ("có", "không"),
        "th" => ("ใช่", "ไม่ใช่"),
        "pt" => ("sim", "não"),
        _ => return None,
    })
}

pub(super) fn list_mark(language: &str) -> &'static str {
    match primary(language) {
        "ar" | "fa" | "ur" | "ckb" | "ps" => "، ",
        "zh" | "ja" => "、",
        _ => ", ",
    }
}

pub(super) fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or_default()
}
