//! In: one file in either spelling. Out: the same file as `fmt` writes it, or why it is left alone.
//! Does not know: where files come from and go to.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::FileId;

use super::tree::{Comment, Document};
use super::{YAML_ENDING, parse, parse_yaml, print, print_yaml};

/// A comment may find its place only where the lines around it have theirs.
const ROUNDS: usize = 3;

/// What comes of a file.
#[derive(Debug)]
pub enum Neat {
    /// The canonical form; written again it stays as it is.
    Text(String),
    /// It has mistakes.
    Broken(Vec<Diagnostic>),
    /// Nothing is wrong with it, but something would be lost, and this is what.
    Kept(&'static str),
}

/// The canonical form of a file, which is read in the spelling that `path` ends in.
///
/// A `.flow.yaml` file has parts that no tree holds, such as how a list is laid out around a comment. What was written is
/// read again, and where a comment or anything else does not come back the file is kept.
#[must_use]
pub fn neat(file: FileId, path: &str, text: &str) -> Neat {
    let yaml = path.ends_with(YAML_ENDING);
    let (document, found) = if yaml { parse_yaml(file, text) } else { parse(file, text) };
    // What YAML may have cut off, as behind a `#`, would look as if it were meant so.
    if found.iter().any(|finding| yaml || finding.severity == Severity::Error) {
        return Neat::Broken(found);
    }
    if !yaml {
        return Neat::Text(print(&document));
    }
    let mut written = print_yaml(&document);
    for _ in 0..ROUNDS {
        let (again, found) = parse_yaml(file, &written);
        if !found.is_empty() || print(&plain(&again)) != print(&plain(&document)) {
            return Neat::Kept("written anew it would be another bot");
        }
        if comments(&again) != comments(&document) {
            return Neat::Kept("a comment would be lost");
        }
        let next = print_yaml(&again);
        if next == written {
            return Neat::Text(written);
        }
        written = next;
    }
    Neat::Kept("a comment would move each time")
}

/// The items alone.
fn plain(document: &Document) -> Document {
    Document { items: document.items.clone(), ..Document::default() }
}

/// The texts of the comments, in one order.
fn comments(document: &Document) -> Vec<&str> {
    let mut texts: Vec<&str> = document.comments.iter().map(|Comment { text, .. }| text.as_str()).collect();
    texts.sort_unstable();
    texts
}
