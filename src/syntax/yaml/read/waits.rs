//! `ask`, `choose`, and the clauses of a wait.

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::tree::{Ask, Block, Choice, Choose, StepKind, Text, WaitClause, WaitClauseKind};

use super::super::nodes::Node;
use super::super::table::{NUDGE, OPTION};
use super::texts::Within;
use super::{Fields, Form, Yaml};

impl Yaml<'_> {
    /// Clauses in the order of their places.
    pub(super) fn clauses(&mut self, fields: &Fields<'_>) -> Vec<WaitClause> {
        let mut clauses = Vec::new();
        if let Some(text) = self.text_of(fields, "invalid") {
            clauses.push(WaitClause { kind: WaitClauseKind::Invalid(text), span: fields.whole("invalid") });
        }
        if let Some((span, block)) = self.pair(fields, "tries", Form::Count, "tries_else")
            && let Some(count) = fields.get("tries", Form::Count).and_then(|node| self.count(node))
        {
            clauses.push(WaitClause { kind: WaitClauseKind::Tries(count, block), span });
        }
        if let Some((span, block)) = self.pair(fields, "within", Form::Duration, "silence")
            && let Some(time) = fields.get("within", Form::Duration).and_then(|node| self.duration(node))
        {
            clauses.push(WaitClause { kind: WaitClauseKind::Within(time, block), span });
        }
        for node in fields.get("nudges", Form::Shapes(&NUDGE)).map(|node| self.list(node, "`nudges`")).unwrap_or_default() {
            clauses.extend(self.nudge(node));
        }
        clauses.sort_by_key(|clause| clause.span.start);
        clauses
    }

    /// A clause of two keys: what it is, and the steps that belong to it.
    fn pair(&mut self, fields: &Fields<'_>, name: &str, form: Form, steps: &str) -> Option<(Span, Option<Block>)> {
        let block = self.block_of(fields, steps);
        if fields.get(name, form).is_none() {
            if block.is_some() {
                let message = format!("`{steps}` without `{name}`");
                self.error(codes::YAML_MISSING, fields.whole(steps), message, format!("add `{name}:` before it"));
            }
            return None;
        }
        let mut span = fields.whole(name);
        if block.is_some() {
            span = span.to(fields.whole(steps));
        }
        Some((span, block))
    }

    fn nudge(&mut self, node: &Node) -> Option<WaitClause> {
        let fields = self.fields(node, &NUDGE)?;
        let after = fields.get("after", Form::Duration).and_then(|node| self.duration(node));
        let text = self.text_of(&fields, "say");
        Some(WaitClause { kind: WaitClauseKind::Nudge(after?, text?), span: node.span(self.file) })
    }

    pub(super) fn ask(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let target = self.target(fields.get("ask", Form::Target)?);
        let kind = fields.get("type", Form::Type).map(|node| self.kind(node));
        let text = self.text_of(fields, "prompt");
        let clauses = self.clauses(fields);
        Some(StepKind::Ask(Ask { target: target?, kind, text: text?, clauses }))
    }

    pub(super) fn choose(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let text = self.text_of(fields, "choose");
        let as_text = fields.get("as_text", Form::Flag).is_some_and(|node| self.flag(node));
        let options = fields.get("options", Form::Shapes(&OPTION)).map(|node| self.list(node, "`options`")).unwrap_or_default();
        let options = options.iter().filter_map(|node| self.option(node)).collect();
        let other = self.block_of(fields, "other");
        let clauses = self.clauses(fields);
        Some(StepKind::Choose(Choose { text: text?, as_text, options, other, clauses }))
    }

    fn option(&mut self, node: &Node) -> Option<Choice> {
        let fields = self.fields(node, &OPTION)?;
        let label: Option<Text> =
            fields.get("label", Form::Text).and_then(|node| self.text(node, fields.inside("label"), Within::Label));
        let named = fields.get("named", Form::Name).and_then(|node| self.name(node));
        let also = fields.get("also", Form::Phrases).map(|node| self.phrases(node)).unwrap_or_default();
        let block = self.block_of(&fields, "steps");
        Some(Choice { label: label?, named, also, block: block?, span: node.span(self.file) })
    }
}
