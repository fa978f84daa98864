//! Loops, calls, other systems, comments, tests: what is said of each, and what becomes of it.

use super::super::shape::Shape;
use super::super::*;
use super::stories::{compiled, in_a_bot, says, says_nothing};
use crate::bot;
use crate::diagnostic::Severity::{Error, Note, Warning};

const WHOLE: &str = include_str!("whole.flow");

/// A flow that message `a` begins.
fn flow(steps: &str) -> String {
    format!("flow a {{\n on message \"a\"\n {steps}\n}}")
}

/// A bot that may call the shop's system.
fn shop(items: &str) -> String {
    format!(
        "bot \"Shop\" {{\n languages en\n timezone \"Africa/Cairo\"\n opt out on \"stop\"\n fetch from \"https://shop.example\"\n secret KEY\n}}\n{items}\n"
    )
}

/// A fetch of an order and what follows it.
fn fetch(body: &str, after: &str) -> String {
    shop(&flow(&format!("fetch order = GET \"https://shop.example/orders/7\" {{\n{body}\n}}\n {after}")))
}

fn steps_of(items: &str) -> Vec<bot::Step> {
    let (sources, bot, diagnostics) = compiled(&in_a_bot(items));
    let drawn = crate::diagnostic::render::text(&sources, &diagnostics, Default::default());
    bot.unwrap_or_else(|| panic!("{drawn}")).flows.remove(0).steps
}

#[test]
fn a_counted_loop_comes_back_to_its_turn_and_ends_behind_itself() {
    let steps = steps_of(&flow("repeat 3 times {\n say \"Hi.\"\n if 1 < 2 { leave }\n }\n say \"Bye.\""));
    assert!(matches!(steps[0].op, Op::Enter { counter: 0, over: None }));
    let Op::Turn { counter: 0, most: Some(3), item: None, end } = steps[1].op else { panic!("{:?}", steps[1].op) };
    assert!(matches!(&steps[end].op, Op::Say { .. }));
    assert!(matches!(steps[end - 1].op, Op::Jump(1)), "the body comes back to its turn");
    let leaves = steps.iter().filter(|step| matches!(step.op, Op::Jump(to) if to == end)).count();
    assert_eq!(leaves, 1, "`leave` goes to the loop's end");
}

#[test]
fn a_loop_over_a_list_is_bounded_by_the_smaller_of_both() {
    let most = |up_to: &str| {
        let steps = steps_of(&flow(&format!("for size in [\"S\", \"M\", \"L\"]{up_to} {{\n say \"{{size}}\"\n }}")));
        steps.iter().find_map(|step| match step.op {
            Op::Turn { most, .. } => Some(most),
            _ => None,
        })
    };
    assert_eq!(most(" up to 2"), Some(Some(2)));
    assert_eq!(most(" up to 9"), Some(Some(3)));
    says("F0220", Error, &flow("for letter in ⟦\"abc\"⟧ up to 2 { say \"{letter}\" }"));
    says("F0311", Error, &flow("say \"Hi.\"\n ⟦leave⟧"));
}

#[test]
fn calls_are_given_what_they_take_and_keep_what_they_return() {
    let sum =
        "flow sum(count: whole(1..9), name: text(20)) -> whole(0..90) {\n if name == \"x\" { return 0 }\n return count * 10\n}";
    let call = |steps: &str| format!("{}\n{sum}", flow(steps));
    says_nothing(&call("do sum(3, \"x\") -> total\n say \"{total}\""));
    let found = says("F0204", Error, &call("⟦do sum(3) -> total⟧\n say \"{total}\""));
    assert_eq!(found.help.as_deref(), Some("write `sum(count, name)`"));
    says("F0207", Error, &call("do sum(⟦12⟧, \"x\") -> total\n say \"{total}\""));
    says("F0207", Error, &call("do sum(⟦\"three\"⟧, \"x\") -> total\n say \"{total}\""));
    says("F0201", Error, &call("do sum(3, \"x\") -> total\n if ⟦total == \"x\"⟧ { stop }"));
    says("F0221", Error, &format!("{}\nflow b {{\n say \"Hi.\"\n}}", flow("do b -> ⟦x⟧\n say \"{x | shorten 3}\"")));
    says("F0222", Error, &flow("return ⟦3⟧"));
    let open = "flow sum(count: whole(1..9)) -> ⟦whole(0..90)⟧ {\n if count > 3 { return 1 }\n}";
    says("F0315", Error, &format!("{}\n{open}", flow("do sum(3) -> total\n say \"{total}\"")));
    let bot = compiled(&in_a_bot(&call("goto sum"))).1;
    assert!(bot.is_none(), "a `goto` gives what the flow takes, too");
}

#[test]
fn what_a_called_flow_asks_is_known_behind_the_call() {
    let items = |between: &str| {
        format!("contact {{ city: text(40) }}\n{}\nflow b {{\n {between}\n}}", flow("do b\n say \"{contact.city}\""))
    };
    says_nothing(&items("ask contact.city \"Where?\""));
    let (_, _, found) = compiled(&in_a_bot(&items("say \"Hi.\"")));
    assert!(found.iter().any(|finding| finding.code == "F0303"));
}

#[test]
fn only_named_systems_are_called_with_named_secrets() {
    let answer = "gives { state: text(20) }\n else stop";
    says_nothing(&fetch(&format!("header \"Authorization\" = \"Bearer {{secret.KEY}}\"\n {answer}"), "say \"{order.state}\""));
    for reserved in ["Host", "content-length", "Accept-Encoding"] {
        says("F0613", Error, &fetch(&format!("header ⟦\"{reserved}\"⟧ = \"x\"\n {answer}"), "say \"{order.state}\""));
    }
    let found = says("F0119", Error, &fetch(&format!("header \"K\" = \"{{secret.⟦KYE⟧}}\"\n {answer}"), "say \"{order.state}\""));
    assert_eq!(found.help.as_deref(), Some("did you mean `KEY`?"));
    says("F0120", Error, &shop(&flow("say \"{secret.⟦KEY⟧}\"")));
    let host = shop(&flow("fetch order = GET ⟦\"https://ship.example/7\"⟧ {\n gives { state: text(20) }\n else stop\n}"));
    assert_eq!(says("F0610", Error, &host).help.as_deref(), Some("add `fetch from \"https://ship.example\"` to `bot`"));
    let hole = "contact { host: text(20) = \"a\" }\n";
    let to = |url: &str| shop(&format!("{hole}{}", flow(&format!("fetch order = GET {url} {{\n else stop\n}}"))));
    says("F0611", Error, &to("\"https://⟦{contact.host}⟧/x\""));
    says("F0611", Error, &to("\"https://shop.example⟦{contact.host}⟧\""));
    says("F0612", Error, &to("⟦\"shop.example/x\"⟧"));
}

#[test]
fn an_answer_has_the_fields_that_it_gives_and_no_others() {
    let gives = "gives {\n state: one of (\"sent\", \"lost\")\n sent_on?: date\n items: list(3) of text(20)\n}\n else stop";
    let found = says("F0113", Error, &fetch(gives, "say \"{order.⟦stat⟧}\""));
    assert_eq!((found.message.as_str(), found.help.as_deref()), ("`order` has no `stat`", Some("did you mean `state`?")));
    says("F0303", Warning, &fetch(gives, "say \"{⟦order.sent_on⟧ | date}\""));
    says_nothing(&fetch(gives, "say \"{order.sent_on | date | default \"soon\"}\""));
    says_nothing(&fetch(gives, "if order.sent_on is not missing { say \"{order.sent_on | date}\" }"));
    says("F0206", Error, &fetch(gives, "if order.state == ⟦\"found\"⟧ { stop }"));
    says_nothing(&fetch(gives, "for item in order.items { say \"{item}\" }"));
    says("F0303", Warning, &fetch(gives, "say \"{⟦order.items[0]⟧}\""));
}

#[test]
fn every_end_of_a_call_has_its_block() {
    says("F0312", Warning, &shop(&flow("⟦fetch order = GET \"https://shop.example/7\" {\n gives { state: text(20) }\n}⟧")));
    says("F0313", Error, &fetch("on ⟦200⟧ stop\n else stop", "say \"Hi.\""));
    says("F0313", Error, &fetch("on 404 stop\n on ⟦404⟧ stop\n else stop", "say \"Hi.\""));
    says("F0309", Error, &fetch("on 404 { say \"{⟦order⟧ | shorten 3}\" }\n else stop", "stop"));
}

#[test]
fn what_nobody_knows_the_type_of_is_not_printed_whole() {
    says("F0218", Error, &fetch("else stop", "say \"{⟦order.state⟧}\""));
    says("F0218", Error, &flow("run score = shop.score(1)\n say \"{⟦score⟧}\""));
    says_nothing(&flow("run score = shop.score(1)\n if score == 3 { say \"Three.\" }\n say \"{score | shorten 8}\""));
    says_nothing(&flow("run score: whole(0..9) = shop.score(1)\n say \"{score}\""));
}

#[test]
fn secret_fields_reach_no_reply_by_any_way() {
    let with =
        |steps: &str| format!("contact {{ phone: phone secret }}\n{}", flow(&format!("ask contact.phone \"Number?\"\n {steps}")));
    says("F0219", Error, &with("say \"{⟦contact.phone⟧}\""));
    says("F0219", Error, &with("set x = \"0{contact.phone}\"\n set y = x\n say \"{⟦y⟧}\""));
    says("F0219", Error, &format!("{}\nflow b(n: text(40)) {{\n say \"{{n}}\"\n}}", with("goto b(⟦contact.phone⟧)")));
    says("F0219", Error, &with("emit \"called\" { to: ⟦contact.phone⟧ }"));
    says("F0219", Error, &with("set x = \"0{contact.phone}\"\n emit \"called\" { to: ⟦x⟧ }"));
    says_nothing(&with("emit \"called\" { known: contact.phone is not missing }"));
    says_nothing(&with("note \"{contact.phone}\"\n if contact.phone is missing { say \"No.\" }"));
}

#[test]
fn comments_are_told_of_in_three_countries() {
    let comment = |steps: &str| format!("flow a {{\n ⟦on comment \"price\"⟧\n {steps}\n}}");
    says("F0319", Note, &comment("say \"Ten.\""));
}

#[test]
fn what_runs_beside_another_flow_does_not_wait() {
    for trigger in ["window closing in 2h", "replies left 2", "fault"] {
        let items = format!("flow a {{\n on {trigger}\n do b\n}}\nflow b {{\n ⟦ask n: text(9) \"Who?\"⟧\n}}");
        says("F0316", Error, &items);
        says_nothing(&format!("flow a {{\n on {trigger}\n say \"One moment.\"\n handoff \"help\"\n}}"));
    }
    says("F0317", Warning, &flow("handoff \"help\" { open ⟦ask n: text(9) \"Who?\"⟧ }"));
}

#[test]
fn silence_that_goes_on_is_hinted_at_only_where_more_is_said() {
    let choose = |end: &str, after: &str| {
        flow(&format!("choose \"Well?\" {{\n \"Yes\" say \"Good.\"\n \"No\" stop\n ⟦within 1h {end}⟧\n }}\n {after}"))
    };
    says("F0318", Note, &choose("say \"Hm.\"", "say \"Bye.\""));
    for (end, after) in [("stop", "say \"Bye.\""), ("say \"Hm.\"", "tag \"quiet\"")] {
        says_nothing(&choose(end, after).replace(['⟦', '⟧'], ""));
    }
}

#[test]
fn what_nothing_uses_is_said_once_everything_could_be_read() {
    let hello = flow("say \"Hi.\"");
    says("F0320", Warning, &format!("words ⟦extra⟧ = \"x\"\n{hello}"));
    says("F0320", Warning, &format!("texts ⟦extra⟧ {{ en \"x\" }}\n{hello}"));
    says("F0320", Warning, &format!("hours ⟦extra⟧ {{ mon 09:00..10:00 }}\n{hello}"));
    says("F0320", Warning, &format!("team ⟦extra⟧ {{ }}\n{hello}"));
    let (_, _, found) =
        compiled(&in_a_bot(&format!("words extra = \"x\"\n{hello}\nflow b {{\n on message \"b\"\n sya \"Hi.\"\n}}")));
    assert!(found.iter().all(|finding| finding.code != "F0320"), "{found:?}");
}

#[test]
fn a_flow_behind_a_broken_step_is_not_called_unstarted() {
    let (_, _, found) = compiled(&in_a_bot("flow b {\n sya \"Hi.\"\n on message \"b\"\n}"));
    assert!(!found.is_empty() && found.iter().all(|finding| finding.code != "F0302"), "{found:?}");
}

#[test]
fn groups_of_a_pattern_are_variables_where_it_matched() {
    let steps = "ask code: /(?<shop>[A-Z]{2})-(?<number>\\d{1,4})/ \"Code?\"\n say \"{shop} {number}\"\n";
    says_nothing(&flow(steps));
    says_nothing(&flow("if message.text matches /#(?<n>\\d+)/ { say \"{n | shorten 9}\" }"));
    says("F0303", Warning, &flow("if message.text matches /#(?<n>\\d{3})|x/ { say \"{⟦n⟧}\" }"));
    says("F0309", Error, &flow("say \"{⟦n⟧}\"\n if message.text matches /#(?<n>\\d{3})/ { say \"{n}\" }"));
}

#[test]
fn variables_know_their_bounds() {
    let shape = |steps: &str, name: &str| {
        let mut sources = Sources::default();
        let text = in_a_bot(&flow(steps));
        let file = sources.add("a.flow", text.as_str());
        let documents = [syntax::parse(file, &text).0];
        let assets = Assets::default();
        let world = World::collect(&sources, &assets, &documents, 1);
        lower::lower(&world, 0, world.flows[0]).shapes.remove(name).unwrap()
    };
    assert_eq!(shape("ask n: text(9) \"Who?\"\n set x = \"Hi {n}!\"", "x"), Shape::Text { most: Some(13) });
    assert_eq!(shape("set x = \"a\"\n repeat 3 times { set x = \"{x}a\" }", "x"), Shape::Text { most: None });
    let Shape::Number { least, most, whole } = shape("ask n: whole(1..9) \"How many?\"\n set x = n * 3 - 1", "x") else {
        panic!()
    };
    assert_eq!((least, most, whole), (2.into(), 26.into(), true));
    assert_eq!(shape("for x in [\"S\", \"XL\"] { say \"{x}\" }", "x"), Shape::Text { most: Some(2) });
    assert_eq!(shape("ask x: one of ([\"S\", \"XL\"]) \"Size?\"", "x"), Shape::Text { most: Some(2) });
}

#[test]
fn a_test_names_only_what_is_there() {
    let with = |line: &str| {
        format!(
            "{}\ntest \"t\" {{\n customer \"a\"\n {line}\n}}",
            flow("tag \"vip\"\n goal \"seen\"\n ask size: one of (\"S\", \"M\") \"Size?\"\n emit \"asked\" { size: size }")
        )
    };
    for right in [
        "expect goal \"seen\"",
        "expect tag \"vip\"",
        "expect emitted \"asked\"",
        "expect waiting for size",
        "expect size == \"S\"",
        "customer button \"M\"",
    ] {
        says_nothing(&with(right));
    }
    for wrong in [
        "expect goal ⟦\"sene\"⟧",
        "expect tag ⟦\"vap\"⟧",
        "expect emitted ⟦\"askd\"⟧",
        "expect waiting for ⟦siez⟧",
        "customer button ⟦\"XL\"⟧",
    ] {
        says("F0121", Error, &with(wrong));
    }
    says("F0107", Error, &with("expect ⟦siez⟧ == \"S\""));
    says("F0105", Error, &with("expect handed over to ⟦sales⟧"));
}

#[test]
fn the_bot_holds_its_tests_settings_and_heads() {
    let (_, bot, _) = compiled(WHOLE);
    let bot = bot.unwrap();
    assert_eq!(
        (bot.settings.fetch_from.as_slice(), bot.settings.secrets.as_slice()),
        (&["https://shop.example".to_owned()][..], &["SHOP_KEY".to_owned()][..])
    );
    assert_eq!(bot.tests.iter().map(|test| test.lines.len()).collect::<Vec<_>>(), [12, 8]);
    assert!(bot.flow("track").unwrap().steps.iter().any(
        |step| matches!(&step.op, Op::Fetch(fetch) if fetch.retry == 2 && fetch.timeout_ms == 3_000 && fetch.otherwise.is_some())
    ));
}

/// The sample with one thing changed, and the code and place of what is then said first.
fn changed(from: &str, to: &str) -> (Sources, Vec<Diagnostic>) {
    assert_eq!(WHOLE.matches(from).count(), 1, "{from}");
    let (sources, _, diagnostics) = compiled(&WHOLE.replace(from, to));
    (sources, diagnostics)
}

#[test]
fn one_language_taken_away_is_missed_where_it_stood() {
    let (sources, found) = changed("            ar \"ما هو رقم طلبك؟\"\n", "");
    let missing = found.iter().find(|finding| finding.code == "F0306").unwrap();
    assert_eq!(missing.message, "this text is missing in `ar`");
    let line = WHOLE.lines().position(|line| line.contains("What is your order number?")).unwrap() as u32;
    assert!((line..=line + 1).contains(&sources.location(missing.labels[0].span).line), "{missing:?}");
}

#[test]
fn a_label_of_forty_one_letters_is_hinted_at_in_its_place() {
    let label = "R".repeat(41);
    let (sources, found) = changed("en \"Return it\"", &format!("en \"{label}\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].code, found[0].severity), ("F0501", Note));
    assert_eq!(sources.text(found[0].labels[0].span), format!("\"{label}\""));
    assert!(found[0].labels[0].text.contains("41"));
    let (_, found) = changed("en \"Return it\"", &format!("en \"{}\"", "R".repeat(40)));
    assert!(found.is_empty(), "{found:?}");
}
