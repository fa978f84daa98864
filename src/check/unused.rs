//! What nothing uses.

use std::collections::BTreeSet;

use super::code;
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::Name;

/// What a name was looked up as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Words,
    Texts,
    Hours,
    Team,
}

impl Sort {
    const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Texts => "texts",
            Self::Hours => "hours",
            Self::Team => "team",
        }
    }

    fn help(self, name: &str) -> String {
        match self {
            Self::Words => format!("write `@{name}` in a trigger, or remove it"),
            Self::Texts => format!("write `say texts.{name}`, or remove it"),
            Self::Hours => format!("write `hours {name}` in a team or ask `open({name})`, or remove it"),
            Self::Team => format!("write `handoff … to {name}`, or remove it"),
        }
    }
}

/// Reports named things that no file uses. Where something could not be read, it may have used them.
pub(super) fn check(world: &World<'_>) {
    if !world.lost.is_empty() || world.has_broken_steps || world.bot_is_broken() {
        return;
    }
    let used = world.used.borrow();
    let words = world.words.iter().map(|(name, (span, _))| (Sort::Words, *name, *span));
    let name = |sort: Sort, name: &'_ Name| (sort, name.text.clone(), name.span);
    let others: Vec<_> = world
        .texts
        .values()
        .map(|item| name(Sort::Texts, &item.name))
        .chain(world.hours.iter().map(|item| name(Sort::Hours, &item.name)))
        .chain(world.teams.iter().map(|item| name(Sort::Team, &item.name)))
        .collect();
    let others = others.iter().map(|(sort, name, span)| (*sort, name.as_str(), *span));
    for (sort, name, span) in words.chain(others) {
        if !is_used(&used, sort, name) {
            let finding = Diagnostic::warning(code::UNUSED, span, format!("nothing uses the {} `{name}`", sort.name()));
            world.findings.add(finding.help(sort.help(name)));
        }
    }
}

fn is_used(used: &BTreeSet<(Sort, String)>, sort: Sort, name: &str) -> bool {
    used.contains(&(sort, name.to_owned()))
}
