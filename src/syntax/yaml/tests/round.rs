//! From one spelling to the other and back.

use proptest::prelude::*;

use super::*;
use crate::syntax::tests::generated::{holds_for, item};
use crate::syntax::tree::Item;
use crate::syntax::{Neat, Spelling, convert, neat};

/// The canonical text of a flow, comments and paragraphs included, survives the way through YAML.
#[track_caller]
fn survives(text: &str) {
    let canonical = print(&flow(text));
    let yaml = print_yaml(&flow(&canonical));
    let back = print(&good(&yaml));
    for (at, (is, should)) in back.lines().zip(canonical.lines()).enumerate() {
        assert_eq!(is, should, "line {} of\n{back}\nfrom\n{yaml}", at + 1);
    }
    assert_eq!(back, canonical, "{yaml}");
    assert_eq!(print_yaml(&flow(&back)), yaml);
    assert_eq!(print_yaml(&good(&yaml)), yaml, "yaml from yaml");
    assert_eq!(tree(&good(&yaml)), tree(&flow(text)));
}

#[test]
fn every_flow_of_the_repository_survives_with_its_comments() {
    let mut read = 0;
    for (path, text) in all_flows() {
        // Some stand there to be broken.
        let (_, found) = parse(FileId(0), &text);
        if found.is_empty() {
            survives(&text);
            let converted = convert(FileId(0), &path, &text, Spelling::Yaml);
            assert_eq!(converted.findings, [], "{path}");
            let yaml = converted.text.unwrap();
            assert!(matches!(neat(FileId(0), "a.flow.yaml", &yaml), Neat::Text(again) if again == yaml), "{path}");
            read += 1;
        }
    }
    assert!(read >= 6, "{read} flows were read");
}

#[test]
fn comments_stand_where_they_stood() {
    survives(
        "# above\n\n# of the first\nflow f {  # head\n    # before\n    say \"a\"  # behind\n\n    choose \"q\" {  # question\n        # option\n        \
         \"a\" {  # label\n            # inside\n            stop\n            # last\n        }\n        \"b\" stop  # eight\n        # nine\n    }\n    \
         if a == 1 {  # ten\n        # eleven\n        stop\n    } else {\n        # twelve\n        stop\n    }\n    # end\n}\n\nwords w = \"x\"  # words\n# below\n",
    );
}

#[test]
fn texts_over_several_lines_keep_their_form() {
    survives("flow f {\n    say \"\"\"\n        one\n          two {x}\n\n        three\n        \"\"\"\n    say \"a\\nb\"\n}\n");
    let yaml = print_yaml(&flow("flow f {\n    say \"\"\"\n        one {x}\n          two\n        \"\"\"\n}\n"));
    assert_eq!(yaml, "flow: f\nsteps:\n  - say: |-\n      one {x}\n        two\n");
}

fn there_and_back(items: Vec<Item>) -> Result<(), TestCaseError> {
    let document = Document { items, ..Document::default() };
    let yaml = print_yaml(&document);
    let (again, found) = read(&yaml);
    prop_assert_eq!(found, Vec::<String>::new(), "{}", &yaml);
    prop_assert_eq!(tree(&again), tree(&document), "{}", &yaml);
    prop_assert_eq!(print_yaml(&again), yaml.clone());
    let text = print(&again);
    let (back, found) = parse(FileId(0), &text);
    prop_assert_eq!(found, Vec::new(), "{}", &text);
    prop_assert_eq!(tree(&back), tree(&document), "{}", &text);
    prop_assert_eq!(print_yaml(&Document { items: back.items, ..Document::default() }), yaml);
    Ok(())
}

#[test]
fn generated_trees_are_the_same_in_both_spellings() {
    holds_for(64, || prop::collection::vec(item(), 1..3), there_and_back);
}

/// A comment before every third line and behind every fourth, where the text is no text over several lines.
fn with_comments(items: Vec<Item>) -> Result<(), TestCaseError> {
    let text = print(&Document { items, ..Document::default() });
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if at % 3 == 0 {
            lines.push(format!("# before {at}"));
        }
        let comment = if at % 4 == 1 { format!("  # behind {at}") } else { String::new() };
        lines.push(format!("{line}{comment}"));
    }
    let (document, found) = parse(FileId(0), &(lines.join("\n") + "\n"));
    // In a text over several lines or in a list that goes on, such a line may be no comment.
    prop_assume!(found.is_empty());
    let yaml = print_yaml(&document);
    let (again, found) = read(&yaml);
    prop_assert_eq!(found, Vec::<String>::new(), "{}", &yaml);
    prop_assert_eq!(comments(&again), comments(&document), "{}", &yaml);
    prop_assert_eq!(tree(&again), tree(&document), "{}", &yaml);
    // `fmt` keeps every comment, and what it has written stays.
    if let Neat::Text(once) = neat(FileId(0), "a.flow.yaml", &yaml) {
        let (kept, _) = read(&once);
        prop_assert_eq!(comments(&kept), comments(&document), "{}", &once);
        match neat(FileId(0), "a.flow.yaml", &once) {
            Neat::Text(twice) => prop_assert_eq!(twice, once),
            other => prop_assert!(false, "{:?}\n{}", other, once),
        }
    }
    let text = print(&again);
    let (back, found) = parse(FileId(0), &text);
    prop_assert_eq!(found, Vec::new(), "{}", &text);
    prop_assert_eq!(comments(&back), comments(&document), "{}\n{}", &text, &yaml);
    prop_assert_eq!(tree(&back), tree(&document), "{}", &text);
    Ok(())
}

#[test]
fn comments_of_generated_trees_are_never_lost() {
    holds_for(48, || prop::collection::vec(item(), 1..3), with_comments);
}

#[test]
fn what_the_other_spelling_cannot_hold_is_said_and_not_lost() {
    let twice = "contact {\n    size: text(8)\n    size: text(9)\n}\n";
    let converted = convert(FileId(0), "a.flow", twice, Spelling::Yaml);
    assert_eq!(converted.text, None);
    assert_eq!(converted.findings.iter().map(|found| found.code).collect::<Vec<_>>(), ["F0078"]);
    let broken = convert(FileId(0), "a.flow.yaml", "flow: f\nstpes: []\n", Spelling::Flow);
    assert_eq!((broken.text, broken.findings.first().map(|found| found.code)), (None, Some("F0072")));
}

const SAMPLE: &str = r##"
flow: track
title: "Where is my order?"
triggers:
  - message: ["order", "where is my order", "طلبي"]
  - message:
      matching: '/#(?<order>\d{6,10})/'
  - button: track
steps:
  - if: "order is missing"
    then:
      - ask: order
        type: "digits(6..10)"
        prompt:
          ar: "ما هو رقم طلبك؟"
          en: "What is your order number?"
        tries: 2
        tries_else:
          - goto: human
        within: 4h
        silence:
          - stop
  - typing
  - fetch: shipment
    get: "https://shop.example/orders/{order}"
    timeout: 3s
    gives: { state: "text(20)" }
    else:
      - goto: human
  - choose:
      en: "Anything else?"
      ar: "هل من شيء آخر؟"
    options:
      - label: { en: "Return it", ar: "إرجاع" }
        named: back
        also: ["@returns"]
        steps:
          - goto: send_back
    within: 1h
    silence:
      - stop
"##;

const SAME_IN_FLOW: &str = r##"flow track "Where is my order?" {
    on message "order", "where is my order", "طلبي"
    on message matching /#(?<order>\d{6,10})/
    on button track
    if order is missing {
        ask order: digits(6..10) {
            ar "ما هو رقم طلبك؟"
            en "What is your order number?"
            tries 2 goto human
            within 4h stop
        }
    }
    typing
    fetch shipment = GET "https://shop.example/orders/{order}" {
        timeout 3s
        gives { state: text(20) }
        else goto human
    }
    choose {
        en "Anything else?"
        ar "هل من شيء آخر؟"
        { en "Return it" ar "إرجاع" } named back also @returns goto send_back
        within 1h stop
    }
}
"##;

#[test]
fn a_flow_written_by_hand_gives_the_tree_of_its_twin() {
    assert_eq!(tree(&good(SAMPLE)), tree(&flow(SAME_IN_FLOW)));
}
