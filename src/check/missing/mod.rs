//! Values read where they may be missing: a walk over all ways through the flows.

mod facts;
mod rows;
mod solve;
mod ways;

use std::collections::BTreeMap;

use self::solve::Solved;
use super::lower::Lowered;
use super::shape::Shapes;
use super::trigger::Placed;
use super::world::World;
use super::{code, walk};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{On, Step, StepKind};

/// Reports what is read without a value.
pub(super) fn check(world: &World<'_>, flows: &[Lowered], triggers: &[Placed<'_>]) {
    let solved = Solved::new(world, flows, triggers);
    for (at, (item, flow)) in world.flows.iter().zip(flows).enumerate() {
        let mut found = Vec::new();
        let shapes = Shapes { contact: &world.contact_shapes, variables: &flow.shapes };
        for (step, (op, (span, written))) in flow.steps.iter().map(|step| &step.op).zip(&flow.places).enumerate() {
            if !written || !solved.reached(at, step) {
                continue;
            }
            for read in facts::reads(op, shapes, &|fact| solved.surely(at, step, fact)) {
                let never = !read.fact.contains(['.', '[']) && !solved.perhaps(at, step, &read.fact);
                if never || read.printed {
                    found.push((read.fact, *span, never));
                }
            }
        }
        if found.is_empty() || item.triggers.iter().any(|trigger| matches!(trigger.on, On::Broken)) {
            continue;
        }
        let mut broken = false;
        let mut places: BTreeMap<(u32, u32), &Step> = BTreeMap::new();
        walk::steps(&item.steps, &mut |step| {
            broken |= matches!(step.kind, StepKind::Broken);
            places.entry((step.span.file.0, step.span.start)).or_insert(step);
        });
        if broken {
            continue;
        }
        for (fact, span, never) in found {
            let step = places.get(&(span.file.0, span.start)).copied();
            report(world, &fact, step.and_then(|step| walk::find_name(step, &fact)).unwrap_or(span), never);
        }
    }
}

fn report(world: &World<'_>, fact: &str, place: Span, never: bool) {
    let simple = !fact.contains(['.', '[']) || fact.starts_with("contact.");
    let finding = if never && simple {
        Diagnostic::error(code::NEVER_SET_BEFORE, place, format!("`{fact}` has no value yet"))
            .help("ask for it or set it before this step")
    } else {
        let otherwise = if simple { "ask for it before `if" } else { "look before with `if" };
        let finding = Diagnostic::warning(code::MAY_BE_MISSING, place, format!("`{fact}` may have no value here"));
        let rest = if simple { "is missing`" } else { "is missing { … }`" };
        finding.help(format!("write `{{{fact} | default \"…\"}}`, or {otherwise} {fact} {rest}"))
    };
    world.findings.add(finding);
}
