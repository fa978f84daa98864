//! What authors are told where they call, loop, ask other computers and write tests.

use super::mistakes::tells;
use super::*;

#[track_caller]
fn says(text: &str, expected: &str) {
    let found = read(text).1;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(expected), "{} does not tell {expected}", found[0]);
}

/// One part of a `fetch`.
#[track_caller]
fn in_fetch(part: &str, expected: &str) {
    tells(&format!("fetch x = GET \"u\" {{ {part} }}"), expected);
}

/// One line of a test.
#[track_caller]
fn in_test(line: &str, expected: &str) {
    says(&format!("test \"x\" {{\n    {line}\n}}\n"), expected);
}

#[test]
fn a_fetch_names_its_answer_its_method_and_an_address_in_quotes() {
    tells("fetch x = \"https://a\"", "expected a method such as `GET`, found a text | say what is to be done with the address");
    tells("fetch x = get \"https://a\"", "| write `GET`");
    tells("fetch \"https://a\"", "| a `fetch` first names what keeps the answer: `fetch answer = GET");
    tells("fetch GET \"https://a\"", "| a `fetch` first names what keeps the answer");
    tells("fetch x = GET https://a.b/c", "F0017 an address stands in quotes | write `\"https://a.b/c\"`");
    tells("webhook \"https://a\"", "`webhook` is not a step | did you mean `fetch`?");
}

#[test]
fn the_parts_of_a_fetch_are_named() {
    in_fetch("headers \"a\" = \"b\"", "`headers` is not a part of `fetch` | did you mean `header`?");
    in_fetch("body { a: b }", "did you mean `json`?");
    in_fetch("timeot 3s", "did you mean `timeout`?");
    in_fetch("header Auth = \"b\"", "such as `header \"Authorization\" =");
    in_fetch("timeout 3", "F0021 `3` is not how a duration is written");
    in_fetch("retry twice", "how often it is tried again: `retry 2`");
    in_fetch("on stop", "`on 404 stop`");
    in_fetch("on 4040 stop", "F0022 `4040` is no number that an answer has");
    in_fetch("json { a: b\n c: d }", "entries are parted by `,`: put one before `c`");
    in_fetch("retry 1; retry 2", "F0028 `retry` stands here a second time");
}

#[test]
fn what_a_fetch_gives_has_types() {
    in_fetch("gives state", "such as `gives { state: text(20) }`");
    in_fetch("gives { state }", "a field says its type behind a `:`, such as `state: text(80)`");
    in_fetch("gives { state text(20) }", "such as `state: text(80)`");
    in_fetch("gives { state: string }", "F0016 `string` is not a type | did you mean `text`?");
    in_fetch("gives { a: list of text }", "F0017 a `list` needs the most things that it may hold");
    in_fetch("gives { a: list(2) of list(3) of text }", "F0017 a list cannot hold lists");
}

#[test]
fn loops_are_counted_or_go_through_a_list() {
    tells("for x list { stop }", "write `for x in list up to 5 { … }`");
    tells("for each x in y { stop }", "write `for item in list up to 5 { … }`");
    tells("for i = 1 { stop }", "to count, write `repeat 3 times { … }`");
    tells("for x in y up 3 { stop }", "write `up to 5`");
    tells("repeat 3 { stop }", "write `repeat 3 times { … }`");
    tells("repeat x times { stop }", "a `repeat` counts");
    tells("repeat 3 tiems { stop }", "did you mean `times`?");
    tells("while x { stop }", "did you mean `repeat`?");
    tells("break", "did you mean `leave`?");
    tells("leave loop", "`leave` stands alone | it leaves the innermost loop");
}

#[test]
fn every_way_of_a_split_has_its_share() {
    tells("split \"a\" { \"b\" { stop } }", "each way says its share of a hundred: `\"b\" 50 { … }`");
    tells("split \"a\" { \"b\" 50% { stop } }", "a share is a number of a hundred, without `%`");
    tells("split { \"b\" 50 stop }", "a `split` has a name");
}

#[test]
fn calls_show_their_form() {
    tells("do", "`do` runs a flow and comes back");
    tells("do f ->", "F0017 a name is missing behind `->`");
    tells("do f = x", "`do address(city) -> where` keeps what the flow gives back");
    tells("call f(x)", "`call` is not a step | did you mean `do`?");
    tells("run shop.f()", "a `run` first names what keeps the result");
    tells("run x = shop", "expected `.`");
    tells("run x = f(1)", "a script, its function and what it is given");
    tells("emit return.asked { a: b }", "a text stands in quotes: `\"return.asked\"`");
    says("flow f(city) {\n}\n", "what a flow is given says its type: `city: text(80)`");
    says("flow f -> {\n}\n", "what the flow gives back has a type: `-> text(80)`");
}

#[test]
fn further_triggers_are_told_from_what_no_bot_hears() {
    tells("on coment \"x\"", "did you mean `on comment`?");
    tells("on window 2h", "write `on window closing in 2h`");
    tells("on return 7d", "write `on return after 7d`");
    tells("on replies 2", "write `on replies left 2`");
    tells("on reaction heart", "the reaction stands in quotes");
    tells("on post \"x\"", "`on post` takes no text");
    tells("on voice", "F0019 TikTok tells a bot nothing of voice messages");
    tells("on follow", "F0019 TikTok tells a bot nothing of a follow");
    tells("say \"a\" shrt \"b\"", "`shrt` is not a part of `say` | did you mean `short`?");
    tells("say \"a\" short", "a text is missing behind `short`");
}

#[test]
fn waits_say_how_long() {
    tells(
        "ask x: text(20) \"q\" { within stop }",
        "expected a duration such as `2h`, found `stop` | say how long: `within 2h stop`",
    );
    tells("ask x: text(20) \"q\" { within one hour stop }", "say how long: `within 2h stop`");
    tells("ask x: text(20) \"q\" { within 2 hours stop }", "F0021 `2 hours` is not how a duration is written | write `2h`");
}

#[test]
fn settings_of_the_bot_are_told_too() {
    let bot = |setting: &str| format!("bot \"b\" {{\n    {setting}\n}}\n");
    says(&bot("on fault goto x"), "F0014 `on fault` is not a setting of `bot` | what happens then stands in a flow");
    says(&bot("secret \"K\""), "names stand without quotes: `secret SHOP_KEY`");
    says(&bot("fetch from https://x.y"), "an address stands in quotes | write `\"https://x.y\"`");
    says(&bot("fetch \"https://x.y\""), "the hosts that flows may ask: `fetch from");
    says(&bot("when tiktok answers silent"), "expected `also` or `quiet`, found `silent`");
    says(&bot("spred 5m"), "did you mean `spread`?");
}

#[test]
fn the_lines_of_a_test_begin_with_who_acts() {
    says("test x {\n}\n", "a text stands in quotes: `\"x\"`");
    in_test("user \"hi\"", "F0014 `user` is not a line of a test | did you mean `customer`?");
    in_test("custmer \"x\"", "did you mean `customer`?");
    in_test("customer says \"hi\"", "the text stands right behind it: `customer \"…\"`");
    in_test("customer presses \"x\"", "`customer button \"…\"`");
    in_test("customer ad \"x\"", "where they come from, then what they write");
    in_test("customer hello", "a text stands in quotes: `\"hello\"`");
    in_test("bot sends \"hi\"", "the text stands right behind it: `bot \"…\"`");
    in_test("bot choose \"x\" { \"a\" b }", "`b` does not begin a label in quotes");
    in_test("colleague take over", "did you mean `takes`?");
    in_test("after one hour", "such as `after 1h`");
}

#[test]
fn what_a_test_gives_and_expects_is_shown() {
    in_test("given now 10:00", "day and time: `given now 2026-11-22 10:00`");
    in_test("given get \"u\" -> 200", "methods stand in capitals");
    in_test("given GET \"u\" -> timout", "did you mean `timeout`?");
    in_test("given a.b.c -> 3", "a script has one name, and its function another");
    in_test("expect replies left", "such as `expect replies left 8`");
    in_test("expect handed to x", "such as `expect handed over to support`");
    in_test("expect waiting order", "such as `expect waiting for order`");
}

#[test]
fn letters_that_only_look_right_are_told() {
    tells("sаy \"x\"", "F0013 `sаy` is not a step | did you mean `say`? the `а` here is a Cyrillic letter");
    tells("on mеssage \"x\"", "did you mean `on message`? the `е` here is a Cyrillic letter");
    let (_, found) = parse(FileId(0), "flow f {\n    stop  # a \u{202E}comment\n}\n");
    assert_eq!(
        found.iter().map(|found| (found.code, found.severity)).collect::<Vec<_>>(),
        [(codes::INVISIBLE, crate::diagnostic::Severity::Warning)]
    );
}
