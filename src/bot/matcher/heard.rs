//! What is handed to the matcher and what it hands back.

use std::cmp::Reverse;

/// What came in, as far as triggers look at it. A press carries both its name and its title's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard<'a> {
    /// The text as written.
    pub text: Option<&'a str>,
    /// The same text folded, where whoever asks has it already.
    pub folded: Option<&'a str>,
    /// The name of the label that was pressed.
    pub button: Option<&'a str>,
    /// It is of one of the kinds that have a trigger of their own.
    pub kind: Option<HeardKind<'a>>,
    /// The text is a comment under a post: only triggers on comments want it.
    pub comment: bool,
    /// How the customer came in, where this is the message that counts for it.
    pub entry: Option<Entry<'a>>,
    /// It is the conversation's first message.
    pub first: bool,
    /// Milliseconds since the customer's message before it.
    pub silent_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardKind<'a> {
    Image,
    Post,
    Video,
    Sticker,
    Emoji,
    Unsupported,
    /// No message: only triggers on reactions want it. `None` is one of TikTok's own, which have no character.
    Reaction(Option<&'a str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The ad's id.
    Ad(Option<&'a str>),
    /// The link's `ref`.
    Link(Option<&'a str>),
}

/// Forms of triggers, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    Button,
    EntryNamed,
    Exactly,
    Matching,
    Words,
    Starting,
    Like,
    Kind,
    Entry,
    Return,
    First,
    AnyText,
    Fallback,
}

/// Whose rivals are looked for, and how many expressions may still be asked for that.
#[derive(Clone, Debug)]
pub struct Beside {
    pub trigger: usize,
    pub expressions_left: std::cell::Cell<usize>,
}

/// A trigger that wants the message, unless its `when` or `once per` says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Index into the bot's triggers.
    pub trigger: usize,
    pub rank: Rank,
    /// Letters of the phrase that was found, spaces not counted; 0 where no phrase was.
    pub letters: usize,
    /// Where that phrase stands in the folded text, in bytes.
    pub at: usize,
    /// Named groups of an expression that took part, in their order.
    pub captures: Vec<(String, String)>,
    /// Its expression could not be compiled: it takes no part.
    pub broken: bool,
}

impl HeardKind<'_> {
    pub(super) const fn place(self) -> Option<usize> {
        match self {
            Self::Image => Some(0),
            Self::Post => Some(1),
            Self::Video => Some(2),
            Self::Sticker => Some(3),
            Self::Emoji => Some(4),
            Self::Unsupported => Some(5),
            Self::Reaction(_) => None,
        }
    }
}

impl Hit {
    pub(super) const fn plain(trigger: usize, rank: Rank, letters: usize, at: usize) -> Self {
        Self { trigger, rank, letters, at, captures: Vec::new(), broken: false }
    }
}

/// What was found so far, the same trigger as often as something of it was found.
#[derive(Default)]
pub(super) struct Found {
    hits: Vec<Hit>,
}

impl Found {
    pub(super) fn all(&mut self, triggers: Option<&Vec<usize>>, rank: Rank) {
        let triggers = triggers.map_or(&[][..], Vec::as_slice);
        self.hits.extend(triggers.iter().map(|trigger| Hit::plain(*trigger, rank, 0, 0)));
    }

    pub(super) fn add(&mut self, hit: Hit) {
        self.hits.push(hit);
    }

    /// The best find of each trigger, the winner first.
    pub(super) fn in_order(self, priorities: &[i64]) -> Vec<Hit> {
        let mut hits = self.hits;
        if hits.len() < 2 {
            return hits;
        }
        hits.sort_by_key(|hit| (hit.trigger, hit.rank, Reverse(hit.letters), hit.at));
        hits.dedup_by_key(|hit| hit.trigger);
        hits.sort_by_key(|hit| {
            let priority = Reverse(priorities.get(hit.trigger).copied().unwrap_or(0));
            // Only among words does the longer phrase win, then the earlier one.
            let (letters, at) = if hit.rank == Rank::Words { (hit.letters, hit.at) } else { (0, 0) };
            (hit.rank, Reverse(letters), at, priority, hit.trigger)
        });
        hits
    }
}
