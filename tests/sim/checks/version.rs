//! What is begun goes on in the version it began in, and what begins, begins in the live one.

use std::collections::{BTreeMap, BTreeSet};

use rejoinder::engine::{Conversation, Effect};

use crate::run::Told;

pub fn check(told: &Told) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    if told.cast.versions.is_empty() {
        return found;
    }
    let versions = |conversation: &Conversation| conversation.places().map(|place| place.version).collect::<BTreeSet<_>>();
    let folder = |digest: &str| told.cast.versions.iter().position(|(_, bot)| bot.digest == digest).map(|place| place + 1);
    // Numbers are given as versions are stored, and not every deployment comes about.
    let named = told.evidence.commits.iter().flat_map(|commit| {
        let older = commit.entry.older.iter().map(|(number, digest)| (*number, digest));
        older.chain([(commit.entry.version, &commit.entry.bot)])
    });
    let named: Vec<_> = named.collect();
    let mut first = BTreeMap::new();
    for (number, digest) in &named {
        if first.entry(*number).or_insert(*digest) != digest {
            found.push((0, format!("version {number} is {} and {digest}", first[number])));
        }
    }
    let folders: BTreeMap<u32, usize> =
        named.into_iter().filter_map(|(number, digest)| Some((number, folder(digest)?))).collect();
    for commit in &told.evidence.commits {
        let lines: Vec<_> = commit.entry.trace.iter().collect();
        for line in lines.iter().filter(|line| line.what == "trigger") {
            let path = line.origin.as_ref().map_or("", |origin| &origin.path);
            let live = folder(&commit.entry.bot);
            if number(path) != live {
                found.push((commit.at, format!("c{:?}: a flow of {path} begins while v{live:?} is live", commit.who)));
            }
        }
        if lines.iter().any(|line| line.what == "trigger" || line.what == "version") {
            continue;
        }
        let before = commit.before.as_deref().map(versions).unwrap_or_default();
        if !versions(&commit.after).is_subset(&before) {
            let text = format!("c{:?}: a run of {before:?} goes on in {:?}", commit.who, versions(&commit.after));
            found.push((commit.at, text));
        }
        for effect in &commit.entry.effects {
            if let Effect::Queue(reply) = effect
                && let Some(number) = number(&reply.origin.path)
                && !before.iter().any(|before| folders.get(before) == Some(&number))
            {
                found.push((commit.at, format!("c{:?}: a run of {before:?} says what v{number} says", commit.who)));
            }
        }
    }
    found
}

/// Of the version whose folder it is.
fn number(path: &str) -> Option<usize> {
    path.strip_prefix('v')?.split('/').next()?.parse().ok()
}
