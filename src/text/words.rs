//! Whole words in folded text.

use unicode_normalization::char::is_combining_mark;

use super::{fold, is_without_spaces};

/// Whether the stretch `start..end` (bytes) of folded text begins and ends where words do: at a space, at an end of the
/// text, or beside a letter of a script that is written without spaces; never between a letter and its mark.
#[must_use]
pub fn is_whole(folded: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(inside), Some(after)) = (folded.get(..start), folded.get(start..end), folded.get(end..)) else {
        return false;
    };
    let border = |left: Option<char>, right: Option<char>| match (left, right) {
        (Some(left), Some(right)) => {
            left == ' ' || right == ' ' || !is_combining_mark(right) && (is_without_spaces(left) || is_without_spaces(right))
        }
        _ => true,
    };
    border(before.chars().next_back(), inside.chars().next()) && border(inside.chars().next_back(), after.chars().next())
}

/// Whether the words of `phrase` stand in `text` as whole words, adjacent, in this order. Both as written: they are folded
/// here. A phrase without words stands nowhere.
#[must_use]
pub fn contains_words(text: &str, phrase: &str) -> bool {
    find_words(&fold(text), &fold(phrase)).is_some()
}

/// Where the folded phrase stands in the folded text as whole words, in bytes.
#[must_use]
pub fn find_words(folded: &str, phrase: &str) -> Option<usize> {
    let first = phrase.chars().next()?;
    let mut from = 0_usize;
    // A find that is no whole word may reach into one that is: go on behind its first letter.
    while let Some(offset) = folded.get(from..).and_then(|rest| rest.find(phrase)) {
        let start = from.saturating_add(offset);
        if is_whole(folded, start, start.saturating_add(phrase.len())) {
            return Some(start);
        }
        from = start.saturating_add(first.len_utf8());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_in_order() {
        assert!(contains_words("Where IS my, order?", "is my order"));
        assert!(!contains_words("reorder", "order"));
        assert!(!contains_words("my order", "order my"));
        assert!(contains_words("reorder or order", "order"));
        assert!(contains_words("xa a a", "a a"));
        assert!(contains_words("aa a", "a") && contains_words("ba a a", "a a"));
        assert!(!contains_words("anything", "?!"));
    }

    #[test]
    fn where_words_have_no_spaces_they_are_found_anywhere() {
        assert!(contains_words("ผมต้องการคืนสินค้าครับ", "คืนสินค้า"));
        assert!(contains_words("ซื้อiphoneครับ", "iPhone"));
        assert!(contains_words("返品したいです", "返品"));
        assert!(!contains_words("ที่", "ที"), "a letter is not cut from its mark");
    }

    #[test]
    fn an_emoji_is_found_beside_a_word() {
        assert!(contains_words("great👍🏽!", "👍"));
    }
}
