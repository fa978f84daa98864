//! What is read of a script before anything of it runs.

use super::*;

fn faults(text: &str) -> Vec<(String, String)> {
    let scripts = scripts(text);
    let place = |at: u32| {
        let before = &text[..at as usize];
        let line = before.matches('\n').count() + 1;
        format!("{line}:{}", before.rsplit('\n').next().unwrap().chars().count() + 1)
    };
    scripts.files[0].faults.iter().map(|fault| (place(fault.start), fault.text.clone())).collect()
}

#[test]
fn the_signatures_are_plain_data_with_their_places() {
    let text =
        "// fn no(a) {}\nfn one() { two(1, 2) }\n\nfn two(a, b) { a + b }\nfn by_name(x) { x }\nfn uses() { [1].map(by_name) }\n";
    let scripts = scripts(text);
    let found: Vec<_> = scripts.files[0]
        .functions
        .iter()
        .map(|function| (&text[function.start as usize..function.end as usize], function.parameters, function.is_used))
        .collect();
    assert_eq!(found, [("one", 0, false), ("two", 2, true), ("by_name", 1, true), ("uses", 0, false)]);
}

#[test]
fn a_mistake_has_its_place_in_the_file() {
    for (text, place, words) in [
        ("fn f() {\n    let x = 1\n    x\n}", "3:5", "expecting `;` to terminate this statement"),
        ("fn f() {\n    y + 1\n}", "2:5", "there is no variable `y`"),
        ("fn f() { eval(\"1\") }", "1:10", "`eval` is not to be had in a script"),
        ("fn f() { print(1) }", "1:10", "`print` is not to be had in a script"),
        ("import \"a\" as b;", "1:1", "`import` is not to be had in a script"),
        ("let x = 1;\nfn f() { 1 }", "1:1", "a script holds functions only"),
        ("fn f() { g(1) }", "1:10", "there is no function `g`"),
        ("fn f() { 1.nothing() }", "1:12", "there is no function `nothing`"),
        ("fn g(a,b,c,d,e,f,g,h,i) { 1 } fn f() { g(1,2,3,4,5,6,7,8,9) }", "1:40", "a call hands over at most 8 values"),
        ("fn f() { let n = 1; [1].map(|x| x + n) }", "1:37", "there is no variable `n`"),
        ("fn f() {", "1:9", "expecting `}` to terminate this block"),
    ] {
        let found = faults(text);
        let (at, said) = found.first().unwrap_or_else(|| panic!("nothing is said of {text}"));
        assert!(at == place && said.to_lowercase().contains(words), "{text}: {found:?}");
    }
}

#[test]
fn a_script_too_large_or_too_deep_is_refused_unread() {
    let large = format!("fn f() {{ 1 }}\n//{}", "x".repeat(70_000));
    assert_eq!(faults(&large)[0].1, "a script has at most 65536 bytes");
    for deep in [
        format!("fn f() {{ {}1{} }}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("fn f() {{ {}1{} }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("fn f() {{ {}1{} }}", "#{a:".repeat(9_000), "}".repeat(9_000)),
        format!("fn f() {{ {}1{} }}", "{".repeat(20_000), "}".repeat(20_000)),
        format!("fn f() {{ {}1 }}", "-".repeat(20_000)),
        format!("fn f() {{ {}1 }}", "!".repeat(20_000)),
        format!("fn f() {{ {} }}", "if true {".repeat(7_000)),
        format!("fn f() {{ 1{} }}", "+1".repeat(20_000)),
        format!("fn f() {{ let x = 1; x{} }}", ".y".repeat(20_000)),
        format!("fn f() {{ let x = 1; x{} }}", "[0]".repeat(20_000)),
        format!("fn f() {{ {}1{} }}", "|| ".repeat(9_000), ""),
    ] {
        assert!(!faults(&deep).is_empty(), "nothing is said of {}…", &deep[..40]);
    }
}

#[test]
fn functions_written_in_place_get_what_they_need_by_curry() {
    let text = "fn f(least) { [1, 5, 9].filter(Fn(\"above\").curry(least)) } fn above(least, n) { n > least }";
    assert_eq!(gives(text, &[number("4")]), Some(Value::List(vec![number("5"), number("9")])));
}
