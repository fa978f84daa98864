//! What programs read of findings, hostile texts included.

use serde_json::Value;

use super::*;
use crate::source::{FileId, Sources, Span};

/// A text that would give a workflow a command, turn a line around, ring a bell and pretend to be a link.
const HOSTILE: &str = "`x`\n::error file=other::gone\r\n::set-env name=A::b\u{7}\u{1b}[31m\u{202e}desrever 100% [a](1)";

fn place(sources: &mut Sources, path: &str, text: &str, what: &str) -> Span {
    let start = text.find(what).unwrap() as u32;
    let file = sources.add(path, text);
    Span { file, start, end: start + what.len() as u32 }
}

#[test]
fn github_reads_one_annotation_a_line() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "flows/a.flow", "# طلب\n    goto trakc\n", "trakc");
    let other = place(&mut sources, "flows/b.flow", "flow track {}", "track");
    let finding = Diagnostic::error("F0101", span, "there is no flow `trakc`").help("did you mean `track`?");
    let drawn = github(&sources, &[finding.also(other, "this one"), Diagnostic::note("F0607", other, "no opt out")]);
    let title = register_title("F0101");
    let expected = format!(
        "::error file=flows/a.flow,line=2,col=10,title=F0101 {title}::there is no flow `trakc`%0Aflows/b.flow:1: this one%0Ahelp: did you mean `track`?"
    );
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines[0], expected);
    assert!(lines[1].starts_with("::notice file=flows/b.flow,line=1,col=6,title=F0607 "), "{drawn}");
    assert_eq!(lines[2..], ["1 error, 1 note"]);
    assert_eq!(github(&sources, &[]), "no findings\n");
}

fn register_title(code: &str) -> &'static str {
    crate::diagnostic::register::page(code).unwrap().title()
}

#[test]
fn no_text_gives_the_runner_a_command() {
    let mut sources = Sources::default();
    let path = "a,line=9,title=b::c%\n::error::d.flow";
    let span = place(&mut sources, path, "goto x", "x");
    let finding = Diagnostic::warning("F0101", span, HOSTILE).also(span, HOSTILE).help(HOSTILE);
    let drawn = github(&sources, &[finding]);
    assert_eq!(drawn.lines().count(), 2, "{drawn}");
    assert!(!drawn.contains('\r') && !drawn.chars().any(|letter| letter != '\n' && escape::is_hostile(letter)), "{drawn}");
    let (properties, message) = drawn.lines().next().unwrap().strip_prefix("::warning ").unwrap().split_once("::").unwrap();
    // Everything between the two marks is four properties: what a path holds does not add one.
    assert_eq!(properties.split(',').count(), 4, "{properties}");
    assert!(properties.starts_with("file=a%2Cline=9%2Ctitle=b%3A%3Ac%25 %3A%3Aerror%3A%3Ad.flow,line=1,col=6,"), "{properties}");
    assert!(message.contains("100%25"), "{message}");
}

#[test]
fn a_code_host_reads_sarif() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "flows/طلب 1.flow", "# طلب\n  قف x", "قف");
    let other = place(&mut sources, "/srv/b.flow", "flow track {}", "track");
    let found = [
        Diagnostic::warning("F0301", span, "m").also(other, "there").help("h"),
        Diagnostic::error("F0101", other, "n").here("here"),
        Diagnostic::note("F0301", other, "o"),
    ];
    let read: Value = serde_json::from_str(&sarif(&sources, &found)).unwrap();
    assert_eq!(read["version"], "2.1.0");
    let run = &read["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect::<Vec<_>>(), ["F0101", "F0301"]);
    assert_eq!(rules[0]["shortDescription"]["text"], register_title("F0101"));
    assert!(rules[0]["help"]["markdown"].as_str().unwrap().contains("## Repair"));
    let results = run["results"].as_array().unwrap();
    let levels: Vec<&str> = results.iter().map(|one| one["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["warning", "error", "note"]);
    for one in results {
        assert_eq!(rules[one["ruleIndex"].as_u64().unwrap() as usize]["id"], one["ruleId"]);
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "flows/%D8%B7%D9%84%D8%A8%201.flow");
    assert_eq!(place["region"], serde_json::json!({ "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 5 }));
    let related = &results[0]["relatedLocations"][0];
    assert_eq!(related["physicalLocation"]["artifactLocation"]["uri"], "file:///srv/b.flow");
    assert_eq!((&related["message"]["text"], &results[0]["message"]["text"]), (&"there".into(), &"m\nhelp: h".into()));
    assert_eq!(results[1]["locations"][0]["message"]["text"], "here");
    assert_eq!(run["properties"]["errors"], 1);
    let none: Value = serde_json::from_str(&sarif(&sources, &[])).unwrap();
    assert_eq!(none["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn hostile_texts_stay_inside_their_document() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a\"b\u{202e}\n.flow", "goto x", "x");
    let nowhere = Span { file: FileId(9), start: 3, end: 1 };
    let found = [
        Diagnostic::error("F0101", span, HOSTILE).here(HOSTILE).also(span, HOSTILE).help(HOSTILE),
        Diagnostic::error("F9999", nowhere, "of no file"),
    ];
    for written in [json(&sources, &found), sarif(&sources, &found)] {
        let read: Value = serde_json::from_str(&written).unwrap();
        assert!(read.is_object());
        assert!(!written.chars().any(|letter| letter != '\n' && escape::is_hostile(letter)), "{written}");
    }
    let read: Value = serde_json::from_str(&sarif(&sources, &found)).unwrap();
    let said = read["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(said.contains("\\[a\\](1)"), "no link comes of an author's text: {said}");
}

#[test]
fn of_a_thousand_findings_machines_read_fifty_and_a_count() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a.flow", "x", "x");
    let mut all: Vec<Diagnostic> = (0..1_000).map(|at| Diagnostic::warning("F0301", span, format!("number {at}"))).collect();
    all.push(Diagnostic::error("F0101", span, "the error at the end"));
    let read: Value = serde_json::from_str(&sarif(&sources, &all)).unwrap();
    assert_eq!(read["runs"][0]["results"].as_array().unwrap().len(), SHOWN_MAX);
    assert_eq!(read["runs"][0]["properties"]["warnings"], 1_000);
    let drawn = github(&sources, &all);
    assert_eq!(drawn.lines().count(), SHOWN_MAX + 2);
    assert!(drawn.ends_with("50 of 1001 findings are shown\n1 error, 1000 warnings\n") && drawn.contains("::error "), "{drawn}");
    let mut errors: Vec<Diagnostic> = (0..1_000).map(|at| Diagnostic::error("F0013", span, format!("number {at}"))).collect();
    errors.push(Diagnostic::error("F0003", span, "there are more"));
    assert!(github(&sources, &errors).contains("there are more"), "that not all are counted is not left out");
}
