//! What must hold of any bytes: no panic, places inside the file, a tree that is printed is read again as the same one.
//! The suite runs them on mutations of the repository's own flows; `fuzz/` runs them under cargo-fuzz.

use rejoinder::check::{self, Assets};
use rejoinder::diagnostic::render::{self, Look};
use rejoinder::diagnostic::{Diagnostic, Severity};
use rejoinder::source::{FileId, Sources};
use rejoinder::syntax::{self, tree::Document};

/// A body and its name.
pub type Body = (&'static str, fn(&[u8]));

pub const BODIES: [Body; 4] = [("flow", flow), ("yaml", yaml), ("value", value), ("text", text)];

/// The bytes as a `.flow` file.
pub fn flow(bytes: &[u8]) {
    file("fuzz.flow", &String::from_utf8_lossy(bytes));
}

/// The bytes as a `.flow.yaml` file.
pub fn yaml(bytes: &[u8]) {
    file("fuzz.flow.yaml", &String::from_utf8_lossy(bytes));
}

/// The bytes wherever a value may stand.
pub fn value(bytes: &[u8]) {
    let value = String::from_utf8_lossy(bytes);
    file(
        "fuzz.flow",
        &format!(
            "{HEAD}flow a \"A\" {{\n    on message \"a\" when {value}\n\n    set x = {value}\n    if {value} {{\n        stop\n    }}\n}}\n"
        ),
    );
}

/// The bytes inside a text, and as an answer's type.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    file(
        "fuzz.flow",
        &format!(
            "{HEAD}flow a \"A\" {{\n    on message \"{text}\"\n\n    say \"{text}\"\n    say \"\"\"\n        {text}\n        \"\"\"\n    ask y: /{text}/ \"?\"\n}}\n"
        ),
    );
}

const HEAD: &str = "bot \"F\" {\n    languages en\n    timezone \"UTC\"\n    opt out on \"stop\"\n    opt in on \"start\"\n}\n\ncontact {\n    name: text(40)\n    n: whole = 0\n}\n\n";

/// Read, drawn, checked, printed and read again.
fn file(path: &str, text: &str) {
    let mut sources = Sources::default();
    let id = sources.add(path, text);
    let (bot, found) = check::compile(&sources, &Assets::new());
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    assert_eq!(bot.is_some(), errors == 0, "a bot is there exactly when nothing is an error");
    places(&sources, &found);
    drawn(&sources, &found);
    // Each spelling is printed in the other as well: it must be read again as what it was.
    let (document, broken) = syntax::parse_file(id, path, text);
    if broken.iter().any(|one| one.severity == Severity::Error) {
        return;
    }
    let (flow, yaml) = (syntax::print(&document), syntax::print_yaml(&document));
    again(&flow, "fuzz.flow", syntax::print);
    if path.ends_with(".yaml") {
        again(&yaml, "fuzz.flow.yaml", syntax::print_yaml);
    }
}

/// What was printed is read without an error, and printed again it is the same.
fn again(printed: &str, path: &str, print: fn(&Document) -> String) {
    let (document, broken) = syntax::parse_file(FileId(0), path, printed);
    let broken: Vec<&Diagnostic> = broken.iter().filter(|one| one.severity == Severity::Error).collect();
    assert!(broken.is_empty(), "what was printed cannot be read: {broken:?}\n{printed}");
    assert_eq!(print(&document), printed, "printed twice, it is another text");
}

/// Every place of a finding is in the file, at whole letters.
fn places(sources: &Sources, found: &[Diagnostic]) {
    for label in found.iter().flat_map(|one| &one.labels) {
        let file = sources.file(label.span.file).expect("a file that was read");
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(start <= end && end <= file.text.len(), "{start}..{end} of {}: {found:?}", file.text.len());
        assert!(file.text.is_char_boundary(start) && file.text.is_char_boundary(end), "{start}..{end} cuts a letter: {found:?}");
    }
}

/// Every rendering is bounded, whatever the findings say.
fn drawn(sources: &Sources, found: &[Diagnostic]) {
    for one in found {
        assert!(!one.message.is_empty() && one.message.len() < 20_000, "a message of {} bytes", one.message.len());
    }
    let all = [
        render::text(sources, found, Look::default()),
        render::json(sources, found),
        render::sarif(sources, found),
        render::github(sources, found),
    ];
    for text in all {
        assert!(text.len() < 4 << 20, "{} bytes are drawn", text.len());
    }
}
