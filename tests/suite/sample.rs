//! What an author may break in a bot that was whole, one change at a time, and what is said of it, where.

use std::collections::BTreeMap;

use rejoinder::diagnostic::{Diagnostic, Severity};
use rejoinder::source::FileId;
use rejoinder::syntax;

use crate::pages::{Shown, compile, drawn, fences, root};

/// The question at the end of `track`, and the lines before and after it.
const LAST_CHOOSE: &str = "    choose {\n        ar \"هل من شيء آخر؟\"\n";

fn sample() -> String {
    let page = std::fs::read_to_string(root().join("tests/pages/sample-bot.md")).unwrap();
    fences(&page).into_iter().find(|fence| fence.word == "flow").unwrap().text
}

/// The sample with some of its text replaced; each must stand there exactly once.
fn changed(changes: &[(&str, &str)]) -> Shown {
    let mut text = sample();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "`{from}`");
        text = text.replace(from, to);
    }
    compile(&[("sample.flow".to_owned(), text)])
}

/// The finding of this code whose first place is on the line that reads so.
fn finding<'a>(shown: &'a Shown, code: &str, line: &str) -> &'a Diagnostic {
    let at = |one: &Diagnostic, label: usize| line_of(shown, one, label) == line;
    let found = shown.findings.iter().find(|one| one.code == code && at(one, 0));
    found.unwrap_or_else(|| panic!("no {code} at `{line}` in\n{}", drawn(shown)))
}

/// The line on which a place of a finding begins, without its indent.
fn line_of(shown: &Shown, finding: &Diagnostic, label: usize) -> String {
    let span = finding.labels[label].span;
    let file = shown.sources.file(span.file).unwrap();
    let line = file.location(span.start).line as usize;
    file.text.lines().nth(line - 1).unwrap().trim().to_owned()
}

/// Whether another place of the finding is on the line that reads so.
fn also_at(shown: &Shown, finding: &Diagnostic, line: &str) -> bool {
    (1..finding.labels.len()).any(|label| line_of(shown, finding, label) == line)
}

fn codes(shown: &Shown) -> BTreeMap<&str, usize> {
    shown.findings.iter().fold(BTreeMap::new(), |mut all, one| {
        *all.entry(one.code).or_default() += 1;
        all
    })
}

#[test]
fn the_sample_checks_clean() {
    let shown = changed(&[]);
    assert!(shown.findings.is_empty() && shown.bot.is_some(), "{}", drawn(&shown));
}

#[test]
fn the_printer_leaves_the_sample_as_it_is() {
    let (document, findings) = syntax::parse(FileId(0), &sample());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(syntax::print(&document), sample());
}

#[test]
fn eight_more_replies_are_too_many() {
    let more: String = (1..=8).map(|n| format!("    say \"{n}\" keep apart\n")).collect();
    let shown = changed(&[(LAST_CHOOSE, &format!("{more}{LAST_CHOOSE}"))]);
    let found = finding(&shown, "F0506", "choose {");
    // The way to the tenth reply, each with the total up to it; the tenth is the question.
    let mut way: Vec<_> = found.labels.iter().filter(|label| label.text.starts_with("reply ")).collect();
    way.sort_by_key(|label| label.span.start);
    let totals: Vec<&str> = way.iter().map(|label| label.text.split(' ').nth(1).unwrap_or_default()).collect();
    assert_eq!(totals, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    assert!(also_at(&shown, found, "\"shipped\" say {"));
    assert_eq!(codes(&shown).keys().collect::<Vec<_>>(), [&"F0506"]);
    assert!(shown.bot.is_none());
    // Seven more are not.
    let less: String = (1..=7).map(|n| format!("    say \"{n}\" keep apart\n")).collect();
    assert!(changed(&[(LAST_CHOOSE, &format!("{less}{LAST_CHOOSE}"))]).findings.is_empty());
}

#[test]
fn sixty_hours_of_silence_are_too_late() {
    let shown = changed(&[("within 4h stop", "within 60h goto human")]);
    let found = finding(&shown, "F0507", "nobody in 10m say {");
    assert!(also_at(&shown, found, "ask order: digits(6..10) {"));
    assert!(found.labels.iter().any(|label| label.text.contains("2d12h")), "{}", drawn(&shown));
    assert_eq!((found.severity, codes(&shown)), (Severity::Error, BTreeMap::from([("F0507", 1)])));
    // After forty hours nobody may come for the twelve until the conversation is the bot's again: too late as well.
    let shown = changed(&[("within 4h stop", "within 40h goto human")]);
    assert_eq!(finding(&shown, "F0507", "nobody in 10m say {").severity, Severity::Error);
    assert!(changed(&[("within 4h stop", "within 35h goto human")]).findings.is_empty());
}

#[test]
fn without_gives_a_value_has_no_bound() {
    let gives = "        gives {\n            state: text(20)\n            sent_on?: date\n        }\n";
    let shown = changed(&[(gives, "")]);
    let line = "en \"It left us on {shipment.sent_on | date | default \"a day this week\"}.\"";
    let found = finding(&shown, "F0218", line);
    assert!(found.message.contains("`shipment.sent_on`"), "{}", found.message);
    assert!(
        found.help.as_ref().is_some_and(|help| help.contains("| shorten ")),
        "the smallest change that gives it one: {:?}",
        found.help
    );
    assert_eq!(codes(&shown), BTreeMap::from([("F0218", 2)]), "once for each language");
}

#[test]
fn a_language_that_is_left_out_is_named() {
    let shown = changed(&[("            en \"It was delivered ✅\"\n", "")]);
    let found = finding(&shown, "F0306", "\"delivered\" say {");
    assert!(found.message.contains("`en`"), "{}", found.message);
    assert_eq!(codes(&shown), BTreeMap::from([("F0306", 1)]));
}

#[test]
fn a_loop_without_the_customer_is_found() {
    let back = format!("    goto again\n{LAST_CHOOSE}");
    let shown = changed(&[("    typing\n    fetch ", "    typing\n    label again\n    fetch "), (LAST_CHOOSE, &back)]);
    let found = finding(&shown, "F0304", "goto again");
    assert!(also_at(&shown, found, "fetch shipment = GET \"https://shop.example/orders/{order}\" {"));
    // And what can never run any more.
    assert_eq!(finding(&shown, "F0301", "choose {").severity, Severity::Warning);
}

#[test]
fn a_label_of_forty_one_characters_is_a_hint() {
    let label = "I would like to return what I have bought";
    assert_eq!(label.chars().count(), 41);
    let shown = changed(&[("en \"Return it\"", &format!("en \"{label}\""))]);
    let line = format!("{{ ar \"إرجاع\" en \"{label}\" }} named back also @returns goto send_back");
    let found = finding(&shown, "F0501", &line);
    assert_eq!(found.severity, Severity::Note);
    assert!(found.message.contains("numbered text") && found.labels[0].text.contains("41"), "{}", drawn(&shown));
    assert!(shown.bot.is_some(), "it goes as text");
}

#[test]
fn two_flows_that_want_the_same_word_show_an_example() {
    let shown = changed(&[("    on button human\n", "    on button human\n    on message \"return\"\n")]);
    let found = finding(&shown, "F0405", "on message \"return\"");
    assert_eq!(found.severity, Severity::Note);
    assert!(also_at(&shown, found, "on message @returns"));
    let said: String = found.labels.iter().map(|label| format!("{}\n", label.text)).collect();
    assert!(said.contains("`return`") && said.contains("`send_back` starts"), "{said}");
    // A word that always loses is a finding of its own.
    assert_eq!(finding(&shown, "F0401", "on message \"return\"").severity, Severity::Warning);
}
