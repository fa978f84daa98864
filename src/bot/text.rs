//! Texts after the check.

use super::{Expr, Value};

/// A text in every language of the bot. The outer list has one entry for all languages, or one per language in the
/// bot's order; the inner one holds the variants of `one of`, at least one.
#[derive(Clone, Debug)]
pub struct Text {
    pub by_language: Vec<Vec<Template>>,
}

#[derive(Clone, Debug)]
pub struct Template {
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
pub enum Piece {
    Literal(String),
    Hole { value: Expr, filters: Vec<Filter> },
}

#[derive(Clone, Debug)]
pub enum Filter {
    Date,
    Time,
    WeekdayTime,
    /// ISO 4217 code.
    Money(String),
    Number,
    Upper,
    Lower,
    Default(Expr),
    /// Most graphemes, the ellipsis included.
    Shorten(usize),
    /// CLDR category (`one`, `other`, …) and text, `#` standing for the number.
    Plural(Vec<(String, String)>),
}

impl Filter {
    /// A `default` whose value is known at check.
    #[must_use]
    pub fn default_value(value: Value) -> Self {
        Self::Default(Expr::Value(value))
    }
}
