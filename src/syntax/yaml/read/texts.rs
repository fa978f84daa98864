//! Where a text may stand: one text, one per language, `one_of`, or a named one.

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::tree::Text;

use super::super::nodes::{Kind, Node};
use super::{Fields, Form, Yaml, behind};

/// What a text stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Nothing,
    OneOf,
    Language,
    /// On a label no text can be drawn.
    Label,
}

impl Yaml<'_> {
    /// The text of a key.
    pub(super) fn text_of(&mut self, fields: &Fields<'_>, name: &str) -> Option<Text> {
        let node = fields.get(name, Form::Text)?;
        self.text(node, fields.inside(name), Within::Nothing)
    }

    /// `region` is where comments belong to it.
    pub(super) fn text(&mut self, node: &Node, region: Span, within: Within) -> Option<Text> {
        self.deeper(node, |yaml| yaml.text_inside(node, region, within))?
    }

    fn text_inside(&mut self, node: &Node, region: Span, within: Within) -> Option<Text> {
        let Kind::Map { entries, flow } = &node.kind else {
            if matches!(node.kind, Kind::List(_)) && self.text.get(node.start..).is_some_and(|rest| !rest.starts_with('[')) {
                let help = "one of several is written `one_of: [\"a\", \"b\"]`";
                self.shape_error(node, "a list is no text", help);
                return None;
            }
            return self.template(node).map(Text::Template);
        };
        let word = |node: &Node| node.scalar().map(|scalar| scalar.text.clone()).unwrap_or_default();
        if let [(key, value)] = entries.as_slice() {
            match word(key).as_str() {
                "texts" => return self.name(value).map(Text::Named),
                "one_of" if matches!(within, Within::OneOf | Within::Label) => {
                    let what = if within == Within::Label { "a label is one text" } else { "`one_of` cannot stand in `one_of`" };
                    self.error(codes::YAML_SHAPE, key.span(self.file), what, "keep one of the texts here");
                    return None;
                }
                "one_of" => {
                    let texts = self.list(value, "`one_of`").iter();
                    let texts = texts.filter_map(|node| self.text(node, node.span(self.file), Within::OneOf)).collect::<Vec<_>>();
                    if texts.is_empty() {
                        self.error(codes::MISSING_TEXT, key.span(self.file), "`one_of` without a text", "add a text to it");
                        return None;
                    }
                    return Some(Text::OneOf(texts, region));
                }
                _ => {}
            }
        }
        if *flow && entries.iter().any(|(_, value)| value.is_empty()) {
            self.text_value(node);
            return None;
        }
        if within == Within::Language {
            self.error(
                codes::YAML_SHAPE,
                self.head(node),
                "a language inside a language",
                "write the text of the outer one here",
            );
            return None;
        }
        let mut lines = Vec::new();
        for (key, value) in self.own(node, "a text per language", "such as `en: \"Hello\"`") {
            let Some(text) = key.value(self.file) else { continue };
            if matches!(text.text, "one_of" | "texts") {
                let message = format!("`{}` stands alone in its map", text.text);
                self.error(codes::YAML_SHAPE, text.span, message, "write it below each language instead");
                continue;
            }
            let Some(tag) = self.reader.piece_tag(text) else { continue };
            if let Some(text) = self.text(value, behind(self.file, key, value), inner(within)) {
                lines.push((tag, text));
            }
        }
        if lines.is_empty() && entries.is_empty() {
            self.error(codes::MISSING_TEXT, node.span(self.file), "a text with no language in it", "such as `en: \"Hello\"`");
        }
        (!lines.is_empty()).then_some(Text::PerLanguage(lines, region))
    }

    pub(super) fn texts(&mut self, node: &Node, region: Span) -> Vec<Text> {
        match &node.kind {
            Kind::List(nodes) => nodes.iter().filter_map(|node| self.text(node, node.span(self.file), Within::Nothing)).collect(),
            _ => self.text(node, region, Within::Nothing).into_iter().collect(),
        }
    }
}

const fn inner(within: Within) -> Within {
    match within {
        Within::Label => Within::Label,
        _ => Within::Language,
    }
}
