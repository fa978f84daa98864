//! Texts, and those that are never closed.

use crate::diagnostic::Diagnostic;
use crate::syntax::codes;

use super::{Frame, Last, Lexer};

impl Lexer<'_> {
    pub(super) fn in_text(&mut self, c: char, block: bool) {
        match c {
            '\\' => {
                let next = self.rest().chars().nth(1).filter(|next| *next != '\n');
                self.at += 1 + next.map_or(0, char::len_utf8);
            }
            '{' if self.rest().starts_with("{{") => self.at += 2,
            '{' => self.push(Frame::Hole, 1),
            '"' if !block => self.pop(1),
            '"' if self.rest().starts_with("\"\"\"") => self.pop(3),
            '\n' if !block => self.unclosed_text(),
            '\n' => self.new_line(),
            _ => self.at += c.len_utf8(),
        }
    }

    /// A line ends inside a text. The outermost text of the line is given up and read as an empty one.
    pub(super) fn unclosed_text(&mut self) {
        let Some(outer) = self.frames.iter().position(|(frame, _)| matches!(frame, Frame::Text)) else { return };
        let start = self.frames.get(outer).map_or(self.at, |(_, start)| *start);
        let in_hole = self.frames.get(outer + 1).filter(|(frame, _)| matches!(frame, Frame::Hole)).map(|(_, hole)| *hole);
        self.frames.truncate(outer);
        let line = self.text.get(start..self.at).unwrap_or_default().trim_end();
        let end = start + line.len();
        if let Some(hole) = in_hole {
            let span = self.span(hole, hole + 1);
            let found = Diagnostic::error(codes::UNCLOSED_TEXT, span, "this hole is not closed")
                .here("opened here")
                .help("a hole ends with `}` on the same line; write `{{` for a brace that is to be printed");
            self.report(found);
            // The last quote of the line is most likely the text's own end.
            let close = line.rfind('"').filter(|at| *at > 0).map_or(end, |at| start + at + 1);
            self.empty_text(start, close);
            return;
        }
        let span = self.span(start, end);
        let found = Diagnostic::error(codes::UNCLOSED_TEXT, span, "this text is not closed")
            .here("no closing `\"` on this line")
            .help("a text ends with `\"` on the same line; a longer one stands between `\"\"\"` and `\"\"\"`");
        self.report(found);
        // `{ say "hello }`: the brace is most likely code.
        let code = line.len() - line.trim_end_matches([' ', '}']).len();
        self.empty_text(start, end - code);
    }

    /// Leaves an empty text from `start` to `end`, and goes on behind it.
    pub(super) fn empty_text(&mut self, start: usize, end: usize) {
        self.blank(start, end);
        if end >= start + 2 {
            for at in [start, end - 1] {
                if let Some(byte) = self.masked.get_mut(at) {
                    *byte = b'"';
                }
            }
        }
        self.at = end.max(start + 1);
        self.last = Last::Other;
    }
}
