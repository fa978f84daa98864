//! How long a text is, and a shorter one.

use unicode_segmentation::UnicodeSegmentation as _;

const ELLIPSIS: char = '…';

/// UTF-16 units: of all units in use the one with the largest count.
#[must_use]
pub fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// Whether the text has at most so many [`units`].
#[must_use]
pub fn fits(text: &str, most: usize) -> bool {
    // No character has more units than bytes.
    text.len() <= most || units(text) <= most
}

/// What a reader takes for single characters.
#[must_use]
pub fn graphemes(text: &str) -> usize {
    text.graphemes(true).count()
}

/// UTF-16 units up to which [`shorten`] counts a grapheme as one: emoji families have eleven. What has more, which no
/// writing needs, counts as several, so that a shortened text has a bound.
pub const SHORTEN_GRAPHEME_UNITS: usize = 12;

/// At most `most` graphemes, the closing `…` included.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    shorten_by(text, most, |grapheme| units(grapheme).div_ceil(SHORTEN_GRAPHEME_UNITS))
}

/// At most `most` UTF-16 units, the closing `…` included, never cut inside a grapheme.
#[must_use]
pub fn shorten_units(text: &str, most: usize) -> String {
    shorten_by(text, most, units)
}

fn shorten_by(text: &str, most: usize, size: impl Fn(&str) -> usize) -> String {
    let mut used = 0_usize;
    // Where the text would be cut to leave one place for the ellipsis.
    let mut cut = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        if used < most {
            cut = start;
        }
        used = used.saturating_add(size(grapheme));
        if used > most {
            let kept = text.get(..cut).unwrap_or_default().trim_end();
            return if most == 0 { String::new() } else { format!("{kept}{ELLIPSIS}") };
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_counts_in_its_own_way() {
        assert_eq!((units("كَتَبَ"), graphemes("كَتَبَ")), (6, 3));
        assert_eq!((units("👩‍👩‍👧"), graphemes("👩‍👩‍👧")), (8, 1));
        assert_eq!((units("ที่"), graphemes("ที่")), (3, 1));
    }

    #[test]
    fn a_text_that_fits_stays_as_it_is() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten_units("👍👍", 4), "👍👍");
        assert_eq!(shorten("", 0), "");
    }

    #[test]
    fn a_longer_one_ends_with_an_ellipsis_inside_the_bound() {
        assert_eq!(shorten("abcd", 3), "ab…");
        assert_eq!(shorten("ab cd", 4), "ab…");
        assert_eq!(shorten("👩‍👩‍👧👍x", 2), "👩‍👩‍👧…");
        assert_eq!(shorten("abc", 1), "…");
        assert_eq!(shorten("abc", 0), "");
    }

    #[test]
    fn units_are_kept_without_cutting_a_grapheme() {
        assert_eq!(shorten_units("👍👍👍", 5), "👍👍…");
        assert_eq!(shorten_units("👍👍👍", 4), "👍…");
        assert_eq!(shorten_units("a👩‍👩‍👧b", 5), "a…");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_shortened_within_its_bound(text in "\\PC{0,40}", most in 0_usize..30) {
            assert!(graphemes(&shorten(&text, most)) <= most.max(graphemes("")));
            assert!(units(&shorten_units(&text, most)) <= most);
        }
    }
}
