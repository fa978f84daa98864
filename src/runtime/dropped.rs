//! What somebody in the middle of an earlier version may still get to and the new version has not: scripts, and the systems
//! that may be called, are the live version's for everybody at once.

use std::collections::BTreeSet;

use super::deploy::Place;
use crate::bot::{Bot, Fetch, Op, Piece};

/// A call that would fail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dropped {
    Function {
        script: String,
        name: String,
        parameters: usize,
    },
    /// As `fetch from` names it.
    System(String),
}

impl Dropped {
    /// In words, with the repair.
    pub(super) fn told(&self, customers: u64) -> String {
        match self {
            Self::Function { script, name, parameters } => format!(
                "{customers} customers may still get to `run {script}.{name}` with {parameters} values, which the new version's \
                 scripts do not have: it would end with a fault (keep `{name}` in `{script}.rhai` until they are through)"
            ),
            Self::System(origin) => format!(
                "{customers} customers may still get to a `fetch` of `{origin}`, which the new version may not call: it would fail \
                 (keep `fetch from \"{origin}\"` until they are through)"
            ),
        }
    }
}

/// What whoever waits at this step of `from` may get to there and `new` has not. Of the flows that it returns to each step
/// counts: where in them it goes on is not in a census.
pub(super) fn dropped(from: &Bot, place: &Place, step: usize, new: &Bot) -> BTreeSet<Dropped> {
    let mut open: Vec<(usize, usize)> = from.flow_at(&place.flow).map(|flow| (flow, step)).into_iter().collect();
    for caller in place.callers.iter().filter_map(|name| from.flow_at(name)) {
        let steps = from.flows.get(caller).map_or(0, |flow| flow.steps.len());
        open.extend((0..steps).map(|step| (caller, step)));
    }
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    while let Some((flow, at)) = open.pop() {
        let step = from.flows.get(flow).and_then(|flow| flow.steps.get(at));
        let Some(step) = step.filter(|_| seen.insert((flow, at))) else { continue };
        open.extend(step.op.targets().into_iter().flatten().map(|target| (flow, target)));
        match &step.op {
            Op::Jump(_) | Op::Stop | Op::Return(_) | Op::Match { .. } | Op::Split { .. } => continue,
            Op::Goto { to, .. } => {
                open.push((to.flow, to.step));
                continue;
            }
            Op::Do { flow, .. } => open.push((*flow, 0)),
            Op::Run { script, function, arguments, .. } if !has(new, script, function, arguments.len()) => {
                let (script, name) = (script.clone(), function.clone());
                found.insert(Dropped::Function { script, name, parameters: arguments.len() });
            }
            Op::Fetch(fetch) => {
                let gone = system(fetch).filter(|system| !new.settings.fetch_from.contains(system));
                found.extend(gone.map(Dropped::System));
            }
            _ => {}
        }
        open.push((flow, at + 1));
    }
    found
}

fn has(bot: &Bot, script: &str, name: &str, parameters: usize) -> bool {
    let is = |function: &crate::bot::Function| function.name == name && function.parameters == parameters;
    bot.scripts.named(script).is_some_and(|script| script.functions.iter().any(is))
}

/// The origin that it calls, spelled as in the settings: the check has found it fixed.
fn system(fetch: &Fetch) -> Option<String> {
    let Some(Piece::Literal(start)) = fetch.url.pieces.first() else { return None };
    let (scheme, rest) = start.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
    let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
    Some(origin.strip_suffix(default_port).map_or_else(|| origin.clone(), str::to_owned))
}
