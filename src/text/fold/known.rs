//! What folding makes of single characters, found out by [`general`](super::general) when a text first holds them.

use std::sync::OnceLock;

use icu_casemap::CaseMapper;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::general::{Base, is_emoji, is_gone, is_inherited, keep_letters, pass};

/// A character as far as it can be folded without its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Parts words; nothing reaches over it.
    Blank,
    /// Leaves no trace.
    Gone,
    Letter {
        folded: char,
        base: Base,
        /// Where it carries a mark itself: that mark's place among the marks of one letter.
        order: u8,
        /// It may become one with what stands before it.
        joins: bool,
    },
    Emoji(char),
    /// Stays as it is, or goes: its letter says.
    Mark {
        inherited: bool,
        /// Its place among the marks of one letter; 0 keeps its place.
        order: u8,
        /// It may become one with what stands before it.
        joins: bool,
    },
    /// Folded as these are, none of which is of this kind or hard.
    Several(Box<str>),
    /// Only a look at the whole word tells.
    Hard,
}

/// Characters in a page of the table.
const PAGE: usize = 0x100;
/// All pages of the first two planes. What stands behind them is rare.
const PAGES: usize = 0x200;

type Page = Box<[OnceLock<Sign>; PAGE]>;

pub(super) fn known(c: char) -> &'static Sign {
    static TABLE: [OnceLock<Page>; PAGES] = [const { OnceLock::new() }; PAGES];
    let code = usize::try_from(u32::from(c)).unwrap_or(usize::MAX);
    let page = TABLE.get(code / PAGE).map(|page| page.get_or_init(|| Box::new([const { OnceLock::new() }; PAGE])));
    page.and_then(|page| page.get(code % PAGE)).map_or(&Sign::Hard, |sign| sign.get_or_init(|| found_out(c)))
}

fn found_out(c: char) -> Sign {
    if is_gone(c) {
        return Sign::Gone;
    }
    let between = pass(&format!("a{c}a"));
    if between == "a a" {
        return Sign::Blank;
    }
    let parts: String = std::iter::once(c).nfkd().collect();
    let cased = CaseMapper::new().fold_string(&parts).into_owned();
    let as_it_is = parts.chars().eq([c]);
    if is_combining_mark(c) && as_it_is {
        let mark = Sign::Mark { inherited: is_inherited(c), order: canonical_combining_class(c), joins: joins(c) };
        return if cased == parts { mark } else { Sign::Hard };
    }
    let alone = pass(c.encode_utf8(&mut [0; 4]));
    let mut folded = alone.chars();
    if let (Some(folded), None) = (folded.next(), folded.next())
        && !parts.starts_with(is_a_mark)
        && !is_combining_mark(folded)
        && pass(&alone) == alone
    {
        let base = base_behind(&parts);
        if is_emoji(folded) && between == format!("a {folded} a") && base == Base::None {
            return Sign::Emoji(folded);
        }
        if !is_emoji(folded) && between == format!("a{folded}a") && base == base_behind(&alone) {
            let order = alone.nfd().last().map_or(0, canonical_combining_class);
            return Sign::Letter { folded, base, order, joins: joins(folded) };
        }
    }
    let plain = |d: char| !matches!(known(d), Sign::Several(_) | Sign::Hard);
    if !as_it_is && parts.chars().all(plain) {
        return Sign::Several(parts.into());
    }
    // A letter that is several ones in the other case.
    let same = |d: char| matches!(known(d), Sign::Letter { base, .. } if *base == base_behind(&parts));
    if as_it_is && cased != parts && cased.chars().all(same) { Sign::Several(cased.into()) } else { Sign::Hard }
}

fn is_a_mark(c: char) -> bool {
    is_combining_mark(c) || canonical_combining_class(c) > 0
}

fn joins(c: char) -> bool {
    is_nfc_quick(std::iter::once(c)) != IsNormalized::Yes
}

/// What the last letter of the text means for marks behind it.
fn base_behind(text: &str) -> Base {
    let mut base = Base::default();
    text.nfkd().for_each(|c| keep_letters(c, &mut base, &mut String::new()));
    base
}
