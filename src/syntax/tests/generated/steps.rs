//! Steps and what stands in them.

use proptest::prelude::*;

use super::values::*;
use super::{Expr, ExprKind, Name, Span, s};
use crate::syntax::tree::{
    Arm, Ask, Block, Choice, Choose, Fetch, Handoff, Pattern, Share, Spanned, Step, StepKind, WaitClause, WaitClauseKind, WaitFor,
};

fn clauses(block: BoxedStrategy<Block>) -> impl Strategy<Value = Vec<WaitClause>> {
    let option = || proptest::option::of(block.clone());
    let clause = |kind| WaitClause { kind, span: Span::default() };
    (
        proptest::option::of(text()),
        proptest::option::of((1..9_u32, option())),
        proptest::option::of((duration(), option())),
        text(),
    )
        .prop_map(move |(invalid, tries, within, nudge)| {
            let mut clauses = Vec::new();
            clauses.extend(invalid.map(|text| clause(WaitClauseKind::Invalid(text))));
            clauses.extend(tries.map(|(count, block)| clause(WaitClauseKind::Tries(s(count), block))));
            let nudged = within.is_some();
            clauses.extend(within.map(|(ms, block)| clause(WaitClauseKind::Within(ms, block))));
            clauses.extend(nudged.then(|| clause(WaitClauseKind::Nudge(s(60_000), nudge))));
            clauses
        })
}

fn step_of(kind: StepKind) -> Step {
    Step { kind, span: Span::default() }
}

fn method() -> impl Strategy<Value = Spanned<String>> {
    prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE"]).prop_map(|method| s(method.to_owned()))
}

fn arguments() -> impl Strategy<Value = Vec<Expr>> {
    prop::collection::vec(value(), 0..3)
}

fn names() -> impl Strategy<Value = Vec<Name>> {
    prop::collection::vec(name(), 1..3)
}

fn sending() -> BoxedStrategy<StepKind> {
    let shorts = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(text(), 1..3)];
    prop_oneof![
        (text(), shorts, any::<bool>(), any::<bool>()).prop_map(|(text, shorts, replying, keep_apart)| StepKind::Say {
            text,
            shorts,
            replying,
            keep_apart
        }),
        template(value(), true).prop_map(|item_id| StepKind::Post { item_id }),
        Just(StepKind::Typing),
        Just(StepKind::Seen),
    ]
    .boxed()
}

fn data() -> BoxedStrategy<StepKind> {
    prop_oneof![
        (names(), value()).prop_map(|(target, value)| StepKind::Set { target, value }),
        string().prop_map(|text| StepKind::Tag(s(text))),
        string().prop_map(|text| StepKind::Untag(s(text))),
        string().prop_map(|text| StepKind::Goal(s(text))),
        template(value(), true).prop_map(StepKind::Note),
        (string(), prop::collection::vec((name(), value()), 0..3))
            .prop_map(|(event, data)| StepKind::Emit { event: s(event), data }),
        (names(), proptest::option::of(kind()), name(), name(), arguments())
            .prop_map(|(target, kind, script, function, arguments)| StepKind::Run { target, kind, script, function, arguments }),
    ]
    .boxed()
}

fn leading() -> BoxedStrategy<StepKind> {
    let renamed = proptest::option::of(string().prop_map(s));
    prop_oneof![
        Just(StepKind::Stop),
        Just(StepKind::Leave),
        (name(), renamed).prop_map(|(name, renamed_from)| StepKind::Label { name, renamed_from }),
        (name(), proptest::option::of(name()), arguments()).prop_map(|(first, label, arguments)| StepKind::Goto {
            first,
            label,
            arguments
        }),
        (name(), arguments(), prop::collection::vec(name(), 0..3)).prop_map(|(flow, arguments, into)| StepKind::Do {
            flow,
            arguments,
            into
        }),
        proptest::option::of(value()).prop_map(StepKind::Return),
        duration().prop_map(|ms| StepKind::Wait(WaitFor::Duration(ms))),
        time().prop_map(|time| StepKind::Wait(WaitFor::Time(time))),
        name().prop_map(|hours| StepKind::Wait(WaitFor::Open(hours))),
    ]
    .boxed()
}

fn simple_step() -> BoxedStrategy<StepKind> {
    prop_oneof![sending(), data(), leading()].boxed()
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let negative = literal().prop_map(|value| match value.kind {
        ExprKind::Number(_) => expr(ExprKind::Negative(Box::new(value))),
        _ => value,
    });
    prop_oneof![
        negative.prop_map(Pattern::Value),
        (literal(), literal()).prop_map(|(low, high)| Pattern::Range(low, high)),
        name().prop_map(Pattern::Set)
    ]
}

fn fetch(block: BoxedStrategy<Block>) -> BoxedStrategy<StepKind> {
    let headers = prop::collection::vec((string().prop_map(s), template(value(), false)), 0..2);
    let json = proptest::option::of(prop::collection::vec((name(), value()), 0..3));
    let status = prop::collection::vec((100..600_u32).prop_map(s), 1..3);
    let head = (name(), method(), template(value(), false), headers, json);
    let tail = (
        proptest::option::of(duration()),
        proptest::option::of((0..5_u32).prop_map(s)),
        proptest::option::of(given()),
        prop::collection::vec((status, block.clone()), 0..2),
        proptest::option::of(block),
    );
    (head, tail)
        .prop_map(|((target, method, url, headers, json), (timeout_ms, retry, gives, statuses, otherwise))| {
            let json = json.map(|entries| Expr { kind: ExprKind::Map(entries), span: Span::default() });
            let gives_span = gives.is_some().then(Span::default);
            StepKind::Fetch(Fetch {
                target,
                method,
                url,
                headers,
                json,
                timeout_ms,
                retry,
                gives,
                gives_span,
                statuses,
                otherwise,
            })
        })
        .boxed()
}

fn waits(block: BoxedStrategy<Block>) -> BoxedStrategy<StepKind> {
    let optional = || proptest::option::of(block.clone());
    let choice = (text_label(), proptest::option::of(name()), proptest::option::of(phrases()), block.clone()).prop_map(
        |(label, named, also, block)| Choice { label, named, also: also.unwrap_or_default(), block, span: Span::default() },
    );
    let choose = (text(), any::<bool>(), prop::collection::vec(choice, 0..3), optional(), clauses(block.clone()))
        .prop_map(|(text, as_text, options, other, clauses)| StepKind::Choose(Choose { text, as_text, options, other, clauses }));
    let ask = (names(), proptest::option::of(kind()), text(), clauses(block.clone()))
        .prop_map(|(target, kind, text, clauses)| StepKind::Ask(Ask { target, kind, text, clauses }));
    let handoff = (template(value(), true), proptest::option::of(name()), optional(), optional(), optional(), optional())
        .prop_map(|(note, team, open, closed, nobody, released)| {
            let nobody_in = nobody.map(|block| (s(600_000), block));
            StepKind::Handoff(Handoff { note, team, open, closed, nobody_in, released })
        });
    prop_oneof![choose, ask, handoff, fetch(block.clone())].boxed()
}

fn control(block: BoxedStrategy<Block>) -> BoxedStrategy<StepKind> {
    let optional = || proptest::option::of(block.clone());
    let arm = (prop::collection::vec(pattern(), 1..3), block.clone()).prop_map(|(patterns, block)| Arm {
        patterns,
        block,
        span: Span::default(),
    });
    let share = (string(), 0..101_u32, block.clone()).prop_map(|(name, share, block)| Share {
        name: s(name),
        share: s(share),
        block,
        span: Span::default(),
    });
    let most = proptest::option::of((0..99_u32).prop_map(s));
    prop_oneof![
        (template(value(), true), optional()).prop_map(|(file, otherwise)| StepKind::Image { file, otherwise }),
        (prop::collection::vec((value(), block.clone()), 1..3), optional())
            .prop_map(|(arms, otherwise)| StepKind::If { arms, otherwise }),
        (value(), prop::collection::vec(arm, 0..3), optional()).prop_map(|(subject, arms, otherwise)| StepKind::Match {
            subject,
            arms,
            otherwise
        }),
        (0..99_u32, block.clone()).prop_map(|(times, block)| StepKind::Repeat { times: s(times), block }),
        (name(), value(), most, block.clone()).prop_map(|(item, list, most, block)| StepKind::For { item, list, most, block }),
        (string(), prop::collection::vec(share, 0..3)).prop_map(|(name, arms)| StepKind::Split { name: s(name), arms }),
    ]
    .boxed()
}

/// Any block of steps.
pub(crate) fn block() -> BoxedStrategy<Block> {
    let of = |kind: BoxedStrategy<StepKind>| {
        prop::collection::vec(kind.prop_map(step_of), 0..3).prop_map(|steps| Block { steps, span: Span::default() }).boxed()
    };
    of(simple_step())
        .prop_recursive(3, 12, 3, move |inner| of(prop_oneof![waits(inner.clone()), control(inner), simple_step()].boxed()))
        .boxed()
}

pub(crate) fn any_clauses() -> BoxedStrategy<Vec<WaitClause>> {
    clauses(block()).boxed()
}

pub(crate) fn http_method() -> BoxedStrategy<Spanned<String>> {
    method().boxed()
}
