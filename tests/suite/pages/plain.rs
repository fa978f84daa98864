//! Findings speak to people who never programmed.

use rejoinder::diagnostic::{Diagnostic, register};

use super::{LISTED, compile, fences, root};

/// Words that only programmers know, or know differently.
const BANNED: &[&str] = &[
    "token",
    "tokens",
    "parse",
    "parsed",
    "parser",
    "parsing",
    "identifier",
    "expression",
    "null",
    "nil",
    "boolean",
    "bool",
    "integer",
    "int",
    "float",
    "string",
    "strings",
    "array",
    "tuple",
    "struct",
    "enum",
    "syntax",
    "semantics",
    "literal",
    "literals",
    "scalar",
    "operand",
    "operator",
    "argument",
    "arguments",
    "parameter",
    "parameters",
    "scope",
    "undefined",
    "uninitialized",
    "exception",
    "stack",
    "pointer",
    "ast",
    "eof",
    "lexer",
    "grammar",
    "iterator",
    "iterate",
    "callback",
    "recursion",
    "recursive",
    "cyclic",
    "cycle",
    "payload",
    "runtime",
    "compile",
    "compiler",
    "enumerate",
    "type error",
    "unwrap",
    "panic",
    "utf-16",
    "codepoint",
    "grapheme",
    "graphemes",
    "units",
    "overload",
    "instance",
    "predicate",
    "statement",
    "statements",
    "declaration",
    "declare",
    "declared",
    "namespace",
    "dereference",
    "mutable",
    "immutable",
    "invoke",
];

/// What an author reads of a finding: the author's own words, in backticks, left out.
fn said(finding: &Diagnostic) -> String {
    let labels = finding.labels.iter().map(|label| label.text.as_str());
    let all: Vec<&str> = [finding.message.as_str()].into_iter().chain(labels).chain(finding.help.as_deref()).collect();
    all.iter().map(|text| text.split('`').step_by(2).collect::<String>()).collect::<Vec<_>>().join("\n")
}

fn banned(text: &str) -> Vec<&'static str> {
    // Who writes one knows its name.
    let text = text.to_lowercase().replace("regular expression", "");
    let words: Vec<&str> = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '-')).collect();
    BANNED.iter().copied().filter(|word| words.contains(word)).collect()
}

#[test]
fn no_finding_uses_a_word_of_programmers() {
    let mut wrong = Vec::new();
    let mut look = |place: &str, text: &str| {
        for (at, fence) in fences(text).into_iter().enumerate().filter(|(_, fence)| matches!(&*fence.word, "flow" | "yaml")) {
            let head = "bot \"A\" {\n    languages en\n    timezone \"UTC\"\n}\n\n";
            let whole = fence.text.lines().any(|line| line.starts_with("bot ") || line.starts_with("bot:"));
            let text = if whole || fence.word == "yaml" { fence.text } else { format!("{head}{}", fence.text) };
            let end = if fence.word == "yaml" { "page.flow.yaml" } else { "page.flow" };
            for finding in compile(&[(end.to_owned(), text)]).findings {
                for word in banned(&said(&finding)) {
                    wrong.push(format!("{place}, sample {at}: {} says `{word}`: {}", finding.code, said(&finding)));
                }
            }
        }
    };
    for page in register::PAGES {
        look(page.code, page.text);
    }
    for path in LISTED {
        look(path, &std::fs::read_to_string(root().join(path)).unwrap());
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_ten_mistakes_have_a_frame_a_reason_and_a_repair() {
    let text = std::fs::read_to_string(root().join("tests/pages/ten-mistakes.md")).unwrap();
    let frames: Vec<String> = fences(&text).into_iter().filter(|fence| fence.word == "drawn").map(|fence| fence.text).collect();
    assert_eq!(frames.len(), 10);
    for frame in frames {
        for part in ["╭─[page.flow:", "\n  help: "] {
            assert!(frame.contains(part), "no `{part}` in\n{frame}");
        }
        assert!(frame.contains("\n1 error\n") || frame.contains("\n1 note\n"), "more than one mistake, or none:\n{frame}");
    }
}

#[test]
fn a_word_of_programmers_is_found() {
    assert_eq!(banned("unexpected token `}`"), ["token"]);
    assert_eq!(banned("this regular expression cannot be read"), [] as [&str; 0]);
}
