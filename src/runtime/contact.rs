//! What is kept of a customer, changed by people and programs of the business.

use super::colleague::{LOOKED, broken};
use super::core::{Ask, Delivered, Refused};
use super::entry::Entry;
use super::handle::Handle;
use super::port::{ConversationId, HistoryRow};
use crate::bot::Type;
use crate::engine::{ContactChange, Input, Limits, given};

/// Characters of a name that nobody knows, in an error.
const NAME_SHOWN: usize = 60;

/// Why a contact was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    #[error("nothing is known of this conversation")]
    Nobody,
    /// What does not fit the bot's fields, in words.
    #[error("{0}")]
    Unfit(String),
    #[error("this key was used for another change")]
    OtherChange,
    #[error("{0}")]
    Refused(#[from] Refused),
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The same change came before under the same key.
    pub duplicate: bool,
}

impl Handle {
    /// Changes fields, tags and whether automatic messages are wanted; returns after the commit. Nothing is changed where a
    /// part does not fit.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn change_contact(&self, conversation: ConversationId, change: ContactChange) -> Result<Changed, NotChanged> {
        let address = self.address(conversation).await?.ok_or(NotChanged::Nobody)?;
        self.fits(&address.account.open_id, &change)?;
        let key = change.key.as_deref().and_then(|key| self.key_of(&address.external, "contact", &change.by, key));
        let ask = Ask::Input { key, input: Input::Contact(change.clone()) };
        let duplicate = self.core.post(address, ask).await?.delivered == Delivered::Duplicate;
        if duplicate {
            for most in LOOKED {
                let rows = self.store().history(conversation, most).await.map_err(broken)?;
                match rows.iter().find_map(|row| made_by(row, &change)) {
                    Some(first) if first == change => break,
                    Some(_) => return Err(NotChanged::OtherChange),
                    None => {}
                }
            }
        }
        Ok(Changed { duplicate })
    }

    /// Holds a change against the fields of the account's live bot.
    fn fits(&self, account: &str, change: &ContactChange) -> Result<(), NotChanged> {
        let (bot, limits) = (self.bot_for(account), Limits::default());
        let unfit = |text: String| Err(NotChanged::Unfit(text));
        if change.fields.len() > limits.hook_changes_max || change.tag.len().max(change.untag.len()) > limits.hook_changes_max {
            return unfit(format!("one change has {} fields and {0} tags at most", limits.hook_changes_max));
        }
        for (name, value) in &change.fields {
            let Some(field) = bot.contact.iter().find(|field| field.name == *name) else {
                let known: Vec<String> = bot.contact.iter().map(|field| format!("`{}`", field.name)).collect();
                let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
                let name: String = name.chars().filter(|shown| !shown.is_control()).take(NAME_SHOWN).collect();
                return unfit(format!("the bot has no contact field `{name}`: {known}"));
            };
            let Some(value) = value else { continue };
            let read = given::read(&field.kind, value.clone(), &bot.settings.zone);
            let small = |value| given::to_json(value).len() <= limits.value_bytes_max;
            if !read.as_ref().is_some_and(small) {
                return unfit(format!("the value of `{name}` does not fit its type, {}", kind_of(&field.kind)));
            }
        }
        let good = |tag: &String| !tag.trim().is_empty() && tag.len() <= limits.tag_bytes_max && !tag.contains(char::is_control);
        if !change.tag.iter().chain(&change.untag).all(good) {
            return unfit(format!("a tag is a text of at most {} bytes on one line, not only blanks", limits.tag_bytes_max));
        }
        Ok(())
    }
}

/// The change that was made under the same name and key.
fn made_by(row: &HistoryRow, change: &ContactChange) -> Option<ContactChange> {
    let entry: Entry = if row.kind == "contact" { serde_json::from_slice(&row.body).ok()? } else { return None };
    let Input::Contact(first) = entry.input else { return None };
    (first.by == change.by && first.key == change.key).then_some(first)
}

/// A type in a few words.
#[must_use]
pub fn kind_of(kind: &Type) -> String {
    match kind {
        Type::Text { most } => format!("text of at most {most} characters"),
        Type::Whole { least, most } => format!("a whole number from {least} to {most}"),
        Type::Decimal { least, most } => format!("a number from {least} to {most}"),
        Type::Digits { fewest, most } => format!("{fewest} to {most} digits"),
        Type::Email => "an email address".to_owned(),
        Type::Phone => "a phone number".to_owned(),
        Type::Date => "a date as 2026-11-20".to_owned(),
        Type::Time => "a time as 09:00".to_owned(),
        Type::YesNo => "true or false".to_owned(),
        Type::OneOf(words) => {
            let words: Vec<String> = words.iter().map(|word| given::to_json(&word.value)).collect();
            format!("one of {}", words.join(", "))
        }
        Type::OneOfList(_) => "one of a list".to_owned(),
        Type::Image => "an image".to_owned(),
        Type::Post => "a post".to_owned(),
        Type::Matching(_) => "text of a pattern".to_owned(),
        Type::List { most, of } => format!("a list of at most {most}, each {}", kind_of(of)),
        Type::Record(_) => "a map".to_owned(),
        Type::Any => "any value".to_owned(),
    }
}
