//! Stories of the YAML spelling: what is read and written, what is said of mistakes, what hostile files cost.

use crate::source::{FileId, Sources};
use crate::syntax::tree::Document;
use crate::syntax::{parse, parse_yaml, print, print_yaml};

mod editors;
mod hostile;
mod mistakes;
mod pages;
mod round;

/// The tree and what was found, `line:column code message | help`.
fn read(text: &str) -> (Document, Vec<String>) {
    let mut sources = Sources::default();
    sources.add("x.flow.yaml", text);
    let (document, found) = parse_yaml(FileId(0), text);
    let shown = found.iter().map(|found| {
        let place = sources.location(found.labels[0].span);
        let help = found.help.as_ref().map(|help| format!(" | {help}")).unwrap_or_default();
        format!("{}:{} {} {}{help}", place.line, place.column, found.code, found.message)
    });
    (document, shown.collect())
}

/// Reads what must have no fault.
#[track_caller]
fn good(text: &str) -> Document {
    let (document, found) = read(text);
    assert_eq!(found, Vec::<String>::new(), "{text}");
    document
}

#[track_caller]
fn flow(text: &str) -> Document {
    let (document, found) = parse(FileId(0), text);
    assert_eq!(found, Vec::new(), "{text}");
    document
}

/// The tree as a text without places; whether a text was written over several lines is left out, since not every text can
/// be written so in YAML.
fn tree(document: &Document) -> String {
    crate::syntax::tests::without_places(document).replace("block: true", "block: false")
}

/// The texts of all comments, sorted.
fn comments(document: &Document) -> Vec<&str> {
    let mut all: Vec<&str> = document.comments.iter().map(|comment| comment.text.as_str()).collect();
    all.sort_unstable();
    all
}

/// Every flow of the repository.
fn all_flows() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("flows"), root.join("src"), root.join("tests"), root.join("docs")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "flow") {
                found.push((path.display().to_string(), crate::system::files::read_to_string(&path, 1 << 20).unwrap()));
            }
        }
    }
    found
}
