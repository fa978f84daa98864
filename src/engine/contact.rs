//! What people of the business change beside the talk: the contact, and replies that wait or were never sent.

use super::state::{Kept, Stage};
use super::work::{Draft, Work};
use super::{ContactChange, End, Reply, ReplyId, given};
use crate::bot::Value;

impl Work<'_> {
    /// Fields by the live bot's types, tags, whether automatic messages are wanted. What does not fit changes nothing: the bot
    /// may have changed since it was asked for.
    pub(super) fn contact(&mut self, change: &ContactChange) {
        for (name, value) in &change.fields {
            if let Err(why) = self.set_field(name, value.clone()) {
                self.note("contact", format_args!("`contact.{name}` stays as it is: {why}"));
            }
        }
        for tag in &change.untag {
            if self.state.tags.remove(tag) {
                self.note("contact", format_args!("the tag `{tag}` is taken away"));
            }
        }
        for tag in &change.tag {
            if self.state.tags.contains(tag) {
                continue;
            }
            if self.state.tags.len() >= self.context.limits.tags_max {
                self.note("contact", format_args!("no tag `{tag}`: the contact has too many tags"));
                continue;
            }
            self.note("contact", format_args!("the tag `{tag}` is set"));
            self.state.tags.insert(tag.clone());
        }
        match change.opted_out {
            Some(true) if !self.state.opted_out => {
                self.note("opt_out", format_args!("{} says that no automatic messages are wanted", change.by));
                self.state.opted_out = true;
                self.silence("no automatic messages are wanted");
            }
            Some(false) if self.state.opted_out => {
                self.note("opt_in", format_args!("{} says that automatic messages are wanted again", change.by));
                self.state.opted_out = false;
            }
            _ => {}
        }
    }

    fn set_field(&mut self, name: &str, value: Option<Value>) -> Result<(), String> {
        let field = self.live.contact.iter().find(|field| field.name == name);
        let field = field.ok_or("the bot has no such field")?;
        let value = match value {
            None => None,
            Some(value) => {
                let value = given::read(&field.kind, value, &self.live.settings.zone).ok_or("the value does not fit its type")?;
                self.bounded_value(&value).map_err(|fault| fault.text)?;
                Some(value)
            }
        };
        match value {
            Some(value) => {
                self.state.contact.insert(name.to_owned(), Kept { value, at: self.now });
                self.note("contact", format_args!("`contact.{name}` is set"));
            }
            None => {
                self.state.contact.remove(name);
                self.note("contact", format_args!("`contact.{name}` is taken away"));
            }
        }
        Ok(())
    }

    /// A reply that has ended becomes a new one, which the gate judges like any other; a held one is offered once more. The
    /// bot's hook has seen the text already.
    pub(super) fn retry(&mut self, by: &str, id: ReplyId, again: Option<&Reply>) {
        let Some(reply) = again else {
            self.offer_held(&format!("{by} wants it tried again"));
            return;
        };
        self.note("retry", format_args!("reply {} is tried again as reply {}", id.0, self.state.replies.saturating_add(1)));
        let draft = Draft {
            flow: reply.flow.clone(),
            keep_apart: true,
            by: reply.by.clone(),
            quote: reply.outgoing.quote.clone(),
            ..self.draft(reply.outgoing.content.clone(), &reply.origin)
        };
        // Its question, if it asked one, is over.
        let draft = Draft { visit: None, prompt: false, ..draft };
        // It answers no comment, also where one has come meanwhile.
        let comment = self.state.comment.take();
        self.enqueue(draft, None);
        self.state.comment = comment;
    }

    /// What has left, or may have, is beyond recall.
    pub(super) fn drop_by(&mut self, by: &str, id: ReplyId, reason: &str) {
        let stage = self.state.queue.iter().find(|entry| entry.id == id).map(|entry| &entry.stage);
        match stage {
            Some(Stage::Waiting | Stage::Held { .. }) => {
                self.finish_reply(id, End::Dropped, &format!("dropped by {by}: {reason}"), None);
            }
            Some(Stage::Marked { .. } | Stage::Unknown { .. }) => {
                self.note("kept", format_args!("reply {} is on its way and cannot be dropped", id.0));
            }
            None => self.note("kept", format_args!("reply {} has ended already", id.0)),
        }
    }
}
