//! Finds the bytes of a value in the file: escapes, folded lines and indents stand between them.

use saphyr_parser::ScalarStyle;

use crate::syntax::read::Places;

/// Lays `value` beside `source`, which begins at byte `from` of the file and may go on behind it. Gives the places and how
/// long the value is in the file, quotes included. Where the two differ beyond what YAML does, places stay near.
pub fn align(value: &str, source: &str, from: usize, style: ScalarStyle) -> (Places, usize) {
    let mut places = Places::default();
    let quoted = matches!(style, ScalarStyle::DoubleQuoted | ScalarStyle::SingleQuoted);
    let mut at = usize::from(quoted && source.starts_with(['"', '\'']));
    for (offset, c) in value.char_indices() {
        if !c.is_whitespace() {
            at += blanks(source, at, style);
        } else if style == ScalarStyle::DoubleQuoted {
            at += joined_line(source, at);
        }
        let rest = source.get(at..).unwrap_or_default();
        let length = match rest.chars().next() {
            None => 0,
            Some('\\') if style == ScalarStyle::DoubleQuoted => escape(rest),
            Some('\'') if style == ScalarStyle::SingleQuoted && rest.starts_with("''") => 2,
            Some(found) if found == c => c.len_utf8(),
            // A line end that was folded into a blank.
            Some('\n') if c.is_whitespace() => 1,
            Some(_) => 0,
        };
        places.push(offset, from + at);
        at += length;
    }
    if quoted {
        let quote = if style == ScalarStyle::DoubleQuoted { '"' } else { '\'' };
        at += joined_line(source, at);
        let rest = source.get(at..).unwrap_or_default();
        let left = rest.find(quote).filter(|close| rest.get(..*close).is_some_and(|gap| gap.trim().len() <= 1));
        places.close(from + at + left.unwrap_or(0));
        at += left.map_or(0, |close| close + 1);
    } else {
        places.close(from + at);
    }
    (places, at)
}

/// Blanks, line ends and indents that mean nothing before a character that is none of them.
fn blanks(source: &str, at: usize, style: ScalarStyle) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    let mut length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    if style == ScalarStyle::DoubleQuoted {
        length += joined_line(source, at + length);
    }
    length
}

/// `\` at a line's end joins it with the next one, whose indent does not count.
fn joined_line(source: &str, at: usize) -> usize {
    let mut length = 0;
    while let Some(rest) = source.get(at + length..) {
        let Some(after) = rest.strip_prefix("\\\n").or_else(|| rest.strip_prefix("\\\r\n")) else { break };
        length += rest.len() - after.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }
    length
}

/// The length of an escape.
fn escape(rest: &str) -> usize {
    let length = match rest.chars().nth(1) {
        Some('x') => 4,
        Some('u') => 6,
        Some('U') => 10,
        Some(c) => 1 + c.len_utf8(),
        None => 1,
    };
    length.min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn place(value: &str, source: &str, style: ScalarStyle, part: &str) -> (usize, String) {
        let (places, length) = align(value, source, 0, style);
        let start = value.find(part).unwrap();
        let span = places.span(FileId(0), start, start + part.len());
        (length, source[span.start as usize..span.end as usize].to_owned())
    }

    #[test]
    fn a_part_of_a_value_is_found_in_the_file() {
        let double = ScalarStyle::DoubleQuoted;
        assert_eq!(place("é {x}", "\"\\u00e9 {x}\"  # c", double, "{x}"), (12, "{x}".into()));
        assert_eq!(place("ab {x}", "\"a\\\n   b\n   {x}\"", double, "{x}"), (16, "{x}".into()));
        assert_eq!(place("\"é\"", "\"\\\"é\\\"\"", double, "é"), (8, "é".into()));
        assert_eq!(place("it's {x}", "'it''s {x}'", ScalarStyle::SingleQuoted, "{x}"), (11, "{x}".into()));
        assert_eq!(place("one two {x}", "one\n   two  {x}", ScalarStyle::Plain, "{x}"), (15, "{x}".into()));
        assert_eq!(place("one\n two {x}\n", "one\n   two {x}\n", ScalarStyle::Literal, "{x}").1, "{x}");
        assert_eq!(place("f g {x}", "f g\n      {x}\n", ScalarStyle::Folded, "{x}").1, "{x}");
    }
}
