//! Addresses and numbers of people.

use unicode_normalization::UnicodeNormalization as _;

use crate::text::{digits_to_ascii, is_bidi_control};

/// The only address in the text, its domain in lower case.
pub(super) fn email(text: &str) -> Option<String> {
    let plain: String = text.nfkc().filter(|c| !is_bidi_control(*c)).collect();
    let mut candidates = plain.split_whitespace().filter(|word| word.contains('@'));
    let word = candidates.next()?;
    if candidates.next().is_some() {
        return None;
    }
    let word = word.trim_matches(['<', '>', '(', ')', '"', '\'', ',', ';', '!', '?', '؟', '،', ':', '.']);
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    let (local, domain) = word.rsplit_once('@')?;
    let dotted = |text: &str| text.split('.').all(|part| !part.is_empty());
    let local_fits = local.len() <= 64
        && dotted(local)
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let labels: Vec<&str> = domain.split('.').collect();
    let domain_fits = labels.len() >= 2
        && labels.iter().all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        && labels.last().is_some_and(|top| top.len() >= 2 && top.chars().any(|c| c.is_ascii_alphabetic()));
    (local_fits && domain_fits && word.len() <= 254).then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// `+` and 8 to 15 digits for an international number, else 6 to 15 digits as they were dialled.
pub(super) fn phone(text: &str) -> Option<String> {
    let plain: String = text.nfkc().filter(|c| !is_bidi_control(*c)).collect();
    let plain = digits_to_ascii(plain.trim());
    let (international, rest) = match plain.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, plain.as_str()),
    };
    let mut digits = String::new();
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | '.' | '(' | ')' | '/' | '–' | '‐' | '‑' => {}
            c if c.is_whitespace() => {}
            // Written behind the number in texts from right to left.
            '+' if !international && rest.ends_with('+') && !digits.is_empty() => {}
            _ => return None,
        }
    }
    let behind = !international && rest.ends_with('+');
    let (international, digits) = match digits.strip_prefix("00") {
        Some(rest) if !international => (true, rest.to_owned()),
        _ => (international || behind, digits),
    };
    if international {
        // `+20 (0) 10…`: the zero is dialled inside the country only; which one it is cannot be known here.
        ((8..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
    } else {
        (6..=15).contains(&digits.len()).then_some(digits)
    }
}
