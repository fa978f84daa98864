//! The bot, and what flows share.

use super::{Expr, Name, Phrase, Spanned, Template, Text, Type, WaitClause};
use crate::calendar::{Date, Time};
use crate::source::Span;

#[derive(Clone, Debug, PartialEq)]
pub struct BotItem {
    pub name: Spanned<String>,
    pub settings: Vec<Setting>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub kind: SettingKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SettingKind {
    Languages(Vec<Spanned<String>>),
    Timezone(Spanned<String>),
    Reserve(Spanned<u32>),
    /// `hold`, `drop` or `handoff`.
    OnShortBudget(Name),
    Keep(Spanned<i64>),
    Gather {
        quiet_ms: Spanned<i64>,
        most_ms: Spanned<i64>,
    },
    ReleaseAfter(Spanned<i64>),
    OptOut {
        phrases: Vec<Phrase>,
        say: Option<Text>,
    },
    OptIn {
        phrases: Vec<Phrase>,
        say: Option<Text>,
    },
    Defaults(Vec<WaitClause>),
    /// `latin` or `native`.
    Numerals(Name),
    SameReply {
        times: Spanned<u32>,
        within_ms: Spanned<i64>,
    },
    /// Origins: scheme, host and port.
    FetchFrom(Vec<Spanned<String>>),
    Secret(Vec<Name>),
    /// `when tiktok answers quiet|also`
    WhenTiktokAnswers(Name),
    Spread(Spanned<i64>),
    /// What TikTok itself says to a new customer. These texts have no holes: TikTok shows the same ones to everybody.
    Welcome(Template),
    /// A question that TikTok shows, and its own answer.
    Suggest {
        question: Template,
        answer: Template,
    },
    /// A button above an empty conversation; `content` is what the customer then writes.
    Prompt {
        title: Template,
        content: Template,
    },
    Broken,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WordsItem {
    pub name: Name,
    pub phrases: Vec<Phrase>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ContactItem {
    pub fields: Vec<Field>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: Name,
    pub kind: Type,
    pub default: Option<Expr>,
    pub secret: bool,
    pub forget_after_ms: Option<Spanned<i64>>,
    pub renamed_from: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HoursItem {
    pub name: Name,
    pub rows: Vec<HoursRow>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HoursRow {
    /// Days of the week, Monday = 0, as ranges with both ends in.
    Open {
        days: Vec<(Spanned<u8>, Option<Spanned<u8>>)>,
        times: Vec<(Spanned<Time>, Spanned<Time>)>,
        span: Span,
    },
    Closed {
        dates: Vec<(Spanned<Date>, Option<Spanned<Date>>)>,
        span: Span,
    },
    Broken(Span),
}

#[derive(Clone, Debug, PartialEq)]
pub struct TeamItem {
    pub name: Name,
    pub hours: Option<Name>,
    pub notify: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TextsItem {
    pub name: Name,
    pub text: Text,
    pub span: Span,
}
