//! Findings for people: the lines in question in a frame.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan};

use super::frame::Frame;
use super::{Count, escape, shown};
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::{FileId, Sources};

/// How findings are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    /// Columns of the terminal; kept between 40 and 120.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Draws the findings, then how many there are; an empty text when there are none.
#[must_use]
pub fn text(sources: &Sources, diagnostics: &[Diagnostic], look: Look) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let theme = if look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(look.width.clamp(40, 120))
        .with_links(false)
        .with_context_lines(1)
        .with_break_words(true);
    let mut out = String::new();
    let shown = shown(diagnostics);
    for diagnostic in &shown {
        let drawn = Drawn::new(sources, diagnostic);
        if handler.render_report(&mut out, &drawn).is_err() {
            // Only a broken place could do this; the words are still worth showing.
            out.push_str(&format!("{}: {}\n", diagnostic.code, drawn.message));
        }
        out.push('\n');
    }
    out.push_str(&Count::of(diagnostics).closing(shown.len()));
    out
}

/// One finding as the library draws it; places in other files are drawn below it.
struct Drawn {
    code: &'static str,
    severity: Severity,
    message: String,
    help: Option<String>,
    frame: Option<Frame>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Drawn>,
}

impl Drawn {
    fn new(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let main = diagnostic.labels.first().map(|label| label.span.file).unwrap_or_default();
        let mut others: Vec<FileId> =
            diagnostic.labels.iter().map(|label| label.span.file).filter(|file| *file != main).collect();
        others.dedup();
        let elsewhere = others.into_iter().map(|file| {
            let mut part = Self::part(sources, diagnostic, file);
            part.severity = Severity::Note;
            part.message = part.labels.first().and_then(LabeledSpan::label).unwrap_or("see here").to_owned();
            (part.code, part.help) = ("", None);
            part
        });
        let elsewhere = elsewhere.collect();
        Self { elsewhere, ..Self::part(sources, diagnostic, main) }
    }

    fn part(sources: &Sources, diagnostic: &Diagnostic, file: FileId) -> Self {
        let labels: Vec<&Label> = diagnostic.labels.iter().filter(|label| label.span.file == file).collect();
        let places: Vec<_> = labels.iter().map(|label| label.span.start as usize..label.span.end as usize).collect();
        let (frame, moved) = sources.file(file).map(|file| Frame::around(file, &places)).unzip();
        let spans = labels.iter().zip(moved.unwrap_or_default()).map(|(label, place)| {
            let text = (!label.text.is_empty()).then(|| escape::spelled(&label.text));
            LabeledSpan::new(text, place.start, place.len())
        });
        Self {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: escape::spelled(&diagnostic.message),
            help: diagnostic.help.as_deref().map(escape::spelled),
            labels: spans.collect(),
            frame,
            elsewhere: Vec::new(),
        }
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(self.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.frame.as_ref().map(|frame| frame as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        let list = self.elsewhere.iter().map(|part| part as &dyn miette::Diagnostic);
        (!self.elsewhere.is_empty()).then(|| Box::new(list) as Box<dyn Iterator<Item = &dyn miette::Diagnostic>>)
    }
}
