//! What a deployment means for whoever is in the middle of something: a pure look at two bots and a count.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::deploy::{Census, Place};
use super::dropped::dropped;
use crate::bot::{Bot, Field, Step};
use crate::engine::Moves;

/// What would happen, and what speaks against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub name: String,
    /// The number that the version has already; `None` where it was never stored.
    pub version: Option<u32>,
    pub live: Option<u32>,
    /// Each step at which customers wait, in order of versions, flows and steps.
    pub parked: Vec<Parked>,
    pub findings: Vec<Finding>,
}

/// Customers that wait at one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parked {
    /// In which they began.
    pub version: u32,
    pub flow: String,
    /// As in `shop.flow:12`; empty where the version cannot be read.
    pub place: String,
    /// `ask`, `choose`, `wait`, ….
    pub step: String,
    pub customers: u64,
    pub lands: Lands,
    /// In words: where, or what is lost.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lands {
    /// Goes on in the new version, where the flow is the same.
    Moves,
    /// Goes on in the version it began in.
    Stays,
    /// Ends with a fault.
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is deployed.
    Critical,
    Warning,
}

impl Plan {
    /// Why nothing may be deployed.
    #[must_use]
    pub fn critical(&self) -> Option<&str> {
        self.findings.iter().find(|finding| finding.severity == Severity::Critical).map(|finding| finding.text.as_str())
    }
}

/// What a plan is made of.
pub(super) struct Subject<'a> {
    pub(super) bot: &'a Bot,
    pub(super) number: Option<u32>,
    pub(super) live: Option<u32>,
    /// Every other version with customers, and the live one.
    pub(super) bots: &'a BTreeMap<u32, Result<Arc<Bot>, String>>,
    pub(super) census: &'a Census,
}

pub(super) fn make(subject: &Subject<'_>) -> Plan {
    let moves: BTreeMap<u32, Moves> = subject
        .bots
        .iter()
        .filter_map(|(number, bot)| Some((*number, Moves::between(bot.as_ref().ok()?, subject.bot))))
        .collect();
    let mut parked: Vec<Parked> = Vec::new();
    for (place, customers) in &subject.census.places {
        let one = land(subject, &moves, place, *customers);
        // The same step reached by several ways is one line where it lands alike.
        match parked.last_mut() {
            Some(last)
                if (last.version, &last.flow, &last.place, last.lands) == (one.version, &one.flow, &one.place, one.lands)
                    && last.step == one.step =>
            {
                last.customers += one.customers;
            }
            _ => parked.push(one),
        }
    }
    let mut findings = Vec::new();
    let lost: u64 = parked.iter().filter(|one| one.lands == Lands::Lost).map(|one| one.customers).sum();
    if lost > 0 {
        findings.push(critical(format!("{lost} customers are in the middle of something that would be lost")));
    }
    if let Some(Ok(live)) = subject.live.and_then(|live| subject.bots.get(&live)) {
        compare(live, subject, &mut findings);
    }
    findings.extend(unable(subject, &moves));
    Plan { name: subject.bot.name.clone(), version: subject.number, live: subject.live, parked, findings }
}

/// Calls of the versions before that would fail once this one is live.
fn unable(subject: &Subject<'_>, moves: &BTreeMap<u32, Moves>) -> Vec<Finding> {
    let mut calls = BTreeMap::new();
    for (place, customers) in &subject.census.places {
        let Some(Ok(from)) = subject.bots.get(&place.version).filter(|_| Some(place.version) != subject.number) else { continue };
        let Some(step) = waits_at(from, place) else { continue };
        // Who moves is in flows of this version, which the check has read beside its scripts.
        if target(from, moves, place).is_some() && is_exact(from, place) {
            continue;
        }
        for call in dropped(from, place, step, subject.bot) {
            *calls.entry(call).or_insert(0) += customers;
        }
    }
    calls.iter().map(|(call, customers)| warning(call.told(*customers))).collect()
}

fn critical(text: String) -> Finding {
    Finding { severity: Severity::Critical, text }
}

fn warning(text: String) -> Finding {
    Finding { severity: Severity::Warning, text }
}

fn land(subject: &Subject<'_>, moves: &BTreeMap<u32, Moves>, place: &Place, customers: u64) -> Parked {
    let here = Some(place.version) == subject.number;
    let bot = match subject.bots.get(&place.version) {
        _ if here => Ok(subject.bot),
        Some(Ok(bot)) => Ok(&**bot),
        Some(Err(why)) => Err(why.clone()),
        None => Err("its version is not stored".to_owned()),
    };
    let mut parked = Parked {
        version: place.version,
        flow: place.flow.to_string(),
        place: String::new(),
        step: String::new(),
        customers,
        lands: Lands::Lost,
        why: String::new(),
    };
    let bot = match bot {
        Ok(bot) => bot,
        Err(why) => return Parked { why, ..parked },
    };
    let Some(step) = waits_at(bot, place).and_then(|at| steps(bot, place).get(at)) else {
        return Parked { why: "the step is not in its version".to_owned(), ..parked };
    };
    parked.place = format!("{}:{}", step.origin.path, step.origin.line);
    parked.step = step.op.word().to_owned();
    (parked.lands, parked.why) = match target(bot, moves, place) {
        _ if here => (Lands::Stays, "it is this version".to_owned()),
        Some(to) if is_exact(bot, place) => {
            let to = subject.bot.flows.get(to).map_or("", |flow| &flow.name);
            (Lands::Moves, format!("goes on in `{to}` of the new version, which is the same"))
        }
        _ => (Lands::Stays, format!("goes on in version {}", place.version)),
    };
    parked
}

fn steps<'a>(bot: &'a Bot, place: &Place) -> &'a [Step] {
    let flow = bot.flow_at(&place.flow).and_then(|at| bot.flows.get(at));
    flow.map(|flow| flow.steps.as_slice()).unwrap_or_default()
}

fn is_exact(bot: &Bot, place: &Place) -> bool {
    steps(bot, place).get(place.step).is_some_and(|step| step.digest == place.digest)
}

/// The step: where it says, or else the first one that is the same.
fn waits_at(bot: &Bot, place: &Place) -> Option<usize> {
    let same = || steps(bot, place).iter().position(|step| step.digest == place.digest);
    Some(place.step).filter(|_| is_exact(bot, place)).or_else(same)
}

/// The flow of the new version that it goes on in, where it and all that it returns to are the same there.
fn target(bot: &Bot, moves: &BTreeMap<u32, Moves>, place: &Place) -> Option<usize> {
    let moved = |name: &str| moves.get(&place.version)?.of(bot.flow_at(name)?);
    let frames = place.callers.iter().map(|name| &**name).chain([&*place.flow]);
    frames.map(moved).collect::<Option<Vec<usize>>>()?.pop()
}

/// What is taken from the live bot for everybody at once.
fn compare(live: &Bot, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let new = subject.bot;
    if live.settings.opt_out.is_some() && new.settings.opt_out.is_none() {
        findings.push(critical("customers could no longer end automatic messages: `opt out on` is gone".to_owned()));
    }
    if let (Some(before), Some(words)) = (&live.settings.opt_out, &new.settings.opt_out) {
        let gone = words.without(before).map(|phrase| warning(format!("`{phrase}` no longer ends automatic messages")));
        findings.extend(gone);
    }
    for field in &live.contact {
        let Some(customers) = subject.census.fields.get(&field.name) else { continue };
        let kept = |other: &&Field| other.name == field.name || other.renamed_from.as_ref() == Some(&field.name);
        match new.contact.iter().find(kept) {
            None => findings.push(warning(format!(
                "`contact.{}` is gone; the values of {customers} customers are kept and read by nobody (`renamed from` keeps them)",
                field.name
            ))),
            Some(other) if format!("{:?}", other.kind) != format!("{:?}", field.kind) => findings.push(warning(format!(
                "`contact.{}` has another type; {customers} customers have values of the type before",
                field.name
            ))),
            Some(_) => {}
        }
    }
}
