//! Values from outside, checked against the types that the author gave them. Pure and total.

use std::str::FromStr as _;

use rust_decimal::Decimal;

use super::answer;
use crate::bot::{Given, Type, Value, ValueMap};
use crate::calendar::{self, Moment, Zone};
use crate::text;

/// The value of a JSON document; what is `null` is missing: left out of a map, and of a list. `None` for a bare `null`.
#[must_use]
pub fn from_json(json: serde_json::Value) -> Option<Value> {
    match json {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(is) => Some(Value::Bool(is)),
        serde_json::Value::Number(number) => {
            let written = number.to_string();
            let found = Decimal::from_str_exact(&written).or_else(|_| Decimal::from_scientific(&written));
            // A number beyond 28 digits is kept as it is written.
            Some(found.map_or(Value::Text(written), Value::Number))
        }
        serde_json::Value::String(text) => Some(Value::Text(text)),
        serde_json::Value::Array(items) => Some(Value::List(items.into_iter().filter_map(from_json).collect())),
        serde_json::Value::Object(fields) => {
            Some(Value::Map(fields.into_iter().filter_map(|(name, value)| Some((name, from_json(value)?))).collect()))
        }
    }
}

/// The JSON document of a value: numbers with all their digits, dates as `2026-11-20`, times as `09:00`, moments as RFC 3339,
/// lengths of time in milliseconds.
#[must_use]
pub fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

fn write_json(value: &Value, out: &mut String) {
    // A text without its marks, where it could not be written: no text of Rust's is one.
    let text = |text: &str| serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned());
    match value {
        Value::Text(said) => out.push_str(&text(said)),
        Value::Number(number) => out.push_str(&number.normalize().to_string()),
        Value::Bool(is) => out.push_str(if *is { "true" } else { "false" }),
        Value::Date(date) => out.push_str(&text(&date.to_string())),
        Value::Time(time) => out.push_str(&text(&format!("{:02}:{:02}", time.hour(), time.minute()))),
        Value::Moment(moment) => out.push_str(&text(&moment.rfc3339())),
        Value::Duration(ms) => out.push_str(&ms.to_string()),
        Value::List(items) => {
            out.push('[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Map(fields) => {
            out.push('{');
            for (nth, (name, field)) in fields.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                out.push_str(&text(name));
                out.push(':');
                write_json(field, out);
            }
            out.push('}');
        }
    }
}

/// The fields of an answer that the author named, each of its type; others are dropped.
///
/// # Errors
/// Which field is missing or does not fit.
pub fn record(fields: &[Given], value: Value, zone: &Zone) -> Result<Value, String> {
    let Value::Map(mut found) = value else { return Err("its answer is no map of names and values".to_owned()) };
    let mut kept = ValueMap::new();
    for field in fields {
        match found.remove(&field.name) {
            None if field.optional => {}
            None => return Err(format!("`{}` is missing in its answer", field.name)),
            Some(value) => match read(&field.kind, value, zone) {
                Some(value) => drop(kept.insert(field.name.clone(), value)),
                None => return Err(format!("`{}` in its answer does not fit its type", field.name)),
            },
        }
    }
    Ok(Value::Map(kept))
}

/// The value as one of this type: as it is where it fits, and a text where it says so exactly: a date as `2026-11-20` or
/// with its time, a time as `09:00`, a number as `12.50`. `None` where it does not fit.
#[must_use]
pub fn read(kind: &Type, value: Value, zone: &Zone) -> Option<Value> {
    match kind {
        Type::Any => Some(value),
        Type::Text { most } => match value {
            Value::Text(said) if text::units(&said) <= size(*most) => Some(Value::Text(said)),
            _ => None,
        },
        Type::Whole { least, most } => number(value).filter(|n| n.fract().is_zero() && within(n, least, most)).map(Value::Number),
        Type::Decimal { least, most } => number(value).filter(|n| within(n, least, most)).map(Value::Number),
        Type::Digits { fewest, most } => {
            digits(value).filter(|text| (size(*fewest)..=size(*most)).contains(&text.len())).map(Value::Text)
        }
        Type::Date => date(value, zone),
        Type::Time => time(value),
        Type::YesNo => matches!(value, Value::Bool(_)).then_some(value),
        Type::OneOf(words) => {
            let found = words.iter().find(|word| word.value == value || Some(&word.value) == as_number(&value).as_ref());
            found.map(|word| word.value.clone())
        }
        Type::OneOfList(_) => matches!(value, Value::Text(_) | Value::Number(_)).then_some(value),
        Type::Image | Type::Post => matches!(value, Value::Text(_)).then_some(value),
        Type::Email | Type::Phone | Type::Matching(_) => match &value {
            Value::Text(said) => answer::read(kind, said, "en", zone, Moment::default()),
            _ => None,
        },
        Type::List { most, of } => match value {
            Value::List(items) if items.len() <= size(*most) => {
                items.into_iter().map(|item| read(of, item, zone)).collect::<Option<_>>().map(Value::List)
            }
            _ => None,
        },
        Type::Record(fields) => record(fields, value, zone).ok(),
    }
}

fn size(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}

fn within(number: &Decimal, least: &Decimal, most: &Decimal) -> bool {
    least <= number && number <= most
}

fn number(value: Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(number),
        Value::Text(said) if said.len() <= 40 => Decimal::from_str_exact(said.trim()).ok(),
        _ => None,
    }
}

fn as_number(value: &Value) -> Option<Value> {
    match value {
        Value::Text(said) if said.len() <= 40 => Decimal::from_str(said.trim()).ok().map(Value::Number),
        _ => None,
    }
}

fn digits(value: Value) -> Option<String> {
    let said = match value {
        Value::Text(said) => said,
        Value::Number(number) => number.normalize().to_string(),
        _ => return None,
    };
    (!said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit())).then_some(said)
}

fn date(value: Value, zone: &Zone) -> Option<Value> {
    match value {
        Value::Date(_) => Some(value),
        Value::Moment(moment) => Some(Value::Date(zone.civil(moment).0)),
        Value::Text(said) => match plain_date(&said) {
            Some(date) => Some(date),
            None => Moment::from_rfc3339(&said).map(|moment| Value::Date(zone.civil(moment).0)),
        },
        _ => None,
    }
}

fn plain_date(said: &str) -> Option<Value> {
    let mut parts = said.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    calendar::date(plain(year)?, plain(month)?, plain(day)?).map(Value::Date)
}

fn time(value: Value) -> Option<Value> {
    let Value::Text(said) = value else { return matches!(value, Value::Time(_)).then_some(value) };
    let mut parts = said.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let seconds = parts.next().is_none_or(|seconds| plain(seconds).is_some_and(|seconds| seconds < 60));
    if (hour.len(), minute.len()) != (2, 2) || !seconds || parts.next().is_some() {
        return None;
    }
    calendar::time(plain(hour)?, plain(minute)?).map(Value::Time)
}

/// A whole number of digits alone.
fn plain(said: &str) -> Option<i64> {
    said.bytes().all(|byte| byte.is_ascii_digit()).then(|| said.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
