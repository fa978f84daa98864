//! The lines around a finding, cut to what a person can read.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::escape;
use crate::source::SourceFile;

/// Characters of a line that are shown; of a longer one, those around the finding.
const LINE_CHARS_MAX: usize = 160;

/// The part of a file that a frame shows.
pub(super) struct Frame {
    name: String,
    text: String,
    /// Lines of the file before this part.
    lines_before: usize,
    /// Where each place begins in this part, and its column in the file: in characters, from 0. The library would count
    /// bytes, and of a long line only those that are shown.
    columns: Vec<(usize, usize)>,
}

impl Frame {
    /// Cuts out the lines of these places and gives each place within the part.
    pub(super) fn around(file: &SourceFile, places: &[Range<usize>]) -> (Self, Vec<Range<usize>>) {
        let whole: &str = &file.text;
        let first = places.iter().map(|place| place.start).min().unwrap_or(0).min(whole.len());
        let last = places.iter().map(|place| place.end.max(place.start)).max().unwrap_or(0).min(whole.len());
        let (start, end) = (line_start(whole, first), line_end(whole, last));
        let lines_before = whole.as_bytes().get(..start).map_or(0, |before| before.iter().filter(|byte| **byte == b'\n').count());
        let mut frame = Self { name: escape::spelled(&file.path), text: String::new(), lines_before, columns: Vec::new() };
        let mut moved: Vec<Range<usize>> = places.iter().map(|_| 0..0).collect();
        let mut at = start;
        for line in whole.get(start..end).unwrap_or_default().split_inclusive('\n') {
            frame.add(line, at, places, &mut moved);
            at += line.len();
        }
        for (moved, place) in moved.iter_mut().zip(places) {
            moved.end = moved.end.max(moved.start);
            let column = file.location(u32::try_from(place.start).unwrap_or(u32::MAX)).column;
            frame.columns.push((moved.start, column.saturating_sub(1) as usize));
        }
        (frame, moved)
    }

    /// Adds one line that begins at byte `at` of the file, moving the ends of places that lie in it.
    fn add(&mut self, line: &str, at: usize, places: &[Range<usize>], moved: &mut [Range<usize>]) {
        let body = line.trim_end_matches(['\n', '\r']);
        let inside = |byte: usize| byte >= at && byte <= at + body.len();
        let focus = places.iter().find(|place| inside(place.start)).map_or(0, |place| place.start - at);
        let kept = window(body, focus);
        if kept.start > 0 {
            self.text.push('…');
        }
        let begin = self.text.len();
        self.text.push_str(&escape::masked(body.get(kept.clone()).unwrap_or_default()));
        if kept.end < body.len() {
            self.text.push('…');
        }
        self.text.push('\n');
        let to = |byte: usize| begin + (byte - at).clamp(kept.start, kept.end) - kept.start;
        for (place, moved) in places.iter().zip(moved) {
            if inside(place.start) {
                moved.start = to(place.start);
            }
            if inside(place.end) {
                moved.end = to(place.end);
            }
        }
    }
}

/// The bytes of a line that are shown: all, or those around `focus`.
fn window(line: &str, focus: usize) -> Range<usize> {
    if line.chars().take(LINE_CHARS_MAX + 1).count() <= LINE_CHARS_MAX {
        return 0..line.len();
    }
    let (before, after) = line.split_at_checked(focus).unwrap_or(("", line));
    let start = before.char_indices().rev().nth(LINE_CHARS_MAX / 4).map_or(0, |(at, _)| at);
    let end = after.char_indices().nth(LINE_CHARS_MAX * 3 / 4).map_or(line.len(), |(at, _)| before.len() + at);
    start..end
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes().get(..at).and_then(|before| before.iter().rposition(|byte| *byte == b'\n')).map_or(0, |at| at + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text.as_bytes()
        .get(at..)
        .and_then(|after| after.iter().position(|byte| *byte == b'\n'))
        .map_or(text.len(), |found| at + found)
}

impl SourceCode for Frame {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let part = self.text.read_span(span, context_lines_before, context_lines_after)?;
        let known = self.columns.iter().find(|(start, _)| *start == span.offset());
        let column = known.map_or(part.column(), |(_, column)| *column);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            part.data(),
            *part.span(),
            part.line() + self.lines_before,
            column,
            part.line_count(),
        )))
    }
}
