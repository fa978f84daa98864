//! In: trees. Out: their YAML spelling; comments and empty lines come with the document.
//! Does not know: the text that a tree was read from.

mod flows;
mod items;
mod lay;
mod quotes;
mod steps;
mod tests;
mod texts;

pub use quotes::quoted;

use crate::source::Span;
use crate::syntax::print::item_span;
use crate::syntax::tree::{Document, Item};

use lay::Layout;

/// What stands in the file: a value ready to be written, or more of these.
#[derive(Debug)]
enum Yaml {
    /// Quoted where it must be.
    Scalar(String),
    /// The lines of a text behind `|`, and how it ends.
    Lines(Vec<String>, &'static str),
    List(Vec<Entry>),
    Map(Vec<Entry>),
    /// On one line where that is short enough.
    Short(Vec<Entry>),
}

/// A key with its value, or one value of a list.
#[derive(Debug)]
struct Entry {
    /// Empty in a list.
    key: String,
    value: Yaml,
    /// Where it stood; what was not written there has no place.
    span: Option<Span>,
}

impl Entry {
    fn new(key: &str, value: Yaml, span: Span) -> Self {
        Self { key: key.to_owned(), value, span: (span.end > span.start).then_some(span) }
    }

    /// Something that has no place of its own.
    fn bare(key: &str, value: Yaml) -> Self {
        Self { key: key.to_owned(), value, span: None }
    }
}

/// The place of several things together.
fn union(spans: impl Iterator<Item = Span>) -> Span {
    spans.reduce(Span::to).unwrap_or_default()
}

/// The YAML spelling of a document: a stream with one document for each item.
pub fn write(document: &Document) -> String {
    let mut layout = Layout::new(document);
    let items: Vec<&Item> = document.items.iter().filter(|item| !matches!(item, Item::Broken(_))).collect();
    let spans: Vec<Span> = items.iter().map(|item| item_span(item)).collect();
    let parts: Vec<(Vec<Entry>, Span)> = items.iter().zip(spans).map(|(item, span)| (items::item(item), span)).collect();
    layout.documents(&parts);
    layout.finish()
}
