//! Single values: each is handed to the grammar as it was written.

use saphyr_parser::ScalarStyle;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::read::Value;
use crate::syntax::tree::{Expr, ExprKind, Given, Name, Phrase, Spanned, Template, Type, TypeKind};

use super::super::nodes::{Kind, Node};
use super::super::trouble::put_in_quotes;
use super::{Yaml, listed};

impl Yaml<'_> {
    /// A single value; anything else is reported.
    pub(super) fn value<'n>(&mut self, node: &'n Node, what: &str) -> Option<Value<'n>> {
        if node.is_empty() || node.scalar().is_none() {
            self.shape_error(node, &format!("{what} is expected here"), "write it behind the key, on the same line");
            return None;
        }
        node.value(self.file)
    }

    /// A single value that is a text: what YAML made of it may not be what was meant.
    pub(super) fn text_value<'n>(&mut self, node: &'n Node) -> Option<Value<'n>> {
        if let Kind::Map { flow: true, .. } | Kind::List(_) = &node.kind {
            let source = self.text.get(node.start..node.end).unwrap_or_default();
            if source.starts_with(['{', '[']) {
                let what = if source.starts_with('{') { "a map" } else { "a list" };
                let message = format!("YAML reads this as {what}, not as a text");
                self.error(codes::YAML_READ_AS, self.head(node), message, put_in_quotes(source));
                return None;
            }
        }
        let value = self.value(node, "a text")?;
        self.cut_by_comment(node);
        Some(value)
    }

    /// `x # y` without quotes: the rest is a comment.
    fn cut_by_comment(&mut self, node: &Node) {
        if node.scalar().is_none_or(|scalar| scalar.style != ScalarStyle::Plain) {
            return;
        }
        let rest = self.text.get(node.end..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let after = line.trim_start_matches([' ', '\t']);
        if after.len() == line.len() || !after.starts_with('#') {
            return;
        }
        let start = node.end + line.len() - after.len();
        let span = Span { file: self.file, start: start as u32, end: (start + after.trim_end().len()) as u32 };
        let message = "YAML reads this as a comment, not as a part of the text";
        let help = "put the text in quotes, with the `#` inside of them or behind them";
        self.reader.report(Diagnostic::warning(codes::YAML_READ_AS, span, message).help(help));
    }

    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        let value = self.text_value(node)?;
        let block = node.scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Literal);
        Some(self.reader.piece_text(value, block))
    }

    /// A text without holes, its form kept.
    pub(super) fn fixed(&mut self, node: &Node) -> Option<Template> {
        let template = self.template(node)?;
        Some(self.reader.without_holes(template))
    }

    pub(super) fn plain(&mut self, node: &Node) -> Option<Spanned<String>> {
        let value = self.text_value(node)?;
        Some(self.reader.piece_plain(value))
    }

    pub(super) fn plains(&mut self, node: &Node) -> Vec<Spanned<String>> {
        self.one_or_list(node).iter().filter_map(|node| self.plain(node)).collect()
    }

    pub(super) fn name(&mut self, node: &Node) -> Option<Name> {
        let value = self.value(node, "a name")?;
        self.reader.piece_name(value)
    }

    pub(super) fn names(&mut self, node: &Node) -> Vec<Name> {
        self.one_or_list(node).iter().filter_map(|node| self.name(node)).collect()
    }

    pub(super) fn target(&mut self, node: &Node) -> Option<Vec<Name>> {
        let value = self.value(node, "a name")?;
        self.reader.piece_target(value)
    }

    /// Exactly two names: `shop.lead_score`.
    pub(super) fn function(&mut self, node: &Node) -> Option<(Name, Name)> {
        let names = self.target(node)?;
        let Ok([script, function]) = <[Name; 2]>::try_from(names) else {
            let span = node.span(self.file);
            self.error(codes::EXPECTED, span, "a script and its function are expected here", "such as `shop.lead_score`");
            return None;
        };
        Some((script, function))
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Spanned<i64>> {
        let value = self.value(node, "a duration")?;
        self.reader.piece_duration(value)
    }

    pub(super) fn count(&mut self, node: &Node) -> Option<Spanned<u32>> {
        let value = self.value(node, "a whole number")?;
        self.reader.piece_integer(value)
    }

    pub(super) fn counts(&mut self, node: &Node) -> Vec<Spanned<u32>> {
        self.one_or_list(node).iter().filter_map(|node| self.count(node)).collect()
    }

    pub(super) fn number(&mut self, node: &Node) -> Option<Spanned<i64>> {
        let value = self.value(node, "a whole number")?;
        self.reader.piece_whole(value)
    }

    pub(super) fn flag(&mut self, node: &Node) -> bool {
        self.word(node, &["true", "false"]).is_some_and(|word| word.text == "true")
    }

    /// One of some words.
    pub(super) fn word(&mut self, node: &Node, words: &[&str]) -> Option<Name> {
        let value = self.value(node, "a word")?;
        let text = value.text.trim();
        if words.contains(&text) {
            return Some(Name { text: text.to_owned(), span: value.span });
        }
        let near = match text.to_lowercase().as_str() {
            "yes" | "on" | "y" if words.contains(&"true") => Some("true"),
            "no" | "off" | "n" if words.contains(&"false") => Some("false"),
            _ => crate::syntax::explain::nearest(text, words),
        };
        let help = near.map_or_else(|| format!("here may stand {}", listed(words)), |near| format!("did you mean `{near}`?"));
        self.error(codes::EXPECTED, value.span, format!("`{text}` is not known here"), help);
        None
    }

    pub(super) fn expression(&mut self, node: &Node) -> Expr {
        match self.value(node, "a value") {
            Some(value) => self.reader.piece_value(value),
            None => Expr { kind: ExprKind::Broken, span: node.span(self.file) },
        }
    }

    pub(super) fn expressions(&mut self, node: &Node) -> Vec<Expr> {
        self.one_or_list(node).iter().map(|node| self.expression(node)).collect()
    }

    /// An expression, or a map of names to them; lists and maps go on inside.
    pub(super) fn values(&mut self, node: &Node) -> Expr {
        let span = node.span(self.file);
        self.deeper(node, |yaml| yaml.values_inside(node, span)).unwrap_or(Expr { kind: ExprKind::Broken, span })
    }

    fn values_inside(&mut self, node: &Node, span: crate::source::Span) -> Expr {
        let kind = match &node.kind {
            Kind::Map { .. } => {
                let entries = self.own(node, "this", "such as `name: value`");
                ExprKind::Map(entries.into_iter().map(|(key, value)| (self.own_name(key), self.values(value))).collect())
            }
            Kind::List(nodes) => ExprKind::List(nodes.iter().map(|node| self.values(node)).collect()),
            _ => return self.expression(node),
        };
        Expr { kind, span }
    }

    /// A key of the author's own.
    fn own_name(&self, key: &Node) -> Name {
        use unicode_normalization::UnicodeNormalization as _;
        let text = key.scalar().map(|key| key.text.as_str()).unwrap_or_default();
        let plain = crate::syntax::scan::word_at(text) == text;
        Name { text: if plain { text.nfc().collect() } else { text.to_owned() }, span: key.span(self.file) }
    }

    pub(super) fn kind(&mut self, node: &Node) -> Type {
        match self.value(node, "a type") {
            Some(value) => self.reader.piece_kind(value),
            None => Type { kind: TypeKind::Broken, span: node.span(self.file) },
        }
    }

    /// The fields of what a fetch gives.
    pub(super) fn record(&mut self, node: &Node) -> Vec<Given> {
        self.deeper(node, |yaml| yaml.record_inside(node)).unwrap_or_default()
    }

    fn record_inside(&mut self, node: &Node) -> Vec<Given> {
        let mut fields = Vec::new();
        if let Some(value) = node.value(self.file).filter(|value| value.text.trim_start().starts_with('{')) {
            return match self.reader.piece_given(value).kind {
                TypeKind::Record(fields) => fields,
                _ => fields,
            };
        }
        for (key, value) in self.own(node, "what is given", "such as `state: text(20)`") {
            let Some((name, optional)) = key.value(self.file).and_then(|key| self.reader.piece_field(key)) else { continue };
            let kind = match &value.kind {
                Kind::Map { .. } => {
                    Type { kind: TypeKind::Record(self.record(value)), span: super::behind(self.file, key, value) }
                }
                _ => match self.value(value, "a type") {
                    Some(value) => self.reader.piece_given(value),
                    None => Type { kind: TypeKind::Broken, span: value.span(self.file) },
                },
            };
            fields.push(Given { name, optional, kind, span: key.span(self.file).to(value.span(self.file)) });
        }
        fields
    }

    /// `@returns`, `"return"`, or `{ text: "@return" }` where a text begins with `@`.
    pub(super) fn phrase(&mut self, node: &Node) -> Option<Phrase> {
        if let Kind::Map { entries, .. } = &node.kind
            && let [(key, value)] = entries.as_slice()
            && key.scalar().is_some_and(|key| key.text == "text")
        {
            return self.plain(value).map(Phrase::Text);
        }
        let value = self.text_value(node)?;
        if let Some(set) = self.reader.piece_set(value) {
            return Some(Phrase::Set(set));
        }
        Some(Phrase::Text(self.reader.piece_plain(value)))
    }

    pub(super) fn phrases(&mut self, node: &Node) -> Vec<Phrase> {
        if matches!(&node.kind, Kind::List(nodes) if nodes.is_empty()) {
            let help = "write at least one, such as `[\"order\"]`";
            self.error(codes::YAML_MISSING, node.span(self.file), "a list of phrases with nothing in it", help);
        }
        self.one_or_list(node).iter().filter_map(|node| self.phrase(node)).collect()
    }
}
