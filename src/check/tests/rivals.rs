//! Triggers that want the same message: what is said of them, where, and with which example.

use super::stories::{compiled, in_a_bot, says, says_nothing};
use crate::diagnostic::{Diagnostic, Severity};

/// Two flows with these triggers.
fn two(first: &str, second: &str) -> String {
    format!("flow one {{\n    on {first}\n    say \"One.\"\n}}\nflow two {{\n    on {second}\n    say \"Two.\"\n}}")
}

fn note(first: &str, second: &str) -> (String, String) {
    let finding = says("F0405", Severity::Note, &two(first, second));
    (finding.labels[0].text.clone(), finding.labels[1].text.clone())
}

fn codes(items: &str) -> Vec<&'static str> {
    compiled(&in_a_bot(items)).2.iter().map(|finding| finding.code).collect()
}

fn of<'d>(code: &str, found: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
    found.iter().filter(|finding| finding.code == code).collect()
}

#[test]
fn an_overlap_shows_a_message_and_who_starts() {
    let (example, starts) = note("message \"order\"", "message ⟦\"cancel my order\"⟧");
    assert_eq!(example, "for example the message `cancel my order`");
    assert_eq!(starts, "`two` starts: its phrase is longer");
    let (_, starts) = note("message exactly \"order\"", "message ⟦\"order\"⟧");
    assert_eq!(starts, "`one` starts: `exactly` phrases go before phrases");
    let (_, starts) = note("message \"طلب\"", "message starting ⟦\"طَلَب\"⟧");
    assert_eq!(starts, "`one` starts: phrases go before `starting` phrases");
    let (example, starts) = note("message like \"order\"", "message ⟦\"ordre\"⟧");
    assert_eq!(starts, "`two` starts: phrases go before `like` phrases");
    assert_eq!(example, "for example the message `ordre`");
    says_nothing(&two("message \"order\"", "message \"order\" once per 1h priority 1"));
}

#[test]
fn a_pattern_meets_a_keyword_by_an_example_of_either() {
    let (example, starts) = note("message matching /cancel (my|the) order/", "message ⟦\"cancel the order please\"⟧");
    assert_eq!(example, "for example the message `cancel the order please`");
    assert_eq!(starts, "`one` starts: `matching` patterns go before phrases");
    let (example, _) = note("message \"order\"", "message matching ⟦/order \\d{3}/⟧");
    assert_eq!(example, "for example the message `order 111`");
}

#[test]
fn two_patterns_meet_by_an_example_of_one_and_only_file_order_decides() {
    assert_eq!(codes(&two("message matching /order\\s+\\d+/", "message matching /order.*[0-9]{2}/")), ["F0403", "F0405"]);
    assert!(codes(&two("message matching /order\\s+\\d+/ priority 1", "message matching /order.*[0-9]{2}/")).is_empty());
    says_nothing(&two("message matching /^a+$/", "message matching /^b+$/"));
}

#[test]
fn words_that_only_meet_side_by_side_are_no_overlap() {
    says_nothing(&two("message \"order\", \"my parcel\"", "message \"return\", \"refund\""));
}

#[test]
fn a_keyword_of_a_set_in_a_second_flow_gives_the_overlap_and_that_it_never_wins() {
    let items = "words returns = \"return\", \"refund\"\nflow back {\n    on message @returns\n    stop\n}\nflow other {\n    on message \"return\"\n    stop\n}";
    let found = compiled(&in_a_bot(items)).2;
    let overlap = of("F0405", &found);
    assert_eq!(overlap.len(), 1);
    assert_eq!(overlap[0].labels[0].text, "for example the message `return`");
    assert_eq!(overlap[0].labels[1].text, "`back` starts: it comes first in the files");
    assert_eq!(of("F0401", &found).len(), 1);
}

#[test]
fn what_another_form_always_takes_can_never_win() {
    let never = |first: &str, second: &str| {
        says("F0401", Severity::Warning, &two(first, second).replace("on on ", "on ").replace("on ⟦on", "⟦on"));
    };
    never("message \"order\"", "message starting ⟦\"order my\"⟧");
    never("message starting \"order\"", "message starting ⟦\"order my\"⟧");
    never("message matching /.*/", "message ⟦\"order\"⟧");
    never("reaction", "⟦on reaction \"👍\"⟧");
    never("return after 3d", "⟦on return after 7d⟧");
    never("sticker", "⟦on sticker⟧");
    never("comment \"price\"", "on comment ⟦\"Price\"⟧");
    assert!(!codes(&two("message starting \"order my\"", "message starting \"order\"")).contains(&"F0401"));
    assert!(!codes(&two("message \"order\" once per 1h", "message starting \"order my\"")).contains(&"F0401"));
    assert!(!codes(&two("message \"order\"", "message starting \"order my\" anytime")).contains(&"F0401"));
    assert!(!codes(&two("message matching /.+/", "message exactly \"order\"")).contains(&"F0401"));
}

#[test]
fn only_file_order_between_beginnings_is_a_tie() {
    let found = says("F0403", Severity::Warning, &two("message starting \"order my\"", "message starting ⟦\"order\"⟧"));
    assert!(found.message.contains("lets `one` take"), "{}", found.message);
}

#[test]
fn a_keyword_that_a_question_expects_is_shown_where_it_leads_elsewhere() {
    let shop = |label: &str, keyword: &str| {
        format!(
            "flow ask {{\n    on message \"shop\"\n    choose \"What?\" {{\n        {label}\n        \"Rings\" stop\n    }}\n}}\nflow sale {{\n    on message {keyword}\n    stop\n}}"
        )
    };
    let found = says("F0406", Severity::Warning, &shop("⟦\"Sale\"⟧ stop", "\"sale\""));
    assert_eq!(found.message, "`Sale` is an answer here and starts `sale` at all other times");
    says("F0406", Severity::Warning, &shop("\"Sale\" also ⟦\"discount\"⟧ stop", "exactly \"discount\""));
    says_nothing(&shop("\"Sale\" goto sale", "\"sale\""));
    says_nothing(&shop("\"Sale now\" stop", "\"sale\""));
    let closed = "flow size {\n    on message \"size\"\n    ask size: one of (\"S\", ⟦\"M\"⟧) \"Which?\"\n}\nflow men {\n    on message exactly \"m\"\n    stop\n}";
    says("F0406", Severity::Warning, closed);
    let kept = "contact {\n    size: one of (\"S\", \"M\")\n}\nflow size {\n    on message \"size\"\n    ask contact.⟦size⟧ \"Which?\"\n}\nflow men {\n    on message exactly \"m\"\n    stop\n}";
    says("F0406", Severity::Warning, kept);
}

#[test]
fn a_keyword_that_says_yes_or_no_is_an_answer_in_every_language_that_is_understood() {
    let asks = |keyword: &str| {
        format!(
            "flow ask {{\n    on message \"shop\"\n    ask sure: ⟦yes_no⟧ \"Sure?\"\n}}\nflow other {{\n    on message {keyword}\n    stop\n}}"
        )
    };
    for keyword in
        ["\"yes\"", "exactly \"OK\"", "\"hello\", \"no thanks\", \"no\"", "\"نعم\"", "\"👍\"", "starting \"yes please\""]
    {
        let found = says("F0406", Severity::Warning, &asks(keyword));
        assert!(found.message.ends_with("is an answer here and starts `other` at all other times"), "{}", found.message);
    }
    for keyword in ["\"yes or no\"", "\"order\"", "like \"yes\""] {
        says_nothing(&asks(keyword).replace(['⟦', '⟧'], ""));
    }
    let field = asks("\"yes\"").replace("sure: ⟦yes_no⟧", "contact.⟦sure⟧");
    says("F0406", Severity::Warning, &format!("contact {{\n    sure: yes_no\n}}\n{field}"));
}

#[test]
fn ten_thousand_rules_that_overlap_give_a_bounded_number_of_notes_in_bounded_time() {
    let flows = |count: usize, phrase: &dyn Fn(usize) -> String| -> String {
        (0..count).map(|n| format!("flow f{n} {{\n    on message {}\n    stop\n}}\n", phrase(n))).collect()
    };
    let nested = compiled(&in_a_bot(&flows(300, &|n| format!("\"{}\"", "word ".repeat(n % 40 + 1))))).2;
    let notes = of("F0405", &nested);
    assert!(!notes.is_empty() && notes.len() < 450, "{}", notes.len());
    let patterns = compiled(&in_a_bot(&flows(300, &|n| format!("matching /order .*b{{{}}}/", n + 1)))).2;
    assert!(of("F0405", &patterns).len() < 450);
}

#[test]
fn kinds_of_messages_that_differ_are_no_rivals() {
    says_nothing(&two("return after 7d", "return after 3d priority -1"));
    says_nothing(&two("comment \"price\"", "message \"price\""));
    says_nothing(&two("reaction \"👍\"", "reaction \"👎\""));
}
