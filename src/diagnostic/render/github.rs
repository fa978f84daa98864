//! Findings as workflow commands of GitHub Actions: an annotation at the line of each finding.
//! The form and its escaping: docs.github.com, "Workflow commands for GitHub Actions"; the runner undoes exactly these.

use super::{Count, escape, shown};
use crate::diagnostic::register;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Location, Sources};

/// A line `::error file=…,line=…,col=…,title=…::message` per finding, at most [`super::SHOWN_MAX`] of them, then how many
/// there are. No text of a flow can begin a line, so none can give the runner a command of its own.
#[must_use]
pub fn github(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    let shown = shown(diagnostics);
    for diagnostic in &shown {
        out.push_str(&line(sources, diagnostic));
        out.push('\n');
    }
    out.push_str(&Count::of(diagnostics).closing(shown.len()));
    out
}

fn line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let word = match diagnostic.severity {
        Severity::Note => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let span = diagnostic.labels.first().map(|label| label.span).unwrap_or_default();
    let Location { line, column } = sources.location(span);
    let file = sources.file(span.file).map_or("", |file| file.path.as_str());
    let title = register::page(diagnostic.code).map_or("", register::Page::title);
    let mut message = escape::spelled(&diagnostic.message);
    for label in diagnostic.labels.iter().skip(1) {
        let place = sources.location(label.span);
        let path = sources.file(label.span.file).map_or("", |file| file.path.as_str());
        message.push_str(&format!("\n{}:{}: {}", escape::spelled(path), place.line, escape::spelled(&label.text)));
    }
    if let Some(help) = &diagnostic.help {
        message.push_str(&format!("\nhelp: {}", escape::spelled(help)));
    }
    format!(
        "::{word} file={},line={line},col={column},title={}::{}",
        property(file),
        property(&format!("{} {title}", diagnostic.code)),
        data(&message),
    )
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands between the first and the second `::`.
fn property(text: &str) -> String {
    data(&escape::spelled(text)).replace(':', "%3A").replace(',', "%2C")
}
