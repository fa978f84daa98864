//! Flows as flat lists of steps. A block stands after the step that opens it and ends with a [`Op::Jump`]; falling off
//! the end of a flow stops the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Expr, Given, Pattern, Template, Text, Type};
use crate::calendar::Time;

/// Where an author wrote something: file as given on the command line, line from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub path: Arc<str>,
    pub line: u32,
}

/// What every message touches stands first and begins a line of memory: in a large bot hardly a flow is in a cache.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Flow {
    pub name: Arc<str>,
    /// The run begins at step 0.
    pub steps: Vec<Step>,
    pub title: Option<String>,
    /// Filled by `do` and `goto` with arguments, in this order.
    pub parameters: Vec<Parameter>,
    /// What it returns; `None` returns nothing.
    pub result: Option<Type>,
    pub renamed_from: Option<String>,
    /// Where each `label` stands.
    pub labels: BTreeMap<String, usize>,
    /// Of each label that had another name the name it had before.
    pub labels_before: BTreeMap<String, String>,
}

/// A value that a flow is begun with.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub kind: Type,
}

/// One step. `digest` identifies it across versions of the bot: a hash of what it says and does, not of its place.
#[derive(Clone, Debug)]
pub struct Step {
    pub op: Op,
    pub digest: u64,
    pub origin: Origin,
}

/// A step of another flow: indices of flow and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    pub flow: usize,
    pub step: usize,
}

/// Targets are indices into the steps of the same flow; `steps.len()` is its end.
#[derive(Clone, Debug)]
pub enum Op {
    Say {
        text: Text,
        /// Shorter forms, the longest first.
        shorts: Vec<Text>,
        replying: bool,
        keep_apart: bool,
    },
    /// The file's name is rendered, then looked up in the bot's assets; `otherwise` where images are not allowed.
    Image {
        file: Template,
        otherwise: usize,
    },
    Post {
        item_id: Template,
    },
    Ask {
        target: super::Place,
        kind: Type,
        text: Text,
        invalid: Invalid,
        tries: Limit,
        within: Silence,
        nudges: Vec<(i64, Text)>,
    },
    Choose {
        text: Text,
        as_text: bool,
        choices: Vec<Choice>,
        other: Option<usize>,
        invalid: Invalid,
        tries: Limit,
        within: Silence,
        nudges: Vec<(i64, Text)>,
    },
    Typing,
    Seen,
    Set {
        target: super::Place,
        value: Expr,
    },
    Tag {
        name: String,
        on: bool,
    },
    Goal(String),
    /// For colleagues.
    Note(Template),
    /// An event of the author's for the business's systems.
    Emit {
        event: String,
        data: Vec<(String, Expr)>,
    },
    /// A loop of the flow begins: its turns are counted from zero. `over` is computed once, here.
    Enter {
        counter: u32,
        over: Option<Expr>,
    },
    /// Counts a turn and goes on at the next step, setting `item` to the turn's item; after the last turn goes to `end`.
    /// The loop's body ends with a jump back to this step.
    Turn {
        counter: u32,
        /// `None` where only the list bounds it.
        most: Option<u32>,
        item: Option<String>,
        end: usize,
    },
    /// One way of several by contact and name, always the same; shares add to a hundred.
    Split {
        name: String,
        arms: Vec<Way>,
    },
    /// Begins the flow in a frame of its own; what it returns is kept in `into`, then the next step follows.
    Do {
        flow: usize,
        arguments: Vec<Expr>,
        into: Option<super::Place>,
    },
    /// Leaves the frame; in a run's only frame it ends the run.
    Return(Option<Expr>),
    Fetch(Box<Fetch>),
    /// Calls a script's function.
    Run {
        target: super::Place,
        kind: Type,
        script: String,
        function: String,
        arguments: Vec<Expr>,
    },
    /// Goes on at the next step when true, else at `otherwise`; a missing value counts as false.
    Branch {
        condition: Expr,
        otherwise: usize,
    },
    Match {
        subject: Expr,
        arms: Vec<(Vec<Pattern>, usize)>,
        otherwise: usize,
    },
    Jump(usize),
    /// Leaves the flow.
    Goto {
        to: StepId,
        /// For the parameters of the flow.
        arguments: Vec<Expr>,
    },
    Stop,
    Wait(WaitFor),
    Handoff(Handoff),
}

impl Op {
    /// The word that accounts name it by.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Say { .. } => "say",
            Self::Image { .. } => "image",
            Self::Post { .. } => "post",
            Self::Ask { .. } => "ask",
            Self::Choose { .. } => "choose",
            Self::Typing => "typing",
            Self::Seen => "seen",
            Self::Set { .. } => "set",
            Self::Tag { on: true, .. } => "tag",
            Self::Tag { on: false, .. } => "untag",
            Self::Goal(_) => "goal",
            Self::Note(_) => "note",
            Self::Emit { .. } => "emit",
            Self::Enter { .. } => "loop",
            Self::Turn { .. } => "turn",
            Self::Split { .. } => "split",
            Self::Do { .. } => "do",
            Self::Return(_) => "return",
            Self::Fetch(_) => "fetch",
            Self::Run { .. } => "run",
            Self::Branch { .. } => "if",
            Self::Match { .. } => "match",
            Self::Jump(_) => "goes on",
            Self::Goto { .. } => "goto",
            Self::Stop => "stop",
            Self::Wait(_) => "wait",
            Self::Handoff(_) => "handoff",
        }
    }

    /// The steps of the same flow that it may lead to, besides the next one, in one order.
    #[must_use]
    pub fn targets(&self) -> Vec<Option<usize>> {
        match self {
            Self::Image { otherwise, .. } | Self::Branch { otherwise, .. } => vec![Some(*otherwise)],
            Self::Ask { tries, within, .. } => vec![Some(tries.target), Some(within.target)],
            Self::Choose { choices, other, tries, within, .. } => {
                let chosen = choices.iter().map(|choice| Some(choice.target));
                chosen.chain([*other, Some(tries.target), Some(within.target)]).collect()
            }
            Self::Match { arms, otherwise, .. } => {
                arms.iter().map(|(_, target)| Some(*target)).chain([Some(*otherwise)]).collect()
            }
            Self::Jump(target) => vec![Some(*target)],
            Self::Turn { end, .. } => vec![Some(*end)],
            Self::Split { arms, .. } => arms.iter().map(|arm| Some(arm.target)).collect(),
            Self::Fetch(fetch) => fetch.statuses.iter().map(|(_, target)| Some(*target)).chain([fetch.otherwise]).collect(),
            Self::Handoff(handoff) => {
                vec![handoff.open, handoff.closed, handoff.nobody_in.map(|(_, target)| target), handoff.released]
            }
            _ => Vec::new(),
        }
    }
}

/// One way of a `split`.
#[derive(Clone, Debug)]
pub struct Way {
    pub name: String,
    /// Of a hundred.
    pub share: u32,
    pub target: usize,
}

/// A call of the business's own systems.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub target: String,
    pub method: Method,
    /// Its holes are encoded as one path segment or query value each.
    pub url: Template,
    /// `secret.NAME` in a hole is a [`super::Place::Secret`], which the engine passes on by name.
    pub headers: Vec<(String, Template)>,
    /// A map; sent as JSON.
    pub json: Option<Expr>,
    /// Of each try.
    pub timeout_ms: i64,
    /// Further tries.
    pub retry: u32,
    /// `None` keeps the answer as it is.
    pub gives: Option<Vec<Given>>,
    pub statuses: Vec<(Vec<u16>, usize)>,
    /// Every other failure; without one it is a fault.
    pub otherwise: Option<usize>,
}

impl Fetch {
    /// Headers, in small letters, that no flow sets: what the connection says of itself, and what would change how an answer
    /// is read.
    pub const RESERVED_HEADERS: [&str; 12] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
        "proxy-authorization",
        "proxy-connection",
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As it stands on the wire and in flows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether the same call twice does no more than once.
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Put | Self::Delete)
    }
}

/// What is said to an answer that does not fit; `None` says the prompt again.
#[derive(Clone, Debug)]
pub struct Invalid(pub Option<Text>);

/// `tries N BLOCK`: after the N-th answer that does not fit, go to `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub tries: u32,
    pub target: usize,
}

/// `within D BLOCK`: so long after the prompt is known to be sent, go to `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    pub within_ms: i64,
    pub target: usize,
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub label: Text,
    pub named: Option<String>,
    /// As written; matched folded against the whole text.
    pub also: Vec<String>,
    pub target: usize,
}

#[derive(Clone, Debug)]
pub enum WaitFor {
    /// Milliseconds.
    Duration(i64),
    /// The next one in the bot's zone.
    Time(Time),
    /// Index into the bot's hours.
    Open(usize),
}

/// A handoff ends the run; its blocks run on their own and end with [`Op::Stop`].
#[derive(Clone, Debug)]
pub struct Handoff {
    pub note: Template,
    /// Index of the team.
    pub team: Option<usize>,
    pub open: Option<usize>,
    pub closed: Option<usize>,
    /// Milliseconds of the team's open hours, and the block.
    pub nobody_in: Option<(i64, usize)>,
    pub released: Option<usize>,
}
