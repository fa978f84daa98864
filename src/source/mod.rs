//! In: the texts of files. Out: places in them, as lines and columns.
//! Does not know: anything of ours, where files come from.

use std::sync::Arc;

/// A file among those read together; an index into [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A stretch of a file, in bytes, end excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// From the beginning of this to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl Span {
    /// The same stretch without half letters at its ends; inside `text` in any case.
    #[must_use]
    pub fn of_whole_letters(self, text: &str) -> Self {
        let before = |at: u32| (0..=at).rev().find(|at| text.is_char_boundary(*at as usize)).unwrap_or(0);
        let start = before(self.start.min(text.len() as u32));
        let end = (self.end.max(start)..text.len() as u32).find(|at| text.is_char_boundary(*at as usize));
        Self { start, end: end.unwrap_or(text.len() as u32), ..self }
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As it is shown to the author: relative to where the command ran, with `/`.
    pub path: String,
    /// The same, for all who keep it.
    pub shared_path: Arc<str>,
    pub text: Arc<str>,
    line_starts: Vec<u32>,
}

/// A place for people: line and column from 1, the column counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub line: u32,
    pub column: u32,
}

/// The files read together, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and gives its id.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        let path: String = path.into();
        self.files.push(SourceFile { shared_path: path.as_str().into(), path, text, line_starts: starts });
        FileId(self.files.len() as u32 - 1)
    }

    /// The files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file))
    }

    /// The file of this id; `None` for an id of other sources.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text of a span; empty where there is none.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|file| file.text.get(span.start as usize..span.end as usize)).unwrap_or_default()
    }

    /// The line in which a span begins, from 1: what [`Self::location`] says of it, without counting characters.
    #[must_use]
    pub fn line(&self, span: Span) -> u32 {
        self.file(span.file).map_or(1, |file| file.line(span.start))
    }

    /// The beginning of a span.
    #[must_use]
    pub fn location(&self, span: Span) -> Location {
        self.file(span.file).map_or(Location { line: 1, column: 1 }, |file| file.location(span.start))
    }
}

impl SourceFile {
    /// The line of a byte, from 1.
    fn line(&self, byte: u32) -> u32 {
        self.line_starts.partition_point(|start| *start <= byte).max(1) as u32
    }

    /// Line and column of a byte.
    #[must_use]
    pub fn location(&self, byte: u32) -> Location {
        let line = self.line(byte);
        let start = self.line_starts.get(line as usize - 1).copied().unwrap_or(0);
        let column = self.text.get(start as usize..byte as usize).map_or(1, |before| before.chars().count() as u32 + 1);
        Location { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_never_cuts_a_letter() {
        let of = |start, end| Span { start, end, ..Span::default() }.of_whole_letters("a”b");
        for ((start, end), whole) in
            [((0, 1), (0, 1)), ((1, 2), (1, 4)), ((2, 3), (1, 4)), ((3, 9), (1, 5)), ((9, 2), (5, 5)), ((5, 5), (5, 5))]
        {
            let span = of(start, end);
            assert_eq!((span.start, span.end), whole, "{start}..{end}");
        }
    }
}
