//! What a variable, a contact field or an expression holds.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calendar::{Date, Moment, Time};

/// Variables by name.
pub type ValueMap = BTreeMap<String, Value>;

/// A value. A missing value is the absence of one (`Option::None`), never a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Text(String),
    Number(Decimal),
    Bool(bool),
    Date(Date),
    Time(Time),
    Moment(Moment),
    /// Milliseconds.
    Duration(i64),
    List(Vec<Value>),
    Map(ValueMap),
}
