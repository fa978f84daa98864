//! Flows as authors write them: what is said of each, and where. The place of a finding stands between ⟦ and ⟧.

use std::sync::Arc;

use super::super::*;
use crate::bot::{Asset, Function, Script, Scripts};
use crate::diagnostic::Severity;
use crate::source::FileId;

/// Compiles one file.
pub(super) fn compiled(text: &str) -> (Sources, Option<Bot>, Vec<Diagnostic>) {
    compiled_with(text, &[])
}

/// A script of which only this is known: no file of it is among the sources.
fn shop() -> Scripts {
    let function = |name: &str, parameters| Function { name: name.to_owned(), parameters, ..Function::default() };
    let functions = vec![function("score", 1), function("fee", 0), function("lead_score", 2)];
    let shop = Script { name: "shop".to_owned(), path: "shop.rhai".to_owned(), functions, faults: Vec::new() };
    Scripts { files: vec![shop], host: None }
}

/// Compiles one file beside images of these names.
pub(super) fn compiled_with(text: &str, images: &[&str]) -> (Sources, Option<Bot>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    sources.add("bot.flow", text);
    compiled_beside(sources, images, shop())
}

/// Compiles files beside images of these names and what scripts among them declare.
pub(super) fn compiled_beside(sources: Sources, images: &[&str], scripts: Scripts) -> (Sources, Option<Bot>, Vec<Diagnostic>) {
    let image = |name: &&str| {
        let asset = Asset { file: (*name).to_owned(), digest: String::new(), media_type: "image/png", bytes: Vec::new() };
        ((*name).to_owned(), Arc::new(asset))
    };
    let mut assets: Assets = images.iter().map(image).collect();
    assets.refuse("poster.png".to_owned(), "`poster.png` is neither a JPG nor a PNG image".to_owned());
    assets.put_scripts(scripts);
    let (bot, diagnostics) = compile(&sources, &assets);
    assert_eq!(bot.is_some(), diagnostics.iter().all(|finding| finding.severity != Severity::Error));
    (sources, bot, diagnostics)
}

/// A bot in English around some items; one that begins with `bot` stands alone.
pub(super) fn in_a_bot(items: &str) -> String {
    if items.trim_start().starts_with("bot ") || items.trim_start().starts_with("bot_missing") {
        return items.to_owned();
    }
    format!("bot \"Shop\" {{\n    languages en\n    timezone \"Africa/Cairo\"\n    opt out on \"stop\"\n}}\n{items}\n")
}

/// The finding of this code must stand exactly at the marked place.
pub(super) fn says(code: &str, severity: Severity, marked: &str) -> Diagnostic {
    let whole = in_a_bot(marked);
    let (before, rest) = whole.split_once('⟦').expect("a place is marked");
    let (place, after) = rest.split_once('⟧').expect("a place is marked");
    let (sources, _, diagnostics) = compiled_with(&format!("{before}{place}{after}"), &["logo.png", "size-s.png"]);
    let wanted = Span { file: FileId(0), start: before.len() as u32, end: (before.len() + place.len()) as u32 };
    let found = diagnostics.iter().find(|finding| finding.code == code && finding.labels[0].span == wanted);
    let drawn = crate::diagnostic::render::text(&sources, &diagnostics, Default::default());
    let found = found.unwrap_or_else(|| panic!("{code} was not said of `{place}` in\n{drawn}"));
    assert_eq!(found.severity, severity, "{code}");
    found.clone()
}

/// Nothing at all is said of these items.
pub(super) fn says_nothing(items: &str) {
    let (sources, _, mut diagnostics) = compiled_with(&in_a_bot(items), &["logo.png", "size-s.png", "size-m.png"]);
    // That comments come from three countries only is said of the first trigger on them, whatever else is right.
    diagnostics.retain(|finding| finding.code != "F0319");
    assert_eq!(crate::diagnostic::render::text(&sources, &diagnostics, Default::default()), "");
}

#[test]
fn the_shop_of_the_language_page_checks_clean() {
    let (sources, bot, diagnostics) = compiled(include_str!("whole.flow"));
    let drawn = crate::diagnostic::render::text(&sources, &diagnostics, Default::default());
    let bot = bot.unwrap_or_else(|| panic!("{drawn}"));
    assert_eq!(drawn, "");
    assert_eq!(bot.name, "Nile Threads");
    assert_eq!(bot.languages, ["ar", "en"]);
    assert_eq!((bot.flows.len(), bot.triggers.len()), (4, 8));
    assert_eq!(bot.hours[0].week.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 1, 0, 1, 1]);
    assert_eq!(bot.triggers[1].key, "track#2");
}

#[test]
fn five_mistakes_give_five_findings_in_their_places() {
    let text = "bot \"Shop\" {
    languages en
    timezone \"Africa/Kairo\"
    opt out on \"stop\"
}

flow hello {
    on message \"hello\"
    say \"Hi {contact.nmae}.\"
    ask count: whole(9..1) \"How many?\"
    if count == \"two\" { goto huamn }
}

flow human {
    on message \"human\"
    handoff \"asked for a colleague\"
}

flow broken {
    on message \"broken\"
    sya \"Hi.\"
}
";
    let (sources, bot, diagnostics) = compiled(text);
    assert!(bot.is_none());
    let places: Vec<_> = diagnostics
        .iter()
        .map(|finding| {
            let place = sources.location(finding.labels[0].span);
            (finding.code, place.line, place.column)
        })
        .collect();
    let wanted = [("F0601", 3, 14), ("F0106", 9, 22), ("F0208", 10, 16), ("F0101", 11, 30), ("F0013", 21, 5)];
    assert_eq!(places, wanted, "{}", crate::diagnostic::render::text(&sources, &diagnostics, Default::default()));
}

#[test]
fn names_that_are_nearly_right_are_proposed() {
    let help = |code, marked| says(code, Severity::Error, marked).help.unwrap_or_default();
    assert_eq!(
        help("F0101", "flow a {\n on message \"a\"\n goto ⟦huamn⟧\n}\nflow human {\n on message \"b\"\n stop\n}"),
        "did you mean `human`?"
    );
    assert_eq!(
        help("F0106", "contact { size: text }\nflow a {\n on message \"a\"\n set contact.⟦siez⟧ = \"M\"\n}"),
        "did you mean `size`?"
    );
    assert_eq!(help("F0109", "flow a {\n on message \"a\"\n say \"{message.text | ⟦uper⟧}\"\n}"), "did you mean `upper`?");
    assert_eq!(
        help("F0108", "flow a {\n on message \"a\"\n if ⟦lenght⟧(message.text) > 1 { stop }\n}"),
        "did you mean `length`?"
    );
    assert_eq!(help("F0113", "flow a {\n on message \"a\"\n say \"{message.⟦txet⟧}\"\n}"), "did you mean `text`?");
    assert_eq!(help("F0103", "words returns = \"return\"\nflow a {\n on message ⟦@return⟧\n stop\n}"), "did you mean `returns`?");
    assert_eq!(
        help(
            "F0206",
            "contact { size: one of (\"S\", \"M\") }\nflow a {\n on message \"a\"\n if contact.size == ⟦\"m\"⟧ { stop }\n}"
        ),
        "did you mean `M`?"
    );
}

#[test]
fn a_definition_that_stands_twice_shows_both_places() {
    let finding =
        says("F0114", Severity::Error, "flow a {\n on message \"a\"\n stop\n}\nflow ⟦a⟧ {\n on message \"b\"\n stop\n}");
    assert_eq!(finding.labels.len(), 2);
    assert!(finding.labels[1].span.start < finding.labels[0].span.start);
}

#[test]
fn a_broken_flow_does_not_make_others_wrong() {
    let items = "flow a {\n on message \"a\"\n goto b\n}\nflow b {\n on message \"b\"\n say \"never closed\n}";
    let (_, _, diagnostics) = compiled(&in_a_bot(items));
    let codes: Vec<_> = diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["F0006"], "{diagnostics:#?}");
}

#[test]
fn a_value_is_known_after_it_was_asked_for_where_it_was_missing() {
    says_nothing(
        "contact { city: text(40) }\nflow a {\n on message \"a\"\n if contact.city is missing { ask contact.city \"Where?\" }\n say \"{contact.city}\"\n}",
    );
    says_nothing("flow a {\n on message \"a\"\n on message matching /#(?<n>\\d+)/\n if n is missing { stop }\n say \"{n}\"\n}");
    says_nothing(
        "contact { city: text(40) }\nflow a {\n on message \"a\"\n if contact.city is not missing and length(contact.city) > 3 { say \"{contact.city}\" }\n}",
    );
    says_nothing("contact { city: text(40) = \"Cairo\" }\nflow a {\n on message \"a\"\n say \"{contact.city}\"\n}");
    says("F0303", Severity::Warning, "flow a {\n on message \"a\"\n on message matching /#(?<n>\\d+)/\n say \"{⟦n⟧}\"\n}");
    says(
        "F0303",
        Severity::Warning,
        "contact { city: text(40) }\nflow a {\n on message \"a\"\n if contact.city is missing { say \"{⟦contact.city⟧}\" }\n}",
    );
}

#[test]
fn variables_do_not_travel_to_other_flows() {
    let flows = "flow a {\n on message \"a\"\n ask n: digits(3) \"Number?\"\n goto b.again\n}\nflow b {\n on message \"b\"\n ask n: digits(3) \"Other?\"\n label again\n say \"{⟦n⟧}\"\n}";
    says("F0303", Severity::Warning, flows);
}

#[test]
fn a_loop_that_the_customer_drives_is_fine_and_one_that_silence_drives_is_not() {
    says_nothing("flow a {\n on message \"a\"\n label again\n ask n: digits(3) \"Number?\"\n if n == \"000\" { goto again }\n}");
    says(
        "F0304",
        Severity::Error,
        "flow a {\n on message \"a\"\n label again\n choose \"Well?\" {\n \"Yes\" { stop }\n \"No\" { stop }\n within 1h { ⟦goto again⟧ }\n }\n}",
    );
    says(
        "F0304",
        Severity::Error,
        "flow a {\n on message \"a\"\n goto b\n}\nflow b {\n on message \"b\"\n say \"Hi.\"\n ⟦goto a⟧\n}",
    );
}

#[test]
fn replies_are_counted_over_flows_silences_and_nudges() {
    let says_five = " say \"1\"\n say \"2\"\n say \"3\"\n say \"4\"\n say \"5\"\n";
    let five = |name: &str, rest: &str| format!("flow {name} {{\n on message \"{name}\"\n{says_five}{rest}\n}}\n");
    says_nothing(&format!("{}{}", five("a", " goto b"), five("b", "")));
    let asked = " ask n: digits(3) \"Number?\" {\n within 5h stop\n nudge after 1h \"Well?\"\n }";
    let found = says(
        "F0506",
        Severity::Error,
        &format!("{}{}", five("a", " goto b"), five("b", &format!("⟦{}⟧", asked.trim_start())).replace("⟦", " ⟦")),
    );
    assert!(found.message.contains("up to 12 replies"), "{}", found.message);
    says_nothing(&five("a", &format!("{asked}\n{says_five} say \"6\"\n say \"7\"\n say \"8\"\n say \"9\"\n say \"10\"")));
}

#[test]
fn a_label_that_was_renamed_keeps_its_old_name_for_the_next_version() {
    let flow = |more: &str| format!("flow a {{\n on message \"a\"\n label asked renamed from \"begin\"\n say \"A.\"\n{more}}}");
    let (_, bot, _) = compiled(&in_a_bot(&flow("")));
    let bot = bot.unwrap();
    let kept = bot.flow("a").unwrap().labels_before.get("asked").map(String::as_str);
    assert_eq!(kept, Some("begin"));
    says("F0122", Severity::Error, &flow(" label begin\n say \"B.\"\n").replace("\"begin\"", "⟦\"begin\"⟧"));
    let twice = flow(" label other renamed from ⟦\"begin\"⟧\n say \"B.\"\n");
    let found = says("F0122", Severity::Error, &twice);
    assert_eq!(found.message, "two of them were the label `begin`");
    // Each flow has labels of its own.
    says_nothing(&format!("{}\n{}", flow(""), flow("").replace("flow a", "flow b").replace("message \"a\"", "message \"b\"")));
}

#[test]
fn waits_and_silences_add_up_to_the_window() {
    says_nothing("flow a {\n on message \"a\"\n wait 47h\n say \"Hi.\"\n}");
    says("F0507", Severity::Error, "flow a {\n on message \"a\"\n wait 48h\n ⟦say \"Hi.\"⟧\n}");
    says_nothing("flow a {\n on message \"a\"\n wait 72h\n tag \"old\"\n}");
    says(
        "F0507",
        Severity::Error,
        "flow a {\n on message \"a\"\n choose \"Well?\" {\n \"Yes\" { stop }\n within 30h { wait 18h; ⟦say \"Still there?\"⟧; stop }\n }\n}",
    );
    let weekend =
        "hours shop { mon..fri 09:00..17:00 }\nflow a {\n on message \"a\"\n wait until open(shop)\n ⟦say \"We are open.\"⟧\n}";
    let late = says("F0507", Severity::Error, weekend);
    assert!(late.help.as_ref().is_some_and(|help| help.contains("next_open")), "{:?}", late.help);
    says_nothing(&weekend.replace("mon..fri", "mon..sat").replace(['⟦', '⟧'], ""));
    // Whoever waits for a team is the bot's again after twelve hours: what is said then is said in time.
    let desk = "hours shop { mon..fri 09:00..17:00 }\nteam desk { hours shop }\nflow a {\n on message \"a\"\n wait 35h\n handoff \"help\" to desk {\n nobody in 10m ⟦say \"Sorry.\"⟧\n }\n}";
    says_nothing(&desk.replace(['⟦', '⟧'], ""));
    says("F0507", Severity::Error, &desk.replace("35h", "36h"));
}

#[test]
fn every_image_that_a_name_can_stand_for_is_looked_up() {
    let flow = |name: &str| {
        format!(
            "contact {{ size: one of (\"S\", \"M\") = \"S\" }}\nflow a {{\n on message \"a\"\n image {name} else say \"No.\"\n}}"
        )
    };
    says_nothing(&flow("\"size-{contact.size | lower}.png\""));
    let found = says("F0502", Severity::Error, &flow("⟦\"size-{contact.size}.png\"⟧"));
    assert!(found.message.contains("`size-S.png`, `size-M.png`"), "{}", found.message);
}

#[test]
fn a_thousand_mistakes_show_fifty_and_a_count() {
    let steps: String = (0..1_000).map(|at| format!(" goto nowhere{at}\n")).collect();
    let (sources, _, diagnostics) = compiled(&in_a_bot(&format!("flow a {{\n on message \"a\"\n if true {{ stop }}\n{steps}}}")));
    assert!(diagnostics.len() >= 1_000);
    let drawn = crate::diagnostic::render::text(&sources, &diagnostics, Default::default());
    assert_eq!(drawn.matches("F0101").count(), 50);
    assert!(drawn.contains(&format!("50 of {} findings are shown", diagnostics.len())));
}

#[test]
fn a_word_set_may_hold_others_and_itself() {
    let (_, bot, _) = compiled(&in_a_bot("words a = \"x\", @b\nwords b = \"y\", @a\nflow f {\n on message @a\n stop\n}"));
    assert_eq!(bot.unwrap().words["a"], ["x", "y"]);
}

#[test]
fn the_version_changes_with_a_text_and_not_with_the_order_of_files() {
    let digest = |files: [(&str, &str); 2]| {
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.add(path, text);
        }
        compile(&sources, &Assets::default()).0.unwrap().digest
    };
    let bot = ("a.flow", "bot \"Shop\" {\n languages en\n}\n");
    let hello = ("b.flow", "flow a {\n on message \"a\"\n stop\n}\n");
    assert_eq!(digest([bot, hello]), digest([hello, bot]));
    assert_ne!(digest([bot, hello]), digest([bot, ("b.flow", "flow a {\n on message \"b\"\n stop\n}\n")]));
}
