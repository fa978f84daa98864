//! What a broken bound looks like.

use super::compiled;

/// Codes and messages of the errors in a text.
pub(super) fn errors(text: &str) -> Vec<(String, String)> {
    let (_, findings) = compiled(text);
    let errors = findings.into_iter().filter(|finding| finding.severity == crate::diagnostic::Severity::Error);
    errors.map(|finding| (finding.code.to_owned(), finding.message)).collect()
}

fn shop() -> String {
    let page = include_str!("../../../syntax/tests/sample.flow");
    page.to_owned()
}

#[test]
fn a_way_is_shown_with_running_totals() {
    let says: String = (1..=11).map(|n| format!("    say \"{n}\"\n")).collect();
    let text = format!("bot \"T\" {{\n    languages en\n}}\nflow a {{\n    on message \"a\"\n{says}}}\n");
    let (_, findings) = compiled(&text);
    let finding = findings.iter().find(|finding| finding.code == "F0506").unwrap();
    assert_eq!(finding.message, "up to 11 replies leave before the customer writes again");
    let texts: Vec<&str> = finding.labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(texts[0], "reply 11 stands here");
    assert!(texts.contains(&"reply 2") && texts.contains(&"reply 10"), "{texts:?}");
    assert!(texts.len() <= 14);
}

#[test]
fn a_flow_called_twice_in_a_row_is_no_loop() {
    let text = "bot \"T\" {\n    languages en\n}\nflow a {\n    on message \"a\"\n    do b\n    do b\n    label again\n    do c\n    goto again\n}\n\
        flow b {\n    say \"b\"\n}\nflow c {\n    ask n: text(9) \"n?\"\n}\n";
    assert_eq!(errors(text), []);
}

#[test]
fn a_loop_through_two_flows_is_one() {
    let text = "bot \"T\" {\n    languages en\n}\nflow a {\n    on message \"a\"\n    repeat 3 times {\n        say \"a\"\n        goto b\n    }\n}\n\
        flow b {\n    say \"b\"\n    goto a\n}\n";
    assert!(errors(text).iter().any(|(code, _)| code == "F0304"), "{:?}", errors(text));
}

#[test]
fn the_shop_of_the_language_page_is_proved_and_its_changes_are_found() {
    let shop = shop();
    assert_eq!(errors(&shop), []);
    let last = "    choose {\n        ar \"هل من شيء آخر؟\"";
    assert!(shop.contains(last));
    let more = "    say \"more\" keep apart\n".repeat(8);
    let changed = shop.replace(last, &format!("{more}{last}"));
    let found = errors(&changed);
    assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["F0506"], "{found:?}");
    let late = shop.replacen("within 4h stop", "within 60h goto human", 1);
    assert!(errors(&late).iter().any(|(code, _)| code == "F0507"), "{:?}", errors(&late));
    let fetch = "    typing\n    fetch shipment";
    assert!(shop.contains(fetch));
    let again =
        shop.replace(fetch, "    label again\n    typing\n    fetch shipment").replace(last, &format!("    goto again\n{last}"));
    assert!(errors(&again).iter().any(|(code, _)| code == "F0304"), "{:?}", errors(&again));
    let open = "            gives {\n                state: text(20)\n                sent_on?: date\n            }\n";
    let gives = shop.find("gives {").map(|at| shop[at..].find("}\n").map_or(at, |end| at + end + 2));
    let untyped = gives.map(|end| {
        let begin = shop.find("gives {").unwrap();
        format!("{}{}", &shop[..begin], &shop[end..])
    });
    let found = errors(&untyped.unwrap_or_default());
    assert!(found.iter().any(|(code, _)| code == "F0218"), "{open}{found:?}");
}
