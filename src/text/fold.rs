//! Folding: what two spellings of the same words have in common.
//!
//! Compatibility forms are resolved, case is folded, marks are removed after Latin, Greek, Arabic and Hebrew letters (in
//! other scripts they carry meaning), tatweel and invisible characters go, alef, ya and ta marbuta have one form each,
//! digits of all scripts become 0-9, blanks and punctuation one space, and emoji stand as words without variation
//! selector and skin tone. Folding twice is folding once.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_script::Script;

use super::script::script_of;

const JOINER: char = '\u{200d}';

/// The folded form: words separated by single spaces, none at the ends.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut folded = pass(text);
    // A few characters need a second look (a case folding that makes a letter of a mark); never more than a few.
    for _ in 0..3 {
        let again = pass(&folded);
        if again == folded {
            break;
        }
        folded = again;
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
    let mut out = Vec::with_capacity(text.len());
    let mut word = false;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            if !word && !out.is_empty() {
                out.push(b' ');
            }
            word = true;
            out.push(byte.to_ascii_lowercase());
        } else {
            word = false;
        }
    }
    String::from_utf8(out).unwrap_or_default()
}

fn pass(text: &str) -> String {
    let mut decomposed = String::with_capacity(text.len());
    let mut base = Script::Common;
    for c in text.nfkd() {
        keep_letters(c, &mut base, &mut decomposed);
    }
    let cased = CaseMapper::new().fold_string(&decomposed).into_owned();
    let mut words = Words::default();
    let mut base = Script::Common;
    let mut kept = String::with_capacity(4);
    let mut letters = cased.nfkd().peekable();
    while let Some(c) = letters.next() {
        kept.clear();
        keep_letters(c, &mut base, &mut kept);
        for c in kept.chars() {
            let joins = c == JOINER && letters.peek().copied().is_some_and(is_emoji);
            words.push(c, joins);
        }
    }
    words.out.nfc().collect()
}

/// Appends what remains of `c`; `base` is the script of the letter before it.
fn keep_letters(c: char, base: &mut Script, out: &mut String) {
    match c {
        // Tatweel, soft hyphen, variation selectors, keycap, skin tones, joiners in words, marks of direction.
        '\u{640}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{180b}'..='\u{180f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}'
        | '\u{20e3}'
        | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{200b}'
        | '\u{200c}'
        | '\u{2060}'
        | '\u{feff}' => return,
        _ if super::is_bidi_control(c) => return,
        _ => {}
    }
    if is_combining_mark(c) {
        let bare = matches!(base, Script::Latin | Script::Greek | Script::Arabic | Script::Hebrew);
        let homeless = *base == Script::Common && script_of(c) == Script::Inherited;
        if !bare && !homeless {
            out.push(c);
        }
        return;
    }
    let c = digit(c).unwrap_or(match c {
        'آ' | 'أ' | 'إ' | 'ٱ' | 'ٲ' | 'ٳ' | 'ٵ' => 'ا',
        'ى' | 'ی' | 'ې' => 'ي',
        'ة' => 'ه',
        other => other,
    });
    *base = if c.is_alphabetic() { script_of(c) } else { Script::Common };
    out.push(c);
}

/// Collects words and emoji with single spaces between them.
#[derive(Default)]
struct Words {
    out: String,
    last: Last,
}

#[derive(Default, PartialEq)]
enum Last {
    #[default]
    Blank,
    Letter,
    Emoji,
    /// The first half of a flag.
    HalfFlag,
    /// An emoji that the next one belongs to.
    Joined,
}

impl Words {
    fn push(&mut self, c: char, joins: bool) {
        if c == JOINER {
            if joins && matches!(self.last, Last::Emoji | Last::HalfFlag) {
                self.out.push(c);
                self.last = Last::Joined;
            }
        } else if is_tag(c) {
            if self.last == Last::Emoji {
                self.out.push(c);
            }
        } else if is_emoji(c) {
            let half = is_flag_half(c);
            let together = self.last == Last::Joined || (half && self.last == Last::HalfFlag);
            if !together {
                self.space();
            }
            self.last = if half && !together { Last::HalfFlag } else { Last::Emoji };
            self.out.push(c);
        } else if c.is_alphanumeric() || is_combining_mark(c) {
            if self.last != Last::Letter {
                self.space();
            }
            self.out.push(c);
            self.last = Last::Letter;
        } else {
            self.last = Last::Blank;
        }
    }

    fn space(&mut self) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
    }
}

const fn is_flag_half(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// Pictures; the skin tones, and the letters and digits that stand among them, are none.
fn is_emoji(c: char) -> bool {
    matches!(
        c,
        '\u{231a}' | '\u{231b}' | '\u{2328}' | '\u{23cf}' | '\u{23e9}'..='\u{23f3}' | '\u{23f8}'..='\u{23fa}'
        | '\u{25aa}' | '\u{25ab}' | '\u{25b6}' | '\u{25c0}' | '\u{25fb}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}'
        | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b07}' | '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}'
        | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}'
    ) && !c.is_alphanumeric()
}

/// The zeros of all scripts' decimal digits; nine more follow each.
const ZEROS: [u32; 76] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040,
    0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0,
    0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16130,
    0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1,
    0x1e950, 0x1fbf0,
];

/// The ASCII digit that a decimal digit of any script stands for.
fn digit(c: char) -> Option<char> {
    if c.is_ascii() || !c.is_numeric() {
        return None;
    }
    let code = u32::from(c);
    let index = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    let value = code.checked_sub(*ZEROS.get(index)?)?;
    (value < 10).then(|| char::from_digit(value, 10)).flatten()
}

#[cfg(test)]
mod tests;
