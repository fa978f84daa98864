//! Steps of a flow, laid flat. Blocks stand after the step that opens them; while a flow is being laid out its targets
//! are numbers of marks, which [`Lowerer::finish`] turns into places.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::expression::{self, Scope};
use super::kind::{self, Kind};
use super::world::World;
use super::{code, settings, suggest};
use crate::bot::{self, Op, Place, StepId, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Arm, Block, Expr, FlowItem, Name, StepKind};

/// A flow laid flat, with what only the checker needs of it.
pub(super) struct Lowered {
    pub steps: Vec<bot::Step>,
    /// Of each step: where it was written, and whether an author wrote it or the layout made it.
    pub places: Vec<(Span, bool)>,
    pub labels: BTreeMap<String, usize>,
    /// Steps that go to a label of another flow: step, flow, label.
    pub pending: Vec<(usize, usize, String)>,
}

/// A place that is not known yet.
pub(super) type Mark = usize;

pub(super) struct Lowerer<'w, 'a> {
    pub scope: Scope<'w, 'a>,
    flow: usize,
    out: Lowered,
    /// Where each mark came to stand.
    marks: Vec<Option<usize>>,
    labels: BTreeMap<String, Mark>,
}

/// Lays out the flow of this index.
pub(super) fn lower<'a>(world: &World<'a>, flow: usize, item: &'a FlowItem) -> Lowered {
    let scope = Scope { world, variables: super::variables::of(world, item) };
    let out = Lowered { steps: Vec::new(), places: Vec::new(), labels: BTreeMap::new(), pending: Vec::new() };
    let mut lowerer = Lowerer { scope, flow, out, marks: Vec::new(), labels: BTreeMap::new() };
    lowerer.steps(&item.steps);
    lowerer.finish()
}

impl<'w, 'a> Lowerer<'w, 'a> {
    pub(super) fn world(&self) -> &'w World<'a> {
        self.scope.world
    }

    pub(super) fn report(&self, finding: Diagnostic) {
        self.scope.report(finding);
    }

    pub(super) fn mark(&mut self) -> Mark {
        self.marks.push(None);
        self.marks.len() - 1
    }

    /// Lets the mark stand before whatever comes next.
    pub(super) fn put(&mut self, mark: Mark) {
        let here = self.out.steps.len();
        if let Some(slot) = self.marks.get_mut(mark) {
            *slot = Some(here);
        }
    }

    pub(super) fn emit(&mut self, op: Op, span: Span) {
        self.push(op, span, true);
    }

    /// A step that the layout needs and no author wrote.
    pub(super) fn emit_made(&mut self, op: Op, span: Span) {
        self.push(op, span, false);
    }

    fn push(&mut self, op: Op, span: Span, written: bool) {
        let origin = super::origin(self.world().sources, span);
        self.out.steps.push(bot::Step { op, digest: 0, origin });
        self.out.places.push((span, written));
    }

    fn label(&mut self, name: &str) -> Mark {
        if let Some(mark) = self.labels.get(name) {
            return *mark;
        }
        let mark = self.mark();
        self.labels.insert(name.to_owned(), mark);
        mark
    }

    pub(super) fn steps(&mut self, list: &[tree::Step]) {
        for step in list {
            self.step(step);
        }
    }

    /// A block that begins at `mark` and goes on at `end`; without one, the run stops there.
    pub(super) fn side(&mut self, mark: Mark, block: Option<&Block>, end: Mark, span: Span) {
        self.put(mark);
        match block {
            None => self.emit_made(Op::Stop, span),
            Some(block) => {
                self.steps(&block.steps);
                self.emit_made(Op::Jump(end), block.span);
            }
        }
    }

    fn step(&mut self, step: &tree::Step) {
        let span = step.span;
        match &step.kind {
            StepKind::Say { text, replying, keep_apart, .. } => {
                let text = self.scope.text(text);
                self.emit(Op::Say { text, shorts: Vec::new(), replying: *replying, keep_apart: *keep_apart }, span);
            }
            StepKind::Image { file, otherwise } => self.image(file, otherwise.as_ref(), span),
            StepKind::Post { item_id } => {
                let item_id = self.scope.template(item_id);
                self.emit(Op::Post { item_id }, span);
            }
            StepKind::Choose(choose) => self.choose(choose, span),
            StepKind::Ask(ask) => self.ask(ask, span),
            StepKind::Typing => self.emit(Op::Typing, span),
            StepKind::Seen => self.emit(Op::Seen, span),
            StepKind::Set { target, value } => self.set(target, value, span),
            StepKind::Tag(name) => self.emit(Op::Tag { name: name.value.clone(), on: true }, span),
            StepKind::Untag(name) => self.emit(Op::Tag { name: name.value.clone(), on: false }, span),
            StepKind::Goal(name) => self.emit(Op::Goal(name.value.clone()), span),
            StepKind::If { arms, otherwise } => self.branch(arms, otherwise.as_ref()),
            StepKind::Match { subject, arms, otherwise } => self.match_step(subject, arms, otherwise.as_ref(), span),
            StepKind::Label { name, .. } => {
                let mark = self.label(&name.text);
                if self.marks.get(mark).copied().flatten().is_none() {
                    self.put(mark);
                }
            }
            StepKind::Goto { first, label, .. } => self.goto(first, label.as_ref(), span),
            StepKind::Stop => self.emit(Op::Stop, span),
            StepKind::Wait(wait) => self.wait(wait, span),
            StepKind::Handoff(handoff) => self.handoff(handoff, span),
            _ => {}
        }
    }

    fn image(&mut self, file: &tree::Template, otherwise: Option<&Block>, span: Span) {
        if otherwise.is_none() {
            let finding = Diagnostic::error(code::IMAGE_WITHOUT_ELSE, span, "this `image` has no `else`");
            self.report(finding.help("not every country may get images: say with `else say \"…\"` what is sent there"));
        }
        super::image::check(&self.scope, file);
        let (other, end) = (self.mark(), self.mark());
        let file = self.scope.template(file);
        self.emit(Op::Image { file, otherwise: other }, span);
        self.emit_made(Op::Jump(end), span);
        self.side(other, otherwise, end, span);
        self.put(end);
    }

    fn branch(&mut self, arms: &[(Expr, Block)], otherwise: Option<&Block>) {
        let end = self.mark();
        for (condition, block) in arms {
            let next = self.mark();
            let done = self.scope.condition(condition);
            self.emit(Op::Branch { condition: done, otherwise: next }, condition.span);
            self.steps(&block.steps);
            self.emit_made(Op::Jump(end), block.span);
            self.put(next);
        }
        if let Some(block) = otherwise {
            self.steps(&block.steps);
        }
        self.put(end);
    }

    fn match_step(&mut self, subject: &Expr, arms: &[Arm], otherwise: Option<&Block>, span: Span) {
        let subject = self.scope.expr(subject);
        let closed = match &subject.expr {
            bot::Expr::Place(place) => self.scope.closed(place),
            _ => None,
        };
        let end = self.mark();
        let (mut done, mut covered) = (Vec::new(), Vec::new());
        for arm in arms {
            let patterns =
                arm.patterns.iter().filter_map(|pattern| self.pattern(pattern, &subject, closed.as_deref(), &mut covered));
            let patterns: Vec<bot::Pattern> = patterns.collect();
            done.push((patterns, self.mark()));
        }
        let other = if otherwise.is_some() { self.mark() } else { end };
        let all = closed.is_some_and(|values| values.iter().all(|value| covered.contains(value)));
        if otherwise.is_none() && !all {
            let finding = Diagnostic::warning(code::OPEN_MATCH, span, "this `match` does not say what happens otherwise");
            self.report(finding.help("add `else { … }`"));
        }
        let marks: Vec<Mark> = done.iter().map(|(_, mark)| *mark).collect();
        self.emit(Op::Match { subject: subject.expr, arms: done, otherwise: other }, span);
        for (arm, mark) in arms.iter().zip(marks) {
            self.side(mark, Some(&arm.block), end, arm.span);
        }
        if let Some(block) = otherwise {
            self.side(other, Some(block), end, block.span);
        }
        self.put(end);
    }

    fn pattern(
        &self,
        pattern: &tree::Pattern,
        subject: &expression::Typed,
        closed: Option<&[Value]>,
        covered: &mut Vec<Value>,
    ) -> Option<bot::Pattern> {
        match pattern {
            tree::Pattern::Set(name) => {
                self.pattern_kind(name.span, Kind::Text, subject);
                Some(bot::Pattern::Words(self.world().set(name).into()))
            }
            tree::Pattern::Value(expr) => {
                let value = self.constant(expr, "a pattern is a fixed value, a range or a set of words")?;
                self.pattern_kind(expr.span, Kind::of(&value), subject);
                if covered.contains(&value) {
                    let message = format!("`{}` already stands above", expression::show(&value));
                    self.report(Diagnostic::warning(code::UNREACHABLE, expr.span, message));
                }
                if let Some(values) = closed
                    && !values.contains(&value)
                    && values.iter().any(|known| Kind::of(known) == Kind::of(&value))
                {
                    self.report(expression::not_a_word(expr.span, &value, values));
                }
                covered.push(value.clone());
                Some(bot::Pattern::Value(value))
            }
            tree::Pattern::Range(least, most) => {
                let span = least.span.to(most.span);
                let (least, most) = (self.constant(least, "a range is fixed")?, self.constant(most, "a range is fixed")?);
                self.pattern_kind(span, Kind::of(&least), subject);
                let order = match (&least, &most) {
                    (Value::Number(least), Value::Number(most)) => least.cmp(most),
                    (Value::Date(least), Value::Date(most)) => least.cmp(most),
                    (Value::Time(least), Value::Time(most)) => least.cmp(most),
                    (Value::Duration(least), Value::Duration(most)) => least.cmp(most),
                    _ => {
                        let finding = Diagnostic::error(code::PATTERN_TYPE, span, "this is no range");
                        self.report(finding.help("ranges are of numbers, dates, times or durations: `1..5`"));
                        return None;
                    }
                };
                if order.is_gt() {
                    let finding = Diagnostic::error(code::RANGE_ORDER, span, "this range is empty");
                    self.report(finding.help("write the smaller one first"));
                }
                Some(bot::Pattern::Range(least, most))
            }
        }
    }

    fn pattern_kind(&self, span: Span, kind: Kind, subject: &expression::Typed) {
        if !kind.comparable(subject.kind) {
            let finding = Diagnostic::error(code::PATTERN_TYPE, span, "this can never fit")
                .here(format!("this is {}", kind.name()))
                .also(subject.span, format!("this is {}", subject.kind.name()));
            self.report(finding);
        }
    }

    fn constant(&self, expr: &Expr, why: &str) -> Option<Value> {
        let value = kind::constant(expr);
        if value.is_none() && !matches!(expr.kind, tree::ExprKind::Broken) {
            self.report(Diagnostic::error(code::NOT_CONSTANT, expr.span, why).help("compare other values with `if`"));
        }
        value
    }

    fn set(&mut self, target: &[Name], value: &Expr, span: Span) {
        let typed = self.scope.expr(value);
        let Some(place) = self.target(target) else { return };
        if place == Place::Language {
            if let bot::Expr::Value(Value::Text(tag)) = &typed.expr {
                if !self.world().languages.contains(tag) {
                    self.scope.unknown_language(&tree::Spanned { value: tag.clone(), span: value.span });
                }
            } else if !typed.kind.may_be(Kind::Text) {
                self.report(Diagnostic::error(code::DOES_NOT_FIT, value.span, "a language is a text"));
            }
        }
        if let (Some(kind), Place::Contact(_)) = (self.scope.type_of(&place), &place) {
            self.fits(kind, &typed);
        }
        self.emit(Op::Set { target: place, value: typed.expr }, span);
    }

    fn fits(&self, kind: &bot::Type, typed: &expression::Typed) {
        if typed.kind == Kind::Any {
            // What it is has been said to be unknown, or is known only when it runs.
            return;
        }
        match &typed.expr {
            bot::Expr::Value(value) if !kind::fits(kind, value) => match kind {
                bot::Type::OneOf(words) => {
                    let values: Vec<Value> = words.iter().map(|word| word.value.clone()).collect();
                    self.report(expression::not_a_word(typed.span, value, &values));
                }
                _ => {
                    let message = format!("`{}` is no value of this field's type", expression::show(value));
                    self.report(Diagnostic::error(code::DOES_NOT_FIT, typed.span, message));
                }
            },
            _ if !typed.kind.may_be(Kind::of_type(kind)) => {
                let message = format!("this field keeps {}, not {}", Kind::of_type(kind).name(), typed.kind.name());
                self.report(Diagnostic::error(code::DOES_NOT_FIT, typed.span, message));
            }
            _ => {}
        }
    }

    /// Where `set` or `ask` writes.
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
                self.world().field(name).map(|_| Place::Contact(name.text.clone()))
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

    fn goto(&mut self, first: &Name, label: Option<&Name>, span: Span) {
        let world = self.world();
        let own = world.labels.get(self.flow);
        let here = world.flows.get(self.flow).map(|flow| flow.name.text.as_str());
        match label {
            None if own.is_some_and(|own| own.contains_key(first.text.as_str())) => {
                let mark = self.label(&first.text);
                self.emit(Op::Jump(mark), span);
            }
            None => match world.flow_index(&first.text) {
                Some(flow) => self.emit(Op::Goto { to: StepId { flow, step: 0 }, arguments: Vec::new() }, span),
                None => {
                    let flows = world.flows.iter().map(|flow| flow.name.text.as_str());
                    let known = flows.chain(own.into_iter().flat_map(|own| own.keys().copied()));
                    world.unknown(code::UNKNOWN_FLOW, "flow or label", first, known);
                    self.emit(Op::Stop, span);
                }
            },
            Some(label) => {
                let Some(flow) = world.flow_index(&first.text) else {
                    world.unknown(code::UNKNOWN_FLOW, "flow", first, world.flows.iter().map(|flow| flow.name.text.as_str()));
                    return self.emit(Op::Stop, span);
                };
                let labels = world.labels.get(flow);
                if !labels.is_some_and(|labels| labels.contains_key(label.text.as_str())) {
                    self.unknown_label(label, &first.text, labels.into_iter().flat_map(|labels| labels.keys().copied()));
                    self.emit(Op::Stop, span);
                } else if here == Some(first.text.as_str()) {
                    let mark = self.label(&label.text);
                    self.emit(Op::Jump(mark), span);
                } else {
                    self.out.pending.push((self.out.steps.len(), flow, label.text.clone()));
                    self.emit(Op::Goto { to: StepId { flow, step: 0 }, arguments: Vec::new() }, span);
                }
            }
        }
    }

    fn unknown_label<'c>(&self, label: &Name, flow: &str, known: impl Iterator<Item = &'c str> + Clone) {
        let message = format!("`{flow}` has no label `{}`", label.text);
        let mut finding = Diagnostic::error(code::UNKNOWN_LABEL, label.span, message);
        finding.help = suggest::help(&label.text, known);
        self.report(finding);
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

    fn handoff(&mut self, handoff: &tree::Handoff, span: Span) {
        let world = self.world();
        let team = handoff.team.as_ref().and_then(|team| world.team_index(team));
        let note = self.scope.template(&handoff.note);
        let nobody = handoff.nobody_in.as_ref();
        if let Some((ms, _)) = nobody.filter(|(ms, _)| ms.value <= 0) {
            self.report(Diagnostic::error(code::OUT_OF_RANGE, ms.span, "`nobody in` takes a duration above zero"));
        }
        let blocks = [handoff.open.as_ref(), handoff.closed.as_ref(), nobody.map(|(_, block)| block), handoff.released.as_ref()];
        let marks = blocks.map(|block| block.map(|block| (self.mark(), block)));
        let [open, closed, nobody_in, released] = marks.map(|entry| entry.map(|(mark, _)| mark));
        let nobody_in = nobody.map(|(ms, _)| ms.value).zip(nobody_in);
        self.emit(Op::Handoff(bot::Handoff { note, team, open, closed, nobody_in, released }), span);
        for (mark, block) in marks.into_iter().flatten() {
            self.put(mark);
            self.steps(&block.steps);
            self.emit_made(Op::Stop, block.span);
        }
    }

    /// Turns marks into places and gives each step its digest.
    fn finish(mut self) -> Lowered {
        let end = self.out.steps.len();
        let world = self.scope.world;
        for (at, step) in self.out.steps.iter_mut().enumerate() {
            let mut bare = step.op.clone();
            each_target(&mut bare, |target| *target = 0);
            // Indices of other things change when the author adds one elsewhere; names do not.
            let outside = match &mut bare {
                Op::Goto { to: id, .. } => {
                    let label = self.out.pending.iter().find(|(step, ..)| *step == at).map(|(.., label)| label.as_str());
                    let flow = world.flows.get(id.flow).map(|flow| flow.name.text.as_str());
                    *id = StepId { flow: 0, step: 0 };
                    format!("{}.{}", flow.unwrap_or_default(), label.unwrap_or_default())
                }
                Op::Handoff(handoff) => {
                    let team = handoff.team.take().and_then(|team| world.teams.get(team));
                    team.map(|team| team.name.text.clone()).unwrap_or_default()
                }
                _ => String::new(),
            };
            let hash = Sha256::digest(format!("{bare:?} {outside}"));
            step.digest = hash.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte));
            each_target(&mut step.op, |target| *target = self.marks.get(*target).copied().flatten().unwrap_or(end));
        }
        for (name, mark) in &self.labels {
            self.out.labels.insert(name.clone(), self.marks.get(*mark).copied().flatten().unwrap_or(end));
        }
        self.out
    }
}

/// Visits every target of a step within its flow.
pub(super) fn each_target(op: &mut Op, mut visit: impl FnMut(&mut usize)) {
    match op {
        Op::Image { otherwise, .. } | Op::Branch { otherwise, .. } => visit(otherwise),
        Op::Ask { tries, within, .. } => {
            visit(&mut tries.target);
            visit(&mut within.target);
        }
        Op::Choose { choices, other, tries, within, .. } => {
            choices.iter_mut().for_each(|choice| visit(&mut choice.target));
            other.iter_mut().for_each(&mut visit);
            visit(&mut tries.target);
            visit(&mut within.target);
        }
        Op::Match { arms, otherwise, .. } => {
            arms.iter_mut().for_each(|(_, target)| visit(target));
            visit(otherwise);
        }
        Op::Jump(target) => visit(target),
        Op::Handoff(handoff) => {
            let nobody = handoff.nobody_in.as_mut().map(|(_, target)| target);
            [handoff.open.as_mut(), handoff.closed.as_mut(), nobody, handoff.released.as_mut()]
                .into_iter()
                .flatten()
                .for_each(visit);
        }
        Op::Say { .. } | Op::Post { .. } | Op::Typing | Op::Seen | Op::Set { .. } | Op::Tag { .. } | Op::Goal(_) => {}
        _ => {}
    }
}
