//! Expressions after the check: names are places, sets are resolved, regular expressions are read.

use std::sync::Arc;

use super::{Regex, Template, Value};

#[derive(Clone, Debug)]
pub enum Expr {
    Value(Value),
    /// A text with holes, rendered as a reply would be; missing when a hole is missing.
    Text(Template),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    Place(Place),
    /// The value of a key in a map; missing when absent.
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Call(Builtin, Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Missing {
        value: Box<Expr>,
        negated: bool,
    },
    /// `contains "words"` and `contains @set`: folded, whole words. The words are folded already.
    ContainsWords(Box<Expr>, Arc<[String]>),
    /// `in @set`: folded, the whole text. The words are folded already.
    InWords {
        value: Box<Expr>,
        words: Arc<[String]>,
        negated: bool,
    },
    Matches(Box<Expr>, Arc<Regex>),
    If(Box<(Expr, Expr, Expr)>),
}

/// Where a name points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A variable of the flow.
    Variable(String),
    /// A field of the contact. All places share the name: a large bot goes to memory once for it.
    Contact(Arc<str>),
    /// `contact.tags`
    ContactTags,
    /// `message.text`, `message.kind`, `message.at`: the part's word.
    Message(String),
    /// `referral.ad_id`, `referral.ad_name`, `referral.ref`, `referral.source`: the part's word.
    Referral(String),
    /// `secret.NAME`, in headers of a fetch only; the engine knows only the name.
    Secret(String),
    /// `fault.reason`, `fault.step`: the part's word.
    Fault(String),
    RepliesLeft,
    WindowLeft,
    Language,
    Now,
}

/// Built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// `open(hours)`: index into the bot's hours.
    Open(usize),
    /// `next_open(hours)`
    NextOpen(usize),
    Length,
    Upper,
    Lower,
    Trim,
    Words,
    First,
    Last,
    Round,
    DaysBetween,
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
    /// `contains` with a computed right side: folded text in text, or a member of a list.
    Contains,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// One pattern of a `match` arm.
#[derive(Clone, Debug)]
pub enum Pattern {
    Value(Value),
    /// Both ends in.
    Range(Value, Value),
    /// Folded, the whole text. The words are folded already.
    Words(Arc<[String]>),
}
