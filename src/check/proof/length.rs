//! How long the texts of each step can become.

use crate::bot::{Bot, Invalid, Op, Piece, StepId, Text};
use crate::channel::rules;
use crate::text;

/// The longest texts of a step, in UTF-16 units.
#[derive(Clone, Debug, Default)]
pub(super) struct StepLengths {
    pub text: u64,
    pub invalid: u64,
    pub nudges: Vec<u64>,
}

pub(super) struct Lengths {
    flows: Vec<Vec<StepLengths>>,
    none: StepLengths,
}

impl Lengths {
    pub(super) fn new(bot: &Bot) -> Self {
        let flows = bot.flows.iter().map(|flow| flow.steps.iter().map(|step| of_op(&step.op)).collect()).collect();
        Self { flows, none: StepLengths::default() }
    }

    pub(super) fn of(&self, at: StepId) -> &StepLengths {
        self.flows.get(at.flow).and_then(|flow| flow.get(at.step)).unwrap_or(&self.none)
    }
}

fn of_op(op: &Op) -> StepLengths {
    let longest = |text: &Text| {
        text.by_language
            .iter()
            .flatten()
            .map(|template| {
                template
                    .pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(literal) => text::units(literal) as u64,
                        Piece::Hole { .. } => 0,
                    })
                    .sum()
            })
            .max()
            .unwrap_or(0)
    };
    match op {
        Op::Say { text, shorts, .. } => {
            StepLengths { text: shorts.iter().map(longest).fold(longest(text), u64::max), ..StepLengths::default() }
        }
        Op::Ask { text, invalid: Invalid(invalid), nudges, .. } | Op::Choose { text, invalid: Invalid(invalid), nudges, .. } => {
            let prompt = longest(text);
            StepLengths {
                text: prompt,
                invalid: invalid.as_ref().map_or(prompt, longest),
                nudges: nudges.iter().map(|(_, text)| longest(text)).collect(),
            }
        }
        _ => StepLengths::default(),
    }
}

/// The most messages that a text of so many units leaves in.
///
/// A cut stands at a place where the piece is at least half full, or behind the last grapheme that fits. Only a
/// grapheme that is itself longer than half a message can leave a piece emptier, and then this piece and the next are
/// together longer than one message. So all pieces but the last two take 3 000 units each, and what is left when the
/// last but one is cut is longer than 6 000; one more piece is left for a long grapheme at that place.
pub(super) fn pieces(units: u64) -> i64 {
    let most = rules::TEXT.most() as u64;
    #[cfg(test)]
    if super::cost::omitted(super::cost::Omission::Splits) {
        return 1;
    }
    if units <= most {
        return 1;
    }
    i64::try_from((units - most - 1) / (most / 2) + 3).unwrap_or(i64::MAX / 16)
}
