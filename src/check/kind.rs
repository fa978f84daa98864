//! Types of answers and kinds of values: what may stand where.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::findings::Findings;
use super::{code, regexes};
use crate::bot::{Given, Type, Value, Word};
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
        TypeKind::Matching(source) => Type::Matching(regexes::compile(source, findings)?),
        TypeKind::List(0, _) => return disorder("a list of no items can never be filled".to_owned()),
        TypeKind::List(most, of) => Type::List { most: *most, of: lower(of, findings)?.into() },
        TypeKind::Record(fields) => Type::Record(record(fields, findings)),
        TypeKind::OneOfList(_) => {
            let finding = Diagnostic::error(code::TYPE_PLACE, kind.span, "what can be chosen is computed only in a question");
            findings.add(finding.help("write the values out: `one of (\"S\", \"M\")`"));
            return None;
        }
        TypeKind::Broken => return None,
    })
}

/// Checks the fields of a map; one whose type is broken may be anything.
pub(super) fn record(fields: &[tree::Given], findings: &Findings) -> Vec<Given> {
    let mut seen = BTreeMap::new();
    let mut list = Vec::new();
    for field in fields {
        if let Some(first) = seen.insert(field.name.text.as_str(), field.name.span) {
            let message = format!("`{}` stands here twice", field.name.text);
            findings.add(Diagnostic::error(code::DEFINED_TWICE, field.name.span, message).also(first, "the first one"));
            continue;
        }
        let kind = lower(&field.kind, findings).unwrap_or(Type::Any);
        list.push(Given { name: field.name.text.clone(), optional: field.optional, kind });
    }
    list
}

fn closed(kind: &tree::Type, words: &[(tree::Spanned<String>, Option<Expr>)], findings: &Findings) -> Option<Vec<Word>> {
    if words.is_empty() {
        findings.add(Diagnostic::error(code::DOES_NOT_FIT, kind.span, "`one of` needs at least one value"));
        return None;
    }
    let mut list: Vec<Word> = Vec::new();
    let mut seen = BTreeMap::new();
    for (label, value) in words {
        if label.value.trim().is_empty() {
            findings.add(Diagnostic::error(code::EMPTY_TEXT, label.span, "an empty value can never be answered"));
        }
        if let Some(first) = seen.insert(label.value.as_str(), label.span) {
            findings.add(
                Diagnostic::error(code::DEFINED_TWICE, label.span, format!("`{}` stands here twice", label.value))
                    .also(first, "the first one"),
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
        (Type::List { most, of }, Value::List(items)) => items.len() <= *most as usize && items.iter().all(|item| fits(of, item)),
        (Type::Record(fields), Value::Map(map)) => fields.iter().all(|field| match map.get(&field.name) {
            Some(value) => fits(&field.kind, value),
            None => field.optional,
        }),
        (Type::OneOfList(_) | Type::Any, _) => true,
        _ => false,
    }
}
