//! The fences that hold what the program prints of the newest bot.

use rejoinder::diagnostic::Severity;
use rejoinder::diagnostic::render::{self, Look};
use rejoinder::source::FileId;
use rejoinder::syntax::{self, Spelling};

use super::Shown;
use crate::harness::{finish, shell};

/// What stands in a fence of this word now; `None` for a fence that is only read by people.
pub(super) fn of(word: &str, text: &str, shown: &Shown, place: &str) -> Option<String> {
    Some(match word {
        "findings" => findings(shown),
        "drawn" => drawn(shown),
        "yaml" => yaml(shown, place),
        "proof" => proof(shown, place),
        "console" => console(text, place),
        "fmt" => shown.sources.iter().map(|(id, file)| syntax::print(&syntax::parse(id, &file.text).0)).collect(),
        _ => {
            assert!(READ_BY_PEOPLE.contains(&word), "{place}: `{word}` is no fence of a page");
            return None;
        }
    })
}

/// Fences that nothing is compared with.
const READ_BY_PEOPLE: &[&str] = &["", "toml", "text", "sh"];

/// A line each: `line:column severity code: message`.
pub(crate) fn findings(shown: &Shown) -> String {
    let lines = shown.findings.iter().map(|one| {
        let place = shown.sources.location(one.labels[0].span);
        let severity = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        format!("{}:{} {severity} {}: {}\n", place.line, place.column, one.code, one.message)
    });
    lines.collect()
}

/// The bot in the other spelling, from which it comes back as it was.
fn yaml(shown: &Shown, place: &str) -> String {
    let written = |text: &str, path: &str, to| {
        let converted = syntax::convert(FileId(0), path, text, to);
        converted.text.unwrap_or_else(|| panic!("{place}: it cannot be written in the other spelling: {:#?}", converted.findings))
    };
    let (_, file) = shown.sources.iter().next().unwrap_or_else(|| panic!("{place}: no flow"));
    let yaml = written(&file.text, &file.path, Spelling::Yaml);
    assert_eq!(written(&yaml, "page.flow.yaml", Spelling::Flow), *file.text, "{place}: it comes back as another flow");
    yaml
}

/// What `check --proof` prints below its findings.
fn proof(shown: &Shown, place: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (_, file) in shown.sources.iter() {
        std::fs::write(folder.path().join(&file.path), &*file.text).unwrap();
    }
    let done = finish(&["check", "page.flow", "--proof"], "", folder.path(), 1_024);
    assert_eq!(done.code, Some(0), "{place}: {}{}", done.out, done.err);
    done.out
}

/// The frames, as a terminal without colour shows them.
pub(crate) fn drawn(shown: &Shown) -> String {
    let text = render::text(&shown.sources, &shown.findings, Look::default());
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Commands in an empty folder, each with what it prints on both outputs and how it ends where that is not well.
fn console(text: &str, place: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut commands: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("> "), commands.last_mut()) {
            (Some(command), ..) => commands.push(command.to_owned()),
            (None, Some(more), Some(last)) => *last = format!("{last}\n{more}"),
            _ => {}
        }
    }
    assert!(!commands.is_empty(), "{place}: no line begins with `$ `");
    let mut out = String::new();
    for command in commands {
        let done = shell(&command, folder.path());
        out.push_str(&format!("$ {}\n", command.replace('\n', "\n> ")));
        out.extend(done.out.lines().map(|line| format!("{}\n", line.trim_end())));
        if done.code != Some(0) {
            out.push_str(&format!("exit code {}\n", done.code.unwrap_or(-1)));
        }
    }
    out
}
