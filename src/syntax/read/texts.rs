//! Quoted texts with their holes, and where texts may stand.

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::explain::Place;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Expr, ExprKind, Filter, Phrase, Piece, Spanned, Template, Text};

use super::Reader;

impl Reader<'_> {
    /// `text`, `lead_text`, `one_text`, `label_text` or one of what they hold.
    pub(super) fn text(&mut self, pair: &Pair<'_>) -> Text {
        match pair.as_rule() {
            Rule::template => Text::Template(self.template(pair)),
            Rule::one_of => {
                let texts = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::one_text);
                Text::OneOf(texts.map(|inner| self.text(&inner)).collect(), self.span(pair))
            }
            Rule::languages => {
                let lines = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::in_language);
                Text::PerLanguage(lines.map(|line| self.in_language(&line)).collect(), self.span(pair))
            }
            Rule::named_text => {
                let name = pair.clone().into_inner().next();
                Text::Named(name.map_or_else(|| self.name(pair), |name| self.name(&name)))
            }
            _ => match pair.clone().into_inner().next() {
                Some(inner) => self.text(&inner),
                None => Text::Template(Template { pieces: Vec::new(), block: false, span: self.span(pair) }),
            },
        }
    }

    /// `ar "…"`
    pub(super) fn in_language(&mut self, pair: &Pair<'_>) -> (Spanned<String>, Text) {
        let mut inner = pair.clone().into_inner();
        let tag =
            inner.next().map_or_else(|| self.spanned(pair, String::new()), |tag| self.spanned(&tag, tag.as_str().to_owned()));
        let text = inner.next();
        (tag, self.text(text.as_ref().unwrap_or(pair)))
    }

    pub(super) fn phrases(&mut self, pair: &Pair<'_>) -> Vec<Phrase> {
        let mut phrases = Vec::new();
        for phrase in pair.clone().into_inner() {
            let Some(inner) = phrase.into_inner().next() else { continue };
            phrases.push(match inner.as_rule() {
                Rule::set_name => Phrase::Set(self.set_name(&inner)),
                _ => Phrase::Text(self.plain(&inner)),
            });
        }
        phrases
    }

    /// A text without holes.
    pub(super) fn plain(&mut self, pair: &Pair<'_>) -> Spanned<String> {
        let template = self.fixed(pair);
        Spanned { value: written(&template), span: template.span }
    }

    /// A text without holes, its form kept.
    pub(super) fn fixed(&mut self, pair: &Pair<'_>) -> Template {
        let template = self.template(pair);
        self.without_holes(template)
    }

    /// Reports the holes and takes them out.
    pub fn without_holes(&mut self, mut template: Template) -> Template {
        for piece in std::mem::take(&mut template.pieces) {
            match piece {
                Piece::Literal(text) => literal(&mut template.pieces, &text),
                Piece::Hole { span, .. } => {
                    let help = "write the text out; `{{` prints a brace";
                    self.error(codes::NO_HOLES, span, "a hole cannot stand in this text", help);
                }
            }
        }
        template
    }

    pub(super) fn template(&mut self, pair: &Pair<'_>) -> Template {
        let span = self.span(pair);
        let Some(inner) = pair.clone().into_inner().next() else {
            return Template { pieces: Vec::new(), block: false, span };
        };
        let block = inner.as_rule() == Rule::block_text;
        let raw = inner.as_str();
        let indent = if block { common_indent(raw) } else { 0 };
        if block && !raw.get(3..).unwrap_or_default().trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
            let help = "put a line end after the opening `\"\"\"`";
            self.error(codes::BLOCK_TEXT, span, "a text in `\"\"\"` begins on the next line", help);
        }
        let mut pieces = Vec::new();
        for part in inner.into_inner() {
            match part.as_rule() {
                Rule::line_chars => literal(&mut pieces, part.as_str()),
                Rule::block_chars => literal(&mut pieces, &without_indent(part.as_str(), indent)),
                Rule::escape => literal(&mut pieces, &self.escape(&part)),
                Rule::odd_escape => {
                    let message = format!("`{}` is not known in a text", part.as_str());
                    let help = "known are `\\n`, `\\t`, `\\\"`, `\\\\` and `\\u{…}`; write `\\\\` for a backslash";
                    self.error(codes::ESCAPE, self.span(&part), message, help);
                }
                Rule::odd_close => {
                    self.error(codes::ESCAPE, self.span(&part), "this `}` closes no hole", "write `}}` to print a brace");
                }
                Rule::hole => pieces.push(self.hole(&part)),
                _ => {
                    self.broken(&part, Place::Hole);
                    pieces.push(self.broken_hole(&part));
                }
            }
        }
        if block {
            trim_block(&mut pieces);
        }
        Template { pieces, block, span }
    }

    pub(super) fn broken_hole(&self, pair: &Pair<'_>) -> Piece {
        let span = self.span(pair);
        Piece::Hole { value: broken_value(span), filters: Vec::new(), span }
    }

    fn escape(&mut self, pair: &Pair<'_>) -> String {
        match pair.as_str() {
            "\\n" => "\n".to_owned(),
            "\\t" => "\t".to_owned(),
            "\\\"" => "\"".to_owned(),
            "\\\\" => "\\".to_owned(),
            "{{" => "{".to_owned(),
            "}}" => "}".to_owned(),
            other => {
                let code = other.trim_start_matches("\\u{").trim_end_matches('}');
                let found = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                if found.is_none() {
                    let message = format!("`{other}` names no character");
                    self.error(codes::ESCAPE, self.span(pair), message, "such as `\\u{1F44D}`");
                }
                found.map(String::from).unwrap_or_default()
            }
        }
    }

    pub(super) fn hole(&mut self, pair: &Pair<'_>) -> Piece {
        let span = self.span(pair);
        let mut value = broken_value(span);
        let mut filters = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::value => value = self.value(&inner),
                Rule::filter => filters.extend(self.filter(&inner)),
                _ => {}
            }
        }
        Piece::Hole { value, filters, span }
    }

    fn filter(&mut self, pair: &Pair<'_>) -> Option<Filter> {
        let mut inner = pair.clone().into_inner();
        let first = inner.next()?;
        let name = self.name(&first);
        let mut arguments = Vec::new();
        let mut category = None;
        let mut minus = None;
        for argument in inner {
            match argument.as_rule() {
                Rule::ident => category = Some(self.name(&argument)),
                Rule::minus => minus = Some(self.span(&argument)),
                Rule::template => {
                    let template = self.template(&argument);
                    let span = template.span;
                    arguments.push((category.take(), Expr { kind: ExprKind::Text(template), span }));
                }
                _ => {
                    let mut value = self.operand(&argument);
                    if let Some(minus) = minus.take() {
                        let span = minus.to(value.span);
                        value = Expr { kind: ExprKind::Negative(Box::new(value)), span };
                    }
                    arguments.push((None, value));
                }
            }
        }
        Some(Filter { name, arguments })
    }
}

/// What stands in a text without holes.
pub(super) fn written(template: &Template) -> String {
    let literals = template.pieces.iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text.as_str()),
        Piece::Hole { .. } => None,
    });
    literals.collect()
}

fn broken_value(span: Span) -> Expr {
    Expr { kind: ExprKind::Broken, span }
}

pub(super) fn literal(pieces: &mut Vec<Piece>, text: &str) {
    if let Some(Piece::Literal(before)) = pieces.last_mut() {
        before.push_str(text);
    } else if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
}

/// The indent of the least indented line of a `"""` text, its closing line included when it holds nothing else.
fn common_indent(raw: &str) -> usize {
    let inside = raw.strip_suffix("\"\"\"").unwrap_or(raw);
    let count = inside.split('\n').count();
    let lines = inside.split('\n').enumerate().skip(1);
    let counted = lines.filter(|(at, line)| *at + 1 == count || !line.trim().is_empty());
    counted.map(|(_, line)| line.bytes().take_while(|b| *b == b' ' || *b == b'\t').count()).min().unwrap_or(0)
}

fn without_indent(raw: &str, indent: usize) -> String {
    let mut out = String::new();
    for (at, line) in raw.split('\n').enumerate() {
        if at == 0 {
            out.push_str(line.trim_end_matches('\r'));
            continue;
        }
        out.push('\n');
        let blanks = line.bytes().take_while(|b| *b == b' ' || *b == b'\t').count();
        out.push_str(line.get(blanks.min(indent)..).unwrap_or_default().trim_end_matches('\r'));
    }
    out
}

/// Takes away the line end after the opening quotes and the line of the closing ones.
fn trim_block(pieces: &mut Vec<Piece>) {
    if let Some(Piece::Literal(text)) = pieces.first_mut()
        && let Some((before, after)) = text.split_once('\n')
        && before.trim().is_empty()
    {
        *text = after.to_owned();
    }
    if let Some(Piece::Literal(text)) = pieces.last_mut() {
        match text.rsplit_once('\n') {
            Some((before, last)) if last.trim().is_empty() => *text = before.to_owned(),
            None if text.trim().is_empty() => text.clear(),
            _ => {}
        }
    }
    pieces.retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
}
