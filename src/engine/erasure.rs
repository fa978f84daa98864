//! What stays of a conversation that is erased.

use super::Conversation;
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

    /// When all that was said before was erased.
    #[must_use]
    pub fn erased(&self) -> Option<Moment> {
        self.erased
    }
}
