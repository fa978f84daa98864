//! What breaks a bound, with the way that does.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::super::code;
use super::super::time::duration;
use super::super::world::World;
use super::bounds::Phase;
use super::plan::Flaw;
use super::roots::{self, Cause, Root};
use super::weigh::{NEVER, plus};
use super::witness::{Stop, Tracer, What};
use super::{Places, Proved};
use crate::bot::{On, Op, StepId, Type, WaitFor};
use crate::channel::rules;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Places of a way that a finding shows; the middle of a longer one is left out.
const SHOWN: usize = 12;

pub(super) fn report(world: &World<'_>, proved: &Proved<'_, '_>, places: &Places) {
    let reporter = Reporter { world, proved, places, said: RefCell::default() };
    reporter.recursion();
    reporter.loops();
    reporter.comments();
    let allowed = i64::from(proved.proof.replies_allowed);
    let window = rules::WINDOW.value - rules::WINDOW_MARGIN_DEFAULT.value - proved.proof.held_ms;
    reporter.closing(window);
    let beside = i64::from(proved.proof.beside);
    for root in roots::roots(proved.net) {
        let replies = roots::value(proved.net, proved.costs, proved.replies, &root);
        // A reserve that leaves nothing is spoken of where it stands.
        let (all, others) = roots::with_beside(proved.net, &root, replies, beside);
        if allowed > 0 && replies > 0 && all > allowed {
            reporter.too_many(&root, replies, others);
        }
        if roots::value(proved.net, proved.costs, proved.time, &root) > window {
            reporter.too_late(&root, window);
        }
    }
}

struct Reporter<'r, 'p, 'b> {
    world: &'r World<'r>,
    proved: &'r Proved<'p, 'b>,
    places: &'r Places,
    /// Where something was said already: many ways break a bound at one place, and the first shows it.
    said: RefCell<BTreeSet<(&'static str, Span)>>,
}

impl Reporter<'_, '_, '_> {
    fn place(&self, at: usize) -> Option<(Span, bool)> {
        let step = self.proved.net.step(at);
        self.places.get(step.flow)?.get(step.step).copied()
    }

    fn span(&self, at: usize) -> Option<Span> {
        self.place(at).map(|(span, _)| span)
    }

    fn recursion(&self) {
        for flows in &self.proved.calls.recursive {
            let inside = |flow: usize| flows.contains(&flow);
            let calls = self.proved.net.nodes.iter().enumerate().filter_map(|(at, node)| match node.op {
                Some(Op::Do { flow, .. }) if inside(node.flow) && inside(*flow) => Some((at, *flow)),
                _ => None,
            });
            let calls: Vec<(Span, usize)> = calls.filter_map(|(at, flow)| Some((self.span(at)?, flow))).collect();
            let Some(((first, callee), others)) = calls.split_first() else { continue };
            let name = |flow: usize| self.world.flows.get(flow).map_or("", |flow| flow.name.text.as_str());
            let message = format!("`do {}` comes back to itself without end", name(*callee));
            let finding = others.iter().take(SHOWN).fold(
                Diagnostic::error(code::RECURSION, *first, message).here("this begins the flow anew inside itself"),
                |finding, (span, callee)| finding.also(*span, format!("and this leads to `{}`", name(*callee))),
            );
            self.world.findings.add(finding.help("repeat with `repeat 3 times { … }`, or go back with `goto`"));
        }
    }

    fn loops(&self) {
        for flaw in &self.proved.plan.flaws {
            match flaw {
                Flaw::Endless(steps) => self.endless(steps),
                Flaw::List(turn) => {
                    let Some(span) = self.span(*turn) else { continue };
                    let list = self.world.sources.text(span).split(" in ").nth(1).and_then(|rest| rest.split('{').next());
                    let list = list.map(str::trim).filter(|list| !list.is_empty() && list.len() < 60).unwrap_or("the list");
                    let message = format!("nobody knows how many items `{list}` has, so this loop has no bound");
                    let finding = Diagnostic::error(code::LIST_WITHOUT_BOUND, span, message);
                    self.world.findings.add(finding.help(format!("write `for … in {list} up to 5 {{ … }}`")));
                }
            }
        }
    }

    /// Flows that begin because the window closes must be done before it does.
    fn closing(&self, window: i64) {
        for trigger in &self.proved.net.bot.triggers {
            let On::WindowClosing(left) = trigger.on else { continue };
            let start = self.proved.net.at(StepId { flow: trigger.flow, step: 0 });
            let begins = rules::WINDOW.value.saturating_sub(left).max(0);
            let latest = plus(begins, self.proved.time.stage(Phase::Free).alone(start));
            let Some(span) = self.span(start).filter(|_| latest > window) else { continue };
            let message = format!("this may be said {} after the customer's last message", duration(latest));
            let kept = duration(rules::WINDOW.value - window);
            let finding = Diagnostic::error(code::TOO_LATE, span, message);
            self.world
                .findings
                .add(finding.help(format!("{kept} of the 48h are kept as a margin: begin earlier, `on window closing in 1h`")));
        }
    }

    /// A comment may be answered by one text, and by nothing more until the customer writes.
    fn comments(&self) {
        let net = self.proved.net;
        for trigger in net.bot.triggers.iter().filter(|trigger| matches!(trigger.on, On::Comment(_))) {
            let start = net.at(StepId { flow: trigger.flow, step: 0 });
            let root = Root { flow: trigger.flow, at: start, cause: Cause::Start, phase: Phase::Free };
            let silent = net.silent_from(start);
            let card = silent.iter().copied().find(|at| net.nodes.get(*at).and_then(|node| node.op).is_some_and(is_no_text));
            if let Some(span) = card.and_then(|at| self.span(at)) {
                let finding = Diagnostic::error(code::COMMENT_FLOW, span, "a comment can only be answered by a text");
                self.world
                    .findings
                    .add(finding.help("write `say \"…\"`; a card or a picture may follow when the customer has written"));
            }
            if roots::value(net, self.proved.costs, self.proved.replies, &root) <= 1 {
                continue;
            }
            let stops: Vec<Stop> = self.way(&root, self.proved.replies).into_iter().filter(|stop| stop.adds > 0).collect();
            let second = if stops.first().is_some_and(|stop| stop.adds > 1) { stops.first() } else { stops.get(1) };
            let Some(place) = second.and_then(|stop| self.span(stop.at)) else { continue };
            let mut finding = Diagnostic::error(code::COMMENT_FLOW, place, "a second reply to a comment may leave here");
            if let Some(first) = stops.first().and_then(|stop| self.span(stop.at)).filter(|first| *first != place) {
                finding = finding.also(first, "the first one");
            }
            self.world
                .findings
                .add(finding.help("TikTok takes one text for a comment, and nothing more until the customer writes"));
        }
    }

    fn endless(&self, steps: &[usize]) {
        let nodes = &self.proved.net.nodes;
        let written = || steps.iter().copied().filter(|at| self.place(*at).is_some_and(|(_, written)| written));
        let leads = |at: &usize| matches!(nodes.get(*at).and_then(|node| node.op), Some(Op::Jump(_) | Op::Goto { .. }));
        // A flow that begins itself inside itself is spoken of already.
        let calls = |at: &usize| {
            let node = nodes.get(*at);
            matches!(node.and_then(|node| node.op), Some(Op::Do { .. }))
                && node.is_some_and(|node| node.edges.first().is_some_and(|edge| steps.contains(&edge.to)))
        };
        if !self.proved.calls.recursive.is_empty() && steps.iter().any(calls) {
            return;
        }
        let Some(closing) = written().rfind(|at| leads(at)).or_else(|| written().next_back()) else { return };
        let Some(place) = self.span(closing) else { return };
        let mut finding = Diagnostic::error(code::LOOP_WITHOUT_WAIT, place, "this loop can go on without the customer writing")
            .here("from here it begins again");
        let first = written().next().filter(|first| self.span(*first) != Some(place));
        if let Some(span) = first.and_then(|first| self.span(first)) {
            finding = finding.also(span, "the loop begins here");
        }
        for at in written().filter(leads).filter(|at| *at != closing && Some(*at) != first).take(SHOWN) {
            if let Some(span) = self.span(at) {
                finding = finding.also(span, "and goes on from here");
            }
        }
        self.world
            .findings
            .add(finding.help("put an `ask` or a `choose` into every way around it, or end it with `stop` or `handoff`"));
    }

    /// The way from a root, the root's own step first.
    fn way(&self, root: &Root, bounds: &super::Bounds) -> Vec<Stop> {
        let proved = self.proved;
        let mut tracer = Tracer { net: proved.net, plan: proved.plan, calls: proved.calls, bounds, stops: Vec::new() };
        match root.cause {
            Cause::Start => tracer.follow(root.at, root.phase, true),
            Cause::Answer => tracer.follow(root.at, root.phase, false),
            Cause::Invalid => {
                let Some(node) = proved.net.nodes.get(root.at) else { return Vec::new() };
                let own = match (bounds.measure, node.op) {
                    (super::Measure::Replies, _) => proved.costs.invalid(proved.net.step(root.at)),
                    (_, Some(op)) => proved.costs.of(proved.net.step(root.at), op).passes_ms,
                    _ => 0,
                };
                tracer.stops.push(Stop { at: root.at, adds: own, what: What::Step });
                if let Some(edge) = node.edges.first() {
                    tracer.follow(edge.to, root.phase, false);
                }
            }
        }
        tracer.stops
    }

    /// `others` leave beside the `total` of the way.
    fn too_many(&self, root: &Root, total: i64, others: i64) {
        let allowed = i64::from(self.proved.proof.replies_allowed) - others;
        let stops = self.way(root, self.proved.replies);
        let mut labels: Vec<(Span, String)> = Vec::new();
        let (mut sent, mut place) = (0, None);
        for stop in stops.iter().filter(|stop| stop.adds > 0) {
            let before = sent;
            sent += stop.adds;
            let Some(span) = self.span(stop.at) else { continue };
            let count = if stop.adds == 1 { format!("reply {sent}") } else { format!("replies {} to {sent}", before + 1) };
            if sent > allowed && place.is_none() {
                place = Some((span, count));
            } else {
                labels.push((span, count));
            }
            if sent > allowed {
                break;
            }
        }
        let Some((place, count)) = place.or_else(|| self.span(root.at).map(|span| (span, String::new()))) else { return };
        if !self.said.borrow_mut().insert((code::TOO_MANY_REPLIES, place)) {
            return;
        }
        let reserve = i64::from(rules::REPLIES.value as u32) - i64::from(self.proved.proof.replies_allowed);
        let mut kept = if reserve > 0 { format!(", {reserve} of them kept for colleagues") } else { String::new() };
        if others > 0 {
            kept.push_str(&format!(", {others} of them for what runs beside"));
        }
        let message = format!("up to {total} replies leave before the customer writes again");
        let mut finding = Diagnostic::error(code::TOO_MANY_REPLIES, place, message);
        let reply = format!("reply {} stands here", allowed + 1);
        finding = finding.here(if count.starts_with("replies") { format!("{reply} ({count})") } else { reply });
        if let Some(start) = self.span(root.at).filter(|start| *start != place && root.cause == Cause::Start) {
            finding = finding.also(start, "counted from here");
        }
        let finding = along(finding, labels, place);
        self.world.findings.add(finding.help(format!("TikTok allows ten{kept}: join texts, or ask something in between")));
    }

    fn too_late(&self, root: &Root, window: i64) {
        let stops = self.way(root, self.proved.time);
        let nodes = &self.proved.net.nodes;
        let total = roots::value(self.proved.net, self.proved.costs, self.proved.time, root);
        let mut labels: Vec<(Span, String)> = Vec::new();
        let (mut passed, mut place) = (0_i64, None);
        for stop in &stops {
            let Some(node) = nodes.get(stop.at) else { continue };
            if node.sends > 0
                && let Some(span) = self.span(stop.at)
            {
                place = Some(span);
                let last = node.last_ms.unwrap_or(0);
                if passed.saturating_add(last) > window {
                    break;
                }
            }
            passed = passed.saturating_add(stop.adds.max(0));
            if stop.adds > 0
                && let Some(span) = self.span(stop.at)
            {
                labels.push((span, format!("up to {} have passed", duration(passed))));
            }
        }
        let Some(place) = place.filter(|place| self.said.borrow_mut().insert((code::TOO_LATE, *place))) else { return };
        let message = if total > rules::WINDOW.value * 1_000 {
            "this may never be said in time".to_owned()
        } else {
            format!("this may be said {} after the customer's last message", duration(total))
        };
        let finding = Diagnostic::error(code::TOO_LATE, place, message);
        let finding = along(finding, labels, place);
        let bound = duration(window.max(NEVER));
        let on_hours = |stop: &Stop| matches!(nodes.get(stop.at).and_then(|node| node.op), Some(Op::Wait(WaitFor::Open(_))));
        let instead = if stops.iter().any(on_hours) {
            "say `{next_open(…) | weekday_time}` at once instead of waiting, or hand over"
        } else {
            "wait for less, or `stop` before it"
        };
        self.world.findings.add(finding.help(format!("TikTok takes replies for 48h, of which {bound} are used: {instead}")));
    }
}

/// What leaves as something else than a text.
fn is_no_text(op: &Op) -> bool {
    match op {
        Op::Image { .. } | Op::Post { .. } => true,
        Op::Choose { as_text, .. } => !as_text,
        Op::Ask { kind, .. } => matches!(kind, Type::OneOf(_) | Type::OneOfList(_) | Type::YesNo),
        _ => false,
    }
}

/// Shows the places of a way; what happens at one place is told together, and the middle of a long way is left out.
fn along(mut finding: Diagnostic, labels: Vec<(Span, String)>, place: Span) -> Diagnostic {
    let mut shown: Vec<(Span, String)> = Vec::new();
    for (span, text) in labels {
        match shown.iter_mut().find(|(known, _)| *known == span) {
            Some((_, before)) if before.len() < 60 => {
                before.push_str(", ");
                before.push_str(&text);
            }
            Some(_) => {}
            None => shown.push((span, text)),
        }
    }
    shown.retain(|(span, _)| *span != place);
    let left_out = shown.len().saturating_sub(SHOWN);
    for (at, (span, text)) in shown.into_iter().enumerate() {
        if left_out == 0 || at < SHOWN / 2 || at >= SHOWN / 2 + left_out {
            finding = finding.also(span, text);
        }
    }
    finding
}
