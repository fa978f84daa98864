//! What happened in a conversation, line by line, for people.

use super::expect::written;
use crate::bot::Value;
use crate::engine::rehearsal::Said;

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Customer,
    Bot,
    Colleague,
    /// Time that passed.
    Time,
    /// What happened beside the chat: a handoff, a goal, a call, a reply that was not sent.
    Beside,
}

impl Who {
    /// A word for the margin.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Bot => "bot",
            Self::Colleague => "colleague",
            Self::Time => "after",
            Self::Beside => "",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    pub who: Who,
    pub text: String,
}

impl StoryLine {
    pub(super) fn new(who: Who, text: impl Into<String>) -> Self {
        Self { who, text: text.into() }
    }

    pub(super) fn of(said: &Said) -> Self {
        let beside = |text: String| Self::new(Who::Beside, text);
        match said {
            Said::HandedOver { team: Some(team), note } => beside(format!("handed over to {team}: {note}")),
            Said::HandedOver { team: None, note } => beside(format!("handed over: {note}")),
            Said::Goal(name) => beside(format!("goal \"{name}\"")),
            Said::Noted(text) => beside(format!("note: {text}")),
            Said::Emitted { event, data } => beside(format!("emitted \"{event}\" {}", written(&Value::Map(data.clone())))),
            Said::Unsent(reason) => beside(format!("a reply was not sent: {reason}")),
            reply => Self::new(Who::Bot, shown(reply)),
        }
    }
}

/// A reply as a customer sees it; cards and numbered texts with their labels.
pub(super) fn shown(said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        Said::Image(file) => format!("[image {file}]"),
        Said::Post(item) => format!("[post {item}]"),
        Said::Card { title, buttons } => {
            let mut text = title.clone();
            for button in buttons {
                text.push_str(&format!("\n[{button}]"));
            }
            text
        }
        Said::Typing => "[typing]".to_owned(),
        Said::Seen => "[seen]".to_owned(),
        other => StoryLine::of(other).text,
    }
}
