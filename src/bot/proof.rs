//! What was proved of a bot before it runs. Made by `check` alone; holds over all ways that a conversation can take.

use std::collections::BTreeMap;

use super::StepId;

/// The bounds of a bot. They hold while every reply is sent at once; what waits for its place in the app's queue is the
/// runtime's to answer for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Replies that the channel leaves to the bot between two messages of the customer: ten less the reserve.
    pub replies_allowed: u32,
    /// The most replies that one message of the customer can cause until the next one is decided on.
    pub replies: u32,
    /// How long after the message that was decided on the last of them may be made, in milliseconds; `None` where the
    /// bot never replies. The time in which a colleague has the conversation is not counted.
    pub latest_ms: Option<i64>,
    /// How long a message may wait before it is decided on: `gather`, and answers that are awaited when it comes.
    pub held_ms: i64,
    /// Replies of `replies` that flows may add which no message begins: `on window closing`, `on replies left`,
    /// `on reaction`. Each of them fires once between two messages.
    pub beside: u32,
    /// Of each such trigger whose flow can reply, by its key: how long after it fired the last reply may be made, in
    /// milliseconds. One that fires later than this before the window closes may not speak.
    pub asides: BTreeMap<String, i64>,
    /// In the order of the bot's flows.
    pub flows: Vec<FlowProof>,
    /// The longest text of each step that sends one, by place.
    pub texts: Vec<TextProof>,
}

/// The bounds of the ways that begin in one flow: by its triggers, or by an answer to one of its questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowProof {
    pub replies: u32,
    /// `None` where nothing is said on any of its ways.
    pub latest_ms: Option<i64>,
    /// The longest text of its steps.
    pub longest: Option<TextProof>,
    /// What its questions left out and the defaults filled in.
    pub filled: Vec<Filled>,
}

/// The longest text that a step can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextProof {
    pub step: StepId,
    /// UTF-16 units before the text is split.
    pub units: u64,
}

/// A clause of a question that its author left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    pub step: StepId,
    /// As it could be written: `tries 3 stop`.
    pub clause: String,
}

impl Proof {
    /// The longest text that the step can send; `None` where it sends none.
    #[must_use]
    pub fn text(&self, step: StepId) -> Option<TextProof> {
        let at = self.texts.binary_search_by_key(&step, |text| text.step).ok()?;
        self.texts.get(at).copied()
    }
}
