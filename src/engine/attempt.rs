//! One attempt to send: the mark, which is the point of no return, and how the call ended.

use super::outbox::stand_in;
use super::state::{Bound, Lost, Stage, Suspect};
use super::trace::line;
use super::voice::Voice;
use super::work::Work;
use super::{Effect, End, ReplyId};
use crate::calendar::Moment;
use crate::channel::{NotSent, Outcome, Reason, RefusalScope, Verdict, rules};

/// The call begins so soon after the mark or not at all.
const START_MS: i64 = 2_000;
/// The longest call.
const CALL_MS: i64 = 10_000;
/// Looks at TikTok's list after an attempt's end.
pub(super) const LOOKS_MS: [i64; 3] = [5_000, 30_000, 120_000];
/// Whose message an unclaimed one is becomes certain so long after the attempt's end.
pub(super) const GRACE_MS: i64 = 10_000;
/// Attempts without an outcome that are remembered, for their echoes.
const LOST_MOST: usize = 16;

impl Work<'_> {
    /// The dispatcher has a place: the gate on the newest state, then the mark.
    pub(super) fn may_send(&mut self, id: ReplyId) {
        self.drop_stale();
        if self.state.candidate().is_none_or(|head| head.reply != id) {
            self.note("gate", format_args!("reply {} has not its turn", id.0));
            return;
        }
        let Some((comment, verdict)) = self.verdict_of(id) else { return };
        if verdict != Verdict::Send {
            self.refuse(id, verdict);
            if let Verdict::Hold(reason) = verdict {
                // Nothing overtakes it.
                self.hold_rest(&reason.to_string());
            }
            return;
        }
        // TikTok stamps the message by its own clock, and its list is read by that.
        let begun = self.context.clock;
        let (ends, deadline) = match comment {
            Some(commented) => (commented.plus_ms(rules::WINDOW.value), self.comment_deadline(commented)),
            None => (self.state.ledger.window_ends().unwrap_or(begun), self.deadline()),
        };
        // The setting's promise: nothing leaves within the margin, also what was marked just before it.
        let not_after = begun.plus_ms(START_MS).min(deadline.plus_ms(-1));
        let timeout_ms = CALL_MS.min(ends.since_ms(begun)).max(0);
        self.state.ledger.mark(id.0, begun);
        let follows = comment.or(self.state.ledger.newest());
        let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id) else { return };
        entry.follows = follows;
        entry.attempt = entry.attempt.saturating_add(1);
        entry.stage = Stage::Marked { begun, bound: None };
        let attempt = entry.attempt;
        let left = self.state.ledger.replies_left();
        self.note("gate", line!["reply ", id.0, " leaves, attempt ", attempt, "; replies left ", left]);
        self.effects.push(Effect::Mark { reply: id, attempt, not_after, timeout_ms });
    }

    /// What the gate says of a waiting reply now; the moment of the comment that it answers, if it does.
    fn verdict_of(&self, id: ReplyId) -> Option<(Option<Moment>, Verdict)> {
        let entry = self.state.queue.iter().find(|entry| entry.id == id)?;
        let verdict = match entry.comment {
            Some(commented) => self.ask_gate_on_comment(&stand_in(false), Voice::of_entry(entry), commented, true),
            None => self.ask_gate(&stand_in(entry.image), Voice::of_entry(entry), true),
        };
        Some((entry.comment, verdict))
    }

    /// Nothing is sent at present, and the dispatcher holds the reply's time for over.
    pub(super) fn paused(&mut self, id: ReplyId) {
        self.drop_stale();
        if self.state.candidate().is_none_or(|head| head.reply != id) {
            self.note("gate", format_args!("reply {} has not its turn", id.0));
            return;
        }
        match self.verdict_of(id) {
            None => {}
            Some((_, Verdict::Hold(Reason::WindowClosed) | Verdict::Drop(Reason::CommentOld))) => {
                self.finish_reply(id, End::Dropped, Reason::Paused.sentence(), None);
            }
            // What else the gate says it says again when sending goes on.
            Some(_) => self.note("gate", format_args!("reply {} waits: sending is paused", id.0)),
        }
    }

    /// `ended` by our clock of then, and the latest that TikTok's can have shown.
    pub(super) fn outcome(&mut self, id: ReplyId, attempt: u32, (ended, latest): (Moment, Moment), outcome: &Outcome) {
        let open = self.state.queue.iter().find(|entry| entry.id == id && entry.attempt == attempt && entry.stage.is_open());
        let Some((begun, bound)) = open.and_then(|entry| match &entry.stage {
            Stage::Marked { begun, bound } => Some((*begun, bound.clone())),
            Stage::Unknown { begun, .. } => Some((*begun, None)),
            Stage::Waiting | Stage::Held { .. } => None,
        }) else {
            self.late_outcome(id, outcome);
            return;
        };
        // One attempt of a conversation ends before the next begins.
        self.state.ledger.ended_by(latest);
        match outcome {
            Outcome::Sent { message_id } => {
                let mut shown = None;
                if let Some(bound) = bound {
                    if bound.id == *message_id {
                        shown = Some(bound.at);
                    } else {
                        self.unbind(bound);
                    }
                }
                self.settle(id, message_id, begun, latest, shown, "TikTok's answer");
            }
            Outcome::NotSent(why) => {
                if let Some(bound) = bound {
                    self.unbind(bound);
                }
                self.not_sent(id, why);
            }
            Outcome::Refused { code, text, scope } => {
                if let Some(bound) = bound {
                    self.unbind(bound);
                }
                self.refused(id, begun, latest, (*code, text), *scope);
            }
            Outcome::Unknown { text } => match bound {
                Some(bound) => self.settle(id, &bound.id, begun, latest, Some(bound.at), "its echo"),
                None => self.outcome_unknown(id, begun, (ended, latest), text),
            },
        }
        self.start_grace();
    }

    /// The reply is out: by `latest`, whatever the clocks.
    pub(super) fn settle(
        &mut self,
        id: ReplyId,
        message_id: &str,
        begun: Moment,
        latest: Moment,
        shown: Option<Moment>,
        by: &str,
    ) {
        self.state.ledger.settle_sent(id.0, latest);
        self.state.suspects.retain(|suspect| suspect.id != message_id);
        self.state.ledger.adopt(message_id, id.0);
        if let Some(shown) = shown {
            self.state.ledger.seen_at(id.0, shown);
        }
        self.remember(message_id, id.0);
        let visit =
            self.state.queue.iter().find(|entry| entry.id == id).filter(|entry| entry.prompt).and_then(|entry| entry.visit);
        self.finish_reply(id, End::Sent, &["settled by ", by].concat(), Some(message_id.to_owned()));
        if let Some(visit) = visit {
            let at = shown.unwrap_or_else(|| begun.plus_ms(self.context.skew_ms.saturating_abs().saturating_neg()));
            self.open_wait(visit, id, at);
        }
    }

    /// Surely not sent: the slot is free, the reply waits for another attempt.
    fn not_sent(&mut self, id: ReplyId, why: &NotSent) {
        let text = match why {
            NotSent::Expired => "the time to begin ran out".to_owned(),
            NotSent::NoConnection { text } => format!("no connection: {text}"),
            NotSent::TooFast { .. } => "TikTok allows no more calls at present".to_owned(),
            NotSent::Token { code } => format!("the access token is refused ({code})"),
            NotSent::MediaGone => "TikTok no longer has the uploaded image".to_owned(),
        };
        if *why == NotSent::MediaGone {
            let again = self.state.queue.iter_mut().find(|entry| entry.id == id);
            if again.is_some_and(|entry| std::mem::replace(&mut entry.uploaded_again, true)) {
                self.state.ledger.give_back(id.0);
                self.finish_reply(id, End::Refused, "TikTok lost the uploaded image twice", None);
                return;
            }
        }
        self.note("attempt", format_args!("reply {} was not sent: {text}", id.0));
        self.wait_again(id);
    }

    /// Back to the head of the queue with its slot reserved, or taken back where the bot must be silent.
    pub(super) fn wait_again(&mut self, id: ReplyId) {
        self.state.ledger.give_back(id.0);
        self.state.ledger.reserve(id.0);
        let silent = self.state.stand.is_taken() || self.state.opted_out;
        // The margin may have changed since it was queued: a moment that is past would be offered at once, for ever.
        let commented = self.state.queue.iter().find(|entry| entry.id == id).and_then(|entry| entry.comment);
        let hard = commented.map_or_else(|| self.deadline(), |commented| self.comment_deadline(commented));
        let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id) else { return };
        entry.stage = Stage::Waiting;
        entry.hard = hard;
        let passes = entry.confirmation || entry.colleague;
        if silent && !passes {
            self.finish_reply(id, End::Withdrawn, "the bot must be silent here", None);
        } else if self.state.ledger.is_closed() {
            self.hold_rest("TikTok refuses messages here until the customer writes");
        }
    }

    fn refused(&mut self, id: ReplyId, begun: Moment, latest: Moment, (code, text): (i64, &str), scope: RefusalScope) {
        let reason = format!("TikTok refused it ({code}): {}", crate::text::shorten_units(text, 200));
        if scope == RefusalScope::UntilCustomerWrites && self.state.last_received > Some(begun) {
            // The customer has written since: what TikTok says here is no longer true, but the slot stays spent.
            self.state.ledger.settle_unknown(id.0, latest);
            self.finish_reply(id, End::Refused, &reason, None);
        } else if scope == RefusalScope::UntilCustomerWrites {
            // The slot stays spent, and the same would happen to all that follow.
            self.state.ledger.settle_unknown(id.0, latest);
            self.state.ledger.close();
            self.finish_reply(id, End::Refused, &reason, None);
            self.hold_rest("TikTok refuses messages here until the customer writes");
        } else {
            self.state.ledger.give_back(id.0);
            self.finish_reply(id, End::Refused, &reason, None);
        }
    }

    fn outcome_unknown(&mut self, id: ReplyId, begun: Moment, (ended, latest): (Moment, Moment), text: &str) {
        self.note(
            "attempt",
            format_args!("reply {}: nobody knows whether it arrived: {}", id.0, crate::text::shorten_units(text, 200)),
        );
        self.state.ledger.settle_unknown(id.0, latest);
        if self.state.queue.iter().any(|entry| entry.id == id && entry.comment.is_some()) {
            // TikTok lists no conversation in which it could be found.
            return self.lost(id, begun, ended, "nobody knows whether the answer to the comment arrived");
        }
        let [first, ..] = LOOKS_MS;
        if let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id)
            && matches!(entry.stage, Stage::Marked { .. })
        {
            entry.stage = Stage::Unknown { begun, ended, looks: 0, next: ended.plus_ms(first), looking: false };
        }
    }

    /// Spent, and never sent again; its echo may still come.
    pub(super) fn lost(&mut self, id: ReplyId, begun: Moment, ended: Moment, why: &str) {
        let Some(entry) = self.state.queue.iter().find(|entry| entry.id == id) else { return };
        let (fingerprint, visit) = (entry.fingerprint, entry.visit.filter(|_| entry.prompt));
        self.state.lost.push(Lost { id, fingerprint, begun, ended });
        if self.state.lost.len() > LOST_MOST {
            self.state.lost.remove(0);
        }
        self.state.ledger.settle_unknown(id.0, ended);
        self.finish_reply(id, End::Unknown, why, None);
        if let Some(visit) = visit {
            self.open_wait(visit, id, begun.plus_ms(self.context.skew_ms.saturating_abs().saturating_neg()));
        }
    }

    /// An answer for an attempt that is settled already: at most it tells an id.
    fn late_outcome(&mut self, id: ReplyId, outcome: &Outcome) {
        if let Outcome::Sent { message_id } = outcome {
            if self.state.suspects.iter().any(|suspect| suspect.id == *message_id) {
                self.state.suspects.retain(|suspect| suspect.id != *message_id);
                self.state.ledger.adopt(message_id, id.0);
            }
            self.state.lost.retain(|lost| lost.id != id);
            self.remember(message_id, id.0);
        }
        self.note("attempt", format_args!("reply {}: the attempt is settled already", id.0));
    }

    /// An echo that was taken for ours is somebody else's.
    fn unbind(&mut self, bound: Bound) {
        self.note("echo", "an echo that looked like ours is somebody else's");
        self.foreign(&bound.id, bound.at, bound.api);
    }

    /// Counts at once; whose it is shows after the grace.
    pub(super) fn foreign(&mut self, message_id: &str, at: Moment, api: bool) {
        self.state.ledger.foreign(message_id, at);
        self.remember(message_id, 0);
        let in_flight = self.state.queue.iter().any(|entry| matches!(entry.stage, Stage::Marked { .. }));
        let due = (!in_flight).then(|| self.now.plus_ms(GRACE_MS));
        self.state.suspects.push(Suspect { id: message_id.to_owned(), at, api, due });
        if self.state.suspects.len() > LOST_MOST {
            self.state.suspects.remove(0);
        }
    }

    /// An attempt has ended: what nobody claims is decided on after the grace.
    fn start_grace(&mut self) {
        let due = self.now.plus_ms(GRACE_MS);
        for suspect in &mut self.state.suspects {
            suspect.due = suspect.due.or(Some(due));
        }
    }

    pub(super) fn suspects_due(&mut self) {
        let now = self.now;
        let due: Vec<Suspect> =
            self.state.suspects.iter().filter(|suspect| suspect.due.is_some_and(|due| due <= now)).cloned().collect();
        self.state.suspects.retain(|suspect| suspect.due.is_none_or(|due| due > now));
        for suspect in due {
            if suspect.api {
                self.note("warning", "another program writes here through the API; it counts, and nobody takes over");
            } else {
                self.take("somebody of the business has written", suspect.at);
            }
        }
    }
}
