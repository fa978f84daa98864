//! Steps of a flow, laid flat. Blocks stand after the step that opens them; while a flow is being laid out its targets
//! are numbers of marks, which [`Lowerer::finish`] turns into places.

mod branch;
mod call;
mod fetch;
mod handoff;
mod layout;
mod repeat;
mod steps;
mod wait;

use std::collections::BTreeMap;

pub(super) use self::fetch::method;
#[cfg(test)]
pub(super) use self::layout::each_target;
use super::expression::{Scope, Variables};
use super::shape::Shape;
use super::world::World;
use crate::bot::{self, Op};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Block, FlowItem};

/// A flow laid flat, with what only the checker needs of it.
pub(super) struct Lowered {
    pub steps: Vec<bot::Step>,
    /// Of each step: where it was written, and whether an author wrote it or the layout made it.
    pub places: Vec<(Span, bool)>,
    pub labels: BTreeMap<String, usize>,
    /// Steps that go to a label of another flow: step, flow, label.
    pub pending: Vec<(usize, usize, String)>,
    pub parameters: Vec<bot::Parameter>,
    pub result: Option<bot::Type>,
    /// Blocks of `within` that may go on behind their `choose`.
    pub silences: Vec<Silence>,
    /// What each variable of the flow can hold, over all its assignments. With `World::contact_shapes` it makes a
    /// [`super::shape::Shapes`], which tells the shape of any expression of this flow.
    pub shapes: BTreeMap<String, Shape>,
}

/// A block that runs when nobody answered: its first step, the jump at its end, and where it was written.
pub(super) struct Silence {
    pub begin: usize,
    pub end: usize,
    pub span: Span,
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
    /// The ends of the loops around the step that is being laid out, the innermost last.
    loops: Vec<Mark>,
    /// Loops so far.
    counters: u32,
}

/// Lays out the flow of this index.
pub(super) fn lower<'a>(world: &World<'a>, flow: usize, item: &'a FlowItem) -> Lowered {
    let scope = super::variables::scope(world, flow, item);
    let head = world.heads.get(flow);
    let parameters = head.map_or(&[][..], |head| &head.parameters);
    let out = Lowered {
        steps: Vec::new(),
        places: Vec::new(),
        labels: BTreeMap::new(),
        pending: Vec::new(),
        parameters: parameters.iter().map(|(name, kind)| bot::Parameter { name: name.clone(), kind: kind.clone() }).collect(),
        result: head.and_then(|head| head.result.clone()),
        silences: Vec::new(),
        shapes: BTreeMap::new(),
    };
    let mut lowerer = Lowerer { scope, flow, out, marks: Vec::new(), labels: BTreeMap::new(), loops: Vec::new(), counters: 0 };
    lowerer.steps(&item.steps);
    lowerer.finish()
}

/// Of each label of the flow that is `renamed from` another name that name.
pub(super) fn labels_before(item: &FlowItem) -> BTreeMap<String, String> {
    let mut before = BTreeMap::new();
    super::walk::steps(&item.steps, &mut |step| {
        if let tree::StepKind::Label { name, renamed_from: Some(old) } = &step.kind {
            before.entry(name.text.clone()).or_insert_with(|| old.value.clone());
        }
    });
    before
}

impl<'w, 'a> Lowerer<'w, 'a> {
    fn world(&self) -> &'w World<'a> {
        self.scope.world
    }

    fn report(&self, finding: Diagnostic) {
        self.scope.report(finding);
    }

    fn mark(&mut self) -> Mark {
        self.marks.push(None);
        self.marks.len() - 1
    }

    /// Lets the mark stand before whatever comes next.
    fn put(&mut self, mark: Mark) {
        let here = self.out.steps.len();
        if let Some(slot) = self.marks.get_mut(mark) {
            *slot = Some(here);
        }
    }

    fn emit(&mut self, op: Op, span: Span) {
        self.push(op, span, true);
    }

    /// A step that the layout needs and no author wrote.
    fn emit_made(&mut self, op: Op, span: Span) {
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

    fn steps(&mut self, list: &[tree::Step]) {
        for step in list {
            self.step(step);
        }
    }

    /// A block that begins at `mark` and goes on at `end`; without one, the run stops there.
    fn side(&mut self, mark: Mark, block: Option<&Block>, end: Mark, span: Span) {
        self.put(mark);
        match block {
            None => self.emit_made(Op::Stop, span),
            Some(block) => {
                self.steps(&block.steps);
                self.emit_made(Op::Jump(end), block.span);
            }
        }
    }

    fn finish(self) -> Lowered {
        let Self { scope, mut out, marks, labels, .. } = self;
        layout::finish(scope.world, &mut out, &marks, &labels);
        if let Variables::Some(shapes) = scope.variables {
            out.shapes = shapes;
        }
        out
    }
}
