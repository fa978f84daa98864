//! In: what is wrong and where. Out: values; renderings of them in files of their own.
//! Does not know: flows, disks, terminals.

pub mod register;
pub mod render;

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
