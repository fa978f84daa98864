//! What a value can be, with its bounds: of variables, of contact fields, and of any expression of a flow.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::kind::Kind;
use super::regexes;
use crate::bot::{self, BinaryOp, Builtin, Expr, Filter, Piece, Place, Template, Type, Value};

/// Alternatives that are kept apart; more are anything.
const EITHER_MAX: usize = 8;

/// UTF-16 units of an answer that is no plain text: longer ones are none.
pub(super) const ANSWER_UNITS_MAX: u32 = 1_000;

/// What a value can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// No value gets there.
    Never,
    /// At most so many UTF-16 units; `None` where nothing bounds it.
    Text {
        most: Option<u32>,
    },
    /// Both ends in.
    Number {
        least: Decimal,
        most: Decimal,
        whole: bool,
    },
    Bool,
    Date,
    Time,
    Moment,
    Duration,
    /// One of these texts or numbers.
    Closed(Vec<Value>),
    /// At most so many items; `None` where nothing bounds it.
    List {
        most: Option<u32>,
        of: Box<Shape>,
    },
    Map(Vec<Part>),
    /// One of several kinds of values.
    Either(Vec<Shape>),
    /// Nothing is known of it.
    Any,
}

/// A field of a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub name: String,
    pub optional: bool,
    pub shape: Shape,
}

impl Shape {
    /// What an answer or a field of this type can be.
    pub(super) fn of_type(kind: &Type) -> Self {
        match kind {
            Type::Text { most } => Self::Text { most: Some(*most) },
            Type::Digits { most, .. } => Self::Text { most: Some(*most) },
            Type::Whole { least, most } => Self::Number { least: *least, most: *most, whole: true },
            Type::Decimal { least, most } => Self::Number { least: *least, most: *most, whole: false },
            // RFC 5321: 64 + 1 + 255.
            Type::Email => Self::Text { most: Some(320) },
            // E.164: `+` and fifteen digits; local numbers may have some more signs.
            Type::Phone => Self::Text { most: Some(32) },
            Type::Image | Type::Post => Self::Text { most: Some(ANSWER_UNITS_MAX) },
            Type::Matching(regex) => {
                let most = regexes::units_max(regex.as_str()).map_or(ANSWER_UNITS_MAX, |most| most.min(ANSWER_UNITS_MAX));
                Self::Text { most: Some(most) }
            }
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::YesNo => Self::Bool,
            Type::OneOf(words) => Self::Closed(words.iter().map(|word| word.value.clone()).collect()),
            Type::OneOfList(_) | Type::Any => Self::Any,
            Type::List { most, of } => Self::List { most: Some(*most), of: Self::of_type(of).into() },
            Type::Record(fields) => Self::record(fields),
        }
    }

    pub(super) fn record(fields: &[bot::Given]) -> Self {
        let part =
            |given: &bot::Given| Part { name: given.name.clone(), optional: given.optional, shape: Self::of_type(&given.kind) };
        Self::Map(fields.iter().map(part).collect())
    }

    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Text(_) => Self::Text { most: value_units(value) },
            Value::Number(number) => Self::Number { least: *number, most: *number, whole: number.fract().is_zero() },
            Value::Bool(_) => Self::Bool,
            Value::Date(_) => Self::Date,
            Value::Time(_) => Self::Time,
            Value::Moment(_) => Self::Moment,
            Value::Duration(_) => Self::Duration,
            Value::List(items) => Self::List {
                most: u32::try_from(items.len()).ok(),
                of: items.iter().map(Self::of_value).fold(Self::Never, Self::join).into(),
            },
            Value::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(name, value)| Part { name: name.clone(), optional: false, shape: Self::of_value(value) })
                    .collect(),
            ),
        }
    }

    /// The same, where a text is known to be no longer than this.
    pub(super) fn at_most(self, units: u32) -> Self {
        match self {
            Self::Text { most } => Self::Text { most: Some(most.map_or(units, |most| most.min(units))) },
            other => other,
        }
    }

    pub(super) const fn number() -> Self {
        Self::Number { least: Decimal::MIN, most: Decimal::MAX, whole: false }
    }

    const fn count(most: u32) -> Self {
        Self::Number { least: Decimal::ZERO, most: Decimal::from_parts(most, 0, 0, false, 0), whole: true }
    }

    /// What the checks of operands go by.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Never | Self::Any => Kind::Any,
            Self::Text { .. } => Kind::Text,
            Self::Number { .. } => Kind::Number,
            Self::Bool => Kind::Bool,
            Self::Date => Kind::Date,
            Self::Time => Kind::Time,
            Self::Moment => Kind::Moment,
            Self::Duration => Kind::Duration,
            Self::Closed(values) => values.iter().map(Kind::of).reduce(Kind::join).unwrap_or(Kind::Any),
            Self::List { .. } => Kind::List,
            Self::Map(_) => Kind::Map,
            Self::Either(shapes) => shapes.iter().map(Self::kind).reduce(Kind::join).unwrap_or(Kind::Any),
        }
    }

    /// UTF-16 units of a text of this shape; `None` where nothing bounds it or it is no text.
    pub(super) fn units(&self) -> Option<u32> {
        match self {
            Self::Text { most } => *most,
            Self::Closed(values) => values.iter().map(value_units).max().flatten(),
            _ => None,
        }
    }

    /// The bounds of a number of this shape.
    fn range(&self) -> Option<(Decimal, Decimal, bool)> {
        match self {
            Self::Number { least, most, whole } => Some((*least, *most, *whole)),
            Self::Closed(values) => values.iter().try_fold((Decimal::MAX, Decimal::MIN, true), |(least, most, whole), value| {
                let Value::Number(number) = value else { return None };
                Some((least.min(*number), most.max(*number), whole && number.fract().is_zero()))
            }),
            _ => None,
        }
    }

    /// What is one of both.
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            (one, two) if one == two => one,
            (Self::Never, shape) | (shape, Self::Never) => shape,
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Closed(one), Self::Closed(two)) if one.len() + two.len() <= 64 => {
                let more: Vec<Value> = two.into_iter().filter(|value| !one.contains(value)).collect();
                Self::Closed(one.into_iter().chain(more).collect())
            }
            (Self::List { most: one, of: left }, Self::List { most: two, of: right }) => {
                Self::List { most: one.zip(two).map(|(one, two)| one.max(two)), of: left.join(*right).into() }
            }
            (Self::Map(one), Self::Map(two)) => Self::Map(join_parts(one, two)),
            (one, two) => one.join_scalars(two),
        }
    }

    fn join_scalars(self, other: Self) -> Self {
        if let (Some((least, most, whole)), Some((low, high, both))) = (self.range(), other.range()) {
            return Self::Number { least: least.min(low), most: most.max(high), whole: whole && both };
        }
        if self.kind() == Kind::Text && other.kind() == Kind::Text {
            return Self::Text { most: self.units().zip(other.units()).map(|(one, two)| one.max(two)) };
        }
        let list = |shape| match shape {
            Self::Either(list) => list,
            single => vec![single],
        };
        let mut all = list(self);
        for shape in list(other) {
            match all.iter().position(|known| known.kind() == shape.kind() && shape.kind() != Kind::Any) {
                Some(at) => {
                    let known = all.swap_remove(at);
                    all.push(known.join(shape));
                }
                None => all.push(shape),
            }
        }
        if all.len() > EITHER_MAX { Self::Any } else { Self::Either(all) }
    }

    /// What it may become when it grows for ever: bounds that still move are given up.
    pub(super) fn widened(self) -> Self {
        match self {
            Self::Text { .. } => Self::Text { most: None },
            Self::Number { .. } => Self::number(),
            Self::Closed(_) if self.kind() == Kind::Number => Self::number(),
            Self::Closed(_) if self.kind() == Kind::Text => Self::Text { most: None },
            Self::List { of, .. } => Self::List { most: None, of: of.widened().into() },
            Self::Map(_) | Self::Either(_) | Self::Closed(_) => Self::Any,
            other => other,
        }
    }

    /// Whether a field of this name may be missing though the map is there.
    pub(super) fn is_optional(&self, name: &str) -> bool {
        match self {
            Self::Map(parts) => parts.iter().any(|part| part.name == name && part.optional),
            Self::Any | Self::Either(_) => true,
            _ => false,
        }
    }

    /// The fields of a map of this shape.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let parts: &[Part] = match self {
            Self::Map(parts) => parts,
            _ => &[],
        };
        parts.iter().map(|part| part.name.as_str())
    }

    /// A field of a map of this shape: `Err` where it surely has none of this name.
    pub(super) fn part(&self, name: &str) -> Result<Self, ()> {
        match self {
            Self::Map(parts) => parts.iter().find(|part| part.name == name).map(|part| part.shape.clone()).ok_or(()),
            _ => Ok(Self::Any),
        }
    }
}

fn join_parts(one: Vec<Part>, two: Vec<Part>) -> Vec<Part> {
    let mut rest: BTreeMap<String, Part> = two.into_iter().map(|part| (part.name.clone(), part)).collect();
    let mut all: Vec<Part> = Vec::new();
    for part in one {
        all.push(match rest.remove(&part.name) {
            Some(other) => {
                Part { name: part.name, optional: part.optional || other.optional, shape: part.shape.join(other.shape) }
            }
            None => Part { optional: true, ..part },
        });
    }
    all.extend(rest.into_values().map(|part| Part { optional: true, ..part }));
    all
}

fn value_units(value: &Value) -> Option<u32> {
    match value {
        Value::Text(text) => u32::try_from(text.encode_utf16().count()).ok(),
        _ => None,
    }
}

/// Tells the shape of any expression of one flow.
#[derive(Clone, Copy)]
pub(super) struct Shapes<'s> {
    /// `World::contact_shapes`
    pub contact: &'s BTreeMap<String, Shape>,
    /// `Lowered::shapes`
    pub variables: &'s BTreeMap<String, Shape>,
}

impl Shapes<'_> {
    /// What an expression can give when it gives something. Texts are counted in UTF-16 units.
    pub(super) fn of(&self, expr: &Expr) -> Shape {
        match expr {
            Expr::Value(value) => Shape::of_value(value),
            Expr::Text(template) => Shape::Text { most: self.template(template) },
            Expr::List(items) => Shape::List {
                most: u32::try_from(items.len()).ok(),
                of: items.iter().map(|item| self.of(item)).fold(Shape::Never, Shape::join).into(),
            },
            Expr::Map(entries) => {
                // A missing value leaves its name out.
                let part = |(name, value): &(String, Expr)| Part {
                    name: name.clone(),
                    optional: !matches!(value, Expr::Value(_)),
                    shape: self.of(value),
                };
                Shape::Map(entries.iter().map(part).collect())
            }
            Expr::Place(place) => self.place(place),
            Expr::Member(inner, name) => self.of(inner).part(name).unwrap_or(Shape::Any),
            Expr::Index(inner, at) => match (self.of(inner), &**at) {
                (Shape::List { of, .. }, _) => *of,
                (map @ Shape::Map(_), Expr::Value(Value::Text(name))) => map.part(name).unwrap_or(Shape::Any),
                _ => Shape::Any,
            },
            Expr::Call(builtin, arguments) => self.call(*builtin, arguments),
            Expr::Not(_) | Expr::Missing { .. } | Expr::ContainsWords(..) | Expr::InWords { .. } | Expr::Matches(..) => {
                Shape::Bool
            }
            Expr::Negative(inner) => match self.of(inner) {
                Shape::Duration => Shape::Duration,
                shape => match shape.range() {
                    Some((least, most, whole)) => Shape::Number { least: -most, most: -least, whole },
                    None => Shape::number(),
                },
            },
            Expr::Binary(op, left, right) => self.binary(*op, left, right),
            Expr::If(parts) => self.of(&parts.1).join(self.of(&parts.2)),
        }
    }

    fn place(&self, place: &Place) -> Shape {
        match place {
            Place::Variable(name) => self.variables.get(name).cloned().unwrap_or(Shape::Any),
            Place::Contact(name) => self.contact.get(&**name).cloned().unwrap_or(Shape::Any),
            Place::ContactTags => Shape::List { most: None, of: Shape::Text { most: None }.into() },
            Place::Message(part) if part == "at" => Shape::Moment,
            Place::Message(part) if part == "kind" => Shape::Text { most: Some(16) },
            Place::Message(_) | Place::Referral(_) | Place::Secret(_) | Place::Fault(_) => Shape::Text { most: None },
            Place::RepliesLeft => Shape::count(10),
            Place::WindowLeft => Shape::Duration,
            // RFC 5646 asks for room for 35.
            Place::Language => Shape::Text { most: Some(35) },
            Place::Now => Shape::Moment,
        }
    }

    fn call(&self, builtin: Builtin, arguments: &[Expr]) -> Shape {
        let first = arguments.first().map_or(Shape::Any, |argument| self.of(argument));
        match builtin {
            Builtin::Open(_) => Shape::Bool,
            Builtin::NextOpen(_) => Shape::Moment,
            Builtin::Length | Builtin::DaysBetween => {
                Shape::Number { least: Decimal::from(i64::MIN), most: Decimal::from(i64::MAX), whole: true }
            }
            // A letter may become up to three when its case changes.
            Builtin::Upper | Builtin::Lower => Shape::Text { most: first.units().and_then(|units| units.checked_mul(3)) },
            Builtin::Trim => Shape::Text { most: first.units() },
            Builtin::Words => {
                let units = first.units();
                Shape::List { most: units.map(|units| units / 2 + 1), of: Shape::Text { most: units }.into() }
            }
            Builtin::First | Builtin::Last => match first {
                Shape::List { of, .. } => *of,
                shape if shape.kind() == Kind::Text => Shape::Text { most: shape.units() },
                _ => Shape::Any,
            },
            Builtin::Round => match first.range() {
                // Rounding goes past a bound by less than one.
                Some((least, most, _)) => Shape::Number {
                    least: least.checked_sub(Decimal::ONE).unwrap_or(Decimal::MIN),
                    most: most.checked_add(Decimal::ONE).unwrap_or(Decimal::MAX),
                    whole: arguments.len() < 2,
                },
                None => Shape::number(),
            },
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr) -> Shape {
        let (left, right) = match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
                (self.of(left), self.of(right))
            }
            _ => return Shape::Bool,
        };
        match (left.kind(), right.kind(), op) {
            (Kind::Duration, Kind::Duration, BinaryOp::Add | BinaryOp::Subtract) => return Shape::Duration,
            (Kind::Date, Kind::Duration, BinaryOp::Add | BinaryOp::Subtract) => return Shape::Date,
            (Kind::Moment, Kind::Duration, BinaryOp::Add | BinaryOp::Subtract) => return Shape::Moment,
            (Kind::Date | Kind::Moment, Kind::Date | Kind::Moment, BinaryOp::Subtract) => return Shape::Duration,
            (Kind::Any, _, BinaryOp::Add | BinaryOp::Subtract) | (_, Kind::Any, BinaryOp::Add | BinaryOp::Subtract) => {
                return Shape::Any;
            }
            _ => {}
        }
        let (Some((low, high, whole)), Some((least, most, both))) = (left.range(), right.range()) else {
            return Shape::number();
        };
        let corners: [Option<Decimal>; 4] = match op {
            BinaryOp::Add => [low.checked_add(least), high.checked_add(most), None, None],
            BinaryOp::Subtract => [low.checked_sub(most), high.checked_sub(least), None, None],
            BinaryOp::Multiply => {
                [low.checked_mul(least), low.checked_mul(most), high.checked_mul(least), high.checked_mul(most)]
            }
            _ => return Shape::number(),
        };
        let known: Vec<Decimal> = corners.into_iter().flatten().collect();
        let complete = known.len() == if op == BinaryOp::Multiply { 4 } else { 2 };
        match (known.iter().min(), known.iter().max()) {
            (Some(least), Some(most)) if complete => Shape::Number { least: *least, most: *most, whole: whole && both },
            _ => Shape::number(),
        }
    }

    /// UTF-16 units that a rendered text can have; `None` where a hole in it has no bound that needs no language.
    fn template(&self, template: &Template) -> Option<u32> {
        template.pieces.iter().try_fold(0_u32, |sum, piece| {
            let units = match piece {
                Piece::Literal(text) => u32::try_from(text.encode_utf16().count()).ok()?,
                Piece::Hole(hole) => self.hole(&hole.value, &hole.filters)?,
            };
            sum.checked_add(units)
        })
    }

    fn hole(&self, value: &Expr, filters: &[Filter]) -> Option<u32> {
        let mut units = plain_units(&self.of(value));
        for filter in filters {
            units = match filter {
                Filter::Upper | Filter::Lower => units?.checked_mul(3),
                Filter::Default(value) => Some(units?.max(plain_units(&self.of(value))?)),
                // A grapheme has no bound of its own.
                Filter::Shorten(_) => units,
                Filter::Date | Filter::Time | Filter::WeekdayTime => Some(96),
                Filter::Money(_) | Filter::Number => Some(64),
                Filter::Plural(forms) => {
                    let longest = forms.iter().map(|(_, text)| text.encode_utf16().count().saturating_mul(64)).max();
                    u32::try_from(longest.unwrap_or(0)).ok()
                }
            };
        }
        units
    }
}

/// UTF-16 units that a value prints as without a filter, in any language.
fn plain_units(shape: &Shape) -> Option<u32> {
    match shape {
        Shape::Never => Some(0),
        Shape::Text { most } => *most,
        Shape::Closed(values) => values.iter().map(|value| value_units(value).or(Some(64))).max().flatten(),
        Shape::Number { .. } => Some(64),
        Shape::Bool | Shape::Date | Shape::Time | Shape::Moment | Shape::Duration => Some(96),
        Shape::Either(shapes) => shapes.iter().try_fold(0, |most, shape| Some(plain_units(shape)?.max(most))),
        Shape::List { .. } | Shape::Map(_) | Shape::Any => None,
    }
}
