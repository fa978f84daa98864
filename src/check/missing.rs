//! Values read where they may be missing: a walk over all ways through the flows.

use std::collections::BTreeMap;

use super::facts::{self, Facts};
use super::graph::Graph;
use super::world::World;
use super::{code, walk};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{FlowItem, On, Step};

/// Steps times names that are looked at; a bot beyond is not asked for missing values.
const WORK_MAX: usize = 1_000_000;

/// What has a value before a step: on all ways that lead there, and on some way.
#[derive(Clone, Default, PartialEq)]
struct Known {
    all: Facts,
    some: Facts,
}

/// Reports what is read without a value.
pub(super) fn check(world: &World<'_>, graph: &Graph<'_>) {
    let names: Facts =
        graph.nodes.iter().flat_map(|node| node.edges.iter().flat_map(|edge| edge.gains.iter().cloned())).collect();
    if graph.nodes.len().saturating_mul(names.len() + 1) > WORK_MAX {
        return;
    }
    let known = flow_through(world, graph);
    let mut places: BTreeMap<(u32, u32), &Step> = BTreeMap::new();
    let mut broken = Vec::new();
    for flow in &world.flows {
        let mut unreadable = false;
        walk::steps(&flow.steps, &mut |step| {
            unreadable |= matches!(step.kind, crate::syntax::tree::StepKind::Broken);
            places.entry((step.span.file.0, step.span.start)).or_insert(step);
        });
        broken.push(unreadable || flow.triggers.iter().any(|trigger| matches!(trigger.on, On::Broken)));
    }
    for (node, known) in graph.nodes.iter().zip(&known) {
        let Some(known) = known else { continue };
        if !node.written || broken.get(node.flow).copied().unwrap_or(true) {
            continue;
        }
        for read in facts::reads(node.op, &known.all) {
            let never = facts::is_variable(&read.fact) && !known.some.contains(&read.fact);
            if never || read.printed {
                let step = places.get(&(node.span.file.0, node.span.start)).copied();
                let place = step.and_then(|step| walk::find_name(step, &read.fact)).unwrap_or(node.span);
                report(world, &read.fact, place, never);
            }
        }
    }
}

fn report(world: &World<'_>, fact: &str, place: Span, never: bool) {
    let finding = if never {
        Diagnostic::error(code::NEVER_SET_BEFORE, place, format!("`{fact}` has no value yet"))
            .help("ask for it or set it before this step")
    } else {
        Diagnostic::warning(code::MAY_BE_MISSING, place, format!("`{fact}` may have no value here"))
            .help(format!("write `{{{fact} | default \"…\"}}`, or ask for it before `if {fact} is missing`"))
    };
    world.findings.add(finding);
}

/// What is known before each node; `None` where no run comes.
fn flow_through(world: &World<'_>, graph: &Graph<'_>) -> Vec<Option<Known>> {
    let always: Facts = world
        .fields
        .iter()
        .filter(|field| field.item.default.is_some())
        .map(|field| format!("contact.{}", field.item.name.text))
        .collect();
    let mut known: Vec<Option<Known>> = vec![None; graph.nodes.len()];
    let mut open = Vec::new();
    for (flow, start) in world.flows.iter().zip(&graph.starts) {
        let Some(start) = *start else { continue };
        for groups in entries(flow) {
            let all: Facts = always.iter().cloned().chain(groups).collect();
            let arriving = Known { some: all.clone(), all };
            if meet(&mut known, start, arriving) {
                open.push(start);
            }
        }
    }
    while let Some(at) = open.pop() {
        let (Some(node), Some(Some(here))) = (graph.nodes.get(at), known.get(at).cloned()) else { continue };
        for edge in &node.edges {
            let Some(to) = edge.to else { continue };
            let carry = |facts: &Facts| -> Facts {
                let kept = facts.iter().filter(|fact| !(edge.leaves && facts::is_variable(fact)));
                kept.chain(&edge.gains).cloned().collect()
            };
            let arriving = Known { all: carry(&here.all), some: carry(&here.some) };
            if meet(&mut known, to, arriving) {
                open.push(to);
            }
        }
    }
    known
}

/// What each way into a flow brings: the named groups of its triggers. A flow that only others lead to begins there.
fn entries(flow: &FlowItem) -> Vec<Vec<String>> {
    let of = |on: &On| match on {
        On::Matching(regex) => super::regexes::groups(regex).into_iter().map(|group| group.name).collect(),
        _ => Vec::new(),
    };
    flow.triggers.iter().map(|trigger| of(&trigger.on)).collect()
}

/// Joins what arrives with what was known; whether that changed anything.
fn meet(known: &mut [Option<Known>], at: usize, arriving: Known) -> bool {
    let Some(slot) = known.get_mut(at) else { return false };
    let joined = match slot.as_ref() {
        None => arriving,
        Some(old) => Known {
            all: old.all.intersection(&arriving.all).cloned().collect(),
            some: old.some.union(&arriving.some).cloned().collect(),
        },
    };
    let changed = slot.as_ref() != Some(&joined);
    *slot = Some(joined);
    changed
}
