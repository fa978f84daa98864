//! Cutting a long text into messages.

use std::collections::BTreeSet;

use icu_segmenter::WordSegmenter;
use icu_segmenter::options::WordBreakInvariantOptions;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{is_without_spaces, units};

/// How much of what follows is looked at to judge a place for a cut.
const AHEAD_BYTES: usize = 256;

/// A text in pieces, in order. Put together they are the text but for the blanks at the cuts, and but for graphemes
/// that are longer than a whole piece may be: those are left out and counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    pub texts: Vec<String>,
    pub dropped_graphemes: usize,
}

/// [`pieces`] without the note.
#[must_use]
pub fn split(text: &str, most_units: usize) -> Vec<String> {
    pieces(text, most_units).texts
}

/// Pieces of at most `most_units` UTF-16 units. A cut stands behind the last sentence that fits if the piece is then at
/// least half full (each piece costs a reply), else behind the last word on the same condition, else between two
/// graphemes; never inside one.
#[must_use]
pub fn pieces(text: &str, most_units: usize) -> Pieces {
    let mut found = Pieces::default();
    let mut rest = text;
    while units(rest) > most_units {
        let Some(limit) = fitting(rest, most_units) else {
            let first = rest.graphemes(true).next().unwrap_or(rest);
            rest = rest.get(first.len()..).unwrap_or_default();
            rest = without_leading_blanks(rest);
            found.dropped_graphemes = found.dropped_graphemes.saturating_add(1);
            continue;
        };
        let cut = place(rest, limit, most_units);
        let (piece, after) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        let piece = without_trailing_blanks(piece);
        if !piece.is_empty() {
            found.texts.push(piece.to_owned());
        }
        rest = without_leading_blanks(after);
    }
    if !rest.is_empty() {
        found.texts.push(rest.to_owned());
    }
    found
}

/// The end of the last grapheme that fits; `None` where not even the first does.
fn fitting(text: &str, most_units: usize) -> Option<usize> {
    let mut used = 0_usize;
    let mut end = None;
    for (start, grapheme) in text.grapheme_indices(true) {
        used = used.saturating_add(units(grapheme));
        if used > most_units {
            break;
        }
        end = Some(start + grapheme.len());
    }
    end
}

/// The best place for a cut at or before `limit`.
fn place(text: &str, limit: usize, most_units: usize) -> usize {
    let mut end = limit.saturating_add(AHEAD_BYTES).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let view = text.get(..end).unwrap_or(text);
    let mut graphemes: BTreeSet<usize> = view.grapheme_indices(true).map(|(start, _)| start).collect();
    if end == text.len() {
        graphemes.insert(end);
    }
    let full = |at: usize| units(text.get(..at).unwrap_or_default()).saturating_mul(2) >= most_units;
    let last = |places: &mut dyn Iterator<Item = usize>| {
        // The blanks before a place need not fit: they fall away.
        let bare = |at| without_trailing_blanks(text.get(..at).unwrap_or_default()).len();
        places.filter(|at| graphemes.contains(at)).map(bare).filter(|at| *at > 0 && *at <= limit).max().filter(|at| full(*at))
    };
    last(&mut view.split_sentence_bound_indices().map(|(start, _)| start)).or_else(|| last(&mut words(view))).unwrap_or(limit)
}

/// Where a word begins behind a blank, or, in scripts without spaces, behind another word.
fn words(text: &str) -> Box<dyn Iterator<Item = usize> + '_> {
    let between = move |at: &usize| {
        let (before, after) = text.split_at_checked(*at).unwrap_or((text, ""));
        let after = after.chars().next();
        before.chars().next_back().is_some_and(|before| {
            before.is_whitespace() || is_without_spaces(before) && after.is_some_and(|after| after.is_alphanumeric())
        })
    };
    if text.chars().any(is_without_spaces) {
        let segmenter = WordSegmenter::new_auto(WordBreakInvariantOptions::default());
        let places: Vec<usize> = segmenter.segment_str(text).collect();
        Box::new(places.into_iter().filter(move |at| between(at)))
    } else {
        Box::new(text.split_word_bound_indices().map(|(start, _)| start).filter(move |at| between(at)))
    }
}

fn without_trailing_blanks(text: &str) -> &str {
    let blank: usize = text.graphemes(true).rev().take_while(|grapheme| is_blank(grapheme)).map(str::len).sum();
    text.get(..text.len().saturating_sub(blank)).unwrap_or_default()
}

fn without_leading_blanks(text: &str) -> &str {
    let blank: usize = text.graphemes(true).take_while(|grapheme| is_blank(grapheme)).map(str::len).sum();
    text.get(blank..).unwrap_or_default()
}

/// A blank with a mark on it is not blank.
fn is_blank(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_one_piece_to_the_unit() {
        for letter in ["a", "👍", "كَ", "ที่"] {
            let each = units(letter);
            let full = letter.repeat(6_000 / each);
            assert_eq!(units(&full), 6_000);
            assert_eq!(split(&full, 6_000), std::slice::from_ref(&full), "{letter}");
            assert_eq!(split(&format!("{full}{letter}"), 6_000).len(), 2, "{letter}");
        }
        assert!(split("", 10).is_empty());
    }

    #[test]
    fn a_cut_stands_behind_a_sentence() {
        assert_eq!(split("We are closed today. Come again tomorrow.", 25), ["We are closed today.", "Come again tomorrow."]);
        assert_eq!(split("نحن مغلقون اليوم؟ تعال غداً.", 20), ["نحن مغلقون اليوم؟", "تعال غداً."]);
    }

    #[test]
    fn a_short_sentence_does_not_waste_a_reply() {
        assert_eq!(split("Hi. This is one very long sentence", 20), ["Hi. This is one very", "long sentence"]);
    }

    #[test]
    fn without_a_sentence_it_stands_behind_a_word() {
        assert_eq!(split("alpha beta gamma", 12), ["alpha beta", "gamma"]);
        assert_eq!(split("สวัสดีครับผมชื่อสมชาย", 14), ["สวัสดีครับผม", "ชื่อสมชาย"]);
    }

    #[test]
    fn without_a_word_it_stands_between_graphemes() {
        assert_eq!(split("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(split("👩‍👩‍👧👩‍👩‍👧", 9), ["👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(split("كَتَبَ", 3), ["كَ", "تَ", "بَ"]);
    }

    #[test]
    fn a_grapheme_too_long_for_any_message_is_left_out_and_counted() {
        let zalgo = format!("a{}", "\u{301}".repeat(20));
        let found = pieces(&format!("hello {zalgo} you"), 10);
        assert_eq!((found.texts, found.dropped_graphemes), (vec!["hello".to_owned(), "you".to_owned()], 1));
        assert_eq!(pieces("abc", 0), Pieces { texts: vec![], dropped_graphemes: 3 });
    }

    #[test]
    fn a_long_text_is_cut_in_bounded_time() {
        let found = split(&"คำถามที่พบบ่อย สวัสดี. ".repeat(2_700), 6_000);
        assert!(found.len() <= 12, "{}", found.len());
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_but_blanks_and_nothing_is_too_long(
            text in "[a-c .!?\n👍👩\u{200d}كَتبที่สว日本語\u{301}]{0,120}", most in 1_usize..30,
        ) {
            let found = pieces(&text, most);
            assert!(found.texts.iter().all(|piece| units(piece) <= most && !piece.is_empty()));
            if found.dropped_graphemes == 0 {
                let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                assert_eq!(bare(&found.texts.concat()), bare(&text));
                let whole: Vec<&str> = text.graphemes(true).filter(|g| !is_blank(g)).collect();
                let cut: Vec<&str> =
                    found.texts.iter().flat_map(|piece| piece.graphemes(true)).filter(|g| !is_blank(g)).collect();
                assert_eq!(cut, whole, "a cut inside a grapheme");
            }
        }
    }
}
