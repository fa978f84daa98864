//! Steps that never run, flows that nobody starts, loops that nobody stops.

use super::code;
use super::graph::Graph;
use super::world::World;
use crate::bot::Op;
use crate::diagnostic::Diagnostic;

/// Reports all three.
pub(super) fn check(world: &World<'_>, graph: &Graph<'_>, labels: impl Iterator<Item = usize>) {
    not_started(world, graph);
    // What a broken item leads to is not known: any label may be its aim.
    let labels: Vec<usize> = if world.lost.is_empty() { Vec::new() } else { labels.collect() };
    unreachable(world, graph, labels);
    loops(world, graph);
}

fn not_started(world: &World<'_>, graph: &Graph<'_>) {
    for (item, started) in world.flows.iter().zip(&graph.started) {
        if item.steps.is_empty() {
            let finding =
                Diagnostic::warning(code::EMPTY_FLOW, item.name.span, format!("the flow `{}` does nothing", item.name.text));
            world.findings.add(finding.help("write a step, or remove the flow"));
        }
        if !started {
            let message = format!("nothing starts the flow `{}`", item.name.text);
            let finding = Diagnostic::warning(code::NOBODY_STARTS, item.name.span, message);
            world.findings.add(
                finding.help(format!("give it a trigger (`on message \"…\"`), or lead to it with `goto {}`", item.name.text)),
            );
        }
    }
}

fn unreachable(world: &World<'_>, graph: &Graph<'_>, labels: Vec<usize>) {
    let reachable = graph.reachable(labels.into_iter());
    let mut said = None;
    for (node, reached) in graph.nodes.iter().zip(reachable) {
        if reached {
            said = None;
        } else if node.written && said != Some(node.flow) {
            // The steps after it are unreachable for the same reason.
            said = Some(node.flow);
            let finding = Diagnostic::warning(code::UNREACHABLE, node.span, "this step can never run");
            world.findings.add(finding.help("what stands before it always leaves; move it or remove it"));
        }
    }
}

fn loops(world: &World<'_>, graph: &Graph<'_>) {
    for component in graph.components() {
        let goes_on = |at: &usize| {
            let edges = graph.nodes.get(*at).into_iter().flat_map(|node| &node.edges);
            edges.filter(|edge| !edge.customer).filter_map(|edge| edge.to).any(|to| component.contains(&to))
        };
        if !component.iter().any(goes_on) {
            continue;
        }
        let steps = || component.iter().filter_map(|at| graph.nodes.get(*at)).filter(|node| node.written);
        let closing = steps().rfind(|node| matches!(node.op, Op::Jump(_) | Op::Goto { .. })).or_else(|| steps().next_back());
        let Some(closing) = closing else { continue };
        let mut finding =
            Diagnostic::error(code::LOOP_WITHOUT_WAIT, closing.span, "this loop can go on without the customer writing")
                .here("from here it begins again");
        if let Some(first) = steps().next().filter(|first| first.span != closing.span) {
            finding = finding.also(first.span, "the loop begins here");
        }
        world
            .findings
            .add(finding.help("put an `ask` or a `choose` into every way around it, or end it with `stop` or `handoff`"));
    }
}
