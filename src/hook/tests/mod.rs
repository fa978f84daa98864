//! In: texts of scripts, friendly and hostile. Out: what is read of them, what they return, how they are stopped.
//! Does not know: flows, conversations.
//! Time stands still here, so that what is counted decides.

mod hostile;
mod reading;
mod values;

use std::sync::Arc;
use std::time::Duration;

use super::{Limits, read};
use crate::bot::{Returned, Scripts, Value, ValueMap};

/// Time stands still: only what is counted can end a call.
pub fn scripts(text: &str) -> Scripts {
    let files = [("shop.rhai".to_owned(), Arc::from(text))];
    read(&files, Limits::for_tests(), Arc::new(|| Duration::ZERO))
}

/// What `f` returns for these arguments.
pub fn called(text: &str, arguments: &[Option<Value>]) -> Returned {
    let scripts = scripts(text);
    let faults = &scripts.files[0].faults;
    assert!(faults.is_empty(), "{faults:?}");
    scripts.run("shop", "f", arguments).expect("the script has no function `f`")
}

pub fn gives(text: &str, arguments: &[Value]) -> Option<Value> {
    let arguments: Vec<_> = arguments.iter().cloned().map(Some).collect();
    called(text, &arguments).unwrap_or_else(|stopped| panic!("{text}: {stopped}"))
}

pub fn words(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

pub fn map(fields: &[(&str, Value)]) -> Value {
    Value::Map(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<ValueMap>())
}
