//! In: what the checker resolved. Out: a bot that cannot be wrong: names are ids, steps are flat, triggers are one matcher.
//! Does not know: source texts, pest, YAML, the engine, stores.

mod expression;
mod flow;
mod matcher;
mod proof;
mod regex;
mod script;
mod settings;
mod test;
mod text;
mod trigger;
mod types;
mod value;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

pub use expression::{BinaryOp, Builtin, Expr, Pattern, Place};
pub use flow::{
    Choice, Fetch, Flow, Handoff, Invalid, Limit, Method, Op, Origin, Parameter, Silence, Step, StepId, WaitFor, Way,
};
pub use matcher::{Beside, Entry, Heard, HeardKind, Hit, Matcher, Rank, short_name};
pub use proof::{Filled, FlowProof, Proof, TextProof};
pub use regex::{Regex, RegexError};
pub use script::{Function, Hook, Returned, Script, ScriptCall, ScriptFault, ScriptHost, Scripts, Stopped};
pub use settings::{Asset, Automatic, Field, Gather, OptWords, Prompt, Settings, ShortBudget, Suggested, Team};
pub use test::{BotAct, ColleagueAct, CustomerAct, Expectation, Test, TestLine, TestStep};
pub use text::{Few, Filter, Hole, Piece, Template, Text};
pub use trigger::{Anytime, On, Trigger};
pub use types::{Given, Type, Word};
pub use value::{Value, ValueMap};

use crate::calendar::Hours;

/// A checked bot. Made by `check` alone; everything in it refers to something that exists.
#[derive(Debug)]
pub struct Bot {
    pub name: String,
    /// Lower-case hexadecimal SHA-256 over the sources and the assets: the version.
    pub digest: String,
    /// BCP 47 tags, the default first; a language is an index into it.
    pub languages: Vec<String>,
    pub settings: Settings,
    /// `words` by name, as written.
    pub words: BTreeMap<String, Vec<String>>,
    pub contact: Vec<Field>,
    pub hours: Vec<Hours>,
    pub teams: Vec<Team>,
    pub flows: Vec<Flow>,
    /// In file order (byte order of paths, then place).
    pub triggers: Vec<Trigger>,
    /// [`Matcher::new`] of the triggers.
    pub matcher: Matcher,
    /// By the path an author wrote.
    pub assets: BTreeMap<String, Arc<Asset>>,
    /// In file order.
    pub tests: Vec<Test>,
    /// What stands in the `.rhai` files beside the flows.
    pub scripts: Scripts,
    /// What holds over all ways of a conversation.
    pub proof: Proof,
    /// Made where it is first asked for.
    pub places: FlowPlaces,
}

/// Where each flow stands, by name.
#[derive(Debug, Default)]
pub struct FlowPlaces(OnceLock<HashMap<Arc<str>, usize>>);

impl Bot {
    /// The flow of this name.
    #[must_use]
    pub fn flow(&self, name: &str) -> Option<&Flow> {
        self.flows.get(self.flow_at(name)?)
    }

    /// The index of the flow of this name.
    #[must_use]
    pub fn flow_at(&self, name: &str) -> Option<usize> {
        let named = || self.flows.iter().enumerate().rev().map(|(at, flow)| (flow.name.clone(), at)).collect();
        self.places.0.get_or_init(named).get(name).copied()
    }
}
