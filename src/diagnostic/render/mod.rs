//! In: findings and the texts they are about. Out: what a terminal or a program reads.
//! Does not know: which terminal, which program.

mod escape;
mod frame;
mod github;
mod json;
mod sarif;
mod text;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use text::{Look, text};

use super::{Diagnostic, Severity};

/// Findings that are shown of one run; the rest is counted.
pub const SHOWN_MAX: usize = 50;

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Count {
    /// Counts findings.
    #[must_use]
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }

    /// The last lines of a list that shows so many of them.
    fn closing(self, shown: usize) -> String {
        let all = self.all();
        let left_out = if shown < all { format!("{shown} of {all} findings are shown\n") } else { String::new() };
        format!("{left_out}{self}\n")
    }

    const fn all(self) -> usize {
        self.errors + self.warnings + self.notes
    }
}

/// `2 errors, 1 warning`.
impl std::fmt::Display for Count {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        formatter.write_str(if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }.as_str())
    }
}

/// The severity as programs read it.
const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Says that a file holds more mistakes than are counted: without it the count would be taken for the whole.
const UNCOUNTED: &str = "F0003";

/// The findings that are shown, in their order: where there are too many, the gravest first, and whatever says that not all
/// are counted.
fn shown(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    if diagnostics.len() <= SHOWN_MAX {
        return diagnostics.iter().collect();
    }
    let mut places: Vec<(usize, &Diagnostic)> = diagnostics.iter().enumerate().collect();
    places.sort_by_key(|(at, diagnostic)| (diagnostic.code != UNCOUNTED, std::cmp::Reverse(diagnostic.severity), *at));
    places.truncate(SHOWN_MAX);
    places.sort_by_key(|(at, _)| *at);
    places.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

#[cfg(test)]
mod machine_tests;
#[cfg(test)]
mod tests;
