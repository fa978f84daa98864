//! In: a checked bot and a seed. Out: made-up conversations that break what must always hold, each as short as it gets
//! and written as a `test`.
//! Does not know: clocks and terminals; whoever calls decides how long it goes on.

mod chance;
mod choose;
mod material;
mod paste;
mod player;
mod rules;
mod shrink;
mod tree;
mod value;

use std::sync::Arc;

use chance::Chance;
use material::Material;
use player::Player;

pub use rules::{Finding, Rule};

use super::coverage::{Coverage, Reached};
use crate::bot::Bot;

/// Conversations that are kept because they reached something new.
const KEPT_MAX: usize = 200;
/// Different findings after which there is enough to mend.
const FOUND_MAX: usize = 10;

/// What to try.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The same seed tries the same conversations.
    pub seed: u64,
    /// Conversations that are tried at most.
    pub conversations: u64,
    /// Acts of one conversation at most.
    pub acts: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, conversations: 1_000, acts: 40 }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub conversations: u64,
    /// Ways from step to step that were seen.
    pub ways: usize,
    pub found: usize,
}

/// A conversation that breaks a rule.
#[derive(Clone, Debug)]
pub struct Broken {
    pub finding: Finding,
    /// A `test` block that fails alike, ready to paste.
    pub test: String,
    /// Whether that test was run and fails. Not where only the bot's own draws or a repetition show it.
    pub reproduced: bool,
    /// Lines of the test.
    pub lines: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub progress: Progress,
    pub broken: Vec<Broken>,
    pub coverage: Coverage,
}

/// Tries conversations until their number is up, `go_on` says no, or enough is found. The same bot and options give the
/// same conversations in the same order.
pub fn fuzz(bot: &Arc<Bot>, options: &Options, go_on: &mut dyn FnMut(&Progress) -> bool) -> Report {
    let mut chance = Chance::new(options.seed);
    let material = Arc::new(Material::new(bot));
    let mut reached = Reached::default();
    let mut kept: Vec<Player> = Vec::new();
    let mut report = Report::default();
    while report.progress.conversations < options.conversations && report.broken.len() < FOUND_MAX && go_on(&report.progress) {
        report.progress.conversations += 1;
        let mut player = match chance.percent(55).then(|| chance.pick(&kept)).flatten() {
            Some(before) => before.clone(),
            None => Player::new(bot, &material, options.seed),
        };
        let finding = converse(&mut player, &mut chance, options.acts, &mut |player| {
            let before = reached.count();
            reached.add(player.reached());
            let new = reached.count() > before;
            if new {
                if kept.len() >= KEPT_MAX {
                    kept.remove(0);
                }
                kept.push(player.clone());
            }
        });
        report.progress.ways = reached.count();
        if let Some(finding) = finding
            && !report.broken.iter().any(|known| known.finding.same(&finding))
        {
            report.broken.push(paste::broken(bot, &player, finding, report.progress.conversations));
            report.progress.found = report.broken.len();
        }
    }
    report.coverage = Coverage::of(bot, &reached);
    report
}

/// One conversation, up to the first thing that breaks a rule. `seen` is told after every act.
fn converse(player: &mut Player, chance: &mut Chance, acts: usize, seen: &mut dyn FnMut(&Player)) -> Option<Finding> {
    if player.acts().is_empty() {
        for act in choose::opening(player.stage().bot(), player.material(), chance) {
            player.act(&act, chance);
        }
    }
    while player.acts().len() < acts {
        for act in choose::next(player, chance) {
            if let Some(finding) = player.act(&act, chance) {
                return Some(finding);
            }
            seen(player);
        }
        if let Some(finding) = player.probe(chance) {
            return Some(finding);
        }
    }
    player.end(chance)
}

#[cfg(test)]
mod tests;
