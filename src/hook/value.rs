//! Values of flows as values of scripts, and back.
//!
//! Numbers stay exact: a whole one is a whole one, any other an exact decimal. Dates, times and moments are texts in the
//! spelling that a `run` step reads back; a duration is its milliseconds. A missing value is `()`.

use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::bot::{Value, ValueMap};

/// An entry of a map weighs so much beside its name and its value.
const ENTRY_BYTES: usize = 64;
const ITEM_BYTES: usize = 16;

/// The value as a script sees it.
pub(super) fn to_script(value: Option<Value>) -> Dynamic {
    let Some(value) = value else { return Dynamic::UNIT };
    match value {
        Value::Text(text) => text.into(),
        Value::Number(number) => of_number(number),
        Value::Bool(is) => is.into(),
        Value::Date(date) => date.to_string().into(),
        Value::Time(time) => format!("{:02}:{:02}", time.hour(), time.minute()).into(),
        Value::Moment(moment) => moment.rfc3339().into(),
        Value::Duration(ms) => ms.into(),
        Value::List(items) => items.into_iter().map(|item| to_script(Some(item))).collect::<Array>().into(),
        Value::Map(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name.into(), to_script(Some(value))));
            fields.collect::<Map>().into()
        }
    }
}

fn of_number(number: Decimal) -> Dynamic {
    match number.to_i64().filter(|_| number.scale() == 0) {
        Some(whole) => whole.into(),
        None => number.into(),
    }
}

/// What a script gave; a missing value inside a list or a map is left out of it.
///
/// # Errors
/// What cannot leave a script, or more than `deep` lists and maps inside one another.
pub(super) fn from_script(value: Dynamic, deep: usize) -> Result<Option<Value>, String> {
    if value.is_unit() {
        return Ok(None);
    }
    let kind = value.type_name();
    let value = match value.try_cast_result::<ImmutableString>() {
        Ok(text) => return Ok(Some(Value::Text(text.to_string()))),
        Err(value) => value,
    };
    if let Ok(is) = value.as_bool() {
        return Ok(Some(Value::Bool(is)));
    }
    if let Ok(whole) = value.as_int() {
        return Ok(Some(Value::Number(whole.into())));
    }
    if let Ok(number) = value.as_decimal() {
        return Ok(Some(Value::Number(number)));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Some(Value::Text(letter.to_string())));
    }
    let Some(deep) = deep.checked_sub(1) else {
        return Err("it returned too many lists and maps inside one another".to_owned());
    };
    let value = match value.try_cast_result::<Array>() {
        Ok(items) => {
            let items = items.into_iter().filter_map(|item| from_script(item, deep).transpose());
            return Ok(Some(Value::List(items.collect::<Result<_, _>>()?)));
        }
        Err(value) => value,
    };
    match value.try_cast_result::<Map>() {
        Ok(fields) => {
            let mut kept = ValueMap::new();
            for (name, value) in fields {
                if let Some(value) = from_script(value, deep)? {
                    kept.insert(name.to_string(), value);
                }
            }
            Ok(Some(Value::Map(kept)))
        }
        Err(_) if kind == "Fn" => Err("it returned a function".to_owned()),
        Err(_) => Err("it returned what is no text, number, yes or no, list or map".to_owned()),
    }
}

/// About how many bytes a value takes with everything inside it; stops counting above `most`.
pub(super) fn weight(value: &Dynamic, most: usize) -> usize {
    let mut sum = ITEM_BYTES;
    if let Ok(text) = value.as_immutable_string_ref() {
        return sum.saturating_add(text.len());
    }
    if let Ok(items) = value.as_array_ref() {
        for item in items.iter() {
            sum = sum.saturating_add(weight(item, most));
            if sum > most {
                return sum;
            }
        }
        return sum;
    }
    if let Ok(fields) = value.as_map_ref() {
        for (name, value) in fields.iter() {
            sum = sum.saturating_add(ENTRY_BYTES).saturating_add(name.len()).saturating_add(weight(value, most));
            if sum > most {
                return sum;
            }
        }
        return sum;
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        for held in function.iter_curry() {
            sum = sum.saturating_add(weight(held, most));
            if sum > most {
                return sum;
            }
        }
    }
    sum
}
