//! What stays of a conversation that is erased.

use super::Conversation;
use crate::bot::Bot;
use crate::calendar::Moment;

impl Conversation {
    /// The conversation that the same customer may begin afterwards: nothing of what was said, done or known. What stays is
    /// what a rule of the channel or a wish of the customer needs: how many of the ten replies have left and when the window
    /// ends, and that no automatic messages are wanted.
    #[must_use]
    pub fn after_erasure(&self, at: Moment) -> Self {
        Self { now: self.now, ledger: self.ledger.bare(), opted_out: self.opted_out, erased: Some(at), ..Self::default() }
    }

    /// The same where nobody can read what was stored: nothing leaves until the customer writes.
    #[must_use]
    pub fn after_unreadable(at: Moment) -> Self {
        let mut conversation = Self { erased: Some(at), ..Self::default() };
        conversation.ledger.close();
        conversation
    }

    /// No automatic messages are wanted from now on.
    pub fn want_nothing_automatic(&mut self) {
        self.opted_out = true;
    }

    /// Whether the time of a field of the contact is over that is still there.
    #[must_use]
    pub fn is_to_forget(&self, bot: &Bot, now: Moment) -> bool {
        let over = |after: i64, name: &str| self.contact.get(name).is_some_and(|kept| kept.at.plus_ms(after) <= now);
        bot.contact.iter().any(|field| field.forget_after_ms.is_some_and(|after| over(after, &field.name)))
    }

    /// When it last forgot a field of the contact; what was said before may hold it.
    #[must_use]
    pub fn forgot(&self) -> Option<Moment> {
        self.forgot
    }

    /// When all that was said before was erased.
    #[must_use]
    pub fn erased(&self) -> Option<Moment> {
        self.erased
    }
}
