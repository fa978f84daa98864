//! How long anything may be that we keep of TikTok's texts, and how it is shortened.

use unicode_segmentation::UnicodeSegmentation as _;

/// Bytes of one delivery or answer.
pub const BODY_BYTES_MAX: usize = 1_048_576;
/// Bytes of an id. Real ones have 22 to 64.
pub const ID_BYTES_MAX: usize = 512;
/// Bytes of a text: 6 000 characters, each an emoji of seven code points, and room.
pub const TEXT_BYTES_MAX: usize = 262_144;
/// Bytes of an address.
pub const URL_BYTES_MAX: usize = 8_192;
/// Bytes of a name or a word of TikTok's.
pub const WORD_BYTES_MAX: usize = 256;
/// Characters of a link's `ref`.
pub const REF_BYTES_MAX: usize = 2_083;
/// Bytes of a reason or an error's text.
pub const REASON_BYTES_MAX: usize = 200;

/// The beginning of `text` in at most `bytes_max` bytes, without control characters, never cut inside a grapheme.
#[must_use]
pub fn shortened(text: &str, bytes_max: usize) -> String {
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        if kept.len() + grapheme.len() > bytes_max {
            break;
        }
        if grapheme.chars().all(char::is_control) {
            kept.push(' ');
        } else {
            kept.push_str(grapheme);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_graphemes_only() {
        assert_eq!(shortened("abc", 2), "ab");
        assert_eq!(shortened("a👨‍👩‍👧b", 18), "a", "the family has 18 bytes");
        assert_eq!(shortened("a👨‍👩‍👧b", 19), "a👨‍👩‍👧");
        assert_eq!(shortened("one\r\ntwo\0three", 50), "one two three");
    }
}
