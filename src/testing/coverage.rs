//! What of a bot its tests reached: steps, branches, silences.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{Kind, Piece, pieces};
use crate::bot::{Bot, Origin, StepId};
use crate::engine::{Status, Trace};

/// Where conversations have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    steps: BTreeSet<StepId>,
    ways: BTreeSet<(StepId, StepId)>,
    /// How many nudges of a question were said, by the question.
    nudges: BTreeMap<StepId, usize>,
    /// Nudges of the question that waits now.
    nudged: usize,
}

impl Reached {
    pub(super) fn ways(&mut self, ways: &[(StepId, StepId)]) {
        self.ways.extend(ways);
    }

    pub(super) fn steps(&mut self, steps: &[StepId]) {
        self.steps.extend(steps);
    }

    /// Takes in what a sprint told of itself; `status` is how it ended. Nudges leave no way behind.
    pub(super) fn told(&mut self, bot: &Bot, trace: &[Trace], status: &Status) {
        for line in trace {
            match &*line.what {
                "nudge" => self.nudged = self.nudged.saturating_add(1),
                "step" | "answer" | "resumed" => self.nudged = 0,
                _ => {}
            }
        }
        if self.nudged > 0
            && let Some(step) = standing(bot, status)
        {
            let most = self.nudges.entry(step).or_default();
            *most = self.nudged.max(*most);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.steps.extend(&other.steps);
        self.ways.extend(&other.ways);
        for (step, count) in &other.nudges {
            let most = self.nudges.entry(*step).or_default();
            *most = (*most).max(*count);
        }
    }

    /// How many ways and nudges were seen.
    pub(super) fn count(&self) -> usize {
        self.ways.len().saturating_add(self.nudges.values().sum())
    }

    fn has(&self, piece: &Piece) -> bool {
        match piece.kind {
            Kind::Step => self.steps.contains(&piece.at),
            Kind::Way { to } => self.ways.contains(&(piece.at, to)),
            Kind::Nudge { number } => self.nudges.get(&piece.at).is_some_and(|count| *count >= number),
        }
    }
}

fn standing(bot: &Bot, status: &Status) -> Option<StepId> {
    let (name, step) = status.place.as_ref()?;
    let flow = bot.flows.iter().position(|flow| *flow.name == **name)?;
    Some(StepId { flow, step: *step })
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Steps,
    /// The ways out of a step that has several.
    Branches,
    /// `within`, `tries` and `nudge`, where a flow writes them.
    Silences,
}

impl Part {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Branches => "branches",
            Self::Silences => "silences",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub reached: usize,
    pub total: usize,
}

impl Share {
    /// Whole percent, rounded down; all of nothing is a hundred.
    #[must_use]
    pub const fn percent(self) -> usize {
        match self.reached.saturating_mul(100).checked_div(self.total) {
            Some(percent) => percent,
            None => 100,
        }
    }
}

/// Something that no test reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    pub origin: Origin,
    pub part: Part,
    /// `say never ran`, `else never taken`.
    pub what: String,
}

/// What all tests together reached of a bot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub steps: Share,
    pub branches: Share,
    pub silences: Share,
    /// By path and line. A branch into a step that is missed itself is not told of twice.
    pub missed: Vec<Missed>,
}

impl Coverage {
    /// Of these outcomes, over the whole bot.
    #[must_use]
    pub fn new(bot: &Bot, outcomes: &[super::Outcome]) -> Self {
        let mut reached = Reached::default();
        for outcome in outcomes {
            reached.add(&outcome.reached);
        }
        Self::of(bot, &reached)
    }

    pub(super) fn of(bot: &Bot, reached: &Reached) -> Self {
        let mut coverage = Self::default();
        let pieces = pieces(bot);
        let steps_missed: BTreeSet<StepId> =
            pieces.iter().filter(|piece| piece.part == Part::Steps && !reached.has(piece)).map(|piece| piece.at).collect();
        for piece in &pieces {
            let has = reached.has(piece);
            let share = match piece.part {
                Part::Steps => &mut coverage.steps,
                Part::Branches => &mut coverage.branches,
                Part::Silences => &mut coverage.silences,
            };
            share.total = share.total.saturating_add(1);
            share.reached = share.reached.saturating_add(usize::from(has));
            let told = match piece.kind {
                Kind::Way { to } if piece.part == Part::Branches => {
                    steps_missed.contains(&piece.at) || steps_missed.contains(&to)
                }
                _ => false,
            };
            if !has && !told {
                let missed = Missed { origin: piece.origin.clone(), part: piece.part, what: piece.what.clone() };
                if !coverage.missed.contains(&missed) {
                    coverage.missed.push(missed);
                }
            }
        }
        coverage.missed.sort_by(|a, b| (&a.origin.path, a.origin.line, a.part).cmp(&(&b.origin.path, b.origin.line, b.part)));
        coverage
    }

    /// The lowest of the three shares, in percent.
    #[must_use]
    pub fn lowest(&self) -> usize {
        self.steps.percent().min(self.branches.percent()).min(self.silences.percent())
    }
}
