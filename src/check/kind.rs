//! Types of answers and kinds of values: what may stand where.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::code;
use super::findings::Findings;
use crate::bot::{Regex, RegexError, Type, Value, Word};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{self, Expr, ExprKind, Piece, Template, TypeKind};

/// UTF-16 units of a text answer where the author names no bound: the longest message of the channel.
const TEXT_UNITS_MAX: u32 = 6_000;

/// What kind of value an expression gives; `Any` where that shows only at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Date,
    Time,
    Moment,
    Duration,
    List,
    Map,
    Any,
}

impl Kind {
    /// As authors call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Moment => "a moment",
            Self::Duration => "a duration",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Any => "anything",
        }
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Text(_) => Self::Text,
            Value::Number(_) => Self::Number,
            Value::Bool(_) => Self::Bool,
            Value::Date(_) => Self::Date,
            Value::Time(_) => Self::Time,
            Value::Moment(_) => Self::Moment,
            Value::Duration(_) => Self::Duration,
            Value::List(_) => Self::List,
            Value::Map(_) => Self::Map,
        }
    }

    /// What an answer of this type is kept as.
    pub(super) fn of_type(kind: &Type) -> Self {
        match kind {
            Type::Text { .. }
            | Type::Digits { .. }
            | Type::Email
            | Type::Phone
            | Type::Image
            | Type::Post
            | Type::Matching(_) => Self::Text,
            Type::Whole { .. } | Type::Decimal { .. } => Self::Number,
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::YesNo => Self::Bool,
            Type::OneOfList(_) | Type::Any => Self::Any,
            Type::List { .. } => Self::List,
            Type::Record(_) => Self::Map,
            Type::OneOf(words) => words.iter().map(|word| Self::of(&word.value)).reduce(Self::join).unwrap_or(Self::Any),
        }
    }

    /// The kind of a value that is one of both.
    pub(super) fn join(self, other: Self) -> Self {
        if self == other { self } else { Self::Any }
    }

    /// Whether `==` or `<` between both can ever say yes. A date and a moment compare by the bot's zone.
    pub(super) fn comparable(self, other: Self) -> bool {
        self == other
            || self == Self::Any
            || other == Self::Any
            || matches!((self, other), (Self::Date, Self::Moment) | (Self::Moment, Self::Date))
    }

    /// Whether a value of this kind may stand where `wanted` is wanted.
    pub(super) fn may_be(self, wanted: Self) -> bool {
        self == wanted || self == Self::Any || wanted == Self::Any
    }
}

/// The value of an expression that needs nothing to be known: literals, and lists and maps of them.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    Some(match &expr.kind {
        ExprKind::Text(template) => Value::Text(literal(template)?),
        ExprKind::Number(number) => Value::Number(*number),
        ExprKind::Negative(inner) => match constant(inner)? {
            Value::Number(number) => Value::Number(-number),
            _ => return None,
        },
        ExprKind::Bool(yes) => Value::Bool(*yes),
        ExprKind::Duration(ms) => Value::Duration(*ms),
        ExprKind::Date(date) => Value::Date(*date),
        ExprKind::Time(time) => Value::Time(*time),
        ExprKind::List(items) => Value::List(items.iter().map(constant).collect::<Option<_>>()?),
        ExprKind::Map(entries) => {
            Value::Map(entries.iter().map(|(name, value)| Some((name.text.clone(), constant(value)?))).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The text of a template without holes.
pub(super) fn literal(template: &Template) -> Option<String> {
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Hole { .. } => None,
        })
        .collect()
}

/// Reads a regular expression of an author within a bounded size; it is compiled where a text first asks for it.
pub(super) fn regex(regex: &tree::Regex, findings: &Findings) -> Option<Arc<Regex>> {
    let broken = |finding: Diagnostic| {
        findings.add(finding);
        None
    };
    match Regex::with_flags(&regex.source, &regex.flags) {
        Ok(read) => Some(Arc::new(read)),
        Err(error @ RegexError::Flag(_)) => broken(
            Diagnostic::error(code::BROKEN_REGEX, regex.span, error.to_string()).help("the flags are `i`, `s`, `m` and `x`"),
        ),
        Err(error) => broken(
            Diagnostic::error(code::BROKEN_REGEX, regex.span, "this regular expression cannot be read").here(error.to_string()),
        ),
    }
}

/// The names of the groups of a regular expression.
pub(super) fn groups(regex: &tree::Regex) -> Vec<String> {
    // Most have none, which shows without reading them.
    if !regex.source.contains("(?") {
        return Vec::new();
    }
    Regex::with_flags(&regex.source, &regex.flags).map(|read| read.groups().to_vec()).unwrap_or_default()
}

/// Checks a type; `None` where it cannot be one, which is then reported.
pub(super) fn lower(kind: &tree::Type, findings: &Findings) -> Option<Type> {
    let disorder = |what: String| {
        findings.add(Diagnostic::error(code::RANGE_ORDER, kind.span, what).help("write the smaller number first: `6..10`"));
        None
    };
    Some(match &kind.kind {
        TypeKind::Text(Some(0)) => return disorder("a text of no characters can never be answered".to_owned()),
        TypeKind::Text(most) => Type::Text { most: most.unwrap_or(TEXT_UNITS_MAX) },
        TypeKind::Whole(range) | TypeKind::Decimal(range) => {
            let (least, most) = range.unwrap_or((Decimal::from(i64::MIN), Decimal::from(i64::MAX)));
            if least > most {
                return disorder(format!("the range `{least}..{most}` is empty"));
            }
            if matches!(kind.kind, TypeKind::Whole(_)) { Type::Whole { least, most } } else { Type::Decimal { least, most } }
        }
        TypeKind::Digits(fewest, most) if fewest > most || *most == 0 => {
            return disorder(format!("the range `{fewest}..{most}` is empty"));
        }
        TypeKind::Digits(fewest, most) => Type::Digits { fewest: *fewest, most: *most },
        TypeKind::Email => Type::Email,
        TypeKind::Phone => Type::Phone,
        TypeKind::Date => Type::Date,
        TypeKind::Time => Type::Time,
        TypeKind::YesNo => Type::YesNo,
        TypeKind::Image => Type::Image,
        TypeKind::Post => Type::Post,
        TypeKind::OneOf(words) => Type::OneOf(closed(kind, words, findings)?),
        TypeKind::Matching(source) => Type::Matching(regex(source, findings)?),
        TypeKind::OneOfList(_) | TypeKind::List(..) | TypeKind::Record(_) | TypeKind::Broken => return None,
    })
}

fn closed(kind: &tree::Type, words: &[(tree::Spanned<String>, Option<Expr>)], findings: &Findings) -> Option<Vec<Word>> {
    if words.is_empty() {
        findings.add(Diagnostic::error(code::DOES_NOT_FIT, kind.span, "`one of` needs at least one value"));
        return None;
    }
    let mut list: Vec<Word> = Vec::new();
    for (at, (label, value)) in words.iter().enumerate() {
        if label.value.trim().is_empty() {
            findings.add(Diagnostic::error(code::EMPTY_TEXT, label.span, "an empty value can never be answered"));
        }
        if let Some((first, _)) = words.iter().take(at).find(|(earlier, _)| earlier.value == label.value) {
            findings.add(
                Diagnostic::error(code::DEFINED_TWICE, label.span, format!("`{}` stands here twice", label.value))
                    .also(first.span, "the first one"),
            );
        }
        let value = match value {
            None => Value::Text(label.value.clone()),
            Some(expr) => constant(expr).or_else(|| {
                findings.add(
                    Diagnostic::error(code::NOT_CONSTANT, expr.span, "the value of a choice is a fixed text or number")
                        .help("compute with it after the question"),
                );
                None
            })?,
        };
        list.push(Word { label: label.value.clone(), value });
    }
    Some(list)
}

/// Whether a fixed value could be an answer of this type.
pub(super) fn fits(kind: &Type, value: &Value) -> bool {
    match (kind, value) {
        (Type::Text { most }, Value::Text(text)) => text.encode_utf16().count() <= *most as usize,
        (Type::Whole { least, most }, Value::Number(number)) => number.fract().is_zero() && least <= number && number <= most,
        (Type::Decimal { least, most }, Value::Number(number)) => least <= number && number <= most,
        (Type::Digits { fewest, most }, Value::Text(text)) => {
            let count = text.chars().count();
            text.chars().all(|digit| digit.is_ascii_digit()) && *fewest as usize <= count && count <= *most as usize
        }
        (Type::Email | Type::Phone | Type::Image | Type::Post, Value::Text(text)) => !text.trim().is_empty(),
        (Type::Date, Value::Date(_)) | (Type::Time, Value::Time(_)) | (Type::YesNo, Value::Bool(_)) => true,
        (Type::OneOf(words), value) => words.iter().any(|word| word.value == *value),
        (Type::Matching(regex), Value::Text(text)) => regex.is_match(text),
        _ => false,
    }
}
