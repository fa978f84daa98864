//! In which order a worker takes what has come meanwhile.

use super::core::{Ask, Item};
use crate::calendar::Moment;
use crate::engine::Input;

/// TikTok's time of what it delivers with an id.
pub(super) fn told_at(input: &Input) -> Option<Moment> {
    match input {
        Input::Message(message) => Some(message.at),
        Input::Echo(echo) => Some(echo.at),
        Input::Comment(comment) => Some(comment.at),
        _ => None,
    }
}

/// The order of a batch: people of the business first, then what TikTok says of our messages, the customer's messages by their own
/// time, and what only time brings.
pub(super) fn order(item: &Item) -> (u8, Moment, String) {
    let none = String::new();
    match &item.ask {
        Ask::Input { input, .. } => match input {
            Input::Colleague { .. } | Input::Written(_) | Input::Contact(_) | Input::Retry { .. } | Input::Drop { .. } => {
                (0, Moment(0), none)
            }
            Input::Outcome { .. } | Input::Echo(_) | Input::Read { .. } | Input::Looked { .. } | Input::Capability { .. } => {
                (1, Moment(0), none)
            }
            Input::Referral(referral) => (2, referral.at, none),
            Input::Message(message) => (2, message.at, message.message_id.clone()),
            Input::Comment(comment) => (2, comment.at, comment.comment_id.clone()),
            Input::Fetched { .. } | Input::Ran { .. } | Input::Congestion { .. } => (3, Moment(0), none),
            Input::Due | Input::DueAfterGap { .. } => (3, Moment(0), none),
            Input::MaySend { .. } | Input::Paused { .. } | Input::Restored => (4, Moment(0), none),
        },
        // An erasure takes with it what was handed in before.
        Ask::Erase { .. } | Ask::Standing | Ask::Forget { .. } => (5, Moment(0), none),
    }
}
