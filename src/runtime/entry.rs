//! The body of a line of the history, and the check that running it again gives the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::bot::Bot;
use crate::calendar::Moment;
use crate::engine::{self, Bots, Context, Conversation, Effect, Hooked, Input, Limits, Moves, Older, Sprint, Traces};

/// Bytes kept of a body that has no effect.
const RAW_KEPT: usize = 8_192;
const WHY_KEPT: usize = 512;

/// All that one sprint took in and gave out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub input: Input,
    #[serde(default)]
    pub effects: Vec<Effect>,
    #[serde(default)]
    pub trace: Traces,
    pub seed: u64,
    /// Never before that of the line before.
    pub now: Moment,
    /// What the clock showed, where it had been put back behind `now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Moment>,
    /// The bot's version.
    pub bot: String,
    /// Its number; 0 where versions are not kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: u32,
    /// Other versions that the conversation's runs were in: number and digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<(u32, String)>,
    pub window_margin_ms: i64,
    pub skew_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u64>,
    /// What hooks of the bot's script returned, in the order of their calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooked: Vec<Hooked>,
    /// The engine failed on this input; the conversation stayed as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Entry {
    /// What the clock showed.
    #[must_use]
    pub fn clock(&self) -> Moment {
        self.clock.unwrap_or(self.now)
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A delivery that has no effect, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub why: String,
    pub app: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_id: Option<String>,
    pub bytes: usize,
    /// The beginning of the body, base64.
    pub raw: String,
    /// TikTok's id of the conversation, where it is known: by it an erasure finds the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

impl Kept {
    /// `raw` is kept from its beginning as far as there is room, `why` likewise.
    pub(super) fn new(why: String, app: String, open_id: Option<String>, raw: &[u8]) -> Self {
        let end = (0..=WHY_KEPT.min(why.len())).rev().find(|end| why.is_char_boundary(*end)).unwrap_or(0);
        let mut why = why;
        why.truncate(end);
        let kept = STANDARD.encode(raw.get(..RAW_KEPT).unwrap_or(raw));
        Self { why, app, open_id, bytes: raw.len(), raw: kept, conversation: None }
    }

    /// The same of a conversation.
    pub(super) fn of(self, external: &[u8]) -> Self {
        Self { conversation: Some(String::from_utf8_lossy(external).into_owned()), ..self }
    }
}

/// Why a history does not lead where it led.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReplayError {
    #[error("line {line} cannot be read: {text}")]
    Unreadable { line: usize, text: String },
    #[error("line {line} ran on the bot {digest}, which is not here")]
    Bot { line: usize, digest: String },
    #[error("line {line} asks a script something else now")]
    Hook { line: usize },
    #[error("line {line} has other effects now")]
    Effects { line: usize },
}

/// Runs a conversation's whole history, oldest first, and gives the state it leads to.
///
/// # Errors
/// When a line cannot be read, its bot is gone, or it has other effects than it had.
pub fn replay<'a, B: AsRef<Bot>>(
    bodies: impl IntoIterator<Item = &'a [u8]>,
    bot_of: impl Fn(&str) -> Option<B>,
    limits: &Limits,
) -> Result<Conversation, ReplayError> {
    let mut conversation = Conversation::default();
    for (line, body) in bodies.into_iter().enumerate() {
        let entry: Entry =
            serde_json::from_slice(body).map_err(|error| ReplayError::Unreadable { line, text: error.to_string() })?;
        if entry.fault.is_some() {
            continue;
        }
        let found = |digest: &String| bot_of(digest).ok_or_else(|| ReplayError::Bot { line, digest: digest.clone() });
        let bot = found(&entry.bot)?;
        let older = entry.older.iter().map(|(number, digest)| Ok((*number, found(digest)?)));
        let older = older.collect::<Result<Vec<_>, _>>()?;
        let bot = bot.as_ref();
        let older: Vec<_> =
            older.iter().map(|(number, older)| (*number, older.as_ref(), Moves::between(older.as_ref(), bot))).collect();
        let sprint = run_again(&entry, &mut conversation, bot, &older, limits);
        if sprint.wants.is_some() || sprint.hooked != entry.hooked.len() {
            return Err(ReplayError::Hook { line });
        }
        if sprint.effects != entry.effects {
            return Err(ReplayError::Effects { line });
        }
    }
    Ok(conversation)
}

/// Runs one line again on the bot that it ran on, beside the versions that its runs were in.
pub(super) fn run_again(
    entry: &Entry,
    conversation: &mut Conversation,
    bot: &Bot,
    older: &[(u32, &Bot, Moves)],
    limits: &Limits,
) -> Sprint {
    let older: Vec<Older<'_>> = older.iter().map(|(number, bot, moves)| Older { number: *number, bot, moves }).collect();
    let bots = Bots { live: bot, number: entry.version, others: &older };
    let context = Context {
        now: entry.now,
        clock: entry.clock(),
        seed: entry.seed,
        limits,
        window_margin_ms: entry.window_margin_ms,
        skew_ms: entry.skew_ms,
        hooked: &entry.hooked,
    };
    engine::advance_among(&bots, conversation, &entry.input, &context)
}

/// The stable word of an input in the history.
pub(super) fn word(input: &Input) -> &'static str {
    match input {
        Input::Message(_) => "message",
        Input::Referral(_) => "referral",
        Input::Echo(_) => "echo",
        Input::Read { .. } => "read",
        Input::Due | Input::DueAfterGap { .. } => "due",
        Input::MaySend { .. } => "may_send",
        Input::Paused { .. } => "paused",
        Input::Restored => "restored",
        Input::Outcome { .. } => "outcome",
        Input::Looked { .. } => "looked",
        Input::Capability { .. } => "capability",
        Input::Colleague { .. } => "colleague",
        Input::Written(_) => "written",
        Input::Contact(_) => "contact",
        Input::Retry { .. } => "retry",
        Input::Drop { .. } => "drop",
        Input::Fetched { .. } => "fetched",
        Input::Ran { .. } => "ran",
        Input::Comment(_) => "comment",
        Input::Congestion { .. } => "congestion",
    }
}
