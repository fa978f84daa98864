//! Says in the author's words why a document is no YAML; most often a text that YAML reads as something else.

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;

use super::write::quoted;

/// Why the document that begins at `from` could not be read at byte `at`; `last` is where its last value ended, `info` what
/// the YAML reader says.
pub fn explain(file: FileId, text: &str, from: usize, at: usize, last: usize, info: &str) -> Diagnostic {
    let line = Line::around(text, at, from);
    if let Some(found) = known(file, text, from, &line, at, info) {
        return found;
    }
    let value = line.value();
    let inside = value.is_some_and(|(start, value)| start < at && value.starts_with(['[', '{']));
    let part = part_of_list(text.get(at..line.end).unwrap_or_default());
    if inside && part.starts_with(['@', '`', '%', '*', '&', '!']) {
        // One of several in brackets.
        if let Some(found) = read_as_else(file, at, part, at, info) {
            return found;
        }
    }
    if let Some(found) = value.and_then(|(start, value)| read_as_else(file, start, value, at, info)) {
        return found;
    }
    let before = Line::around(text, last, from);
    if before.start != line.start
        && let Some((start, value)) = before.value()
        && value.starts_with(['{', '['])
        && let Some(found) = read_as_else(file, start, value, at, info)
    {
        return found;
    }
    let here = text.get(at..line.end).unwrap_or_default();
    let width = here.chars().next().map_or(0, char::len_utf8);
    let (message, help) = match info {
        _ if info.contains("mapping values are not allowed") => (
            "this key does not stand in line with the others of its map",
            "keys of one map stand exactly below each other, and a map below its key stands further right",
        ),
        _ if info.contains("simple key expected") || info.contains("expect ':'") => (
            "a key and its `:` were expected here",
            "write `key: value`; a text over several lines stands in quotes or behind `|`",
        ),
        _ if info.contains("block sequence entries are not allowed") => {
            ("a list cannot begin behind a key", "put `- ` on the next line, two blanks further right")
        }
        _ if info.contains("misplaced bracket") => ("this bracket closes nothing", "delete it, or put the text in quotes"),
        _ if info.contains("expected ',' or") => {
            ("a list or map in brackets is not closed here", "part its values with `, ` and close it")
        }
        _ if info.contains("expected key") || info.contains("'-' indicator") => (
            "this does not stand in line with what is above it",
            "the lines of one list or map begin in the same column; a text that goes on stands in quotes",
        ),
        _ => ("this cannot be read as YAML", "look at the indents, the quotes and the blank behind `:` and `-`"),
    };
    Diagnostic::error(codes::YAML_BROKEN, span(file, at, at + width), message).help(help)
}

/// Troubles that the reader names well enough.
fn known(file: FileId, text: &str, from: usize, line: &Line<'_>, at: usize, info: &str) -> Option<Diagnostic> {
    let rest = text.get(at..line.end).unwrap_or_default();
    let error = |code, start: usize, end: usize, message: &str, help: &str| {
        Some(Diagnostic::error(code, span(file, start, end), message).help(help))
    };
    if info.contains("document start") || info.contains("directive") {
        let mut start = from;
        for line in text.get(from..).unwrap_or_default().split('\n').take(100) {
            if line.starts_with('%') {
                let end = start + line.trim_end().len();
                return error(codes::YAML_REFUSED, start, end, "YAML directives are not used here", "delete this line");
            }
            start += line.len() + 1;
        }
    }
    if info.contains("recursion limit") {
        let help = "move the inner part into a flow of its own";
        return error(codes::TOO_DEEP, at, at + 1, "lists and maps nest too deep here", help);
    }
    if info.contains("tab") && line.text.contains('\t') {
        let tab = line.start + line.text.find('\t').unwrap_or(0);
        let help = "indent with blanks, two for each level";
        return error(codes::YAML_BROKEN, tab, tab + 1, "a tab cannot indent in YAML", help);
    }
    if info.contains("quoted scalar, found unexpected") {
        let end = at + rest.trim_end().len();
        return error(codes::UNCLOSED_TEXT, at, end, "this text is not closed", "add the closing quote at its end");
    }
    if info.contains("unprintable") {
        let code = rest.chars().next().map_or(0, u32::from);
        let width = rest.chars().next().map_or(0, char::len_utf8);
        let message = format!("a character that no text holds (U+{code:04X})");
        return error(codes::INVISIBLE, at, at + width, &message, "delete it");
    }
    if info.contains("escape") || info.contains("hexadecimal") || info.contains("Unicode character") {
        let help = "in double quotes a backslash is written twice, `\\\\`; in single quotes it stands for itself";
        let slash = unknown_escape(rest).map_or(at, |found| at + found);
        return error(codes::ESCAPE, slash, (slash + 2).min(line.end), "this escape is not known in a text", help);
    }
    if info.contains("trailing content after") {
        let single = text.get(..at).is_some_and(|before| before.trim_end().ends_with('\''));
        let help = if single {
            "a `'` inside single quotes is written twice: `''`"
        } else {
            "a `\"` inside double quotes is written `\\\"`; or put the whole text in single quotes"
        };
        let end = at + rest.trim_end().len();
        return error(codes::YAML_BROKEN, at, end, "the text ended before this", help);
    }
    None
}

/// The first backslash of a double-quoted text with something behind it that YAML does not know.
fn unknown_escape(rest: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = rest.get(at..)?.find('\\') {
        let c = rest.get(at + found + 1..)?.chars().next()?;
        if !"0abtnvfre \"/\\N_LP".contains(c) {
            return Some(at + found);
        }
        at += found + 1 + c.len_utf8();
    }
    None
}

/// Up to what ends a part of a list in brackets.
fn part_of_list(rest: &str) -> &str {
    rest.split([',', ']', '}']).next().unwrap_or_default().trim_end()
}

/// A text without quotes whose first signs, or a `: ` in it, mean something to YAML.
fn read_as_else(file: FileId, start: usize, value: &str, at: usize, info: &str) -> Option<Diagnostic> {
    // A bracket with nothing behind its end is what it looks like.
    let goes_on = |close| value.rfind(close).is_some_and(|end| value.len() > end + 1);
    let what = match value.chars().next()? {
        '{' if goes_on('}') => "a map",
        '[' if goes_on(']') => "a list",
        '*' => "an alias",
        '&' => "an anchor",
        '!' => "a tag",
        '|' | '>' => "the beginning of a text of several lines",
        '@' | '`' | '%' => "a sign of its own",
        _ if info.contains("mapping values") && start < at && value.contains(':') => {
            let colon = value.find(": ").or_else(|| value.find(':')).unwrap_or(0);
            let message = "YAML reads a second `:` on a line as another key, not as a part of the text";
            let found = Diagnostic::error(codes::YAML_READ_AS, span(file, start + colon, start + colon + 1), message);
            return Some(found.help(put_in_quotes(value)));
        }
        _ => return None,
    };
    let first = value.chars().next()?;
    let message = format!("YAML reads `{first}` at the beginning of a value as {what}, not as a text");
    Some(Diagnostic::error(codes::YAML_READ_AS, span(file, start, start + value.len()), message).help(put_in_quotes(value)))
}

/// `put the text in quotes: …`
pub fn put_in_quotes(value: &str) -> String {
    let value = value.trim();
    if value.chars().count() > 60 || value.contains('\n') {
        return "put the whole text in quotes".to_owned();
    }
    format!("put the text in quotes: `{}`", quoted(value))
}

const fn span(file: FileId, start: usize, end: usize) -> Span {
    Span { file, start: start as u32, end: end as u32 }
}

struct Line<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Line<'t> {
    /// The line of byte `at`; the last one where the end of the text is meant.
    fn around(text: &'t str, at: usize, from: usize) -> Self {
        let before = text.get(from..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(from, |end| from + end + 1);
        let line = text.get(start..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
        Self { text: line, start, end: start + line.len() }
    }

    /// What stands behind `- ` and the first `key: `, and where.
    fn value(&self) -> Option<(usize, &'t str)> {
        let mut at = self.text.len() - self.text.trim_start().len();
        while self.text.get(at..)?.starts_with("- ") {
            at += 1;
            let rest = self.text.get(at..)?;
            at += rest.len() - rest.trim_start().len();
        }
        let rest = self.text.get(at..)?;
        let plain_key = !rest.starts_with(['{', '[', '*', '&', '@', '`', '%', '!', '|', '>']);
        if plain_key && let Some(colon) = rest.find(": ") {
            at += colon + 1;
            let value = self.text.get(at..)?;
            at += value.len() - value.trim_start().len();
        }
        let value = self.text.get(at..)?.trim_end();
        (!value.is_empty()).then_some((self.start + at, value))
    }
}
