//! Names, texts, expressions, types.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Expr, ExprKind, Name, Span, s};
use crate::calendar::{Date, Time};
use crate::syntax::tree::{BinaryOp, Filter, Given, Phrase, Piece, Regex, Spanned, Template, Text, Type, TypeKind};

pub(crate) fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

pub(crate) fn name() -> impl Strategy<Value = Name> {
    let words = prop_oneof!["[a-z][a-z0-9_]{0,5}", "[بتثجحخدذرزسش]{2,5}", Just("จอง".to_owned()), Just("say".to_owned())];
    let reserved = ["and", "or", "not", "in", "is", "contains", "matches", "if", "then", "else", "true", "false", "plural"];
    words
        .prop_filter("reserved", move |word| !reserved.contains(&word.as_str()))
        .prop_map(|text| Name { text, span: Span::default() })
}

pub(crate) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 .,!?#/]{0,12}",
        "[ -~]{0,12}",
        Just("أهلاً {بك} \"يا\" صديقي".to_owned()),
        Just(" two\n  lines\t\\ \n".to_owned()),
        Just("👍🏽 \u{1}\"\"\"".to_owned())
    ]
}

pub(crate) fn template(value: impl Strategy<Value = Expr> + 'static, block: bool) -> BoxedStrategy<Template> {
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

/// A text without holes.
pub(crate) fn fixed(text: String, block: bool) -> Template {
    let pieces = if text.is_empty() { vec![] } else { vec![Piece::Literal(text)] };
    Template { pieces, block, span: Span::default() }
}

pub(crate) fn plain(text: String) -> Expr {
    expr(ExprKind::Text(fixed(text, false)))
}

pub(crate) fn literal() -> BoxedStrategy<Expr> {
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

pub(crate) fn duration() -> impl Strategy<Value = Spanned<i64>> {
    (0..10_000_000_i64).prop_map(|seconds| s(seconds * 1000))
}

pub(crate) fn date() -> impl Strategy<Value = Spanned<Date>> {
    (1000..3000_i16, 1..13_i8, 1..29_i8).prop_map(|(year, month, day)| s(Date::new(year, month, day).unwrap()))
}

pub(crate) fn time() -> impl Strategy<Value = Spanned<Time>> {
    (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| s(Time::new(hour, minute, 0, 0).unwrap()))
}

pub(crate) fn regex() -> impl Strategy<Value = Regex> {
    let source = prop_oneof![Just("#(?<order>\\d{6,10})"), Just("[/\"]+"), Just("a\\/b{2}")];
    (source, prop_oneof![Just(""), Just("i"), Just("ms")]).prop_map(|(source, flags)| Regex {
        source: source.into(),
        flags: flags.into(),
        span: Span::default(),
    })
}

pub(crate) fn value() -> BoxedStrategy<Expr> {
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

pub(crate) fn language() -> impl Strategy<Value = Spanned<String>> {
    prop::sample::select(vec!["ar", "en", "pt-BR", "th"]).prop_map(|tag| s(tag.to_owned()))
}

pub(crate) fn text() -> BoxedStrategy<Text> {
    let one = prop_oneof![template(value(), true).prop_map(Text::Template), name().prop_map(Text::Named)];
    let one_of = prop::collection::vec(one.clone(), 1..4).prop_map(|texts| Text::OneOf(texts, Span::default()));
    let either = prop_oneof![4 => one, 1 => one_of].boxed();
    let per_language = prop::collection::vec((language(), either.clone()), 1..3).prop_map(per_language_of);
    prop_oneof![2 => either, 1 => per_language].boxed()
}

pub(crate) fn phrases() -> impl Strategy<Value = Vec<Phrase>> {
    prop::collection::vec(prop_oneof![string().prop_map(|text| Phrase::Text(s(text))), name().prop_map(Phrase::Set)], 1..6)
}

/// A type that holds no other.
pub(crate) fn flat_kind() -> BoxedStrategy<Type> {
    let bounds = || proptest::option::of((-50..50_i64, 50..500_i64).prop_map(|(low, high)| (low.into(), high.into())));
    let listed = prop_oneof![value(), string().prop_map(plain)];
    let kinds = prop_oneof![
        proptest::option::of(1..6000_u32).prop_map(TypeKind::Text),
        bounds().prop_map(TypeKind::Whole),
        bounds().prop_map(TypeKind::Decimal),
        (1..9_u32, 9..20_u32).prop_map(|(fewest, most)| TypeKind::Digits(fewest, most)),
        (1..9_u32).prop_map(|count| TypeKind::Digits(count, count)),
        prop::sample::select(vec![
            TypeKind::Email,
            TypeKind::Phone,
            TypeKind::Date,
            TypeKind::Time,
            TypeKind::YesNo,
            TypeKind::Image,
            TypeKind::Post,
        ]),
        regex().prop_map(TypeKind::Matching),
        prop::collection::vec((string().prop_map(s), proptest::option::of(value())), 1..9).prop_map(TypeKind::OneOf),
        listed.prop_map(|list| TypeKind::OneOfList(Box::new(list))),
    ];
    kinds.prop_map(|kind| Type { kind, span: Span::default() }).boxed()
}

/// A type that holds no fields.
pub(crate) fn plain_kind() -> BoxedStrategy<Type> {
    let list = (1..99_u32, flat_kind());
    let list = list.prop_map(|(most, kind)| Type { kind: TypeKind::List(most, Box::new(kind)), span: Span::default() });
    prop_oneof![4 => flat_kind(), 1 => list].boxed()
}

/// Any type; records only in lists.
pub(crate) fn kind() -> BoxedStrategy<Type> {
    let listed = (1..99_u32, prop_oneof![flat_kind(), record()]);
    let list = listed.prop_map(|(most, kind)| Type { kind: TypeKind::List(most, Box::new(kind)), span: Span::default() });
    prop_oneof![4 => flat_kind(), 1 => list].boxed()
}

/// `{ field: TYPE … }`
fn record() -> BoxedStrategy<Type> {
    let of = |fields| Type { kind: TypeKind::Record(fields), span: Span::default() };
    fields(flat_kind()).prop_map(of).boxed()
}

/// What a fetch may give.
pub(crate) fn given() -> BoxedStrategy<Vec<Given>> {
    fields(prop_oneof![3 => kind(), 1 => record()].boxed())
}

fn fields(kind: BoxedStrategy<Type>) -> BoxedStrategy<Vec<Given>> {
    let field =
        (name(), any::<bool>(), kind).prop_map(|(name, optional, kind)| Given { name, optional, kind, span: Span::default() });
    prop::collection::vec(field, 0..4).boxed()
}

pub(crate) fn text_label() -> impl Strategy<Value = Text> {
    let label = || template(value(), false).prop_map(Text::Template);
    let per_language = prop::collection::vec((language(), label()), 1..3).prop_map(per_language_of);
    prop_oneof![label(), per_language]
}

/// One line for each language: a language that stands twice is a mistake, and no map can hold it.
fn per_language_of(mut lines: Vec<(Spanned<String>, Text)>) -> Text {
    let mut seen = std::collections::BTreeSet::new();
    lines.retain(|(tag, _)| seen.insert(tag.value.clone()));
    Text::PerLanguage(lines, Span::default())
}
