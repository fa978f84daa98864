//! Folding as it is defined: passes over the whole text, with a look at the neighbours of each letter. It is right for every
//! text and slow; what it makes of single characters is what [`super::known`] keeps.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_script::Script;

use crate::text::is_bidi_control;
use crate::text::script::script_of;

const JOINER: char = '\u{200d}';

/// The folded form, whatever the text is made of.
pub(super) fn general(text: &str) -> String {
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

/// One pass; only of a few texts does a second one make more.
pub(super) fn pass(text: &str) -> String {
    let mut decomposed = String::with_capacity(text.len());
    let mut base = Base::default();
    for c in text.nfkd() {
        keep_letters(c, &mut base, &mut decomposed);
    }
    let cased = CaseMapper::new().fold_string(&decomposed).into_owned();
    let mut words = Words::default();
    let mut base = Base::default();
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

/// Tatweel, soft hyphen, variation selectors, keycap, skin tones, joiners in words, marks of direction: left out everywhere.
pub(super) const fn is_gone(c: char) -> bool {
    matches!(
        c,
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
            | '\u{feff}'
    ) || is_bidi_control(c)
}

/// What a letter means for the marks behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Base {
    /// None of them stays.
    Bare,
    /// Those that belong to no script do not stay. So it is where no letter stands.
    #[default]
    None,
    /// All stay.
    Dressed,
}

impl Base {
    fn of(letter: char) -> Self {
        match if letter.is_alphabetic() { script_of(letter) } else { Script::Common } {
            Script::Latin | Script::Greek | Script::Arabic | Script::Hebrew => Self::Bare,
            Script::Common => Self::None,
            _ => Self::Dressed,
        }
    }

    /// Whether a mark stays; `inherited` is one that belongs to no script.
    pub(super) const fn keeps(self, inherited: bool) -> bool {
        match self {
            Self::Bare => false,
            Self::None => !inherited,
            Self::Dressed => true,
        }
    }
}

pub(super) fn is_inherited(mark: char) -> bool {
    script_of(mark) == Script::Inherited
}

/// Appends what remains of `c`; `base` is the letter before it.
pub(super) fn keep_letters(c: char, base: &mut Base, out: &mut String) {
    if is_gone(c) {
        return;
    }
    if is_combining_mark(c) {
        if base.keeps(is_inherited(c)) {
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
    *base = Base::of(c);
    out.push(c);
}

/// Collects words and emoji with single spaces between them.
#[derive(Default)]
pub(super) struct Words {
    pub(super) out: String,
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
    pub(super) const fn behind(out: String) -> Self {
        Self { out, last: Last::Blank }
    }

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
            self.emoji(c);
        } else if c.is_alphanumeric() || is_combining_mark(c) {
            self.letter(c);
        } else {
            self.blank();
        }
    }

    pub(super) fn letter(&mut self, c: char) {
        if self.last != Last::Letter {
            self.space();
        }
        self.out.push(c);
        self.last = Last::Letter;
    }

    /// The last letter becomes another one.
    pub(super) fn replace(&mut self, c: char) {
        self.out.pop();
        self.out.push(c);
    }

    pub(super) fn emoji(&mut self, c: char) {
        let half = is_flag_half(c);
        let together = self.last == Last::Joined || (half && self.last == Last::HalfFlag);
        if !together {
            self.space();
        }
        self.last = if half && !together { Last::HalfFlag } else { Last::Emoji };
        self.out.push(c);
    }

    pub(super) fn blank(&mut self) {
        self.last = Last::Blank;
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
pub(super) fn is_emoji(c: char) -> bool {
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
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() || !c.is_numeric() {
        return None;
    }
    let code = u32::from(c);
    let index = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    let value = code.checked_sub(*ZEROS.get(index)?)?;
    (value < 10).then(|| char::from_digit(value, 10)).flatten()
}
