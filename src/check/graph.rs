//! All flows as one graph of steps: where a run can go, and whether the customer has to write for it.

use super::lower::Lowered;
use super::world::World;
use crate::bot::Op;
use crate::source::Span;
use crate::syntax::tree;

/// A way from one step to another.
pub(super) struct Edge {
    /// The node; `None` is the end of a flow.
    pub to: Option<usize>,
    /// Taken only after a message of the customer.
    pub customer: bool,
}

/// A step of one of the flows.
pub(super) struct Node<'g> {
    pub flow: usize,
    pub op: &'g Op,
    pub span: Span,
    /// An author wrote it; the layout made the others.
    pub written: bool,
    pub edges: Vec<Edge>,
}

pub(super) struct Graph<'g> {
    pub nodes: Vec<Node<'g>>,
    /// Where the nodes of each flow begin.
    pub bases: Vec<usize>,
    /// The first node of each flow; `None` for a flow without steps.
    pub starts: Vec<Option<usize>>,
    /// Flows that something starts or leads to.
    pub started: Vec<bool>,
}

impl<'g> Graph<'g> {
    pub(super) fn new(world: &World<'_>, flows: &'g [Lowered]) -> Self {
        let mut bases = Vec::new();
        let mut count = 0;
        for flow in flows {
            bases.push(count);
            count += flow.steps.len();
        }
        let node = |flow: usize, step: usize| {
            let inside = flows.get(flow).is_some_and(|flow| step < flow.steps.len());
            bases.get(flow).filter(|_| inside).map(|base| base + step)
        };
        let mut nodes = Vec::with_capacity(count);
        for (flow, lowered) in flows.iter().enumerate() {
            for (at, (step, (span, written))) in lowered.steps.iter().zip(&lowered.places).enumerate() {
                let edges = edges(&step.op, at, |target| node(flow, target), |id| node(id.flow, id.step));
                nodes.push(Node { flow, op: &step.op, span: *span, written: *written, edges });
            }
        }
        let starts: Vec<Option<usize>> = (0..flows.len()).map(|flow| node(flow, 0)).collect();
        let mut started: Vec<bool> =
            world.flows.iter().enumerate().map(|(at, flow)| starts_itself(world, flow) || world.is_broken(at)).collect();
        for node in &nodes {
            let target = match node.op {
                Op::Goto { to, .. } => to.flow,
                Op::Do { flow, .. } => *flow,
                _ => continue,
            };
            if target != node.flow
                && let Some(flag) = started.get_mut(target)
            {
                *flag = true;
            }
        }
        Self { nodes, bases, starts, started }
    }

    /// The nodes that can ever run; a flow that nobody starts counts as started, since that is said of it already.
    pub(super) fn reachable(&self, roots: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = self.starts.iter().flatten().copied().chain(roots).collect();
        while let Some(at) = open.pop() {
            match seen.get_mut(at) {
                Some(flag) if !*flag => *flag = true,
                _ => continue,
            }
            let edges = self.nodes.get(at).into_iter().flat_map(|node| &node.edges);
            open.extend(edges.filter_map(|edge| edge.to));
        }
        seen
    }
}

fn starts_itself(world: &World<'_>, flow: &tree::FlowItem) -> bool {
    !flow.triggers.is_empty() || world.lost.contains(flow.name.text.as_str())
}

/// The ways on from the step at `at` of its flow.
fn edges(
    op: &Op,
    at: usize,
    node: impl Fn(usize) -> Option<usize>,
    other: impl Fn(crate::bot::StepId) -> Option<usize>,
) -> Vec<Edge> {
    let plain = |target: usize| Edge { to: node(target), customer: false };
    let answered = |target: usize| Edge { customer: true, ..plain(target) };
    let next = at + 1;
    match op {
        Op::Say { .. }
        | Op::Post { .. }
        | Op::Typing
        | Op::Seen
        | Op::Tag { .. }
        | Op::Goal(_)
        | Op::Note(_)
        | Op::Emit { .. }
        | Op::Enter { .. }
        | Op::Wait(_) => {
            vec![plain(next)]
        }
        Op::Turn { end, .. } => vec![plain(next), plain(*end)],
        Op::Split { arms, .. } => arms.iter().map(|arm| plain(arm.target)).collect(),
        Op::Do { .. } | Op::Set { .. } | Op::Run { .. } => vec![plain(next)],
        Op::Fetch(fetch) => {
            let failed = fetch.statuses.iter().map(|(_, target)| *target).chain(fetch.otherwise).map(plain);
            std::iter::once(plain(next)).chain(failed).collect()
        }
        Op::Image { otherwise, .. } => vec![plain(next), plain(*otherwise)],
        Op::Ask { tries, within, .. } => vec![answered(next), answered(tries.target), plain(within.target)],
        Op::Choose { choices, other, tries, within, .. } => {
            let targets = choices.iter().map(|choice| choice.target).chain(*other).chain([tries.target]);
            targets.map(answered).chain([plain(within.target)]).collect()
        }
        Op::Branch { otherwise, .. } => vec![plain(next), plain(*otherwise)],
        Op::Match { arms, otherwise, .. } => arms.iter().map(|(_, target)| *target).chain([*otherwise]).map(plain).collect(),
        Op::Jump(target) => vec![plain(*target)],
        Op::Goto { to: id, .. } => vec![Edge { to: other(*id), customer: false }],
        Op::Handoff(handoff) => {
            let nobody = handoff.nobody_in.map(|(_, target)| target);
            [handoff.open, handoff.closed, nobody, handoff.released].into_iter().flatten().map(plain).collect()
        }
        Op::Return(_) | Op::Stop => Vec::new(),
    }
}
