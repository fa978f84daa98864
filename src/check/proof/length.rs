//! How long the texts of each step can become.

use std::collections::BTreeMap;

use super::super::shape::{Shape, Shapes};
use super::super::world::World;
use super::print;
use crate::bot::{Bot, Choice, Expr, Filter, Invalid, Op, Piece, Place, StepId, Template, Text, TextProof, Type};
use crate::channel::rules;
use crate::text;

/// UTF-16 units of a rendered text; the engine makes no longer one.
const TEXT_MAX: u64 = 60_000;

/// UTF-16 units of a text that is kept: the engine keeps no more bytes of one value.
const VALUE_MAX: u64 = 16_384;

/// What numbers a label in a text: a line end, up to three digits, a dot and a blank.
const NUMBERED: u64 = 6;

/// How long a text can become, in UTF-16 units, and in how many messages it then leaves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Long {
    pub units: u64,
    pub pieces: i64,
}

impl Long {
    fn or(self, other: Self) -> Self {
        Self { units: self.units.max(other.units), pieces: self.pieces.max(other.pieces) }
    }

    fn of(units: u64) -> Self {
        Self { units, pieces: pieces(units) }
    }
}

/// The longest texts of a step; nothing where it has none.
#[derive(Clone, Debug, Default)]
pub(super) struct StepLengths {
    pub text: Long,
    pub invalid: Long,
    pub nudges: Vec<Long>,
}

pub(super) struct Lengths {
    flows: Vec<Vec<StepLengths>>,
    none: StepLengths,
    /// The confirmations of an opt-out and an opt-in.
    pub confirmations: Vec<Long>,
}

impl Lengths {
    /// `shapes` tells of each flow what its variables can hold.
    pub(super) fn new(world: &World<'_>, bot: &Bot, shapes: &[BTreeMap<String, Shape>]) -> Self {
        let none = BTreeMap::new();
        let flows = world.by_flow(|world, index, _| {
            let variables = shapes.get(index).unwrap_or(&none);
            let ruler = Ruler { bot, shapes: Shapes { contact: &world.contact_shapes, variables } };
            let steps = bot.flows.get(index).map_or(&[][..], |flow| &flow.steps);
            steps.iter().map(|step| ruler.step(&step.op)).collect()
        });
        let said = [&bot.settings.opt_out, &bot.settings.opt_in].into_iter().flatten().filter_map(|words| words.say.as_ref());
        let ruler = Ruler { bot, shapes: Shapes { contact: &world.contact_shapes, variables: &none } };
        let confirmations = said.map(|text| ruler.text(text)).collect();
        Self { flows, none: StepLengths::default(), confirmations }
    }

    pub(super) fn of(&self, at: StepId) -> &StepLengths {
        self.flows.get(at.flow).and_then(|flow| flow.get(at.step)).unwrap_or(&self.none)
    }

    /// The longest text of each step that sends one.
    pub(super) fn texts(&self) -> impl Iterator<Item = TextProof> {
        self.flows.iter().enumerate().flat_map(|(flow, steps)| {
            steps.iter().enumerate().filter_map(move |(step, lengths)| {
                let all = lengths.nudges.iter().chain([&lengths.text, &lengths.invalid]);
                let units = all.map(|long| long.units).max()?;
                (units > 0).then_some(TextProof { step: StepId { flow, step }, units })
            })
        })
    }
}

struct Ruler<'r> {
    bot: &'r Bot,
    shapes: Shapes<'r>,
}

impl Ruler<'_> {
    fn step(&self, op: &Op) -> StepLengths {
        match op {
            Op::Say { text, shorts, .. } => {
                let longest = shorts.iter().map(|short| self.text(short)).fold(self.text(text), Long::or);
                StepLengths { text: longest, ..StepLengths::default() }
            }
            Op::Ask { text, kind, invalid, nudges, .. } => self.question(self.text(text), self.labels(kind), invalid, nudges),
            Op::Choose { text, choices, invalid, nudges, .. } => {
                let label = |choice: &Choice| self.text(&choice.label).units + NUMBERED;
                self.question(self.text(text), choices.iter().map(label).sum(), invalid, nudges)
            }
            _ => StepLengths::default(),
        }
    }

    fn question(&self, title: Long, labels: u64, Invalid(invalid): &Invalid, nudges: &[(i64, Text)]) -> StepLengths {
        let prompt = if labels == 0 { title } else { Long::of(title.units + labels) };
        StepLengths {
            text: prompt,
            invalid: invalid.as_ref().map_or(prompt, |text| self.text(text)),
            nudges: nudges.iter().map(|(_, text)| self.text(text)).collect(),
        }
    }

    /// What a closed type may be answered with, listed under its question.
    fn labels(&self, kind: &Type) -> u64 {
        match kind {
            Type::OneOf(words) => words.iter().map(|word| text::units(&word.label) as u64 + NUMBERED).sum(),
            Type::OneOfList(list) => match self.shapes.of(list) {
                Shape::List { most, of } => most.map_or(100, u64::from).min(100) * (self.printed(&of) + NUMBERED),
                _ => TEXT_MAX,
            },
            Type::List { of, .. } => self.labels(of),
            _ => 0,
        }
    }

    fn text(&self, text: &Text) -> Long {
        text.by_language.iter().flatten().map(|template| self.template(template)).fold(Long::default(), Long::or)
    }

    fn template(&self, template: &Template) -> Long {
        if let [Piece::Literal(literal)] = &*template.pieces {
            // Nothing is open here: the text is cut as it will be.
            let most = rules::TEXT.most();
            let units = text::units(literal);
            let cut = if units > most { text::split(literal, most).len() } else { 1 };
            #[cfg(test)]
            let cut = if super::cost::omitted(super::cost::Omission::Splits) { 1 } else { cut };
            return Long { units: units as u64, pieces: i64::try_from(cut).unwrap_or(i64::MAX / 16) };
        }
        let units = template.pieces.iter().map(|piece| match piece {
            Piece::Literal(literal) => text::units(literal) as u64,
            Piece::Hole(hole) => self.hole(&hole.value, &hole.filters),
        });
        Long::of(units.fold(0, u64::saturating_add).min(TEXT_MAX))
    }

    fn hole(&self, value: &Expr, filters: &[Filter]) -> u64 {
        let shape = self.shapes.of(value);
        let shortened = filters.iter().any(|filter| matches!(filter, Filter::Shorten(_)));
        // A value of which nothing is known is spoken of where it stands.
        let mut units = if shape == Shape::Any && !shortened { 0 } else { self.value(value, &shape) };
        let mut shapes = vec![shape];
        for filter in filters {
            let dressed = shapes.iter().map(|shape| print::dressed(shape, filter)).max().unwrap_or(0);
            units = match filter {
                Filter::Upper | Filter::Lower => units.saturating_mul(print::CASE),
                Filter::Shorten(most) => units.min(print::shortened(*most)),
                Filter::Default(instead) => {
                    let shape = self.shapes.of(instead);
                    let plain = self.value(instead, &shape);
                    shapes.push(shape);
                    units.max(plain)
                }
                // A value that the filter cannot dress stays as it was.
                _ if shapes.iter().all(|shape| print::fits(shape, filter)) => dressed,
                _ => units.max(dressed),
            };
        }
        units
    }

    /// A value without a filter.
    fn value(&self, value: &Expr, shape: &Shape) -> u64 {
        match value {
            Expr::Place(Place::Fault(part)) if part == "reason" => 32,
            Expr::Place(Place::Fault(_)) => {
                let origins = self.bot.flows.iter().flat_map(|flow| &flow.steps).map(|step| text::units(&step.origin.path));
                origins.max().unwrap_or(0) as u64 + 12
            }
            _ => self.printed(shape),
        }
    }

    fn printed(&self, shape: &Shape) -> u64 {
        // Several messages that are answered as one are at most twice as long as one.
        let value = if self.bot.settings.gather.is_some() { 2 * VALUE_MAX + 64 } else { VALUE_MAX };
        print::plain(shape, value).min(TEXT_MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 12, failure_persistence: None, ..proptest::prelude::ProptestConfig::default() })]
        #[test]
        fn no_text_leaves_in_more_pieces(parts in proptest::collection::vec((0_usize..6, 1_usize..7_000), 1..5)) {
            let mut whole = String::new();
            for (kind, long) in parts {
                match kind {
                    0 => whole.push_str(&"word ".repeat(long / 5)),
                    1 => whole.push_str(&"A sentence. ".repeat(long / 12)),
                    2 => whole.push_str(&" ".repeat(long % 7_000)),
                    // One grapheme, as long as a message or longer.
                    3 => whole.push_str(&format!("a{}", "\u{301}".repeat(long % 6_500))),
                    4 => whole.push_str(&"ที่".repeat(long / 3)),
                    _ => whole.push('b'),
                }
            }
            let left = text::split(&whole, 6_000).len() as i64;
            assert!(left <= pieces(text::units(&whole) as u64), "{left} pieces of {}", text::units(&whole));
        }
    }
}
