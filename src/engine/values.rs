//! Values read from texts and shown in them.

use rust_decimal::Decimal;

use crate::bot::{Filter, Type, Value};
use crate::calendar::{Moment, Zone};
use crate::text;

/// The value of a typed answer; `None` where it does not fit.
pub(super) fn read(kind: &Type, said: &str, _tag: &str, _zone: &Zone, _now: Moment) -> Option<Value> {
    let said = said.trim();
    match kind {
        Type::Text { most } => {
            let fits = !said.is_empty() && text::units(said) <= usize::try_from(*most).unwrap_or(usize::MAX);
            fits.then(|| Value::Text(said.to_owned()))
        }
        Type::Digits { fewest, most } => {
            let digits = text::digits_to_ascii(said);
            let many = u32::try_from(digits.len()).ok()?;
            let fits = digits.bytes().all(|byte| byte.is_ascii_digit()) && (*fewest..=*most).contains(&many);
            fits.then_some(Value::Text(digits))
        }
        Type::Whole { least, most } | Type::Decimal { least, most } => {
            let number: Decimal = text::digits_to_ascii(said).parse().ok()?;
            let fits = number >= *least && number <= *most && (matches!(kind, Type::Decimal { .. }) || number.fract().is_zero());
            fits.then_some(Value::Number(number))
        }
        _ => None,
    }
}

/// A value as a hole without filters prints it.
pub(super) fn plain(value: &Value, _tag: &str, zone: &Zone, _native: bool) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.strftime("%H:%M").to_string(),
        Value::Moment(moment) => zone.civil(*moment).0.to_string(),
        Value::Duration(ms) => crate::calendar::duration_text(*ms),
        Value::List(items) => items.iter().map(|item| plain(item, _tag, zone, _native)).collect::<Vec<_>>().join(", "),
        Value::Map(_) => String::new(),
    }
}

/// A value through a filter that formats it; `None` where the two do not fit.
pub(super) fn dress(filter: &Filter, value: &Value, tag: &str, zone: &Zone, native: bool) -> Option<String> {
    matches!(filter, Filter::Number).then(|| plain(value, tag, zone, native))
}
