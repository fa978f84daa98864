//! Flows, triggers and steps.

use super::{Expr, Name, Phrase, Spanned, Template, Text, Type};
use crate::calendar::Time;
use crate::source::Span;

#[derive(Clone, Debug, PartialEq)]
pub struct FlowItem {
    pub name: Name,
    /// `flow address(city: text(80))`
    pub parameters: Vec<Parameter>,
    pub title: Option<Spanned<String>>,
    /// `-> text(120)`
    pub result: Option<Type>,
    pub renamed_from: Option<Spanned<String>>,
    pub triggers: Vec<Trigger>,
    pub steps: Vec<Step>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: Name,
    pub kind: Type,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    pub on: On,
    pub when: Option<Expr>,
    pub anytime: Option<Anytime>,
    pub once_per_ms: Option<Spanned<i64>>,
    pub priority: Option<Spanned<i64>>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anytime {
    Replace,
    Resume,
}

#[derive(Clone, Debug, PartialEq)]
pub enum On {
    Words(Vec<Phrase>),
    Exactly(Vec<Phrase>),
    Starting(Vec<Phrase>),
    Like(Vec<Phrase>),
    Matching(Regex),
    AnyText,
    Button(Name),
    Image,
    Ad(Option<Spanned<String>>),
    Link(Option<Spanned<String>>),
    FirstMessage,
    Fallback,
    Post,
    Video,
    Sticker,
    Emoji,
    /// One emoji; every reaction without.
    Reaction(Option<Spanned<String>>),
    Unsupported,
    /// A high-intent comment: one of the text forms, or every comment.
    Comment(Option<Box<On>>),
    /// After so long a silence.
    Return(Spanned<i64>),
    WindowClosing(Spanned<i64>),
    RepliesLeft(Spanned<u32>),
    Fault,
    Broken,
}

/// `/source/flags`
#[derive(Clone, Debug, PartialEq)]
pub struct Regex {
    pub source: String,
    pub flags: String,
    pub span: Span,
}

/// `{ … }`, or the one step that a clause may hold without braces.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub steps: Vec<Step>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    Say {
        text: Text,
        /// Shorter forms of it, the longest first.
        shorts: Vec<Text>,
        replying: bool,
        keep_apart: bool,
    },
    Image {
        file: Template,
        otherwise: Option<Block>,
    },
    Post {
        item_id: Template,
    },
    Choose(Choose),
    Ask(Ask),
    Typing,
    Seen,
    Set {
        target: Vec<Name>,
        value: Expr,
    },
    Tag(Spanned<String>),
    Untag(Spanned<String>),
    Goal(Spanned<String>),
    /// For colleagues, not for the customer.
    Note(Template),
    Emit {
        event: Spanned<String>,
        data: Vec<(Name, Expr)>,
    },
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    Match {
        subject: Expr,
        arms: Vec<Arm>,
        otherwise: Option<Block>,
    },
    Repeat {
        times: Spanned<u32>,
        block: Block,
    },
    /// `for item in list up to 5 { … }`
    For {
        item: Name,
        list: Expr,
        most: Option<Spanned<u32>>,
        block: Block,
    },
    Leave,
    Split {
        name: Spanned<String>,
        arms: Vec<Share>,
    },
    Label {
        name: Name,
        renamed_from: Option<Spanned<String>>,
    },
    /// `goto again`, `goto flow`, `goto flow.again`, `goto flow(order)`
    Goto {
        first: Name,
        label: Option<Name>,
        arguments: Vec<Expr>,
    },
    /// `do address(city) -> where`
    Do {
        flow: Name,
        arguments: Vec<Expr>,
        /// One name, or `contact` and a field's name; empty where the result is not kept.
        into: Vec<Name>,
    },
    Return(Option<Expr>),
    Fetch(Fetch),
    /// `run score: whole(0..100) = shop.lead_score(contact, order)`
    Run {
        target: Vec<Name>,
        kind: Option<Type>,
        /// Script and function.
        script: Name,
        function: Name,
        arguments: Vec<Expr>,
    },
    Stop,
    Wait(WaitFor),
    Handoff(Handoff),
    Broken,
}

/// One way of a `split`: `"short" 50 { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub name: Spanned<String>,
    /// Of a hundred.
    pub share: Spanned<u32>,
    pub block: Block,
    pub span: Span,
}

/// `fetch name = GET TEXT { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    pub target: Name,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: Spanned<String>,
    pub url: Template,
    pub headers: Vec<(Spanned<String>, Template)>,
    /// A map of values.
    pub json: Option<Expr>,
    pub timeout_ms: Option<Spanned<i64>>,
    pub retry: Option<Spanned<u32>>,
    pub gives: Option<Vec<Given>>,
    /// Where `gives { … }` stands.
    pub gives_span: Option<Span>,
    /// `on 404, 410 BLOCK`
    pub statuses: Vec<(Vec<Spanned<u32>>, Block)>,
    pub otherwise: Option<Block>,
}

/// A field of what a fetch gives: `state: text(20)`, `sent_on?: date`.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub name: Name,
    pub optional: bool,
    pub kind: Type,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WaitFor {
    Duration(Spanned<i64>),
    Time(Spanned<Time>),
    /// `wait until open(hours)`
    Open(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    pub patterns: Vec<Pattern>,
    pub block: Block,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    Value(Expr),
    Range(Expr, Expr),
    Set(Name),
}

/// `choose TEXT { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Choose {
    pub text: Text,
    pub as_text: bool,
    pub options: Vec<Choice>,
    pub other: Option<Block>,
    pub clauses: Vec<WaitClause>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub label: Text,
    pub named: Option<Name>,
    pub also: Vec<Phrase>,
    pub block: Block,
    pub span: Span,
}

/// `ask name: TYPE TEXT { … }` or `ask contact.field TEXT { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// One name, or `contact` and a field's name.
    pub target: Vec<Name>,
    pub kind: Option<Type>,
    pub text: Text,
    pub clauses: Vec<WaitClause>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WaitClause {
    pub kind: WaitClauseKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WaitClauseKind {
    Invalid(Text),
    Tries(Spanned<u32>, Option<Block>),
    Within(Spanned<i64>, Option<Block>),
    Nudge(Spanned<i64>, Text),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    pub note: Template,
    pub team: Option<Name>,
    pub open: Option<Block>,
    pub closed: Option<Block>,
    pub nobody_in: Option<(Spanned<i64>, Block)>,
    pub released: Option<Block>,
}
