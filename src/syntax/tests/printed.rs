//! The canonical form.

use super::*;

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let (document, found) = read(text);
    assert_eq!(found, Vec::<String>::new());
    let printed = print(&document);
    assert_eq!(printed, expected);
    let (again, _) = read(&printed);
    assert_eq!(print(&again), printed, "a second time");
}

#[test]
fn one_step_a_line_and_no_braces_around_one() {
    becomes(
        "flow  f \"F\" { on button  b; say \"a\"; stop\n match x { 1, 2 { stop } else { say \"x\"; stop } } }",
        r#"flow f "F" {
    on button b
    say "a"
    stop
    match x {
        1, 2 stop
        else {
            say "x"
            stop
        }
    }
}
"#,
    );
}

#[test]
fn settings_and_clauses_stand_in_the_order_of_the_language() {
    becomes(
        "bot \"B\" { # head\n  reserve 1 # kept back\n\n\n  # the tongues\n  languages ar, en\n  defaults { within 24h stop; tries 3 } }",
        r#"bot "B" {  # head
    # the tongues
    languages ar, en
    reserve 1  # kept back
    defaults {
        tries 3
        within 24h stop
    }
}
"#,
    );
}

#[test]
fn comments_and_paragraphs_are_kept() {
    becomes(
        "# one\n\n\n# two\nflow f {  # three\n    # four\n    say \"a\"# five\n\n\n    choose \"q\" {\n        # six\n        \"a\" {  # seven\n            stop\n        }\n        \"b\" stop # eight\n        # nine\n    }\n    set x = [1,  # ten\n        2]\n    # eleven\n}\n# twelve\n",
        r#"# one

# two
flow f {  # three
    # four
    say "a"  # five

    choose "q" {
        # six
        "a" {  # seven
            stop
        }
        "b" stop  # eight
        # nine
    }
    set x = [1, 2]  # ten
    # eleven
}
# twelve
"#,
    );
}

#[test]
fn long_lists_and_conditions_are_broken() {
    let phrase = "\"a phrase of some length\"";
    let text = format!("words w = {}\n", [phrase; 6].join(", "));
    becomes(&text, &format!("words w = {}, {}, {},\n    {}, {}, {}\n", phrase, phrase, phrase, phrase, phrase, phrase));
    let part = "contact.some_field_of_ours == \"value\"";
    becomes(
        &format!("flow f {{ if {} {{ stop }} }}", [part; 3].join(" and ")),
        &format!("flow f {{\n    if {part}\n        and {part}\n        and {part} {{\n        stop\n    }}\n}}\n"),
    );
}

#[test]
fn long_texts_stand_between_triple_quotes() {
    let text = "flow f {\n    say \"\"\"\n        one\n          two {x}\n\n        three\n        \"\"\"\n}\n";
    becomes(text, text);
    let (document, _) = read(text);
    let Item::Flow(flow) = &document.items[0] else { panic!("a flow") };
    let StepKind::Say { text: Text::Template(template), .. } = &flow.steps[0].kind else { panic!("a text") };
    assert_eq!(template.pieces[0], Piece::Literal("one\n  two ".into()));
    assert_eq!(template.pieces[2], Piece::Literal("\n\nthree".into()));
}
