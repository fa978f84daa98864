//! Comments and reactions: what a customer does that is no message. Neither opens a window.

use std::sync::Arc;

use super::decide::Pool;
use super::state::{Commented, Heard, Kind};
use super::work::Work;
use super::{Comment, Conversation};
use crate::calendar::Moment;

/// TikTok refuses an answer to a comment of somebody with whom there was contact within this time (Direct reply).
const CONTACT_MS: i64 = 24 * 60 * 60 * 1_000;

impl Conversation {
    /// Why no comment of the customer is answered as the conversation stands.
    #[must_use]
    pub fn silent_on_comments(&self, now: Moment) -> Option<&'static str> {
        if self.opted_out {
            Some("the customer wants no automatic messages")
        } else if !self.stand.is_free() {
            Some("a colleague has the conversation, or is asked for")
        } else if self.run.is_some() {
            Some("a run waits, which no comment ends")
        } else if self.last_received.is_some_and(|at| now.since_ms(at) < CONTACT_MS) {
            Some("the customer wrote within a day: TikTok lets nobody answer a comment by a message then")
        } else {
            None
        }
    }
}

impl Work<'_> {
    /// A comment under one of the account's posts: it may be answered by one text.
    pub(super) fn comment(&mut self, comment: &Comment) {
        let known = self.state.comment.as_ref().is_some_and(|known| known.id == comment.comment_id);
        if known {
            return self.note("comment", "known already");
        }
        let heard = Arc::new(Heard {
            id: comment.comment_id.as_str().into(),
            at: comment.at,
            kind: Kind::Comment,
            text: self.bounded(&comment.text),
            parts: Vec::new(),
            media: None,
            button: None,
            first: false,
            late: false,
            silent_ms: None,
        });
        if let Some(why) = &comment.silent {
            return self.note("kept", why);
        }
        if let Some(why) = self.state.silent_on_comments(self.now) {
            return self.note("kept", why);
        }
        let answered = self.state.comment.as_ref().filter(|before| before.answered);
        if answered.is_some_and(|before| self.now.since_ms(before.at) < CONTACT_MS) {
            return self.note("kept", "a comment of the customer was answered within a day: TikTok takes no second answer then");
        }
        self.learn_language(&heard);
        self.state.comment = Some(Box::new(Commented { id: heard.id.to_string(), at: heard.at, answered: false }));
        self.state.message = Some(Arc::clone(&heard));
        if !self.try_triggers(&heard, Pool::All) {
            self.state.comment = None;
            self.note("unmatched", "no trigger wants this comment");
        }
    }

    /// A reaction to a message: it answers nothing, but a trigger may want it.
    pub(super) fn reaction(&mut self, heard: &Arc<Heard>) {
        if !self.state.stand.is_free() || self.state.opted_out {
            return self.note("kept", "the bot is silent here");
        }
        let pool = match self.waits() {
            None => Pool::All,
            Some(kind) if kind.asks() || kind.is_call() => Pool::Anytime,
            Some(_) => Pool::Strong,
        };
        let before = self.state.message.replace(Arc::clone(heard));
        if !self.try_triggers(heard, pool) {
            self.state.message = before;
            self.note("kept", "a reaction opens no window, and no trigger wants it");
        }
    }
}
