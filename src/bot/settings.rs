//! Settings of the bot, contact fields, teams, files.

use std::collections::HashSet;

use super::{Text, Type, Value};
use crate::calendar::Zone;
use crate::text;

#[derive(Clone, Debug)]
pub struct Settings {
    /// UTC where the bot names none (it may then use no hours, times or dates).
    pub zone: Zone,
    /// Replies of the ten kept back for colleagues.
    pub reserve: u32,
    pub on_short_budget: ShortBudget,
    /// How long a held reply may still be wanted, in milliseconds.
    pub keep_ms: i64,
    pub gather: Option<Gather>,
    pub release_after_ms: i64,
    pub opt_out: Option<OptWords>,
    pub opt_in: Option<OptWords>,
    pub native_numerals: bool,
    /// `same reply N times in D`: (N, milliseconds).
    pub same_reply: (u32, i64),
    /// Origins that `fetch` may call: scheme, host and port in the canonical form of the URL standard.
    pub fetch_from: Vec<String>,
    /// Names of the environment.
    pub secrets: Vec<String>,
    /// The bot also replies to what TikTok's own automatic message answered.
    pub also_after_tiktok: bool,
    /// Wall-clock waits of many customers are spread over so many milliseconds.
    pub spread_ms: i64,
    pub automatic: Automatic,
}

/// What TikTok itself says and shows to everybody who opens the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Automatic {
    pub welcome: Option<String>,
    /// At most three, in the order of the bot.
    pub suggested: Vec<Suggested>,
    /// At most six, in the order of the bot.
    pub prompts: Vec<Prompt>,
}

/// A question that the customer may tap, and TikTok's own answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    pub question: String,
    pub answer: String,
}

/// A button above an empty conversation: its title, and what the customer writes by tapping it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub title: String,
    pub content: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShortBudget {
    #[default]
    Hold,
    Drop,
    Handoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gather {
    pub quiet_ms: i64,
    pub most_ms: i64,
}

/// Whole-text phrases as written, and what confirms them.
#[derive(Clone, Debug)]
pub struct OptWords {
    pub phrases: Vec<String>,
    pub say: Option<Text>,
    folded: HashSet<String>,
    /// Bytes of the longest of them.
    longest: usize,
}

impl OptWords {
    /// The words, folded once.
    #[must_use]
    pub fn new(phrases: Vec<String>, say: Option<Text>) -> Self {
        let folded: HashSet<String> =
            phrases.iter().map(|phrase| text::fold(phrase)).filter(|folded| !folded.is_empty()).collect();
        let longest = folded.iter().map(String::len).max().unwrap_or(0);
        Self { phrases, say, folded, longest }
    }

    /// The phrases of others that are none of these.
    pub fn without<'o>(&'o self, others: &'o Self) -> impl Iterator<Item = &'o str> {
        others.phrases.iter().map(String::as_str).filter(|phrase| !self.takes(&text::fold(phrase)))
    }

    /// Whether a whole folded text is one of the phrases.
    #[must_use]
    pub fn takes(&self, folded: &str) -> bool {
        folded.len() <= self.longest && self.folded.contains(folded)
    }
}

/// A field of the contact.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Type,
    pub default: Option<Value>,
    pub secret: bool,
    pub forget_after_ms: Option<i64>,
    pub renamed_from: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Team {
    pub name: String,
    /// Index into the bot's hours; a team without hours is always in.
    pub hours: Option<usize>,
    pub notify: Option<String>,
}

/// An image of the flows' folder, already known to be JPG or PNG of at most 3 000 000 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Asset {
    pub file: String,
    /// Lower-case hexadecimal SHA-256.
    pub digest: String,
    /// `image/jpeg` or `image/png`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Asset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Asset")
            .field("file", &self.file)
            .field("digest", &self.digest)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
