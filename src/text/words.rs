//! Whole words in folded text.
//!
//! Where words are parted by spaces, a phrase must begin and end where words do. Thai, Lao, Khmer, Burmese, Chinese and
//! Japanese are written without spaces: there a phrase of four letters or more is found anywhere, and a shorter one only
//! between the borders of words that a dictionary or a trained model sees (either may overlook one). Short words stand by
//! chance in longer ones: `รับ` (to take) in `ครับ`, which ends every polite sentence, `ยา` (medicine) in `ยาว` (long), and
//! `京都` in `東京都`. A longer phrase hardly does, and must not be lost because a border was overlooked. Between such
//! letters and those of other scripts or digits there is always a border; between a letter and its mark there never is.

use std::cell::OnceCell;
use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use unicode_normalization::char::is_combining_mark;

use super::{fold, is_without_spaces};

/// Letters, marks not counted, from which on a phrase is found anywhere in a script without spaces.
const ANYWHERE: usize = 4;

static MODEL: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()));
static DICTIONARY: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// Borders of words in one folded text; what costs time is looked for where it is first asked for.
#[derive(Debug)]
pub struct Borders<'t> {
    folded: &'t str,
    seen: OnceCell<Vec<usize>>,
    looked_up: OnceCell<Vec<usize>>,
}

impl<'t> Borders<'t> {
    #[must_use]
    pub const fn new(folded: &'t str) -> Self {
        Self { folded, seen: OnceCell::new(), looked_up: OnceCell::new() }
    }

    /// Whether the stretch `start..end` (bytes) begins and ends where words do.
    #[must_use]
    pub fn is_whole(&self, start: usize, end: usize) -> bool {
        let (before, inside, after) = (self.folded.get(..start), self.folded.get(start..end), self.folded.get(end..));
        let (Some(before), Some(inside), Some(after)) = (before, inside, after) else { return false };
        let first = border(before.chars().next_back(), inside.chars().next());
        let last = border(inside.chars().next_back(), after.chars().next());
        match (first, last) {
            (Border::No, _) | (_, Border::No) => false,
            (Border::Yes, Border::Yes) => true,
            _ if inside.chars().filter(|c| *c != ' ' && !is_combining_mark(*c)).count() >= ANYWHERE => true,
            _ => {
                let within = |borders: &[usize]| {
                    (first == Border::Yes || borders.binary_search(&start).is_ok())
                        && (last == Border::Yes || borders.binary_search(&end).is_ok())
                };
                within(self.seen()) || within(self.looked_up())
            }
        }
    }

    /// Borders of words, with those that only a segmenter sees, in bytes.
    #[must_use]
    pub fn seen(&self) -> &[usize] {
        self.seen.get_or_init(|| MODEL.segment_str(self.folded).collect())
    }

    fn looked_up(&self) -> &[usize] {
        self.looked_up.get_or_init(|| DICTIONARY.segment_str(self.folded).collect())
    }
}

/// Whether a word ends and another begins between two letters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Border {
    Yes,
    No,
    /// Both are of scripts without spaces.
    Perhaps,
}

fn border(left: Option<char>, right: Option<char>) -> Border {
    let (Some(left), Some(right)) = (left, right) else { return Border::Yes };
    if left == ' ' || right == ' ' {
        Border::Yes
    } else if is_combining_mark(right) {
        Border::No
    } else {
        match (is_without_spaces(left) || is_mark_without_spaces(left), is_without_spaces(right)) {
            (true, true) => Border::Perhaps,
            (true, false) | (false, true) => Border::Yes,
            (false, false) => Border::No,
        }
    }
}

/// Marks that end a syllable of such a script.
fn is_mark_without_spaces(letter: char) -> bool {
    is_combining_mark(letter) && is_without_spaces(letter)
}

/// [`Borders::is_whole`] for one look at a text.
#[must_use]
pub fn is_whole(folded: &str, start: usize, end: usize) -> bool {
    Borders::new(folded).is_whole(start, end)
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
    let borders = Borders::new(folded);
    let mut from = 0_usize;
    // A find that is no whole word may reach into one that is: go on behind its first letter.
    while let Some(offset) = folded.get(from..).and_then(|rest| rest.find(phrase)) {
        let start = from.saturating_add(offset);
        if borders.is_whole(start, start.saturating_add(phrase.len())) {
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
    fn where_words_have_no_spaces_they_are_found_inside_sentences() {
        for (text, phrases) in [
            ("ผมต้องการคืนสินค้าครับ", &["คืนสินค้า", "คืน", "สินค้า"][..]),
            ("อยากสั่งกาแฟเย็นสองแก้วค่ะ", &["กาแฟ", "สั่ง", "เย็น"]),
            ("ขอเปลี่ยนไซส์ได้ไหม", &["เปลี่ยน", "ไซส์", "เปลี่ยนไซส์"]),
            ("จองโต๊ะพรุ่งนี้", &["จอง", "โต๊ะ", "จองโต๊ะ"]),
            ("รับบัตรเครดิตไหมครับ", &["รับ", "บัตรเครดิต"]),
            ("我要退货", &["退货"]),
            ("请问什么时候发货", &["发货", "什么时候"]),
            ("想退款可以吗", &["退款"]),
            ("運費多少錢", &["運費", "多少錢"]),
            ("返品したいです", &["返品"]),
            ("注文をキャンセルしたい", &["注文", "キャンセル"]),
            ("ﾁｹｯﾄの交換できますか", &["チケット", "交換"]),
            ("ຂ້ອຍຢາກຄືນສິນຄ້າ", &["ຄືນ", "ສິນຄ້າ", "ຄືນສິນຄ້າ"]),
            ("ខ្ញុំចង់ប្តូរទំនិញ", &["ប្តូរ", "ទំនិញ"]),
            ("ပစ္စည်းပြန်ပို့ချင်ပါတယ်", &["ပြန်ပို့", "ပစ္စည်း"]),
            ("ซื้อiphone15ครับ", &["iPhone15", "ซื้อ"]),
            ("大きいサイズ38号はありますか", &["38", "サイズ"]),
        ] {
            for phrase in phrases {
                assert!(contains_words(text, phrase), "{phrase} in {text}");
            }
        }
    }

    #[test]
    fn a_short_word_is_not_found_inside_another() {
        for (text, phrase) in [
            ("ขอบคุณครับ", "รับ"),
            ("ยาวเท่าไร", "ยา"),
            ("พยายามแล้ว", "ยา"),
            ("อยากสั่งกาแฟ", "กา"),
            ("東京都に送れますか", "京都"),
            ("ที่", "ที"),
            ("大学生打折吗", "大学"),
        ] {
            assert!(!contains_words(text, phrase), "{phrase} in {text}");
        }
    }

    #[test]
    fn an_emoji_is_found_beside_a_word() {
        assert!(contains_words("great👍🏽!", "👍"));
        assert!(contains_words("ดีมาก👍ครับ", "👍"));
    }

    #[test]
    fn a_long_text_without_spaces_is_looked_through_in_bounded_time() {
        let text = "ขอบคุณครับ".repeat(60);
        assert!(!contains_words(&text, "รับ"));
    }
}
