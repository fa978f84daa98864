//! What there is to reach in a bot.

use std::collections::BTreeSet;

use super::coverage::Part;
use crate::bot::{Bot, Flow, Limit, Op, Origin, Silence, Step, StepId, Text};
use crate::calendar::duration_text;

/// One thing that a test may reach.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub part: Part,
    pub at: StepId,
    pub kind: Kind,
    pub origin: Origin,
    /// What to say where it was missed.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Step,
    Way {
        to: StepId,
    },
    /// Counted from 1.
    Nudge {
        number: usize,
    },
}

/// Everything that there is to reach, flow by flow.
pub(super) fn pieces(bot: &Bot) -> Vec<Piece> {
    let mut all = Vec::new();
    for (flow, of) in bot.flows.iter().enumerate() {
        for (at, step) in of.steps.iter().enumerate() {
            let mut found = Found { of, id: StepId { flow, step: at }, step, all: &mut all, targets: BTreeSet::new() };
            found.step();
            found.branches();
        }
    }
    all
}

struct Found<'a> {
    of: &'a Flow,
    id: StepId,
    step: &'a Step,
    all: &'a mut Vec<Piece>,
    targets: BTreeSet<usize>,
}

impl Found<'_> {
    fn add(&mut self, part: Part, kind: Kind, origin: &Origin, what: impl Into<String>) {
        self.all.push(Piece { part, at: self.id, kind, origin: origin.clone(), what: what.into() });
    }

    /// Steps that an author wrote. A jump is the shape of a block; an end that stands on the line of another step goes
    /// without saying.
    fn step(&mut self) {
        let made = match self.step.op {
            Op::Jump(_) => true,
            Op::Stop | Op::Return(None) => {
                let first = self.of.steps.first().map(|first| &first.origin);
                // What stands before the flow, or in another file, is a default of the bot's.
                first.is_some_and(|first| self.step.origin.path != first.path || self.step.origin.line < first.line)
                    || self.of.steps.iter().any(|other| other.origin == self.step.origin && !is_end(&other.op))
            }
            _ => false,
        };
        if !made {
            self.add(Part::Steps, Kind::Step, &self.step.origin, format!("`{}` never ran", word(&self.step.op)));
        }
    }

    fn way(&mut self, part: Part, target: usize, what: String) {
        // Two ways to the same place cannot be told apart, and need not be.
        if self.targets.insert(target) {
            let to = StepId { flow: self.id.flow, step: target };
            let origin = self.step.origin.clone();
            self.add(part, Kind::Way { to }, &origin, what);
        }
    }

    fn branches(&mut self) {
        let next = self.id.step.saturating_add(1);
        let branch = Part::Branches;
        match &self.step.op {
            Op::Branch { otherwise, .. } => {
                self.way(branch, next, "the condition was never true".to_owned());
                self.way(branch, *otherwise, "the condition was never false".to_owned());
            }
            Op::Match { arms, otherwise, .. } => {
                for (number, (_, target)) in arms.iter().enumerate() {
                    self.way(branch, *target, format!("arm {} of `match` was never taken", number.saturating_add(1)));
                }
                self.way(branch, *otherwise, "`else` of `match` was never taken".to_owned());
            }
            Op::Split { arms, .. } => {
                for arm in arms {
                    self.way(branch, arm.target, format!("way \"{}\" of `split` was never taken", arm.name));
                }
            }
            Op::Image { otherwise, .. } => {
                self.way(branch, next, "the image was never sent".to_owned());
                self.way(branch, *otherwise, "`else` of `image` was never taken".to_owned());
            }
            Op::Turn { end, .. } => {
                self.way(branch, next, "the loop never turned".to_owned());
                self.way(branch, *end, "the loop never ended".to_owned());
            }
            Op::Fetch(fetch) => {
                self.way(branch, next, "the call was never answered well".to_owned());
                for (statuses, target) in &fetch.statuses {
                    let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
                    self.way(branch, *target, format!("`on {}` was never taken", statuses.join(", ")));
                }
                if let Some(otherwise) = fetch.otherwise {
                    self.way(branch, otherwise, "`else` of `fetch` was never taken".to_owned());
                }
            }
            Op::Ask { tries, within, nudges, .. } => {
                self.way(branch, next, "the question was never answered".to_owned());
                self.silences(*tries, *within, nudges);
            }
            Op::Choose { choices, other, tries, within, nudges, .. } => {
                for choice in choices {
                    let label = label(&choice.label);
                    self.way(branch, choice.target, format!("\"{label}\" was never chosen"));
                }
                if let Some(other) = other {
                    self.way(branch, *other, "`other` was never taken".to_owned());
                }
                self.silences(*tries, *within, nudges);
            }
            _ => {}
        }
    }

    /// Where the flow itself says what silence and wrong answers do; what holds everywhere needs no test at each question.
    fn silences(&mut self, tries: Limit, within: Silence, nudges: &[(i64, Text)]) {
        if self.is_written(tries.target) {
            self.way(Part::Silences, tries.target, format!("`tries {}` was never used up", tries.tries));
        }
        if self.is_written(within.target) {
            self.way(Part::Silences, within.target, format!("`within {}` never ran out", duration_text(within.within_ms)));
        }
        for (at, (after, _)) in nudges.iter().enumerate() {
            let number = at.saturating_add(1);
            let what = format!("`nudge after {}` was never said", duration_text(*after));
            self.add(Part::Silences, Kind::Nudge { number }, &self.step.origin, what);
        }
    }

    /// Whether the block at `target` stands in the question: what comes from the bot's defaults stands elsewhere, and
    /// what is implied is an end on the question's own line.
    fn is_written(&self, target: usize) -> bool {
        let Some(step) = self.of.steps.get(target) else { return false };
        let (here, there) = (&self.step.origin, &step.origin);
        there.path == here.path && there.line >= here.line && !(is_end(&step.op) && there.line == here.line)
    }
}

const fn is_end(op: &Op) -> bool {
    matches!(op, Op::Jump(_) | Op::Stop | Op::Return(None))
}

/// The label in the bot's first language, its holes as dots.
fn label(text: &Text) -> String {
    let template = text.by_language.first().and_then(|variants| variants.first());
    let pieces = template.map(|template| &*template.pieces).unwrap_or_default();
    pieces
        .iter()
        .map(|piece| match piece {
            crate::bot::Piece::Literal(text) => text.as_str(),
            crate::bot::Piece::Hole(_) => "…",
        })
        .collect()
}

/// Whether some text of the bot has several variants.
pub(super) fn varies(bot: &Bot) -> bool {
    let several = |text: &Text| text.by_language.iter().any(|variants| variants.len() > 1);
    let confirmations = [&bot.settings.opt_out, &bot.settings.opt_in];
    confirmations.into_iter().flatten().filter_map(|words| words.say.as_ref()).any(several)
        || bot.flows.iter().flat_map(|flow| &flow.steps).any(|step| texts(&step.op).into_iter().any(several))
}

/// The texts that a step may say.
pub(super) fn texts(op: &Op) -> Vec<&Text> {
    match op {
        Op::Say { text, shorts, .. } => std::iter::once(text).chain(shorts).collect(),
        Op::Ask { text, invalid, nudges, .. } => {
            std::iter::once(text).chain(&invalid.0).chain(nudges.iter().map(|(_, text)| text)).collect()
        }
        Op::Choose { text, choices, invalid, nudges, .. } => std::iter::once(text)
            .chain(choices.iter().map(|choice| &choice.label))
            .chain(&invalid.0)
            .chain(nudges.iter().map(|(_, text)| text))
            .collect(),
        _ => Vec::new(),
    }
}

/// The word that an author wrote for the step.
pub(super) const fn word(op: &Op) -> &'static str {
    match op {
        Op::Enter { .. } | Op::Turn { .. } => "repeat",
        other => other.word(),
    }
}
