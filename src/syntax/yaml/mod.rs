//! In: the text of a `.flow.yaml` file, or a tree. Out: its tree with diagnostics, or the file's text: the same tree that
//! `.flow` gives. Does not know: whether names exist, what a bot is.

mod margin;
mod nodes;
mod places;
mod read;
mod schema;
mod table;
mod trouble;
mod write;

#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

use super::codes;
use super::read::{DIAGNOSTICS_MAX, ITEM_BYTES_MAX};
use super::tree::{Document, Item};

pub use schema::schema;
pub use write::write;

/// Reads a stream of documents, each on its own, so that a broken one does not hide the others. Diagnostics come in no order.
pub fn parse(file: FileId, text: &str) -> (Document, Vec<Diagnostic>) {
    let mut document = Document::default();
    let mut reader = read::Yaml::new(file, text);
    let mut diagnostics = Vec::new();
    for (from, to) in cuts(text) {
        if to - from > ITEM_BYTES_MAX {
            let start = Span { file, start: from as u32, end: from as u32 + 1 };
            let found = Diagnostic::error(codes::TOO_LARGE, start, "this document is too large to be read");
            diagnostics.push(found.help("a document may have up to 1 MB; divide it"));
            document.items.push(Item::Broken(Span { file, start: from as u32, end: to as u32 }));
            continue;
        }
        let found = nodes::read(file, text, from, to);
        let broken = found.root.is_none() && !found.diagnostics.is_empty();
        if diagnostics.len() <= DIAGNOSTICS_MAX {
            diagnostics.extend(found.diagnostics);
        }
        document.comments.extend(found.comments);
        document.blanks.extend(found.blanks);
        match found.root {
            Some(root) if !root.is_empty() => document.items.push(reader.item(&root)),
            _ if broken => document.items.push(Item::Broken(Span { file, start: from as u32, end: to as u32 })),
            _ => {}
        }
    }
    diagnostics.extend(reader.finish());
    (document, diagnostics)
}

/// Where the documents of a stream stand. `---` at the beginning of a line parts them wherever it stands.
fn cuts(text: &str) -> Vec<(usize, usize)> {
    let mut cuts = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let rest = line.strip_prefix("---");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) && at > from {
            cuts.push((from, at));
            from = at;
        }
        at += line.len();
    }
    cuts.push((from, text.len()));
    cuts
}
