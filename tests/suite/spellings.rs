//! The YAML spelling through the real binary: `convert`, `schema`, and folders that hold both spellings.

use std::path::Path;

use crate::harness::{Finished, finish};

const MEMORY_MB: u32 = 1_024;

const BOT: &str = "bot \"Kiosk\" {  # the kiosk at the station\n    languages en\n    opt out on \"stop\"\n}\n";
const HELLO: &str = "# greets\nflow: hello\ntriggers:\n  - message: [\"hello\"]\nsteps:\n  - say: \"Welcome!\"  # kindly\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(arguments: &[&str], folder: &Path) -> Finished {
    finish(arguments, "", folder, MEMORY_MB)
}

#[test]
fn a_folder_may_hold_both_spellings() {
    let folder = folder(&[("bot.flow", BOT), ("hello.flow.yaml", HELLO), ("compose.yaml", "services: {}\n")]);
    let done = run(&["check", "."], folder.path());
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert!(done.out.contains("F0093") && done.out.contains("compose.yaml"), "{}", done.out);
    let chat = finish(&["talk", "bot.flow", "hello.flow.yaml"], "hello\n", folder.path(), MEMORY_MB);
    assert!(chat.out.contains("Welcome!"), "{}{}", chat.out, chat.err);

    let wrong = HELLO.replace("say:", "sya:");
    std::fs::write(folder.path().join("hello.flow.yaml"), wrong).unwrap();
    let done = run(&["check", "."], folder.path());
    assert_eq!(done.code, Some(1), "{}", done.out);
    assert!(done.out.contains("hello.flow.yaml:6:5]") && done.out.contains("did you mean `say`?"), "{}", done.out);
}

#[test]
fn a_file_goes_to_the_other_spelling_and_back() {
    let folder = folder(&[("bot.flow", BOT), ("hello.flow.yaml", HELLO)]);
    let done = run(&["convert", "bot.flow"], folder.path());
    let yaml = "bot: \"Kiosk\"  # the kiosk at the station\nlanguages: [en]\nopt_out:\n  phrases: [\"stop\"]\n";
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (Some(0), yaml, ""));
    let done = run(&["convert", "hello.flow.yaml", "--output", "hello.flow"], folder.path());
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""), "{}", done.err);
    let flow = "# greets\nflow hello {\n    on message \"hello\"\n    say \"Welcome!\"  # kindly\n}\n";
    assert_eq!(std::fs::read_to_string(folder.path().join("hello.flow")).unwrap(), flow);

    let done = run(&["convert", "bot.flow", "hello.flow", "--to", "yaml", "--output", "yaml"], folder.path());
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(std::fs::read_to_string(folder.path().join("yaml/bot.flow.yaml")).unwrap(), yaml);
    assert_eq!(std::fs::read_to_string(folder.path().join("yaml/hello.flow.yaml")).unwrap(), HELLO);
    let done = run(&["check", "yaml"], folder.path());
    assert_eq!(done.code, Some(0), "{}", done.out);
}

#[test]
fn what_cannot_be_converted_is_said_and_nothing_is_written() {
    let twice = "contact {\n    size: text(8)\n    size: text(9)\n}\n";
    let folder =
        folder(&[("bad.flow", "flow f {\n    sya \"x\"\n}\n"), ("twice.flow", twice), ("notes.txt", "x"), ("bot.flow", BOT)]);
    for (file, code) in [("bad.flow", "F0013"), ("twice.flow", "F0078")] {
        let done = run(&["convert", file, "--output", "out.flow.yaml"], folder.path());
        assert_eq!(done.code, Some(1), "{file}");
        assert!(done.err.contains(code), "{}", done.err);
        assert!(!folder.path().join("out.flow.yaml").exists());
    }
    for arguments in [
        &["convert", "notes.txt"][..],
        &["convert", "missing.flow"],
        &["convert", "bot.flow", "bad.flow"],
        &["convert", "bot.flow", "--to", "flow", "--output", "bot.flow"],
    ] {
        let done = run(arguments, folder.path());
        assert_eq!(done.code, Some(2), "{arguments:?} {}", done.err);
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("bot.flow")).unwrap(), BOT);
}

#[test]
fn the_schema_is_printed_for_editors() {
    let folder = folder(&[]);
    let done = run(&["schema"], folder.path());
    let schema: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(done.out.contains("keep_apart"));
}
