//! Numbers as people write them.

use rust_decimal::Decimal;

use crate::text::{digits_to_ascii, is_bidi_control};

/// A number without a part behind the mark; a mark before three digits groups them.
pub(super) fn whole(text: &str) -> Option<Decimal> {
    let number = parse(text, |_, after| if after <= 2 { Role::Decimal } else { Role::Groups })?;
    number.fract().is_zero().then(|| number.trunc())
}

/// A number by the language's marks.
pub(super) fn decimal(text: &str, language: &str) -> Option<Decimal> {
    let comma = has_decimal_comma(language);
    parse(text, |mark, after| if after == 3 { Role::of(mark, comma) } else { Role::Decimal })
}

/// The digits of a text that holds nothing else but what people put between them.
pub(super) fn digits(text: &str) -> Option<String> {
    let plain = digits_to_ascii(text);
    let mut found = String::new();
    for c in plain.chars().filter(|c| !is_invisible(*c)) {
        match c {
            '0'..='9' => found.push(c),
            '-' | '.' | '/' | '#' | '–' | '_' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(found)
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Decimal,
    Groups,
}

impl Role {
    /// What a single mark before three digits is in a language whose decimal mark is the comma or not.
    const fn of(mark: char, comma: bool) -> Self {
        if (mark == ',') == comma { Self::Decimal } else { Self::Groups }
    }
}

/// `single` says what the only mark is, given it and the number of digits behind it.
fn parse(text: &str, single: impl Fn(char, usize) -> Role) -> Option<Decimal> {
    let plain = tidy(text);
    let (negative, figures) = match plain.strip_prefix(['-', '−', '–']) {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let figures = figures.trim();
    if !figures.starts_with(|c: char| c.is_ascii_digit()) || !figures.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // Arabic marks have one meaning each.
    let last = figures.rfind(['.', ',', '٫']);
    let decimal_at = last.filter(|at| {
        let (before, behind) = figures.split_at_checked(*at).unwrap_or((figures, ""));
        let mut behind = behind.chars();
        match behind.next() {
            Some('٫') => true,
            Some(mark) if before.contains(mark) => false,
            Some(_) if before.contains(['.', ',', '٬', ' ', '\'']) => true,
            Some(mark) => single(mark, behind.count()) == Role::Decimal,
            None => false,
        }
    });
    let (whole, fraction) = match decimal_at {
        Some(at) => (figures.get(..at)?, figures.get(at..)?.trim_start_matches(['.', ',', '٫'])),
        None => (figures, ""),
    };
    let whole = ungrouped(whole)?;
    if !fraction.chars().all(|c| c.is_ascii_digit()) || whole.len().saturating_add(fraction.len()) > 28 {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    let joined = if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
    Decimal::from_str_exact(&joined).ok().map(|number| if number.is_zero() { Decimal::ZERO } else { number })
}

/// Digits without the marks between their groups; `None` where the groups are none.
fn ungrouped(text: &str) -> Option<String> {
    let mut marks = text.chars().filter(|c| !c.is_ascii_digit());
    let Some(mark) = marks.next() else { return Some(text.to_owned()) };
    if !matches!(mark, '.' | ',' | '٬' | ' ' | '\'') || marks.any(|other| other != mark) {
        return None;
    }
    let groups: Vec<&str> = text.split(mark).collect();
    let (last, rest) = groups.split_last()?;
    let (first, middle) = rest.split_first()?;
    // Groups of two are Indian.
    let fits = (1..=3).contains(&first.len()) && last.len() == 3 && middle.iter().all(|group| matches!(group.len(), 2 | 3));
    fits.then(|| groups.concat())
}

fn tidy(text: &str) -> String {
    let plain: String = digits_to_ascii(text)
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '\u{60c}' | '，' => ',',
            '．' => '.',
            '’' => '\'',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    // A sentence's mark at the end says nothing about the number.
    plain.trim().trim_end_matches(['.', '!', '؟', '?', ',', '。']).trim().to_owned()
}

/// Marks of direction, variation selectors and the frame of a keycap.
fn is_invisible(c: char) -> bool {
    is_bidi_control(c) || matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}' | '\u{200b}'..='\u{200d}' | '\u{feff}')
}

fn has_decimal_comma(language: &str) -> bool {
    let mut parts = language.split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    let region = parts.next_back().unwrap_or_default();
    match primary {
        "es" => !matches!(region, "MX" | "419" | "US" | "PE" | "GT" | "HN" | "NI" | "PA" | "SV" | "DO" | "PR"),
        "id" | "vi" | "pt" | "fr" | "de" | "it" | "tr" | "ru" | "uk" | "nl" | "pl" | "sv" | "da" | "fi" | "cs" | "el" | "ro"
        | "hu" | "bg" | "sr" | "kk" => true,
        _ => false,
    }
}
