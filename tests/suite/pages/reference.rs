//! The language reference is whole: each row of its tables names the page where it is tried out, each word of the grammar
//! and each code of a finding stands in it, and what can be written by the program is.

use std::collections::BTreeSet;

use rejoinder::diagnostic::register;

use super::generated;
use super::{LISTED, blessing, fences, root};

const REFERENCE: &str = "docs/language.md";

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of all tables: line and cells. Heads and rules between are left out.
fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |at: usize| lines.get(at).is_some_and(|line| line.starts_with('|'));
    let mut fenced = false;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        fenced ^= line.starts_with("```");
        let head = at == 0 || !is_row(at - 1);
        let rule = line.starts_with("|---");
        if is_row(at) && !fenced && !head && !rule {
            found.push((at + 1, cells(line)));
        }
    }
    found
}

fn cells(line: &str) -> Vec<String> {
    let kept = line.replace("\\|", "\u{1}");
    kept.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The code spans of a cell.
fn spans(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The words of the language that a form begins with: `on message exactly` of `on message exactly "a"`.
fn key(form: &str, words: &[String]) -> String {
    let of_the_language = |word: &&str| words.iter().any(|known| known == word);
    form.split(' ').take_while(of_the_language).collect::<Vec<_>>().join(" ")
}

/// A page and, behind `#`, one of its headings.
fn link(cell: &str) -> Option<(&str, Option<&str>)> {
    let target = cell.split_once("](../")?.1.split_once(')')?.0;
    Some(target.split_once('#').map_or((target, None), |(page, heading)| (page, Some(heading))))
}

fn slug(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-')).collect::<String>().replace(' ', "-")
}

#[test]
fn every_row_names_a_page_that_tries_it_out() {
    let text = read(REFERENCE);
    let words = generated::words(&read("grammar/words.pest"));
    let generated = generated::parts(&text);
    let mut wrong = Vec::new();
    for (line, cells) in rows(&text) {
        if generated.iter().any(|part| part.lines.contains(&line)) {
            continue;
        }
        let at = format!("{REFERENCE}:{line}: {}", cells[0]);
        let Some((page, heading)) = cells.last().and_then(|cell| link(cell)) else {
            wrong.push(format!("{at}: names no page"));
            continue;
        };
        if !LISTED.contains(&page) {
            wrong.push(format!("{at}: {page} is no page that is run"));
            continue;
        }
        let shown = read(page);
        if let Some(heading) = heading
            && !shown.lines().any(|line| line.starts_with('#') && slug(line) == heading)
        {
            wrong.push(format!("{at}: {page} has no heading `{heading}`"));
        }
        let flows: String =
            fences(&shown).into_iter().filter(|fence| matches!(&*fence.word, "flow" | "yaml")).map(|fence| fence.text).collect();
        for yaml in spans(&cells[0]).into_iter().filter(|form| form.ends_with(':')) {
            if !flows.contains(yaml) {
                wrong.push(format!("{at}: {page} does not use `{yaml}`"));
            }
        }
        for form in spans(&cells[0]).into_iter().map(|form| key(form, &words)).filter(|form| !form.is_empty()) {
            let whole = |at: usize| !flows[at + form.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
            if !flows.match_indices(&form).any(|(at, _)| whole(at)) {
                wrong.push(format!("{at}: {page} does not use `{form}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows that the language has; one that is lost here is found missing in the reference.
#[test]
fn the_reference_has_every_table() {
    let text = read(REFERENCE);
    let heads: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for head in [
        "How a file is written",
        "What flows share",
        "Settings of `bot`",
        "Triggers",
        "Steps that send",
        "Clauses of `ask` and `choose`",
        "Steps that keep something",
        "Steps that decide",
        "Handing over",
        "Asking other systems",
        "Types of answers",
        "Expressions",
        "What a waiting run does with what comes in",
        "What the gate does before a reply leaves",
        "What is proved before a bot runs",
        "The other spelling",
        "Tests",
        "Codes of findings",
    ] {
        assert!(heads.contains(&head), "{head}");
    }
    assert!(rows(&text).len() >= 170, "{} rows", rows(&text).len());
}

/// The words of the grammar are the words of the language: each stands in a code span or a sample of the reference.
#[test]
fn every_word_of_the_grammar_stands_in_the_reference() {
    let text = read(REFERENCE);
    let samples: String = fences(&text).into_iter().map(|fence| fence.text).collect();
    let said: BTreeSet<String> = text
        .replace("\\|", "|")
        .lines()
        .flat_map(spans)
        .chain([samples.as_str()])
        .flat_map(|code| code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')))
        .map(str::to_owned)
        .collect();
    let words = generated::words(&read("grammar/words.pest"));
    assert!(words.len() > 100, "{} words", words.len());
    let unsaid: Vec<&String> = words.iter().filter(|word| !said.contains(*word)).collect();
    assert!(unsaid.is_empty(), "not in {REFERENCE}: {unsaid:?}");
}

#[test]
fn every_code_is_shown_by_a_page() {
    let found: String = LISTED
        .iter()
        .flat_map(|path| fences(&read(path)))
        .filter(|fence| matches!(&*fence.word, "findings" | "drawn" | "console"))
        .map(|fence| fence.text)
        .collect();
    for page in register::PAGES {
        // The checker's own tests hold that the first sample of a code's page gives the code and the second does not.
        let samples = page.text.matches("\n```flow\n").count() + page.text.matches("\n```yaml\n").count();
        let shown = samples >= 2 || found.contains(page.code);
        assert!(shown, "{}: no sample on its page, no finding in tests/pages", page.code);
    }
}

#[test]
fn what_can_be_generated_is_up_to_date() {
    for path in [REFERENCE, "docs/grammar.md"] {
        let text = read(path);
        let now = generated::renewed(&text);
        if blessing() {
            std::fs::write(root().join(path), &now).unwrap();
        } else {
            assert!(now == text, "{path} is not up to date: run the tests with REJOINDER_BLESS=1, then read what changed");
        }
    }
}

#[test]
fn a_lost_page_a_lost_row_and_a_lost_word_are_found() {
    let words = ["on", "message", "exactly"].map(str::to_owned);
    assert_eq!(key("on message exactly \"a\", @set", &words), "on message exactly");
    assert_eq!(key("{ ar \"…\" }", &words), "");
    assert_eq!(link("[x](../tests/pages/x.md#too-long)"), Some(("tests/pages/x.md", Some("too-long"))));
    assert_eq!(link("nothing"), None);
    assert_eq!(slug("## Taken, opted out"), "taken-opted-out");
    let table = "| a | b |\n|---|---|\n| `x \\| y` | z |\n";
    assert_eq!(rows(table), [(3, vec!["`x | y`".to_owned(), "z".to_owned()])]);
}
