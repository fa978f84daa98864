//! In: trees. Out: a bot, or what is wrong with them.
//! Does not know: how anything runs.

mod address;
mod asset;
mod automatic;
mod card;
mod code;
mod conduct;
mod expression;
mod findings;
mod fit;
mod graph;
mod hygiene;
mod image;
mod kind;
mod lower;
mod missing;
mod names;
mod proof;
mod reach;
mod regexes;
mod rivals;
mod script;
mod secret;
mod settings;
mod shape;
mod spread;
mod suggest;
mod template;
mod test_block;
mod time;
mod trigger;
mod unused;
mod variables;
mod walk;
mod words;
mod world;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

pub use self::asset::{Assets, IMAGE_BYTES_MAX, asset};
use self::graph::Graph;
use self::lower::Lowered;
pub use self::words::{BUILTINS, FILTERS, Word};
use self::world::World;
use crate::bot::{Bot, Flow, FlowPlaces, Matcher, Op, Origin, Proof};
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use crate::syntax::{self, tree::Document};

/// Parses and checks all files as one bot. The bot is there exactly when no diagnostic is an error.
/// Diagnostics come in the order of paths and places.
#[must_use]
pub fn compile(sources: &Sources, assets: &Assets) -> (Option<Bot>, Vec<Diagnostic>) {
    let (documents, broken) = parse(sources);
    check(sources, assets, &documents, broken)
}

/// The same on so many cores, where others need the rest.
#[must_use]
pub fn compile_on(cores: usize, sources: &Sources, assets: &Assets) -> (Option<Bot>, Vec<Diagnostic>) {
    let (documents, broken) = parse(sources);
    check_on(cores, sources, assets, &documents, broken)
}

fn parse(sources: &Sources) -> (Vec<Document>, Vec<Diagnostic>) {
    let mut files: Vec<_> = sources.iter().collect();
    files.sort_by(|(_, left), (_, right)| left.path.cmp(&right.path));
    let mut documents = Vec::new();
    let mut broken = Vec::new();
    for (id, file) in files.into_iter().filter(|(_, file)| !script::is_script(&file.path)) {
        let (document, diagnostics) = syntax::parse_file(id, &file.path, &file.text);
        documents.push(document);
        broken.extend(diagnostics);
    }
    (documents, broken)
}

/// Checks documents that come in the order of their paths; `earlier` is what was already found in them.
fn check(sources: &Sources, assets: &Assets, documents: &[Document], earlier: Vec<Diagnostic>) -> (Option<Bot>, Vec<Diagnostic>) {
    let items = documents.iter().map(|document| document.items.len()).sum();
    check_on(spread::cores(items), sources, assets, documents, earlier)
}

/// As [`check`], on so many cores.
fn check_on(
    cores: usize,
    sources: &Sources,
    assets: &Assets,
    documents: &[Document],
    earlier: Vec<Diagnostic>,
) -> (Option<Bot>, Vec<Diagnostic>) {
    let world = World::collect(sources, assets, documents, cores);
    world.findings.extend(earlier);
    let bot = lower(&world);
    let diagnostics = world.findings.finish(sources);
    let bot = if findings::has_error(&diagnostics) { None } else { Some(bot) };
    (bot, diagnostics)
}

fn lower(world: &World<'_>) -> Bot {
    let settings = settings::lower(world);
    let contact = settings::fields(world);
    let (hours, teams) = (settings::hours(world), settings::teams(world));
    let triggers: Vec<_> = world.by_flow(trigger::lower).into_iter().flatten().collect();
    let mut lowered: Vec<Lowered> = world.by_flow(lower::lower);
    resolve_gotos(&mut lowered);
    let tests = test_block::lower(world, &lowered);
    let matcher = judge(world, &lowered, &triggers);
    unused::check(world);
    script::check(world, &lowered);
    let (mut places, mut variables) = (Vec::with_capacity(lowered.len()), Vec::with_capacity(lowered.len()));
    let flows = world.flows.iter().zip(lowered).map(|(item, lowered)| {
        places.push(lowered.places);
        variables.push(lowered.shapes);
        Flow {
            name: item.name.text.as_str().into(),
            title: item.title.as_ref().map(|title| title.value.clone()),
            parameters: lowered.parameters,
            result: lowered.result,
            renamed_from: item.renamed_from.as_ref().map(|old| old.value.clone()),
            steps: lowered.steps,
            labels: lowered.labels,
            labels_before: lower::labels_before(item),
        }
    });
    let flows: Vec<Flow> = flows.collect();
    let triggers: Vec<crate::bot::Trigger> = triggers.into_iter().map(|placed| placed.trigger).collect();
    let mut bot = Bot {
        name: world.bot.map(|bot| bot.name.value.clone()).unwrap_or_default(),
        digest: digest(world.sources, world.assets),
        languages: world.languages.clone(),
        settings,
        words: world.words.iter().map(|(name, (_, phrases))| ((*name).to_owned(), phrases.clone())).collect(),
        contact,
        hours,
        teams,
        flows,
        matcher,
        triggers,
        assets: world.assets.usable().clone(),
        tests,
        scripts: world.assets.scripts().clone(),
        proof: Proof::default(),
        places: FlowPlaces::default(),
    };
    bot.proof = proof::prove(world, &bot, &places, &variables);
    bot
}

/// What shows only where all is seen together; gives the matcher that it needs for that.
fn judge<'a>(world: &World<'a>, lowered: &[Lowered], triggers: &[trigger::Placed<'a>]) -> Matcher {
    let matcher = OnceLock::new();
    let parts: [&(dyn Fn(&World<'a>) + Sync); 4] = [
        &|world| hygiene::check(world),
        &|world| {
            let matcher = matcher.get_or_init(|| Matcher::new(triggers.iter().map(|placed| &placed.trigger)));
            rivals::check(world, triggers, matcher);
            automatic::check(world, triggers, matcher);
        },
        &|world| missing::check(world, lowered, triggers),
        &|world| walk_through(world, lowered, triggers),
    ];
    world.spread(parts.len(), |world, part| parts.get(part).map(|part| part(world)));
    matcher.into_inner().unwrap_or_default()
}

/// What shows only over all ways through all flows.
fn walk_through(world: &World<'_>, lowered: &[Lowered], triggers: &[trigger::Placed<'_>]) {
    let graph = Graph::new(world, lowered);
    let starts = graph.starts.iter().zip(lowered);
    let labels = starts.flat_map(|(start, flow)| flow.labels.values().filter_map(move |at| start.map(|start| start + at)));
    reach::check(world, &graph, labels);
    conduct::check(world, &graph, lowered, triggers);
}

/// Labels of other flows are known once all flows are laid out.
fn resolve_gotos(lowered: &mut [Lowered]) {
    let labels: Vec<BTreeMap<String, usize>> = lowered.iter().map(|flow| flow.labels.clone()).collect();
    for flow in lowered {
        for (at, target, label) in &flow.pending {
            let found = labels.get(*target).and_then(|labels| labels.get(label));
            if let (Some(found), Some(Op::Goto { to: id, .. })) = (found, flow.steps.get_mut(*at).map(|step| &mut step.op)) {
                id.step = *found;
            }
        }
    }
}

/// The version of a bot: everything that was read for it, in the order of paths.
fn digest(sources: &Sources, assets: &Assets) -> String {
    let mut files: Vec<(&str, &str)> = sources.iter().map(|(_, file)| (file.path.as_str(), &*file.text)).collect();
    files.sort_unstable();
    let digests = assets.usable().iter().map(|(path, asset)| (path.as_str(), asset.digest.as_str()));
    let mut hash = Sha256::new();
    for part in files.into_iter().chain(digests).flat_map(|(path, content)| [path, content]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    asset::hex(&hash.finalize())
}

fn origin(sources: &Sources, span: Span) -> Origin {
    // One text for all that stands in the file: a large bot has some ten thousand places.
    let path = sources.file(span.file).map_or_else(std::sync::Arc::default, |file| std::sync::Arc::clone(&file.shared_path));
    Origin { path, line: sources.line(span) }
}

#[cfg(test)]
mod tests;
