//! Flows and their triggers.

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::tree::{Anytime, FlowItem, Item, On, Parameter, Trigger};

use super::super::nodes::{Kind, Node};
use super::super::table::{KINDS, Shape, TEXT_FORM, TRIGGERS};
use super::{Fields, Form, Yaml, listed};

impl Yaml<'_> {
    pub(super) fn flow(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.name(fields.get("flow", Form::Name)?);
        let mut parameters = Vec::new();
        if let Some(node) = fields.get("parameters", Form::Types) {
            for (key, node) in self.own(node, "`parameters`", "such as `city: text(80)`") {
                let name = key.value(self.file).and_then(|value| self.reader.piece_name(value));
                let kind = self.kind(node);
                let span = key.span(self.file).to(node.span(self.file));
                parameters.extend(name.map(|name| Parameter { name, kind, span }));
            }
        }
        let title = fields.get("title", Form::Plain).and_then(|node| self.plain(node));
        let result = fields.get("result", Form::Type).map(|node| self.kind(node));
        let renamed_from = fields.get("renamed_from", Form::Plain).and_then(|node| self.plain(node));
        let triggers = fields.get("triggers", Form::Triggers).map(|node| self.list(node, "`triggers`")).unwrap_or_default();
        let triggers = triggers.iter().map(|node| self.trigger(node)).collect();
        let steps = self.block_of(fields, "steps").map(|block| block.steps).unwrap_or_default();
        Some(Item::Flow(FlowItem { name: name?, parameters, title, result, renamed_from, triggers, steps, span: fields.span }))
    }

    fn trigger(&mut self, node: &Node) -> Trigger {
        let span = node.span(self.file);
        let broken = |span: Span| Trigger { on: On::Broken, when: None, anytime: None, once_per_ms: None, priority: None, span };
        let Kind::Map { entries, .. } = &node.kind else {
            let on = self.bare_kind(node).unwrap_or(On::Broken);
            return Trigger { on, ..broken(span) };
        };
        let Some(shape) = self.named(entries, TRIGGERS, node, "a trigger") else { return broken(span) };
        let Some(fields) = self.fields(node, shape) else { return broken(span) };
        let on = self.event(shape, &fields).unwrap_or(On::Broken);
        let when = fields.get("when", Form::Expression).map(|node| self.expression(node));
        let words = &["true", "false", "resume"];
        let anytime = fields.get("anytime", Form::Word(words)).and_then(|node| self.word(node, words));
        let anytime = anytime.and_then(|word| match word.text.as_str() {
            "true" => Some(Anytime::Replace),
            "resume" => Some(Anytime::Resume),
            _ => None,
        });
        let once_per_ms = fields.get("once_per", Form::Duration).and_then(|node| self.duration(node));
        let priority = fields.get("priority", Form::Number).and_then(|node| self.number(node));
        Trigger { on, when, anytime, once_per_ms, priority, span }
    }

    fn bare_kind(&mut self, node: &Node) -> Option<On> {
        if let Some(word) = node.scalar().map(|scalar| scalar.text.trim().to_owned())
            && !KINDS.contains(&word.as_str())
            && let Some(shape) = TRIGGERS.iter().find(|shape| shape.first() == word)
        {
            let message = format!("`{word}` alone is no trigger");
            let help = format!("write `- {word}: …`, {}", shape.keys.first().map_or("", |key| key.about));
            self.error(codes::YAML_ITEM, node.span(self.file), message, help);
            return None;
        }
        let word = self.word(node, KINDS)?;
        kind(&word.text)
    }

    fn event(&mut self, shape: &'static Shape, fields: &Fields<'_>) -> Option<On> {
        let forms = shape.keys.first()?.form;
        let node = fields.get(shape.first(), forms)?;
        Some(match shape.first() {
            "message" => self.text_form(node)?,
            "kind" => kind(&self.word(node, KINDS)?.text)?,
            "button" => On::Button(self.name(node)?),
            "reaction" => On::Reaction(Some(self.plain(node)?)),
            "comment" => On::Comment(Some(Box::new(self.text_form(node)?))),
            "ad" => On::Ad(Some(self.plain(node)?)),
            "link" => On::Link(Some(self.plain(node)?)),
            "return_after" => On::Return(self.duration(node)?),
            "window_closing_in" => On::WindowClosing(self.duration(node)?),
            "replies_left" => On::RepliesLeft(self.count(node)?),
            _ => return None,
        })
    }

    /// What the text of a message or comment is compared with.
    fn text_form(&mut self, node: &Node) -> Option<On> {
        if !matches!(node.kind, Kind::Map { .. }) {
            return Some(On::Words(self.phrases(node)));
        }
        let fields = self.fields(node, &TEXT_FORM)?;
        let [(key, _, value)] = fields.entries.as_slice() else {
            let names: Vec<&str> = TEXT_FORM.keys.iter().map(|key| key.name).collect();
            let help = format!("it has exactly one of {}", listed(&names));
            self.error(codes::YAML_SHAPE, self.head(node), "a message is compared in one way", help);
            return None;
        };
        Some(match key.name {
            "exactly" => On::Exactly(self.phrases(value)),
            "starting" => On::Starting(self.phrases(value)),
            "like" => On::Like(self.phrases(value)),
            _ => {
                let value = self.value(value, "a pattern")?;
                On::Matching(self.reader.piece_regex(value)?)
            }
        })
    }
}

fn kind(word: &str) -> Option<On> {
    Some(match word {
        "any_text" => On::AnyText,
        "image" => On::Image,
        "post" => On::Post,
        "video" => On::Video,
        "sticker" => On::Sticker,
        "emoji" => On::Emoji,
        "reaction" => On::Reaction(None),
        "unsupported" => On::Unsupported,
        "comment" => On::Comment(None),
        "ad" => On::Ad(None),
        "link" => On::Link(None),
        "first_message" => On::FirstMessage,
        "fault" => On::Fault,
        "fallback" => On::Fallback,
        _ => return None,
    })
}
