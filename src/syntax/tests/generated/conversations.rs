//! Tests with every kind of line.

use proptest::prelude::*;

use super::steps::http_method;
use super::values::*;
use super::{Name, Span, s};
use crate::syntax::tree::{BotAct, ColleagueAct, CustomerAct, Expectation, Item, Spanned, TestItem, TestLine, TestLineKind};

fn words() -> impl Strategy<Value = Spanned<String>> {
    string().prop_map(s)
}

fn given_line() -> BoxedStrategy<TestLineKind> {
    let answer = proptest::option::of(((100..600_u32).prop_map(s), proptest::option::of(value())));
    prop_oneof![
        (date(), time()).prop_map(|(date, time)| TestLineKind::GivenNow(date, time)),
        (http_method(), words(), answer).prop_map(|(method, url, answer)| {
            let (status, body) = answer.unzip();
            TestLineKind::GivenFetch { method, url, status, body: body.flatten() }
        }),
        (prop::collection::vec(name(), 1..4), value()).prop_map(|(target, value)| TestLineKind::GivenValue { target, value }),
        (name(), name(), value()).prop_map(|(script, function, value)| TestLineKind::GivenRun { script, function, value }),
        Just(TestLineKind::GivenCongestion),
        any::<bool>().prop_map(TestLineKind::GivenImages),
    ]
    .boxed()
}

fn customer() -> BoxedStrategy<CustomerAct> {
    let kinds = vec![
        CustomerAct::Image,
        CustomerAct::Post,
        CustomerAct::Video,
        CustomerAct::Sticker,
        CustomerAct::Emoji,
        CustomerAct::Unsupported,
    ];
    prop_oneof![
        words().prop_map(CustomerAct::Text),
        words().prop_map(CustomerAct::Button),
        words().prop_map(CustomerAct::Reaction),
        words().prop_map(CustomerAct::Comment),
        (words(), words()).prop_map(|(id, text)| CustomerAct::Ad(id, text)),
        (words(), words()).prop_map(|(reference, text)| CustomerAct::Link(reference, text)),
        prop::sample::select(kinds),
    ]
    .boxed()
}

fn bot_line() -> BoxedStrategy<BotAct> {
    let optional = || proptest::option::of(words());
    prop_oneof![
        words().prop_map(BotAct::Text),
        regex().prop_map(BotAct::Matching),
        (words(), proptest::option::of(prop::collection::vec(words(), 0..4)))
            .prop_map(|(title, labels)| BotAct::Choose(title, labels)),
        optional().prop_map(BotAct::Image),
        optional().prop_map(BotAct::Post),
        prop::sample::select(vec![BotAct::Typing, BotAct::Seen, BotAct::Nothing]),
    ]
    .boxed()
}

fn expectation() -> BoxedStrategy<Expectation> {
    let dotted = prop::collection::vec(name(), 1..3).prop_map(|names| {
        let text = names.into_iter().map(|name| name.text).collect::<Vec<_>>().join(".");
        Name { text, span: Span::default() }
    });
    prop_oneof![
        (0..11_u32).prop_map(|count| Expectation::RepliesLeft(s(count))),
        duration().prop_map(Expectation::WindowLeft),
        dotted.prop_map(Expectation::WaitingFor),
        Just(Expectation::Stopped),
        proptest::option::of(name()).prop_map(Expectation::HandedOver),
        words().prop_map(Expectation::Goal),
        words().prop_map(Expectation::Tag),
        words().prop_map(Expectation::Emitted),
        value().prop_map(Expectation::Holds),
    ]
    .boxed()
}

fn line() -> BoxedStrategy<TestLine> {
    let colleague =
        prop_oneof![words().prop_map(ColleagueAct::Says), Just(ColleagueAct::TakesOver), Just(ColleagueAct::Releases)];
    prop_oneof![
        2 => given_line(),
        2 => customer().prop_map(TestLineKind::Customer),
        2 => bot_line().prop_map(TestLineKind::Bot),
        1 => duration().prop_map(TestLineKind::After),
        1 => colleague.prop_map(TestLineKind::Colleague),
        2 => expectation().prop_map(TestLineKind::Expect),
    ]
    .prop_map(|kind| TestLine { kind, span: Span::default() })
    .boxed()
}

/// Any test.
pub(crate) fn test() -> BoxedStrategy<Item> {
    (words(), prop::collection::vec(line(), 0..6))
        .prop_map(|(name, lines)| Item::Test(TestItem { name, lines, span: Span::default() }))
        .boxed()
}
