//! In: the text of a file. Out: the same text made ready for the grammar, cut into items; comments; what is wrong with
//! brackets, quotes and characters. Every byte keeps its place, and the cost is linear whatever the text.
//! Does not know: what any word means but those that begin an item.

mod characters;
mod lexer;

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

use super::tree::Comment;

pub use lexer::word_at;

/// Brackets, holes of texts included, nest at most so deep.
pub const NESTING_MAX: usize = 64;

/// Words that begin an item.
pub const ITEM_WORDS: &[&str] = &["bot", "words", "contact", "hours", "team", "texts", "flow", "test"];

/// A file, ready to be read item by item.
#[derive(Debug, Default)]
pub struct Scan {
    /// As long as the file: comments, line ends inside round and square brackets and what was mended are blanks.
    pub masked: String,
    pub items: Vec<Cut>,
    pub comments: Vec<Comment>,
    /// Lines that hold nothing.
    pub blanks: Vec<Span>,
    pub diagnostics: Vec<Diagnostic>,
    /// Stretches in which something was mended: what the grammar still finds there follows from that.
    pub silenced: Vec<Range<usize>>,
}

/// One item's place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub range: Range<usize>,
    /// The closing brackets that the author forgot.
    pub missing: String,
    /// Nested too deep to be read at all.
    pub too_deep: bool,
}

/// Scans one file.
#[must_use]
pub fn scan(file: FileId, text: &str) -> Scan {
    let first = lexer::Lexer::new(file, text, false).run();
    if first.items.iter().any(|item| !item.missing.is_empty()) {
        // Something is left open at the end: read again, and take an item's word at a line's beginning for a new item.
        return lexer::Lexer::new(file, text, true).run();
    }
    first
}

/// Scans one value of a file in another notation: places are counted from its beginning.
#[must_use]
pub fn piece(file: FileId, text: &str) -> Scan {
    lexer::Lexer::new(file, text, false).run()
}

#[cfg(test)]
mod tests;
