//! Makes a failing plan smaller while it still fails in the same way.

use crate::mutants::Mutant;
use crate::plan::Plan;
use crate::run::tell;

/// Stories told while looking for a smaller one.
const TRIES_MAX: usize = 300;

pub fn shrink(plan: &Plan, mutant: Option<Mutant>, check: &str) -> Plan {
    let mut left = TRIES_MAX;
    let mut fails = |plan: &Plan| {
        left = left.saturating_sub(1);
        left > 0 && tell(plan, mutant).breaches.iter().any(|breach| breach.check == check)
    };
    let mut best = plan.clone();
    for who in 0..best.customers.len() {
        let mut without = best.clone();
        without.acts.retain(|act| act.who != who);
        if fails(&without) {
            best = without;
        }
    }
    loop {
        let before = best.acts.len() + best.troubles.len();
        best = thinner(best, &mut fails, |plan| plan.troubles.len(), |plan, from, to| drop(plan.troubles.drain(from..to)));
        best = thinner(best, &mut fails, |plan| plan.acts.len(), |plan, from, to| drop(plan.acts.drain(from..to)));
        if best.acts.len() + best.troubles.len() == before {
            break;
        }
    }
    let plainer: [fn(&mut Plan); 10] = [
        |plan| plan.deployments.clear(),
        |plan| plan.greets = false,
        |plan| (plan.a_day, plan.tiktok_a_day) = (None, None),
        |plan| plan.nodes = 1,
        |plan| plan.nodes = plan.nodes.min(2),
        |plan| plan.tiktok_ms = 0,
        |plan| plan.ours_ms = 0,
        |plan| plan.workers = 1,
        |plan| plan.list_lag_ms = 0,
        |plan| (plan.commit_ms, plan.way_ms) = (0, 5),
    ];
    for make in plainer {
        let mut plain = best.clone();
        make(&mut plain);
        if fails(&plain) {
            best = plain;
        }
    }
    best
}

/// Leaves out halves, quarters, … and single ones.
fn thinner(
    plan: Plan,
    fails: &mut impl FnMut(&Plan) -> bool,
    len: impl Fn(&Plan) -> usize,
    cut: impl Fn(&mut Plan, usize, usize),
) -> Plan {
    let mut best = plan;
    let mut size = len(&best).div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < len(&best) {
            let mut without = best.clone();
            cut(&mut without, from, (from + size).min(len(&best)));
            if fails(&without) {
                best = without;
            } else {
                from += size;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    best
}
