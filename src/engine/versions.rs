//! Several versions of a bot in one conversation: which one a run's steps are taken from, and which runs may move.

use std::collections::{BTreeSet, VecDeque};

use super::Conversation;
use super::state::{Anchor, Hint, Run};
use super::work::{Fault, Work};
use crate::bot::{Bot, Flow, Op, Team};
use crate::calendar::Hours;

/// Runs from before versions were kept are the first version's.
const FIRST: u32 = 1;

/// The bots of one sprint.
#[derive(Clone, Copy, Debug)]
pub struct Bots<'a> {
    /// Whose triggers, opt-out, hours, teams, contact fields and gate settings hold, and whose flows are begun.
    pub live: &'a Bot,
    /// Its number; 0 where versions are not kept. There is no other then: every run goes on in the bot at hand, as far as
    /// its step is still there.
    pub number: u32,
    /// The versions of the conversation's other runs, as [`Conversation::versions`] names them. A run whose version is not
    /// among them faults.
    pub others: &'a [Older<'a>],
}

impl<'a> Bots<'a> {
    /// A bot whose versions are not kept.
    #[must_use]
    pub const fn one(live: &'a Bot) -> Self {
        Self { live, number: 0, others: &[] }
    }
}

/// A version that is not live and still has runs.
#[derive(Clone, Copy, Debug)]
pub struct Older<'a> {
    pub number: u32,
    pub bot: &'a Bot,
    /// [`Moves::between`] it and the live one.
    pub moves: &'a Moves,
}

/// Flows of one version that mean the same in another: a run in one of them goes on there and nobody can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves(Vec<Option<usize>>);

impl Moves {
    /// A flow moves when its steps, and those of all flows it can get into, are the same in number, digest and target, and
    /// what steps refer to outside of flows (languages, zone, hours, teams, fields, files) is the same too. A flow that was
    /// renamed moves to its new name.
    #[must_use]
    pub fn between(old: &Bot, new: &Bot) -> Self {
        if !alike(old, new) {
            return Self(vec![None; old.flows.len()]);
        }
        let files = same_files(old, new);
        let mut to: Vec<Option<usize>> =
            old.flows.iter().map(|flow| successor(flow, old, new).filter(|at| same(flow, new.flows.get(*at), files))).collect();
        // What gets into a flow that has changed has changed too.
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); old.flows.len()];
        let mut broken = VecDeque::new();
        for (at, flow) in old.flows.iter().enumerate() {
            for (step, into) in flow.steps.iter().enumerate().filter_map(|(at, step)| Some((at, begun_by(&step.op)?))) {
                if let Some(callers) = callers.get_mut(into) {
                    callers.push(at);
                }
                let there = to.get(at).copied().flatten().and_then(|new_at| new.flows.get(new_at)?.steps.get(step));
                let there = there.and_then(|step| begun_by(&step.op));
                if there != to.get(into).copied().flatten() {
                    broken.push_back(at);
                }
            }
            if to.get(at).is_some_and(Option::is_none) {
                broken.push_back(at);
            }
        }
        let mut seen = BTreeSet::new();
        while let Some(at) = broken.pop_front() {
            if !seen.insert(at) {
                continue;
            }
            if let Some(to) = to.get_mut(at) {
                *to = None;
            }
            broken.extend(callers.get(at).into_iter().flatten());
        }
        Self(to)
    }

    /// The flow of the other version; `None` where it has changed.
    #[must_use]
    pub fn of(&self, flow: usize) -> Option<usize> {
        self.0.get(flow).copied().flatten()
    }
}

fn successor(flow: &Flow, old: &Bot, new: &Bot) -> Option<usize> {
    let renamed = |other: &Flow| other.renamed_from.as_deref() == Some(&*flow.name) && old.flow_at(&other.name).is_none();
    new.flow_at(&flow.name).or_else(|| new.flows.iter().position(renamed))
}

fn alike(old: &Bot, new: &Bot) -> bool {
    let hours = |bot: &Bot| bot.hours.iter().map(|hours| hours.name.clone()).collect::<Vec<_>>();
    let teams = |bot: &Bot| bot.teams.iter().map(|team| team.name.clone()).collect::<Vec<_>>();
    let fields = |bot: &Bot| bot.contact.iter().map(|field| format!("{} {:?}", field.name, field.kind)).collect::<BTreeSet<_>>();
    let settings = |bot: &Bot| (format!("{:?}", bot.settings.zone), bot.settings.native_numerals);
    old.languages == new.languages
        && settings(old) == settings(new)
        && hours(old) == hours(new)
        && teams(old) == teams(new)
        && fields(old) == fields(new)
}

fn same_files(old: &Bot, new: &Bot) -> bool {
    let digests = |bot: &Bot| bot.assets.iter().map(|(path, asset)| (path.clone(), asset.digest.clone())).collect::<Vec<_>>();
    digests(old) == digests(new)
}

fn same(old: &Flow, new: Option<&Flow>, files: bool) -> bool {
    let Some(new) = new else { return false };
    let parameters = |flow: &Flow| flow.parameters.iter().map(|one| format!("{} {:?}", one.name, one.kind)).collect::<Vec<_>>();
    let labels = |flow: &Flow| flow.labels.values().copied().collect::<BTreeSet<_>>();
    old.steps.len() == new.steps.len()
        && parameters(old) == parameters(new)
        && labels(old) == labels(new)
        && old.steps.iter().zip(&new.steps).all(|(old, new)| {
            old.digest == new.digest
                && old.op.targets() == new.op.targets()
                && (files || !matches!(old.op, Op::Image { .. }))
                && match (&old.op, &new.op) {
                    (Op::Goto { to: old, .. }, Op::Goto { to: new, .. }) => old.step == new.step,
                    (Op::Enter { counter: old, .. }, Op::Enter { counter: new, .. })
                    | (Op::Turn { counter: old, .. }, Op::Turn { counter: new, .. }) => old == new,
                    _ => true,
                }
        })
}

/// The flow that a step gets into.
fn begun_by(op: &Op) -> Option<usize> {
    match op {
        Op::Do { flow, .. } => Some(*flow),
        Op::Goto { to, .. } => Some(to.flow),
        _ => None,
    }
}

impl Conversation {
    /// The versions, other than the live one, that its runs are in; at most three, in order.
    #[must_use]
    pub fn versions(&self, live: u32) -> Vec<u32> {
        if live == 0 {
            return Vec::new();
        }
        let mut found: Vec<u32> = self.numbers().filter_map(|number| older(number, live)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        let runs = [self.run.as_ref(), self.parked.as_deref()].into_iter().flatten().map(|run| run.version);
        runs.chain(self.stand.handed().filter(|handed| handed.anchor.is_some()).map(|handed| handed.version))
    }

    /// The fields of the contact that have a value.
    pub fn contact_fields(&self) -> impl Iterator<Item = &str> {
        self.contact.keys().map(String::as_str)
    }

    /// Each place that waits: the flow, the step (an index), its digest, and the number of the version.
    pub fn places(&self) -> impl Iterator<Item = Parked> {
        let parked = |anchor: &'_ Anchor, version: u32| (anchor.flow.clone(), anchor.step, anchor.digest, version);
        let runs = [self.run.as_ref(), self.parked.as_deref()].into_iter().flatten();
        let runs = runs.map(move |run| (parked(&run.at, run.version), run.callers.iter().map(|one| one.flow.clone()).collect()));
        let handed = self.stand.handed().and_then(|handed| Some((handed.anchor.as_ref()?, handed.version)));
        let handed = handed.map(move |(anchor, version)| (parked(anchor, version), Vec::new()));
        runs.chain(handed).map(|((flow, step, digest, version), callers): (_, Vec<_>)| Parked {
            flow,
            step,
            digest,
            version: version.max(FIRST),
            callers,
        })
    }
}

/// Where a customer is in the middle of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub flow: std::sync::Arc<str>,
    /// Index of the step, as it stood in its version.
    pub step: usize,
    pub digest: u64,
    pub version: u32,
    /// The flows that it returns to.
    pub callers: Vec<std::sync::Arc<str>>,
}

/// The number that a run is found under, where that is not the live version's.
fn older(number: u32, live: u32) -> Option<u32> {
    Some(number.max(FIRST)).filter(|number| *number != live)
}

impl<'a> Work<'a> {
    /// The bot whose steps the present run takes; the live one where nothing runs.
    #[inline]
    pub(super) fn bot(&self) -> &'a Bot {
        if self.bots.others.is_empty() { self.live } else { self.bot_of_run() }
    }

    fn bot_of_run(&self) -> &'a Bot {
        self.state.run.as_ref().map_or(self.live, |run| self.bot_of(run.version))
    }

    /// The bot of this number. What is not among the sprint's was ended at its beginning.
    pub(super) fn bot_of(&self, number: u32) -> &'a Bot {
        let found = self.bots.others.iter().find(|older| older.number == number);
        found.map_or(self.live, |older| older.bot)
    }

    /// Before anything else: runs move that may, and those end whose version is not to be had.
    #[inline]
    pub(super) fn take_up_versions(&mut self) {
        let live = self.bots.number;
        let other = |run: &Run| run.version != live;
        let state = &*self.state;
        if live != 0
            && (state.run.as_ref().is_some_and(other)
                || state.parked.as_deref().is_some_and(other)
                || state.stand.handed().is_some_and(|handed| handed.anchor.is_some() && handed.version != live))
        {
            self.take_up_older();
        }
    }

    fn take_up_older(&mut self) {
        let (live, bots) = (self.bots.number, self.bots);
        let moved = |number: u32, anchors: &mut dyn Iterator<Item = &mut Anchor>| moved(bots, number.max(FIRST), anchors);
        let gone = |number: u32| number != live && bots.others.iter().all(|older| older.number != number);
        let mut told = Vec::new();
        for run in [self.state.run.as_mut(), self.state.parked.as_deref_mut()].into_iter().flatten() {
            let before = run.version;
            run.version = moved(before, &mut run.callers.iter_mut().chain([&mut run.at]));
            if run.version == live && before.max(FIRST) != live {
                told.push(before);
            }
        }
        if let Some(handed) = self.state.stand.handed_mut()
            && let Some(anchor) = &mut handed.anchor
        {
            let before = handed.version;
            handed.version = moved(before, &mut std::iter::once(anchor));
            if handed.version == live && before.max(FIRST) != live {
                told.push(before);
            }
            if gone(handed.version) {
                handed.anchor = None;
            }
        }
        for before in told {
            self.note("version", format_args!("goes on in version {live}, where its flow is as it was in {before}"));
        }
        if let Some(parked) = self.state.parked.take_if(|run| gone(run.version)) {
            self.note("version", format_args!("`{}`, which was put aside, ends: {}", parked.at.flow, unreadable(parked.version)));
        }
        if let Some(number) = self.state.run.as_ref().map(|run| run.version).filter(|number| gone(*number)) {
            self.fault(&Fault::new("version", unreadable(number)), None);
        }
    }

    // --- what is always the live version's, found by its name ------------------------------------------------------

    /// Hours that a step names.
    pub(super) fn hours(&self, index: usize) -> Option<&'a Hours> {
        hours_of(self.bot(), self.live, index)
    }

    /// A team that a step names.
    pub(super) fn team(&self, index: usize) -> Option<&'a Team> {
        let (bot, live) = (self.bot(), self.live);
        let named = bot.teams.get(index)?;
        live.teams.iter().find(|team| team.name == named.name).or(Some(named))
    }

    /// The hours of a team of the live version, or of one that it no longer has.
    pub(super) fn hours_of_team(&self, team: &Team) -> Option<&'a Hours> {
        let bot = if self.live.teams.iter().any(|known| known.name == team.name) { self.live } else { self.bot() };
        hours_of(bot, self.live, team.hours?)
    }
}

/// Hours by an index of `bot`, as the live version has them; where it has them no longer, as they were.
pub(super) fn hours_of<'a>(bot: &'a Bot, live: &'a Bot, index: usize) -> Option<&'a Hours> {
    let named = bot.hours.get(index)?;
    if std::ptr::eq(bot, live) {
        return Some(named);
    }
    live.hours.iter().find(|hours| hours.name == named.name).or(Some(named))
}

/// The name under which a field that steps of `bot` name is kept.
pub(super) fn field_of<'n>(bot: &Bot, live: &'n Bot, name: &'n str) -> &'n str {
    if std::ptr::eq(bot, live) || live.contact.iter().any(|field| field.name == name) {
        return name;
    }
    let renamed = live.contact.iter().find(|field| field.renamed_from.as_deref() == Some(name));
    renamed.map_or(name, |field| field.name.as_str())
}

/// The version after the move; the old one where one of the anchors may not move.
fn moved(bots: &Bots<'_>, number: u32, anchors: &mut dyn Iterator<Item = &mut Anchor>) -> u32 {
    let Some(older) = bots.others.iter().find(|older| older.number == number) else { return number };
    let mut anchors: Vec<&mut Anchor> = anchors.collect();
    let target = |anchor: &Anchor| {
        let at = older.bot.flow_at(&anchor.flow)?;
        // A step that is found by its digest alone stays where it can be found.
        let step = older.bot.flows.get(at)?.steps.get(anchor.step)?;
        older.moves.of(at).filter(|_| step.digest == anchor.digest)
    };
    let targets: Option<Vec<usize>> = anchors.iter().map(|anchor| target(anchor)).collect();
    let Some(targets) = targets else { return number };
    for (anchor, at) in anchors.iter_mut().zip(targets) {
        anchor.hint = Hint(at);
        if let Some(flow) = bots.live.flows.get(at) {
            anchor.flow.clone_from(&flow.name);
        }
    }
    bots.number
}

fn unreadable(number: u32) -> String {
    format!("version {number} of the bot, in which it began, cannot be read any more")
}
