//! Makes a conversation that breaks a rule as short as it gets.

use std::sync::Arc;

use super::material::Material;
use super::player::Player;
use super::rules::Finding;
use crate::bot::{Bot, CustomerAct, TestStep};

/// Conversations that are played for it at most.
const PLAYS_MAX: usize = 1_500;
const DURATIONS: [i64; 5] = [60_000, 3_600_000, 12 * 3_600_000, 24 * 3_600_000, 48 * 3_600_000];

struct Shrink<'a> {
    bot: &'a Arc<Bot>,
    material: &'a Arc<Material>,
    seed: u64,
    finding: &'a Finding,
    plays: usize,
}

/// Fewer acts, then shorter texts and rounder times, as long as the same rule is broken at the same step.
pub(super) fn shrink(player: &Player, finding: &Finding) -> Vec<TestStep> {
    let (bot, material) = (player.stage().bot(), player.material());
    let mut shrink = Shrink { bot, material, seed: player.seed(), finding, plays: 0 };
    let Some(mut acts) = shrink.breaks(player.acts()) else { return player.acts().to_vec() };
    loop {
        let before = acts.len();
        acts = shrink.fewer(acts);
        acts = shrink.simpler(acts);
        if acts.len() == before || shrink.plays >= PLAYS_MAX {
            return acts;
        }
    }
}

impl Shrink<'_> {
    /// The acts up to the one that breaks the rule, where they do.
    fn breaks(&mut self, acts: &[TestStep]) -> Option<Vec<TestStep>> {
        if self.plays >= PLAYS_MAX {
            return None;
        }
        self.plays += 1;
        let (player, found) = Player::replay(self.bot, self.material, self.seed, acts);
        found.filter(|found| found.same(self.finding)).map(|_| player.acts().to_vec())
    }

    /// Leaves out ever smaller stretches.
    fn fewer(&mut self, mut acts: Vec<TestStep>) -> Vec<TestStep> {
        let mut size = acts.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < acts.len() {
                let end = at.saturating_add(size).min(acts.len());
                let kept: Vec<TestStep> =
                    acts.iter().enumerate().filter(|(index, _)| !(at..end).contains(index)).map(|(_, act)| act.clone()).collect();
                match self.breaks(&kept) {
                    Some(fewer) => acts = fewer,
                    None => at = end,
                }
            }
            size /= 2;
        }
        acts
    }

    fn simpler(&mut self, mut acts: Vec<TestStep>) -> Vec<TestStep> {
        for at in 0..acts.len() {
            let simpler = acts.get(at).map(simpler).unwrap_or_default();
            for act in simpler {
                let mut tried = acts.clone();
                if let Some(slot) = tried.get_mut(at) {
                    *slot = act;
                }
                if let Some(kept) = self.breaks(&tried) {
                    acts = kept;
                    break;
                }
            }
        }
        acts
    }
}

/// Simpler acts to try in its place, the simplest first.
fn simpler(act: &TestStep) -> Vec<TestStep> {
    match act {
        TestStep::Customer(CustomerAct::Text(text)) => {
            let letters = text.chars().count();
            let half: String = text.chars().take(letters / 2).collect();
            let words: Vec<&str> = text.split_whitespace().collect();
            let first = words.first().map(|word| (*word).to_owned());
            ["hi".to_owned(), "?".to_owned()]
                .into_iter()
                .filter(|simple| simple.chars().count() < letters)
                .chain(first.filter(|_| words.len() > 1))
                .chain(Some(half).filter(|half| !half.trim().is_empty() && letters > 8))
                .map(|text| TestStep::Customer(CustomerAct::Text(text)))
                .collect()
        }
        TestStep::Customer(CustomerAct::Ad { id, text }) if text != "hi" => {
            vec![TestStep::Customer(CustomerAct::Ad { id: id.clone(), text: "hi".to_owned() })]
        }
        TestStep::After(ms) => DURATIONS.iter().filter(|simple| *simple != ms).map(|simple| TestStep::After(*simple)).collect(),
        TestStep::GivenFetch { method, url, answer: Some((_, Some(_))) } => {
            vec![TestStep::GivenFetch { method: *method, url: url.clone(), answer: Some((500, None)) }]
        }
        _ => Vec::new(),
    }
}
