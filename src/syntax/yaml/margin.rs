//! Comments and empty lines: what stands between the values of a document.

use crate::source::{FileId, Span};
use crate::syntax::tree::Comment;

#[derive(Debug)]
pub struct Margin {
    file: FileId,
    /// Up to here the file has been looked at.
    at: usize,
    line_start: usize,
    line_empty: bool,
    pub comments: Vec<Comment>,
    pub blanks: Vec<Span>,
}

impl Margin {
    /// Begins at the beginning of a line.
    pub const fn new(file: FileId, at: usize) -> Self {
        Self { file, at, line_start: at, line_empty: true, comments: Vec::new(), blanks: Vec::new() }
    }

    /// Looks at what stands before `to`, up to which no value stands.
    pub fn pass(&mut self, text: &str, to: usize) {
        while let Some(c) = text.get(self.at..to).and_then(|rest| rest.chars().next()) {
            let at = self.at;
            self.at += c.len_utf8();
            match c {
                '\n' => {
                    if self.line_empty {
                        self.blanks.push(self.span(self.line_start, at));
                    }
                    self.line_start = self.at;
                    self.line_empty = true;
                }
                ' ' | '\t' | '\r' | '\u{FEFF}' => {}
                '#' if self.begins_comment(text, at) => self.comment(text, at),
                _ => self.line_empty = false,
            }
        }
        self.at = self.at.max(to);
    }

    /// The same before a block text: of `|- # why` only the comment counts.
    pub fn pass_block_head(&mut self, text: &str, to: usize) {
        let before = text.get(self.at..to).unwrap_or_default();
        // The head's line is the last one with anything in it but blanks.
        let head = before.rfind(['|', '>']).map_or(self.at, |sign| self.at + sign);
        self.pass(text, head);
        let line = text.get(head..to).and_then(|rest| rest.find('\n')).map_or(to, |end| head + end);
        self.pass(text, line);
        self.line_empty = false;
        self.at = self.at.max(to);
    }

    /// A value stands up to `end`.
    pub const fn skip(&mut self, end: usize) {
        if end > self.at {
            self.at = end;
        }
        self.line_empty = false;
    }

    fn begins_comment(&self, text: &str, at: usize) -> bool {
        at == self.line_start || text.get(..at).is_some_and(|before| before.ends_with([' ', '\t', '\n', '\u{FEFF}']))
    }

    fn comment(&mut self, text: &str, at: usize) {
        let line = text.get(at..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
        let shown = line.get(1..).unwrap_or_default().trim().to_owned();
        let span = self.span(at, at + line.trim_end().len());
        self.comments.push(Comment { text: shown, alone: self.line_empty, span });
        self.line_empty = false;
        self.at = at + line.len();
    }

    const fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: start as u32, end: end as u32 }
    }
}
