//! In: what is wrong and where. Out: values; renderings of them in files of their own.
//! Does not know: flows, disks, terminals.

pub mod register;
pub mod render;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; never fails a check.
    Note,
    Warning,
    Error,
}

/// One finding for an author. Messages are lower case, without a full stop, the author's own text in backticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// `F0101`, …; stands in the register of codes.
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    /// The first one is the place of the finding.
    pub labels: Vec<Label>,
    pub help: Option<String>,
}

/// A place and what is to be seen there.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message.into())
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message.into())
    }

    /// A note at `span`.
    #[must_use]
    pub fn note(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, span, message.into())
    }

    fn new(code: &'static str, severity: Severity, span: Span, message: String) -> Self {
        let message = bounded(message);
        Self { code, severity, message, labels: vec![Label { span, text: String::new() }], help: None }
    }

    /// Says what is to be seen at the place itself.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// Bytes of one message; what an author wrote may stand in it, however long it is.
const MESSAGE_BYTES_MAX: usize = 2_000;

/// A message that is too long loses its middle, never a part of a letter.
fn bounded(message: String) -> String {
    if message.len() <= MESSAGE_BYTES_MAX {
        return message;
    }
    let ends: Vec<usize> = message.grapheme_indices(true).map(|(at, _)| at).collect();
    let head = ends.iter().rev().find(|at| **at <= MESSAGE_BYTES_MAX / 2).copied().unwrap_or(0);
    let tail = ends.iter().find(|at| **at >= message.len() - MESSAGE_BYTES_MAX / 4).copied().unwrap_or(message.len());
    format!("{} … {}", message.get(..head).unwrap_or_default(), message.get(tail..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_a_huge_word_of_the_authors_keeps_its_beginning_and_its_end() {
        let long = format!("`{}` stands outside", "👨‍👩‍👧".repeat(5_000));
        let message = Diagnostic::error("F0001", Span::default(), long).message;
        assert!(
            message.len() <= MESSAGE_BYTES_MAX && message.starts_with("`👨‍👩‍👧") && message.ends_with("👨‍👩‍👧` stands outside"),
            "{message}"
        );
        assert_eq!(message.replace("👨‍👩‍👧", ""), "` … ` stands outside");
        assert_eq!(Diagnostic::error("F0001", Span::default(), "short").message, "short");
    }
}
