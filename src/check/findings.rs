//! Collects what is wrong while everything else only reads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Sources;

#[derive(Debug, Default)]
pub(super) struct Findings {
    list: RefCell<Vec<Diagnostic>>,
    quiet: Cell<bool>,
}

impl Findings {
    pub(super) fn add(&self, diagnostic: Diagnostic) {
        if !self.quiet.get() {
            self.list.borrow_mut().push(diagnostic);
        }
    }

    /// Looks at something without saying what is wrong with it: that is said where it is checked.
    pub(super) fn quietly<T>(&self, look: impl FnOnce() -> T) -> T {
        let before = self.quiet.replace(true);
        let seen = look();
        self.quiet.set(before);
        seen
    }

    pub(super) fn extend(&self, diagnostics: Vec<Diagnostic>) {
        self.list.borrow_mut().extend(diagnostics);
    }

    /// All of them in the order in which they were found.
    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.list.into_inner()
    }

    /// All of them in the order of files and places, each once: a text named in several places is checked at each.
    pub(super) fn finish(self, sources: &Sources) -> Vec<Diagnostic> {
        let mut all = self.list.into_inner();
        // Places of a tree are those of the masked text that it was read from.
        for label in all.iter_mut().flat_map(|finding| &mut finding.labels) {
            if let Some(file) = sources.file(label.span.file) {
                label.span = label.span.of_whole_letters(&file.text);
            }
        }
        let place = |diagnostic: &Diagnostic| {
            let span = diagnostic.labels.first().map(|label| label.span).unwrap_or_default();
            let path = sources.file(span.file).map(|file| file.path.clone()).unwrap_or_default();
            (path, span.start, std::cmp::Reverse(diagnostic.severity), diagnostic.code, diagnostic.message.clone())
        };
        // A text that could not be read is empty too, and was already spoken of.
        let unread: BTreeSet<(u32, u32)> =
            all.iter().filter(|finding| finding.code < "F0100").map(|f| line(sources, f)).collect();
        all.retain(|finding| finding.code != code::EMPTY_TEXT || !unread.contains(&line(sources, finding)));
        all.sort_by_cached_key(place);
        all.dedup_by(|later, earlier| later == earlier);
        all
    }
}

/// File and line of a finding.
fn line(sources: &Sources, finding: &Diagnostic) -> (u32, u32) {
    let span = finding.labels.first().map(|label| label.span).unwrap_or_default();
    (span.file.0, sources.line(span))
}

/// Whether a bot may run with these.
pub(super) fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}
