use super::*;
use crate::source::{Sources, Span};

fn place(sources: &mut Sources, path: &str, text: &str, what: &str) -> Span {
    let start = text.find(what).unwrap() as u32;
    let file = sources.add(path, text);
    Span { file, start, end: start + what.len() as u32 }
}

#[test]
fn a_finding_shows_its_line_its_code_and_its_help() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "flows/a.flow", "flow a {\n    goto trakc\n}\n", "trakc");
    let finding = Diagnostic::error("F0101", span, "there is no flow `trakc`").here("here").help("did you mean `track`?");
    let drawn = text(&sources, &[finding], Look::default());
    for part in ["F0101", "there is no flow `trakc`", "flows/a.flow:2:10", "goto trakc", "did you mean `track`?", "1 error\n"] {
        assert!(drawn.contains(part), "{part} stands in\n{drawn}");
    }
    assert!(!drawn.contains('\u{1b}'), "no colour was asked for");
}

#[test]
fn colour_comes_only_when_asked_for() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a.flow", "goto x", "x");
    let look = Look { color: true, width: 80 };
    assert!(text(&sources, &[Diagnostic::error("F0101", span, "m")], look).contains('\u{1b}'));
}

#[test]
fn places_in_other_files_are_drawn_below() {
    let mut sources = Sources::default();
    let second = place(&mut sources, "b.flow", "flow track {}", "track");
    let first = place(&mut sources, "a.flow", "\n\nflow track {}", "track");
    let finding = Diagnostic::error("F0114", second, "`track` is defined twice").also(first, "the first one");
    let drawn = text(&sources, &[finding], Look::default());
    assert!(drawn.contains("b.flow:1:6") && drawn.contains("a.flow:3:6") && drawn.contains("the first one"), "{drawn}");
}

#[test]
fn hostile_characters_of_an_author_do_nothing() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a.flow", "say \"\u{202e}gnp.exe\u{1b}[2J\u{61c}\" oops", "oops");
    let finding = Diagnostic::error("F0001", span, "odd \u{202e}word\u{1b}");
    for drawn in [text(&sources, std::slice::from_ref(&finding), Look::default()), json(&sources, &[finding])] {
        assert!(!drawn.contains(['\u{202e}', '\u{1b}', '\u{61c}']), "{drawn}");
        assert!(drawn.contains("202e"), "the message spells it: {drawn}");
    }
}

#[test]
fn a_line_of_a_megabyte_is_shown_around_its_place() {
    let mut sources = Sources::default();
    let long = format!("{}HERE{}", "ب".repeat(500_000), "x".repeat(500_000));
    let span = place(&mut sources, "a.flow", &long, "HERE");
    let drawn = text(&sources, &[Diagnostic::error("F0001", span, "m")], Look::default());
    assert!(drawn.contains("HERE") && drawn.len() < 3_000, "{} bytes", drawn.len());
}

#[test]
fn columns_are_counted_in_characters_of_the_whole_line() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a.flow", "say { ar \"طلبك {ordr}\" }", "ordr");
    let drawn = text(&sources, &[Diagnostic::error("F0107", span, "m")], Look::default());
    assert!(drawn.contains("a.flow:1:17"), "{drawn}");
    let span = place(&mut sources, "b.flow", &format!("{}HERE", "ب".repeat(1_000)), "HERE");
    let drawn = text(&sources, &[Diagnostic::error("F0107", span, "m")], Look::default());
    assert!(drawn.contains("b.flow:1:1001"), "{drawn}");
}

#[test]
fn a_place_at_the_very_end_or_of_no_file_can_be_drawn() {
    let mut sources = Sources::default();
    let file = sources.add("a.flow", "flow a {");
    let end = Span { file, start: 8, end: 8 };
    assert!(text(&sources, &[Diagnostic::error("F0005", end, "never closed")], Look::default()).contains("a.flow:1"));
    let nowhere = Span { file: crate::source::FileId(9), start: 3, end: 1 };
    assert!(text(&sources, &[Diagnostic::error("F0005", nowhere, "never closed")], Look::default()).contains("never closed"));
    let empty = Sources::default();
    assert!(json(&empty, &[Diagnostic::error("F0117", Span::default(), "no bot")]).contains("\"line\":1"));
}

#[test]
fn a_program_reads_places_as_numbers() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a.flow", "# طلب\n  قف x", "قف");
    let written = json(&sources, &[Diagnostic::warning("F0301", span, "m").help("h")]);
    let read: serde_json::Value = serde_json::from_str(&written).unwrap();
    let finding = &read["findings"][0];
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(2), Some(3)));
    assert_eq!((finding["end"]["line"].as_u64(), finding["end"]["column"].as_u64()), (Some(2), Some(5)));
    assert_eq!((finding["severity"].as_str(), finding["help"].as_str()), (Some("warning"), Some("h")));
    assert_eq!((read["errors"].as_u64(), read["warnings"].as_u64()), (Some(0), Some(1)));
    assert!(serde_json::from_str::<serde_json::Value>(&json(&sources, &[])).is_ok());
}

#[test]
fn of_a_thousand_findings_fifty_are_shown_and_all_are_counted() {
    let mut sources = Sources::default();
    let span = place(&mut sources, "a.flow", "x", "x");
    let mut all: Vec<Diagnostic> = (0..1_000).map(|at| Diagnostic::warning("F0301", span, format!("number {at}"))).collect();
    all.push(Diagnostic::error("F0101", span, "the error at the end"));
    let drawn = text(&sources, &all, Look::default());
    assert_eq!(drawn.matches("F0301").count(), 49);
    assert!(drawn.contains("the error at the end") && drawn.contains("50 of 1001 findings are shown"));
    assert!(drawn.ends_with("1 error, 1000 warnings\n"));
    let read: serde_json::Value = serde_json::from_str(&json(&sources, &all)).unwrap();
    assert_eq!((read["shown"].as_u64(), read["warnings"].as_u64()), (Some(50), Some(1_000)));
}
