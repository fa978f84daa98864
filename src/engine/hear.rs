//! A message of the customer: who takes it, by the table of what a waiting run does with an input.

use std::sync::Arc;

use super::ahead;
use super::decide::Pool;
use super::state::{Gathered, Heard, Kind, WaitKind};
use super::work::Work;
use super::{Body, Inbound};
use crate::bot::{Gather, OptWords};
use crate::calendar::Moment;
use crate::text;

/// So long after a first message TikTok's own welcome message is waited for.
const WELCOME_MS: i64 = 10_000;

impl Work<'_> {
    pub(super) fn message(&mut self, inbound: &Inbound) {
        if let Some(long) = inbound.congested {
            self.congestion(long);
        }
        if let Some(person) = &inbound.person {
            self.state.person = Some(person.as_str().into());
        }
        if let Body::Reaction { added: false, .. } = inbound.body {
            return self.note("kept", "a reaction was taken back");
        }
        if let Some(run) = &self.state.run {
            ahead::steps(self.bot().flows.get(run.at.hint.0), run.at.step);
        }
        let heard = Arc::new(self.understand(inbound));
        if heard.kind == Kind::Reaction {
            return self.reaction(&heard);
        }
        self.state.ledger.inbound(inbound.at, inbound.received, self.context.skew_ms);
        if inbound.welcomed && heard.first && self.state.ledger.await_welcome(self.now.plus_ms(WELCOME_MS)) {
            self.note("welcome", "one of the ten is kept for TikTok's welcome message");
        }
        self.state.last_received = self.state.last_received.max(Some(inbound.received.min(self.now)));
        self.state.comment = None;
        if !heard.late {
            self.state.fired.clear();
            self.state.calls = 0;
            self.state.newest = Some((heard.at, Arc::clone(&heard.id)));
        }
        self.offer_held("the customer has written");
        if self.opts(&heard) {
            return;
        }
        let calls = self.waits().is_some_and(WaitKind::is_call);
        if !self.state.stand.is_free() {
            self.note("kept", "for the colleague");
        } else if heard.late && self.state.run.is_some() && !calls {
            self.note("late", "older than a message that was already answered: kept in the history");
        } else if let Some(heard) = self.on_message(heard) {
            if calls { self.defer(heard) } else { self.gather(heard) }
        }
    }

    fn understand(&self, inbound: &Inbound) -> Heard {
        let (kind, said, id) = match &inbound.body {
            Body::Text { text } => (Kind::Text, text.as_str(), None),
            Body::Button { text, id, .. } => (Kind::Button, text.as_str(), Some(id)),
            Body::Image { media_id } => (Kind::Image, "", Some(media_id)),
            Body::Video { .. } => (Kind::Video, "", None),
            Body::Post { item_id, .. } => (Kind::Post, "", Some(item_id)),
            Body::Sticker { .. } => (Kind::Sticker, "", None),
            Body::Emoji { .. } => (Kind::Emoji, "", None),
            Body::Unsupported { .. } => (Kind::Unsupported, "", None),
            Body::Reaction { emoji, .. } => (Kind::Reaction, emoji.as_deref().unwrap_or_default(), None),
        };
        let late = self.state.newest.as_ref().is_some_and(|(newest, _)| inbound.at < *newest);
        let before = self.state.last_received.filter(|_| !late);
        Heard {
            id: inbound.message_id.as_str().into(),
            at: inbound.at,
            kind,
            text: self.bounded(said),
            parts: Vec::new(),
            media: id.filter(|_| matches!(kind, Kind::Image | Kind::Post)).cloned(),
            button: id.filter(|_| kind == Kind::Button).cloned(),
            first: self.state.newest.is_none(),
            late,
            silent_ms: before.map(|before| inbound.received.min(self.now).since_ms(before)),
        }
    }

    /// Nobody writes so much by hand; what is longer is cut, not refused.
    pub(super) fn bounded(&self, said: &str) -> String {
        let most = self.context.limits.value_bytes_max;
        if said.len() <= most { said.to_owned() } else { text::shorten_units(said, most / 4) }
    }

    // --- opt-out and opt-in ----------------------------------------------------------------------------------------

    /// True when the message is dealt with.
    fn opts(&mut self, heard: &Arc<Heard>) -> bool {
        let settings = &self.live.settings;
        if self.state.opted_out {
            if !self.says(settings.opt_in.as_ref(), heard) {
                self.note("kept", "the customer wants no automatic messages");
                return true;
            }
            self.state.opted_out = false;
            self.learn_language(heard);
            self.note("opt_in", "automatic messages are wanted again");
            self.state.message = Some(Arc::clone(heard));
            let confirmation = settings.opt_in.as_ref().and_then(|words| words.say.as_ref());
            if self.state.stand.is_free() {
                match confirmation {
                    Some(say) => self.confirm(say, false),
                    None => {
                        self.try_triggers(heard, Pool::Strong);
                    }
                }
            }
            return true;
        }
        if !self.says(settings.opt_out.as_ref(), heard) {
            return false;
        }
        self.learn_language(heard);
        self.state.message = Some(Arc::clone(heard));
        self.note("opt_out", "the customer wants no automatic messages");
        self.state.opted_out = true;
        self.silence("the customer wants no automatic messages");
        if self.state.stand.is_taken() {
            self.note("kept", "no confirmation: a colleague has the conversation");
        } else if let Some(say) = settings.opt_out.as_ref().and_then(|words| words.say.as_ref()) {
            self.confirm(say, true);
        }
        true
    }

    /// Ends the run and takes back all that has not left.
    pub(super) fn silence(&mut self, why: &str) {
        if self.state.run.take().is_some() {
            self.moved = true;
            self.note("ended", why);
        }
        self.state.parked = None;
        self.drafts.clear();
        if self.state.gathered.take().is_some() {
            self.note("gather", "ended; its texts stay unanswered");
        }
        self.state.deferred.clear();
        self.withdraw_all(why);
    }

    // --- waiting for TikTok, and gathering -------------------------------------------------------------------------

    fn defer(&mut self, heard: Arc<Heard>) {
        self.state.message = Some(Arc::clone(&heard));
        if self.try_triggers(&heard, Pool::Anytime) {
            return;
        }
        let bytes = self.state.deferred.iter().map(|heard| heard.text.len()).fold(heard.text.len(), usize::saturating_add);
        let limits = self.context.limits;
        if self.state.deferred.len() < limits.deferred_max && bytes <= limits.value_bytes_max {
            self.note("deferred", "until the answer that the run waits for has come");
            self.state.deferred.push_back(heard);
        } else {
            self.note("kept", "too many messages wait");
        }
    }

    fn gather(&mut self, heard: Arc<Heard>) {
        let Some(Gather { quiet_ms, most_ms }) = self.live.settings.gather else {
            // A bot without `gather` may have taken over from one with it.
            self.close_gather();
            self.hear(heard);
            return;
        };
        if heard.kind != Kind::Text {
            self.hear_after_burst(heard);
            return;
        }
        let now = self.now;
        let gathered = self.state.gathered.get_or_insert_with(|| Box::new(Gathered { texts: Vec::new(), since: now, due: now }));
        gathered.due = now.plus_ms(quiet_ms).min(gathered.since.plus_ms(most_ms));
        gathered.texts.push(heard);
        let full = gathered.texts.len() >= self.context.limits.gathered_max
            || gathered.texts.iter().map(|heard| heard.text.len()).sum::<usize>() >= self.context.limits.value_bytes_max;
        if full || gathered.due <= now {
            self.close_gather();
        } else {
            self.note("gather", "waits for more");
        }
    }

    /// Another kind of message ends the burst: what it moves makes the texts before it history.
    fn hear_after_burst(&mut self, heard: Arc<Heard>) {
        if self.state.gathered.is_none() {
            self.hear(heard);
            return;
        }
        let before = self.snapshot();
        self.state.gathered = None;
        self.moved = false;
        self.note("gather", "ended by another message that moves the run; its texts stay unanswered");
        self.hear(Arc::clone(&heard));
        if !self.moved {
            self.go_back(before);
            self.close_gather();
            self.hear(heard);
        }
    }

    pub(super) fn close_gather(&mut self) {
        let Some(gathered) = self.state.gathered.take() else { return };
        let mut texts = gathered.texts;
        texts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let Some(last) = texts.last() else { return };
        let mut heard = Arc::clone(last);
        if texts.len() > 1 {
            self.note("gather", format_args!("{} texts are answered as one", texts.len()));
            let heard = Arc::make_mut(&mut heard);
            heard.first = texts.iter().any(|text| text.first);
            heard.silent_ms = texts.iter().filter_map(|text| text.silent_ms).max();
            heard.parts = texts.iter().map(|heard| heard.text.clone()).collect();
            heard.text = heard.parts.join("\n");
        }
        self.hear(heard);
    }

    // --- TikTok answers by itself ----------------------------------------------------------------------------------

    /// A welcome message that was waited for in vain: what was held for its sake may leave.
    pub(super) fn forgo_welcome(&mut self) {
        if self.state.ledger.welcome_until().is_some_and(|until| until <= self.now) {
            self.state.ledger.forgo_welcome();
            self.offer_held("TikTok's welcome message did not come");
        }
    }

    fn is_answered_by_tiktok(&self, heard: &Heard) -> bool {
        !self.live.settings.also_after_tiktok && self.state.answered_by_tiktok.is_some_and(|at| at >= heard.at)
    }

    /// An automatic message of TikTok's at `at`: what it answers the bot does not answer again, as far as that can still be
    /// helped. `silent` where nothing of ours had left since the customer's message.
    pub(super) fn tiktok_answers(&mut self, at: Moment, silent: bool) {
        self.state.answered_by_tiktok = self.state.answered_by_tiktok.max(Some(at));
        if self.live.settings.also_after_tiktok {
            return;
        }
        if let Some(gathered) = &mut self.state.gathered {
            gathered.texts.retain(|heard| heard.at > at);
            if gathered.texts.is_empty() {
                self.state.gathered = None;
                self.note("quiet", "TikTok's own automatic message has answered what was gathered");
            }
        }
        let Some((newest, id)) = &self.state.newest else { return };
        if !silent || *newest > at || self.state.started_by.as_ref() != Some(id) {
            return;
        }
        let since = self.state.last_received.unwrap_or(self.now);
        let ours = |entry: &&super::state::Entry| entry.stage == super::state::Stage::Waiting && entry.queued >= since;
        let ids: Vec<super::ReplyId> = self.state.queue.iter().filter(ours).map(|entry| entry.id).collect();
        if ids.is_empty() || self.state.queue.iter().any(|entry| entry.stage.is_open()) {
            return;
        }
        let why = "TikTok's own automatic message has answered it";
        self.state.run = None;
        self.moved = true;
        for id in ids {
            self.finish_reply(id, super::End::Withdrawn, why, None);
        }
        self.note("quiet", "the run that the same message started is over");
        self.resume();
    }

    // --- the table -------------------------------------------------------------------------------------------------

    /// Decides on one message of a customer whom the bot may answer.
    pub(super) fn hear(&mut self, heard: Arc<Heard>) {
        // It may have waited in a burst while somebody took over.
        if !self.state.stand.is_free() || self.state.opted_out {
            self.note("kept", "the bot is silent here");
            return;
        }
        self.state.message = Some(Arc::clone(&heard));
        match self.waits() {
            None | Some(WaitKind::Time) if self.is_answered_by_tiktok(&heard) => {
                self.learn_language(&heard);
                self.note("quiet", "TikTok's own automatic message has answered it");
            }
            None => {
                self.learn_language(&heard);
                if !self.try_triggers(&heard, Pool::All) {
                    self.note("unmatched", "no trigger wants it");
                }
            }
            Some(WaitKind::Time) => {
                self.learn_language(&heard);
                if !self.try_triggers(&heard, Pool::Strong) {
                    self.note("kept", "the run waits for a time");
                }
            }
            Some(WaitKind::Image | WaitKind::Fetch | WaitKind::Script) => self.defer(heard),
            Some(WaitKind::Ask | WaitKind::Choose) => self.answer(&heard),
        }
    }
}

impl Work<'_> {
    /// Whether the whole message is one of these phrases.
    fn says(&self, words: Option<&OptWords>, heard: &Arc<Heard>) -> bool {
        words.is_some_and(|words| self.with_folded(heard, |folded| words.takes(folded)))
    }
}
