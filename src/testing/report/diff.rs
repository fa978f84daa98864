//! Expected and said, one under the other, what differs marked. Each text stands on lines of its own, so that a terminal
//! sets a text of any direction by itself.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

/// Words of one text that are compared at most; longer texts are shown unmarked.
const WORDS_MAX: usize = 2_000;

/// A stretch of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch<'a> {
    pub text: &'a str,
    pub differs: bool,
}

/// Both sides in stretches. Words are compared whole; none is cut inside a grapheme.
pub(super) fn stretches<'a>(expected: &'a str, got: &'a str) -> (Vec<Stretch<'a>>, Vec<Stretch<'a>>) {
    let left: Vec<&str> = expected.split_word_bounds().collect();
    let right: Vec<&str> = got.split_word_bounds().collect();
    if left.len() > WORDS_MAX || right.len() > WORDS_MAX {
        let whole = |text| vec![Stretch { text, differs: false }];
        return (whole(expected), whole(got));
    }
    let (mut first, mut second) = (Side::new(expected), Side::new(got));
    for op in capture_diff_slices(Algorithm::Myers, &left, &right) {
        let same = matches!(op, DiffOp::Equal { .. });
        let bytes = |words: &[&str], range: std::ops::Range<usize>| -> usize {
            words.get(range).unwrap_or_default().iter().map(|word| word.len()).sum()
        };
        first.take(bytes(&left, op.old_range()), !same);
        second.take(bytes(&right, op.new_range()), !same);
    }
    (first.stretches, second.stretches)
}

struct Side<'a> {
    text: &'a str,
    at: usize,
    stretches: Vec<Stretch<'a>>,
}

impl<'a> Side<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0, stretches: Vec::new() }
    }

    fn take(&mut self, bytes: usize, differs: bool) {
        let end = self.at.saturating_add(bytes);
        if let Some(text) = self.text.get(self.at..end).filter(|text| !text.is_empty()) {
            self.stretches.push(Stretch { text, differs });
        }
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(expected: &str, got: &str) -> (String, String) {
        let (first, second) = stretches(expected, got);
        let show = |side: Vec<Stretch<'_>>| {
            side.iter().map(|one| if one.differs { format!("<{}>", one.text) } else { one.text.to_owned() }).collect()
        };
        (show(first), show(second))
    }

    #[test]
    fn only_the_words_that_differ_are_marked() {
        assert_eq!(
            marked("An order number has 6 to 10 digits.", "An order number must have 6 to 10 digits."),
            ("An order number <has> 6 to 10 digits.".to_owned(), "An order number <must have> 6 to 10 digits.".to_owned())
        );
        assert_eq!(marked("same", "same"), ("same".to_owned(), "same".to_owned()));
        assert_eq!(marked("", "new"), (String::new(), "<new>".to_owned()));
    }

    #[test]
    fn both_sides_put_together_are_what_they_were() {
        for (left, right) in [("ما هو رقم طلبك؟", "ما رقم الطلب؟"), ("👩‍👩‍👧 a", "👩‍👧 a"), ("สวัสดีค่ะ", "สวัสดีครับ"), ("a\nb", "a\nc")]
        {
            let (first, second) = stretches(left, right);
            assert_eq!(first.iter().map(|one| one.text).collect::<String>(), left);
            assert_eq!(second.iter().map(|one| one.text).collect::<String>(), right);
        }
    }
}
