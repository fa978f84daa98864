//! What a test takes for granted, asks for, and tries again.

use super::super::Bots;
use super::super::state::Kept;
use super::super::work::Work;
use super::{Rehearsal, context};
use crate::bot::{Expr, Place, Value};

impl Rehearsal {
    /// Sets a field of the contact, the conversation's language or the contact's tags; `false` for any other place and
    /// for a value that it cannot hold.
    pub fn given(&mut self, place: &Place, value: Value) -> bool {
        let at = self.now;
        match (place, value) {
            (Place::Contact(name), value) => {
                self.conversation.contact.insert(name.as_ref().to_owned(), Kept { value, at });
            }
            (Place::Language, Value::Text(tag)) if self.bot.languages.contains(&tag) => {
                self.conversation.language = Some(tag);
                self.conversation.language_set = true;
            }
            (Place::ContactTags, Value::List(tags)) => {
                let texts = tags.into_iter().filter_map(|tag| if let Value::Text(tag) = tag { Some(tag) } else { None });
                self.conversation.tags.extend(texts);
            }
            _ => return false,
        }
        true
    }

    /// What an expression is worth now, with the variables of the run; `None` where a value is missing.
    #[must_use]
    pub fn value(&self, expr: &Expr) -> Option<Value> {
        let context = context(self.now, self.seed, &self.limits, &[]);
        Work::new(&Bots::one(&self.bot), &mut self.conversation.clone(), &context).scope().value(expr)
    }

    /// Draws from here on as a rehearsal of this seed would.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::calendar::Moment;
    use crate::check::{self, Assets};
    use crate::source::Sources;

    #[test]
    fn what_is_given_is_there_and_what_cannot_be_given_is_refused() {
        let mut sources = Sources::default();
        sources.add(
            "a.flow",
            "bot \"A\" {\n    languages en, ar\n}\n\ncontact {\n    size: text(9)\n}\n\nflow a \"A\" {\n    on any text\n\n    say { en \"hi\" ar \"أهلا\" }\n}\n",
        );
        let (bot, found) = check::compile(&sources, &Assets::new());
        let mut chat = Rehearsal::new(Arc::new(bot.unwrap_or_else(|| panic!("{found:#?}"))), Moment(0), 1);
        let text = |text: &str| Value::Text(text.to_owned());
        let size = Place::Contact("size".into());
        let worth = |chat: &Rehearsal, place: &Place| chat.value(&Expr::Place(place.clone()));
        assert_eq!(worth(&chat, &size), None);
        assert!(chat.given(&size, text("M")));
        assert_eq!(worth(&chat, &size), Some(text("M")));
        assert!(chat.given(&Place::Language, text("ar")));
        assert_eq!(worth(&chat, &Place::Language), Some(text("ar")));
        assert!(!chat.given(&Place::Language, text("fr")), "not of the bot's");
        assert!(chat.given(&Place::ContactTags, Value::List(vec![text("vip")])));
        assert_eq!(chat.conversation().status().tags, ["vip"]);
        assert!(!chat.given(&Place::Now, text("noon")));
    }
}
