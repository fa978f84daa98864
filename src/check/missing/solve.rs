//! What holds before each step of each flow, over all ways, calls and returns included.

use std::collections::{BTreeMap, VecDeque};

use super::facts::{self, Facts};
use super::rows::{self, Columns, Known};
use super::ways::{self, Way};
use crate::bot::{On, Op, Place};
use crate::check::lower::Lowered;
use crate::check::shape::Shapes;
use crate::check::trigger::Placed;
use crate::check::world::World;

/// The answer, to be asked step by step.
pub(super) struct Solved {
    flows: Vec<Columns>,
    shared: BTreeMap<String, usize>,
    /// Fields with a first value: taken away, they have that one again.
    always: Facts,
    /// Of each flow, of each step; `None` where no run comes.
    known: Vec<Vec<Option<Known>>>,
}

impl Solved {
    pub(super) fn new(world: &World<'_>, flows: &[Lowered], triggers: &[Placed<'_>]) -> Self {
        let ways: Vec<Vec<Vec<Way<'_>>>> =
            flows.iter().map(|flow| flow.steps.iter().enumerate().map(|(at, step)| ways::of(&step.op, at)).collect()).collect();
        let entries = entries(world, triggers, flows.len());
        let defaults = world.fields.iter().filter(|field| field.item.default.is_some());
        let always = defaults.map(|field| format!("contact.{}", field.item.name.text)).collect();
        let shared = shared_names(flows, &ways, &entries, &always);
        let mut left = Columns::budget();
        let columns: Vec<Columns> = flows
            .iter()
            .zip(&ways)
            .map(|(flow, ways)| Columns::new(local_names(flow, ways), flow.steps.len() + 1, shared.len(), &mut left))
            .collect();
        let known = flows.iter().map(|flow| vec![None; flow.steps.len() + 1]).collect();
        let solved = Self { flows: columns, shared, always, known };
        let exits = vec![None; flows.len()];
        let mut solver = Solver { world, lowered: flows, ways, solved, exits, callers: callers(flows), open: VecDeque::new() };
        solver.run(&entries);
        solver.solved
    }

    pub(super) fn reached(&self, flow: usize, step: usize) -> bool {
        self.at(flow, step).is_some()
    }

    fn at(&self, flow: usize, step: usize) -> Option<&Known> {
        self.known.get(flow).and_then(|steps| steps.get(step)).and_then(Option::as_ref)
    }

    fn bit(&self, flow: usize, fact: &str) -> Option<usize> {
        self.flows.get(flow)?.bit(fact, &self.shared)
    }

    /// Whether a fact holds on every way to the step. One that is not kept because the flow is too large does.
    pub(super) fn surely(&self, flow: usize, step: usize, fact: &str) -> bool {
        self.at(flow, step).is_some_and(|known| self.holds(flow, &known.all, fact))
    }

    /// Whether it holds on some way.
    pub(super) fn perhaps(&self, flow: usize, step: usize, fact: &str) -> bool {
        self.at(flow, step).is_some_and(|known| self.holds(flow, &known.some, fact))
    }

    fn holds(&self, flow: usize, row: &[u64], fact: &str) -> bool {
        match self.bit(flow, fact) {
            Some(bit) => rows::has(row, bit),
            None => self.always.contains(fact) || facts::is_local(fact) && self.gave_up(flow),
        }
    }

    fn gave_up(&self, flow: usize) -> bool {
        self.flows.get(flow).is_some_and(|columns| columns.gave_up)
    }
}

/// What one way of starting a flow brings: surely, and perhaps.
struct Entry {
    flow: usize,
    gains: Facts,
    perhaps: Facts,
}

fn entries(world: &World<'_>, triggers: &[Placed<'_>], flows: usize) -> Vec<Entry> {
    let mut list: Vec<Entry> = triggers
        .iter()
        .map(|placed| {
            let mut entry = entry(placed.trigger.flow, &placed.trigger.on);
            entry.gains.extend(placed.trigger.when.iter().flat_map(|when| facts::when(when, true)));
            entry
        })
        .collect();
    // What a broken item leads to may be any flow that its words name.
    let lost = (0..flows).filter(|flow| world.flows.get(*flow).is_some_and(|flow| world.lost.contains(flow.name.text.as_str())));
    list.extend(lost.map(|flow| Entry { flow, gains: Facts::new(), perhaps: Facts::new() }));
    list
}

fn entry(flow: usize, on: &On) -> Entry {
    let of = |facts: &[&str]| facts.iter().map(|fact| (*fact).to_owned()).collect::<Facts>();
    let (gains, perhaps) = match on {
        On::Matching(regex) => {
            let always = regex.groups_always();
            regex.groups().iter().cloned().partition(|group| always.contains(group))
        }
        On::Comment(form) => return entry(flow, form),
        On::Ad(Some(_)) => (of(&["referral.source", "referral.ad_id"]), Facts::new()),
        On::Link(Some(_)) => (of(&["referral.source", "referral.ref"]), Facts::new()),
        On::Ad(None) | On::Link(None) => (of(&["referral.source"]), Facts::new()),
        On::Fault => (of(&["fault.reason", "fault.step"]), Facts::new()),
        _ => (Facts::new(), Facts::new()),
    };
    Entry { flow, gains, perhaps }
}

/// Facts that all flows share: whatever one of them makes known of the contact, the entry or a fault.
fn shared_names(flows: &[Lowered], ways: &[Vec<Vec<Way<'_>>>], entries: &[Entry], always: &Facts) -> BTreeMap<String, usize> {
    let mut shared = BTreeMap::new();
    let mut keep = |fact: &str| {
        if !facts::is_local(fact) && !always.contains(fact) && !shared.contains_key(fact) {
            shared.insert(fact.to_owned(), shared.len());
        }
    };
    for way in ways.iter().flatten().flatten() {
        way.gains.iter().for_each(|fact| keep(fact));
        way.sets.iter().for_each(|(fact, _)| keep(fact));
    }
    entries.iter().flat_map(|entry| &entry.gains).for_each(|fact| keep(fact));
    flows.iter().flat_map(results).for_each(|fact| keep(&fact));
    shared
}

/// Where the results of the flow's calls are kept.
fn results(flow: &Lowered) -> impl Iterator<Item = String> {
    flow.steps.iter().filter_map(|step| match &step.op {
        Op::Do { into, .. } => into.as_ref().and_then(facts::of_place),
        _ => None,
    })
}

/// Every fact about the flow's own variables that something makes known.
fn local_names<'l>(flow: &'l Lowered, ways: &'l [Vec<Way<'_>>]) -> impl Iterator<Item = String> + 'l {
    let on_ways = ways.iter().flatten().flat_map(|way| way.gains.iter().chain(way.sets.iter().map(|(fact, _)| fact)));
    // Groups of triggers and parameters are among the shapes.
    let all = on_ways.cloned().chain(results(flow)).chain(flow.shapes.keys().cloned());
    all.filter(|fact| facts::is_local(fact))
}

/// The `do` steps that begin each flow.
fn callers(flows: &[Lowered]) -> Vec<Vec<(usize, usize)>> {
    let mut callers = vec![Vec::new(); flows.len()];
    for (flow, lowered) in flows.iter().enumerate() {
        for (at, step) in lowered.steps.iter().enumerate() {
            if let Op::Do { flow: called, .. } = step.op
                && let Some(list) = callers.get_mut(called)
            {
                list.push((flow, at));
            }
        }
    }
    callers
}

struct Solver<'w, 'a, 'o> {
    world: &'w World<'a>,
    lowered: &'o [Lowered],
    ways: Vec<Vec<Vec<Way<'o>>>>,
    solved: Solved,
    /// What all flows share at every return of each flow; `None` where none is reached yet.
    exits: Vec<Option<Known>>,
    callers: Vec<Vec<(usize, usize)>>,
    open: VecDeque<(usize, usize)>,
}

impl Solver<'_, '_, '_> {
    fn run(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Some(columns) = self.solved.flows.get(entry.flow) else { continue };
            let mut known = Known::empty(columns.words);
            for fact in &entry.gains {
                columns.bit(fact, &self.solved.shared).into_iter().for_each(|bit| known.gain(bit));
            }
            for fact in &entry.perhaps {
                columns.bit(fact, &self.solved.shared).into_iter().for_each(|bit| rows::set(&mut known.some, bit));
            }
            self.arrive(entry.flow, 0, &known);
        }
        while let Some((flow, step)) = self.open.pop_front() {
            if let Some(known) = self.solved.at(flow, step).cloned() {
                self.step(flow, step, &known);
            }
        }
    }

    fn arrive(&mut self, flow: usize, step: usize, known: &Known) {
        let Some(slot) = self.solved.known.get_mut(flow).and_then(|steps| steps.get_mut(step)) else { return };
        let changed = match slot {
            Some(here) => here.meet(known),
            None => {
                *slot = Some(known.clone());
                true
            }
        };
        if changed {
            self.open.push_back((flow, step));
        }
    }

    fn step(&mut self, flow: usize, at: usize, known: &Known) {
        let Some(lowered) = self.lowered.get(flow) else { return };
        match lowered.steps.get(at).map(|step| &step.op) {
            // Falling off its end gives back to whoever called the flow, as `return` does.
            None | Some(Op::Return(_)) => self.give_back(flow, known),
            Some(Op::Goto { to, arguments }) => {
                self.enter(flow, (to.flow, to.step), !arguments.is_empty() || to.step == 0, known)
            }
            Some(Op::Do { flow: called, into, .. }) => {
                self.enter(flow, (*called, 0), true, known);
                if let Some(exit) = self.exits.get(*called).cloned().flatten() {
                    let after = self.returned(flow, known, &exit, into.as_ref());
                    self.arrive(flow, at + 1, &after);
                }
            }
            Some(_) => self.go_on(flow, at, known),
        }
    }

    fn go_on(&mut self, flow: usize, at: usize, known: &Known) {
        let (Some(columns), Some(lowered)) = (self.solved.flows.get(flow), self.lowered.get(flow)) else { return };
        let shared = &self.solved.shared;
        let mut arriving = Vec::new();
        for way in self.ways.get(flow).and_then(|ways| ways.get(at)).into_iter().flatten() {
            let mut after = known.clone();
            if let Some((fact, value)) = &way.sets {
                let shapes = Shapes { contact: &self.world.contact_shapes, variables: &lowered.shapes };
                let surely =
                    value.is_none_or(|value| facts::surely(value, shapes, &|fact| self.solved.holds(flow, &known.all, fact)));
                let perhaps =
                    value.is_none_or(|value| facts::surely(value, shapes, &|fact| self.solved.holds(flow, &known.some, fact)));
                columns.bits_under(fact).for_each(|bit| after.lose(bit));
                if let Some(bit) = columns.bit(fact, shared) {
                    after.lose(bit);
                    if surely {
                        after.gain(bit);
                    } else if perhaps {
                        rows::set(&mut after.some, bit);
                    }
                }
            }
            for bit in way.gains.iter().filter_map(|fact| columns.bit(fact, shared)) {
                after.gain(bit);
            }
            for bit in way.perhaps.iter().filter_map(|fact| columns.bit(fact, shared)) {
                rows::set(&mut after.some, bit);
            }
            arriving.push((way.to, after));
        }
        for (to, after) in arriving {
            self.arrive(flow, to, &after);
        }
    }

    /// Into another flow: what all flows share goes along, and the parameters where they are given.
    fn enter(&mut self, from: usize, (flow, step): (usize, usize), given: bool, known: &Known) {
        let (Some(here), Some(there)) = (self.solved.flows.get(from), self.solved.flows.get(flow)) else { return };
        let mut begin = Known::empty(there.words);
        there.shared_mut(&mut begin.all).copy_from_slice(here.shared(&known.all));
        there.shared_mut(&mut begin.some).copy_from_slice(here.shared(&known.some));
        if given {
            for parameter in self.lowered.get(flow).into_iter().flat_map(|flow| &flow.parameters) {
                there.bit(&parameter.name, &self.solved.shared).into_iter().for_each(|bit| begin.gain(bit));
            }
        }
        self.arrive(flow, step, &begin);
    }

    fn give_back(&mut self, flow: usize, known: &Known) {
        let Some(columns) = self.solved.flows.get(flow) else { return };
        let exit = Known { all: columns.shared(&known.all).to_vec(), some: columns.shared(&known.some).to_vec() };
        let Some(slot) = self.exits.get_mut(flow) else { return };
        let changed = match slot {
            Some(before) => before.meet(&exit),
            None => {
                *slot = Some(exit);
                true
            }
        };
        if changed {
            self.open.extend(self.callers.get(flow).into_iter().flatten().filter(|(flow, at)| self.solved.reached(*flow, *at)));
        }
    }

    /// Behind a `do`: the caller's own variables, and of what all share what both ends know.
    fn returned(&self, flow: usize, known: &Known, exit: &Known, into: Option<&Place>) -> Known {
        let mut after = known.clone();
        let Some(columns) = self.solved.flows.get(flow) else { return after };
        // The exit is the meet over all callers; what this one knew is not lost by the call.
        for (here, there) in columns.shared_mut(&mut after.all).iter_mut().zip(&exit.all) {
            *here |= there;
        }
        for (here, there) in columns.shared_mut(&mut after.some).iter_mut().zip(&exit.some) {
            *here |= there;
        }
        if let Some(fact) = into.and_then(facts::of_place) {
            columns.bits_under(&fact).for_each(|bit| after.lose(bit));
            columns.bit(&fact, &self.solved.shared).into_iter().for_each(|bit| after.gain(bit));
        }
        after
    }
}
