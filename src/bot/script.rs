//! Scripts beside the flows: what their files declare, as plain data, and a way to call them.

use std::fmt::Debug;
use std::sync::Arc;

use super::Value;

/// All scripts of a bot. Without `host` nothing can be called.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    /// In the order of their paths.
    pub files: Vec<Script>,
    pub host: Option<Arc<dyn ScriptHost>>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The file's name without its ending: what a `run` step names.
    pub name: String,
    /// As it stands among the sources.
    pub path: String,
    /// In file order.
    pub functions: Vec<Function>,
    pub faults: Vec<ScriptFault>,
}

/// A function that a script declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// How many values it takes.
    pub parameters: usize,
    /// Whether the script itself names it somewhere.
    pub is_used: bool,
    /// From 1.
    pub line: u32,
    /// Its name's place in the file, in bytes.
    pub start: u32,
    pub end: u32,
}

/// A function that the bot calls by itself, where a script has one of this name. Each takes two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    OnMessage,
    BeforeSend,
    OnHandoff,
    OnGoal,
    OnFault,
}

impl Hook {
    pub const ALL: [Self; 5] = [Self::OnMessage, Self::BeforeSend, Self::OnHandoff, Self::OnGoal, Self::OnFault];
    /// Values that each takes.
    pub const PARAMETERS: usize = 2;

    /// The function's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnMessage => "on_message",
            Self::BeforeSend => "before_send",
            Self::OnHandoff => "on_handoff",
            Self::OnGoal => "on_goal",
            Self::OnFault => "on_fault",
        }
    }

    /// What it is handed, as its author may call it.
    #[must_use]
    pub const fn takes(self) -> &'static str {
        match self {
            Self::OnMessage => "message, contact",
            Self::BeforeSend => "reply, conversation",
            Self::OnHandoff => "handoff, conversation",
            Self::OnGoal => "goal, conversation",
            Self::OnFault => "fault, conversation",
        }
    }

    /// The hook of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }
}

/// Why a script cannot be used; a place in bytes, and words for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFault {
    pub start: u32,
    pub end: u32,
    pub text: String,
    pub help: Option<String>,
}

/// A call of a script's function; a missing value is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptCall {
    pub script: String,
    pub function: String,
    pub arguments: Vec<Option<Value>>,
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Stopped {
    /// In words, with the script's file, line and column.
    pub why: String,
    /// It was stopped at a limit of time, steps or size: the script may do so again and again.
    pub overran: bool,
}

/// What a call returned.
pub type Returned = Result<Option<Value>, Stopped>;

/// Runs scripts, each call within the same limits, on threads of its own.
pub trait ScriptHost: Debug + Send + Sync {
    /// Begins a call and returns at once; `done` hears its end exactly once, on whatever thread.
    fn begin(&self, call: ScriptCall, done: Box<dyn FnOnce(Returned) + Send>);

    /// The same, waiting for the end: no longer than the limits allow.
    fn call(&self, call: ScriptCall) -> Returned {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.begin(call, Box::new(move |returned| _ = send.send(returned)));
        receive.recv().unwrap_or_else(|_| Err(Stopped { why: "nobody ran the script".to_owned(), overran: false }))
    }
}

impl Scripts {
    /// The script of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Script> {
        self.files.iter().find(|script| script.name == name)
    }

    /// The script that has this hook.
    #[must_use]
    pub fn hook(&self, hook: Hook) -> Option<&str> {
        let is = |found: &Function| found.parameters == Hook::PARAMETERS && found.name == hook.name();
        self.files.iter().find(|script| script.functions.iter().any(is)).map(|script| script.name.as_str())
    }

    /// Calls a function and waits for its end; `None` where there is none of this name.
    #[must_use]
    pub fn run(&self, script: &str, function: &str, arguments: &[Option<Value>]) -> Option<Returned> {
        let host = self.host.as_ref()?;
        self.named(script).filter(|found| found.has(function))?;
        let (script, function, arguments) = (script.to_owned(), function.to_owned(), arguments.to_vec());
        Some(host.call(ScriptCall { script, function, arguments }))
    }
}

impl Script {
    fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|found| found.name == function)
    }
}
