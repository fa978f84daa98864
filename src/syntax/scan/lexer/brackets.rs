//! Brackets: those open, those forgotten, those too many.

use crate::diagnostic::Diagnostic;
use crate::syntax::codes;

use super::super::NESTING_MAX;
use super::{Frame, Last, Lexer, shortened};

impl Lexer<'_> {
    pub(super) fn push(&mut self, frame: Frame, bytes: usize) {
        self.frames.push((frame, self.at));
        let brackets = self.frames.iter().filter(|(frame, _)| !matches!(frame, Frame::Text | Frame::BlockText)).count();
        if brackets > NESTING_MAX {
            let found = Diagnostic::error(codes::TOO_DEEP, self.span(self.at, self.at + bytes), "brackets nest too deep here")
                .here(format!("the {}th bracket that is open at once", NESTING_MAX + 1))
                .help("move the inner part into a flow of its own");
            self.report(found);
            self.too_deep = true;
            self.skip_to_next_item();
            return;
        }
        self.at += bytes;
        self.last = Last::Nothing;
    }

    pub(super) fn pop(&mut self, bytes: usize) {
        self.frames.pop();
        self.line_empty = false;
        self.step_over(bytes, Last::Other);
    }

    pub(super) fn close(&mut self, c: char) {
        let fits = |frame: Frame| match c {
            '}' => matches!(frame, Frame::Brace | Frame::Hole),
            ')' => frame == Frame::Paren,
            _ => frame == Frame::Square,
        };
        // A round bracket left open inside braces must not swallow the file; a hole's end ends what stands in it.
        let barrier = |frame: Frame| matches!(frame, Frame::Brace | Frame::Text | Frame::BlockText | Frame::Hole);
        let below = self.frames.iter().rposition(|(frame, _)| fits(*frame) || barrier(*frame));
        let opener = below.and_then(|at| self.frames.get(at).copied()).filter(|(frame, _)| fits(*frame));
        let (Some(index), Some((frame, opened))) = (below, opener) else {
            return self.lone_close(c);
        };
        while self.frames.len() > index + 1 {
            if let Some((inner, at)) = self.frames.pop() {
                self.forgotten(inner, at);
                // Where it must have ended is not known; nothing more is said about this stretch.
                self.blank(at, at + 1);
                self.out.silenced.push(self.line_of(at)..self.at);
            }
        }
        self.frames.pop();
        if frame == Frame::Brace && self.indent_of(self.at) == Some(self.at - self.line_start) {
            let opener_indent = self.line_indent(opened);
            if opener_indent > self.at - self.line_start && self.suspect.is_none() {
                self.suspect = Some(opened);
            }
        }
        self.step_over(1, Last::Other);
        if self.frames.is_empty() && c == '}' && !self.continues_with_bar() {
            self.end_item(self.at, String::new());
        }
    }

    pub(super) fn lone_close(&mut self, c: char) {
        let open = match c {
            '}' => '{',
            ')' => '(',
            _ => '[',
        };
        let found = Diagnostic::error(codes::LONE_CLOSE, self.span(self.at, self.at + 1), format!("this `{c}` closes nothing"))
            .help(format!("delete it, or look for a `{open}` missing before it or a `{c}` too many"));
        self.report(found);
        self.blank(self.at, self.at + 1);
        self.at += 1;
    }

    /// Columns from the line's beginning, when only blanks stand before `at`.
    pub(super) fn indent_of(&self, at: usize) -> Option<usize> {
        let before = self.text.get(self.line_start..at)?;
        before.chars().all(|c| c == ' ' || c == '\t').then_some(before.len())
    }

    /// Where the line of this byte begins.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
    }

    pub(super) fn line_indent(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.get(self.line_of(at)..).unwrap_or_default().bytes().take_while(|b| *b == b' ' || *b == b'\t').count()
    }

    pub(super) fn continues_with_bar(&self) -> bool {
        self.rest().trim_start().starts_with('|')
    }

    pub(super) fn forgotten(&mut self, frame: Frame, at: usize) {
        let (open, close) = match frame {
            Frame::Paren => ('(', ')'),
            Frame::Square => ('[', ']'),
            _ => ('{', '}'),
        };
        let start = self.line_of(at);
        let header = self.text.get(start..at).unwrap_or_default().trim();
        let of = if header.is_empty() { String::new() } else { format!(" of `{}`", shortened(header)) };
        let found = Diagnostic::error(codes::UNCLOSED, self.span(at, at + 1), format!("the `{open}`{of} is never closed"))
            .here("opened here")
            .help(format!("add the missing `{close}`"));
        self.report(found);
    }
}
