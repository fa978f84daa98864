//! Which variables a flow has, and what each can hold: whatever it asks for, sets, fetches, is given, goes through, or
//! finds in named groups.

use std::collections::BTreeMap;

use super::expression::{Scope, Variables};
use super::shape::{ANSWER_UNITS_MAX, Shape};
use super::world::World;
use super::{kind, regexes, walk};
use crate::syntax::tree::{Ask, BinaryOp, Expr, ExprKind, FlowItem, Name, On, Step, StepKind, TypeKind, WaitClauseKind};

/// Rounds over the assignments of one flow before bounds that still grow are given up.
const ROUNDS_EXACT: usize = 3;

/// Rounds in all: whatever was given up stays so, and few levels of values hold each other.
const ROUNDS_MAX: usize = 12;

/// Where a variable gets what must be computed from others.
enum Source<'t> {
    Value(&'t Expr),
    /// An item of a list.
    Item(&'t Expr),
    /// What one of the words of a computed closed type stands for.
    Word(&'t Expr),
}

/// The variables of a flow, the blocks of the bot's defaults included, as a scope for its steps.
pub(super) fn scope<'w, 'a>(world: &'w World<'a>, flow: usize, item: &FlowItem) -> Scope<'w, 'a> {
    let mut names = Names { world, known: BTreeMap::new(), computed: Vec::new(), broken: false };
    for trigger in &item.triggers {
        names.trigger(&trigger.on);
    }
    if let Some(head) = world.heads.get(flow) {
        for (name, kind) in &head.parameters {
            names.add(name, Shape::of_type(kind));
        }
    }
    walk::steps(&item.steps, &mut |step| names.step(step));
    for clause in &world.defaults {
        if let WaitClauseKind::Tries(_, Some(block)) | WaitClauseKind::Within(_, Some(block)) = &clause.kind {
            walk::steps(&block.steps, &mut |step| names.step(step));
        }
    }
    let Names { known, computed, broken, .. } = names;
    if broken {
        return Scope::new(world, Variables::Unknown);
    }
    let mut scope = Scope::new(world, Variables::Some(known));
    world.findings.quietly(|| infer(&mut scope, &computed));
    scope
}

struct Names<'w, 'a, 't> {
    world: &'w World<'a>,
    known: BTreeMap<String, Shape>,
    computed: Vec<(&'t str, Source<'t>)>,
    broken: bool,
}

impl<'t> Names<'_, '_, 't> {
    fn add(&mut self, name: &str, shape: Shape) {
        match self.known.get_mut(name) {
            Some(known) => *known = std::mem::replace(known, Shape::Never).join(shape),
            None => {
                self.known.insert(name.to_owned(), shape);
            }
        }
    }

    fn compute(&mut self, name: &'t Name, source: Source<'t>) {
        self.add(&name.text, Shape::Never);
        self.computed.push((&name.text, source));
    }

    fn trigger(&mut self, on: &On) {
        match on {
            On::Matching(regex) => regexes::groups(regex).into_iter().for_each(|group| self.add(&group.name, group.shape)),
            On::Comment(Some(form)) => self.trigger(form),
            _ => {}
        }
    }

    fn step(&mut self, step: &'t Step) {
        match &step.kind {
            StepKind::Ask(ask) => self.ask(ask),
            StepKind::Set { target, value } => {
                if let [name] = target.as_slice() {
                    self.compute(name, Source::Value(value));
                }
            }
            StepKind::For { item, list, .. } => self.compute(item, Source::Item(list)),
            StepKind::Do { flow, into, .. } => {
                if let [name] = into.as_slice() {
                    let head = self.world.flow_index(&flow.text).and_then(|flow| self.world.heads.get(flow));
                    let shape = head.and_then(|head| head.result.as_ref()).map_or(Shape::Never, Shape::of_type);
                    self.add(&name.text, shape);
                }
            }
            StepKind::Fetch(fetch) => {
                let findings = &self.world.findings;
                let shape = fetch
                    .gives
                    .as_ref()
                    .map_or(Shape::Any, |fields| findings.quietly(|| Shape::record(&kind::record(fields, findings))));
                self.add(&fetch.target.text, shape);
            }
            StepKind::Run { target, kind: of, .. } => {
                if let [name] = target.as_slice() {
                    let findings = &self.world.findings;
                    let kind = of.as_ref().map(|of| findings.quietly(|| kind::lower(of, findings)));
                    self.add(&name.text, kind.map_or(Shape::Any, |kind| kind.map_or(Shape::Never, |kind| Shape::of_type(&kind))));
                }
            }
            StepKind::If { arms, .. } => arms.iter().for_each(|(condition, _)| self.groups(condition)),
            StepKind::Broken => self.broken = true,
            _ => {}
        }
    }

    fn ask(&mut self, ask: &'t Ask) {
        if let Some(TypeKind::Matching(regex)) = ask.kind.as_ref().map(|kind| &kind.kind) {
            for group in regexes::groups(regex) {
                self.add(&group.name, group.shape.at_most(ANSWER_UNITS_MAX));
            }
        }
        let [name] = ask.target.as_slice() else { return };
        match &ask.kind {
            Some(of) => match &of.kind {
                TypeKind::OneOfList(list) => self.compute(name, Source::Word(list)),
                _ => {
                    let findings = &self.world.findings;
                    let kind = findings.quietly(|| kind::lower(of, findings));
                    self.add(&name.text, kind.as_ref().map_or(Shape::Never, Shape::of_type));
                }
            },
            None => self.add(&name.text, Shape::Never),
        }
    }

    /// A condition that matched has set its named groups.
    fn groups(&mut self, condition: &Expr) {
        match &condition.kind {
            ExprKind::Matches(_, regex) => {
                regexes::groups(regex).into_iter().for_each(|group| self.add(&group.name, group.shape));
            }
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
                self.groups(left);
                self.groups(right);
            }
            ExprKind::Not(inner) => self.groups(inner),
            _ => {}
        }
    }
}

/// Goes over the assignments until nothing changes.
fn infer(scope: &mut Scope<'_, '_>, computed: &[(&str, Source<'_>)]) {
    for round in 0..ROUNDS_MAX {
        let mut changed = false;
        for (name, source) in computed {
            let (expr, item) = match source {
                Source::Value(expr) => (expr, false),
                Source::Item(expr) | Source::Word(expr) => (expr, true),
            };
            let done = scope.expr(expr).expr;
            if scope.secret_in(&done).is_some() {
                changed |= scope.secret.insert((*name).to_owned());
            }
            let shape = match (scope.shape(&done), item) {
                (Shape::List { of, .. }, true) => *of,
                (Shape::Never, true) => Shape::Never,
                (_, true) => Shape::Any,
                (shape, false) => shape,
            };
            let shape = match (source, shape) {
                (Source::Word(_), map @ Shape::Map(_)) => map.part("value").unwrap_or(Shape::Any),
                (_, shape) => shape,
            };
            changed |= grow(scope, name, shape, round);
        }
        if !changed {
            return;
        }
    }
    // Whatever still moves after that many rounds is not told.
    if let Variables::Some(known) = &mut scope.variables {
        for (name, _) in computed {
            known.insert((*name).to_owned(), Shape::Any);
        }
    }
}

/// Joins what is assigned to what is known; whether that changed anything.
fn grow(scope: &mut Scope<'_, '_>, name: &str, shape: Shape, round: usize) -> bool {
    let Variables::Some(known) = &mut scope.variables else { return false };
    let Some(slot) = known.get_mut(name) else { return false };
    let joined = slot.clone().join(shape);
    if *slot == joined {
        return false;
    }
    *slot = if round < ROUNDS_EXACT { joined } else { joined.widened() };
    true
}
