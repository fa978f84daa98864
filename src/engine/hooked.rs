//! Calls of the functions that a script may have for what the bot does by itself.
//!
//! The engine calls nothing: a sprint that needs an answer says so and is made again with it, and the answers stand in the
//! history beside the input, so that a replay reads them there.

use serde::{Deserialize, Serialize};

use super::Limits;
use super::given::to_json;
use super::steps::{is_deeper, weight};
use super::work::Work;
use crate::bot::{Hook, Returned, ScriptCall, Stopped, Value, ValueMap};
use crate::channel::fingerprint;
use crate::text;

/// UTF-16 units of the reason why a call was stopped.
const WHY_MAX: usize = 300;

/// What a hook returned, or why it was stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hooked {
    /// The function's name.
    pub hook: String,
    /// A fingerprint of the call with all that was handed over: the answer serves no other one.
    pub call: u64,
    pub result: Result<Option<Value>, String>,
}

/// A call of a hook that a sprint waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub call: ScriptCall,
    /// Calls of the same sprint before it.
    after: usize,
}

impl Wanted {
    /// Adds the answer to those of the same sprint, as it is kept: what is too large or too deep for that is a failure.
    pub fn answer(self, returned: Returned, limits: &Limits, hooked: &mut Vec<Hooked>) {
        let (most, deep) = (limits.value_bytes_max, limits.value_depth_max);
        let result = match returned {
            Ok(Some(value)) if weight(&value) > most || is_deeper(&value, deep) => {
                Err(format!("it returned more than {most} bytes, or more than {deep} lists inside one another"))
            }
            Ok(value) => Ok(value),
            Err(Stopped { why, .. }) => Err(text::shorten_units(&why, WHY_MAX)),
        };
        // What stands behind it answered a sprint that went another way.
        hooked.truncate(self.after);
        hooked.push(Hooked { hook: self.call.function.clone(), call: print(&self.call), result });
    }
}

/// The same on every platform and in every version.
fn print(call: &ScriptCall) -> u64 {
    let mut written = format!("{}.{}", call.script, call.function);
    for argument in &call.arguments {
        written.push('\n');
        written.push_str(&argument.as_ref().map_or_else(String::new, to_json));
    }
    fingerprint("hook", &written)
}

impl Work<'_> {
    pub(super) fn has(&self, hook: Hook) -> bool {
        self.live.scripts.hook(hook).is_some()
    }

    /// What the bot's script wants here, or why that cannot be told; `None` where it has no such function or wants nothing.
    pub(super) fn hook(&mut self, hook: Hook, subject: ValueMap, about: ValueMap) -> Option<Result<ValueMap, String>> {
        let script = self.live.scripts.hook(hook)?.to_owned();
        if self.wants.is_some() {
            // This sprint is made again anyway.
            return None;
        }
        let after = self.hooked;
        let most = self.context.limits.hooks_max;
        if after >= most {
            return Some(Err(format!("more than {most} calls of scripts from one input")));
        }
        let arguments = vec![Some(Value::Map(subject)), Some(Value::Map(about))];
        let call = ScriptCall { script, function: hook.name().to_owned(), arguments };
        let known = self.context.hooked.get(after).filter(|known| known.hook == hook.name() && known.call == print(&call));
        let Some(known) = known else {
            self.wants = Some(Wanted { call, after });
            return None;
        };
        self.hooked = after.saturating_add(1);
        match &known.result {
            Ok(None) => None,
            Ok(Some(Value::Map(wishes))) => Some(Ok(wishes.clone())),
            Ok(Some(_)) => Some(Err("it returned neither a map nor nothing".to_owned())),
            Err(why) => Some(Err(why.clone())),
        }
    }

    /// The contact as scripts see it: no secret field.
    pub(super) fn contact_for_scripts(&self) -> ValueMap {
        let fields = self.live.contact.iter().filter(|field| !field.secret);
        let mut contact: ValueMap = fields
            .filter_map(|field| {
                let kept = self.state.contact.get(&field.name).map(|kept| &kept.value);
                Some((field.name.clone(), kept.or(field.default.as_ref())?.clone()))
            })
            .collect();
        contact.insert("tags".to_owned(), Value::List(self.state.tags.iter().cloned().map(Value::Text).collect()));
        contact
    }

    /// The conversation as scripts see it.
    pub(super) fn conversation_for_scripts(&self) -> ValueMap {
        let mut seen = ValueMap::new();
        seen.insert("contact".to_owned(), Value::Map(self.contact_for_scripts()));
        seen.insert("language".to_owned(), Value::Text(self.language_tag().to_owned()));
        seen.insert("replies_left".to_owned(), Value::Number(self.state.ledger.replies_left().into()));
        if let Some(left) = self.state.window_left(self.now) {
            seen.insert("window_left".to_owned(), Value::Duration(left));
        }
        seen
    }
}

/// A map of texts.
pub(super) fn texts<const N: usize>(of: [(&str, &str); N]) -> ValueMap {
    of.into_iter().map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned()))).collect()
}
