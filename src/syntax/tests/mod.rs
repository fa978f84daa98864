//! Stories of the parser and the printer.

use super::tree::*;
use super::*;

mod comments;
mod constructs;
pub(crate) mod generated;
mod habits;
mod hostile;
mod mistakes;
mod printed;
mod shared;

/// The tree as a text in which no place stands. Comments and empty lines, which are places too, are left out.
pub(crate) fn without_places(document: &Document) -> String {
    let places = regex::Regex::new(r"Span \{ file: FileId\(0\), start: \d+, end: \d+ \}").unwrap();
    let items = format!("{:?}", document.items);
    places.replace_all(&items, "_").into_owned()
}

fn read(text: &str) -> (Document, Vec<String>) {
    let (document, found) = parse(FileId(0), text);
    let shown = found.iter().map(|found| shown(text, found)).collect();
    (document, shown)
}

/// `line:column code message | help`
fn shown(text: &str, found: &Diagnostic) -> String {
    let mut sources = crate::source::Sources::default();
    sources.add("x.flow", text);
    let place = sources.location(found.labels[0].span);
    let help = found.help.as_ref().map(|help| format!(" | {help}")).unwrap_or_default();
    format!("{}:{} {} {}{help}", place.line, place.column, found.code, found.message)
}

const SAMPLE: &str = include_str!("sample.flow");

#[test]
fn reads_the_sample_bot_without_a_word() {
    let (document, found) = read(SAMPLE);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(document.items.len(), 11);
}

#[test]
fn the_sample_is_in_canonical_form() {
    let (document, _) = read(SAMPLE);
    let printed = print(&document);
    for (line, (is, should)) in printed.lines().zip(SAMPLE.lines()).enumerate() {
        assert_eq!(is, should, "line {}", line + 1);
    }
    assert_eq!(printed, SAMPLE);
}
