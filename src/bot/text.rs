//! Texts after the check.

use std::fmt;
use std::ops::{Deref, DerefMut};

use compact_str::CompactString;

use super::{Expr, Value};

/// A text in every language of the bot. The outer list has one entry for all languages, or one per language in the
/// bot's order; the inner one holds the variants of `one of`, at least one. Most texts have one of each: it stands in the
/// list itself, so that a large bot goes to memory less often for a text.
#[derive(Clone, Debug)]
pub struct Text {
    pub by_language: Few<Few<Template>>,
}

impl Text {
    /// From the variants in each language.
    #[must_use]
    pub fn new(by_language: impl IntoIterator<Item: IntoIterator<Item = Template>>) -> Self {
        Self { by_language: by_language.into_iter().map(|variants| variants.into_iter().collect()).collect() }
    }
}

/// A list of mostly one element.
#[derive(Clone)]
pub enum Few<T> {
    One(T),
    List(Vec<T>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::List(list) => list,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::List(list) => list,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list: Vec<T> = items.into_iter().collect();
        match list.pop() {
            Some(one) if list.is_empty() => Self::One(one),
            last => {
                list.extend(last);
                Self::List(list)
            }
        }
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// As every list: steps are told from each other by how they are written.
impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Template {
    pub pieces: Few<Piece>,
}

#[derive(Clone)]
pub enum Piece {
    /// A short one, as between two holes, stands in its piece.
    Literal(CompactString),
    Hole(Box<Hole>),
}

#[derive(Clone, Debug)]
pub struct Hole {
    pub value: Expr,
    pub filters: Vec<Filter>,
}

impl Piece {
    #[must_use]
    pub fn hole(value: Expr, filters: Vec<Filter>) -> Self {
        Self::Hole(Box::new(Hole { value, filters }))
    }
}

/// Without the box: steps are told from each other by how they are written.
impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => f.debug_tuple("Literal").field(literal).finish(),
            Self::Hole(hole) => hole.fmt(f),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::Place;

    /// Conversations find the step they wait in by a digest of how it is written here.
    #[test]
    fn a_text_is_written_as_lists_of_lists() {
        let word = |word: &str| Template { pieces: Few::One(Piece::Literal(word.into())) };
        let written = |text: Text| format!("{text:?}");
        let hole = Piece::hole(Expr::Place(Place::Contact("size".into())), vec![Filter::Upper]);
        assert_eq!(format!("{hole:?}"), r#"Hole { value: Place(Contact("size")), filters: [Upper] }"#);
        assert_eq!(written(Text::new([[word("a")]])), r#"Text { by_language: [[Template { pieces: [Literal("a")] }]] }"#);
        assert_eq!(
            written(Text::new([[word("a"), word("b")], [word("c"), word("d")]])),
            r#"Text { by_language: [[Template { pieces: [Literal("a")] }, Template { pieces: [Literal("b")] }], [Template { pieces: [Literal("c")] }, Template { pieces: [Literal("d")] }]] }"#
        );
        assert_eq!(written(Text::new([[]])), "Text { by_language: [[]] }");
    }
}
