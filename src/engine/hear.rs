//! A message of the customer: who takes it, by the table of what a waiting run does with an input.

use super::decide::Pool;
use super::state::{Gathered, Heard, Kind, WaitKind};
use super::work::Work;
use super::{Body, Inbound};
use crate::bot::{Gather, OptWords};
use crate::text;

impl Work<'_> {
    pub(super) fn message(&mut self, inbound: &Inbound) {
        let Some(heard) = self.understand(inbound) else {
            self.note("kept", "a reaction opens no window and starts nothing");
            return;
        };
        self.state.ledger.inbound(inbound.at, inbound.received, self.context.skew_ms);
        self.state.last_received = self.state.last_received.max(Some(inbound.received.min(self.now)));
        if !heard.late {
            self.state.newest = Some((heard.at, heard.id.clone()));
        }
        self.offer_held();
        if self.opts(&heard) {
            return;
        }
        if !self.state.stand.is_free() {
            self.note("kept", "for the colleague");
        } else if self.waits() == Some(WaitKind::Image) {
            self.defer(heard);
        } else if heard.late && self.state.run.is_some() {
            self.note("late", "older than a message that was already answered: kept in the history");
        } else {
            self.gather(heard);
        }
    }

    fn understand(&self, inbound: &Inbound) -> Option<Heard> {
        let (kind, said, id) = match &inbound.body {
            Body::Text { text } => (Kind::Text, text.as_str(), None),
            Body::Button { text, id, .. } => (Kind::Button, text.as_str(), Some(id)),
            Body::Image { media_id } => (Kind::Image, "", Some(media_id)),
            Body::Video { .. } => (Kind::Video, "", None),
            Body::Post { item_id, .. } => (Kind::Post, "", Some(item_id)),
            Body::Sticker { .. } => (Kind::Sticker, "", None),
            Body::Emoji { .. } => (Kind::Emoji, "", None),
            Body::Unsupported { .. } => (Kind::Unsupported, "", None),
            Body::Reaction { .. } => return None,
        };
        Some(Heard {
            id: inbound.message_id.clone(),
            at: inbound.at,
            kind,
            text: self.bounded(said),
            parts: Vec::new(),
            media: id.filter(|_| matches!(kind, Kind::Image | Kind::Post)).cloned(),
            button: id.filter(|_| kind == Kind::Button).cloned(),
            first: self.state.newest.is_none(),
            late: self.state.newest.as_ref().is_some_and(|(newest, _)| inbound.at < *newest),
        })
    }

    /// Nobody writes so much by hand; what is longer is cut, not refused.
    fn bounded(&self, said: &str) -> String {
        let most = self.context.limits.value_bytes_max;
        if said.len() <= most { said.to_owned() } else { text::shorten_units(said, most / 4) }
    }

    // --- opt-out and opt-in ----------------------------------------------------------------------------------------

    /// True when the message is dealt with.
    fn opts(&mut self, heard: &Heard) -> bool {
        let settings = &self.bot.settings;
        if self.state.opted_out {
            if !says(settings.opt_in.as_ref(), heard) {
                self.note("kept", "the customer wants no automatic messages");
                return true;
            }
            self.state.opted_out = false;
            self.learn_language(heard);
            self.note("opt_in", "automatic messages are wanted again");
            self.state.message = Some(heard.clone());
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
        if !says(settings.opt_out.as_ref(), heard) {
            return false;
        }
        self.learn_language(heard);
        self.state.message = Some(heard.clone());
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

    fn defer(&mut self, heard: Heard) {
        self.state.message = Some(heard.clone());
        if self.try_triggers(&heard, Pool::Anytime) {
            return;
        }
        if self.state.deferred.len() < self.context.limits.deferred_max {
            self.note("deferred", "until it is known whether images may be sent here");
            self.state.deferred.push_back(heard);
        } else {
            self.note("kept", "too many messages wait");
        }
    }

    fn gather(&mut self, heard: Heard) {
        let Some(Gather { quiet_ms, most_ms }) = self.bot.settings.gather else {
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
        let gathered = self.state.gathered.get_or_insert_with(|| Gathered { texts: Vec::new(), since: now, due: now });
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
    fn hear_after_burst(&mut self, heard: Heard) {
        if self.state.gathered.is_none() {
            self.hear(heard);
            return;
        }
        let mut without = self.clone();
        without.state.gathered = None;
        without.moved = false;
        without.note("gather", "ended by another message that moves the run; its texts stay unanswered");
        without.hear(heard.clone());
        if without.moved {
            *self = without;
        } else {
            self.close_gather();
            self.hear(heard);
        }
    }

    pub(super) fn close_gather(&mut self) {
        let Some(gathered) = self.state.gathered.take() else { return };
        let mut texts = gathered.texts;
        texts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let Some(last) = texts.last() else { return };
        let mut heard = last.clone();
        if texts.len() > 1 {
            self.note("gather", format!("{} texts are answered as one", texts.len()));
            heard.first = texts.iter().any(|text| text.first);
            heard.parts = texts.into_iter().map(|heard| heard.text).collect();
            heard.text = heard.parts.join("\n");
        }
        self.hear(heard);
    }

    // --- the table -------------------------------------------------------------------------------------------------

    /// Decides on one message of a customer whom the bot may answer.
    pub(super) fn hear(&mut self, heard: Heard) {
        // It may have waited in a burst while somebody took over.
        if !self.state.stand.is_free() || self.state.opted_out {
            self.note("kept", "the bot is silent here");
            return;
        }
        self.state.message = Some(heard.clone());
        match self.waits() {
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
            Some(WaitKind::Image) => self.defer(heard),
            Some(WaitKind::Ask | WaitKind::Choose) => self.answer(&heard),
        }
    }
}

/// Whether the whole message is one of these phrases.
fn says(words: Option<&OptWords>, heard: &Heard) -> bool {
    let Some(words) = words else { return false };
    let said = text::fold(&heard.text);
    !said.is_empty() && words.phrases.iter().any(|phrase| text::fold(phrase) == said)
}
