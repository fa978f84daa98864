//! Texts, phrases, lists that may be broken over lines.

use crate::source::Span;
use crate::syntax::tree::{Phrase, Piece, Spanned, Template, Text};

use super::{Printer, WIDTH_MAX};

impl Printer<'_> {
    /// A text behind the words of its step; languages get lines of their own.
    pub(super) fn text(&mut self, text: &Text) {
        match text {
            Text::PerLanguage(lines, span) => {
                let (lines, span) = (lines.as_slice(), *span);
                let start = span.start;
                // `{` belongs to the word before it.
                if self.out.ends_with(' ') {
                    self.out.pop();
                }
                self.braces(span, start, lines, line_span, |printer, line| printer.in_language(line));
            }
            _ => self.inline(text),
        }
    }

    pub(super) fn in_language(&mut self, (tag, text): &(Spanned<String>, Text)) {
        self.put(&tag.value);
        self.put(" ");
        self.inline(text);
    }

    /// A text on the line that is written.
    pub(super) fn inline(&mut self, text: &Text) {
        match text {
            Text::Template(template) => self.template(template),
            Text::Named(name) => {
                self.put("texts.");
                self.put(&name.text);
            }
            Text::PerLanguage(lines, _) => {
                self.put("{ ");
                for line in lines {
                    self.in_language(line);
                    self.put(" ");
                }
                self.put("}");
            }
            Text::OneOf(texts, _) => {
                let parts: Vec<String> = texts.iter().map(|text| self.aside(|printer| printer.inline(text))).collect();
                self.put("one of ");
                let short = self.column() + parts.iter().map(|part| part.chars().count() + 3).sum::<usize>() <= WIDTH_MAX + 3;
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 && short {
                        self.put(" | ");
                    } else if at > 0 {
                        self.break_line();
                        self.put("| ");
                    }
                    self.put(part);
                }
            }
        }
    }

    /// What would be written here, without writing it.
    pub(super) fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let length = self.out.len();
        write(self);
        self.out.split_off(length)
    }

    /// Goes on with the same statement on the next line.
    pub(super) fn break_line(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.put("\n");
        self.indent += 1;
        self.put_indent();
        self.indent -= 1;
    }

    /// A blank, or the next line where so many characters more do not fit on this one.
    pub(super) fn go_on(&mut self, more: usize) {
        if self.column() + more > WIDTH_MAX {
            self.break_line();
        } else {
            self.put(" ");
        }
    }

    /// `a, b, c`, over as many lines as it takes.
    pub(super) fn listed(&mut self, parts: &[String]) {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.put(",");
                if self.column() + part.chars().count() + 2 > WIDTH_MAX {
                    self.break_line();
                } else {
                    self.put(" ");
                }
            }
            self.put(part);
        }
    }

    pub(super) fn phrases(&mut self, phrases: &[Phrase]) {
        let parts: Vec<String> = phrases
            .iter()
            .map(|phrase| match phrase {
                Phrase::Text(text) => quoted(&text.value),
                Phrase::Set(name) => format!("@{}", name.text),
            })
            .collect();
        self.listed(&parts);
    }

    pub(super) fn template(&mut self, template: &Template) {
        if template.block {
            self.block_template(template);
            return;
        }
        self.put("\"");
        for piece in &template.pieces {
            match piece {
                Piece::Literal(text) => {
                    let escaped = escaped(text);
                    self.put(&escaped);
                }
                Piece::Hole { .. } => self.hole(piece),
            }
        }
        self.put("\"");
    }

    pub(super) fn hole(&mut self, piece: &Piece) {
        let Piece::Hole { value, filters, .. } = piece else { return };
        let inside = self.aside(|printer| {
            printer.value(value);
            for filter in filters {
                printer.put(" | ");
                printer.filter(filter);
            }
        });
        // `{{` would print a brace.
        let (open, close) = if inside.starts_with('{') { ("{ ", " }") } else { ("{", "}") };
        self.put(open);
        self.put(&inside);
        self.put(close);
    }

    fn block_template(&mut self, template: &Template) {
        self.put("\"\"\"");
        let mut inside = String::new();
        for (at, piece) in template.pieces.iter().enumerate() {
            match piece {
                Piece::Literal(text) => inside.push_str(&escaped_block(text, at + 1 == template.pieces.len())),
                Piece::Hole { .. } => inside.push_str(&self.aside(|printer| printer.hole(piece))),
            }
        }
        if !template.pieces.is_empty() {
            for line in inside.split('\n') {
                if line.is_empty() {
                    self.put("\n");
                } else {
                    self.break_line_exactly();
                    self.put(line);
                }
            }
        }
        self.break_line_exactly();
        self.put("\"\"\"");
    }

    fn break_line_exactly(&mut self) {
        self.put("\n");
        self.indent += 1;
        self.put_indent();
        self.indent -= 1;
    }
}

fn line_span((tag, text): &(Spanned<String>, Text)) -> Span {
    tag.span.to(text_span(text))
}

pub const fn text_span(text: &Text) -> Span {
    match text {
        Text::Template(template) => template.span,
        Text::OneOf(_, span) | Text::PerLanguage(_, span) => *span,
        Text::Named(name) => name.span,
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            _ => push_escaped(&mut out, c),
        }
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '{' => out.push_str("{{"),
        '}' => out.push_str("}}"),
        _ if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        _ => out.push(c),
    }
}

fn escaped_block(text: &str, last: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let ends_line = next == Some('\n') || (next.is_none() && last);
        match c {
            '\n' => out.push('\n'),
            '"' if next == Some('"') || next.is_none() => out.push_str("\\\""),
            ' ' if ends_line => out.push_str("\\u{20}"),
            '\t' => out.push_str("\\t"),
            _ => push_escaped(&mut out, c),
        }
    }
    out
}
