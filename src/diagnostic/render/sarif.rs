//! Findings as SARIF 2.1.0, the form that code hosts and editors read from any analyser.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Count, escape, shown, word};
use crate::diagnostic::{Diagnostic, Label, register};
use crate::source::{Location, Sources, Span};

/// What stays as it is in a path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// One document with one run; a line per rule and per result. At most [`super::SHOWN_MAX`] results, all counted in the
/// run's `properties`. Columns are counted in characters, from 1, the end excluded. Rules carry the pages of their codes.
#[must_use]
pub fn sarif(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let shown = shown(diagnostics);
    let count = Count::of(diagnostics);
    let mut codes: Vec<&str> = shown.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<String> = codes.iter().map(|code| line(&rule(code))).collect();
    let results: Vec<String> = shown.iter().map(|diagnostic| line(&result(sources, diagnostic, &codes))).collect();
    let properties = json!({
        "errors": count.errors, "warnings": count.warnings, "notes": count.notes, "shown": shown.len(),
    });
    format!(
        concat!(
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\n",
            "\"tool\":{{\"driver\":{{\"name\":\"rejoinder\",\"semanticVersion\":\"{version}\",\"rules\":[{rules}]}}}},\n",
            "\"columnKind\":\"unicodeCodePoints\",\n",
            "\"properties\":{properties},\n",
            "\"results\":[{results}]\n",
            "}}]}}\n",
        ),
        version = env!("CARGO_PKG_VERSION"),
        rules = lines(&rules),
        properties = properties,
        results = lines(&results),
    )
}

fn lines(all: &[String]) -> String {
    if all.is_empty() { String::new() } else { format!("\n{}\n", all.join(",\n")) }
}

fn line(value: &Value) -> String {
    escape::within_json(&value.to_string())
}

fn rule(code: &str) -> Value {
    let Some(page) = register::page(code) else { return json!({ "id": code }) };
    json!({
        "id": code,
        "shortDescription": { "text": page.title() },
        "help": { "text": page.text, "markdown": page.text },
    })
}

fn result(sources: &Sources, diagnostic: &Diagnostic, codes: &[&str]) -> Value {
    let mut text = escape::spelled(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("\nhelp: {}", escape::spelled(help)));
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes.iter().position(|code| *code == diagnostic.code),
        "level": word(diagnostic.severity),
        "message": { "text": plain(&text) },
        "locations": diagnostic.labels.iter().take(1).map(|label| location(sources, label)).collect::<Vec<_>>(),
    });
    let related: Vec<Value> = diagnostic.labels.iter().skip(1).map(|label| location(sources, label)).collect();
    if let (Some(result), false) = (result.as_object_mut(), related.is_empty()) {
        result.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    result
}

/// A message of SARIF reads `[words](place)` as a link; an author's text is none.
fn plain(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

fn location(sources: &Sources, label: &Label) -> Value {
    let Span { file, start, end } = label.span;
    let from = sources.location(label.span);
    let to: Location = sources.location(Span { file, start: end.max(start), end: end.max(start) });
    let mut place = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": sources.file(file).map_or_else(String::new, |file| uri(&file.path)) },
            "region": { "startLine": from.line, "startColumn": from.column, "endLine": to.line, "endColumn": to.column },
        },
    });
    if let (Some(place), false) = (place.as_object_mut(), label.text.is_empty()) {
        place.insert("message".to_owned(), json!({ "text": plain(&escape::spelled(&label.text)) }));
    }
    place
}

/// A path relative to where the command ran stays relative; a whole one becomes a `file` URI.
fn uri(path: &str) -> String {
    let encoded = utf8_percent_encode(path.strip_prefix("./").unwrap_or(path), PATH).to_string();
    if encoded.starts_with('/') { format!("file://{encoded}") } else { encoded }
}
