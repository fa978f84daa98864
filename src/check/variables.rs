//! Which variables a flow has: whatever it asks for, sets, or finds in the named groups of its triggers.

use std::collections::BTreeMap;

use super::expression::{Variable, Variables};
use super::findings::Findings;
use super::kind::{self, Kind};
use super::walk;
use super::world::World;
use crate::bot::Type;
use crate::syntax::tree::{FlowItem, On, StepKind, WaitClauseKind};

/// The variables of a flow, the blocks of the bot's defaults included.
pub(super) fn of(world: &World<'_>, item: &FlowItem) -> Variables {
    let mut all: BTreeMap<String, Variable> = BTreeMap::new();
    let mut add = |name: &str, kind: Kind, asked: Option<Type>| match all.get_mut(name) {
        Some(known) => {
            known.kind = known.kind.join(kind);
            known.asked = None;
        }
        None => {
            all.insert(name.to_owned(), Variable { kind, asked });
        }
    };
    for trigger in &item.triggers {
        if let On::Matching(regex) = &trigger.on {
            kind::groups(regex).iter().for_each(|name| add(name, Kind::Text, None));
        }
    }
    let mut broken = false;
    // What is wrong with a type is said where the step is checked.
    let silent = Findings::default();
    let mut visit = |step: &crate::syntax::tree::Step| match &step.kind {
        StepKind::Ask(ask) => {
            if let ([name], Some(kind)) = (ask.target.as_slice(), &ask.kind) {
                let asked = kind::lower(kind, &silent);
                add(&name.text, asked.as_ref().map_or(Kind::Any, Kind::of_type), asked);
            } else if let [name] = ask.target.as_slice() {
                add(&name.text, Kind::Any, None);
            }
        }
        StepKind::Set { target, value } => {
            if let [name] = target.as_slice() {
                add(&name.text, walk::shallow_kind(value), None);
            }
        }
        StepKind::Broken => broken = true,
        _ => {}
    };
    walk::steps(&item.steps, &mut visit);
    for clause in &world.defaults {
        if let WaitClauseKind::Tries(_, Some(block)) | WaitClauseKind::Within(_, Some(block)) = &clause.kind {
            walk::steps(&block.steps, &mut visit);
        }
    }
    if broken { Variables::Unknown } else { Variables::Some(all) }
}
