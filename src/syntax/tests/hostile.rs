//! Whatever the bytes are: diagnostics, in bounded time, memory and stack.

use proptest::prelude::*;

use super::*;

fn in_flow(step: &str) -> String {
    format!("flow f {{\n    {step}\n}}\n")
}

fn codes_of(text: &str) -> Vec<&'static str> {
    parse(FileId(0), text).1.iter().map(|found| found.code).collect()
}

/// Everything that takes the tree apart must get through as well: clone, compare, print, drop.
fn survives(text: &str) {
    let (document, _) = parse(FileId(0), text);
    let again = document.clone();
    assert_eq!(document, again);
    let _ = print(&document);
}

#[test]
fn two_hundred_thousand_brackets_are_one_finding() {
    for bracket in ["{", "(", "[", "\"{"] {
        let found = codes_of(&in_flow(&format!("set x = {}", bracket.repeat(200_000))));
        assert_eq!(found, [codes::TOO_DEEP], "{bracket}");
    }
    assert_eq!(codes_of(&"}".repeat(200_000)).len(), 1_001);
    assert_eq!(codes_of(&"{".repeat(200_000)), [codes::TOO_DEEP]);
}

#[test]
fn what_follows_too_deep_an_item_is_still_read() {
    let text = format!("flow a {{\n set x = {}\n}}\n\nflow b {{\n    sya \"x\"\n}}\n", "(".repeat(1000));
    assert_eq!(codes_of(&text), [codes::TOO_DEEP, codes::UNKNOWN_STEP]);
}

#[test]
fn the_limit_of_nesting_stands_at_64_brackets() {
    let inside = |depth: usize| in_flow(&format!("set x = {}1{}", "(".repeat(depth), ")".repeat(depth)));
    assert_eq!(codes_of(&inside(63)), Vec::<&str>::new());
    assert_eq!(codes_of(&inside(64)), [codes::TOO_DEEP]);
    survives(&inside(63));
    let blocks = |depth: usize| in_flow(&format!("{} stop {}", "if a { ".repeat(depth), "}".repeat(depth)));
    assert_eq!(codes_of(&blocks(63)), Vec::<&str>::new());
    survives(&blocks(63));
    let holes = |depth: usize| in_flow(&format!("say {}x{}", "\"{f(".repeat(depth), ")}\"".repeat(depth)));
    assert_eq!(codes_of(&holes(31)), Vec::<&str>::new());
    survives(&holes(31));
    let choose = in_flow(&format!("{} stop {}", "choose \"x\" { other { ".repeat(31), "}}".repeat(31)));
    assert_eq!(codes_of(&choose), Vec::<&str>::new());
    survives(&choose);
    let arms = in_flow(&format!("{} stop {}", "match a { 1 ".repeat(63), "}".repeat(63)));
    assert_eq!(codes_of(&arms), Vec::<&str>::new());
    survives(&arms);
    let lists = in_flow(&format!("set x = {}1{}", "[if a then 1 else [".repeat(31), "]]".repeat(31)));
    assert_eq!(codes_of(&lists), Vec::<&str>::new());
    survives(&lists);
}

#[test]
fn chains_without_brackets_have_a_limit_too() {
    // Enough to overflow the stack, were any of it done by recursion.
    let long = 3_000;
    let chains = [
        format!("set x = {}1", "not ".repeat(long)),
        format!("set x = {}1", "-".repeat(long)),
        format!("set x = 1{}", "+1".repeat(long)),
        format!("set x = a{}", ".b".repeat(long)),
        format!("set x = a{}", "[1]".repeat(long)),
        format!("set x = {}1", "if a then b else ".repeat(long / 4)),
        format!("say \"{{a{}}}\"", " and b".repeat(long)),
    ];
    for chain in chains {
        let text = in_flow(&chain);
        assert_eq!(codes_of(&text), [codes::TOO_DEEP], "{}", &chain[..30]);
        survives(&text);
    }
    survives(&in_flow(&"if a then ".repeat(long)));
    survives(&in_flow(&"image \"x\" else ".repeat(long)));
    survives(&in_flow(&format!("if a {{ }} {}", "else if a { } ".repeat(long / 10))));
    survives(&in_flow(&format!("set x = 1{}", " a".repeat(long))));
    survives(&in_flow(&format!("set x = 1{}", ", 1".repeat(long))));
    survives(&in_flow(&format!("say \"{}\"", "{{".repeat(long))));
    survives(&in_flow(&format!("say {}", "one of \"a\" | ".repeat(long / 10))));
    survives(&in_flow(&"wait 1 ".repeat(long)));
}

#[test]
fn the_newer_constructs_nest_as_deep_and_no_deeper() {
    let within = |open: &str, close: &str, depth: usize| in_flow(&format!("{}{}", open.repeat(depth), close.repeat(depth)));
    let pairs = [
        ("repeat 2 times { ", " }", 63),
        ("for a in b { ", " }", 63),
        ("split \"a\" { \"b\" 50 { ", "} }", 31),
        ("split \"a\" { \"b\" 50 ", " }", 62),
        ("fetch x = GET \"u\" { else { ", "} }", 31),
        ("fetch x = GET \"u\" { on 404 ", " }", 62),
        ("handoff \"a\" { open ", " }", 62),
        ("image \"x\" else { ", " }", 63),
    ];
    for (open, close, most) in pairs {
        let deep = within(open, close, most);
        assert!(!codes_of(&deep).contains(&codes::TOO_DEEP), "{open}");
        survives(&deep);
        let deeper = within(open, close, 70);
        assert!(codes_of(&deeper).contains(&codes::TOO_DEEP), "{open}");
        survives(&deeper);
    }
    let fields = |depth: usize| {
        in_flow(&format!("fetch x = GET \"u\" {{ gives {}a: text(2){} }}", "{ b: ".repeat(depth), " }".repeat(depth)))
    };
    survives(&fields(10));
    let records = |depth: usize| {
        in_flow(&format!(
            "fetch x = GET \"u\" {{ gives {{ a: {}text(2){} }} }}",
            "list(2) of { b: ".repeat(depth),
            " }".repeat(depth)
        ))
    };
    assert_eq!(codes_of(&records(60)), Vec::<&str>::new());
    survives(&records(60));
    assert_eq!(codes_of(&records(61)), [codes::TOO_DEEP]);
    let given = |depth: usize| format!("test \"t\" {{\n    given a = {}1{}\n}}\n", "{ a: ".repeat(depth), " }".repeat(depth));
    assert_eq!(codes_of(&given(63)), Vec::<&str>::new());
    survives(&given(63));
    assert_eq!(codes_of(&given(64)), [codes::TOO_DEEP]);
}

#[test]
fn what_has_no_bracket_does_not_nest() {
    let long = 3_000;
    for text in [
        in_flow(&format!("ask x: {}text(2) \"q\"", "list(2) of ".repeat(long))),
        in_flow(&format!("ask x: {}text(2) \"q\"", "list of ".repeat(long))),
        in_flow(&"repeat 2 times ".repeat(long)),
        in_flow(&"for a in ".repeat(long)),
        in_flow(&format!("fetch x = GET \"u\" {{ {} }}", "else ".repeat(long))),
        in_flow(&format!("split \"a\" {{ {} }}", "\"b\" 50 ".repeat(long))),
        in_flow(&format!("choose \"q\" {{ \"a\" {} }}", "fetch x = GET \"u\" ".repeat(long))),
        in_flow(&"return ".repeat(long)),
        in_flow(&"do a -> ".repeat(long)),
        in_flow(&format!("run x = a.b({})", "1, ".repeat(long))),
        in_flow(&format!("goto f({})", "a + ".repeat(long))),
        format!("test \"t\" {{ {} }}", "expect ".repeat(long)),
        format!("test \"t\" {{ {} }}", "given a.".repeat(long)),
        format!("flow f({}", "a: text(1), ".repeat(long)),
    ] {
        survives(&text);
    }
}

#[test]
fn numbers_beyond_all_counting_are_findings() {
    for step in [
        "repeat 99999999999999999999 times { stop }",
        "for a in b up to 99999999999999999999 { stop }",
        "ask x: list(99999999999) of text(2) \"q\"",
        "split \"a\" { \"b\" 99999999999 stop }",
        "fetch x = GET \"u\" { retry 99999999999 }",
        "fetch x = GET \"u\" { timeout 99999999999999999999d }",
        "fetch x = GET \"u\" { on 99999999999 stop }",
    ] {
        let found = codes_of(&in_flow(step));
        assert!(!found.is_empty() && found.iter().all(|code| *code == codes::NUMBER), "{step}: {found:?}");
        survives(&in_flow(step));
    }
}

#[test]
fn very_long_lines_are_answered() {
    let long = 10_000;
    for text in [
        in_flow(&"sya \"x\" ".repeat(10 * long)),
        in_flow(&format!("say \"{}\"", "ب".repeat(50 * long))),
        in_flow(&"sya \"x\"; ".repeat(long)),
        in_flow(&format!("say \"{}\"", "{a} ".repeat(long))),
        in_flow(&format!("emit \"x\" {{ {} }}", "a: 1, ".repeat(long))),
        in_flow(&format!("do f({})", "a, ".repeat(long))),
        in_flow(&format!("on message {}", "\"a\", ".repeat(long))),
        format!("test \"t\" {{ {} }}", "customer x; ".repeat(long / 2)),
    ] {
        let (document, _) = parse(FileId(0), &text);
        let _ = print(&document);
    }
}

#[test]
fn many_mistakes_end_with_a_last_word() {
    let found = codes_of(&in_flow(&"sya \"x\"\n".repeat(2_000)));
    assert_eq!(found.len(), 1_001);
    assert_eq!(found.last(), Some(&codes::TOO_MANY));
    let thousand = codes_of(&in_flow(&"sya \"x\"\n".repeat(1_000)));
    assert_eq!((thousand.len(), thousand.last()), (1_000, Some(&codes::UNKNOWN_STEP)), "each of a thousand is counted");
}

#[test]
fn a_file_or_item_too_large_is_refused_unread() {
    assert_eq!(codes_of(&"x".repeat(FILE_BYTES_MAX + 1)), [codes::TOO_LARGE]);
    let long = format!("flow f {{\n{}}}\n", "stop\n".repeat(300_000));
    assert_eq!(codes_of(&long), [codes::TOO_LARGE]);
}

#[test]
fn foreign_line_ends_and_marks_do_no_harm() {
    let text = "\u{FEFF}flow f {\r\n    say \"x\"  # y\r\n\r\n    stop\r\n}\r\n";
    let (document, found) = read(text);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(print(&document), "flow f {\n    say \"x\"  # y\n\n    stop\n}\n");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_heap_of_pieces_is_answered(pieces in prop::collection::vec(prop::sample::select(vec![
        "flow f {", "}", "{", "(", ")", "[", "]", "\"", "\"\"\"", "\n", ";", " say ", " ask x: ", "text(", "digits(1..", " choose ", "#", "/", "matching /",
        "{x |", "\\", "،", "“", "”", "٣", "on message ", "else", " if a ", "not ", "-", "1", "2h", "09:00", "ar \"x\" ", "one of ", "|", "@a", "bot \"x\" {", "test \"x\" {", "customer ", "bot ", "expect ", "given ", " -> ", "fetch x = GET ", "gives { a: ", "on 404 ", "repeat 3 times {",
        " for a in ", " split \"a\" {", " do f(", " return ", " emit \"e\" ", " run a = b.c(", "list(2) of ", " short ", "https://a.b", "on comment ",
        "match x {", "within 1h ", "\u{202E}", "é", "👍🏽", "= ", "==", "..", ".", ",", "hours h {", "contact {", "words w = ", "\r\n", "\t",
    ]), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn a_damaged_sample_is_answered(at in 0..SAMPLE.len(), length in 0..40_usize, with in "[{}()\"#/\\\\ a\n]{0,3}") {
        let start = (0..=at).rev().find(|at| SAMPLE.is_char_boundary(*at)).unwrap();
        let end = (start + length..=SAMPLE.len()).find(|at| SAMPLE.is_char_boundary(*at)).unwrap_or(SAMPLE.len());
        let text = format!("{}{with}{}", &SAMPLE[..start], &SAMPLE[end..]);
        survives(&text);
    }
}
