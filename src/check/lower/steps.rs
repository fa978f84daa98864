//! One step after the other; the simple ones whole.

use super::super::kind::Kind;
use super::super::world::FieldEntry;
use super::super::{code, expression, settings};
use super::Lowerer;
use crate::bot::{self, Op, Place, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Block, Expr, Name, Spanned, StepKind};

impl Lowerer<'_, '_> {
    pub(super) fn step(&mut self, step: &tree::Step) {
        let span = step.span;
        match &step.kind {
            StepKind::Say { text, shorts, replying, keep_apart } => {
                let text = self.scope.text(text);
                let shorts = shorts.iter().map(|short| self.scope.text(short)).collect();
                self.emit(Op::Say { text, shorts, replying: *replying, keep_apart: *keep_apart }, span);
            }
            StepKind::Image { file, otherwise } => self.image(file, otherwise.as_ref(), span),
            StepKind::Post { item_id } => {
                let item_id = self.scope.reply_template(item_id);
                self.emit(Op::Post { item_id }, span);
            }
            StepKind::Choose(choose) => self.choose(choose, span),
            StepKind::Ask(ask) => self.ask(ask, span),
            StepKind::Typing => self.emit(Op::Typing, span),
            StepKind::Seen => self.emit(Op::Seen, span),
            StepKind::Set { target, value } => self.set(target, value, span),
            StepKind::Tag(name) => self.tag(name, true, span),
            StepKind::Untag(name) => self.tag(name, false, span),
            StepKind::Goal(name) => {
                self.needs_name(name, "goal");
                self.emit(Op::Goal(name.value.clone()), span);
            }
            StepKind::Note(note) => {
                let note = self.scope.template(note);
                self.emit(Op::Note(note), span);
            }
            StepKind::Emit { event, data } => self.event(event, data, span),
            StepKind::If { arms, otherwise } => self.branch(arms, otherwise.as_ref()),
            StepKind::Match { subject, arms, otherwise } => self.match_step(subject, arms, otherwise.as_ref(), span),
            StepKind::Repeat { times, block } => self.repeat(times, block, span),
            StepKind::For { item, list, most, block } => self.for_each(item, list, most.as_ref(), block, span),
            StepKind::Leave => self.leave(span),
            StepKind::Split { name, arms } => self.split(name, arms, span),
            StepKind::Label { name, .. } => {
                let mark = self.label(&name.text);
                if self.marks.get(mark).copied().flatten().is_none() {
                    self.put(mark);
                }
            }
            StepKind::Goto { first, label, arguments } => self.goto(first, label.as_ref(), arguments, span),
            StepKind::Do { flow, arguments, into } => self.call(flow, arguments, into, span),
            StepKind::Return(value) => self.give_back(value.as_ref(), span),
            StepKind::Fetch(fetch) => self.fetch(fetch, span),
            StepKind::Run { target, kind, script, function, arguments } => {
                self.run(target, kind.as_ref(), (script, function), arguments, span);
            }
            StepKind::Stop => self.emit(Op::Stop, span),
            StepKind::Wait(wait) => self.wait(wait, span),
            StepKind::Handoff(handoff) => self.handoff(handoff, span),
            StepKind::Broken => {}
        }
    }

    fn image(&mut self, file: &tree::Template, otherwise: Option<&Block>, span: Span) {
        if otherwise.is_none() {
            let finding = Diagnostic::error(code::IMAGE_WITHOUT_ELSE, span, "this `image` has no `else`");
            self.report(finding.help("not every country may get images: say with `else say \"…\"` what is sent there"));
        }
        super::super::image::check(&self.scope, file);
        let (other, end) = (self.mark(), self.mark());
        let file = self.scope.template(file);
        self.emit(Op::Image { file, otherwise: other }, span);
        self.emit_made(Op::Jump(end), span);
        self.side(other, otherwise, end, span);
        self.put(end);
    }

    fn tag(&mut self, name: &Spanned<String>, on: bool, span: Span) {
        self.needs_name(name, "tag");
        self.emit(Op::Tag { name: name.value.clone(), on }, span);
    }

    fn event(&mut self, event: &Spanned<String>, data: &[(Name, Expr)], span: Span) {
        self.needs_name(event, "event");
        self.map_names(data);
        let mut told = Vec::with_capacity(data.len());
        for (name, value) in data {
            let typed = self.scope.expr(value);
            if let Some(secret) = self.scope.secret_in(&typed.expr) {
                let message = format!("`{secret}` is secret and is told to no other system");
                let finding = Diagnostic::error(code::SECRET_PRINTED, typed.span, message);
                self.report(finding.help("leave it out, or take `secret` away from the field"));
            }
            told.push((name.text.clone(), typed.expr));
        }
        let data = told;
        self.emit(Op::Emit { event: event.value.clone(), data }, span);
    }

    /// A goal, tag or event without letters could never be found again.
    fn needs_name(&self, name: &Spanned<String>, what: &str) {
        if name.value.trim().is_empty() {
            self.report(Diagnostic::error(code::EMPTY_TEXT, name.span, format!("this {what} has no name")));
        }
    }

    /// Reports a name that stands twice in one map.
    pub(super) fn map_names(&self, entries: &[(Name, Expr)]) {
        let mut seen = std::collections::BTreeMap::new();
        for (name, _) in entries {
            if let Some(first) = seen.insert(name.text.as_str(), name.span) {
                let finding = Diagnostic::error(code::DEFINED_TWICE, name.span, format!("`{}` stands here twice", name.text));
                self.report(finding.also(first, "the first one"));
            }
        }
    }

    fn set(&mut self, target: &[Name], value: &Expr, span: Span) {
        let typed = self.scope.expr(value);
        let Some(place) = self.target(target) else { return };
        if place == Place::Language {
            if let bot::Expr::Value(Value::Text(tag)) = &typed.expr {
                if !self.world().languages.contains(tag) {
                    self.scope.unknown_language(&Spanned { value: tag.clone(), span: value.span });
                }
            } else if !typed.kind.may_be(Kind::Text) {
                self.report(Diagnostic::error(code::DOES_NOT_FIT, value.span, "a language is a text"));
            }
        }
        if let Place::Contact(name) = &place
            && let Some(kind) = self.world().field_named(name).and_then(|field| field.kind.as_ref())
        {
            self.scope.fits(kind, &typed, "this field");
        }
        self.emit(Op::Set { target: place, value: typed.expr }, span);
    }

    /// Where `set`, `ask`, `do` or `run` writes.
    pub(super) fn target(&self, target: &[Name]) -> Option<Place> {
        match target {
            [name] if expression::ROOTS.contains(&name.text.as_str()) => {
                let message = format!("`{}` cannot be set", name.text);
                self.report(Diagnostic::error(code::CANNOT_BE_SET, name.span, message).help("give the variable another name"));
                None
            }
            [name] => Some(Place::Variable(name.text.clone())),
            [root, name] if root.text == "contact" => {
                if name.text == "tags" {
                    let finding = Diagnostic::error(code::CANNOT_BE_SET, name.span, "`contact.tags` cannot be set");
                    self.report(finding.help("write `tag \"vip\"` or `untag \"vip\"`"));
                    return None;
                }
                self.world().field(name).map(FieldEntry::place)
            }
            [root, name] if root.text == "conversation" && name.text == "language" => Some(Place::Language),
            [first, .., last] => {
                let path: Vec<&str> = target.iter().map(|name| name.text.as_str()).collect();
                let finding = Diagnostic::error(
                    code::CANNOT_BE_SET,
                    first.span.to(last.span),
                    format!("`{}` cannot be set", path.join(".")),
                );
                self.report(finding.help("a variable, `contact.…` and `conversation.language` can be set"));
                None
            }
            [] => None,
        }
    }

    fn wait(&mut self, wait: &tree::WaitFor, span: Span) {
        let done = match wait {
            tree::WaitFor::Duration(ms) => {
                if ms.value <= 0 {
                    self.report(Diagnostic::error(code::OUT_OF_RANGE, ms.span, "`wait` takes a duration above zero"));
                }
                bot::WaitFor::Duration(ms.value)
            }
            tree::WaitFor::Time(time) => {
                if let Some(bot) = self.world().bot {
                    settings::need_zone(self.world(), bot, time.span, "times of the day");
                }
                bot::WaitFor::Time(time.value)
            }
            tree::WaitFor::Open(hours) => match self.world().hours_index(hours) {
                Some(hours) => bot::WaitFor::Open(hours),
                None => return,
            },
        };
        self.emit(Op::Wait(done), span);
    }
}
