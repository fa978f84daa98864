//! `parse(print(tree))` is the tree, for generated trees.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;

use super::*;
use crate::calendar::{Date, Time};

fn s<T>(value: T) -> Spanned<T> {
    Spanned { value, span: Span::default() }
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name() -> impl Strategy<Value = Name> {
    let words = prop_oneof!["[a-z][a-z0-9_]{0,5}", "[بتثجحخدذرزسش]{2,5}", Just("จอง".to_owned()), Just("say".to_owned())];
    let reserved = ["and", "or", "not", "in", "is", "contains", "matches", "if", "then", "else", "true", "false", "plural"];
    words
        .prop_filter("reserved", move |word| !reserved.contains(&word.as_str()))
        .prop_map(|text| Name { text, span: Span::default() })
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 .,!?#/]{0,12}",
        "[ -~]{0,12}",
        Just("أهلاً {بك} \"يا\" صديقي".to_owned()),
        Just(" two\n  lines\t\\ \n".to_owned()),
        Just("👍🏽 \u{1}\"\"\"".to_owned())
    ]
}

fn template(value: impl Strategy<Value = Expr> + 'static, block: bool) -> BoxedStrategy<Template> {
    let filter = prop_oneof![
        (name(), proptest::option::of(literal())).prop_map(|(name, argument)| Filter {
            name,
            arguments: argument.map(|argument| (None, argument)).into_iter().collect()
        }),
        string().prop_map(|text| Filter {
            name: Name { text: "plural".into(), span: Span::default() },
            arguments: vec![
                (Some(Name { text: "one".into(), span: Span::default() }), plain(text)),
                (Some(Name { text: "other".into(), span: Span::default() }), plain("x".into())),
            ],
        }),
    ];
    let hole = (value, proptest::collection::vec(filter, 0..2));
    (proptest::collection::vec((string(), proptest::option::of(hole)), 0..3), 0..4_u8)
        .prop_map(move |(parts, choice)| {
            let mut pieces: Vec<Piece> = Vec::new();
            for (text, hole) in parts {
                match pieces.last_mut() {
                    Some(Piece::Literal(before)) => before.push_str(&text),
                    _ if text.is_empty() => {}
                    _ => pieces.push(Piece::Literal(text)),
                }
                pieces.extend(hole.map(|(value, filters)| Piece::Hole { value, filters, span: Span::default() }));
            }
            Template { pieces, block: block && choice == 0, span: Span::default() }
        })
        .boxed()
}

fn plain(text: String) -> Expr {
    let pieces = if text.is_empty() { vec![] } else { vec![Piece::Literal(text)] };
    expr(ExprKind::Text(Template { pieces, block: false, span: Span::default() }))
}

fn literal() -> BoxedStrategy<Expr> {
    prop_oneof![
        (0..1_000_000_i64, 0..4_u32).prop_map(|(number, scale)| expr(ExprKind::Number(Decimal::new(number, scale)))),
        any::<bool>().prop_map(|value| expr(ExprKind::Bool(value))),
        duration().prop_map(|ms| expr(ExprKind::Duration(ms.value))),
        date().prop_map(|date| expr(ExprKind::Date(date.value))),
        time().prop_map(|time| expr(ExprKind::Time(time.value))),
        string().prop_map(plain),
    ]
    .boxed()
}

fn duration() -> impl Strategy<Value = Spanned<i64>> {
    (0..10_000_000_i64).prop_map(|seconds| s(seconds * 1000))
}

fn date() -> impl Strategy<Value = Spanned<Date>> {
    (1000..3000_i16, 1..13_i8, 1..29_i8).prop_map(|(year, month, day)| s(Date::new(year, month, day).unwrap()))
}

fn time() -> impl Strategy<Value = Spanned<Time>> {
    (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| s(Time::new(hour, minute, 0, 0).unwrap()))
}

fn regex() -> impl Strategy<Value = Regex> {
    let source = prop_oneof![Just("#(?<order>\\d{6,10})"), Just("[/\"]+"), Just("a\\/b{2}")];
    (source, prop_oneof![Just(""), Just("i"), Just("ms")]).prop_map(|(source, flags)| Regex {
        source: source.into(),
        flags: flags.into(),
        span: Span::default(),
    })
}

fn value() -> BoxedStrategy<Expr> {
    let leaf = prop_oneof![literal(), name().prop_map(|name| expr(ExprKind::Name(name)))];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let ops = prop::sample::select(vec![
            BinaryOp::Or,
            BinaryOp::And,
            BinaryOp::Equal,
            BinaryOp::NotEqual,
            BinaryOp::LessOrEqual,
            BinaryOp::Greater,
            BinaryOp::In,
            BinaryOp::NotIn,
            BinaryOp::Contains,
            BinaryOp::Add,
            BinaryOp::Subtract,
            BinaryOp::Multiply,
            BinaryOp::Divide,
            BinaryOp::Remainder,
        ]);
        prop_oneof![
            (ops, boxed(), boxed()).prop_map(|(op, left, right)| ExprKind::Binary(op, left, right)),
            (boxed(), name()).prop_map(|(value, set)| ExprKind::Binary(BinaryOp::In, value, Box::new(expr(ExprKind::Set(set))))),
            boxed().prop_map(ExprKind::Not),
            boxed().prop_map(ExprKind::Negative),
            (boxed(), any::<bool>()).prop_map(|(value, negated)| ExprKind::Missing { value, negated }),
            (boxed(), regex()).prop_map(|(value, regex)| ExprKind::Matches(value, regex)),
            (boxed(), boxed(), boxed()).prop_map(|(condition, then, otherwise)| ExprKind::If { condition, then, otherwise }),
            (boxed(), name()).prop_map(|(value, member)| ExprKind::Member(value, member)),
            (boxed(), boxed()).prop_map(|(value, index)| ExprKind::Index(value, index)),
            (name(), prop::collection::vec(inner.clone(), 0..3)).prop_map(|(name, values)| ExprKind::Call(name, values)),
            prop::collection::vec(inner.clone(), 0..3).prop_map(ExprKind::List),
            prop::collection::vec((name(), inner.clone()), 0..3).prop_map(ExprKind::Map),
            template(inner.clone(), false).prop_map(ExprKind::Text),
        ]
        .prop_map(expr)
    })
    .boxed()
}

fn language() -> impl Strategy<Value = Spanned<String>> {
    prop::sample::select(vec!["ar", "en", "pt-BR", "th"]).prop_map(|tag| s(tag.to_owned()))
}

fn text() -> BoxedStrategy<Text> {
    let one = prop_oneof![template(value(), true).prop_map(Text::Template), name().prop_map(Text::Named)];
    let one_of = prop::collection::vec(one.clone(), 1..4).prop_map(|texts| Text::OneOf(texts, Span::default()));
    let either = prop_oneof![4 => one, 1 => one_of].boxed();
    let per_language =
        prop::collection::vec((language(), either.clone()), 1..3).prop_map(|lines| Text::PerLanguage(lines, Span::default()));
    prop_oneof![2 => either, 1 => per_language].boxed()
}

fn phrases() -> impl Strategy<Value = Vec<Phrase>> {
    prop::collection::vec(prop_oneof![string().prop_map(|text| Phrase::Text(s(text))), name().prop_map(Phrase::Set)], 1..6)
}

fn kind() -> impl Strategy<Value = Type> {
    let bounds = || proptest::option::of((-50..50_i64, 50..500_i64).prop_map(|(low, high)| (low.into(), high.into())));
    prop_oneof![
        proptest::option::of(1..6000_u32).prop_map(TypeKind::Text),
        bounds().prop_map(TypeKind::Whole),
        bounds().prop_map(TypeKind::Decimal),
        (1..9_u32, 9..20_u32).prop_map(|(fewest, most)| TypeKind::Digits(fewest, most)),
        Just(TypeKind::Email),
        Just(TypeKind::YesNo),
        Just(TypeKind::Image),
        regex().prop_map(TypeKind::Matching),
        prop::collection::vec((string().prop_map(s), proptest::option::of(value())), 1..9).prop_map(TypeKind::OneOf),
    ]
    .prop_map(|kind| Type { kind, span: Span::default() })
}

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

fn simple_step() -> BoxedStrategy<StepKind> {
    prop_oneof![
        (text(), any::<bool>(), any::<bool>()).prop_map(|(text, replying, keep_apart)| StepKind::Say {
            text,
            shorts: vec![],
            replying,
            keep_apart
        }),
        template(value(), true).prop_map(|item_id| StepKind::Post { item_id }),
        Just(StepKind::Typing),
        Just(StepKind::Seen),
        Just(StepKind::Stop),
        (prop::collection::vec(name(), 1..3), value()).prop_map(|(target, value)| StepKind::Set { target, value }),
        string().prop_map(|text| StepKind::Tag(s(text))),
        string().prop_map(|text| StepKind::Untag(s(text))),
        string().prop_map(|text| StepKind::Goal(s(text))),
        name().prop_map(|name| StepKind::Label { name, renamed_from: None }),
        (name(), proptest::option::of(name())).prop_map(|(first, label)| StepKind::Goto { first, label, arguments: vec![] }),
        duration().prop_map(|ms| StepKind::Wait(WaitFor::Duration(ms))),
        time().prop_map(|time| StepKind::Wait(WaitFor::Time(time))),
        name().prop_map(|hours| StepKind::Wait(WaitFor::Open(hours))),
    ]
    .boxed()
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

fn block() -> BoxedStrategy<Block> {
    let of = |kind: BoxedStrategy<StepKind>| {
        prop::collection::vec(kind.prop_map(|kind| Step { kind, span: Span::default() }), 0..3)
            .prop_map(|steps| Block { steps, span: Span::default() })
            .boxed()
    };
    of(simple_step())
        .prop_recursive(3, 12, 3, move |inner| {
            let optional = || proptest::option::of(inner.clone());
            let choice = (text_label(), proptest::option::of(name()), proptest::option::of(phrases()), inner.clone()).prop_map(
                |(label, named, also, block)| Choice {
                    label,
                    named,
                    also: also.unwrap_or_default(),
                    block,
                    span: Span::default(),
                },
            );
            let choose = (text(), any::<bool>(), prop::collection::vec(choice, 0..3), optional(), clauses(inner.clone()))
                .prop_map(|(text, as_text, options, other, clauses)| {
                    StepKind::Choose(Choose { text, as_text, options, other, clauses })
                });
            let ask = (prop::collection::vec(name(), 1..3), proptest::option::of(kind()), text(), clauses(inner.clone()))
                .prop_map(|(target, kind, text, clauses)| StepKind::Ask(Ask { target, kind, text, clauses }));
            let handoff = (template(value(), true), proptest::option::of(name()), optional(), optional(), optional()).prop_map(
                |(note, team, open, closed, nobody)| {
                    let nobody_in = nobody.map(|block| (s(600_000), block));
                    StepKind::Handoff(Handoff { note, team, open, closed, nobody_in, released: None })
                },
            );
            let arm = (prop::collection::vec(pattern(), 1..3), inner.clone()).prop_map(|(patterns, block)| Arm {
                patterns,
                block,
                span: Span::default(),
            });
            let compound =
                prop_oneof![
                    choose,
                    ask,
                    handoff,
                    (template(value(), true), optional()).prop_map(|(file, otherwise)| StepKind::Image { file, otherwise }),
                    (prop::collection::vec((value(), inner.clone()), 1..3), optional())
                        .prop_map(|(arms, otherwise)| StepKind::If { arms, otherwise }),
                    (value(), prop::collection::vec(arm, 0..3), optional())
                        .prop_map(|(subject, arms, otherwise)| StepKind::Match { subject, arms, otherwise }),
                    simple_step(),
                ];
            of(compound.boxed())
        })
        .boxed()
}

fn text_label() -> impl Strategy<Value = Text> {
    let label = || template(value(), false).prop_map(Text::Template);
    let per_language =
        prop::collection::vec((language(), label()), 1..3).prop_map(|lines| Text::PerLanguage(lines, Span::default()));
    prop_oneof![label(), per_language]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let on = prop_oneof![
        phrases().prop_map(On::Words),
        phrases().prop_map(On::Exactly),
        phrases().prop_map(On::Starting),
        phrases().prop_map(On::Like),
        regex().prop_map(On::Matching),
        Just(On::AnyText),
        name().prop_map(On::Button),
        Just(On::Image),
        proptest::option::of(string().prop_map(s)).prop_map(On::Ad),
        proptest::option::of(string().prop_map(s)).prop_map(On::Link),
        Just(On::FirstMessage),
        Just(On::Fallback),
    ];
    let anytime = proptest::option::of(prop_oneof![Just(Anytime::Replace), Just(Anytime::Resume)]);
    (on, proptest::option::of(value()), anytime, proptest::option::of(duration()), proptest::option::of((-9..9_i64).prop_map(s)))
        .prop_map(|(on, when, anytime, once_per_ms, priority)| Trigger {
            on,
            when,
            anytime,
            once_per_ms,
            priority,
            span: Span::default(),
        })
}

fn item() -> impl Strategy<Value = Item> {
    let span = Span::default();
    let flow = (name(), proptest::option::of(string().prop_map(s)), prop::collection::vec(trigger(), 0..3), block()).prop_map(
        move |(name, title, triggers, block)| {
            Item::Flow(FlowItem {
                name,
                parameters: vec![],
                title,
                result: None,
                renamed_from: None,
                triggers,
                steps: block.steps,
                span,
            })
        },
    );
    let words = (name(), phrases()).prop_map(move |(name, phrases)| Item::Words(WordsItem { name, phrases, span }));
    let texts = (name(), text()).prop_map(move |(name, text)| Item::Texts(TextsItem { name, text, span }));
    let field = (name(), kind(), proptest::option::of(value()), any::<bool>(), proptest::option::of(duration())).prop_map(
        move |(name, kind, default, secret, forget_after_ms)| Field {
            name,
            kind,
            default,
            secret,
            forget_after_ms,
            renamed_from: None,
            span,
        },
    );
    let contact = prop::collection::vec(field, 0..4).prop_map(move |fields| Item::Contact(ContactItem { fields, span }));
    let day = || (0..7_u8).prop_map(s);
    let row = prop_oneof![
        (prop::collection::vec((day(), proptest::option::of(day())), 1..3), prop::collection::vec((time(), time()), 1..3))
            .prop_map(move |(days, times)| HoursRow::Open { days, times, span }),
        prop::collection::vec((date(), proptest::option::of(date())), 1..3)
            .prop_map(move |dates| HoursRow::Closed { dates, span }),
    ];
    let hours =
        (name(), prop::collection::vec(row, 0..3)).prop_map(move |(name, rows)| Item::Hours(HoursItem { name, rows, span }));
    let team = (name(), proptest::option::of(name()), proptest::option::of(string().prop_map(s)))
        .prop_map(move |(name, hours, notify)| Item::Team(TeamItem { name, hours, notify, span }));
    let bot = (string(), prop::collection::vec(language(), 1..3), clauses(block()), phrases(), proptest::option::of(text()))
        .prop_map(move |(name, tags, clauses, phrases, say)| {
            let kinds = [
                SettingKind::Languages(tags),
                SettingKind::Reserve(s(2)),
                SettingKind::Gather { quiet_ms: s(3000), most_ms: s(15_000) },
                SettingKind::OptOut { phrases, say },
                SettingKind::Defaults(clauses),
            ];
            let settings = kinds.into_iter().map(|kind| Setting { kind, span }).collect();
            Item::Bot(BotItem { name: s(name), settings, span })
        });
    prop_oneof![4 => flow, 1 => words, 1 => texts, 1 => contact, 1 => hours, 1 => team, 1 => bot]
}

/// Runs a property with a stack that generated strategies need.
fn holds<S: Strategy<Value = Vec<Item>> + 'static>(cases: u32, strategy: fn() -> S) {
    let run = move || {
        let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
        let property = |items| {
            let document = Document { items, ..Document::default() };
            let printed = print(&document);
            let (again, found) = read(&printed);
            prop_assert_eq!(found, Vec::<String>::new(), "{}", &printed);
            prop_assert_eq!(without_places(&again), without_places(&document), "{}", &printed);
            prop_assert_eq!(print(&again), printed);
            Ok(())
        };
        runner.run(&strategy(), property).unwrap();
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn what_is_printed_is_read_as_the_same_tree() {
    holds(64, || prop::collection::vec(item(), 1..3));
}

#[test]
fn an_expression_survives_with_the_brackets_it_needs() {
    holds(256, || {
        value().prop_map(|value| {
            let set = StepKind::Set { target: vec![Name { text: "x".into(), span: Span::default() }], value };
            let steps = vec![Step { kind: set, span: Span::default() }];
            let name = Name { text: "f".into(), span: Span::default() };
            vec![Item::Flow(FlowItem {
                name,
                parameters: vec![],
                title: None,
                result: None,
                renamed_from: None,
                triggers: vec![],
                steps,
                span: Span::default(),
            })]
        })
    });
}
