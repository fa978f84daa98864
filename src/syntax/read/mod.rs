//! In: items as the scanner cut them. Out: their trees and diagnostics; what cannot be read becomes `Broken`.
//! Does not know: whether names exist.

mod control;
mod expressions;
mod fetch;
mod flows;
mod items;
mod literals;
mod pieces;
mod shared;
mod steps;
mod tests;
mod texts;
mod types;

pub use expressions::{COMPARE, NEGATE, NOT, binding};
pub use pieces::{Places, Value};
pub use shared::items;
#[cfg(test)]
pub use shared::{SHARED_FROM, on_cores};

use pest::Parser;
use unicode_normalization::UnicodeNormalization;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

use super::codes;
use super::explain;
use super::grammar::{FlowGrammar, Pair, Rule};
use super::scan::Cut;
use super::tree::{Item, Name, Spanned};

/// An item longer than this is not read: memory stays bounded whatever stands in it.
pub const ITEM_BYTES_MAX: usize = 1 << 20;

/// More diagnostics than this of one file are neither made nor counted; of these only the first ones are shown.
pub const DIAGNOSTICS_MAX: usize = 1_000;

/// Reads the items of one file.
pub struct Reader<'t> {
    pub file: FileId,
    /// The whole file, comments blanked.
    pub masked: &'t str,
    /// Where the item that is read begins in the file.
    base: usize,
    /// Operators met in the expression that is read.
    operators: usize,
    expression_depth: usize,
    /// Where the bytes of the value that is read stand in the file, where it is not the file itself that is read.
    places: Option<Places>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    pub fn new(file: FileId, masked: &'t str) -> Self {
        Self { file, masked, base: 0, operators: 0, expression_depth: 0, places: None, diagnostics: Vec::new() }
    }

    /// Reads one item.
    pub fn item(&mut self, cut: &Cut) -> Item {
        let span = self.place(cut.range.start, cut.range.end);
        let text = self.masked.get(cut.range.clone()).unwrap_or_default();
        self.base = cut.range.start;
        if cut.too_deep {
            return Item::Broken(span);
        }
        if text.len() > ITEM_BYTES_MAX {
            let found = Diagnostic::error(
                codes::TOO_LARGE,
                self.place(cut.range.start, cut.range.start + 1),
                "this item is too large to be read",
            )
            .help("an item may have up to 1 MB; divide it");
            self.report(found);
            return Item::Broken(span);
        }
        let word = super::scan::word_at(text);
        let Some(rule) = item_rule(word) else {
            self.report(explain::unknown_item(word, text, span));
            return Item::Broken(span);
        };
        let closed = format!("{text}{}", cut.missing);
        match FlowGrammar::parse(rule, &closed) {
            Ok(mut pairs) => match pairs.next().and_then(|pair| pair.into_inner().next()) {
                Some(pair) => self.read_item(pair),
                None => Item::Broken(span),
            },
            Err(error) => {
                // A forgotten bracket has been reported; what follows from it is not worth a second report.
                if cut.missing.is_empty() {
                    let found = explain::failure(&closed, &error, self.file, self.base, None);
                    self.report(found);
                }
                Item::Broken(span)
            }
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() <= DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message).help(help));
    }

    fn place(&self, start: usize, end: usize) -> Span {
        if let Some(places) = &self.places {
            return places.span(self.file, start, end);
        }
        let limit = self.masked.len();
        Span { file: self.file, start: start.min(limit) as u32, end: end.min(limit) as u32 }
    }

    /// The place of a pair, without the blanks that a rule takes in at its end.
    pub(super) fn span(&self, pair: &Pair<'_>) -> Span {
        let start = self.base + pair.as_span().start();
        self.place(start, start + pair.as_str().trim_end().len())
    }

    pub(super) fn name(&self, pair: &Pair<'_>) -> Name {
        Name { text: composed(pair.as_str()), span: self.span(pair) }
    }

    /// The name behind `@`.
    pub(super) fn set_name(&self, pair: &Pair<'_>) -> Name {
        let inner = pair.clone().into_inner().next();
        Name { text: inner.map(|name| composed(name.as_str())).unwrap_or_default(), span: self.span(pair) }
    }

    pub(super) fn spanned<T>(&self, pair: &Pair<'_>, value: T) -> Spanned<T> {
        Spanned { value, span: self.span(pair) }
    }

    /// Says why a stretch could not be read as what may stand in this place.
    pub(super) fn broken(&mut self, pair: &Pair<'_>, place: explain::Place) -> Span {
        let span = self.span(pair);
        if self.diagnostics.len() <= DIAGNOSTICS_MAX {
            let text = pair.as_str();
            let found = explain::broken(text, place, self.file, span.start as usize);
            let line = self.line_before(span.start as usize);
            let unknown = match place {
                explain::Place::Step => found.code == codes::UNKNOWN_STEP || text.starts_with(['-', '"', '=']),
                explain::Place::TestLine => found.code == codes::UNKNOWN_SETTING,
                _ => false,
            };
            let behind = if unknown { super::advice::behind(line, text) } else { None };
            self.report(match behind {
                Some((message, help)) => {
                    let at = found.labels.first().map_or(span, |label| label.span);
                    Diagnostic::error(codes::EXPECTED, at, message).help(help)
                }
                None => found,
            });
            if place == explain::Place::Step && matches!(super::scan::word_at(text), "if" | "else" | "elif" | "elseif") {
                self.blocks_in(text, span.start as usize);
            }
        }
        span
    }
}

impl Reader<'_> {
    /// What stands before this byte on its line; of a very long line its end.
    fn line_before(&self, at: usize) -> &str {
        let from = (at.saturating_sub(400)..=at).find(|from| self.masked.is_char_boundary(*from)).unwrap_or(at);
        self.masked.get(from..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default()
    }

    /// Reads the blocks of a step whose head could not be read, for the mistakes in them.
    fn blocks_in(&mut self, text: &str, start: usize) {
        let before = self.base;
        let mut at = 0;
        // A few are enough; each attempt may cost as much as the text is long.
        for _ in 0..16 {
            let Some(open) = text.get(at..).and_then(|rest| rest.find('{')) else { break };
            let opened = at + open;
            let Some(rest) = text.get(opened..) else { break };
            // Inside a text the brace opens a hole, which is no block: the attempt fails and the search goes on behind it.
            let block = FlowGrammar::parse(Rule::block, rest).ok().and_then(|mut pairs| pairs.next());
            let Some(block) = block.filter(|_| !inside_text(text, opened)) else {
                at = opened + 1;
                continue;
            };
            self.base = start + opened;
            self.block(&block);
            at = opened + block.as_str().len();
        }
        self.base = before;
    }
}

/// Whether an odd number of quotes stands before `at` on its line.
fn inside_text(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.matches('"').count() % 2 == 1
}

fn item_rule(word: &str) -> Option<Rule> {
    Some(match word {
        "bot" => Rule::item_bot,
        "words" => Rule::item_words,
        "contact" => Rule::item_contact,
        "hours" => Rule::item_hours,
        "team" => Rule::item_team,
        "texts" => Rule::item_texts,
        "flow" => Rule::item_flow,
        "test" => Rule::item_test,
        _ => return None,
    })
}

/// A name in the one spelling that names are compared in.
fn composed(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// The first pair of this rule inside.
fn child<'t>(pair: &Pair<'t>, rule: Rule) -> Option<Pair<'t>> {
    pair.clone().into_inner().find(|inner| inner.as_rule() == rule)
}
