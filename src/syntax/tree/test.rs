//! Conversations written down as tests.

use super::{Expr, Name, Regex, Spanned};
use crate::calendar::{Date, Time};
use crate::source::Span;

/// `test "name" { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct TestItem {
    pub name: Spanned<String>,
    pub lines: Vec<TestLine>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TestLine {
    pub kind: TestLineKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TestLineKind {
    /// `given now 2026-11-22 10:00`
    GivenNow(Spanned<Date>, Spanned<Time>),
    /// `given GET "url" -> 200 { … }`, `-> timeout`
    GivenFetch {
        method: Spanned<String>,
        url: Spanned<String>,
        /// `None` is a time-out.
        status: Option<Spanned<u32>>,
        body: Option<Expr>,
    },
    /// `given contact.size = "M"`, `given conversation.language = "ar"`
    GivenValue {
        target: Vec<Name>,
        value: Expr,
    },
    /// `given shop.lead_score -> 5`
    GivenRun {
        script: Name,
        function: Name,
        value: Expr,
    },
    /// `given congestion`: the app's queue is long.
    GivenCongestion,
    /// `given images allowed`, `given images refused`
    GivenImages(bool),
    Customer(CustomerAct),
    Bot(BotAct),
    After(Spanned<i64>),
    Colleague(ColleagueAct),
    Expect(Expectation),
    Broken,
}

/// What the customer does.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomerAct {
    Text(Spanned<String>),
    /// Presses the label of the newest card.
    Button(Spanned<String>),
    Image,
    Post,
    Video,
    Sticker,
    Emoji,
    Unsupported,
    Reaction(Spanned<String>),
    Comment(Spanned<String>),
    /// Comes from the ad of this id, with these words.
    Ad(Spanned<String>, Spanned<String>),
    Link(Spanned<String>, Spanned<String>),
}

/// What the bot must say next.
#[derive(Clone, Debug, PartialEq)]
pub enum BotAct {
    Text(Spanned<String>),
    Matching(Regex),
    /// Title, and labels where they are given.
    Choose(Spanned<String>, Option<Vec<Spanned<String>>>),
    /// The file, where it is given.
    Image(Option<Spanned<String>>),
    Post(Option<Spanned<String>>),
    Typing,
    Seen,
    Nothing,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ColleagueAct {
    Says(Spanned<String>),
    TakesOver,
    Releases,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    RepliesLeft(Spanned<u32>),
    WindowLeft(Spanned<i64>),
    WaitingFor(Name),
    Stopped,
    HandedOver(Option<Name>),
    Goal(Spanned<String>),
    Tag(Spanned<String>),
    Emitted(Spanned<String>),
    /// Any expression that must be true.
    Holds(Expr),
}
