//! In: the text of a file. Out: its tree and its diagnostics, always both.
//! Does not know: whether names exist, what a bot is.

mod advice;
pub mod codes;
mod duration;
mod explain;
mod grammar;
mod print;
mod read;
mod scan;
pub mod tree;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// A file may be so long, in bytes.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// The days of a week as flows name them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads one `.flow` file. Every item is read on its own, so that a broken one does not hide the others.
/// Diagnostics come in the order of places. Cost and memory are linear in the file, which may have 8 MB.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (tree::Document, Vec<Diagnostic>) {
    if text.len() > FILE_BYTES_MAX {
        let start = Span { file, start: 0, end: 0 };
        let found = Diagnostic::error(
            codes::TOO_LARGE,
            start,
            format!("this file has {} MB, which is too large to be read", text.len() >> 20),
        )
        .help("a file of flows may have up to 8 MB; divide it");
        return (tree::Document::default(), vec![found]);
    }
    let scan::Scan { masked, items: cuts, comments, blanks, diagnostics, silenced } = scan::scan(file, text);
    let mut reader = read::Reader::new(file, &masked);
    let items = cuts.iter().map(|cut| reader.item(cut)).collect();
    let mut all = diagnostics;
    let follows = |found: &Diagnostic| {
        let place = found.labels.first().map_or(0, |label| label.span.start as usize);
        silenced.iter().any(|range| range.contains(&place) || range.end == place)
    };
    all.extend(reader.diagnostics.into_iter().filter(|found| !follows(found)));
    all.sort_by_key(|found| found.labels.first().map_or(0, |label| label.span.start));
    if all.len() > read::DIAGNOSTICS_MAX {
        let left = all.split_off(read::DIAGNOSTICS_MAX);
        if let Some(place) = left.first().and_then(|found| found.labels.first()) {
            let message = "there are more mistakes from here on than are shown";
            all.push(Diagnostic::error(codes::TOO_MANY, place.span, message).help("mend those above first"));
        }
    }
    (tree::Document { items, comments, blanks }, all)
}

/// The canonical form of a document: `parse(print(tree))` is the same tree but for places. What is `Broken` in it is left
/// out, so a document with errors should not be written back.
#[must_use]
pub fn print(document: &tree::Document) -> String {
    print::print(document)
}

#[cfg(test)]
pub(crate) mod tests;
