//! How single values are written: texts always in quotes, words and numbers without where no reader can mistake them.

/// A text in quotes.
pub fn quoted(text: &str) -> String {
    let awkward = text.contains(['"', '\\']);
    if awkward && text.chars().all(is_printed) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if is_printed(c) => out.push(c),
            _ => match u32::from(c) {
                code @ 0..=0xFF => out.push_str(&format!("\\x{code:02X}")),
                code @ 0..=0xFFFF => out.push_str(&format!("\\u{code:04X}")),
                code => out.push_str(&format!("\\U{code:08X}")),
            },
        }
    }
    out.push('"');
    out
}

/// A name, duration or number: in quotes only where another reader would take it for something else.
pub fn word(text: &str) -> String {
    // Older readers of YAML take these words for true, false and nothing.
    const OTHER: &[&str] = &["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let first = text.chars().next();
    let name = first.is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && text.chars().all(|c| matches!(c, '-' | '.' | '?') || unicode_ident::is_xid_continue(c))
        && !OTHER.contains(&text.to_lowercase().as_str());
    let number = text.trim_start_matches('-');
    let short = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h' | 'd'));
    if name || short { text.to_owned() } else { quoted(text) }
}

/// The lines of a text and how it ends, where it can stand behind `|` as it is.
pub fn lines(text: &str) -> Option<(Vec<String>, &'static str)> {
    let (body, end) = match text.strip_suffix('\n') {
        Some(body) => (body, "|"),
        None => (text, "|-"),
    };
    let lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    let plain = |line: &String| line.chars().all(is_printed) && (line.is_empty() || !line.trim().is_empty());
    let begins = lines.first().is_some_and(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
    let ends = lines.last().is_some_and(|line| !line.is_empty());
    // A tab at a line's beginning would be an indent to some readers.
    let tabs = lines.iter().any(|line| line.trim_start_matches(' ').starts_with('\t'));
    (begins && ends && !tabs && lines.iter().all(plain)).then_some((lines, end))
}

/// Characters that stand in a file as themselves.
const fn is_printed(c: char) -> bool {
    !matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_so_that_every_reader_agrees() {
        assert_eq!(quoted("a: b"), "\"a: b\"");
        assert_eq!(quoted("say \"it's\""), "'say \"it''s\"'");
        assert_eq!(quoted("a\n\"b\"\u{1}"), "\"a\\n\\\"b\\\"\\x01\"");
        for (text, written) in
            [("track", "track"), ("4h", "4h"), ("-3", "-3"), ("no", "\"no\""), ("09:00", "\"09:00\""), ("طلب", "طلب")]
        {
            assert_eq!(word(text), written);
        }
        assert_eq!(lines("one\n\n two"), Some((vec!["one".into(), String::new(), " two".into()], "|-")));
        assert_eq!(lines(" one"), None);
        assert_eq!(lines("one\n\n"), None);
    }
}
