//! What starts a flow.

use std::sync::Arc;

use regex::Regex;

use super::Expr;
use super::flow::Origin;

#[derive(Clone, Debug)]
pub struct Trigger {
    /// Index of the flow.
    pub flow: usize,
    pub on: On,
    pub when: Option<Expr>,
    pub anytime: Anytime,
    /// Milliseconds since it last won in this conversation.
    pub once_per_ms: Option<i64>,
    pub priority: i64,
    /// Stable name of the trigger inside the bot: flow and ordinal. `once per` is remembered under it.
    pub key: String,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anytime {
    #[default]
    No,
    /// Replaces a run that waits for an answer.
    Replace,
    /// Answers beside it, then the question is asked again.
    Resume,
}

/// Phrases are as written; folding is the matcher's work.
#[derive(Clone, Debug)]
pub enum On {
    Words(Vec<String>),
    Exactly(Vec<String>),
    Starting(Vec<String>),
    Like(Vec<String>),
    /// Searched in the text as written, digits made 0-9. Named groups become variables.
    Matching(Arc<Regex>),
    AnyText,
    Button(String),
    Image,
    Ad(Option<String>),
    Link(Option<String>),
    FirstMessage,
    Fallback,
}
