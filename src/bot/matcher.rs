//! Which triggers want a message: all keyword forms of a bot in one automaton, so that a message costs nearly the same
//! whether the bot has ten rules or ten thousand.

use std::borrow::Cow;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{On, Trigger};
use crate::channel::fingerprint;
use crate::text;

mod expressions;
mod heard;
mod like;

use expressions::Expressions;
use heard::Found;
pub use heard::{Beside, Entry, Heard, HeardKind, Hit, Rank};
use like::Likes;

/// Made once from the triggers of a bot.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    automaton: Option<AhoCorasick>,
    /// By pattern of the automaton.
    phrases: Vec<Phrase>,
    /// Of all phrases, those of one side by side: in a large bot few of them are in a cache, so they are kept small.
    wanted: Vec<Wanted>,
    likes: Likes,
    expressions: Expressions,
    buttons: HashMap<String, Vec<usize>>,
    /// The buttons' names by what stands for them in an id.
    short_names: HashMap<String, String>,
    ads: HashMap<String, Vec<usize>>,
    links: HashMap<String, Vec<usize>>,
    any_ad: Vec<usize>,
    any_link: Vec<usize>,
    /// In the order of [`HeardKind`], without the reactions.
    kinds: [Vec<usize>; 6],
    /// The emoji without skin tone; `None` takes every one.
    reactions: Vec<(Option<String>, usize)>,
    /// With the milliseconds of silence before.
    returns: Vec<(i64, usize)>,
    first: Vec<usize>,
    any_text: Vec<usize>,
    fallback: Vec<usize>,
    /// The triggers on comments, as if they were triggers on messages.
    comments: Option<Box<Matcher>>,
    closing: Vec<(i64, usize)>,
    replies_left: Vec<(u32, usize)>,
    faults: Vec<usize>,
    /// Of every trigger.
    priorities: Vec<i64>,
    /// The flow that each trigger starts, side by side.
    flows: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Phrase {
    bytes: u32,
    letters: u32,
    /// Most phrases are wanted once.
    first: Wanted,
    /// Where the others who want it stand in [`Matcher::wanted`].
    begin: u32,
    end: u32,
}

/// Who wants a phrase, and how.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    rank: Rank,
    trigger: u32,
}

/// What is collected of one phrase.
struct Collected {
    letters: usize,
    /// By whom first, and by whom else.
    wanted: (Wanted, Vec<Wanted>),
}

/// A phrase above this, in bytes, is put into an automaton that is built in linear time: the fastest kind costs the square
/// of one long phrase.
const LONG_PHRASE_BYTES: usize = 1_000;

/// Finds all of these at once, ASCII letters in either case where `any_case`; `None` where there is nothing to find. It
/// fails only past two thousand million phrases, which no memory holds.
fn automaton<P: AsRef<[u8]>>(phrases: impl ExactSizeIterator<Item = P> + Clone, any_case: bool) -> Option<AhoCorasick> {
    if phrases.len() == 0 {
        return None;
    }
    let long = phrases.clone().any(|phrase| phrase.as_ref().len() > LONG_PHRASE_BYTES);
    let kind = long.then_some(AhoCorasickKind::ContiguousNFA);
    AhoCorasick::builder().ascii_case_insensitive(any_case).kind(kind).build(phrases).ok()
}

impl Matcher {
    /// The matcher of these triggers; their places in the slice are their names in [`Hit`].
    #[must_use]
    pub fn new<'t>(triggers: impl IntoIterator<Item = &'t Trigger, IntoIter: Clone>) -> Self {
        let triggers = triggers.into_iter();
        let priorities: Vec<i64> = triggers.clone().map(|trigger| trigger.priority).collect();
        let mut matcher = Self::of(triggers.clone().map(|trigger| &trigger.on).enumerate(), priorities.clone());
        matcher.flows = triggers.clone().map(|trigger| small(trigger.flow)).collect();
        let comments = || {
            triggers.clone().enumerate().filter_map(|(index, trigger)| match &trigger.on {
                On::Comment(inner) => Some((index, &**inner)),
                _ => None,
            })
        };
        matcher.comments = comments().next().map(|_| Box::new(Self::of(comments(), priorities)));
        matcher
    }

    fn of<'t>(triggers: impl Iterator<Item = (usize, &'t On)>, priorities: Vec<i64>) -> Self {
        let mut matcher = Self { priorities, ..Self::default() };
        let mut phrases: BTreeMap<String, Collected> = BTreeMap::new();
        for (index, on) in triggers {
            match on {
                On::Words(list) => add(&mut phrases, list, index, Rank::Words),
                On::Exactly(list) => add(&mut phrases, list, index, Rank::Exactly),
                On::Starting(list) => add(&mut phrases, list, index, Rank::Starting),
                On::Like(list) => {
                    add(&mut phrases, list, index, Rank::Like);
                    list.iter().for_each(|phrase| matcher.likes.add(&text::fold(phrase), index));
                }
                On::Matching(regex) => matcher.expressions.add(index, regex),
                On::AnyText => matcher.any_text.push(index),
                On::Button(name) => {
                    matcher.short_names.entry(short_name(name)).or_insert_with(|| name.clone());
                    matcher.buttons.entry(name.clone()).or_default().push(index);
                }
                On::Image => matcher.of_kind(HeardKind::Image, index),
                On::Post => matcher.of_kind(HeardKind::Post, index),
                On::Video => matcher.of_kind(HeardKind::Video, index),
                On::Sticker => matcher.of_kind(HeardKind::Sticker, index),
                On::Emoji => matcher.of_kind(HeardKind::Emoji, index),
                On::Unsupported => matcher.of_kind(HeardKind::Unsupported, index),
                On::Reaction(emoji) => matcher.reactions.push((emoji.as_deref().map(text::fold), index)),
                On::Return(ms) => matcher.returns.push((*ms, index)),
                On::WindowClosing(ms) => matcher.closing.push((*ms, index)),
                On::RepliesLeft(left) => matcher.replies_left.push((*left, index)),
                On::Fault => matcher.faults.push(index),
                On::Comment(_) => {}
                On::Ad(Some(id)) => matcher.ads.entry(id.clone()).or_default().push(index),
                On::Ad(None) => matcher.any_ad.push(index),
                On::Link(Some(name)) => matcher.links.entry(name.clone()).or_default().push(index),
                On::Link(None) => matcher.any_link.push(index),
                On::FirstMessage => matcher.first.push(index),
                On::Fallback => matcher.fallback.push(index),
            }
        }
        matcher.expressions.close();
        matcher.automaton = automaton(phrases.keys(), false);
        for (folded, Collected { letters, wanted: (first, others) }) in phrases {
            let begin = small(matcher.wanted.len());
            matcher.wanted.extend(others);
            let (bytes, letters, end) = (small(folded.len()), small(letters), small(matcher.wanted.len()));
            matcher.phrases.push(Phrase { bytes, letters, first, begin, end });
        }
        matcher
    }

    /// The triggers that want it, the winner first, each once with its best find.
    #[must_use]
    pub fn hits(&self, heard: &Heard<'_>) -> Vec<Hit> {
        self.find(heard, None)
    }

    /// The triggers that want it beside that one, for a look at all triggers in turn: its cost is bounded by what `beside`
    /// still allows.
    #[must_use]
    pub fn hits_beside(&self, heard: &Heard<'_>, beside: &Beside) -> Vec<Hit> {
        let mut hits = self.find(heard, Some(beside));
        hits.retain(|hit| hit.trigger != beside.trigger);
        hits
    }

    /// The flow that a trigger starts, without a look at the trigger.
    #[must_use]
    pub fn flow(&self, trigger: usize) -> Option<usize> {
        self.flows.get(trigger).copied().map(large)
    }

    /// The name, among those that triggers wait for, that this stands for in the id of a button (see [`short_name`]).
    #[must_use]
    pub fn button(&self, short: &str) -> Option<&str> {
        self.short_names.get(short).map(String::as_str)
    }

    /// Compiles what is else compiled when a message first asks for it.
    pub fn warm(&self) {
        self.expressions.warm();
        self.comments.iter().for_each(|comments| comments.warm());
    }

    fn find(&self, heard: &Heard<'_>, beside: Option<&Beside>) -> Vec<Hit> {
        let mut found = Found::default();
        if let Some(HeardKind::Reaction(emoji)) = heard.kind {
            let emoji = emoji.map(text::fold);
            for (wanted, trigger) in &self.reactions {
                if wanted.is_none() || *wanted == emoji {
                    found.add(Hit::plain(*trigger, Rank::Kind, 0, 0));
                }
            }
            return found.in_order(&self.priorities);
        }
        if heard.comment {
            let Some(comments) = &self.comments else { return Vec::new() };
            if let Some(written) = heard.text {
                comments.hits_in_text((written, heard.folded), beside, &mut found);
                found.all(Some(&comments.any_text), Rank::AnyText);
            }
            return found.in_order(&self.priorities);
        }
        if let Some(button) = heard.button {
            found.all(self.buttons.get(button), Rank::Button);
        }
        match heard.entry {
            Some(Entry::Ad(id)) => {
                found.all(id.and_then(|id| self.ads.get(id)), Rank::EntryNamed);
                found.all(Some(&self.any_ad), Rank::Entry);
            }
            Some(Entry::Link(name)) => {
                found.all(name.and_then(|name| self.links.get(name)), Rank::EntryNamed);
                found.all(Some(&self.any_link), Rank::Entry);
            }
            None => {}
        }
        if let Some(written) = heard.text {
            self.hits_in_text((written, heard.folded), beside, &mut found);
            found.all(Some(&self.any_text), Rank::AnyText);
        }
        if let Some(kind) = heard.kind.and_then(HeardKind::place) {
            found.all(self.kinds.get(kind), Rank::Kind);
        }
        if let Some(silent) = heard.silent_ms {
            for (least, trigger) in &self.returns {
                if silent >= *least {
                    found.add(Hit::plain(*trigger, Rank::Return, 0, 0));
                }
            }
        }
        if heard.first {
            found.all(Some(&self.first), Rank::First);
        }
        found.all(Some(&self.fallback), Rank::Fallback);
        found.in_order(&self.priorities)
    }

    /// The triggers on a window that ends, with their milliseconds before.
    #[must_use]
    pub fn closing(&self) -> &[(i64, usize)] {
        &self.closing
    }

    /// The triggers on replies that run short, with their number.
    #[must_use]
    pub fn replies_left(&self) -> &[(u32, usize)] {
        &self.replies_left
    }

    /// The triggers on a run that failed, the first to win first.
    #[must_use]
    pub fn faults(&self) -> Vec<usize> {
        let mut faults = self.faults.clone();
        faults.sort_by_key(|trigger| std::cmp::Reverse(self.priorities.get(*trigger).copied().unwrap_or(0)));
        faults
    }

    fn of_kind(&mut self, kind: HeardKind<'_>, trigger: usize) {
        if let Some(triggers) = kind.place().and_then(|place| self.kinds.get_mut(place)) {
            triggers.push(trigger);
        }
    }

    fn hits_in_text(&self, (written, folded): (&str, Option<&str>), beside: Option<&Beside>, found: &mut Found) {
        let folded = folded.map_or_else(|| Cow::Owned(text::fold(written)), Cow::Borrowed);
        let borders = text::Borders::new(&folded);
        if let Some(automaton) = &self.automaton {
            for place in automaton.find_overlapping_iter(&*folded) {
                let Some(phrase) = self.phrases.get(place.pattern().as_usize()) else { continue };
                if !borders.is_whole(place.start(), place.end()) {
                    continue;
                }
                let at = place.start();
                let others = self.wanted.get(large(phrase.begin)..large(phrase.end)).unwrap_or_default();
                for Wanted { rank, trigger } in std::iter::once(&phrase.first).chain(others) {
                    let stands = match rank {
                        Rank::Exactly => at == 0 && large(phrase.bytes) == folded.len(),
                        Rank::Starting => at == 0,
                        _ => true,
                    };
                    if stands {
                        found.add(Hit::plain(large(*trigger), *rank, large(phrase.letters), at));
                    }
                }
            }
        }
        self.likes.find(&folded, &borders, &mut |trigger, letters, at| found.add(Hit::plain(trigger, Rank::Like, letters, at)));
        self.expressions.find(written, beside, found);
    }
}

fn add(phrases: &mut BTreeMap<String, Collected>, list: &[String], trigger: usize, rank: Rank) {
    for written in list {
        let folded = text::fold(written);
        if folded.is_empty() {
            continue;
        }
        let letters = letters(&folded);
        let wanted = Wanted { rank, trigger: small(trigger) };
        match phrases.entry(folded) {
            Vacant(place) => drop(place.insert(Collected { letters, wanted: (wanted, Vec::new()) })),
            Occupied(mut place) => {
                let (first, others) = &mut place.get_mut().wanted;
                // Triggers come one after the other.
                let its_own = others.iter().rev().chain([&*first]).take_while(|other| other.trigger == wanted.trigger);
                if !its_own.into_iter().any(|other| other.rank == rank) {
                    others.push(wanted);
                }
            }
        }
    }
}

/// A place or a length; more than four thousand million of anything no bot has.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn large(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A name as it stands in a button's id, in at most 20 characters: short and plain ones as they are.
#[must_use]
pub fn short_name(name: &str) -> String {
    if name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        name.to_owned()
    } else {
        format!("~{:016x}", fingerprint("button", name))
    }
}

/// Folded characters without the spaces.
fn letters(folded: &str) -> usize {
    folded.chars().filter(|c| *c != ' ').count()
}

#[cfg(test)]
mod tests;
