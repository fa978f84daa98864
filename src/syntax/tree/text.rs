//! Texts and phrases.

use super::{Expr, Name, Spanned};
use crate::source::Span;

/// A quoted text with its holes. `span` covers the quotes.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub pieces: Vec<Piece>,
    /// Written with `"""`.
    pub block: bool,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Escapes already resolved.
    Literal(String),
    Hole {
        value: Expr,
        filters: Vec<Filter>,
        span: Span,
    },
}

/// `| name argument …`
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub name: Name,
    /// For `plural one "…" other "…"`: the category before each text; elsewhere `None`.
    pub arguments: Vec<(Option<Name>, Expr)>,
}

/// Where a text may stand: one text, `one of`, one per language, or a named one.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    Template(Template),
    OneOf(Vec<Text>, Span),
    PerLanguage(Vec<(Spanned<String>, Text)>, Span),
    Named(Name),
}

/// A phrase of a trigger, `also`, `opt out on`.
#[derive(Clone, Debug, PartialEq)]
pub enum Phrase {
    Text(Spanned<String>),
    /// `@name`
    Set(Name),
}
