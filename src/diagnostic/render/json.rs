//! Findings for programs: one JSON object, one line per finding.

use serde::Serialize;

use super::{Count, escape, shown, word};
use crate::diagnostic::{Diagnostic, Label};
use crate::source::{Location, Sources, Span};

/// A place: line and column from 1, columns in characters; the end is the place behind the last character.
#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Finding<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    end: Place,
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    labels: Vec<Elsewhere<'a>>,
}

#[derive(Serialize)]
struct Elsewhere<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    end: Place,
    text: &'a str,
}

/// `{"errors":1,"warnings":0,"notes":0,"shown":1,"findings":[` then a line per finding, then `]}`; at most
/// [`super::SHOWN_MAX`] findings, all counted. Characters that could reorder a line are escaped.
#[must_use]
pub fn json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let shown = shown(diagnostics);
    let count = Count::of(diagnostics);
    let lines: Vec<String> = shown.iter().map(|diagnostic| line(sources, diagnostic)).collect();
    let open = if lines.is_empty() { "" } else { "\n" };
    format!(
        "{{\"errors\":{},\"warnings\":{},\"notes\":{},\"shown\":{},\"findings\":[{open}{}{open}]}}\n",
        count.errors,
        count.warnings,
        count.notes,
        lines.len(),
        lines.join(",\n"),
    )
}

fn line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let span = diagnostic.labels.first().map(|label| label.span).unwrap_or_default();
    let Location { line, column } = sources.location(span);
    let finding = Finding {
        path: path(sources, span),
        line,
        column,
        end: end(sources, span),
        code: diagnostic.code,
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        labels: diagnostic.labels.iter().map(|label| elsewhere(sources, label)).collect(),
    };
    escape::within_json(&serde_json::to_string(&finding).unwrap_or_default())
}

fn elsewhere<'a>(sources: &'a Sources, label: &'a Label) -> Elsewhere<'a> {
    let Location { line, column } = sources.location(label.span);
    Elsewhere { path: path(sources, label.span), line, column, end: end(sources, label.span), text: &label.text }
}

fn path(sources: &Sources, span: Span) -> &str {
    sources.file(span.file).map_or("", |file| file.path.as_str())
}

fn end(sources: &Sources, span: Span) -> Place {
    let Location { line, column } = sources.location(Span { start: span.end.max(span.start), ..span });
    Place { line, column }
}
