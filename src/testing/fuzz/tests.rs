//! Bots with a planted defect: it is found, the conversation gets short, and its printed test fails alike.

use std::sync::Arc;

use super::*;
use crate::bot::{Few, Flow, Matcher, On, Op, Piece, Step, WaitFor};
use crate::testing::report::{self, Look};
use crate::testing::tests::{compile, compiled};

const HEAD: &str = r#"bot "Shop" {
    languages en
    timezone "Africa/Cairo"
    opt out on "unsubscribe"
    fetch from "https://shop.example"
}

team support {
}

"#;

fn look_for(bot: &Arc<Bot>, conversations: u64) -> Report {
    fuzz(bot, &Options { seed: 7, conversations, acts: 30 }, &mut |progress| progress.found == 0)
}

/// The bot breaks this rule and no other; the printed test has few lines, reads as a test of this bot, and fails.
fn planted(flows: &str, plant: impl Fn(&mut Bot), rule: Rule, lines_max: usize) -> String {
    let source = format!("{HEAD}{flows}");
    let make = |source: &str| {
        let mut bot = compiled(source);
        plant(&mut bot);
        Arc::new(bot)
    };
    let report = look_for(&make(&source), 80);
    let told: Vec<String> = report.broken.iter().map(|one| format!("{:?}\n{}", one.finding, one.test)).collect();
    assert!(!report.broken.is_empty(), "nothing was found");
    for broken in &report.broken {
        assert_eq!(broken.finding.rule, rule, "{}", told.join("\n"));
    }
    let broken = &report.broken[0];
    assert!(broken.lines <= lines_max && broken.reproduced, "{}", told.join("\n"));
    let again = make(&format!("{source}\n{}", broken.test));
    let outcome = crate::testing::run(&again, again.tests.last().expect("the printed test is one of the bot's"));
    assert!(outcome.failure.is_some(), "it passes:\n{}", broken.test);
    assert!(report::failure(&outcome, Look::default()).contains("fuzz 7."));
    broken.test.clone()
}

fn first_flow(bot: &mut Bot) -> &mut Flow {
    bot.flows.first_mut().expect("there is a flow")
}

fn step(bot: &mut Bot, wanted: impl Fn(&Op) -> bool) -> &mut Step {
    first_flow(bot).steps.iter_mut().find(|step| wanted(&step.op)).expect("there is such a step")
}

#[test]
fn a_sound_bot_breaks_no_rule() {
    let bot = compile(include_str!("../../syntax/tests/sample.flow"));
    let report = look_for(&bot, 60);
    let told: Vec<String> = report.broken.iter().map(|one| format!("{:?}\n{}", one.finding, one.test)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(report.coverage.steps.percent() > 80, "{:#?}", report.coverage);
}

#[test]
fn the_same_seed_tries_the_same() {
    let bot = compile(include_str!("../../syntax/tests/sample.flow"));
    let one = look_for(&bot, 10);
    let other = look_for(&bot, 10);
    assert_eq!((one.progress, one.coverage), (other.progress, other.coverage));
}

#[test]
fn a_call_that_may_fail_without_a_way_out_is_found() {
    let flow = r#"flow order "Order" {
    on message "order"

    ask number: digits(3..6) "Which order?"
    fetch shipment = GET "https://shop.example/orders/{number}" {
        gives {
            state: text(20)
        }
    }
    say "It is {shipment.state}."
}
"#;
    let test = planted(flow, |_| {}, Rule::Fault, 6);
    assert!(test.contains("given GET \"https://shop.example/orders/"), "{test}");
    assert!(test.contains("bot \"Which order?\""), "{test}");
}

#[test]
fn replies_beyond_the_budget_are_found() {
    let flow = r#"flow many "Many" {
    on message "many"

    say "one" keep apart
    say "two" keep apart
    say "three" keep apart
}
"#;
    planted(flow, |bot| bot.settings.reserve = 8, Rule::Budget, 4);
}

#[test]
fn a_reply_after_the_window_is_found() {
    let flow = r#"flow late "Late" {
    on message "late"

    wait 47h
    say "Are you still there?"
}
"#;
    let plant = |bot: &mut Bot| step(bot, |op| matches!(op, Op::Wait(_))).op = Op::Wait(WaitFor::Duration(49 * 3_600_000));
    let test = planted(flow, plant, Rule::Window, 3);
    assert!(test.contains("after 49h"), "{test}");
}

#[test]
fn a_text_that_must_be_cut_is_found() {
    let flow = r#"flow long "Long" {
    on message "long"

    say "short"
}
"#;
    let plant = |bot: &mut Bot| {
        bot.settings.reserve = 9;
        let Op::Say { text, .. } = &mut step(bot, |op| matches!(op, Op::Say { .. })).op else { return };
        text.by_language[0][0].pieces = Few::One(Piece::Literal("word ".repeat(2_000).into()));
    };
    planted(flow, plant, Rule::Length, 2);
}

#[test]
fn a_run_that_never_ends_is_found() {
    let flow = r#"flow round "Round" {
    on message "round"

    wait 1h
    tag "round"
}
"#;
    let plant = |bot: &mut Bot| step(bot, |op| matches!(op, Op::Tag { .. })).op = Op::Jump(0);
    let test = planted(flow, plant, Rule::DeadEnd, 4);
    assert!(test.contains("after 30d\n    expect stopped"), "{test}");
}

#[test]
fn an_anytime_trigger_that_is_not_heard_is_found() {
    let flow = r#"flow order "Order" {
    on message "order"

    ask number: digits(3..6) "Which order?"
    say "Thank you."
}

flow human "Human" {
    on message exactly "human" anytime

    say "A colleague will answer."
}
"#;
    let plant = |bot: &mut Bot| {
        let mut triggers = bot.triggers.clone();
        triggers[1].on = On::Exactly(vec!["nobody writes this".to_owned()]);
        bot.matcher = Matcher::new(&triggers);
    };
    let test = planted(flow, plant, Rule::Anytime, 5);
    assert!(test.contains("customer \"human\""), "{test}");
}

#[test]
fn comments_and_reactions_have_bounds_of_their_own() {
    let flow = r#"flow price "Price" {
    on comment "price"

    say "Write to us for our prices."
}

flow thanks "Thanks" {
    on reaction "👍"

    say "Thank you!"
}

flow hello "Hello" {
    on any text

    say "Hello!"
}
"#;
    let bot = compile(&format!("{HEAD}{flow}"));
    let report = look_for(&bot, 150);
    let told: Vec<String> = report.broken.iter().map(|one| format!("{:?}\n{}", one.finding, one.test)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}
