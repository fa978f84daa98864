//! Answers that fit a type, answers that do not, and the values that systems give.

use rust_decimal::Decimal;

use super::chance::Chance;
use crate::bot::{Given, Type, Value, ValueMap, Word};
use crate::calendar::{date, plus_days, time};
use crate::text;

/// Bytes of a made-up text at most.
const TEXT_MAX: usize = 300;

/// Words of several scripts.
const WORDS: [&str; 14] =
    ["hello", "size", "M", "please", "شكرا", "مرحبا", "สวัสดีค่ะ", "ขอบคุณ", "terima kasih", "こんにちは", "ok", "👍", "12", "…"];

/// Texts that fit nothing.
const ODD: [&str; 16] = [
    "?",
    "...",
    " ",
    "🙏🏽🙏🏽",
    "\u{200f}؟",
    "ـــ",
    "0",
    "-1",
    "٠",
    "qwertyuiop asdf",
    "'; drop table",
    "{name}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "a\nb\nc",
    "999999999999999999999999",
    "not now",
];

/// A text that fits nothing in particular: odd, long, or of many scripts.
pub(super) fn gibberish(chance: &mut Chance) -> String {
    match chance.below(10) {
        0 => "long ".repeat(40 + chance.below(200)),
        1 => "ط".repeat(1 + chance.below(700)),
        2..=4 => words(chance, 6),
        _ => chance.pick(&ODD).map_or_else(String::new, |text| (*text).to_owned()),
    }
}

fn words(chance: &mut Chance, most: usize) -> String {
    let count = 1 + chance.below(most);
    let picked: Vec<&str> = (0..count).filter_map(|_| chance.pick(&WORDS).copied()).collect();
    picked.join(" ")
}

/// A text that answers the type; `None` where no text does.
pub(super) fn fitting(kind: &Type, chance: &mut Chance) -> Option<String> {
    Some(match kind {
        Type::Text { most } => text_within(*most, chance),
        Type::Whole { least, most } => digits_as(&within(least, most, 0, chance).to_string(), chance),
        Type::Decimal { least, most } => within(least, most, 2, chance).to_string(),
        Type::Digits { fewest, most } => {
            let count = chance.between(i64::from(*fewest), i64::from(*most));
            let digits: String = (0..count).filter_map(|_| char::from_digit(u32::try_from(chance.below(10)).ok()?, 10)).collect();
            digits_as(&digits, chance)
        }
        Type::Email => format!("c{}@example.com", chance.below(100)),
        Type::Phone => format!("+2010{:08}", chance.below(100_000_000)),
        Type::Date => (*chance.pick(&["2026-12-25", "25/12", "tomorrow", "31.1.2027"])?).to_owned(),
        Type::Time => (*chance.pick(&["09:00", "21:30", "0930", "9 pm"])?).to_owned(),
        Type::YesNo => (*chance.pick(&["yes", "no", "نعم", "لا", "👍"])?).to_owned(),
        Type::OneOf(list) => pick_word(list, chance)?,
        Type::Matching(regex) => {
            let whole: Vec<String> = regex.samples().into_iter().filter(|text| regex.is_whole_match(text)).collect();
            chance.pick(&whole)?.clone()
        }
        Type::List { of, .. } => fitting(of, chance)?,
        Type::OneOfList(_) | Type::Image | Type::Post | Type::Record(_) | Type::Any => return None,
    })
}

/// A label, its number, or the label with a slip.
fn pick_word(list: &[Word], chance: &mut Chance) -> Option<String> {
    let at = chance.below(list.len());
    let label = &list.get(at)?.label;
    Some(match chance.below(6) {
        0 => at.saturating_add(1).to_string(),
        1 => near(label, chance),
        _ => label.clone(),
    })
}

/// The text with one slip: a letter left out, doubled, or in the other case.
pub(super) fn near(text: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = chance.below(letters.len());
    match (chance.below(3), letters.get(at).copied()) {
        (0, Some(_)) if letters.len() > 3 => {
            letters.remove(at);
        }
        (1, Some(letter)) => letters.insert(at, letter),
        (_, Some(letter)) => {
            let other = letter.to_uppercase().next().filter(|upper| *upper != letter).or(letter.to_lowercase().next());
            if let (Some(slot), Some(other)) = (letters.get_mut(at), other) {
                *slot = other;
            }
        }
        (_, None) => {}
    }
    letters.into_iter().collect()
}

fn text_within(most: u32, chance: &mut Chance) -> String {
    let most = usize::try_from(most).unwrap_or(TEXT_MAX).min(TEXT_MAX);
    if chance.percent(15) {
        return "n".repeat(most);
    }
    let text = words(chance, 4);
    let short: String = text.chars().take(most / 2).collect();
    if short.trim().is_empty() { "a".to_owned() } else { short }
}

/// Between both ends, which come up often.
fn within(least: &Decimal, most: &Decimal, places: u32, chance: &mut Chance) -> Decimal {
    match chance.below(4) {
        0 => *least,
        1 => *most,
        _ => {
            let thousandth = Decimal::new(chance.between(0, 1_000), 3);
            let span = most.checked_sub(*least).unwrap_or_default().min(Decimal::from(1_000_000));
            let inside = least.checked_add(span.checked_mul(thousandth).unwrap_or_default()).unwrap_or(*least);
            inside.round_dp(places).clamp(*least, *most)
        }
    }
}

/// Digits, now and then of another script.
fn digits_as(text: &str, chance: &mut Chance) -> String {
    let zero = match chance.below(6) {
        0 => '٠',
        1 => '๐',
        _ => return text.to_owned(),
    };
    let other = |letter: char| {
        let digit = letter.to_digit(10)?;
        char::from_u32(u32::from(zero).saturating_add(digit))
    };
    text.chars().map(|letter| other(letter).unwrap_or(letter)).collect()
}

/// A value of the type, as a system would give it; `None` where there is none.
pub(super) fn value(kind: &Type, constants: &[Value], chance: &mut Chance) -> Option<Value> {
    if chance.percent(60)
        && let Some(constant) = constant(kind, constants, chance)
    {
        return Some(constant);
    }
    let written = |text: &str| Some(Value::Text(text.to_owned()));
    match kind {
        Type::Text { most } => Some(Value::Text(text_within(*most, chance))),
        Type::Whole { least, most } => Some(Value::Number(within(least, most, 0, chance))),
        Type::Decimal { least, most } => Some(Value::Number(within(least, most, 2, chance))),
        Type::Digits { .. } | Type::Matching(_) => fitting(kind, chance).map(|text| Value::Text(text::digits_to_ascii(&text))),
        Type::Email => written("a@example.com"),
        Type::Phone => written("+201001234567"),
        Type::Date => Some(Value::Date(plus_days(date(2026, 1, 1)?, chance.between(0, 700)))),
        Type::Time => Some(Value::Time(time(chance.between(0, 23), 30)?)),
        Type::YesNo => Some(Value::Bool(chance.percent(50))),
        Type::OneOf(list) => chance.pick(list).map(|word| word.value.clone()),
        Type::List { most, of } => {
            let count = chance.between(0, i64::from(*most).min(12));
            (0..count).map(|_| value(of, constants, chance)).collect::<Option<_>>().map(Value::List)
        }
        Type::Record(fields) => Some(Value::Map(record(fields, constants, chance))),
        Type::Any => Some(Value::Map(ValueMap::from([("id".to_owned(), Value::Text("1".to_owned()))]))),
        Type::OneOfList(_) | Type::Image | Type::Post => None,
    }
}

/// The fields of an answer; optional ones come and go.
pub(super) fn record(fields: &[Given], constants: &[Value], chance: &mut Chance) -> ValueMap {
    let mut map = ValueMap::new();
    for field in fields {
        if (!field.optional || chance.percent(60))
            && let Some(value) = value(&field.kind, constants, chance)
        {
            map.insert(field.name.clone(), wire(value));
        }
    }
    map
}

/// A value of the type that some flow compares with.
pub(super) fn constant(kind: &Type, constants: &[Value], chance: &mut Chance) -> Option<Value> {
    let fits = |value: &&Value| match (kind, value) {
        (Type::Text { most }, Value::Text(text)) => text::units(text) <= usize::try_from(*most).unwrap_or(usize::MAX),
        (Type::Whole { least, most }, Value::Number(number)) => number.is_integer() && least <= number && number <= most,
        (Type::Decimal { least, most }, Value::Number(number)) => least <= number && number <= most,
        _ => false,
    };
    let fitting: Vec<&Value> = constants.iter().filter(fits).collect();
    chance.pick(&fitting).map(|value| (*value).clone())
}

/// A value as JSON carries it: dates and times are texts there.
fn wire(value: Value) -> Value {
    match value {
        Value::Date(date) => Value::Text(date.to_string()),
        Value::Time(time) => Value::Text(time.to_string().chars().take(5).collect()),
        Value::List(items) => Value::List(items.into_iter().map(wire).collect()),
        Value::Map(map) => Value::Map(map.into_iter().map(|(name, value)| (name, wire(value))).collect()),
        other => other,
    }
}

/// A value that does not fit the type, where one is known.
pub(super) fn misfit(kind: &Type) -> Value {
    match kind {
        Type::Whole { .. } | Type::Decimal { .. } | Type::YesNo => Value::Text("none".to_owned()),
        _ => Value::Number(Decimal::new(-15, 1)),
    }
}
