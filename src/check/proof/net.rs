//! All flows as one net of steps: where a run goes on while the customer is silent, what each way costs in replies and
//! time, and where it goes on when the customer has written.

use super::cost::Costs;
use crate::bot::{Bot, Op, StepId};

/// How a silent way leads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Within the frame.
    Step,
    /// Into the flow that `do` begins; the way back is an edge of its own.
    Call,
    /// To the step after a `do`, once the flow that begins at `from` has returned.
    Back { from: usize },
    /// By `goto`: all frames are left.
    Leave,
    /// Into the block of a handoff that runs at once; all frames are left.
    Block,
    /// Into a block of a handoff that runs when its time has come.
    Later,
}

/// A way to another step that needs nothing of the customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub to: usize,
    pub kind: Kind,
    /// Messages sent before it is taken.
    pub replies: i64,
    /// Milliseconds that pass at most before it is taken.
    pub ms: i64,
}

/// How a run goes on where no edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    None,
    /// The frame is left; the only frame's end is the run's.
    Returns,
    /// The run is over.
    Stops,
}

pub(super) struct Node<'b> {
    pub flow: usize,
    /// The end of a flow is a node too.
    pub op: Option<&'b Op>,
    pub edges: Vec<Edge>,
    /// Where the customer's answers lead.
    pub answers: Vec<usize>,
    /// The most messages of the step itself.
    pub sends: i64,
    /// When the last of them leaves, counted from when the step begins; `None` where it sends none.
    pub last_ms: Option<i64>,
    pub end: End,
    /// Where the step may fail when it runs: the messages that may have left before, and the time that may have passed.
    pub fails: Option<(i64, i64)>,
}

impl Node<'_> {
    pub(super) fn is_handoff(&self) -> bool {
        matches!(self.op, Some(Op::Handoff(_)))
    }

    /// Whether the run can be put aside here, to go on when another flow has answered beside it.
    pub(super) fn can_be_parked(&self) -> bool {
        self.asks() || matches!(self.op, Some(Op::Image { .. } | Op::Fetch(_) | Op::Run { .. }))
    }

    pub(super) fn asks(&self) -> bool {
        matches!(self.op, Some(Op::Ask { .. } | Op::Choose { .. }))
    }
}

pub(super) struct Net<'b> {
    pub bot: &'b Bot,
    pub nodes: Vec<Node<'b>>,
    /// The first node of each flow.
    pub starts: Vec<usize>,
}

impl<'b> Net<'b> {
    pub(super) fn new(bot: &'b Bot, costs: &Costs<'_>) -> Self {
        let mut starts = Vec::with_capacity(bot.flows.len());
        let mut count = 0;
        for flow in &bot.flows {
            starts.push(count);
            count += flow.steps.len() + 1;
        }
        let mut net = Self { bot, nodes: Vec::with_capacity(count), starts };
        for (index, flow) in bot.flows.iter().enumerate() {
            // A very long flow, or one that loops often, may run into the limit of steps anywhere.
            let often = |op: &Op| matches!(op, Op::Turn { most, .. } if most.is_none_or(|most| most > MANY_TURNS));
            let long = flow.steps.len() > LONG_FLOW || flow.steps.iter().any(|step| often(&step.op));
            for (step, made) in flow.steps.iter().enumerate() {
                let mut node = net.node(StepId { flow: index, step }, &made.op, costs);
                if long {
                    node.fails = node.fails.or(Some((0, 0)));
                }
                net.nodes.push(node);
            }
            net.nodes.push(Node { end: End::Returns, ..blank(index, None) });
        }
        net
    }

    /// The node of a step; a step beyond the flow's is its end.
    pub(super) fn at(&self, id: StepId) -> usize {
        let steps = self.bot.flows.get(id.flow).map_or(0, |flow| flow.steps.len());
        self.starts.get(id.flow).map_or(usize::MAX, |start| start + id.step.min(steps))
    }

    /// The step of a node.
    pub(super) fn step(&self, node: usize) -> StepId {
        let flow = self.nodes.get(node).map_or(0, |node| node.flow);
        StepId { flow, step: node.saturating_sub(self.starts.get(flow).copied().unwrap_or(0)) }
    }

    fn node(&self, at: StepId, op: &'b Op, costs: &Costs<'_>) -> Node<'b> {
        let here = |step: usize| self.at(StepId { flow: at.flow, step });
        let next = here(at.step + 1);
        let plain = |to: usize| Edge { to, kind: Kind::Step, replies: 0, ms: 0 };
        let cost = costs.of(at, op);
        let mut node = Node { sends: cost.sends, last_ms: cost.last_ms, fails: cost.fails, ..blank(at.flow, Some(op)) };
        let sent = |to: usize| Edge { replies: cost.sends, ms: cost.passes_ms, ..plain(to) };
        match op {
            Op::Image { otherwise, .. } => {
                node.edges = vec![sent(next), Edge { replies: 0, ..sent(here(*otherwise)) }];
            }
            Op::Ask { tries, within, .. } => {
                node.edges.push(sent(here(within.target)));
                node.answers = vec![next, here(tries.target)];
            }
            Op::Choose { choices, other, tries, within, .. } => {
                node.edges.push(sent(here(within.target)));
                let targets = choices.iter().map(|choice| choice.target).chain(*other).chain([tries.target]);
                node.answers = targets.map(here).collect();
            }
            Op::Turn { end, .. } => node.edges = vec![plain(next), plain(here(*end))],
            Op::Split { arms, .. } => node.edges = arms.iter().map(|arm| plain(here(arm.target))).collect(),
            Op::Branch { otherwise, .. } => node.edges = vec![plain(next), plain(here(*otherwise))],
            Op::Match { arms, otherwise, .. } => {
                node.edges = arms.iter().map(|(_, target)| *target).chain([*otherwise]).map(|to| plain(here(to))).collect();
            }
            Op::Jump(target) => node.edges.push(plain(here(*target))),
            Op::Goto { to, .. } => node.edges.push(Edge { kind: Kind::Leave, ..plain(self.at(*to)) }),
            Op::Do { flow, .. } => {
                let from = self.at(StepId { flow: *flow, step: 0 });
                node.edges = vec![Edge { kind: Kind::Call, ..plain(from) }, Edge { kind: Kind::Back { from }, ..plain(next) }];
            }
            Op::Return(_) => node.end = End::Returns,
            Op::Stop => node.end = End::Stops,
            Op::Fetch(fetch) => {
                let others = fetch.statuses.iter().map(|(_, target)| *target).chain(fetch.otherwise);
                node.edges = [next].into_iter().chain(others.map(here)).map(sent).collect();
            }
            Op::Handoff(handoff) => {
                let block = |target: Option<usize>| target.map(|to| Edge { kind: Kind::Block, ..plain(here(to)) });
                let later = |ms: i64, to: usize| Edge { kind: Kind::Later, ms, ..plain(here(to)) };
                node.edges.extend([handoff.open, handoff.closed].into_iter().filter_map(block));
                node.edges.extend(handoff.nobody_in.map(|(ms, to)| later(costs.nobody_ms(handoff, ms), to)));
                node.edges.extend(handoff.released.map(|to| later(self.bot.settings.release_after_ms, to)));
                node.end = End::Stops;
                #[cfg(test)]
                if super::cost::omitted(super::cost::Omission::Released) {
                    node.edges.retain(|edge| Some(edge.to) != handoff.released.map(here));
                }
            }
            Op::Say { .. }
            | Op::Post { .. }
            | Op::Typing
            | Op::Seen
            | Op::Set { .. }
            | Op::Tag { .. }
            | Op::Goal(_)
            | Op::Note(_)
            | Op::Emit { .. }
            | Op::Enter { .. }
            | Op::Run { .. }
            | Op::Wait(_) => node.edges.push(sent(next)),
        }
        node
    }

    /// What can ever run: from the beginning of each flow, whatever the customer does.
    pub(super) fn reachable(&self) -> Vec<bool> {
        self.reached(self.starts.clone(), |_| true)
    }

    /// What can run from these nodes on, through those that `through` lets pass.
    pub(super) fn reached(&self, mut open: Vec<usize>, through: impl Fn(&Node<'_>) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        while let Some(at) = open.pop() {
            match seen.get_mut(at) {
                Some(flag) if !*flag => *flag = true,
                _ => continue,
            }
            let Some(node) = self.nodes.get(at).filter(|node| through(node)) else { continue };
            open.extend(node.edges.iter().map(|edge| edge.to));
            open.extend(&node.answers);
        }
        seen
    }

    /// All that can run from a step on while the customer is silent.
    pub(super) fn silent_from(&self, start: usize) -> Vec<usize> {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(self.nodes.get(at).into_iter().flat_map(|node| &node.edges).map(|edge| edge.to));
            }
        }
        seen.into_iter().collect()
    }

    /// Of each flow whether a call of it can come back while the customer is silent.
    pub(super) fn silent_returns(&self) -> Vec<bool> {
        let mut returns = vec![false; self.starts.len()];
        let mut seen = vec![false; self.nodes.len()];
        // Calls that wait for a flow's return to be known.
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); self.starts.len()];
        let mut open = self.starts.clone();
        while let Some(at) = open.pop() {
            match seen.get_mut(at) {
                Some(flag) if !*flag => *flag = true,
                _ => continue,
            }
            let Some(node) = self.nodes.get(at) else { continue };
            if node.end == End::Returns
                && let Some(flag) = returns.get_mut(node.flow)
                && !std::mem::replace(flag, true)
            {
                open.extend(waiting.get_mut(node.flow).map(std::mem::take).unwrap_or_default());
            }
            for edge in &node.edges {
                match edge.kind {
                    Kind::Step => open.push(edge.to),
                    Kind::Back { from } => {
                        let callee = self.nodes.get(from).map_or(usize::MAX, |node| node.flow);
                        if returns.get(callee).copied().unwrap_or(false) {
                            open.push(edge.to);
                        } else if let Some(list) = waiting.get_mut(callee) {
                            list.push(edge.to);
                        }
                    }
                    Kind::Call | Kind::Leave | Kind::Block | Kind::Later => {}
                }
            }
        }
        returns
    }
}

/// Flows with more steps than this may pass the engine's limit of steps between two waits.
const LONG_FLOW: usize = 300;
/// And so may loops with more turns.
const MANY_TURNS: u32 = 15;

fn blank(flow: usize, op: Option<&Op>) -> Node<'_> {
    Node { flow, op, edges: Vec::new(), answers: Vec::new(), sends: 0, last_ms: None, end: End::None, fails: None }
}
