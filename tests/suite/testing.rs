//! `rejoinder test` and `rejoinder fuzz` as a shell sees them.

use std::path::Path;
use std::process::{Command, Output};

const BOT: &str = r#"bot "Shop" {
    languages en
    opt out on "stop"
    fetch from "https://shop.example"
}

flow order "Order" {
    on message "order"

    ask number: digits(3..6) "Which order?" {
        within 4h stop
    }
    say "Thank you."
}

test "asks for the number" {
    customer "my order"
    bot "Which order?"
    customer "123"
    bot "Thank you."
}

test "falls silent" {
    customer "order"
    bot "Which order?"
    after 4h
    expect stopped
}
"#;

const WRONG: &str = r#"
test "wrong" {
    customer "order"
    bot "What order?"
}
"#;

const FAULTY: &str = r#"
flow price "Price" {
    on message "price"

    fetch price = GET "https://shop.example/price" {
        gives { total: whole(0..9) }
    }
    say "It is {price.total}."
}
"#;

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_rejoinder")).args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn folder(extra: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("flows")).unwrap();
    std::fs::write(folder.path().join("flows/bot.flow"), format!("{BOT}{extra}")).unwrap();
    folder
}

#[test]
fn tests_that_hold_exit_with_0_and_say_what_they_reached() {
    let folder = folder("");
    let (code, out, _) = run(folder.path(), &["test"]);
    assert_eq!(code, 0, "{out}");
    assert_eq!(out, "2 passed\nreached 3 of 3 steps, 1 of 1 branches, 1 of 1 silences\n");
    assert!(!out.contains('\u{1b}'), "no colour where nobody looks: {out}");
    let (code, out, _) = run(folder.path(), &["test", "flows", "SILENT"]);
    assert_eq!((code, out.lines().next()), (0, Some("1 passed")), "{out}");
}

#[test]
fn a_test_that_does_not_hold_exits_with_1_and_says_why() {
    let folder = folder(WRONG);
    let (code, out, _) = run(folder.path(), &["test"]);
    assert_eq!(code, 1);
    for part in ["✗ wrong", "flows/bot.flow:32  bot \"What order?\"", "- What order?", "+ Which order?", "2 passed, 1 failed"] {
        assert!(out.contains(part), "no {part} in\n{out}");
    }
    let (code, out, _) = run(folder.path(), &["test", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["failed"].as_u64()), (1, Some(1)));
    let (code, out, _) = run(folder.path(), &["test", "--format", "junit"]);
    assert!(code == 1 && out.starts_with("<?xml") && out.contains("failures=\"1\""), "{out}");
}

#[test]
fn what_cannot_run_exits_with_2() {
    let sound = folder("");
    let (code, _, error) = run(sound.path(), &["test", "nothing like it"]);
    assert!(code == 2 && error.contains("`nothing like it`"), "{error}");
    let broken = folder("flow broken \"Broken\" {\n    on message \"x\"\n\n    say nothing\n}\n");
    let (code, out, error) = run(broken.path(), &["test"]);
    assert!(code == 2 && !out.is_empty() && error.contains("no test was run"), "{out}{error}");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(empty.path(), &["test"]).0, 2);
}

#[test]
fn a_share_that_is_too_small_exits_with_1() {
    let folder = folder(FAULTY);
    assert_eq!(run(folder.path(), &["test", "--fail-under", "10"]).0, 0);
    let (code, out, error) = run(folder.path(), &["test", "--fail-under", "90", "--missed"]);
    assert!(code == 1 && error.contains("less than 90 %") && out.contains("`fetch` never ran"), "{out}{error}");
}

#[test]
fn fuzz_prints_its_seed_and_a_test_that_fails_alike() {
    let sound = folder("");
    let (code, out, _) = run(sound.path(), &["fuzz", "--seed", "5", "--conversations", "20"]);
    assert!(code == 0 && out.starts_with("seed 5\n") && out.ends_with("no rule was broken\n"), "{out}");
    let faulty = folder(FAULTY);
    let (code, out, _) = run(faulty.path(), &["fuzz", "--seed", "5", "--conversations", "60"]);
    assert!(code == 1 && out.contains("✗ a step fails") && out.contains("test \"fuzz 5."), "{out}");
    // Pasted, the printed test fails.
    let begins = out.find("test \"fuzz").unwrap();
    let ends = begins + out[begins..].find("\n}\n").unwrap() + 3;
    let pasted = folder(&format!("{FAULTY}\n{}", &out[begins..ends]));
    let (code, out, _) = run(pasted.path(), &["test", "fuzz"]);
    assert!(code == 1 && out.contains("a step failed"), "{out}");
}
