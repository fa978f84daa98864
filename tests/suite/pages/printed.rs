//! The fences that hold what the program prints of the newest bot.

use rejoinder::diagnostic::Severity;
use rejoinder::diagnostic::render::{self, Look};
use rejoinder::syntax;

use super::Shown;

/// What stands in a fence of this word now; `None` for a fence that is only read by people.
pub(super) fn of(word: &str, shown: &Shown, place: &str) -> Option<String> {
    Some(match word {
        "findings" => findings(shown),
        "drawn" => drawn(shown),
        "fmt" => shown.sources.iter().map(|(id, file)| syntax::print(&syntax::parse(id, &file.text).0)).collect(),
        _ => {
            assert!(READ_BY_PEOPLE.contains(&word), "{place}: `{word}` is no fence of a page");
            return None;
        }
    })
}

/// Fences that nothing is compared with.
const READ_BY_PEOPLE: &[&str] = &["", "toml", "text", "sh", "proof"];

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

/// The frames, as a terminal without colour shows them.
pub(crate) fn drawn(shown: &Shown) -> String {
    let text = render::text(&shown.sources, &shown.findings, Look::default());
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
