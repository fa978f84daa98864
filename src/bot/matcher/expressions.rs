//! Expressions behind a prefilter: a text is searched once for all literals that expressions must find, and only the
//! expressions whose literal stands there are asked. Those without any literal stand in sets of bounded size.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aho_corasick::AhoCorasick;
use regex::{RegexSet, RegexSetBuilder};

use super::heard::{Beside, Found, Hit, Rank};
use super::{large, small};
use crate::bot::Regex;
use crate::bot::regex::{stands_alone, stands_as_word};
use crate::text;

/// Expressions of one set: its cost grows faster than its number.
const SET_MOST: usize = 500;
/// Estimated bytes of one set.
const SET_BYTES_MOST: usize = 4 << 20;
/// What a compiled set may really take.
const SET_COMPILED_BYTES_MOST: usize = 256 << 20;

#[derive(Clone, Debug, Default)]
pub(super) struct Expressions {
    /// With their triggers.
    list: Vec<(usize, Arc<Regex>)>,
    prefilter: Option<AhoCorasick>,
    /// By literal of the prefilter: where those who want it stand in `wanted`.
    by_literal: Vec<(u32, u32)>,
    wanted: Vec<Wanted>,
    /// Those without literals.
    sets: Vec<Set>,
}

/// Who wants a literal, and how.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    /// Its place in the list.
    at: u32,
    trigger: u32,
    stands: Stands,
}

/// How a literal stands in a text.
#[derive(Clone, Copy, Debug)]
enum Stands {
    Anywhere,
    AsWord,
    /// As a word, and where nobody can take it for anything else that is enough.
    Alone,
}

#[derive(Clone, Debug, Default)]
struct Set {
    /// Places in the list.
    members: Vec<usize>,
    bytes: usize,
    compiled: OnceLock<Option<RegexSet>>,
}

impl Expressions {
    pub(super) fn add(&mut self, trigger: usize, regex: &Arc<Regex>) {
        self.list.push((trigger, Arc::clone(regex)));
    }

    /// All are added.
    pub(super) fn close(&mut self) {
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        let mut literals: Vec<&[u8]> = Vec::new();
        let mut wanted: Vec<Vec<Wanted>> = Vec::new();
        for (at, (trigger, regex)) in self.list.iter().enumerate() {
            let stands = match (regex.literals_are_words(), regex.literals_are_enough() && regex.groups().is_empty()) {
                (true, true) => Stands::Alone,
                (true, false) => Stands::AsWord,
                (false, _) => Stands::Anywhere,
            };
            for literal in regex.literals() {
                let place = *places.entry(literal).or_insert_with(|| {
                    literals.push(literal);
                    wanted.push(Vec::new());
                    literals.len().saturating_sub(1)
                });
                wanted.get_mut(place).into_iter().for_each(|wanted| {
                    wanted.push(Wanted { at: small(at), trigger: small(*trigger), stands });
                });
            }
            if regex.literals().is_empty() {
                let full = |set: &Set| set.members.len() >= SET_MOST || set.bytes.saturating_add(regex.bytes()) > SET_BYTES_MOST;
                if self.sets.last().is_none_or(full) {
                    self.sets.push(Set::default());
                }
                if let Some(set) = self.sets.last_mut() {
                    set.members.push(at);
                    set.bytes = set.bytes.saturating_add(regex.bytes());
                }
            }
        }
        self.prefilter = super::automaton(literals.iter(), true);
        for of_literal in wanted {
            let begin = small(self.wanted.len());
            self.wanted.extend(of_literal);
            self.by_literal.push((begin, small(self.wanted.len())));
        }
    }

    /// Adds what is found in the text as written, digits made 0-9; see [`super::Matcher::hits_beside`].
    pub(super) fn find(&self, written: &str, beside: Option<&Beside>, found: &mut Found) {
        if self.list.is_empty() {
            return;
        }
        let plain = if written.is_ascii() { Cow::Borrowed(written) } else { Cow::Owned(text::digits_to_ascii(written)) };
        let mut candidates: Vec<usize> = Vec::new();
        if let Some(prefilter) = &self.prefilter {
            for place in prefilter.find_overlapping_iter(&*plain) {
                let Some((begin, end)) = self.by_literal.get(place.pattern().as_usize()) else { continue };
                let (from, to) = (place.start(), place.end());
                for wanted in self.wanted.get(large(*begin)..large(*end)).unwrap_or_default() {
                    match wanted.stands {
                        // Most expressions begin and end with a word: they need not be asked for a piece of another one.
                        Stands::AsWord | Stands::Alone if !stands_as_word(&plain, from, to) => {}
                        // And many are found by that word whatever else they allow.
                        Stands::Alone if stands_alone(&plain, from, to) => {
                            found.add(Hit::plain(large(wanted.trigger), Rank::Matching, 0, 0));
                        }
                        _ => candidates.push(large(wanted.at)),
                    }
                }
            }
            if candidates.len() > 1 {
                candidates.sort_unstable();
                candidates.dedup();
            }
        }
        if beside.is_none() || self.sets.len() < 2 {
            self.sets.iter().for_each(|set| set.candidates(&self.list, &plain, &mut candidates));
        }
        for at in candidates {
            if let Some((trigger, regex)) = self.list.get(at)
                && beside.is_none_or(|beside| beside.asks(*trigger))
                && let Some(hit) = search(*trigger, regex, &plain)
            {
                found.add(hit);
            }
        }
    }

    pub(super) fn warm(&self) {
        for (_, regex) in &self.list {
            let _ = regex.compiled();
        }
        for set in &self.sets {
            let _ = set.compiled(&self.list);
        }
    }
}

impl Set {
    fn compiled(&self, list: &[(usize, Arc<Regex>)]) -> Option<&RegexSet> {
        let build = || {
            let patterns = self.members.iter().filter_map(|at| list.get(*at)).map(|(_, regex)| regex.embedded());
            RegexSetBuilder::new(patterns).size_limit(SET_COMPILED_BYTES_MOST).build().ok()
        };
        self.compiled.get_or_init(build).as_ref()
    }

    fn candidates(&self, list: &[(usize, Arc<Regex>)], plain: &str, candidates: &mut Vec<usize>) {
        match self.compiled(list) {
            Some(set) => candidates.extend(set.matches(plain).into_iter().filter_map(|member| self.members.get(member))),
            // One by one is slower, not wrong.
            None => candidates.extend(&self.members),
        }
    }
}

impl Beside {
    fn asks(&self, trigger: usize) -> bool {
        let left = self.expressions_left.get();
        let asks = trigger != self.trigger && left > 0;
        self.expressions_left.set(left.saturating_sub(usize::from(asks)));
        asks
    }
}

fn search(trigger: usize, regex: &Regex, plain: &str) -> Option<Hit> {
    let Some(compiled) = regex.compiled() else {
        return Some(Hit { broken: true, ..Hit::plain(trigger, Rank::Matching, 0, 0) });
    };
    if regex.groups().is_empty() {
        // Where it begins matters to nobody, and looking for that takes a second search from the end.
        return compiled.is_match(plain).then(|| Hit::plain(trigger, Rank::Matching, 0, 0));
    }
    let captures = compiled.captures(plain)?;
    let names = regex.groups().iter();
    let values = names.filter_map(|name| Some((name.clone(), captures.name(name)?.as_str().to_owned())));
    Some(Hit { captures: values.collect(), ..Hit::plain(trigger, Rank::Matching, 0, 0) })
}
