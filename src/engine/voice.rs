//! Whose reply it is.

use super::state::Entry;
use super::work::Draft;

/// Whose reply it is, for the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Bot,
    /// The bot's confirmation of an opt-out.
    Confirmation,
    Colleague,
}

impl Voice {
    pub(super) fn of(draft: &Draft) -> Self {
        match (&draft.by, draft.confirmation) {
            (Some(_), _) => Self::Colleague,
            (None, true) => Self::Confirmation,
            (None, false) => Self::Bot,
        }
    }

    pub(super) fn of_entry(entry: &Entry) -> Self {
        match (entry.colleague, entry.confirmation) {
            (true, _) => Self::Colleague,
            (false, true) => Self::Confirmation,
            (false, false) => Self::Bot,
        }
    }
}
