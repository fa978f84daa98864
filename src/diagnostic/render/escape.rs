//! Makes an author's text harmless on a terminal: no control character reaches it, none reorders what stands around it.

/// Whether a character would do something to the terminal or to the order of its line.
pub(super) fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The text with hostile characters spelled out, for messages.
pub(super) fn spelled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(' '),
            _ if is_hostile(letter) => out.push_str(&format!("\\u{{{:x}}}", letter as u32)),
            _ => out.push(letter),
        }
    }
    out
}

/// A line of a source with every hostile character replaced by a visible one of as many bytes, so that places stay.
pub(super) fn masked(line: &str) -> String {
    let mask = |letter: char| match letter {
        '\t' => letter,
        _ if !is_hostile(letter) => letter,
        _ => match letter.len_utf8() {
            1 => '?',
            2 => '·',
            _ => '\u{fffd}',
        },
    };
    line.chars().map(mask).collect()
}

/// Written JSON with every hostile character of its texts as `\u` and four digits; the document itself must be one line.
pub(super) fn within_json(line: &str) -> String {
    line.chars().fold(String::with_capacity(line.len()), |mut out, letter| {
        if is_hostile(letter) {
            let mut units = [0; 2];
            letter.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(letter);
        }
        out
    })
}
