use std::sync::Arc;

use super::*;
use crate::bot::{Anytime, Origin, Regex};

fn trigger(on: On) -> Trigger {
    Trigger {
        flow: 0,
        on,
        when: None,
        anytime: Anytime::No,
        once_per_ms: None,
        priority: 0,
        key: "".into(),
        origin: Origin::default(),
    }
}

fn list(phrases: &[&str]) -> Vec<String> {
    phrases.iter().map(|&phrase| phrase.to_owned()).collect()
}

fn words(phrases: &[&str]) -> Trigger {
    trigger(On::Words(list(phrases)))
}

fn like(phrases: &[&str]) -> Trigger {
    trigger(On::Like(list(phrases)))
}

fn matching(pattern: &str) -> Trigger {
    trigger(On::Matching(Arc::new(Regex::new(pattern).unwrap())))
}

fn said<'a>(text: &'a str) -> Heard<'a> {
    Heard { text: Some(text), ..Heard::default() }
}

fn order(triggers: &[Trigger], heard: &Heard<'_>) -> Vec<usize> {
    Matcher::new(triggers).hits(heard).into_iter().map(|hit| hit.trigger).collect()
}

#[test]
fn a_bot_without_triggers_wants_nothing() {
    assert!(Matcher::default().hits(&said("hello")).is_empty());
    assert!(order(&[], &said("")).is_empty());
}

#[test]
fn whole_words_are_wanted_in_any_dress() {
    let bot = [words(&["order", "طلبي"]), words(&["return"])];
    assert_eq!(order(&bot, &said("Where is my ORDER?")), [0]);
    assert_eq!(order(&bot, &said("أين طَلَبي؟")), [0]);
    assert!(order(&bot, &said("reordering")).is_empty());
    assert_eq!(order(&bot, &said("return my order")), [1, 0], "the longer phrase wins");
}

#[test]
fn among_words_the_longer_phrase_wins_then_the_earlier_then_priority_then_the_file() {
    let mut bot = vec![words(&["where"]), words(&["order"]), words(&["my order"]), words(&["order"])];
    assert_eq!(order(&bot, &said("where is my order")), [2, 0, 1, 3]);
    bot[3].priority = 1;
    assert_eq!(order(&bot, &said("where is my order")), [2, 0, 3, 1]);
}

#[test]
fn the_forms_stand_in_their_order() {
    let bot = [
        trigger(On::Fallback),
        trigger(On::AnyText),
        trigger(On::FirstMessage),
        trigger(On::Ad(None)),
        like(&["order"]),
        trigger(On::Starting(list(&["order"]))),
        words(&["order"]),
        matching("ord"),
        trigger(On::Exactly(list(&["ORDER!"]))),
        trigger(On::Ad(Some("7".to_owned()))),
        trigger(On::Button("track".to_owned())),
    ];
    let heard = Heard { button: Some("track"), entry: Some(Entry::Ad(Some("7"))), first: true, ..said("order") };
    assert_eq!(order(&bot, &heard), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
}

#[test]
fn exactly_and_starting_bind_to_the_ends_of_the_text() {
    let bot = [trigger(On::Exactly(list(&["agent"]))), trigger(On::Starting(list(&["buy"])))];
    assert_eq!(order(&bot, &said(" Agent!! ")), [0]);
    assert!(order(&bot, &said("agent please")).is_empty());
    assert_eq!(order(&bot, &said("BUY 2")), [1]);
    assert!(order(&bot, &said("buyer")).is_empty());
    assert!(order(&bot, &said("I buy")).is_empty());
}

#[test]
fn slips_are_forgiven_by_the_length_of_the_phrase() {
    let bot = [like(&["order"]), like(&["my appointment"]), like(&["yes"])];
    assert_eq!(order(&bot, &said("my odrer pls")), [0]);
    assert_eq!(order(&bot, &said("i want my apointmnt today")), [1]);
    assert_eq!(order(&bot, &said("myappointment")), [1]);
    assert!(order(&bot, &said("odxer")).is_empty());
    assert!(order(&bot, &said("yas")).is_empty());
    assert_eq!(order(&bot, &said("yes!")), [2]);
}

#[test]
fn slips_are_forgiven_where_words_have_no_spaces() {
    let bot = [like(&["เปลี่ยนไซส์"]), like(&["キャンセル"])];
    assert_eq!(order(&bot, &said("ขอเปลียนไซส์ได้ไหม")), [0]);
    assert_eq!(order(&bot, &said("注文を キヤンセル したい")), [1]);
    assert!(order(&bot, &said("ขอบคุณครับ")).is_empty());
}

#[test]
fn an_expression_sees_the_text_as_written_but_for_its_digits() {
    let bot = [matching(r"#(?<order>\d{6,10})(?<rest>x)?")];
    let hits = Matcher::new(&bot).hits(&said("Look: #١٢٣٤٥٦٧ ok"));
    assert_eq!(hits[0].captures, [("order".to_owned(), "1234567".to_owned())]);
    assert_eq!(hits[0].rank, Rank::Matching);
    assert!(order(&bot, &said("1234567")).is_empty());
}

#[test]
fn kinds_buttons_and_entries_go_by_name() {
    let bot = [
        trigger(On::Image),
        trigger(On::Button("a".to_owned())),
        trigger(On::Link(Some("sale".to_owned()))),
        trigger(On::Link(None)),
        trigger(On::Ad(None)),
    ];
    assert_eq!(order(&bot, &Heard { kind: Some(HeardKind::Image), ..Heard::default() }), [0]);
    assert_eq!(order(&bot, &Heard { button: Some("a"), ..said("A") }), [1]);
    assert!(order(&bot, &Heard { button: Some("b"), ..said("A") }).is_empty());
    assert_eq!(order(&bot, &Heard { entry: Some(Entry::Link(Some("sale"))), ..said("hi") }), [2, 3]);
    assert_eq!(order(&bot, &Heard { entry: Some(Entry::Ad(Some("9"))), ..said("hi") }), [4]);
}

#[test]
fn a_phrase_without_words_wants_nothing() {
    assert!(order(&[words(&["?!"]), like(&[""]), trigger(On::Starting(list(&["..."])))], &said("?! hello")).is_empty());
}

proptest::proptest! {
    #[test]
    fn the_one_automaton_finds_what_a_look_at_each_phrase_finds(
        phrases in proptest::collection::vec("[abก ]{1,6}", 0..12), text in "[abกxA ]{0,24}",
    ) {
        let bot: Vec<Trigger> = phrases.iter().map(|phrase| words(&[phrase])).collect();
        let mut found = order(&bot, &said(&text));
        found.sort_unstable();
        let expected: Vec<usize> =
            (0..phrases.len()).filter(|index| text::contains_words(&text, &phrases[*index])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn no_slip_that_is_forgiven_is_overlooked(phrase in "[a-d]{4,14}", text in "[a-d]{4,14}") {
        let slips = text::allowed_slips(phrase.len());
        let expected = text::similar(&phrase, &text, slips);
        assert_eq!(!order(&[like(&[&phrase])], &said(&text)).is_empty(), expected);
    }

    #[test]
    fn nor_one_made_on_purpose(phrase in "[a-z]{8,14}", at in 0_usize..7, other in 0_usize..7) {
        let mut typed: Vec<char> = phrase.chars().collect();
        typed.swap(at, at + 1);
        typed.remove(other);
        if text::similar(&phrase, &typed.iter().collect::<String>(), 2) {
            assert!(!order(&[like(&[&phrase])], &said(&typed.iter().collect::<String>())).is_empty());
        }
    }
}

#[test]
fn each_kind_of_message_has_its_own_triggers() {
    let bot = [trigger(On::Post), trigger(On::Sticker), trigger(On::Fallback)];
    assert_eq!(order(&bot, &Heard { kind: Some(HeardKind::Post), ..Heard::default() }), [0, 2]);
    assert_eq!(order(&bot, &Heard { kind: Some(HeardKind::Sticker), ..Heard::default() }), [1, 2]);
    assert_eq!(order(&bot, &Heard { kind: Some(HeardKind::Emoji), ..Heard::default() }), [2]);
}

#[test]
fn a_reaction_is_wanted_by_its_emoji_in_any_skin_and_by_nothing_else() {
    let bot = [trigger(On::Reaction(Some("👍".to_owned()))), trigger(On::Reaction(None)), trigger(On::Fallback)];
    let reacts = |emoji| Heard { kind: Some(HeardKind::Reaction(emoji)), ..Heard::default() };
    assert_eq!(order(&bot, &reacts(Some("👍🏽"))), [0, 1]);
    assert_eq!(order(&bot, &reacts(Some("❤️"))), [1]);
    assert_eq!(order(&bot, &reacts(None)), [1]);
}

#[test]
fn a_comment_is_wanted_by_triggers_on_comments_alone() {
    let bot =
        [words(&["price"]), trigger(On::Comment(Box::new(On::AnyText))), trigger(On::Comment(Box::new(words(&["price"]).on)))];
    assert_eq!(order(&bot, &Heard { comment: true, ..said("the price?") }), [2, 1]);
    assert_eq!(order(&bot, &said("the price?")), [0]);
}

#[test]
fn who_comes_back_after_long_comes_before_the_first_and_after_the_ad() {
    let bot = [trigger(On::FirstMessage), trigger(On::Return(1_000)), trigger(On::AnyText)];
    assert_eq!(order(&bot, &Heard { silent_ms: Some(1_000), ..said("hi") }), [1, 2]);
    assert_eq!(order(&bot, &Heard { silent_ms: Some(999), ..said("hi") }), [2]);
    assert_eq!(order(&bot, &Heard { first: true, ..said("hi") }), [0, 2]);
}

#[test]
fn expressions_with_and_without_literals_are_all_asked() {
    let shaped = |n: usize| matching(&format!("^[0-9]{{{}}}[a-z]{{{}}}$", n % 25 + 1, n / 25));
    let bot: Vec<Trigger> = (0..1_300).map(|n| matching(&format!("(?i)uw{n}x"))).chain((0..600).map(shaped)).collect();
    let matcher = Matcher::new(&bot);
    let found = |text: &str| matcher.hits(&said(text)).into_iter().map(|hit| hit.trigger).collect::<Vec<_>>();
    assert_eq!(found("see UW7x and uw1299X"), [7, 1_299]);
    assert_eq!(found("١٢٣"), [1_302]);
    assert_eq!(found(&format!("{}{}", "7".repeat(25), "b".repeat(23))), [1_899]);
    assert!(found("uw7").is_empty());
}

proptest::proptest! {
    #[test]
    fn the_prefilter_overlooks_no_expression(
        sources in proptest::collection::vec(
            "(?:[ab]{1,2}[c1]?|[a-c]\\+b|\\(\\?:a\\|bc\\)\\?[c1]|\\\\d[ab]|\\\\b[a-cA]{1,2}(?:\\(\\?:1\\|-\\)\\?|)\\\\b)", 0..8,
        ),
        text in "[a-cA-C1é -]{0,10}",
        any_case: bool,
    ) {
        let flags = if any_case { "i" } else { "" };
        let regexes: Vec<_> = sources.iter().map(|source| Arc::new(Regex::with_flags(source, flags).unwrap())).collect();
        let bot: Vec<Trigger> = regexes.iter().map(|regex| trigger(On::Matching(Arc::clone(regex)))).collect();
        let expected: Vec<usize> = (0..regexes.len()).filter(|at| regexes[*at].is_match(&text)).collect();
        assert_eq!(order(&bot, &said(&text)), expected);
    }
}
