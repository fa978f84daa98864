//! What a script makes of a reply before it is queued.
//!
//! Its author's last word: where it fails, the reply is not sent. What it returns is split, merged and judged by the gate
//! like every reply; what it adds has only the room that the flows' own replies leave.

use super::heed::{shown, text_of};
use super::hooked::texts;
use super::work::{Draft, Work};
use crate::bot::{Hook, Value, ValueMap};
use crate::channel::Content;
use crate::text;

/// UTF-16 units of a script's reason to stop a reply.
const WHY_MAX: usize = 300;

/// What it may want of a reply.
struct Wanted {
    text: Option<String>,
    before: Vec<String>,
    after: Vec<String>,
    stop: Option<String>,
}

impl Work<'_> {
    /// The replies that go on, and those that do not with the reason; `room` is how many the bot may still make.
    pub(super) fn before_send(&mut self, drafts: Vec<Draft>, room: usize) -> (Vec<Draft>, Vec<(Draft, String)>) {
        if drafts.is_empty() || !self.has(Hook::BeforeSend) {
            return (drafts, Vec::new());
        }
        let spare = match self.state.comment {
            // A comment has one answer.
            Some(_) => 0,
            None => room.saturating_sub(drafts.len()),
        };
        let mut spare = spare.min(self.context.limits.replies_max.saturating_sub(drafts.len()));
        let (mut kept, mut stopped) = (Vec::with_capacity(drafts.len()), Vec::new());
        for draft in drafts {
            // Who wants no more messages is told so, whatever a script thinks of it.
            if draft.confirmation {
                kept.push(draft);
                continue;
            }
            let conversation = self.conversation_for_scripts();
            match self.hook(Hook::BeforeSend, reply(&draft), conversation) {
                None => kept.push(draft),
                Some(wishes) => match wishes.and_then(|wishes| self.wanted(wishes, &draft)) {
                    Ok(Wanted { stop: Some(why), .. }) => stopped.push((draft, why)),
                    Ok(wanted) => self.rewrite(draft, wanted, &mut spare, &mut kept),
                    Err(why) => stopped.push((draft, format!("`before_send` failed: {why}"))),
                },
            }
        }
        (kept, stopped)
    }

    fn rewrite(&mut self, mut draft: Draft, wanted: Wanted, spare: &mut usize, kept: &mut Vec<Draft>) {
        self.add(wanted.before, &draft, spare, kept);
        let after = wanted.after;
        let like = draft.clone();
        if let Some(body) = wanted.text {
            self.note_at("hook", "`before_send` gives the reply another text", Some(&draft.origin));
            draft.content = Content::Text { body };
            draft.shorts.clear();
        }
        kept.push(draft);
        self.add(after, &like, spare, kept);
    }

    /// Replies of the script's own; no script is asked about them.
    fn add(&mut self, bodies: Vec<String>, like: &Draft, spare: &mut usize, kept: &mut Vec<Draft>) {
        for body in bodies {
            if *spare == 0 {
                self.note_at("hook", "`before_send` adds a reply, for which none is left", Some(&like.origin));
                continue;
            }
            *spare = spare.saturating_sub(1);
            self.note_at("hook", "`before_send` adds a reply", Some(&like.origin));
            let draft = self.draft(Content::Text { body }, &like.origin);
            kept.push(Draft { flow: like.flow.clone(), ..draft });
        }
    }

    fn wanted(&self, mut wishes: ValueMap, draft: &Draft) -> Result<Wanted, String> {
        let most = self.context.limits.text_units_max;
        let text = text_of(&mut wishes, "text")?;
        if text.is_some() && !matches!(draft.content, Content::Text { .. }) {
            return Err("only a reply that is a text has another `text`".to_owned());
        }
        let stop = match wishes.remove("stop") {
            None | Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some("`before_send` stopped it".to_owned()),
            Some(Value::Text(why)) => Some(format!("`before_send` stopped it: {}", text::shorten_units(&why, WHY_MAX))),
            Some(_) => return Err("`stop` is `true`, `false` or the reason".to_owned()),
        };
        let before = self.replies_of("before", wishes.remove("before"))?;
        let after = self.replies_of("after", wishes.remove("after"))?;
        if before.len().saturating_add(after.len()) > self.context.limits.hook_replies_max {
            return Err(format!("it adds more than {} replies to one", self.context.limits.hook_replies_max));
        }
        if before.iter().chain(&after).chain(&text).any(|body| !text::fits(body, most)) {
            return Err(format!("a text of more than {most} characters"));
        }
        match wishes.keys().next() {
            None => Ok(Wanted { text, before, after, stop }),
            Some(name) => Err(format!("it returned `{}`, which means nothing here", shown(name))),
        }
    }

    /// One text or a few.
    fn replies_of(&self, name: &str, value: Option<Value>) -> Result<Vec<String>, String> {
        let bodies = match value {
            None => Vec::new(),
            Some(Value::List(items)) => items,
            Some(one) => vec![one],
        };
        let said = |body| match body {
            Value::Text(body) if !body.trim().is_empty() => Some(body),
            _ => None,
        };
        let bodies: Option<Vec<String>> = bodies.into_iter().map(said).collect();
        bodies.ok_or_else(|| format!("`{name}` is a text that is not empty, or a list of such"))
    }
}

/// A reply as scripts see it.
fn reply(draft: &Draft) -> ValueMap {
    let (kind, text) = match &draft.content {
        Content::Text { body } => ("text", body.as_str()),
        Content::Card { title, .. } => ("card", title.as_str()),
        Content::Image(_) => ("image", ""),
        Content::Post { .. } => ("post", ""),
    };
    let mut seen = texts([("kind", kind), ("text", text), ("flow", &*draft.flow)]);
    if let Content::Card { buttons, .. } = &draft.content {
        let labels = buttons.iter().map(|button| Value::Text(button.title.clone())).collect();
        seen.insert("labels".to_owned(), Value::List(labels));
    }
    seen.insert("asks".to_owned(), Value::Bool(draft.prompt));
    seen
}
