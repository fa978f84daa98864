//! Values of a file in another notation, such as YAML: the same rules, with places in that file.

use pest::Parser;

use crate::calendar::{Date, Time};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;
use crate::syntax::explain::{self, Place};
use crate::syntax::grammar::{FlowGrammar, Pair, Rule};
use crate::syntax::scan::{self, NESTING_MAX};
use crate::syntax::tree::{Expr, ExprKind, HoursRow, Name, Pattern, Regex, Spanned, Template, Type, TypeKind, WaitFor};

use super::texts::{literal, written};
use super::{Reader, child};

/// Where the bytes of a value stand in the file that it was taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Stretches that stand in the file as they are in the value: first byte in the value, first byte in the file.
    runs: Vec<(u32, u32)>,
    /// Where the value ends in the file.
    end: u32,
}

impl Places {
    /// Adds the next byte of the value; stretches that go on are kept as one.
    pub fn push(&mut self, value: usize, source: usize) {
        let (value, source) = (value as u32, source as u32);
        let goes_on = self.runs.last().is_some_and(|(from, at)| value - from == source.wrapping_sub(*at));
        if !goes_on {
            self.runs.push((value, source));
        }
    }

    /// Says where the value ends in the file.
    pub const fn close(&mut self, source: usize) {
        self.end = source as u32;
    }

    /// The byte of the file for a byte of the value.
    fn at(&self, value: usize) -> u32 {
        let next = self.runs.partition_point(|(from, _)| *from as usize <= value);
        let run = next.checked_sub(1).and_then(|run| self.runs.get(run));
        run.map_or(self.end, |(from, at)| (at + (value as u32 - from)).min(self.end))
    }

    /// The place of a stretch of the value.
    pub fn span(&self, file: FileId, start: usize, end: usize) -> Span {
        let from = self.at(start);
        let last = end.checked_sub(1).filter(|last| *last >= start).map_or(from, |last| self.at(last) + 1);
        Span { file, start: from, end: last.clamp(from, self.end.max(from)) }
    }
}

/// A value as it is meant, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Value<'v> {
    pub text: &'v str,
    pub places: &'v Places,
    /// The whole of it in the file, quotes included.
    pub span: Span,
}

impl Reader<'_> {
    /// Reads one value by one rule. `None` where it cannot be read; a diagnostic says why.
    fn piece<T>(&mut self, rule: Rule, value: Value<'_>, read: impl FnOnce(&mut Self, &Pair<'_>) -> T) -> Option<T> {
        self.begin(value);
        let text = if rule == Rule::piece_text { value.text } else { value.text.trim() };
        if rule != Rule::piece_text {
            self.base = value.text.len() - value.text.trim_start().len();
        }
        let read = match FlowGrammar::parse(rule, text) {
            Ok(mut pairs) => pairs.next().map(|pair| read(self, &pair)),
            Err(error) => {
                let found = explain::failure(text, &error, self.file, self.base, None);
                let found = self.moved(found);
                self.report(found);
                None
            }
        };
        self.places = None;
        read
    }

    /// The same for what is written in the language's own signs: strange characters and brackets are spoken of first.
    fn code<T>(&mut self, rule: Rule, value: Value<'_>, read: impl FnOnce(&mut Self, &Pair<'_>) -> T) -> Option<T> {
        let pattern = matches!(rule, Rule::piece_kind | Rule::piece_given) && value.text.trim_start().starts_with('/');
        if pattern {
            return self.piece(rule, value, read);
        }
        // A line end of the other notation parts nothing here, but for fields.
        let flat = match rule {
            Rule::piece_given => value.text.to_owned(),
            _ if value.text.contains("\"\"\"") => value.text.to_owned(),
            _ => value.text.replace(['\n', '\r'], " "),
        };
        let scan = scan::piece(self.file, &flat);
        let left_open = scan.items.iter().any(|cut| cut.too_deep || !cut.missing.is_empty());
        self.begin(value);
        for found in scan.diagnostics {
            let found = self.moved(found);
            self.report(found);
        }
        if let Some(comment) = scan.comments.first() {
            let span = self.place(comment.span.start as usize, comment.span.end as usize);
            self.error(codes::MISPLACED, span, "a comment cannot stand inside a value", "put it on a line of its own");
        }
        self.places = None;
        if left_open || !scan.comments.is_empty() {
            return None;
        }
        self.piece(rule, Value { text: &scan.masked, ..value }, read)
    }

    fn begin(&mut self, value: Value<'_>) {
        self.places = Some(value.places.clone());
        self.base = 0;
        self.operators = 0;
        self.expression_depth = 0;
    }

    /// A diagnostic whose places were counted in the value.
    fn moved(&self, mut found: Diagnostic) -> Diagnostic {
        for label in &mut found.labels {
            label.span = self.place(label.span.start as usize, label.span.end as usize);
        }
        found
    }

    // --- kinds of values -------------------------------------------------------------------------------------------

    pub fn piece_value(&mut self, value: Value<'_>) -> Expr {
        let read = self.code(Rule::piece_value, value, |reader, pair| child(pair, Rule::value).map(|pair| reader.value(&pair)));
        read.flatten().unwrap_or(Expr { kind: ExprKind::Broken, span: value.span })
    }

    pub fn piece_kind(&mut self, value: Value<'_>) -> Type {
        let read = self.code(Rule::piece_kind, value, |reader, pair| child(pair, Rule::kind).map(|pair| reader.kind(&pair)));
        read.flatten().unwrap_or(Type { kind: TypeKind::Broken, span: value.span })
    }

    /// The type of what a fetch gives: a record may stand there too.
    pub fn piece_given(&mut self, value: Value<'_>) -> Type {
        let read = self.code(Rule::piece_given, value, |reader, pair| match child(pair, Rule::record) {
            Some(record) => Some(reader.record_kind(&record)),
            None => child(pair, Rule::kind).map(|pair| reader.kind(&pair)),
        });
        read.flatten().unwrap_or(Type { kind: TypeKind::Broken, span: value.span })
    }

    pub fn piece_pattern(&mut self, value: Value<'_>) -> Option<Pattern> {
        self.code(Rule::piece_pattern, value, |reader, pair| reader.pattern(&child(pair, Rule::pattern)?))?
    }

    pub fn piece_row(&mut self, value: Value<'_>) -> HoursRow {
        let read = self.code(Rule::piece_row, value, |reader, pair| {
            let row = child(pair, Rule::hours_row)?.into_inner().next()?;
            if row.as_rule() == Rule::open {
                return Some(reader.open_row(&row));
            }
            let span = reader.span(&row);
            let dates = row.into_inner().filter(|inner| inner.as_rule() == Rule::dates);
            let dates = dates.filter_map(|dates| {
                let mut ends = dates.into_inner();
                let first = reader.date(&ends.next()?);
                Some((first, ends.next().map(|last| reader.date(&last))))
            });
            Some(HoursRow::Closed { dates: dates.collect(), span })
        });
        read.flatten().unwrap_or(HoursRow::Broken(value.span))
    }

    pub fn piece_name(&mut self, value: Value<'_>) -> Option<Name> {
        self.piece(Rule::piece_name, value, |reader, pair| child(pair, Rule::name).map(|pair| reader.name(&pair)))?
    }

    /// `contact.size`, `flow.again`: at least one name.
    pub fn piece_target(&mut self, value: Value<'_>) -> Option<Vec<Name>> {
        self.piece(Rule::piece_target, value, |reader, pair| {
            let target = child(pair, Rule::target)?;
            Some(target.into_inner().map(|part| reader.name(&part)).collect())
        })?
    }

    /// The name of a field, and whether it may be missing: `sent_on?`.
    pub fn piece_field(&mut self, value: Value<'_>) -> Option<(Name, bool)> {
        self.piece(Rule::piece_field, value, |reader, pair| {
            let name = reader.name(&child(pair, Rule::ident)?);
            Some((name, child(pair, Rule::field_open).is_some()))
        })?
    }

    pub fn piece_tag(&mut self, value: Value<'_>) -> Option<Spanned<String>> {
        self.piece(Rule::piece_tag, value, |reader, pair| {
            child(pair, Rule::tag).map(|pair| reader.spanned(&pair, pair.as_str().to_owned()))
        })?
    }

    pub fn piece_duration(&mut self, value: Value<'_>) -> Option<Spanned<i64>> {
        self.piece(Rule::piece_duration, value, |reader, pair| child(pair, Rule::duration).map(|pair| reader.duration(&pair)))?
    }

    pub fn piece_integer(&mut self, value: Value<'_>) -> Option<Spanned<u32>> {
        self.piece(Rule::piece_integer, value, |reader, pair| child(pair, Rule::integer).map(|pair| reader.integer(&pair)))?
    }

    pub fn piece_whole(&mut self, value: Value<'_>) -> Option<Spanned<i64>> {
        self.piece(Rule::piece_signed, value, |reader, pair| child(pair, Rule::signed).map(|pair| reader.whole(&pair)))?
    }

    /// `2026-11-22 10:00`
    pub fn piece_moment(&mut self, value: Value<'_>) -> Option<(Spanned<Date>, Spanned<Time>)> {
        self.piece(Rule::piece_moment, value, |reader, pair| {
            let date = reader.date(&child(pair, Rule::date)?);
            Some((date, reader.time(&child(pair, Rule::time)?)))
        })?
    }

    /// `09:00`, `open(support)`
    pub fn piece_until(&mut self, value: Value<'_>) -> Option<WaitFor> {
        self.piece(Rule::piece_until, value, |reader, pair| {
            if let Some(time) = child(pair, Rule::time) {
                return Some(WaitFor::Time(reader.time(&time)));
            }
            let hours = child(&child(pair, Rule::wait_open)?, Rule::name)?;
            Some(WaitFor::Open(reader.name(&hours)))
        })?
    }

    pub fn piece_regex(&mut self, value: Value<'_>) -> Option<Regex> {
        self.piece(Rule::piece_regex, value, |reader, pair| child(pair, Rule::regex).map(|pair| reader.regex(&pair)))?
    }

    /// `@name`
    pub fn piece_set(&mut self, value: Value<'_>) -> Option<Name> {
        let rest = value.text.trim().strip_prefix('@')?;
        if scan::word_at(rest) != rest || rest.is_empty() {
            return None;
        }
        self.piece(Rule::piece_set, value, |reader, pair| child(pair, Rule::set_name).map(|pair| reader.set_name(&pair)))?
    }

    /// A text that stands without quotes; `block` tells whether it was written over several lines.
    pub fn piece_text(&mut self, value: Value<'_>, block: bool) -> Template {
        let span = value.span;
        let empty = Template { pieces: Vec::new(), block, span };
        if nests_too_deep(value.text) {
            let help = format!("{NESTING_MAX} at most; keep parts of it with `set`");
            self.error(codes::TOO_DEEP, span, "brackets nest too deep in this text", help);
            return empty;
        }
        let pieces = self.piece(Rule::piece_text, value, |reader, pair| {
            let mut pieces = Vec::new();
            for part in pair.clone().into_inner() {
                match part.as_rule() {
                    Rule::bare_chars => literal(&mut pieces, part.as_str()),
                    Rule::bare_brace => literal(&mut pieces, part.as_str().get(..1).unwrap_or_default()),
                    Rule::hole => pieces.push(reader.hole(&part)),
                    Rule::odd_hole => {
                        reader.broken(&part, Place::Hole);
                        pieces.push(reader.broken_hole(&part));
                    }
                    Rule::odd_open => {
                        let help = "a hole ends with `}` on the same line; write `{{` for a brace that is to be printed";
                        reader.error(codes::UNCLOSED_TEXT, reader.span(&part), "this hole is not closed", help);
                    }
                    Rule::odd_close => {
                        reader.error(codes::ESCAPE, reader.span(&part), "this `}` closes no hole", "write `}}` to print a brace");
                    }
                    _ => {}
                }
            }
            pieces
        });
        Template { pieces: pieces.unwrap_or_default(), block, span }
    }

    /// A text without holes.
    pub fn piece_plain(&mut self, value: Value<'_>) -> Spanned<String> {
        let template = self.piece_text(value, false);
        let text = written(&self.without_holes(template));
        Spanned { value: text, span: value.span }
    }
}

/// Whether brackets inside holes nest deeper than the limit; quotes are not looked at, so the count is on the safe side.
fn nests_too_deep(text: &str) -> bool {
    let (mut depth, mut hole) = (0_usize, 0_usize);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // `{{` prints a brace.
            b'{' if hole == 0 && bytes.peek() == Some(&b'{') => {
                bytes.next();
            }
            b'{' => hole += 1,
            b'}' => {
                hole = hole.saturating_sub(1);
                if hole == 0 {
                    depth = 0;
                }
            }
            b'(' | b'[' if hole > 0 => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth + hole > 2 * NESTING_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_their_places_over_escapes() {
        // `a\u00e9b` in the file at 10: the value `aéb`.
        let mut places = Places::default();
        for (value, source) in [(0, 10), (1, 11), (3, 17)] {
            places.push(value, source);
        }
        places.close(18);
        let span = |start, end| places.span(FileId(0), start, end);
        assert_eq!((span(0, 1).start, span(0, 1).end), (10, 11));
        assert_eq!((span(3, 4).start, span(3, 4).end), (17, 18));
        assert_eq!((span(4, 4).start, span(9, 9).start), (18, 18));
    }
}
