//! Rows of bits, one for each step: which facts hold there.

use std::collections::BTreeMap;

use super::facts;

/// Words of all rows together: 64 MB. A flow whose rows would pass it is not asked for its own variables.
const WORDS_MAX: usize = 8 << 20;

/// Where each fact of one flow stands in its rows: its own first, then those that all flows share.
pub(super) struct Columns {
    local: BTreeMap<String, usize>,
    local_words: usize,
    pub words: usize,
    /// The flow is too large for its own facts to be kept.
    pub gave_up: bool,
}

impl Columns {
    /// `left` is how many words may still be given out.
    pub(super) fn new(names: impl Iterator<Item = String>, steps: usize, shared: usize, left: &mut usize) -> Self {
        let mut local = BTreeMap::new();
        for name in names {
            let next = local.len();
            local.entry(name).or_insert(next);
        }
        let shared_words = shared.div_ceil(64);
        let local_words = local.len().div_ceil(64);
        let all = steps.saturating_mul(local_words + shared_words);
        let gave_up = all > *left;
        if gave_up {
            local.clear();
        }
        let local_words = if gave_up { 0 } else { local_words };
        let words = local_words + shared_words;
        *left = left.saturating_sub(steps.saturating_mul(words));
        Self { local, local_words, words, gave_up }
    }

    pub(super) const fn budget() -> usize {
        WORDS_MAX
    }

    /// The bit of a fact; `None` for one that nobody keeps.
    pub(super) fn bit(&self, fact: &str, shared: &BTreeMap<String, usize>) -> Option<usize> {
        if facts::is_local(fact) { self.local.get(fact).copied() } else { shared.get(fact).map(|at| self.local_words * 64 + at) }
    }

    /// Bits of what hangs on a variable: `order`, `order.state`.
    pub(super) fn bits_under<'c>(&'c self, name: &'c str) -> impl Iterator<Item = usize> + 'c {
        let inside =
            move |fact: &str| fact.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        self.local
            .range(name.to_owned()..)
            .take_while(move |(fact, _)| fact.starts_with(name))
            .filter_map(move |(fact, at)| inside(fact).then_some(*at))
    }

    /// The part of a row that all flows share.
    pub(super) fn shared<'r>(&self, row: &'r [u64]) -> &'r [u64] {
        row.get(self.local_words..).unwrap_or_default()
    }

    pub(super) fn shared_mut<'r>(&self, row: &'r mut [u64]) -> &'r mut [u64] {
        row.get_mut(self.local_words..).unwrap_or_default()
    }
}

pub(super) fn set(row: &mut [u64], bit: usize) {
    if let Some(word) = row.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

pub(super) fn clear(row: &mut [u64], bit: usize) {
    if let Some(word) = row.get_mut(bit / 64) {
        *word &= !(1 << (bit % 64));
    }
}

pub(super) fn has(row: &[u64], bit: usize) -> bool {
    row.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

/// What holds before a step: on all ways that lead there, and on some way.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Known {
    pub all: Vec<u64>,
    pub some: Vec<u64>,
}

impl Known {
    pub(super) fn empty(words: usize) -> Self {
        Self { all: vec![0; words], some: vec![0; words] }
    }

    pub(super) fn gain(&mut self, bit: usize) {
        set(&mut self.all, bit);
        set(&mut self.some, bit);
    }

    pub(super) fn lose(&mut self, bit: usize) {
        clear(&mut self.all, bit);
        clear(&mut self.some, bit);
    }

    /// Joins what arrives; whether that changed anything.
    pub(super) fn meet(&mut self, arriving: &Self) -> bool {
        let mut changed = false;
        for (here, there) in self.all.iter_mut().zip(&arriving.all) {
            changed |= *here & !there != 0;
            *here &= there;
        }
        for (here, there) in self.some.iter_mut().zip(&arriving.some) {
            changed |= there & !*here != 0;
            *here |= there;
        }
        changed
    }
}
