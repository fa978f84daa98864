//! The clauses of a wait.

use super::{Form, Key, Shape, may, must};

pub static DEFAULTS: Shape = Shape { noun: "`defaults`", keys: &[INVALID, TRIES, TRIES_ELSE, WITHIN, SILENCE, NUDGES] };

pub const INVALID: Key = may("invalid", Form::Text, "said when an answer does not fit");
pub const TRIES: Key = may("tries", Form::Count, "how many answers in all");
pub const TRIES_ELSE: Key = may("tries_else", Form::Steps, "after the last that does not fit");
pub const WITHIN: Key = may("within", Form::Duration, "how long an answer is waited for");
pub const SILENCE: Key = may("silence", Form::Steps, "when none came");
pub const NUDGES: Key = may("nudges", Form::Shapes(&NUDGE), "reminders while it waits");

pub static NUDGE: Shape = Shape {
    noun: "a nudge",
    keys: &[must("after", Form::Duration, "after so long a silence"), must("say", Form::Text, "the reminder")],
};
