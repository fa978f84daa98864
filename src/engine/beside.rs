//! What runs beside a waiting run because the channel's limits come near.

use std::collections::BTreeSet;

use super::run::beginning;
use super::state::Run;
use super::work::Work;
use crate::bot::{StepId, Trigger};
use crate::calendar::Moment;

impl<'a> Work<'a> {
    /// Lets the triggers on the channel's limits fire that are due, each once until the customer writes again.
    pub(super) fn watch_limits(&mut self) {
        let matcher = &self.live.matcher;
        if matcher.closing().is_empty() && matcher.replies_left().is_empty() {
            self.state.limit_due = None;
            return;
        }
        let mut told = BTreeSet::new();
        // Each turn fires one that has not fired yet.
        for _ in 0..=matcher.closing().len().saturating_add(matcher.replies_left().len()) {
            let near = self.limits_near();
            let Some(trigger) = near.iter().copied().find(|trigger| self.takes_part(trigger, &mut told)) else { break };
            self.state.fired.insert(trigger.key.to_string());
            self.run_beside(trigger);
            self.flush();
        }
        self.state.limit_due = self.next_limit();
    }

    /// One that takes no part has not fired: it is asked again with whatever happens next while the limit is near.
    fn takes_part(&mut self, trigger: &'a Trigger, told: &mut BTreeSet<&'a str>) -> bool {
        let Some(why) = self.left_out(self.live, trigger) else { return true };
        if told.insert(&trigger.key) {
            self.note_at("lost", format!("`{}`: {why}", trigger.key), Some(&trigger.origin));
        }
        false
    }

    /// Whether the bot may speak of limits here at all.
    fn limits_count(&self) -> bool {
        !self.state.stand.is_taken() && !self.state.opted_out && self.state.ledger.newest().is_some()
    }

    /// The triggers whose limit is near and that have not fired, the first to fire first.
    pub(super) fn limits_near(&self) -> Vec<&'a Trigger> {
        if !self.limits_count() {
            return Vec::new();
        }
        let bot = self.live;
        let (now, left) = (self.now, self.state.ledger.replies_left());
        let closing = bot.matcher.closing().iter().filter(|(ms, _)| {
            self.state.ledger.window_ends().is_some_and(|ends| ends.plus_ms(ms.saturating_neg()) <= now && now < ends)
        });
        let short = bot.matcher.replies_left().iter().filter(|(least, _)| left <= *least);
        let due = closing.map(|(_, index)| *index).chain(short.map(|(_, index)| *index));
        due.filter_map(|index| bot.triggers.get(index))
            .filter(|trigger| !self.state.fired.contains(trigger.key.as_str()))
            .collect()
    }

    fn next_limit(&self) -> Option<Moment> {
        if !self.limits_count() {
            return None;
        }
        let ends = self.state.ledger.window_ends()?;
        let triggers = self.live.matcher.closing().iter().filter(|(_, index)| {
            self.live.triggers.get(*index).is_some_and(|trigger| !self.state.fired.contains(trigger.key.as_str()))
        });
        triggers.map(|(ms, _)| ends.plus_ms(ms.saturating_neg())).filter(|at| *at > self.now).min()
    }

    /// Runs a flow to its end while the present run goes on waiting; a handoff in it ends that run too.
    fn run_beside(&mut self, trigger: &'a Trigger) {
        let (held, parked, moved) = (self.state.run.take(), self.state.parked.take(), self.moved);
        let stand = self.state.stand.clone();
        self.won(self.live, trigger, "limit");
        self.state.run = Some(Run { beside: true, ..Run::at(beginning(self.live, trigger.flow), self.bots.number) });
        self.proceed(StepId { flow: trigger.flow, step: 0 });
        if self.state.stand == stand {
            (self.state.run, self.state.parked, self.moved) = (held, parked, moved);
        } else if let Some(run) = held {
            self.note("ended", format_args!("`{}`: a colleague is asked for", run.at.flow));
        }
    }
}
