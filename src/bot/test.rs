//! Conversations that authors wrote down as tests, after the check.

use std::sync::Arc;

use super::{Expr, Method, Origin, Place, Regex, Value};
use crate::calendar::{Date, Time};

#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    pub lines: Vec<TestLine>,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub struct TestLine {
    pub step: TestStep,
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub enum TestStep {
    /// In the bot's zone.
    GivenNow(Date, Time),
    GivenFetch {
        method: Method,
        url: String,
        /// Status and body; `None` is a time-out.
        answer: Option<(u16, Option<Value>)>,
    },
    GivenValue {
        target: Place,
        value: Value,
    },
    GivenRun {
        script: String,
        function: String,
        value: Value,
    },
    GivenCongestion,
    GivenImages(bool),
    Customer(CustomerAct),
    Bot(BotAct),
    /// Milliseconds.
    After(i64),
    Colleague(ColleagueAct),
    Expect(Expectation),
}

#[derive(Clone, Debug)]
pub enum CustomerAct {
    Text(String),
    Button(String),
    Image,
    Post,
    Video,
    Sticker,
    Emoji,
    Unsupported,
    Reaction(String),
    Comment(String),
    Ad { id: String, text: String },
    Link { reference: String, text: String },
}

#[derive(Clone, Debug)]
pub enum BotAct {
    Text(String),
    Matching(Arc<Regex>),
    Choose { title: String, labels: Option<Vec<String>> },
    Image(Option<String>),
    Post(Option<String>),
    Typing,
    Seen,
    Nothing,
}

#[derive(Clone, Debug)]
pub enum ColleagueAct {
    Says(String),
    TakesOver,
    Releases,
}

#[derive(Clone, Debug)]
pub enum Expectation {
    RepliesLeft(u32),
    /// Milliseconds, to the minute.
    WindowLeft(i64),
    /// The variable of an `ask`, `contact.field`, or `choose`.
    WaitingFor(String),
    Stopped,
    /// To this team, where one is named.
    HandedOver(Option<String>),
    Goal(String),
    Tag(String),
    Emitted(String),
    /// With the run's variables. The text is the expression as written.
    Holds(Expr, String),
}
