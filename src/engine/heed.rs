//! What a script's hooks want of the conversation: tags, fields of the contact, and what each of them may do beside that.
//!
//! All of an answer is looked at before any of it is done: a hook that wants what cannot be changes nothing.

use std::sync::Arc;

use super::hooked::texts;
use super::state::{Heard, Kind};
use super::work::{Fault, Work};
use super::{Effect, given};
use crate::bot::{Hook, Origin, Place, Value, ValueMap};
use crate::text;

/// UTF-16 units of a name that a script wrote, where it is told.
const NAME_SHOWN: usize = 60;

/// What every hook may want.
struct Changes {
    tags: Vec<String>,
    untags: Vec<String>,
    fields: Vec<(String, Value)>,
}

impl Work<'_> {
    /// A message as it is heard from here on; `None` where nobody is to hear it.
    pub(super) fn on_message(&mut self, heard: Arc<Heard>) -> Option<Arc<Heard>> {
        let hook = Hook::OnMessage;
        if !self.has(hook) {
            return Some(heard);
        }
        let message = texts([("kind", heard.kind.word()), ("text", &heard.text)]);
        let contact = self.contact_for_scripts();
        let Some(wishes) = self.hook(hook, message, contact) else { return Some(heard) };
        let wanted = wishes.and_then(|mut wishes| {
            let text = text_of(&mut wishes, "text")?;
            if text.is_some() && heard.kind != Kind::Text {
                return Err("only a text has another `text`".to_owned());
            }
            let swallow = yes(&mut wishes, "swallow")?;
            Ok((self.changes(wishes)?, text, swallow))
        });
        match wanted {
            Err(why) => {
                self.no_change(hook, &why);
                Some(heard)
            }
            Ok((changes, text, swallow)) => {
                self.apply(hook, changes);
                if swallow {
                    self.note("kept", "`on_message` swallows it: nobody hears it");
                    return None;
                }
                let Some(text) = text else { return Some(heard) };
                self.note("hook", "`on_message` gives it another text");
                let text = self.bounded(&text);
                Some(Arc::new(Heard { text, ..Arc::unwrap_or_clone(heard) }))
            }
        }
    }

    /// The note that colleagues read.
    pub(super) fn on_handoff(&mut self, note: String, team: Option<&str>) -> String {
        let hook = Hook::OnHandoff;
        if !self.has(hook) {
            return note;
        }
        let mut handoff = texts([("note", &note)]);
        if let Some(team) = team {
            handoff.insert("team".to_owned(), Value::Text(team.to_owned()));
        }
        match self.told(hook, handoff) {
            Some(other) => {
                self.note("hook", "`on_handoff` gives it another note");
                other
            }
            None => note,
        }
    }

    pub(super) fn on_goal(&mut self, name: &str) {
        let hook = Hook::OnGoal;
        if self.has(hook)
            && let Some(text) = self.told(hook, texts([("name", name)]))
        {
            self.effects.push(Effect::Note { text });
        }
    }

    pub(super) fn on_fault(&mut self, fault: &Fault, origin: Option<&Origin>) {
        let hook = Hook::OnFault;
        if !self.has(hook) {
            return;
        }
        let mut what = texts([("reason", fault.reason), ("text", &fault.text)]);
        if let Some(origin) = origin {
            what.insert("step".to_owned(), Value::Text(format!("{}:{}", origin.path, origin.line)));
        }
        if let Some(text) = self.told(hook, what) {
            self.effects.push(Effect::Note { text });
        }
    }

    /// Tells a hook what has happened, does what it wants, and gives its `note`.
    fn told(&mut self, hook: Hook, what: ValueMap) -> Option<String> {
        let conversation = self.conversation_for_scripts();
        let wanted = self.hook(hook, what, conversation)?.and_then(|mut wishes| {
            let note = text_of(&mut wishes, "note")?;
            Ok((self.changes(wishes)?, note))
        });
        match wanted {
            Ok((changes, note)) => {
                self.apply(hook, changes);
                note
            }
            Err(why) => {
                self.no_change(hook, &why);
                None
            }
        }
    }

    fn no_change(&mut self, hook: Hook, why: &str) {
        self.note("hook", format_args!("`{}` changes nothing: {why}", hook.name()));
    }

    // --- what all of them may want ---------------------------------------------------------------------------------

    /// What is left of an answer must be changes of the contact.
    fn changes(&self, mut wishes: ValueMap) -> Result<Changes, String> {
        let most = self.context.limits.hook_changes_max;
        let (tags, untags) = (self.tags_of(wishes.remove("tag"))?, self.tags_of(wishes.remove("untag"))?);
        let mut fields = Vec::new();
        match wishes.remove("set") {
            None => {}
            Some(Value::Map(set)) if set.len() <= most => {
                for (name, value) in set {
                    let value = self.field_of_script(&name, value)?;
                    fields.push((name, value));
                }
            }
            Some(_) => return Err(format!("`set` is a map of at most {most} fields of the contact")),
        }
        match wishes.keys().next() {
            None => Ok(Changes { tags, untags, fields }),
            Some(name) => Err(format!("it returned `{}`, which means nothing here", shown(name))),
        }
    }

    fn field_of_script(&self, name: &str, value: Value) -> Result<Value, String> {
        let field = self.live.contact.iter().find(|field| field.name == name && !field.secret);
        let field = field.ok_or_else(|| format!("the contact has no field `{}` that a script may set", shown(name)))?;
        let value = given::read(&field.kind, value, &self.live.settings.zone);
        value.ok_or_else(|| format!("what `contact.{name}` is set to does not fit its type"))
    }

    /// One tag or a few.
    fn tags_of(&self, value: Option<Value>) -> Result<Vec<String>, String> {
        let (bytes, most) = (self.context.limits.tag_bytes_max, self.context.limits.hook_changes_max);
        let tags = match value {
            None => Vec::new(),
            Some(Value::List(items)) => items,
            Some(one) => vec![one],
        };
        let count = tags.len();
        let fits = |tag| match tag {
            Value::Text(tag) if !tag.trim().is_empty() && tag.len() <= bytes && !tag.contains(char::is_control) => Some(tag),
            _ => None,
        };
        let tags: Option<Vec<String>> = tags.into_iter().map(fits).collect();
        let tags = tags.filter(|_| count <= most);
        tags.ok_or_else(|| format!("tags are at most {most} texts of at most {bytes} bytes on one line"))
    }

    fn apply(&mut self, hook: Hook, changes: Changes) {
        let name = hook.name();
        for tag in changes.untags {
            if self.state.tags.remove(&tag) {
                self.note("hook", format_args!("`{name}` takes the tag `{tag}` away"));
            }
        }
        for tag in changes.tags {
            if self.state.tags.contains(&tag) {
                continue;
            }
            if self.state.tags.len() >= self.context.limits.tags_max {
                self.note("hook", format_args!("`{name}` cannot tag `{tag}`: the contact has too many tags"));
                continue;
            }
            self.note("hook", format_args!("`{name}` tags `{tag}`"));
            self.state.tags.insert(tag);
        }
        for (field, value) in changes.fields {
            match self.set(&Place::Contact(field.as_str().into()), Some(value)) {
                Ok(()) => self.note("hook", format_args!("`{name}` sets `contact.{field}`")),
                Err(fault) => self.note("hook", format_args!("`{name}` cannot set `contact.{field}`: {}", fault.text)),
            }
        }
    }
}

/// A name of a script's, cut to what fits a line.
pub(super) fn shown(name: &str) -> String {
    text::shorten_units(&name.replace(char::is_control, " "), NAME_SHOWN)
}

/// A text that says something, taken out of an answer.
pub(super) fn text_of(wishes: &mut ValueMap, name: &str) -> Result<Option<String>, String> {
    match wishes.remove(name) {
        None => Ok(None),
        Some(Value::Text(said)) if !said.trim().is_empty() => Ok(Some(said)),
        Some(_) => Err(format!("`{name}` is a text that is not empty")),
    }
}

pub(super) fn yes(wishes: &mut ValueMap, name: &str) -> Result<bool, String> {
    match wishes.remove(name) {
        None => Ok(false),
        Some(Value::Bool(is)) => Ok(is),
        Some(_) => Err(format!("`{name}` is `true` or `false`")),
    }
}
