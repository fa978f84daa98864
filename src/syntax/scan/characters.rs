//! Single characters: which stand for others, which may not stand in code.

/// What a character outside texts and comments is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Plain,
    /// Quotes of other kinds.
    Quote,
    Comma,
    Semicolon,
    /// A blank of another kind.
    Space,
    /// Not seen, or changes the direction of what is seen.
    Invisible,
    Digit(u8),
}

/// What this character is.
pub fn class(c: char) -> Class {
    match c {
        '“' | '”' | '„' | '‟' | '«' | '»' | '「' | '」' | '『' | '』' | '＂' | '‘' | '’' | '‚' | '\'' | '`' => {
            Class::Quote
        }
        '،' | '，' | '、' => Class::Comma,
        '؛' | '；' => Class::Semicolon,
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' | '\u{B}' | '\u{C}' => Class::Space,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{61C}' | '\u{FEFF}' => Class::Invisible,
        _ => digit(c).map_or(Class::Plain, Class::Digit),
    }
}

/// The zeros of the scripts whose digits are met in commerce.
const ZEROS: [u32; 17] =
    [0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0x1040, 0x17E0, 0xFF10];

fn digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|value| *value < 10)).map(|value| value as u8)
}

/// Begins a name or word.
pub fn begins_name(c: char) -> bool {
    c == '_' || unicode_ident::is_xid_start(c)
}

/// Goes on in a name or word.
pub fn goes_on(c: char) -> bool {
    unicode_ident::is_xid_continue(c)
}
