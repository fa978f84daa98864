//! What a step costs by itself: messages, time, and whether it may fail.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::length::Lengths;
use super::opening;
use crate::bot::{Bot, Expr, Fetch, Handoff, Op, Piece, Place, StepId, Template, Text, WaitFor};

const SECOND_MS: i64 = 1_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// So long an image waits to hear whether it may be sent.
const CAPABILITY_MS: i64 = 30 * SECOND_MS;

/// So long a script's function may be waited for.
const SCRIPT_MS: i64 = 10 * SECOND_MS;

/// A part of the analysis that a test leaves out, to see that it is missed.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Omission {
    Nudges,
    Resumes,
    Pauses,
    LastTurn,
    Released,
    Faults,
    Splits,
    Callers,
    Reactions,
    /// Not of the analysis but of the engine: each reaction fires once until the customer writes.
    Once,
}

#[cfg(test)]
thread_local! {
    pub(in crate::check) static OMITTED: std::cell::Cell<Option<Omission>> = const { std::cell::Cell::new(None) };
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// The most messages.
    pub sends: i64,
    /// When the last of them leaves, from the beginning of the step.
    pub last_ms: Option<i64>,
    /// How long the step takes at most while the customer is silent.
    pub passes_ms: i64,
    /// Where the step may fail: the messages that may have left before, and how long it may have taken.
    pub fails: Option<(i64, i64)>,
}

pub(super) struct Costs<'c> {
    bot: &'c Bot,
    lengths: &'c Lengths,
    /// How long hours keep somebody waiting, by their index and the open time that is waited for.
    opening: Mutex<BTreeMap<(usize, i64), i64>>,
    /// The most by which the clocks of the bot's zone are put back at once.
    back_ms: i64,
}

impl<'c> Costs<'c> {
    pub(super) fn new(bot: &'c Bot, lengths: &'c Lengths) -> Self {
        Self { bot, lengths, opening: Mutex::default(), back_ms: bot.settings.zone.changes().back_ms }
    }

    pub(super) fn of(&self, at: StepId, op: &Op) -> Cost {
        let sends = |sends: i64| Cost { sends, last_ms: Some(0), ..Cost::default() };
        let passes = |passes_ms: i64| Cost { passes_ms, ..Cost::default() };
        let mut cost = match op {
            Op::Say { .. } => sends(self.said(at)),
            Op::Image { .. } => Cost { last_ms: Some(CAPABILITY_MS), passes_ms: CAPABILITY_MS, ..sends(1) },
            Op::Post { .. } => sends(1),
            Op::Ask { within, nudges, .. } | Op::Choose { within, nudges, .. } => {
                let last = nudges.last().map_or(0, |(ms, _)| *ms);
                let sent = self.said(at) + self.nudges(at);
                Cost { last_ms: Some(last), passes_ms: within.within_ms, ..sends(sent) }
            }
            Op::Wait(WaitFor::Duration(ms)) => passes(*ms),
            // The next one: at most a day and the time by which clocks are put back.
            Op::Wait(WaitFor::Time(_)) => passes(DAY_MS + self.back_ms + self.bot.settings.spread_ms),
            Op::Wait(WaitFor::Open(hours)) => passes(self.until_ms(*hours, 0).saturating_add(self.bot.settings.spread_ms)),
            Op::Fetch(fetch) => passes(fetch_ms(fetch)),
            Op::Run { .. } => passes(SCRIPT_MS),
            _ => Cost::default(),
        };
        cost.fails = may_fail(op).then(|| match op {
            // A nudge may fail, after those before it.
            Op::Ask { .. } | Op::Choose { .. } => (cost.sends, cost.last_ms.unwrap_or(0)),
            _ => (0, cost.passes_ms),
        });
        cost
    }

    /// Messages that say that an answer does not fit, and the nudges after it.
    pub(super) fn invalid(&self, at: StepId) -> i64 {
        self.lengths.of(at).invalid.pieces + self.nudges(at)
    }

    fn said(&self, at: StepId) -> i64 {
        self.lengths.of(at).text.pieces
    }

    fn nudges(&self, at: StepId) -> i64 {
        #[cfg(test)]
        if omitted(Omission::Nudges) {
            return 0;
        }
        self.lengths.of(at).nudges.iter().map(|nudge| nudge.pieces).sum()
    }

    /// How long it takes at most until the team has been in for `ms`. Nobody is waited for any more once the conversation
    /// has gone back to the bot.
    pub(super) fn nobody_ms(&self, handoff: &Handoff, ms: i64) -> i64 {
        let team = handoff.team.and_then(|team| self.bot.teams.get(team));
        let reached = team.and_then(|team| team.hours).map_or(ms, |hours| self.until_ms(hours, ms));
        reached.min(self.bot.settings.release_after_ms)
    }

    fn until_ms(&self, hours: usize, need_ms: i64) -> i64 {
        let mut known = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry((hours, need_ms)).or_insert_with(|| {
            self.bot.hours.get(hours).map_or(0, |hours| opening::until_ms(hours, need_ms, &self.bot.settings.zone))
        })
    }
}

/// Whether a test has this left out.
#[cfg(test)]
pub(super) fn omitted(what: Omission) -> bool {
    OMITTED.get() == Some(what)
}

/// All tries and the pauses of 1 s, 2 s, … between them.
pub(super) fn fetch_ms(fetch: &Fetch) -> i64 {
    let retry = i64::from(fetch.retry);
    let pauses = retry.saturating_mul(retry + 1) / 2 * SECOND_MS;
    #[cfg(test)]
    let pauses = if omitted(Omission::Pauses) { 0 } else { pauses };
    fetch.timeout_ms.saturating_mul(retry + 1).saturating_add(pauses)
}

/// Whether a run may end in this step by a fault.
fn may_fail(op: &Op) -> bool {
    match op {
        Op::Say { text, shorts, .. } => has_holes(text) || shorts.iter().any(has_holes),
        Op::Image { file: template, .. } | Op::Post { item_id: template } | Op::Note(template) => holes(template),
        Op::Handoff(handoff) => holes(&handoff.note),
        Op::Branch { .. }
        | Op::Match { .. }
        | Op::Jump(_)
        | Op::Goto { .. }
        | Op::Stop
        | Op::Return(_)
        | Op::Typing
        | Op::Seen
        | Op::Tag { .. }
        | Op::Goal(_)
        | Op::Split { .. }
        | Op::Wait(_) => false,
        // A question may remain unsent; everything else computes, calls or counts.
        Op::Ask { .. }
        | Op::Choose { .. }
        | Op::Set { .. }
        | Op::Emit { .. }
        | Op::Enter { .. }
        | Op::Turn { .. }
        | Op::Do { .. }
        | Op::Fetch(_)
        | Op::Run { .. } => true,
    }
}

fn has_holes(text: &Text) -> bool {
    text.by_language.iter().flatten().any(holes)
}

fn holes(template: &Template) -> bool {
    // What never fails to have a value needs no fault.
    template.pieces.iter().any(|piece| match piece {
        Piece::Literal(_) => false,
        Piece::Hole(hole) => !matches!(hole.value, Expr::Value(_) | Expr::Place(Place::Now | Place::RepliesLeft)),
    })
}
