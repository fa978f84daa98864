//! Folding: what two spellings of the same words have in common.
//!
//! Compatibility forms are resolved, case is folded, marks are removed after Latin, Greek, Arabic and Hebrew letters (in
//! other scripts they carry meaning), tatweel and invisible characters go, alef, ya and ta marbuta have one form each,
//! digits of all scripts become 0-9, blanks and punctuation one space, and emoji stand as words without variation
//! selector and skin tone. Folding twice is folding once.

mod general;
mod known;

use unicode_normalization::char::{canonical_combining_class, compose, is_combining_mark};

use general::{Base, Words, digit, general};
use known::{Sign, known};

/// The folded form: words separated by single spaces, none at the ends.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut folded = String::with_capacity(text.len());
    // Nothing reaches over a blank, so a word that is not easy is no reason to look twice at the others.
    for word in text.split(|c| matches!(known(c), Sign::Blank)).filter(|word| !word.is_empty()) {
        let before = folded.len();
        let mut easy = Easy::behind(folded);
        let is_easy = word.chars().all(|c| easy.take(c));
        folded = easy.words.out;
        if !is_easy {
            folded.truncate(before);
            let word = general(word);
            if before > 0 && !word.is_empty() {
                folded.push(' ');
            }
            folded.push_str(&word);
        }
    }
    folded
}

/// Digits of all scripts as 0-9; all else stays.
#[must_use]
pub fn digits_to_ascii(text: &str) -> String {
    text.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

/// Whether it is a decimal digit of any script.
#[must_use]
pub fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || digit(c).is_some()
}

fn fold_ascii(text: &str) -> String {
    // What becomes of each byte, many at once; then blanks beside blanks go, and stretches without any move as one.
    let mut out = text.as_bytes().to_vec();
    for byte in &mut out {
        let small = *byte | 0x20;
        let is_letter = small.wrapping_sub(b'a') < 26;
        let is_digit = byte.wrapping_sub(b'0') < 10;
        let kept = if is_letter { small } else { *byte };
        *byte = if is_letter | is_digit { kept } else { b' ' };
    }
    out.truncate(out.trim_ascii_end().len());
    let mut end = 0_usize;
    let mut from = out.len().saturating_sub(out.trim_ascii_start().len());
    while let Some(rest) = out.get(from..).filter(|rest| !rest.is_empty()) {
        let kept = two_blanks(rest).unwrap_or(rest.len());
        let blanks = rest.iter().skip(kept).take_while(|byte| **byte == b' ').count();
        if from > end {
            out.copy_within(from..from.saturating_add(kept), end);
        }
        end = end.saturating_add(kept);
        from = from.saturating_add(kept).saturating_add(blanks);
    }
    out.truncate(end);
    String::from_utf8(out).unwrap_or_default()
}

/// Where the first blank stands that stands behind another one.
fn two_blanks(bytes: &[u8]) -> Option<usize> {
    const BLANKS: u64 = u64::from_le_bytes([b' '; 8]);
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    let neighbours = bytes.get(1..)?;
    let mut looked = 0_usize;
    // Eight bytes and their eight neighbours at once: the lowest byte of nought is where both are blanks.
    for (eight, next) in bytes.as_chunks().0.iter().zip(neighbours.as_chunks().0) {
        let both = (u64::from_le_bytes(*eight) ^ BLANKS) | (u64::from_le_bytes(*next) ^ BLANKS);
        let found = both.wrapping_sub(ONES) & !both & TOPS;
        if found != 0 {
            return Some(looked.saturating_add(found.trailing_zeros() as usize / 8).saturating_add(1));
        }
        looked = looked.saturating_add(8);
    }
    let at = bytes.get(looked..)?.windows(2).position(|two| two == b"  ")?;
    Some(looked.saturating_add(at).saturating_add(1))
}

/// Folds letter by letter, as long as each is known and its neighbours do not matter.
struct Easy {
    words: Words,
    base: Base,
    /// What was kept last, and its place among the marks of one letter.
    last: Option<char>,
    order: u8,
}

impl Easy {
    /// Words are put behind those that are folded already.
    fn behind(folded: String) -> Self {
        Self { words: Words::behind(folded), base: Base::default(), last: None, order: 0 }
    }

    /// `false`: only a look at the whole word tells.
    fn take(&mut self, c: char) -> bool {
        match known(c) {
            Sign::Blank => {
                self.words.blank();
                (self.base, self.last, self.order) = (Base::default(), None, 0);
            }
            Sign::Gone => {}
            Sign::Letter { folded, base, order, joins } => {
                if *joins && let Some(is_one) = self.join(*folded) {
                    return is_one;
                }
                self.words.letter(*folded);
                (self.base, self.last, self.order) = (*base, Some(*folded), *order);
            }
            Sign::Emoji(emoji) => {
                self.words.emoji(*emoji);
                (self.base, self.last, self.order) = (Base::default(), Some(*emoji), 0);
            }
            Sign::Mark { inherited, order, joins } => {
                if !self.base.keeps(*inherited) {
                    return true;
                }
                // Marks that stand out of their order would be sorted.
                if *order > 0 && *order < self.order {
                    return false;
                }
                if *joins && let Some(is_one) = self.join(c) {
                    self.order = *order;
                    return is_one;
                }
                self.words.letter(c);
                (self.last, self.order) = (Some(c), *order);
            }
            Sign::Several(signs) => return signs.chars().all(|sign| self.take(sign)),
            Sign::Hard => return false,
        }
        true
    }

    /// Makes one of the last letter and this one, where the two are one: whether that is easy. `None`: they stay two.
    fn join(&mut self, c: char) -> Option<bool> {
        let last = self.last?;
        if canonical_combining_class(last) > 0 {
            return Some(false);
        }
        let one = compose(last, c)?;
        let stays = match known(one) {
            Sign::Letter { folded, base, .. } => *folded == one && *base == self.base,
            _ => is_combining_mark(one),
        };
        self.words.replace(one);
        self.last = Some(one);
        Some(stays)
    }
}

#[cfg(test)]
mod tests;
