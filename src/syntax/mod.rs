//! In: the text of a file. Out: its tree and its diagnostics, always both.
//! Does not know: whether names exist, what a bot is.

mod advice;
pub mod codes;
mod convert;
mod duration;
mod explain;
mod grammar;
mod neat;
mod print;
mod read;
mod scan;
pub mod tree;
mod yaml;

pub use convert::{Converted, Spelling, convert};
pub use neat::{Neat, neat};

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// A file may be so long, in bytes.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// The days of a week as flows name them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The ending of files in the YAML spelling.
pub const YAML_ENDING: &str = ".flow.yaml";

/// Reads one file in the spelling that its name ends in: `.flow.yaml`, or `.flow` for every other ending.
#[must_use]
pub fn parse_file(file: FileId, path: &str, text: &str) -> (tree::Document, Vec<Diagnostic>) {
    if path.ends_with(YAML_ENDING) { parse_yaml(file, text) } else { parse(file, text) }
}

/// Reads one `.flow` file. Every item is read on its own, so that a broken one does not hide the others.
/// Diagnostics come in the order of places. Cost and memory are linear in the file, which may have 8 MB.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (tree::Document, Vec<Diagnostic>) {
    if text.len() > FILE_BYTES_MAX {
        return too_large(file, text);
    }
    let scan::Scan { masked, items: cuts, comments, blanks, diagnostics, silenced } = scan::scan(file, text);
    let (items, found) = read::items(file, &masked, &cuts);
    let mut all = diagnostics;
    let follows = |found: &Diagnostic| {
        let place = found.labels.first().map_or(0, |label| label.span.start as usize);
        silenced.iter().any(|range| range.contains(&place) || range.end == place)
    };
    all.extend(found.into_iter().filter(|found| !follows(found)));
    (tree::Document { items, comments, blanks }, in_order(text, all))
}

/// Reads one `.flow.yaml` file: a stream of documents with one item each, which give the same trees. As with `parse`,
/// diagnostics come in the order of places, and cost and memory are linear in the file.
#[must_use]
pub fn parse_yaml(file: FileId, text: &str) -> (tree::Document, Vec<Diagnostic>) {
    if text.len() > FILE_BYTES_MAX {
        return too_large(file, text);
    }
    let (document, found) = yaml::parse(file, text);
    (document, in_order(text, found))
}

fn too_large(file: FileId, text: &str) -> (tree::Document, Vec<Diagnostic>) {
    let start = Span { file, start: 0, end: 0 };
    let message = format!("this file has {} MB, which is too large to be read", text.len() >> 20);
    let found = Diagnostic::error(codes::TOO_LARGE, start, message).help("a file of flows may have up to 8 MB; divide it");
    (tree::Document::default(), vec![found])
}

/// Diagnostics in the order of places, and no more of them than help. What is read is masked, a mark of several bytes as
/// one of as many, so that a place may begin or end inside of it.
fn in_order(text: &str, mut all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for label in all.iter_mut().flat_map(|found| &mut found.labels) {
        label.span = label.span.of_whole_letters(text);
    }
    all.sort_by_key(|found| found.labels.first().map_or(0, |label| label.span.start));
    if all.len() > read::DIAGNOSTICS_MAX {
        let left = all.split_off(read::DIAGNOSTICS_MAX);
        if let Some(place) = left.first().and_then(|found| found.labels.first()) {
            let message = "there are more mistakes from here on than are counted";
            all.push(Diagnostic::error(codes::TOO_MANY, place.span, message).help("mend those above first"));
        }
    }
    all
}

/// The canonical form of a document: `parse(print(tree))` is the same tree but for places. What is `Broken` in it is left
/// out, so a document with errors should not be written back.
#[must_use]
pub fn print(document: &tree::Document) -> String {
    print::print(document)
}

/// The YAML spelling of a document, comments kept: `parse_yaml(print_yaml(tree))` is the same tree but for places. What is
/// `Broken` in it is left out. YAML cannot hold a name twice in one map, and only texts without strange signs over several
/// lines, so who converts compares.
#[must_use]
pub fn print_yaml(document: &tree::Document) -> String {
    yaml::write(document)
}

/// JSON schema, draft 2020-12, of one document of a `.flow.yaml` file, for editors.
#[must_use]
pub fn yaml_schema() -> serde_json::Value {
    yaml::schema()
}

#[cfg(test)]
pub(crate) mod tests;
