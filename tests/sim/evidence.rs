//! What is written down of a story, for the checks and for whoever reads it.

use std::sync::Arc;

use rejoinder::engine::{Conversation, ReplyId};
use rejoinder::runtime::Entry;
use rejoinder::runtime::port::ConversationId;

use crate::plan::clock;

/// Everything that was seen.
#[derive(Default)]
pub struct Evidence {
    /// The story in words.
    pub lines: Vec<String>,
    pub calls: Vec<Call>,
    pub commits: Vec<Commit>,
    /// To the business's systems.
    pub requests: Vec<Request>,
    pub posts: Vec<Post>,
    /// Console actions that were answered well: when, whose, whether a takeover.
    pub actions: Vec<(i64, usize, bool)>,
    pub renewals_open_most: usize,
    /// From when to when no process ran.
    pub downs: Vec<(i64, i64)>,
    /// Other processes' commits that came between.
    pub stale: usize,
    /// Marks of a process that no longer led.
    pub fenced: usize,
    /// Times that an app's lease went to another process.
    pub leaders: usize,
    pub starts: u32,
    /// When the faults stopped.
    pub healed_at: i64,
}

/// Which attempt a send is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    pub conversation: ConversationId,
    pub reply: ReplyId,
    pub attempt: u32,
    /// History number of its mark.
    pub seq: i64,
}

/// A call to TikTok as it left.
#[derive(Clone, Debug)]
pub struct Call {
    pub at: i64,
    /// Its body has left: until then nothing has begun.
    pub left: bool,
    /// `send`, `courtesy`, `upload`, `list`, `images`, `renew`
    pub what: &'static str,
    /// The customer whose conversation it is about.
    pub who: Option<usize>,
    /// It answers a comment.
    pub comments: bool,
    /// The committed mark that it used up; `None` where there was none.
    pub tag: Option<Tag>,
    /// Why its mark does not fit it.
    pub unfit: Option<String>,
    /// When TikTok had the whole request.
    pub arrived: Option<i64>,
    /// How many messages the conversation had then.
    pub before: usize,
    /// When TikTok stored it.
    pub stored: Option<i64>,
    /// When nobody waited for its answer any more, or it was there.
    pub ended: Option<i64>,
    /// What TikTok's own rules said of it when it arrived; `None` where it was fine.
    pub barred: Option<&'static str>,
    /// Whether its process led the app.
    pub leads: bool,
}

/// A request to the business's systems as it left.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: i64,
    pub process: u32,
    pub request: Arc<rejoinder::engine::Request>,
    pub key: Option<String>,
}

/// A committed line of a conversation's history.
#[derive(Clone)]
pub struct Commit {
    pub at: i64,
    pub seq: i64,
    pub conversation: ConversationId,
    pub who: Option<usize>,
    /// It belongs to the stand-in conversation of a customer's comments.
    pub comments: bool,
    pub entry: Arc<Entry>,
    /// Absent before the first commit.
    pub before: Option<Arc<Conversation>>,
    pub after: Arc<Conversation>,
    pub state_bytes: usize,
    /// Whether its process led the app.
    pub leads: bool,
}

/// What makes a webhook the same as another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Message(String),
    Echo(String),
    Referral(i64),
    Comment(String),
    /// That this message was written, by somebody who is not named.
    Poke(String),
    /// Never a duplicate.
    Other,
}

/// One webhook with its tries: when, and the status or none.
#[derive(Clone, Debug)]
pub struct Post {
    pub at: i64,
    pub who: usize,
    pub key: Key,
    pub tries: Vec<(i64, Option<u16>)>,
    pub given_up: bool,
}

impl Post {
    pub fn is_taken(&self) -> bool {
        self.tries.iter().any(|(_, status)| *status == Some(200))
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub check: &'static str,
    pub at: i64,
    pub text: String,
}

impl Evidence {
    pub fn tell(&mut self, at: i64, text: impl std::fmt::Display) {
        self.lines.push(format!("{} {text}", clock(at)));
    }
}
