//! What an answer may be.

use rust_decimal::Decimal;

use super::{Regex, Value};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum Type {
    /// Most characters, counted in UTF-16 units.
    Text {
        most: u32,
    },
    Whole {
        least: Decimal,
        most: Decimal,
    },
    Decimal {
        least: Decimal,
        most: Decimal,
    },
    Digits {
        fewest: u32,
        most: u32,
    },
    Email,
    Phone,
    Date,
    Time,
    YesNo,
    OneOf(Vec<Word>),
    /// A closed type whose words are computed when it is asked: a list of texts, numbers or of maps with `label` and `value`.
    OneOfList(Box<super::Expr>),
    Image,
    Post,
    Matching(Arc<Regex>),
    List {
        most: u32,
        of: Box<Type>,
    },
    Record(Vec<Given>),
    /// Nothing is known of it.
    Any,
}

/// A field of a map.
#[derive(Clone, Debug)]
pub struct Given {
    pub name: String,
    pub optional: bool,
    pub kind: Type,
}

/// One of a closed type: what the customer reads and what it stands for.
#[derive(Clone, Debug)]
pub struct Word {
    pub label: String,
    pub value: Value,
}
