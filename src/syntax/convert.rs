//! In: one file in one spelling. Out: its text in the other one, checked by reading it again; or why there is none.
//! Does not know: where files come from and go to.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span};

use super::tree::{Document, Item};
use super::{codes, parse, parse_file, parse_yaml, print, print_yaml};

/// The two spellings of one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    Flow,
    Yaml,
}

/// A file in its other spelling.
#[derive(Debug)]
pub struct Converted {
    /// `None` where an error was found.
    pub text: Option<String>,
    pub findings: Vec<Diagnostic>,
}

/// Writes a file, which is read in the spelling that `path` ends in, in the spelling `to`. Comments are kept. What was
/// written is read again: where it is not the same tree there is no text, but a finding.
#[must_use]
pub fn convert(file: FileId, path: &str, text: &str, to: Spelling) -> Converted {
    let (document, mut findings) = parse_file(file, path, text);
    if findings.iter().any(|found| found.severity == Severity::Error) {
        return Converted { text: None, findings };
    }
    for item in &document.items {
        if !same(item, to) {
            let span = super::print::item_span(item);
            let line = text.get(span.start as usize..span.end as usize).and_then(|item| item.lines().next()).unwrap_or_default();
            let head = Span { end: span.start + line.len() as u32, ..span };
            let found = Diagnostic::error(codes::YAML_LOSS, head, "the other spelling cannot hold all of this");
            findings.push(found.help("look at what `rejoinder check` says of it; a name that stands twice is the usual reason"));
        }
    }
    let good = findings.iter().all(|found| found.severity != Severity::Error);
    Converted { text: good.then(|| written(&document, to)), findings }
}

fn written(document: &Document, to: Spelling) -> String {
    match to {
        Spelling::Flow => print(document),
        Spelling::Yaml => print_yaml(document),
    }
}

/// Whether the item comes back from the other spelling as it was.
fn same(item: &Item, to: Spelling) -> bool {
    let document = Document { items: vec![item.clone()], ..Document::default() };
    let text = written(&document, to);
    let (again, found) = match to {
        Spelling::Flow => parse(FileId(0), &text),
        Spelling::Yaml => parse_yaml(FileId(0), &text),
    };
    let again = Document { items: again.items, ..Document::default() };
    // Each spelling has one form for one tree, so that forms are compared instead of trees, which have places.
    found.is_empty() && written(&again, to) == text && print_yaml(&again) == print_yaml(&document)
}
