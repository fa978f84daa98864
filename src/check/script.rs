//! Scripts beside the flows: what is wrong with them, and whether what calls them can.

use std::collections::{BTreeMap, BTreeSet};

use super::code;
use super::lower::Lowered;
use super::suggest;
use super::world::World;
use crate::bot::{Function, Hook, Op, Script};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::tree::Name;

/// Functions of these beginnings are called by `rejoinder test`.
const TESTS: &str = "test_";

/// Whether a file is a script: those are read elsewhere.
pub(super) fn is_script(path: &str) -> bool {
    path.ends_with(".rhai")
}

/// `shop.lead_score(contact, order)`: there, and with as many values as it takes.
pub(super) fn call(world: &World<'_>, script: &Name, function: &Name, values: usize) {
    let scripts = world.assets.scripts();
    let Some(found) = scripts.named(&script.text) else {
        let message = format!("there is no script `{}`", script.text);
        let names = scripts.files.iter().map(|script| script.name.as_str());
        let help = suggest::help(&script.text, names);
        let help = help.unwrap_or_else(|| format!("a script stands in a file beside the flows: `{}.rhai`", script.text));
        return world.findings.add(Diagnostic::error(code::UNKNOWN_SCRIPT, script.span, message).help(help));
    };
    if !found.faults.is_empty() {
        return;
    }
    let named: Vec<&Function> = found.functions.iter().filter(|known| known.name == function.text).collect();
    let span = function.span;
    if named.is_empty() {
        let message = format!("`{}` has no function `{}`", script.text, function.text);
        let finding = Diagnostic::error(code::UNKNOWN_SCRIPT, span, message);
        let names = found.functions.iter().map(|function| function.name.as_str());
        world.findings.add(match suggest::help(&function.text, names) {
            Some(help) => finding.help(help),
            None => finding,
        });
    } else if !named.iter().any(|known| known.parameters == values) {
        let takes: BTreeSet<String> = named.iter().map(|known| known.parameters.to_string()).collect();
        let takes = takes.into_iter().collect::<Vec<_>>().join(" or ");
        let message = format!("`{}.{}` takes {takes} of such values, not {values}", script.text, function.text);
        let mut finding = Diagnostic::error(code::SCRIPT_VALUES, span, message);
        if let (Some(first), Some(file)) = (named.first(), file_of(world, found)) {
            finding = finding.also(Span { file, start: first.start, end: first.end }, "it is written here");
        }
        world.findings.add(finding);
    }
}

/// What is wrong in the files themselves, and what nothing calls.
pub(super) fn check(world: &World<'_>, lowered: &[Lowered]) {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut hooks: BTreeMap<&str, Span> = BTreeMap::new();
    let called: BTreeSet<(&str, &str)> = lowered
        .iter()
        .flat_map(|flow| &flow.steps)
        .filter_map(|step| match &step.op {
            Op::Run { script, function, .. } => Some((script.as_str(), function.as_str())),
            _ => None,
        })
        .collect();
    for script in &world.assets.scripts().files {
        let Some(file) = file_of(world, script) else { continue };
        let span = |start, end| Span { file, start, end };
        for fault in &script.faults {
            let finding = Diagnostic::error(code::BROKEN_SCRIPT, span(fault.start, fault.end), fault.text.clone());
            world.findings.add(match &fault.help {
                Some(help) => finding.help(help.clone()),
                None => finding,
            });
        }
        name(world, script, file, &mut names);
        if !script.faults.is_empty() {
            continue;
        }
        for function in &script.functions {
            if let Some(named) = Hook::named(&function.name) {
                hook(world, named, function, span(function.start, function.end), &mut hooks);
            }
        }
        if world.has_broken_steps {
            continue;
        }
        for function in script.functions.iter().filter(|function| Hook::named(&function.name).is_none()) {
            let is_called = function.is_used
                || function.name.starts_with(TESTS)
                || called.contains(&(script.name.as_str(), function.name.as_str()));
            if !is_called {
                let message = format!("nothing calls the function `{}`", function.name);
                let help = format!("write `run x = {}.{}(…)`, or remove it", script.name, function.name);
                world.findings.add(Diagnostic::warning(code::UNUSED, span(function.start, function.end), message).help(help));
            }
        }
    }
}

/// A function that the bot calls by itself takes what it is handed, and is the only one of its name.
fn hook(world: &World<'_>, hook: Hook, function: &Function, span: Span, hooks: &mut BTreeMap<&'static str, Span>) {
    let name = hook.name();
    if function.parameters != Hook::PARAMETERS {
        let message = format!("the bot calls `{name}` with {} values, and it takes {}", Hook::PARAMETERS, function.parameters);
        let finding = Diagnostic::error(code::SCRIPT_VALUES, span, message);
        return world.findings.add(finding.help(format!("write `fn {name}({})`", hook.takes())));
    }
    if let Some(first) = hooks.insert(name, span) {
        let message = format!("`{name}` stands in two scripts, and the bot calls one");
        let finding = Diagnostic::error(code::SCRIPT_NAME, span, message).also(first, "the other one");
        world.findings.add(finding.help("put what both do into one of them"));
    }
}

/// A step can write the script's name, and means one file by it.
fn name<'w>(world: &World<'w>, script: &'w Script, file: FileId, names: &mut BTreeMap<&'w str, Span>) {
    let beginning = Span { file, start: 0, end: 0 };
    let writable = script.name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && script.name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !writable {
        let message = format!("no step can name the script `{}`", script.name);
        let help = "a script's file is named in small letters, digits and `_`, as `shop.rhai` is";
        world.findings.add(Diagnostic::error(code::SCRIPT_NAME, beginning, message).help(help));
    }
    if let Some(first) = names.insert(&script.name, beginning) {
        let message = format!("there are two scripts named `{}`", script.name);
        let finding = Diagnostic::error(code::SCRIPT_NAME, beginning, message).also(first, "the other one");
        world.findings.add(finding.help("rename one of the two files"));
    }
}

fn file_of(world: &World<'_>, script: &Script) -> Option<FileId> {
    world.sources.iter().find(|(_, file)| file.path == script.path).map(|(id, _)| id)
}
