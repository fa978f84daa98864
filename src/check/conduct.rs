//! What a flow may not do because of how it was begun or because of what it promises: triggers that fire in few countries,
//! flows beside a waiting run, blocks of a handoff, results that do not come, silence that goes on into another reply.

use super::code;
use super::graph::{Graph, Node};
use super::lower::Lowered;
use super::trigger::Placed;
use super::world::World;
use crate::bot::{On, Op};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

pub(super) fn check(world: &World<'_>, graph: &Graph<'_>, flows: &[Lowered], triggers: &[Placed<'_>]) {
    comments(world, triggers);
    beside(world, graph, triggers);
    handoffs(world, graph);
    results(world, graph, flows);
    silences(world, graph, flows);
}

/// The nodes that run before the customer writes again, each with the place that leads there first.
fn before_customer(graph: &Graph<'_>, starts: impl Iterator<Item = (usize, Span)>) -> Vec<Option<Span>> {
    let mut seen: Vec<Option<Span>> = vec![None; graph.nodes.len()];
    let mut open: Vec<(usize, Span)> = starts.collect();
    while let Some((at, from)) = open.pop() {
        match seen.get_mut(at) {
            Some(slot @ None) => *slot = Some(from),
            _ => continue,
        }
        let Some(node) = graph.nodes.get(at) else { continue };
        open.extend(node.edges.iter().filter(|edge| !edge.customer).filter_map(|edge| edge.to).map(|to| (to, from)));
        if let Op::Do { flow, .. } = node.op {
            open.extend(graph.starts.get(*flow).copied().flatten().map(|start| (start, from)));
        }
    }
    seen
}

fn starts<'g>(
    graph: &'g Graph<'_>,
    triggers: &'g [Placed<'_>],
    wanted: impl Fn(&On) -> bool + 'g,
) -> impl Iterator<Item = (usize, Span)> + 'g {
    let of = triggers.iter().filter(move |placed| wanted(&placed.trigger.on));
    of.filter_map(|placed| Some((graph.starts.get(placed.trigger.flow).copied().flatten()?, placed.tree.span)))
}

fn seen_nodes<'g, 'n>(graph: &'g Graph<'n>, seen: &'g [Option<Span>]) -> impl Iterator<Item = (&'g Node<'n>, Span)> {
    graph.nodes.iter().zip(seen).filter_map(|(node, from)| Some((node, (*from)?)))
}

/// Comments come from three countries only. What may answer one is proved.
fn comments(world: &World<'_>, triggers: &[Placed<'_>]) {
    let Some(first) = triggers.iter().find(|placed| matches!(placed.trigger.on, On::Comment(_))) else { return };
    let finding = Diagnostic::note(
        code::COMMENT_MARKET,
        first.tree.span,
        "TikTok tells of comments only to accounts of Vietnam, Indonesia and Thailand",
    );
    world.findings.add(finding.help("in every other country this trigger never fires"));
}

/// What runs beside a run that waits, or because one failed, ends at once.
fn beside(world: &World<'_>, graph: &Graph<'_>, triggers: &[Placed<'_>]) {
    let wanted = |on: &On| matches!(on, On::WindowClosing(_) | On::RepliesLeft(_) | On::Fault);
    let seen = before_customer(graph, starts(graph, triggers, wanted));
    for (node, from) in seen_nodes(graph, &seen) {
        let what = match node.op {
            Op::Ask { .. } | Op::Choose { .. } => "it waits for an answer",
            Op::Wait(_) => "it waits",
            Op::Fetch(_) => "it waits for another system",
            Op::Run { .. } => "it waits for a script",
            _ => continue,
        };
        let finding = Diagnostic::error(code::MAY_NOT_WAIT, node.span, "this flow may not wait").here(what);
        let finding = finding.also(from, "it is begun here, while another flow may be waiting");
        world.findings.add(finding.help("say what there is to say, or hand over with `handoff`"));
    }
}

/// While a colleague is asked for, what the customer writes is kept for the colleague.
fn handoffs(world: &World<'_>, graph: &Graph<'_>) {
    let blocks = graph.nodes.iter().enumerate().flat_map(|(at, node)| {
        let Op::Handoff(handoff) = node.op else { return Vec::new() };
        let nobody = handoff.nobody_in.map(|(_, block)| block);
        let spoken = [handoff.open, handoff.closed, nobody].into_iter().flatten();
        let base = graph.bases.get(node.flow).copied().unwrap_or(at);
        spoken.map(|block| (base + block, node.span)).collect()
    });
    let seen = before_customer(graph, blocks);
    for (node, from) in seen_nodes(graph, &seen) {
        if matches!(node.op, Op::Ask { .. } | Op::Choose { .. }) {
            let message = "nobody answers this: what is written after a handoff is kept for the colleague";
            let finding = Diagnostic::warning(code::ASKED_AFTER_HANDOFF, node.span, message);
            world.findings.add(finding.also(from, "the handoff").help("ask before `handoff`, and say here what happens now"));
        }
    }
}

/// A flow that says `-> T` returns on every path that comes to its end.
fn results(world: &World<'_>, graph: &Graph<'_>, flows: &[Lowered]) {
    for (at, (item, flow)) in world.flows.iter().zip(flows).enumerate() {
        let Some(result) = item.result.as_ref().filter(|_| flow.result.is_some()) else { continue };
        if world.is_broken(at) {
            continue;
        }
        let base = graph.bases.get(at).copied().unwrap_or(0);
        let mut seen = vec![false; flow.steps.len()];
        let mut open: Vec<usize> = graph.starts.get(at).copied().flatten().into_iter().collect();
        let mut place = open.is_empty().then_some(result.span);
        while let Some(node_at) = open.pop() {
            match node_at.checked_sub(base).and_then(|step| seen.get_mut(step)) {
                Some(flag) if !*flag => *flag = true,
                _ => continue,
            }
            let Some(node) = graph.nodes.get(node_at).filter(|node| !matches!(node.op, Op::Goto { .. })) else { continue };
            for edge in &node.edges {
                match edge.to {
                    Some(to) => open.push(to),
                    None => place = Some(node.span),
                }
            }
        }
        if let Some(place) = place {
            let message = format!("the flow `{}` can end without returning anything", item.name.text);
            let finding = Diagnostic::error(code::RETURN_MISSING, result.span, message);
            let finding = if place == result.span { finding } else { finding.also(place, "it ends after this") };
            world.findings.add(finding.help("end every way with `return …`, `stop`, `goto …` or `handoff …`"));
        }
    }
}

/// Silence that goes on into another reply: the customer who said nothing is spoken to again.
fn silences(world: &World<'_>, graph: &Graph<'_>, flows: &[Lowered]) {
    if flows.iter().all(|flow| flow.silences.is_empty()) {
        return;
    }
    let ahead = speaks_ahead(graph);
    for (flow, base) in flows.iter().zip(&graph.bases) {
        for silence in &flow.silences {
            let goes_on = graph.nodes.get(base + silence.end).filter(|_| within(graph, base + silence.begin, base + silence.end));
            let after = goes_on.and_then(|node| node.edges.first()).and_then(|edge| edge.to);
            if after.is_some_and(|after| ahead.get(after).copied().unwrap_or(false)) {
                let message = "after this silence the flow goes on and speaks again";
                let finding = Diagnostic::note(code::SILENCE_GOES_ON, silence.span, message);
                world.findings.add(finding.help("end its block with `stop` where a customer who is gone should be left alone"));
            }
        }
    }
}

/// Whether one node leads to the other without leaving what lies between them.
fn within(graph: &Graph<'_>, first: usize, last: usize) -> bool {
    let mut seen = vec![false; last.saturating_sub(first) + 1];
    let mut open = vec![first];
    while let Some(at) = open.pop() {
        match at.checked_sub(first).and_then(|at| seen.get_mut(at)) {
            Some(flag) if !*flag => *flag = true,
            _ => continue,
        }
        if at == last {
            return true;
        }
        let edges = graph.nodes.get(at).into_iter().flat_map(|node| &node.edges);
        open.extend(edges.filter(|edge| !edge.customer).filter_map(|edge| edge.to));
    }
    false
}

/// The nodes from which something is sent before the customer writes.
fn speaks_ahead(graph: &Graph<'_>) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        for to in node.edges.iter().filter(|edge| !edge.customer).filter_map(|edge| edge.to) {
            if let Some(list) = before.get_mut(to) {
                list.push(at);
            }
        }
    }
    let speaks = |op: &Op| matches!(op, Op::Say { .. } | Op::Image { .. } | Op::Post { .. } | Op::Ask { .. } | Op::Choose { .. });
    let mut ahead = vec![false; graph.nodes.len()];
    let mut open: Vec<usize> = graph.nodes.iter().enumerate().filter(|(_, node)| speaks(node.op)).map(|(at, _)| at).collect();
    while let Some(at) = open.pop() {
        match ahead.get_mut(at) {
            Some(flag) if !*flag => *flag = true,
            _ => continue,
        }
        open.extend(before.get(at).into_iter().flatten());
    }
    ahead
}
