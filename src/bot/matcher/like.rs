//! Phrases that are found in spite of slips, without a look at every phrase: two texts at most `n` slips apart have a
//! common remainder after at most `n` letters were left out of the beginning of each. Remainders are kept as hashes.

use std::collections::{BTreeSet, HashMap};

use crate::text::{Borders, allowed_slips, is_without_spaces, similar};

/// Letters of the beginning that are looked at.
const PREFIX: usize = 8;
/// Words of a message in which slips are looked for. Longer messages are no commands.
const WORDS_MOST: usize = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Likes {
    phrases: Vec<Like>,
    /// By the hash of a remainder of a phrase's beginning.
    remainders: HashMap<u64, Vec<usize>>,
    /// Numbers of words that a find may have.
    sizes: BTreeSet<usize>,
    slips_most: usize,
    /// Letters of the shortest and of the longest find.
    letters: Option<(usize, usize)>,
    /// One of them is written without spaces.
    without_spaces: bool,
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
        let all = folded.chars().count();
        let (least, most) = self.letters.unwrap_or((all, all));
        self.letters = Some((least.min(all.saturating_sub(slips)), most.max(all.saturating_add(slips))));
        let without_spaces = folded.contains(is_without_spaces);
        self.without_spaces |= without_spaces;
        let words = words(folded, &Borders::new(folded), without_spaces).len();
        // A space too many or too few is a slip; where a segmenter parts the words, a slip may part one more.
        let more = if without_spaces { 2 } else { 1 };
        self.sizes.extend(words.saturating_sub(1).max(1)..=words.saturating_add(more));
        let mut beginnings = Vec::new();
        remainders(folded, slips, &mut beginnings);
        for remainder in beginnings {
            self.remainders.entry(remainder).or_default().push(index);
        }
    }

    /// Hands each find to `found`: trigger, letters of its phrase, where it begins in bytes.
    pub(super) fn find(&self, folded: &str, borders: &Borders<'_>, found: &mut dyn FnMut(usize, usize, usize)) {
        let Some((least, most)) = self.letters else { return };
        let words = words(folded, borders, self.without_spaces);
        let mut beginnings = Vec::new();
        let mut candidates = Vec::new();
        for size in &self.sizes {
            for window in words.windows(*size) {
                let (Some((start, _)), Some((_, end))) = (window.first(), window.last()) else { continue };
                let Some(stretch) = folded.get(*start..*end) else { continue };
                if !(least..=most).contains(&stretch.chars().count()) {
                    continue;
                }
                beginnings.clear();
                remainders(stretch, self.slips_most, &mut beginnings);
                candidates.clear();
                candidates.extend(beginnings.iter().filter_map(|remainder| self.remainders.get(remainder)).flatten().copied());
                candidates.sort_unstable();
                candidates.dedup();
                for like in candidates.iter().filter_map(|index| self.phrases.get(*index)) {
                    if similar(&like.folded, stretch, like.slips) {
                        found(like.trigger, like.letters, *start);
                    }
                }
            }
        }
    }
}

/// Where the first words begin and end, in bytes. In scripts without spaces a segmenter sees them, which takes long: where no
/// phrase is of these scripts, their letters are only parted from the others.
fn words(folded: &str, borders: &Borders<'_>, segmented: bool) -> Vec<(usize, usize)> {
    if !folded.contains(is_without_spaces) {
        let mut start = 0_usize;
        let word = |word: &str| {
            let end = start.saturating_add(word.len());
            (std::mem::replace(&mut start, end.saturating_add(1)), end)
        };
        folded.split(' ').take(WORDS_MOST).map(word).collect()
    } else if segmented {
        borders.seen().take(WORDS_MOST).collect()
    } else {
        borders.stretches().take(WORDS_MOST).collect()
    }
}

/// Hashes of the beginning of a text with up to `slips` letters (at most two) left out, in every way.
fn remainders(folded: &str, slips: usize, hashes: &mut Vec<u64>) {
    let mut letters = ['\0'; PREFIX];
    let mut count = 0_usize;
    for (place, letter) in letters.iter_mut().zip(folded.chars()) {
        *place = letter;
        count = count.saturating_add(1);
    }
    let letters = letters.get(..count).unwrap_or_default();
    let without = |one: usize, other: usize| {
        let kept = letters.iter().enumerate().filter(|(at, _)| *at != one && *at != other);
        kept.fold(0xcbf2_9ce4_8422_2325_u64, |hash, (_, letter)| {
            (hash ^ u64::from(u32::from(*letter))).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
        })
    };
    hashes.push(without(count, count));
    if slips > 0 {
        hashes.extend((0..count).map(|one| without(one, count)));
    }
    if slips > 1 {
        hashes.extend(
            (0..count)
                .flat_map(|one| (one.saturating_add(1)..count).map(move |other| (one, other)))
                .map(|(one, other)| without(one, other)),
        );
    }
    hashes.sort_unstable();
    hashes.dedup();
}
