//! Types and expressions.

use rust_decimal::Decimal;

use super::{Given, Name, Regex, Spanned, Template};
use crate::calendar::{Date, Time};
use crate::source::Span;

#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// Most characters.
    Text(Option<u32>),
    Whole(Option<(Decimal, Decimal)>),
    Decimal(Option<(Decimal, Decimal)>),
    /// Fewest and most digits.
    Digits(u32, u32),
    Email,
    Phone,
    Date,
    Time,
    YesNo,
    /// Labels, each with the value it stands for.
    OneOf(Vec<(Spanned<String>, Option<Expr>)>),
    /// `one of (list)`: the values are computed.
    OneOfList(Box<Expr>),
    Image,
    Post,
    Matching(Regex),
    /// Most items.
    List(u32, Box<Type>),
    /// `{ field: TYPE … }`, in what a fetch gives.
    Record(Vec<Given>),
    Broken,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    Text(Template),
    Number(Decimal),
    Bool(bool),
    Duration(i64),
    Date(Date),
    Time(Time),
    List(Vec<Expr>),
    Map(Vec<(Name, Expr)>),
    Name(Name),
    /// `@name`, only after `in`, `contains` and in `match`.
    Set(Name),
    Member(Box<Expr>, Name),
    Index(Box<Expr>, Box<Expr>),
    Call(Name, Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Missing {
        value: Box<Expr>,
        negated: bool,
    },
    Matches(Box<Expr>, Regex),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
