//! Tests of authors, run and broken.

use std::sync::Arc;

use super::report::{self, Look};
use super::*;
use crate::bot::Bot;
use crate::check::{self, Assets};
use crate::diagnostic::Severity;
use crate::source::Sources;

const SAMPLE: &str = include_str!("../syntax/tests/sample.flow");

/// The bot of a file that has no errors.
pub(super) fn compile(text: &str) -> Arc<Bot> {
    Arc::new(compiled(text))
}

pub(super) fn compiled(text: &str) -> Bot {
    let mut sources = Sources::default();
    sources.add("a.flow", text);
    let (bot, found) = check::compile(&sources, &Assets::new());
    let errors: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).map(|one| (one.code, &one.message)).collect();
    bot.unwrap_or_else(|| panic!("{errors:#?}"))
}

/// A bot that asks for a number, with these settings and these tests.
fn shop(settings: &str, tests: &str) -> Arc<Bot> {
    compile(&format!(
        r#"bot "Shop" {{
    languages en
    timezone "Africa/Cairo"
    opt out on "stop"
    fetch from "https://shop.example"
    {settings}
}}

contact {{
    size: text(9)
}}

team support {{
}}

flow order "Order" {{
    on message "order"

    typing
    ask order: digits(3..6) "Which order?" {{
        invalid "Three to six digits."
        tries 2 goto human
        within 4h stop
        nudge after 1h "Still there?"
    }}
    fetch shipment = GET "https://shop.example/orders/{{order}}" {{
        timeout 3s
        gives {{
            state: text(20)
        }}
        on 404 {{
            say "There is no order {{order}}."
            stop
        }}
        else goto human
    }}
    say "It is {{shipment.state}}."
    goal "tracked"
    tag "asked"
    emit "order.tracked" {{
        order: order
    }}
    choose "Anything else?" {{
        "Talk to us" named human goto human
        "No" say one of "Bye!" | "See you!" | "Good bye!"
        within 1h stop
    }}
}}

flow human "Human" {{
    on message exactly "human" anytime
    on button human

    handoff "help" to support {{
        open say "A colleague will answer."
    }}
}}

{tests}"#
    ))
}

fn outcomes(bot: &Arc<Bot>) -> Vec<Outcome> {
    run_all(bot, &bot.tests.iter().collect::<Vec<_>>(), &|_| {})
}

/// Runs one test of these lines.
fn test_of(settings: &str, lines: &str) -> Outcome {
    let bot = shop(settings, &format!("test \"t\" {{\n{lines}\n}}\n"));
    outcomes(&bot).remove(0)
}

fn holds(settings: &str, lines: &str) {
    let outcome = test_of(settings, lines);
    assert!(outcome.failure.is_none(), "{}", report::failure(&outcome, Look::default()));
}

fn breaks(settings: &str, lines: &str) -> Failure {
    test_of(settings, lines).failure.expect("the test holds")
}

#[test]
fn the_tests_of_the_sample_bot_pass() {
    let bot = compile(SAMPLE);
    let outcomes = outcomes(&bot);
    assert_eq!(outcomes.len(), 2);
    for outcome in &outcomes {
        assert!(outcome.failure.is_none(), "{}", report::failure(outcome, Look::default()));
    }
    let coverage = Coverage::new(&bot, &outcomes);
    assert!(coverage.steps.reached > 5 && coverage.steps.reached < coverage.steps.total, "{coverage:#?}");
    assert!(coverage.silences.reached >= 1, "{coverage:#?}");
}

#[test]
fn a_conversation_goes_as_its_lines_say() {
    holds(
        "",
        r#"given now 2026-11-22 10:00
    given GET "https://shop.example/orders/1234" -> 200 { state: "on its way" }
    customer "my order, please"
    bot typing
    bot "Which order?"
    expect waiting for order
    customer "12"
    bot matching /^Three/
    after 1h
    bot "Still there?"
    customer "١٢٣٤"
    bot "It is on its way."
    bot choose "Anything else?" { "Talk to us", "No" }
    expect replies left 8
    expect window left 48h
    expect goal "tracked"
    expect tag "asked"
    expect emitted "order.tracked"
    expect contact.size is missing
    expect waiting for choose
    customer button "Talk to us"
    bot "A colleague will answer."
    expect handed over to support
    colleague takes over
    customer "thanks"
    bot nothing
    colleague releases
    expect stopped"#,
    );
}

#[test]
fn a_call_is_answered_by_what_is_given_or_runs_out() {
    holds(
        "",
        r#"given GET "https://shop.example/orders/123" -> 404
    customer "order"
    bot "Which order?"
    customer "123"
    bot "There is no order 123."
    expect stopped"#,
    );
    holds(
        "",
        r#"given GET "https://shop.example/orders/123" -> timeout
    customer "order"
    bot "Which order?"
    customer "123"
    bot "A colleague will answer."
    expect handed over"#,
    );
    let gathered =
        breaks("gather 3s at most 15s", "customer \"order\"\n bot \"Which order?\"\n customer \"123\"\n bot \"It is x.\"");
    assert!(matches!(gathered.problem, Problem::Ungiven(_)), "{:?}", gathered.problem);
    let failure = breaks("", "customer \"order\"\n bot \"Which order?\"\n customer \"123\"\n bot nothing");
    assert_eq!(failure.problem, Problem::Ungiven("given GET \"https://shop.example/orders/123\"".to_owned()));
    assert_eq!(failure.line, "customer \"123\"");
}

#[test]
fn lines_of_the_customer_in_a_row_are_one_burst() {
    holds(
        "gather 3s at most 15s",
        "customer \"hello\"\n customer \"my order\"\n bot \"Which order?\"\n customer \"12\"\n customer \"no, 12\"\n bot \"Three to six digits.\"",
    );
    let failure = breaks("", "customer \"order\"\n customer \"12\"\n bot \"Three to six digits.\"");
    assert!(matches!(&failure.problem, Problem::Reply { got: Some(got), .. } if got == "Which order?"), "{:?}", failure.problem);
}

#[test]
fn one_of_several_texts_is_the_one_that_the_line_has() {
    for text in ["Bye!", "See you!", "Good bye!"] {
        holds(
            "",
            &format!(
                "given GET \"https://shop.example/orders/123\" -> 200 {{ state: \"x\" }}\n customer \"order\"\n bot \"Which order?\"\n customer \"123\"\n bot \"It is x.\"\n bot choose \"Anything else?\"\n customer \"2\"\n bot \"{text}\""
            ),
        );
    }
}

#[test]
fn what_is_given_of_the_contact_is_there() {
    holds("", "given contact.size = \"M\"\n customer \"hello\"\n expect contact.size == \"M\"\n bot nothing");
    let failure = breaks("", "given contact.size = \"M\"\n customer \"hello\"\n expect contact.size == \"S\"");
    assert_eq!(
        failure.problem,
        Problem::Expectation {
            expected: "contact.size == \"S\"".to_owned(),
            found: "\"M\" on the left, \"S\" on the right".to_owned()
        }
    );
}

#[test]
fn what_the_bot_said_must_be_listed_before_anything_else_moves() {
    let unlisted = Problem::Unlisted(vec!["Which order?".to_owned()]);
    for lines in [
        "customer \"order\"",
        "customer \"order\"\n after 1h\n bot \"Still there?\"",
        "customer \"order\"\n expect waiting for order\n customer \"12\"\n bot \"Three to six digits.\"",
        "customer \"order\"\n colleague takes over",
        "customer \"order\"\n bot nothing",
    ] {
        assert_eq!(breaks("", lines).problem, unlisted, "{lines}");
    }
}

#[test]
fn a_wrong_line_says_what_was_said_why_and_what_came_before() {
    let outcome = test_of("", "customer \"order\"\n bot \"What is your order?\"");
    let told = report::failure(&outcome, Look::default());
    for part in [
        "✗ t",
        "a.flow:6",
        "bot \"What is your order?\"",
        "- What is your order?",
        "+ Which order?",
        "trigger: ",
        "customer  order",
    ] {
        assert!(told.contains(part), "no {part} in\n{told}");
    }
    assert!(!told.contains('\u{1b}'));
    assert!(report::failure(&outcome, Look { color: true }).contains("\u{1b}[31;1;4mWhich\u{1b}[0m"));
}

#[test]
fn hints_say_what_may_have_been_meant() {
    let lines = "given GET \"https://shop.example/orders/123\" -> 200 { state: \"x\" }\n customer \"order\"\n bot \"Which order?\"\n customer \"123\"\n bot \"It is x.\"\n bot \"Anything else?\"";
    assert!(breaks("", lines).hint.is_some_and(|hint| hint.contains("card")));
    let failure = breaks("", "customer \"order\"\n bot \"Which order?\"\n customer button \"No\"");
    assert_eq!(failure.problem, Problem::NoButton { label: "No".to_owned(), there: Vec::new() });
}

#[test]
fn expectations_tell_what_is_instead() {
    for (line, found) in [
        ("stopped", "`order` waits for order"),
        ("waiting for choose", "waiting for order"),
        ("replies left 8", "replies left 9"),
        ("window left 40h", "window left 48h"),
        ("handed over", "not handed over: `order` waits for order"),
        ("goal \"tracked\"", "no goal"),
        ("tag \"asked\"", "no tag"),
        ("emitted \"order.tracked\"", "no event"),
        ("conversation.replies_left > 9", "9 on the left, 9 on the right"),
        ("contact.size is not missing", "it is missing"),
    ] {
        let failure = breaks("", &format!("customer \"order\"\n bot \"Which order?\"\n expect {line}"));
        let Problem::Expectation { expected, found: told } = failure.problem else { panic!("{line}: {:?}", failure.problem) };
        assert_eq!((expected.as_str(), told.as_str()), (line, found));
    }
}

#[test]
fn coverage_lists_what_no_test_reached() {
    let bot = shop(
        "",
        r#"test "silence" {
    customer "order"
    bot "Which order?"
    after 1h
    bot "Still there?"
    after 3h
    expect stopped
}
"#,
    );
    let coverage = Coverage::new(&bot, &outcomes(&bot));
    let missed: Vec<String> = coverage.missed.iter().map(|one| format!("{}: {}", one.origin.line, one.what)).collect();
    assert_eq!(coverage.silences, Share { reached: 2, total: 4 }, "{missed:#?}");
    assert!(missed.iter().any(|line| line.ends_with("`tries 2` was never used up")), "{missed:#?}");
    assert!(!missed.iter().any(|line| line.contains("within 4h") || line.contains("nudge")), "{missed:#?}");
    assert!(missed.iter().any(|line| line.ends_with("`handoff` never ran")), "{missed:#?}");
    let told = report::missed(&coverage, false, Look::default());
    assert!(told.contains("a.flow:") && told.lines().count() == coverage.missed.len().min(21), "{told}");
}

#[test]
fn outcomes_keep_their_order_whatever_the_threads_do() {
    let tests: String =
        (0..40).map(|n| format!("test \"{n}\" {{\n    customer \"hello {n}\"\n    bot nothing\n}}\n\n")).collect();
    let bot = shop("", &tests);
    let names: Vec<String> = outcomes(&bot).into_iter().map(|outcome| outcome.name).collect();
    assert_eq!(names, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn reports_for_machines_are_well_formed() {
    let bot = shop(
        "",
        "test \"a <b> & \\\"c\\\"\" {\n    customer \"order\"\n    bot \"?\"\n}\n\ntest \"fine\" {\n    customer \"hello\"\n    bot nothing\n}\n",
    );
    let outcomes = outcomes(&bot);
    let coverage = Coverage::new(&bot, &outcomes);
    let json: serde_json::Value = serde_json::from_str(&report::json(&outcomes, &coverage)).unwrap();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(1), Some(1)));
    assert_eq!(json["tests"][0]["failure"]["problem"], "wrong_reply");
    assert_eq!(json["tests"][0]["failure"]["got"], "Which order?");
    let xml = report::junit(&bot.name, &outcomes, &coverage);
    assert!(xml.contains("name=\"a &lt;b&gt; &amp; &quot;c&quot;\"") && xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    let opened = xml.matches("<testcase").count();
    assert_eq!(
        opened,
        xml.matches("</testcase>").count()
            + xml.matches("/>\n    <testcase").count()
            + usize::from(xml.contains("/>\n  </testsuite>"))
    );
}
