//! The channel's two bounds over the ways that a run can take without the customer writing: how many replies, how late.

use super::code;
use super::graph::Graph;
use super::settings::REPLIES_MAX;
use super::time::duration;
use super::world::World;
use crate::bot::{Op, WaitFor};
use crate::calendar::Hours;
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::SettingKind;

/// Replies may leave so long after the customer's message. Source: TikTok Business Messaging API, messaging window.
const WINDOW_MS: i64 = 48 * 3_600_000;

/// What is taken off the window where no setting says otherwise.
const MARGIN_MS: i64 = 5 * 60_000;

const DAY_MS: i64 = 24 * 3_600_000;

/// The longest way on from one node.
#[derive(Clone, Copy, Default)]
struct Ahead {
    /// Replies sent from here on, and the node that comes next on that way.
    replies: u32,
    replies_next: Option<usize>,
    /// How long from here until the last reply; `None` where none is sent.
    last_ms: Option<i64>,
    last_next: Option<usize>,
}

/// Reports ways with too many replies and replies that come too late.
pub(super) fn check(world: &World<'_>, graph: &Graph<'_>, hours: &[Hours]) {
    let ahead = longest(graph, hours);
    let roots = graph.roots();
    let reserve = world.bot.into_iter().flat_map(|bot| &bot.settings).find_map(|setting| match &setting.kind {
        SettingKind::Reserve(reserve) => Some(reserve.value),
        _ => None,
    });
    let most = REPLIES_MAX.saturating_sub(reserve.unwrap_or(0));
    let of = |root: &usize| ahead.get(*root).copied().unwrap_or_default();
    for root in &roots {
        if most > 0 && of(root).replies > most {
            too_many(world, graph, &ahead, *root, most, reserve.unwrap_or(0));
        }
        if of(root).last_ms.is_some_and(|last| last > WINDOW_MS - MARGIN_MS) {
            too_late(world, graph, &ahead, *root, hours);
        }
    }
}

/// For each node the longest ways on; a loop without a wait is an error of its own and counts as its end here.
fn longest(graph: &Graph<'_>, hours: &[Hours]) -> Vec<Ahead> {
    let mut ahead = vec![Ahead::default(); graph.nodes.len()];
    for component in graph.components() {
        let [at] = component.as_slice() else { continue };
        let Some(node) = graph.nodes.get(*at) else { continue };
        let mut here = Ahead::default();
        let mut sum = 0;
        for to in node.edges.iter().filter(|edge| !edge.customer).filter_map(|edge| edge.to).filter(|to| to != at) {
            let next = ahead.get(to).copied().unwrap_or_default();
            sum += next.replies;
            if next.replies > here.replies || here.replies_next.is_none() {
                (here.replies, here.replies_next) = (next.replies, Some(to));
            }
            if next.last_ms > here.last_ms {
                (here.last_ms, here.last_next) = (next.last_ms, Some(to));
            }
        }
        if matches!(node.op, Op::Handoff(_)) {
            // Its blocks come one after another; only of `open` and `closed` it is one or the other. Their own times
            // are those of colleagues and say nothing about the flow.
            here = Ahead { replies: handoff(node.op, &ahead, *at, sum), last_ms: here.last_ms.map(|_| 0), ..here };
        }
        let own = sends(node.op);
        here.replies += own;
        here.last_ms = match here.last_ms {
            Some(after) => Some(after.saturating_add(passes_ms(node.op, hours))),
            None if own > 0 => Some(last_nudge_ms(node.op)),
            None => None,
        };
        if let Some(slot) = ahead.get_mut(*at) {
            *slot = here;
        }
    }
    ahead
}

fn handoff(op: &Op, ahead: &[Ahead], at: usize, sum: u32) -> u32 {
    // Targets are places of the flow; the handoff itself stands at `at`, and its first block behind it.
    let Op::Handoff(handoff) = op else { return sum };
    let first = [handoff.open, handoff.closed, handoff.nobody_in.map(|(_, block)| block), handoff.released];
    let Some(base) = first.iter().flatten().min().map(|first| at + 1 - first) else { return 0 };
    let of = |block: usize| ahead.get(base + block).map_or(0, |next| next.replies);
    match (handoff.open, handoff.closed) {
        (Some(open), Some(closed)) => sum - of(open).min(of(closed)),
        _ => sum,
    }
}

/// Messages that this step itself may send before the customer writes.
fn sends(op: &Op) -> u32 {
    match op {
        Op::Say { .. } | Op::Image { .. } | Op::Post { .. } => 1,
        Op::Ask { nudges, .. } | Op::Choose { nudges, .. } => 1 + u32::try_from(nudges.len()).unwrap_or(u32::MAX / 2),
        _ => 0,
    }
}

fn last_nudge_ms(op: &Op) -> i64 {
    match op {
        Op::Ask { nudges, .. } | Op::Choose { nudges, .. } => nudges.last().map_or(0, |(after, _)| *after),
        _ => 0,
    }
}

/// How long this step may keep the run while nobody writes.
fn passes_ms(op: &Op, hours: &[Hours]) -> i64 {
    match op {
        Op::Ask { within, .. } | Op::Choose { within, .. } => within.within_ms,
        Op::Wait(WaitFor::Duration(ms)) => *ms,
        // The next one: at most a day and the hour by which clocks are changed.
        Op::Wait(WaitFor::Time(_)) => DAY_MS + DAY_MS / 24,
        Op::Wait(WaitFor::Open(index)) => hours.get(*index).map_or(0, closed_ms),
        _ => 0,
    }
}

/// The longest time that these hours are closed in a usual week.
fn closed_ms(hours: &Hours) -> i64 {
    let at = |day: usize, time: &crate::calendar::Time| {
        day as i64 * DAY_MS + (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60_000
    };
    let mut open: Vec<(i64, i64)> = Vec::new();
    for (day, times) in hours.week.iter().enumerate() {
        for (from, to) in times {
            let (from, until) = (at(day, from), at(day, to));
            open.push((from, if until > from { until } else { until + DAY_MS }));
        }
    }
    open.sort_unstable();
    let Some((first, _)) = open.first().copied() else { return i64::MAX / 4 };
    let ends = open.iter().map(|(_, until)| *until);
    let starts = open.iter().skip(1).map(|(from, _)| *from).chain([first + 7 * DAY_MS]);
    ends.zip(starts).map(|(end, start)| start - end).max().unwrap_or(0).max(0)
}

fn too_many(world: &World<'_>, graph: &Graph<'_>, ahead: &[Ahead], root: usize, most: u32, reserve: u32) {
    let total = ahead.get(root).map_or(0, |root| root.replies);
    let (mut at, mut sent, mut place) = (Some(root), 0, None);
    while let Some(node) = at.and_then(|at| graph.nodes.get(at)) {
        sent += sends(node.op);
        if node.written && sends(node.op) > 0 {
            place = Some(node.span);
        }
        if sent > most {
            break;
        }
        at = at.and_then(|at| ahead.get(at)).and_then(|ahead| ahead.replies_next);
    }
    let Some(place) = place.or_else(|| graph.nodes.get(root).map(|node| node.span)) else { return };
    let kept = if reserve > 0 { format!(", {reserve} of them kept for colleagues") } else { String::new() };
    let finding =
        Diagnostic::error(code::TOO_MANY_REPLIES, place, format!("up to {total} replies leave before the customer writes again"))
            .here(format!("reply {} stands here", most + 1))
            .help(format!("TikTok allows ten{kept}: join texts, or ask something in between"));
    let start = graph.nodes.get(root).map(|node| node.span).filter(|start| *start != place);
    world.findings.add(match start {
        Some(start) => finding.also(start, "counted from here"),
        None => finding,
    });
}

fn too_late(world: &World<'_>, graph: &Graph<'_>, ahead: &[Ahead], root: usize, hours: &[Hours]) {
    let (mut at, mut place, mut sure) = (Some(root), None, true);
    let total = ahead.get(root).and_then(|root| root.last_ms).unwrap_or(0);
    let mut passed = 0_i64;
    while let Some(node) = at.and_then(|at| graph.nodes.get(at)) {
        if node.written && sends(node.op) > 0 {
            place = Some(node.span);
            if passed.saturating_add(last_nudge_ms(node.op)) > WINDOW_MS - MARGIN_MS {
                break;
            }
        }
        // The clock and opening hours only may take so long.
        sure &= !matches!(node.op, Op::Wait(WaitFor::Time(_) | WaitFor::Open(_)));
        passed = passed.saturating_add(passes_ms(node.op, hours));
        at = at.and_then(|at| ahead.get(at)).and_then(|ahead| ahead.last_next);
    }
    let Some(place) = place else { return };
    let message = format!("this may be said {} after the customer's last message", duration(total));
    let finding = if sure {
        Diagnostic::error(code::TOO_LATE, place, message)
    } else {
        Diagnostic::warning(code::TOO_LATE, place, message)
    };
    let bound = duration(WINDOW_MS - MARGIN_MS);
    world.findings.add(
        finding.help(format!("TikTok takes replies for 48h, of which {bound} are used: wait for less, or `stop` before it")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Time;

    fn hours(open: &[(usize, i8, i8)]) -> Hours {
        let mut hours = Hours { name: "support".to_owned(), week: Default::default(), closed: Vec::new() };
        for (day, from, to) in open {
            hours.week[*day].push((Time::constant(*from, 0, 0, 0), Time::constant(*to, 0, 0, 0)));
        }
        hours
    }

    #[test]
    fn the_longest_closed_time_reaches_over_the_weekend() {
        let hour = 3_600_000;
        assert_eq!(closed_ms(&hours(&[(0, 9, 17), (1, 9, 17), (2, 9, 17), (3, 9, 17), (4, 9, 17)])), 64 * hour);
        assert_eq!(closed_ms(&hours(&[(0, 22, 2)])), 164 * hour);
        assert!(closed_ms(&hours(&[])) > 1_000 * DAY_MS, "never open is for ever");
    }
}
