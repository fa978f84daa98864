//! Names and phrases that are not what they look like.

use std::collections::BTreeMap;

use super::code;
use super::world::World;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Ask, BotItem, Name, On, Phrase, SettingKind, Spanned, StepKind};
use crate::text::{disguised, fold, mixes_scripts, skeleton};

/// Reports look-alike names and phrases that fold to nothing.
pub(super) fn check(world: &World<'_>) {
    look_alikes(world, &names(world));
    for flow in &world.flows {
        for trigger in &flow.triggers {
            if let On::Words(list) | On::Exactly(list) | On::Starting(list) | On::Like(list) = text_form(&trigger.on) {
                phrases(world, list);
            }
        }
        super::walk::steps(&flow.steps, &mut |step| {
            if let StepKind::Choose(choose) = &step.kind {
                choose.options.iter().for_each(|option| phrases(world, &option.also));
            }
        });
    }
    for list in &world.word_lists {
        phrases(world, list);
    }
    if let Some(bot) = world.bot {
        opt_words(world, bot);
    }
    renamed(world);
}

/// What was renamed is no longer there, and only one thing took its place.
fn renamed(world: &World<'_>) {
    let mut taken = BTreeMap::new();
    for flow in &world.flows {
        let still = |old: &str| world.flow_index(old).and_then(|at| world.flows.get(at)).map(|flow| flow.name.span);
        once(world, &mut taken, "flow", flow.renamed_from.as_ref(), still);
    }
    for field in &world.fields {
        let still = |old: &str| world.field_named(old).map(|field| field.item.name.span);
        once(world, &mut taken, "field", field.item.renamed_from.as_ref(), still);
    }
    for (flow, labels) in world.flows.iter().zip(&world.labels) {
        let mut taken = BTreeMap::new();
        super::walk::steps(&flow.steps, &mut |step| {
            if let StepKind::Label { renamed_from, .. } = &step.kind {
                once(world, &mut taken, "label", renamed_from.as_ref(), |old| labels.get(old).copied());
            }
        });
    }
}

/// Reports an old name that something still has, or that was claimed before.
fn once<'t>(
    world: &World<'_>,
    taken: &mut BTreeMap<(&'static str, &'t str), Span>,
    what: &'static str,
    old: Option<&'t Spanned<String>>,
    still: impl Fn(&str) -> Option<Span>,
) {
    let Some(old) = old else { return };
    let (place, words, message) = if let Some(span) = still(&old.value) {
        (span, "this one", format!("there still is a {what} `{}`", old.value))
    } else if let Some(first) = taken.insert((what, &old.value), old.span) {
        (first, "the first one", format!("two of them were the {what} `{}`", old.value))
    } else {
        return;
    };
    let finding = Diagnostic::error(code::RENAMED, old.span, message).also(place, words);
    world.findings.add(finding.help("what customers have goes to one place: say which"));
}

/// The text form of a trigger on comments is checked as any other.
fn text_form(on: &On) -> &On {
    match on {
        On::Comment(Some(form)) => form,
        other => other,
    }
}

fn opt_words(world: &World<'_>, bot: &BotItem) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for setting in &bot.settings {
        let (SettingKind::OptOut { phrases: list, .. } | SettingKind::OptIn { phrases: list, .. }) = &setting.kind else {
            continue;
        };
        phrases(world, list);
        for (text, place) in world.phrases(list) {
            let Some(first) = seen.insert(fold(&text), place) else { continue };
            let finding = Diagnostic::error(code::DEFINED_TWICE, place, format!("`{text}` stands in both or twice"));
            world.findings.add(finding.also(first, "the first one"));
        }
    }
}

fn phrases(world: &World<'_>, list: &[Phrase]) {
    for phrase in list {
        if let Phrase::Text(text) = phrase
            && fold(&text.value).is_empty()
        {
            let finding = Diagnostic::warning(code::EMPTY_PHRASE, text.span, "this can never be found");
            world.findings.add(finding.help("signs and spaces do not count when messages are compared: write a word"));
        }
    }
}

/// A name that mixes scripts, or that reads like another one. Names of all kinds are compared: a reader does not know
/// which kind a name is of before having read it.
fn look_alikes(world: &World<'_>, names: &[&Name]) {
    let mut seen: BTreeMap<String, &Name> = BTreeMap::new();
    for name in names {
        if mixes_scripts(&name.text)
            && let Some((letter, script)) = disguised(&name.text)
        {
            let message = format!("`{}` mixes Latin and {script} letters, which look alike", name.text);
            let help = format!("write it in one script: its `{letter}` is a {script} letter");
            world.findings.add(Diagnostic::warning(code::LOOK_ALIKE, name.span, message).help(help));
        }
        let first = *seen.entry(skeleton(&name.text)).or_insert(name);
        if first.text != name.text {
            let finding = Diagnostic::warning(code::LOOK_ALIKE, name.span, format!("`{}` looks like another name", name.text));
            world.findings.add(finding.also(first.span, "this one").help("give one of them a name that reads differently"));
        }
    }
}

/// Every name that the files bring into being.
fn names<'a>(world: &World<'a>) -> Vec<&'a Name> {
    let mut names: Vec<&'a Name> = world.fields.iter().map(|field| &field.item.name).collect();
    names.extend(world.hours.iter().map(|hours| &hours.name));
    names.extend(world.teams.iter().map(|team| &team.name));
    names.extend(world.texts.values().map(|texts| &texts.name));
    names.extend(&world.word_names);
    for flow in &world.flows {
        names.push(&flow.name);
        names.extend(flow.parameters.iter().map(|parameter| &parameter.name));
        super::walk::steps(&flow.steps, &mut |step| match &step.kind {
            StepKind::Label { name, .. } => names.push(name),
            StepKind::Choose(choose) => names.extend(choose.options.iter().filter_map(|option| option.named.as_ref())),
            StepKind::Ask(Ask { target, .. }) | StepKind::Set { target, .. } | StepKind::Run { target, .. } => {
                names.extend(target.first().filter(|_| target.len() == 1));
            }
            StepKind::Do { into, .. } => names.extend(into.first().filter(|_| into.len() == 1)),
            StepKind::For { item, .. } => names.push(item),
            StepKind::Fetch(fetch) => names.push(&fetch.target),
            _ => {}
        });
    }
    if let Some(bot) = world.bot {
        for setting in &bot.settings {
            if let SettingKind::Secret(secrets) = &setting.kind {
                names.extend(secrets);
            }
        }
    }
    names.sort_by_key(|name| (name.span.file, name.span.start));
    names.dedup_by(|later, first| later.text == first.text && later.span == first.span);
    names
}
