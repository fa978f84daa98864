//! Steps that never run, flows that nobody starts.

use super::code;
use super::graph::Graph;
use super::world::World;
use crate::diagnostic::Diagnostic;

/// Reports both.
pub(super) fn check(world: &World<'_>, graph: &Graph<'_>, labels: impl Iterator<Item = usize>) {
    not_started(world, graph);
    // What a broken item leads to is not known: any label may be its aim.
    let labels: Vec<usize> = if world.lost.is_empty() { Vec::new() } else { labels.collect() };
    unreachable(world, graph, labels);
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
