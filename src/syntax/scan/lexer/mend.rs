//! Characters and patterns that are read as what they were meant to be, and reported.

use crate::diagnostic::Diagnostic;
use crate::syntax::codes;

use super::super::characters::{self, Class, class};
use super::{Last, Lexer};

impl Lexer<'_> {
    pub(super) fn foreign_digits(&mut self, run: &str) {
        let ascii: String = run
            .chars()
            .map(|c| match class(c) {
                Class::Digit(value) => char::from(b'0' + value),
                _ => c,
            })
            .collect();
        let (start, end) = (self.at, self.at + run.len());
        let found =
            Diagnostic::error(codes::DIGITS, self.span(start, end), format!("`{run}` is written with digits of another script"))
                .help(format!("write `{ascii}` here; customers may answer with digits of any script"));
        self.report(found);
        self.mend(start, end, &ascii);
        self.step_over(run.len(), Last::Other);
    }

    pub(super) fn strange(&mut self, c: char, class: Class) {
        let (start, end) = (self.at, self.at + c.len_utf8());
        let span = self.span(start, end);
        match class {
            Class::Space => self.blank(start, end),
            Class::Invisible => {
                let code = u32::from(c);
                let message = format!("an invisible character (U+{code:04X}) outside a text");
                self.report(Diagnostic::error(codes::INVISIBLE, span, message).help("delete it, or move it into a text"));
                self.blank(start, end);
            }
            Class::Comma | Class::Semicolon => {
                let ascii = if class == Class::Comma { "," } else { ";" };
                let message = format!("`{c}` is not the sign that parts things here");
                self.report(Diagnostic::error(codes::COMMA, span, message).help(format!("write `{ascii}`")));
                self.mend(start, end, ascii);
                self.silence_line(start);
                self.step_over(c.len_utf8(), if class == Class::Comma { Last::GoesOn } else { Last::Other });
                return;
            }
            Class::Digit(_) => {
                let rest = self.rest();
                let stretch = rest.find(|c: char| !c.is_ascii_digit() && !matches!(characters::class(c), Class::Digit(_)));
                self.foreign_digits(rest.get(..stretch.unwrap_or(rest.len())).unwrap_or_default());
                return;
            }
            Class::Quote => return self.foreign_quotes(c),
            Class::Plain => {}
        }
        self.at = end;
    }

    /// A sign in a comment that turns the direction of reading: what follows the comment may be shown elsewhere.
    pub(super) fn turning(&mut self, at: usize, control: char) {
        let message = format!("a sign (U+{:04X}) turns the direction of reading in this comment", u32::from(control));
        let found = Diagnostic::warning(codes::INVISIBLE, self.span(at, at + control.len_utf8()), message);
        self.report(found.help("delete it: a comment must not change how the lines around it are read"));
    }

    /// `“hello”`: read as a text, so that only the quotes are wrong.
    pub(super) fn foreign_quotes(&mut self, c: char) {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        let inside = line.get(c.len_utf8()..).unwrap_or_default();
        let close = inside.char_indices().find(|(_, c)| class(*c) == Class::Quote || *c == '"');
        let start = self.at;
        let Some((at, closing)) = close else {
            let found =
                Diagnostic::error(codes::QUOTES, self.span(start, start + c.len_utf8()), format!("`{c}` does not quote a text"))
                    .help("texts stand between straight quotes: \"…\"");
            self.report(found);
            self.blank(start, start + c.len_utf8());
            self.at += c.len_utf8();
            return;
        };
        let text = inside.get(..at).unwrap_or_default();
        let end = start + c.len_utf8() + at + closing.len_utf8();
        let found = Diagnostic::error(codes::QUOTES, self.span(start, end), format!("`{c}` and `{closing}` do not quote a text"))
            .help(format!("write \"{text}\" with straight quotes"));
        self.report(found);
        if text.contains(['{', '}', '\\']) {
            self.empty_text(start, end);
            return;
        }
        self.mend(start, start + c.len_utf8(), "\"");
        self.blank(end - closing.len_utf8(), end);
        if let Some(byte) = self.masked.get_mut(end - closing.len_utf8()) {
            *byte = b'"';
        }
        self.at = end;
        self.last = Last::Other;
    }

    /// `https://shop.example`: read as an empty text.
    fn bare_address(&mut self, start: usize) {
        let rest = self.text.get(start..).unwrap_or_default();
        let length =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '{' | '}' | ',' | ';' | ')')).unwrap_or(rest.len());
        let address = rest.get(..length).unwrap_or_default();
        let found = Diagnostic::error(codes::EXPECTED, self.span(start, start + length), "an address stands in quotes")
            .help(format!("write `\"{address}\"`"));
        self.report(found);
        self.empty_text(start, start + length);
    }

    /// `/…/flags`, on one line.
    pub(super) fn pattern(&mut self) {
        let start = self.at;
        let line = self.rest().split('\n').next().unwrap_or_default();
        if line.starts_with("//") {
            let before = self.text.get(..start).unwrap_or_default();
            if let Some(scheme) = ["https:", "http:"].iter().find(|scheme| before.ends_with(**scheme)) {
                return self.bare_address(start - scheme.len());
            }
        }
        let (mut escaped, mut in_class) = (false, false);
        for (at, c) in line.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => {
                    self.step_over(at + 1, Last::Other);
                    return;
                }
                _ => {}
            }
        }
        let length = line.find(char::is_whitespace).unwrap_or(line.len());
        let found = Diagnostic::error(codes::UNCLOSED_PATTERN, self.span(start, start + length), "this pattern is not closed")
            .here("no closing `/` on this line")
            .help("a pattern stands between `/` and `/` on one line; write `\\/` for a slash in it");
        self.report(found);
        self.mend(start, start + length, if length >= 3 { "/x/" } else { "" });
        self.silence_line(start.saturating_sub(1));
        self.step_over(length.max(1), Last::Other);
    }
}
