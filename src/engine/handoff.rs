//! A colleague is asked for, takes the conversation, gives it back.

use std::sync::Arc;

use super::state::{Anchor, Handed, Run, Stand};
use super::steps::Next;
use super::work::{Draft, Fault, Work};
use super::{ColleagueAction, Effect, Written};
use crate::bot::{Handoff, Op, Origin};
use crate::calendar::Moment;
use crate::channel::Content;

impl Work<'_> {
    /// The step: ends the run but for its blocks.
    pub(super) fn hand_off(&mut self, handoff: &Handoff) -> Result<Next, Fault> {
        let note = self.render(&handoff.note)?;
        let live = self.live;
        let team = handoff.team.and_then(|team| self.team(team));
        let hours = team.and_then(|team| self.hours_of_team(team));
        let zone = &live.settings.zone;
        let nobody_at = handoff.nobody_in.and_then(|(ms, _)| match hours {
            None => Some(self.now.plus_ms(ms)),
            Some(hours) => hours.after_open_ms(self.now, ms, zone),
        });
        let name = team.map(|team| team.name.clone());
        self.note("handoff", format_args!("asked for {}: {note}", name.as_deref().unwrap_or("a colleague")));
        let note = self.on_handoff(note, name.as_deref());
        self.effects.push(Effect::HandedOver { team: name.clone(), note });
        self.state.parked = None;
        self.state.stand = Stand::Asked(Box::new(Handed {
            since: self.now,
            team: name,
            release_at: self.now.plus_ms(live.settings.release_after_ms),
            nobody_at,
            anchor: self.state.run.as_ref().map(|run| run.at.clone()),
            version: self.state.run.as_ref().map_or(0, |run| run.version),
        }));
        self.leave_frames();
        let open = hours.is_none_or(|hours| hours.open_at(self.now, zone));
        let Some(block) = (if open { handoff.open } else { handoff.closed }) else { return Ok(Next::Over) };
        if let Some(run) = &mut self.state.run {
            run.block = true;
        }
        Ok(Next::Step(block))
    }

    /// A colleague is asked for because replies ran short.
    pub(super) fn hand_over_short(&mut self, why: &str) {
        if !self.state.stand.is_free() {
            return;
        }
        self.note("handoff", format_args!("asked for a colleague: {why}"));
        let note = self.on_handoff(why.to_owned(), None);
        self.effects.push(Effect::HandedOver { team: None, note });
        self.state.run = None;
        self.state.parked = None;
        self.moved = true;
        self.state.stand = Stand::Asked(Box::new(Handed {
            since: self.now,
            release_at: self.now.plus_ms(self.live.settings.release_after_ms),
            ..Handed::default()
        }));
    }

    pub(super) fn colleague(&mut self, action: ColleagueAction) {
        match action {
            ColleagueAction::TakeOver => self.take("a colleague has taken the conversation", self.now),
            ColleagueAction::Release => self.release("a colleague has released it"),
        }
    }

    /// A colleague writes through us: the bot is silent from now on, and what it had queued is taken back.
    pub(super) fn written(&mut self, written: &Written) {
        self.take("a colleague writes", self.now);
        let draft = Draft {
            flow: Arc::default(),
            keep_apart: true,
            by: Some(written.by.as_str().into()),
            ..self.draft(Content::Text { body: written.text.clone() }, &Origin::default())
        };
        self.drafts.push(draft);
    }

    /// A colleague has it, or has written again at `at`.
    pub(super) fn take(&mut self, why: &str, at: Moment) {
        let release_at = at.plus_ms(self.live.settings.release_after_ms);
        if release_at <= self.now {
            self.note("colleague", "wrote so long ago that the conversation is the bot's again");
            return;
        }
        if let Stand::Taken(handed) = &mut self.state.stand {
            handed.release_at = handed.release_at.max(release_at);
            self.note("colleague", "keeps the conversation");
            return;
        }
        self.note("taken", why);
        let before = match std::mem::take(&mut self.state.stand) {
            Stand::Asked(handed) => handed,
            Stand::Free | Stand::Taken(_) => Box::default(),
        };
        self.state.stand = Stand::Taken(Box::new(Handed { since: self.now, release_at, nobody_at: None, ..*before }));
        self.silence(why);
    }

    fn release(&mut self, why: &str) {
        let handed = match std::mem::take(&mut self.state.stand) {
            Stand::Free => return,
            Stand::Asked(handed) | Stand::Taken(handed) => handed,
        };
        self.note("released", why);
        // A block that still waits belongs to the handoff that is over.
        self.state.run = None;
        let block = |handoff: &Handoff| handoff.released;
        self.block(handed.anchor, handed.version, block);
    }

    pub(super) fn handed_due(&mut self) {
        let now = self.now;
        let Some(handed) = self.state.stand.handed() else { return };
        if handed.release_at <= now {
            self.release("no colleague has written for long");
            return;
        }
        if handed.nobody_at.is_none_or(|at| at > now) {
            return;
        }
        let (anchor, version) = (handed.anchor.clone(), handed.version);
        if let Stand::Asked(handed) | Stand::Taken(handed) = &mut self.state.stand {
            handed.nobody_at = None;
        }
        self.note("handoff", "nobody has come");
        self.block(anchor, version, |handoff| handoff.nobody_in.map(|(_, block)| block));
    }

    /// Runs a block of the handoff at `anchor`.
    fn block(&mut self, anchor: Option<Anchor>, version: u32, which: impl Fn(&Handoff) -> Option<usize>) {
        let Some(anchor) = anchor else { return };
        if self.state.opted_out {
            self.note("kept", "the customer wants no automatic messages");
            return;
        }
        let flow = anchor.flow.clone();
        // Of the version that it began in.
        let before = self.state.run.replace(Run { block: true, ..Run::at(anchor, version) });
        let Some((at, step)) = self.here() else {
            self.note("version", format_args!("the handoff of `{flow}` no longer exists"));
            self.state.run = before;
            return;
        };
        let target = if let Op::Handoff(handoff) = &step.op { which(handoff) } else { None };
        let Some(target) = target else {
            self.state.run = before;
            return;
        };
        self.moved = true;
        self.go_on(at, target);
    }
}
