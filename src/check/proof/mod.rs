//! In: the bot, and where its steps were written. Out: its bounds, and what breaks them, each with the way that does.
//! Does not know: how a run is carried out; it knows only what each step may lead to.

mod bounds;
mod components;
mod cost;
mod filled;
mod findings;
mod length;
mod net;
mod opening;
mod plan;
mod print;
mod roots;
#[cfg(test)]
mod tests;
mod weigh;
mod witness;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use self::bounds::{Bounds, Calls};
use self::cost::Costs;
use self::length::Lengths;
use self::net::Net;
use self::plan::Plan;
use self::weigh::{Measure, NEVER};
use super::shape::{Shape, Shapes};
use super::spread;
use super::world::World;
use crate::bot::{Bot, FlowProof, On, Op, Proof, TextProof, Trigger};
use crate::channel::rules;
use crate::source::Span;

/// Of each step of a flow: where it was written, and whether an author wrote it or the layout made it.
pub(super) type Places = Vec<Vec<(Span, bool)>>;

/// Of each variable of a flow what it can hold.
pub(super) type Variables = Vec<BTreeMap<String, Shape>>;

/// So long after the customer's last message a reply may leave.
const WINDOW: i64 = rules::WINDOW.value - rules::WINDOW_MARGIN_DEFAULT.value;

/// Messages that may wait behind an answer from elsewhere, and the one that is answered.
const QUEUED: i64 = 33;

/// All that findings and tables are made from.
struct Proved<'p, 'b> {
    net: &'p Net<'b>,
    plan: &'p Plan,
    calls: &'p Calls,
    costs: &'p Costs<'b>,
    replies: &'p Bounds,
    time: &'p Bounds,
    proof: Proof,
}

/// Proves the bounds of the bot and reports what breaks them.
pub(super) fn prove(world: &World<'_>, bot: &Bot, places: &Places, variables: &Variables) -> Proof {
    let lengths = Lengths::new(world, bot, variables);
    let costs = Costs::new(bot, &lengths);
    let net = Net::new(bot, &costs);
    let lists = lists(world, &net, variables);
    let plan = Plan::new(&net, |turn| turns(&net, turn, &lists));
    let calls = Calls::new(&net);
    let [replies, time, held] = bounds(world.cores, |measure| Bounds::new(&net, &plan, &calls, measure));
    let mut proof = table(&net, &costs, &lengths, &replies, &time, &held);
    let filled = world.by_flow(|world, flow, item| filled::filled(world, bot, places, flow, item));
    for (row, filled) in proof.flows.iter_mut().zip(filled) {
        row.filled = filled;
    }
    let proved = Proved { net: &net, plan: &plan, calls: &calls, costs: &costs, replies: &replies, time: &time, proof };
    findings::report(world, &proved, places);
    proved.proof
}

/// The bounds in each measure: of one the others need nothing.
fn bounds(cores: usize, of: impl Fn(Measure) -> Bounds + Sync) -> [Bounds; 3] {
    let [replies, time, held] = [const { OnceLock::new() }; 3];
    let parts = [(&replies, Measure::Replies), (&time, Measure::Time), (&held, Measure::Held)];
    spread::over(cores, parts.len(), |part| parts.get(part).map(|(slot, measure)| slot.get_or_init(|| of(*measure)).measure));
    [(replies, Measure::Replies), (time, Measure::Time), (held, Measure::Held)]
        .map(|(slot, measure)| slot.into_inner().unwrap_or_else(|| of(measure)))
}

/// How many items the list of each loop has at most, by flow and counter, where that is known.
fn lists(world: &World<'_>, net: &Net<'_>, variables: &Variables) -> BTreeMap<(usize, u32), i64> {
    let mut found = BTreeMap::new();
    for node in &net.nodes {
        let (Some(Op::Enter { counter, over: Some(list) }), Some(variables)) = (node.op, variables.get(node.flow)) else {
            continue;
        };
        if let Shape::List { most: Some(most), .. } = (Shapes { contact: &world.contact_shapes, variables }).of(list) {
            let slot = found.entry((node.flow, *counter)).or_insert(0);
            *slot = i64::from(most).max(*slot);
        }
    }
    found
}

/// The most turns of a counting step.
fn turns(net: &Net<'_>, turn: usize, lists: &BTreeMap<(usize, u32), i64>) -> Option<i64> {
    let node = net.nodes.get(turn)?;
    let Some(Op::Turn { counter, most, .. }) = node.op else { return None };
    let list = lists.get(&(node.flow, *counter)).copied();
    let most = most.map(i64::from).map_or(list, |most| Some(list.map_or(most, |list| list.min(most))));
    #[cfg(test)]
    let most = if cost::omitted(cost::Omission::LastTurn) { most.map(|most| (most - 1).max(0)) } else { most };
    most
}

fn table(net: &Net<'_>, costs: &Costs<'_>, lengths: &Lengths, replies: &Bounds, time: &Bounds, held: &Bounds) -> Proof {
    let bot = net.bot;
    let beside = roots::beside(net, replies);
    let mut flows = vec![FlowProof::default(); bot.flows.len()];
    let (mut most, mut latest) = (0_i64, NEVER);
    for root in roots::roots(net) {
        let (sent, ms) = (roots::value(net, costs, replies, &root), roots::value(net, costs, time, &root));
        let (sent, _) = roots::with_beside(net, &root, sent, beside);
        (most, latest) = (most.max(sent), latest.max(ms));
        let Some(row) = flows.get_mut(root.flow) else { continue };
        row.replies = row.replies.max(count(sent));
        row.latest_ms = row.latest_ms.max((ms > NEVER / 2).then_some(ms));
    }
    let mut asides = BTreeMap::new();
    for trigger in bot.triggers.iter().filter(|trigger| roots::is_aside(trigger)) {
        let own = roots::aside(net, time, trigger);
        if own <= NEVER / 2 {
            continue;
        }
        asides.insert(trigger.key.to_string(), own);
        let ms = begins(trigger, latest).saturating_add(own).min(WINDOW);
        latest = latest.max(ms);
        if let Some(row) = flows.get_mut(trigger.flow) {
            row.latest_ms = row.latest_ms.max(Some(ms));
        }
    }
    #[cfg(test)]
    if cost::omitted(cost::Omission::Once) {
        asides.clear();
    }
    let gathers = bot.settings.gather.map_or(0, |gather| gather.quiet_ms.min(gather.most_ms));
    let held = (0..net.nodes.len()).map(|at| held.stage(bounds::Phase::Free).values.end(at)).max().unwrap_or(0).max(0);
    let confirms = lengths.confirmations.iter().map(|long| long.pieces).max();
    let texts: Vec<TextProof> = lengths.texts().collect();
    for text in &texts {
        if let Some(row) = flows.get_mut(text.step.flow) {
            row.longest = row.longest.filter(|known| known.units >= text.units).or(Some(*text));
        }
    }
    Proof {
        replies_allowed: u32::try_from(rules::REPLIES.value).unwrap_or(0).saturating_sub(bot.settings.reserve),
        replies: count(most.max(confirms.unwrap_or(0))),
        latest_ms: (latest > NEVER / 2).then_some(latest).or(confirms.map(|_| 0)),
        held_ms: gathers.saturating_add(held.saturating_mul(QUEUED)),
        beside: count(beside),
        asides,
        flows,
        texts,
    }
}

/// How long after the customer's last message a trigger on a limit or a reaction may fire at the latest. No such trigger
/// fires so late that its last reply would miss the window.
fn begins(trigger: &Trigger, latest: i64) -> i64 {
    match trigger.on {
        // It may have had to wait until its condition held.
        _ if trigger.when.is_some() || trigger.once_per_ms.is_some() => WINDOW,
        On::WindowClosing(left) => rules::WINDOW.value.saturating_sub(left).max(0),
        // It begins when that one has come so far.
        On::RepliesLeft(_) => latest.max(0),
        _ => WINDOW,
    }
}

fn count(replies: i64) -> u32 {
    u32::try_from(replies.max(0)).unwrap_or(u32::MAX)
}
