//! Triggers of one flow.

use super::code;
use super::expression::{Scope, Variables};
use super::kind;
use super::world::World;
use crate::bot::{self, On};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{self, FlowItem, Phrase};

/// A checked trigger and where it stands.
pub(super) struct Placed<'a> {
    pub trigger: bot::Trigger,
    pub tree: &'a tree::Trigger,
}

/// Checks the triggers of the flow of this index.
pub(super) fn lower<'a>(world: &World<'a>, flow: usize, item: &'a FlowItem) -> Vec<Placed<'a>> {
    let scope = Scope { world, variables: Variables::None };
    let mut list = Vec::new();
    for (ordinal, tree) in item.triggers.iter().enumerate() {
        let when = tree.when.as_ref().map(|when| scope.condition(when));
        if let Some(once) = tree.once_per_ms.as_ref().filter(|once| once.value <= 0) {
            world.findings.add(Diagnostic::error(code::OUT_OF_RANGE, once.span, "`once per` takes a duration above zero"));
        }
        let Some(on) = lower_on(world, &tree.on) else { continue };
        let trigger = bot::Trigger {
            flow,
            on,
            when,
            anytime: match tree.anytime {
                None => bot::Anytime::No,
                Some(tree::Anytime::Replace) => bot::Anytime::Replace,
                Some(tree::Anytime::Resume) => bot::Anytime::Resume,
            },
            once_per_ms: tree.once_per_ms.as_ref().map(|once| once.value),
            priority: tree.priority.as_ref().map_or(0, |priority| priority.value),
            key: format!("{}#{}", item.name.text, ordinal + 1),
            origin: super::origin(world.sources, tree.span),
        };
        list.push(Placed { trigger, tree });
    }
    list
}

fn lower_on(world: &World<'_>, on: &tree::On) -> Option<On> {
    let phrases = |list: &[Phrase]| world.phrases(list).into_iter().map(|(text, _)| text).collect();
    Some(match on {
        tree::On::Words(list) => On::Words(phrases(list)),
        tree::On::Exactly(list) => On::Exactly(phrases(list)),
        tree::On::Starting(list) => On::Starting(phrases(list)),
        tree::On::Like(list) => On::Like(phrases(list)),
        tree::On::Matching(regex) => On::Matching(kind::regex(regex, &world.findings)?),
        tree::On::AnyText => On::AnyText,
        tree::On::Button(name) => {
            if !world.buttons.contains_key(name.text.as_str()) {
                world.unknown(code::UNKNOWN_BUTTON, "label named", name, world.buttons.keys().copied());
            }
            On::Button(name.text.clone())
        }
        tree::On::Image => On::Image,
        tree::On::Ad(id) => On::Ad(id.as_ref().map(|id| id.value.clone())),
        tree::On::Link(reference) => On::Link(reference.as_ref().map(|reference| reference.value.clone())),
        tree::On::FirstMessage => On::FirstMessage,
        tree::On::Fallback => On::Fallback,
        _ => return None,
    })
}
