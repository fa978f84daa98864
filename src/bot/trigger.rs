//! What starts a flow.

use std::sync::Arc;

use compact_str::CompactString;

use super::flow::Origin;
use super::{Expr, Regex};

/// In the order in which a message that it wins touches it, from the beginning of a line of memory on.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Trigger {
    /// Index of the flow.
    pub flow: usize,
    /// Stable name of the trigger inside the bot: flow and ordinal. `once per` is remembered under it.
    pub key: CompactString,
    pub origin: Origin,
    pub anytime: Anytime,
    pub on: On,
    /// Milliseconds since it last won in this conversation.
    pub once_per_ms: Option<i64>,
    pub when: Option<Expr>,
    pub priority: i64,
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
    Post,
    Video,
    Sticker,
    Emoji,
    /// The emoji without skin tone; `None` takes every reaction.
    Reaction(Option<String>),
    Unsupported,
    /// A high-intent comment that the inner form wants: one of the text forms, `AnyText` for every comment.
    Comment(Box<On>),
    /// The first message after so many milliseconds of silence.
    Return(i64),
    /// The window ends in so many milliseconds; beside a waiting run.
    WindowClosing(i64),
    /// So many replies are left; beside a waiting run.
    RepliesLeft(u32),
    /// A run failed.
    Fault,
}
