//! Whole items.

use proptest::prelude::*;

use super::steps::{any_clauses, block};
use super::values::*;
use super::{Name, Span, s};
use crate::syntax::tree::{
    Anytime, BotItem, ContactItem, Field, FlowItem, HoursItem, HoursRow, Item, On, Parameter, Setting, SettingKind, TeamItem,
    TextsItem, Trigger, WordsItem,
};

fn text_form() -> BoxedStrategy<On> {
    prop_oneof![
        phrases().prop_map(On::Words),
        phrases().prop_map(On::Exactly),
        phrases().prop_map(On::Starting),
        phrases().prop_map(On::Like),
        regex().prop_map(On::Matching),
    ]
    .boxed()
}

fn on() -> BoxedStrategy<On> {
    let text = || proptest::option::of(string().prop_map(s));
    let kinds = vec![
        On::AnyText,
        On::Image,
        On::Post,
        On::Video,
        On::Sticker,
        On::Emoji,
        On::Unsupported,
        On::FirstMessage,
        On::Fault,
        On::Fallback,
    ];
    prop_oneof![
        text_form(),
        prop::sample::select(kinds),
        name().prop_map(On::Button),
        text().prop_map(On::Ad),
        text().prop_map(On::Link),
        text().prop_map(On::Reaction),
        proptest::option::of(text_form()).prop_map(|form| On::Comment(form.map(Box::new))),
        duration().prop_map(On::Return),
        duration().prop_map(On::WindowClosing),
        (0..11_u32).prop_map(|count| On::RepliesLeft(s(count))),
    ]
    .boxed()
}

pub(crate) fn trigger() -> BoxedStrategy<Trigger> {
    let anytime = proptest::option::of(prop_oneof![Just(Anytime::Replace), Just(Anytime::Resume)]);
    (
        on(),
        proptest::option::of(value()),
        anytime,
        proptest::option::of(duration()),
        proptest::option::of((-9..9_i64).prop_map(s)),
    )
        .prop_map(|(on, when, anytime, once_per_ms, priority)| Trigger {
            on,
            when,
            anytime,
            once_per_ms,
            priority,
            span: Span::default(),
        })
        .boxed()
}

fn flow() -> BoxedStrategy<Item> {
    let text = || proptest::option::of(string().prop_map(s));
    let parameter = (name(), kind()).prop_map(|(name, kind)| Parameter { name, kind, span: Span::default() });
    let parameters = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(parameter, 1..3)];
    let head = (name(), parameters, text(), proptest::option::of(plain_kind()), text());
    (head, prop::collection::vec(trigger(), 0..3), block())
        .prop_map(|((name, mut parameters, title, result, renamed_from), triggers, block)| {
            let mut seen = std::collections::BTreeSet::new();
            parameters.retain(|parameter: &Parameter| seen.insert(parameter.name.text.clone()));
            Item::Flow(FlowItem {
                name,
                parameters,
                title,
                result,
                renamed_from,
                triggers,
                steps: block.steps,
                span: Span::default(),
            })
        })
        .boxed()
}

fn contact() -> BoxedStrategy<Item> {
    let renamed = proptest::option::of(string().prop_map(s));
    let parts = (name(), kind(), proptest::option::of(value()), any::<bool>(), proptest::option::of(duration()), renamed);
    let field = parts.prop_map(|(name, kind, default, secret, forget_after_ms, renamed_from)| Field {
        name,
        kind,
        default,
        secret,
        forget_after_ms,
        renamed_from,
        span: Span::default(),
    });
    let contact = |mut fields: Vec<Field>| {
        let mut seen = std::collections::BTreeSet::new();
        fields.retain(|field| seen.insert(field.name.text.clone()));
        Item::Contact(ContactItem { fields, span: Span::default() })
    };
    prop::collection::vec(field, 0..4).prop_map(contact).boxed()
}

fn shared() -> BoxedStrategy<Item> {
    let span = Span::default();
    let words = (name(), phrases()).prop_map(move |(name, phrases)| Item::Words(WordsItem { name, phrases, span }));
    let texts = (name(), text()).prop_map(move |(name, text)| Item::Texts(TextsItem { name, text, span }));
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
    prop_oneof![words, texts, hours, team].boxed()
}

/// Settings in the order of the language's table, each there or not.
fn settings() -> BoxedStrategy<Vec<SettingKind>> {
    let word = |words: Vec<&'static str>| {
        prop::sample::select(words).prop_map(|word| Name { text: word.to_owned(), span: Span::default() })
    };
    let first = (
        prop::collection::vec(language(), 1..3).prop_map(SettingKind::Languages),
        string().prop_map(|zone| SettingKind::Timezone(s(zone))),
        (0..11_u32).prop_map(|count| SettingKind::Reserve(s(count))),
        word(vec!["hold", "drop", "handoff"]).prop_map(SettingKind::OnShortBudget),
        duration().prop_map(SettingKind::Keep),
        (duration(), duration()).prop_map(|(quiet_ms, most_ms)| SettingKind::Gather { quiet_ms, most_ms }),
        duration().prop_map(SettingKind::ReleaseAfter),
        (phrases(), proptest::option::of(text())).prop_map(|(phrases, say)| SettingKind::OptOut { phrases, say }),
    );
    let last = (
        (phrases(), proptest::option::of(text())).prop_map(|(phrases, say)| SettingKind::OptIn { phrases, say }),
        any_clauses().prop_map(SettingKind::Defaults),
        prop::collection::vec(string().prop_map(s), 1..3).prop_map(SettingKind::FetchFrom),
        prop::collection::vec(name(), 1..3).prop_map(SettingKind::Secret),
        word(vec!["latin", "native"]).prop_map(SettingKind::Numerals),
        word(vec!["quiet", "also"]).prop_map(SettingKind::WhenTiktokAnswers),
        (0..99_u32, duration()).prop_map(|(times, within_ms)| SettingKind::SameReply { times: s(times), within_ms }),
        duration().prop_map(SettingKind::Spread),
    );
    (first, last, any::<u16>(), shown_by_tiktok())
        .prop_map(|((a, b, c, d, e, f, g, h), (i, j, k, l, m, n, o, p), wanted, shown)| {
            let all = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
            let wanted = all.into_iter().enumerate().filter(|(at, _)| wanted >> at & 1 == 1).map(|(_, kind)| kind);
            wanted.chain(shown).collect()
        })
        .boxed()
}

/// A welcome, suggested questions and prompts, one after the other.
fn shown_by_tiktok() -> impl Strategy<Value = Vec<SettingKind>> {
    let text = || (string(), any::<bool>()).prop_map(|(text, block)| fixed(text, block));
    let welcome = proptest::option::of(text().prop_map(SettingKind::Welcome));
    let suggest = (text(), text()).prop_map(|(question, answer)| SettingKind::Suggest { question, answer });
    let prompt = (text(), text()).prop_map(|(title, content)| SettingKind::Prompt { title, content });
    (welcome, prop::collection::vec(suggest, 0..4), prop::collection::vec(prompt, 0..3))
        .prop_map(|(welcome, suggested, prompts)| welcome.into_iter().chain(suggested).chain(prompts).collect())
}

fn bot() -> BoxedStrategy<Item> {
    let span = Span::default();
    (string(), settings())
        .prop_map(move |(name, kinds)| {
            let settings = kinds.into_iter().map(|kind| Setting { kind, span }).collect();
            Item::Bot(BotItem { name: s(name), settings, span })
        })
        .boxed()
}

/// Any item.
pub(crate) fn item() -> BoxedStrategy<Item> {
    prop_oneof![4 => flow(), 2 => shared(), 1 => contact(), 1 => bot(), 2 => super::conversations::test()].boxed()
}
