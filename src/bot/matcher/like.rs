//! Phrases that are found in spite of slips, without a look at every phrase: two texts at most `n` slips apart have a
//! common remainder after at most `n` letters were left out of the beginning of each.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::text::{allowed_slips, similar};

/// Letters of the beginning that are looked at.
const PREFIX: usize = 8;
/// Words of a message in which slips are looked for. Longer messages are no commands.
const WORDS_MOST: usize = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Likes {
    phrases: Vec<Like>,
    /// By remainder of a phrase's beginning.
    remainders: HashMap<String, Vec<usize>>,
    /// Numbers of words that a find may have.
    sizes: BTreeSet<usize>,
    slips_most: usize,
}

#[derive(Clone, Debug)]
struct Like {
    folded: String,
    letters: usize,
    slips: usize,
    trigger: usize,
}

impl Likes {
    /// A phrase that forgives no slip is left to the automaton.
    pub(super) fn add(&mut self, folded: &str, trigger: usize) {
        let letters = super::letters(folded);
        let slips = allowed_slips(letters);
        if slips == 0 {
            return;
        }
        let index = self.phrases.len();
        self.phrases.push(Like { folded: folded.to_owned(), letters, slips, trigger });
        self.slips_most = self.slips_most.max(slips);
        let words = folded.split(' ').count();
        // A space too many or too few is a slip.
        self.sizes.extend(words.saturating_sub(1).max(1)..=words.saturating_add(1));
        for remainder in remainders(folded, slips) {
            self.remainders.entry(remainder).or_default().push(index);
        }
    }

    /// Hands each find to `found`: trigger, letters of its phrase, where it begins in bytes.
    pub(super) fn find(&self, folded: &str, found: &mut dyn FnMut(usize, usize, usize)) {
        if self.phrases.is_empty() {
            return;
        }
        let mut words: Vec<(usize, usize)> = Vec::new();
        let mut start = 0_usize;
        for word in folded.split(' ').take(WORDS_MOST) {
            words.push((start, start.saturating_add(word.len())));
            start = start.saturating_add(word.len()).saturating_add(1);
        }
        for size in &self.sizes {
            for window in words.windows(*size) {
                let (Some((start, _)), Some((_, end))) = (window.first(), window.last()) else { continue };
                let Some(stretch) = folded.get(*start..*end) else { continue };
                let mut seen = HashSet::new();
                for remainder in remainders(stretch, self.slips_most) {
                    for index in self.remainders.get(&remainder).into_iter().flatten() {
                        let Some(like) = self.phrases.get(*index) else { continue };
                        if seen.insert(*index) && similar(&like.folded, stretch, like.slips) {
                            found(like.trigger, like.letters, *start);
                        }
                    }
                }
            }
        }
    }
}

/// The beginning of a text with up to `slips` letters left out, in every way.
fn remainders(folded: &str, slips: usize) -> HashSet<String> {
    let beginning: String = folded.chars().take(PREFIX).collect();
    let mut all = HashSet::from([beginning.clone()]);
    let mut last = vec![beginning];
    for _ in 0..slips {
        let mut shorter = Vec::new();
        for text in &last {
            for (at, letter) in text.char_indices() {
                let rest: String = text.get(..at).into_iter().chain(text.get(at.saturating_add(letter.len_utf8())..)).collect();
                if all.insert(rest.clone()) {
                    shorter.push(rest);
                }
            }
        }
        last = shorter;
    }
    all
}
