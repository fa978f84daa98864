//! What an answer says, by the type that was asked for. Digits of every script count.
//!
//! Pure and total: `None` where the text is no such answer, in time linear in its length.

use rust_decimal::Decimal;

use super::Body;
use crate::bot::{Type, Value, Word};
use crate::calendar::{Moment, Zone};
use crate::text;

mod choice;
mod contact;
mod day;
mod hour;
mod months;
mod number;

pub use choice::{Fit, pick};

/// Bytes of an answer to anything but a text question: longer ones are none.
pub(super) const ANSWER_BYTES_MOST: usize = 1_000;

/// The value of what came in.
#[must_use]
pub fn read_body(kind: &Type, body: &Body, language: &str, zone: &Zone, now: Moment) -> Option<Value> {
    match (kind, body) {
        (Type::Image, Body::Image { media_id }) => Some(Value::Text(media_id.clone())),
        (Type::Post, Body::Post { item_id, .. }) => Some(Value::Text(item_id.clone())),
        (Type::Image | Type::Post, _) => None,
        (kind, Body::Text { text } | Body::Button { text, .. }) => read(kind, text, language, zone, now),
        _ => None,
    }
}

/// The value of a text.
///
/// - `text`: any visible text within its length, without blanks at its ends;
/// - numbers: with the language's decimal mark and grouping, also Arabic marks;
/// - `digits`: blanks, `-`, `.`, `/` and `#` between them fall away;
/// - `email`: the only address in the text; `phone`: `+` and digits, or the digits of a local number;
/// - `date`: `2026-12-25`, `25/12`, `25.12.2026`, `25 December`, `today`; the day before the month but for languages that
///   write the month first; without a year the next such day; Buddhist years in Thai;
/// - `time`: `9:00`, `9.30`, `21h30`, `9 pm`, `0930`; a bare number only from 13 on, since `9` may mean the evening;
/// - `list`: one item a line, or parted by commas or semicolons;
/// - `yes_no` in eight languages; closed types by label, number or near miss; an expression on the whole text.
#[must_use]
pub fn read(kind: &Type, text: &str, language: &str, zone: &Zone, now: Moment) -> Option<Value> {
    if let Type::Text { most } = kind {
        let kept = text.trim();
        let fits = text::units(kept) <= usize::try_from(*most).unwrap_or(usize::MAX);
        return (fits && is_visible(kept)).then(|| Value::Text(kept.to_owned()));
    }
    if text.len() > ANSWER_BYTES_MOST && !matches!(kind, Type::List { .. }) {
        return None;
    }
    match kind {
        Type::Text { .. } | Type::Image | Type::Post | Type::OneOfList(_) | Type::Record(_) | Type::Any => None,
        Type::List { most, of } => list(*most, of, text, &|kind, said| read(kind, said, language, zone, now)),
        Type::Whole { least, most } => within(number::whole(text)?, least, most),
        Type::Decimal { least, most } => within(number::decimal(text, language)?, least, most),
        Type::Digits { fewest, most } => {
            let digits = number::digits(text)?;
            let count = u32::try_from(digits.len()).unwrap_or(u32::MAX);
            (*fewest..=*most).contains(&count).then_some(Value::Text(digits))
        }
        Type::Email => contact::email(text).map(Value::Text),
        Type::Phone => contact::phone(text).map(Value::Text),
        Type::Date => day::read(text, language, zone.civil(now).0).map(Value::Date),
        Type::Time => hour::read(text).map(Value::Time),
        Type::YesNo => text::yes_no(text).map(Value::Bool),
        Type::OneOf(words) => one_of(words, text).map(|(value, _)| value),
        Type::Matching(regex) => {
            let plain = text::digits_to_ascii(text.trim());
            regex.is_whole_match(&plain).then_some(Value::Text(plain))
        }
    }
}

/// Whether the text answers a closed type in so many words: a label, its number, yes or no.
#[must_use]
pub fn is_exact(kind: &Type, text: &str) -> bool {
    match kind {
        Type::YesNo => text.len() <= ANSWER_BYTES_MOST && text::yes_no(text).is_some(),
        Type::OneOf(words) => matches!(one_of(words, text), Some((_, Fit::Exact))),
        _ => false,
    }
}

fn one_of(words: &[Word], text: &str) -> Option<(Value, Fit)> {
    let labels: Vec<(&str, &[String])> = words.iter().map(|word| (word.label.as_str(), &[][..])).collect();
    let (index, fit) = pick(text, &labels)?;
    Some((words.get(index)?.value.clone(), fit))
}

/// Items one a line, or parted by commas or semicolons of any script where the lines alone do not fit.
fn list(most: u32, of: &Type, text: &str, read: &dyn Fn(&Type, &str) -> Option<Value>) -> Option<Value> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let lines: Vec<&str> = parts(text, &['\n']);
    let finer = || parts(text, &['\n', ',', ';', '،', '؛', '、', '，', '；']);
    // A text may hold commas of its own only where the author asked for one text.
    let closed = !matches!(of, Type::Text { .. });
    [Some(lines).filter(|lines| closed || lines.len() > 1), Some(finer())].into_iter().flatten().find_map(|items| {
        if items.is_empty() || items.len() > most {
            return None;
        }
        items.into_iter().map(|item| read(of, item)).collect::<Option<Vec<_>>>().map(Value::List)
    })
}

fn parts<'t>(text: &'t str, marks: &[char]) -> Vec<&'t str> {
    text.split(marks).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn within(number: Decimal, least: &Decimal, most: &Decimal) -> Option<Value> {
    (*least <= number && number <= *most).then_some(Value::Number(number))
}

/// Something that a reader sees, though folding leaves nothing of it, such as `?`.
fn is_visible(text: &str) -> bool {
    text.chars()
        .any(|c| !c.is_whitespace() && !c.is_control() && !text::is_bidi_control(c) && !('\u{200b}'..='\u{200d}').contains(&c))
}

#[cfg(test)]
mod tests;
