//! Whatever the bytes are: diagnostics with places in the file, in bounded time, memory and stack.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::syntax::codes;
use crate::syntax::read::DIAGNOSTICS_MAX;

fn codes_of(text: &str) -> Vec<&'static str> {
    parse_yaml(FileId(0), text).1.iter().map(|found| found.code).collect()
}

/// Reads, and does with the tree what is done with trees; every place must be one of the file.
fn survives(text: &str) {
    let (document, found) = parse_yaml(FileId(0), text);
    for label in found.iter().flat_map(|found| &found.labels) {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(text.get(start..end).is_some(), "{start}..{end} of {text:?}: {found:?}");
    }
    static PLACES: LazyLock<regex::Regex> = LazyLock::new(|| regex::Regex::new(r"start: (\d+), end: (\d+)").unwrap());
    for place in PLACES.captures_iter(&format!("{:?}", document.items)) {
        let (start, end): (usize, usize) = (place[1].parse().unwrap(), place[2].parse().unwrap());
        assert!(text.get(start..end).is_some(), "{start}..{end} of {text:?}");
    }
    let again = document.clone();
    assert_eq!(document, again);
    let _ = (print(&document), print_yaml(&document));
}

#[test]
fn nesting_ends_at_its_limit() {
    for part in ["[", "{a: ", "- ", "? "] {
        let found = codes_of(&part.repeat(100_000));
        assert!(found.iter().all(|code| [codes::TOO_DEEP, codes::YAML_BROKEN].contains(code)), "{part} {found:?}");
        assert_eq!(found.len(), 1, "{part}");
    }
    let mut deep = String::from("flow: f\nsteps:\n");
    for level in 0..200 {
        let indent = " ".repeat(level * 4 + 2);
        deep.push_str(&format!("{indent}- if: a\n{indent}  then:\n"));
    }
    assert_eq!(codes_of(&deep).first(), Some(&codes::TOO_DEEP));
    let text = format!("flow: f\nsteps:\n  - say: \"{}\"\n", "{f(".repeat(10_000));
    assert_eq!(codes_of(&text), [codes::TOO_DEEP]);
    let value = format!("flow: f\nsteps:\n  - return: \"{}\"\n", "(".repeat(10_000));
    assert_eq!(codes_of(&value), [codes::TOO_DEEP]);
}

#[test]
fn fifty_levels_of_steps_survive() {
    let mut deep = String::from("flow: f\nsteps:\n");
    for level in 0..50 {
        let indent = " ".repeat(level * 4 + 2);
        deep.push_str(&format!("{indent}- if: a\n{indent}  then:\n"));
    }
    deep.push_str(&format!("{}- stop\n", " ".repeat(202)));
    assert_eq!(codes_of(&deep), Vec::<&str>::new());
    survives(&deep);
}

#[test]
fn an_alias_is_refused_before_it_laughs() {
    let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ('b'..='z').zip('a'..='y') {
        text.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", ")));
    }
    let found = codes_of(&text);
    assert!(found.contains(&codes::YAML_REFUSED) && found.len() <= DIAGNOSTICS_MAX + 1, "{found:?}");
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = "flow: a\nsteps: [\n---\nflow: b\nsteps:\n  - sya: \"x\"\n---\n\t- x\n---\nflow: d\nsteps: [stop]\n";
    let (document, found) = read(text);
    assert_eq!(document.items.len(), 4);
    assert!(found.iter().any(|found| found.starts_with("6:5 F0077")), "{found:?}");
    assert!(matches!(document.items[3], crate::syntax::tree::Item::Flow(_)));
}

#[test]
fn what_is_too_large_is_not_read() {
    assert_eq!(codes_of(&format!("flow: a\ntitle: {}\n", "x".repeat(2 << 20))), [codes::TOO_LARGE]);
    assert_eq!(codes_of(&"x".repeat(9 << 20)), [codes::TOO_LARGE]);
    assert_eq!(codes_of(&format!("flow: a\nsteps: [{}]\n", "a,".repeat(300_000))), [codes::TOO_LARGE]);
    let many = format!("flow: a\nsteps:\n{}", "  - sya: x\n".repeat(5_000));
    assert_eq!(codes_of(&many).len(), DIAGNOSTICS_MAX + 1);
    let broken = "---\n\tx\n".repeat(5_000);
    assert_eq!(codes_of(&broken).len(), DIAGNOSTICS_MAX + 1);
}

#[test]
fn any_bytes_and_any_damage_are_survived() {
    for text in [
        "",
        "\u{feff}",
        "---",
        "...",
        "--- |\n x",
        "\r\n---\r\nflow: a\r\nsteps: [stop]\r\n",
        "? a\n: b",
        ": x",
        "- ",
        "{",
        "\0",
        "%TAG ! x\n---\na",
    ] {
        survives(text);
    }
    let sample = print_yaml(&flow(include_str!("../../tests/sample.flow")));
    let ends: Vec<usize> = sample.char_indices().map(|(at, _)| at).collect();
    let signs = [
        "\"", "'", "{", "}", "[", "]", ": ", "- ", "#", " #", "\n", "\t", "*", "&", "!", "|", ">", "%", "@", "`", "---\n", "é",
        "\\",
    ];
    let run = |(from, length, sign): (usize, usize, usize)| {
        let from = ends[from % ends.len()];
        let to = ends[(from + length) % ends.len()].max(from);
        let (Some(before), Some(after)) = (sample.get(..from), sample.get(to..)) else { return };
        survives(&format!("{before}{}{after}", signs[sign % signs.len()]));
    };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(any::<usize>(), 0..40_usize, any::<usize>()), |case| {
            run(case);
            Ok(())
        })
        .unwrap();
    runner
        .run(&"(flow: a\n|steps:\n|  - |say: |\"|'|\\{|\\}|\\[|\\]|x|é|\t|\n|#| |: |\\||>|\\\\|---\n){0,24}", |text| {
            survives(&text);
            Ok(())
        })
        .unwrap();
}
