//! Triggers that want the same message. Each phrase is itself a message that its trigger wants, and each expression gives
//! a few; the bot's own matcher says who else wants them. So every overlap that is reported has an example that holds, and
//! the cost grows with the number of phrases, not of pairs.
//!
//! Two keywords that only meet where a customer writes both (`order` and `return` in "return my order") are no overlap:
//! there the longer one, then the earlier one wins, as everywhere.

mod answers;
mod overlaps;
mod twins;
mod wants;

use std::cell::Cell;
use std::collections::HashMap;

use self::wants::{Example, Want};
use super::trigger::Placed;
use super::world::World;
use crate::bot::{Anytime, Beside, Heard, Hit, Matcher, Trigger};

/// Expressions that are asked about other triggers' messages, in all: compiling each takes its time.
const EXPRESSIONS_ASKED_MOST: usize = 2_000;

/// Reports phrases that can never win, those that only file order puts before another, overlaps with an example, and
/// keywords that are answers elsewhere.
pub(super) fn check(world: &World<'_>, triggers: &[Placed<'_>], matcher: &Matcher) {
    let wants: Vec<Want> = triggers.iter().enumerate().flat_map(|(index, placed)| wants::of(world, index, placed)).collect();
    let arena = Arena {
        world,
        triggers,
        matcher,
        beside: Beside { trigger: usize::MAX, expressions_left: Cell::new(EXPRESSIONS_ASKED_MOST) },
        asked: HashMap::new(),
    };
    twins::check(&arena, &wants);
    answers::check(&arena);
    overlaps::check(arena, &wants);
}

/// All triggers, and who wants what.
struct Arena<'a, 'w> {
    world: &'a World<'w>,
    triggers: &'a [Placed<'w>],
    matcher: &'a Matcher,
    beside: Beside,
    /// What was already asked.
    asked: HashMap<Example, Vec<Hit>>,
}

impl<'a> Arena<'a, '_> {
    fn trigger(&self, index: usize) -> Option<&'a Trigger> {
        self.triggers.get(index).map(|placed| &placed.trigger)
    }

    /// The name of the flow that a trigger starts.
    fn flow(&self, index: usize) -> &'a str {
        let flow = self.trigger(index).and_then(|trigger| self.world.flows.get(trigger.flow));
        flow.map_or("", |flow| flow.name.text.as_str())
    }

    /// Who wants this message beside the trigger that it was made for, the first to win first. Asked once for each message.
    fn others(&mut self, example: &Example, trigger: usize) -> &[Hit] {
        if !self.asked.contains_key(example) {
            self.beside.trigger = trigger;
            let hits = self.matcher.hits_beside(&example.heard(), &self.beside);
            self.asked.insert(example.clone(), hits);
        }
        self.asked.get(example).map_or(&[], Vec::as_slice)
    }

    /// All that want it, the first to win first.
    fn all(&self, example: &Example) -> Vec<Hit> {
        self.matcher.hits(&example.heard())
    }
}

impl Example {
    fn heard(&self) -> Heard<'_> {
        Heard { text: Some(&self.text), comment: self.comment, ..Heard::default() }
    }
}

/// Whether nothing keeps `first` from taking part in any state in which `later` could.
fn always_takes_part(first: &Trigger, later: &Trigger) -> bool {
    first.when.is_none() && first.once_per_ms.is_none() && (first.anytime != Anytime::No || later.anytime == Anytime::No)
}
