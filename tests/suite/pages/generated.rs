//! What the program itself writes into its documentation, between `<!-- generated: name -->` and `<!-- end -->`.

use std::ops::RangeInclusive;

use rejoinder::check;
use rejoinder::diagnostic::register;

use super::root;

/// A generated part: its name and its lines, the marks included.
pub(super) struct Part {
    name: String,
    pub(super) lines: RangeInclusive<usize>,
}

const END: &str = "<!-- end -->";

pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (at, line) in text.lines().enumerate() {
        if let Some(name) = line.strip_prefix("<!-- generated: ").and_then(|rest| rest.strip_suffix(" -->")) {
            assert!(open.is_none(), "line {}: the part before is not ended", at + 1);
            open = Some((name.to_owned(), at + 1));
        } else if line == END {
            let (name, start) = open.take().unwrap_or_else(|| panic!("line {}: ends no part", at + 1));
            found.push(Part { name, lines: start..=at + 1 });
        }
    }
    assert!(open.is_none(), "a part is not ended");
    found
}

/// The page with every generated part as it is now.
pub(super) fn renewed(text: &str) -> String {
    let parts = parts(text);
    assert!(!parts.is_empty());
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        let Some(part) = parts.iter().find(|part| part.lines.contains(&(at + 1))) else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        if *part.lines.start() == at + 1 {
            out.push_str(&format!("{line}\n\n{}\n{END}\n", content(&part.name)));
        }
    }
    out
}

fn content(name: &str) -> String {
    match name {
        "built-ins" => table(check::BUILTINS),
        "filters" => table(check::FILTERS),
        "codes" => codes(),
        "grammar" => grammar(),
        _ => panic!("nothing generates `{name}`"),
    }
}

/// Forms and what they give.
fn table(rows: &[(&str, &str, &str)]) -> String {
    let rows =
        rows.iter().map(|(_, form, gives)| format!("| `{}` | {} |\n", form.replace('|', "\\|"), gives.replace('|', "\\|")));
    format!("| | |\n|---|---|\n{}", rows.collect::<String>())
}

fn codes() -> String {
    let rows = register::PAGES.iter().map(|page| format!("| [{0}](diagnostics/{0}.md) | {1} |\n", page.code, page.title()));
    format!("| code | |\n|---|---|\n{}", rows.collect::<String>())
}

/// The words of the language: the rules `k_…` of the grammar.
pub(super) fn words(pest: &str) -> Vec<String> {
    let quoted = pest.lines().filter(|line| line.starts_with("k_")).filter_map(|line| line.split('"').nth(1));
    quoted.map(str::to_owned).collect()
}

/// The rules of the grammar as people read them: words in quotes, line ends and what only helps to explain mistakes left out.
fn grammar() -> String {
    let mut out = String::from("```text\n");
    for (at, file) in ["items", "steps", "texts", "expressions", "lexis"].iter().enumerate() {
        let text = std::fs::read_to_string(root().join(format!("grammar/{file}.pest"))).unwrap();
        if at > 0 {
            out.push('\n');
        }
        for (name, body) in rules(&text) {
            let helper = name.len() <= 1
                || ["odd_", "broken", "item_", "t_", "junk", "late_", "k_"].iter().any(|start| name.starts_with(start));
            if !helper && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') {
                out.push_str(&format!("{name} = {}\n", readable(&body)));
            }
        }
    }
    out.push_str("```\n");
    out
}

/// Name and body of each rule; a body may go on over lines.
fn rules(pest: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in pest.lines().filter(|line| !line.trim_start().starts_with("//")) {
        match line.split_once(" = ").or_else(|| line.split_once("= ")) {
            Some((name, body)) if !line.starts_with(' ') && !name.trim().contains(' ') => {
                found.push((name.trim().to_owned(), body.trim().to_owned()));
            }
            _ => {
                if let Some((_, body)) = found.last_mut() {
                    body.push(' ');
                    body.push_str(line.trim());
                }
            }
        }
    }
    found
}

/// Marks that stand for themselves, under the names that the grammar gives them.
const MARKS: [(&str, &str); 6] =
    [("t_open", "{"), ("t_equals", "="), ("t_colon", ":"), ("t_paren", "("), ("t_dots", ".."), ("t_arrow", "->")];

fn readable(body: &str) -> String {
    let inner = body.trim_start_matches(['_', '@', '$', '!']).trim().trim_start_matches('{').trim_end();
    let inner = inner.strip_suffix('}').unwrap_or(inner).trim();
    let mut out: Vec<String> = Vec::new();
    for token in tokens(inner) {
        let core = token.trim_end_matches(['*', '+', '?']);
        let tail = &token[core.len()..];
        let bare = core.trim_start_matches(['&', '!']);
        let filler = matches!(bare, "e" | "n" | "s" | "on_line" | "EOI" | "step_begins" | "rest");
        let helps = ["odd_", "broken", "late_", "junk"].iter().any(|start| bare.starts_with(start));
        if filler || helps || core.starts_with(['&', '!']) && !bare.is_empty() && !bare.starts_with('"') {
            // What stood between it and its neighbour goes with it.
            if matches!(out.last().map(String::as_str), Some("|")) {
                out.pop();
            }
            out.push("\0".to_owned());
        } else if core == "~" {
            continue;
        } else if let Some(word) = bare.strip_prefix("k_") {
            out.push(format!("\"{word}\"{tail}"));
        } else if let Some((_, mark)) = MARKS.iter().find(|(name, _)| *name == bare) {
            out.push(format!("\"{mark}\"{tail}"));
        } else {
            out.push(token);
        }
    }
    tidy(&out)
}

/// Puts the tokens together again; brackets around nothing fall away.
fn tidy(tokens: &[String]) -> String {
    let mut text = tokens.iter().filter(|token| *token != "\0").cloned().collect::<Vec<_>>().join(" ");
    for _ in 0..4 {
        for (from, to) in [
            ("( ", "("),
            (" )", ")"),
            ("(| ", "("),
            (" |)", ")"),
            ("() ", ""),
            (" ()*", ""),
            (" ()?", ""),
            (" ()", ""),
            ("()", ""),
        ] {
            text = text.replace(from, to);
        }
    }
    text.trim_end_matches([' ', '|']).trim_start_matches(['|', ' ']).to_owned()
}

/// Names, texts in quotes, brackets with what repeats them, and `~` and `|`.
fn tokens(body: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut letters = body.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() {
            continue;
        }
        let mut token = letter.to_string();
        match letter {
            '"' | '\'' => {
                while let Some(next) = letters.next() {
                    token.push(next);
                    if next == '\\' {
                        token.extend(letters.next());
                    } else if next == letter {
                        break;
                    }
                }
            }
            '(' | '~' | '|' => {
                out.push(token);
                continue;
            }
            ')' => {}
            _ => {
                while let Some(next) =
                    letters.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '.' | '{' | '}' | ',' | '\''))
                {
                    token.push(next);
                }
            }
        }
        while let Some(next) = letters.next_if(|next| matches!(next, '*' | '+' | '?')) {
            token.push(next);
        }
        out.push(token);
    }
    out
}

#[test]
fn a_rule_is_read_as_people_read() {
    let rule = "{ k_say ~ text ~ (n ~ short | replying | broken)* ~ (t_open ~ e ~ ((clause | broken) ~ e)* ~ \"}\")? }";
    assert_eq!(readable(rule), "\"say\" text (short | replying)* (\"{\" ((clause))* \"}\")?");
}

#[test]
fn old_parts_are_replaced_whole() {
    let parts = parts("a\n<!-- generated: codes -->\nancient\n<!-- end -->\nb\n");
    assert_eq!(parts.iter().map(|part| (part.name.as_str(), part.lines.clone())).collect::<Vec<_>>(), [("codes", 2..=4)]);
    let now = renewed("a\n<!-- generated: codes -->\nancient\n<!-- end -->\nb\n");
    assert!(
        now.starts_with("a\n<!-- generated: codes -->\n\n| code |")
            && now.ends_with("\n<!-- end -->\nb\n")
            && !now.contains("ancient")
    );
    assert_eq!(renewed(&now), now);
}
