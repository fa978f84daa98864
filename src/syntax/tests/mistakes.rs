//! What authors are told.

use super::*;

/// The findings for these steps of a flow, each as `line:column code message | help`, lines counted from the first step.
pub(super) fn told(steps: &str) -> Vec<String> {
    let text = format!("flow f {{ {steps}\n}}\n");
    read(&text).1
}

#[track_caller]
pub(super) fn tells(steps: &str, expected: &str) {
    let told = told(steps);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(expected), "{} does not tell {expected}", told[0]);
}

#[test]
fn five_mistakes_are_five_findings_at_their_places() {
    let text = r#"bot "B" {
    langauges ar
}

flow a "A" {
    on mesage "x"
    sya "hello"
    if x = 3 {
        wait 2 hours
    }
}

flow b "B" {
    say "never closed
}
"#;
    let expected = [
        "2:5 F0014 `langauges` is not a setting of `bot` | did you mean `languages`?",
        "6:8 F0015 `mesage` is not a trigger | did you mean `on message`?",
        "7:5 F0013 `sya` is not a step | did you mean `say`?",
        "8:10 F0020 `=` does not compare | write `==` to compare two values",
        "9:14 F0021 `2 hours` is not how a duration is written | write `2h`",
        "14:9 F0006 this text is not closed | a text ends with `\"` on the same line; a longer one stands between `\"\"\"` and `\"\"\"`",
    ];
    assert_eq!(read(text).1, expected);
}

#[test]
fn signs_of_other_keyboards_are_named_and_mended() {
    tells("say “hello”", "F0008 `“` and `”` do not quote a text | write \"hello\" with straight quotes");
    tells("say «أهلاً»", "write \"أهلاً\" with straight quotes");
    tells("on message \"a\"، \"b\"", "F0009 `،`");
    tells("wait ٣h", "F0010 `٣` is written with digits of another script | write `3` here");
    tells("say \u{202E}\"x\"", "F0011 an invisible character (U+202E)");
    let (document, _) = read("flow f { say “hello”; wait ٣h }");
    assert_eq!(print(&document), "flow f {\n    say \"hello\"\n    wait 3h\n}\n");
}

#[test]
fn brackets_are_named_by_what_they_open() {
    tells("}", "F0004 this `}` closes nothing");
    tells("set x = (1 + 2\n    stop", "F0005 the `(` of `flow f { set x =` is never closed");
    let text = "flow a {\n    if x {\n        say \"y\"\n}\n\nflow b {\n    sya \"x\"\n}\n";
    let expected = [
        "2:10 F0005 the `{` of `if x` is never closed | add the missing `}`",
        "7:5 F0013 `sya` is not a step | did you mean `say`?",
    ];
    assert_eq!(read(text).1, expected);
    tells("say \"hello {name\"", "F0006 this hole is not closed");
    tells("on message matching /x", "F0007 this pattern is not closed");
    tells("if a\n{ stop }", "F0028 `{` stands alone on its line");
}

#[test]
fn a_mistake_in_a_head_does_not_hide_its_block() {
    let found = told("if a b {\nsya \"x\"\n} else {\nstpo\n}");
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn what_the_channel_cannot_do_says_so() {
    tells("video \"x.mp4\"", "F0019 a bot cannot send a video on TikTok");
    tells("voice \"x\"", "F0019 a bot cannot send a voice message on TikTok");
    tells("broadcast \"x\"", "F0019 a bot cannot write to many customers at once on TikTok");
    tells("send \"x\" to \"+201\"", "F0019 a bot cannot reach a phone number");
    tells("send \"x\"", "F0013 `send` is not a step | did you mean `say`?");
}

#[test]
fn expectations_are_in_the_authors_words() {
    tells("goto", "expected a name, found the end of the line");
    tells("tag vip", "expected a text in quotes, found `vip` | a text stands in quotes: `\"vip\"`");
    tells("ask x: string \"q\"", "`string` is not a type | did you mean `text`?");
    tells("ask x: text", "this `ask` has no text");
    tells("ask x \"q\" { trys 2 }", "`trys` is not a clause of this wait | did you mean `tries`?");
    tells("choose \"q\" { \"a\" naemd b stop }", "did you mean `named`?");
    tells("match x { 1 stop; otherwise stop }", "did you mean `else`?");
    tells("set x = a < b < c", "F0026 comparisons do not chain");
    tells("set x =\n    say \"y\"", "expected a value, found the end of the line");
    tells("say \"a {b | } c\"", "F0024 expected a filter");
    tells("say \"\\q\"", "F0023 `\\q` is not known in a text");
    tells("stop\non message \"x\"", "F0028 a trigger cannot stand after a step");
}

#[test]
fn every_code_is_in_the_table_once() {
    let mut all: Vec<_> = codes::CODES.iter().map(|(code, _)| *code).collect();
    all.dedup();
    assert_eq!(all.len(), codes::CODES.len());
    assert!(all.is_sorted());
}

#[test]
fn habits_of_other_tools_meet_their_repair() {
    tells("if a is \"x\" { stop }", "write `==` to compare");
    tells("if a is not \"x\" { stop }", "write `!=` to compare");
    tells("if a is empty { stop }", "write `is missing`");
    tells("if a => 3 { stop }", "write `>=`");
    tells("if a && b { stop }", "write `and`");
    tells("if a between 1 and 3 { stop }", "write `x >= 1 and x <= 3`");
    tells("if a say \"x\"", "the steps of an `if` stand in braces");
    tells("set x == 3", "one `=` sets, `==` compares");
    tells("say \"a\" + b", "joined by holes");
    tells("say \"a\", \"b\"", "`one of \"a\" | \"b\"`");
    tells("say \"he said \"hi\" to me\"", "F0017 the text ends before `hi` | a `\"` inside a text is written `\\\"`");
    tells("say \"{first name}\"", "F0024 `name` does not belong here | a name has no blanks: `first_name`");
    tells("say \"{}\"", "F0024 this hole is empty");
    tells("handoff to support", "`handoff \"…\" to …`");
    tells("\nhandoff \"x\" support", "the team stands behind `to`: `to support`");
    tells("goto pizza-order", "a name holds letters, digits and `_`: `pizza_order`");
    tells("label 🍕", "a name begins with a letter");
    tells("ask n: whole \"how many?\"\n{ tries 2 stop }", "F0028 `{` stands alone on its line");
}

#[test]
fn questions_and_labels_say_what_is_left_out() {
    tells("ask \"How old?\"", "`ask answer: text(200) \"…\"`");
    tells("ask n: \"S\", \"M\" \"size?\"", "F0016 what may be answered stands in round brackets | write `one of (\"S\", \"M\")`");
    tells("ask n: one of \"S\" | \"M\" \"size?\"", "F0016 what may be answered stands in round brackets");
    tells(
        "choose \"x\" {\n\"A\"\n\"B\" stop\n}",
        "2:4 F0017 the label `\"A\"` does not say what happens | a step or a block follows it",
    );
}

#[test]
fn nothing_begins_without_the_customer() {
    for steps in ["every monday say \"x\"", "on monday", "on every day", "on schedule \"x\""] {
        tells(steps, "F0019 a bot cannot write first on TikTok");
    }
    tells("button \"https://x\"", "F0019 a button cannot open a link on TikTok");
    tells("on keyword \"x\"", "did you mean `on message \"…\"`?");
    tells("on \"x\"", "write `on message \"x\"`");
}

#[test]
fn fields_and_hours_show_how_they_are_written() {
    let first = |text: &str| read(text).1.first().cloned().unwrap_or_default();
    assert!(first("contact {\n    name\n}\n").contains("such as `name: text(80)`"));
    assert!(first("contact {\n    \"city\": text(20)\n}\n").contains("names stand without quotes"));
    assert!(first("hours h {\n    monday 09:00..17:00\n}\n").contains("did you mean `mon`?"));
    assert!(first("hours h {\n    mon-fri 09:00..17:00\n}\n").contains("`mon..fri 09:00..17:00`"));
    assert!(first("hours h {\n    sun closed\n}\n").contains("leave this line out"));
    assert!(first("words x = \"a\" \"b\"\n").contains("parted by `,`"));
    assert!(first("flow 🍕 \"Pizza\" {\n}\n").contains("a name begins with a letter"));
}
