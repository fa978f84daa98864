//! `rejoinder fmt` through the real binary.

use std::path::Path;

use crate::harness::{Finished, finish};

const MEMORY_MB: u32 = 1_024;
const LOOSE: &str = "flow  hello { on message \"hello\"; say \"Welcome!\" # to all\n}";
const NEAT: &str = "flow hello {\n    on message \"hello\"\n    say \"Welcome!\"  # to all\n}\n";
const BROKEN: &str = "flow bye  {\n    sya \"Bye!\"\n}\n";

fn run(arguments: &[&str], input: &str, folder: &Path) -> Finished {
    finish(arguments, input, folder, MEMORY_MB)
}

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("flows/more")).unwrap();
    for (name, text) in [("neat.flow", NEAT), ("more/loose.flow", LOOSE), ("more/notes.txt", LOOSE)] {
        std::fs::write(folder.path().join("flows").join(name), text).unwrap();
    }
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join("flows").join(name)).unwrap()
}

#[test]
fn every_flow_of_the_folder_is_written_and_nothing_else() {
    let folder = shop();
    let done = run(&["fmt"], "", folder.path());
    assert_eq!((done.code, done.out.as_str()), (Some(0), "wrote flows/more/loose.flow\n"), "{}", done.err);
    assert_eq!(read(folder.path(), "more/loose.flow"), NEAT);
    assert_eq!(read(folder.path(), "more/notes.txt"), LOOSE);
    let again = run(&["fmt"], "", folder.path());
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""));
    assert_eq!(run(&["fmt", "--check"], "", folder.path()).code, Some(0));
}

#[test]
fn a_check_lists_what_would_change_and_changes_nothing() {
    let folder = shop();
    let done = run(&["fmt", "--check", "flows"], "", folder.path());
    assert_eq!(done.code, Some(1));
    assert_eq!(done.out, "flows/more/loose.flow is not as `rejoinder fmt` would write it\n");
    assert_eq!(read(folder.path(), "more/loose.flow"), LOOSE);
}

#[test]
fn a_file_with_mistakes_is_left_alone_and_the_others_are_written() {
    let folder = shop();
    std::fs::write(folder.path().join("flows/bye.flow"), BROKEN).unwrap();
    let done = run(&["fmt"], "", folder.path());
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("F0013") && done.out.contains("did you mean `say`?"), "{}", done.out);
    assert_eq!(read(folder.path(), "bye.flow"), BROKEN);
    assert_eq!(read(folder.path(), "more/loose.flow"), NEAT);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = shop();
    let done = run(&["fmt", "-"], LOOSE, folder.path());
    assert_eq!((done.code, done.out.as_str()), (Some(0), NEAT));
    assert_eq!(run(&["fmt", "--check", "-"], LOOSE, folder.path()).code, Some(1));
    assert_eq!(run(&["fmt", "--check", "-"], NEAT, folder.path()).code, Some(0));
    let broken = run(&["fmt", "-"], BROKEN, folder.path());
    assert!(broken.code == Some(1) && broken.out.contains("standard input"), "{}", broken.out);
    assert_eq!(run(&["fmt", "nowhere"], "", folder.path()).code, Some(2));
    assert_eq!(run(&["fmt", "flows/more/notes.txt"], "", folder.path()).code, Some(2));
}

const LOOSE_YAML: &str = "# the greeting\nflow: hello   # head\ntriggers:\n- message: [hello, # a word\n    hi]\nsteps:\n# first\n- say: 'Welcome!'   # to all\n- stop\n";

#[test]
fn the_other_spelling_is_written_with_all_its_comments_and_then_stays() {
    let folder = shop();
    std::fs::write(folder.path().join("flows/hi.flow.yaml"), LOOSE_YAML).unwrap();
    let listed = run(&["fmt", "--check"], "", folder.path());
    assert_eq!(listed.code, Some(1));
    assert!(listed.out.contains("flows/hi.flow.yaml is not as `rejoinder fmt` would write it"), "{}", listed.out);
    let done = run(&["fmt"], "", folder.path());
    assert_eq!((done.code, done.out.as_str()), (Some(0), "wrote flows/hi.flow.yaml\nwrote flows/more/loose.flow\n"));
    let written = read(folder.path(), "hi.flow.yaml");
    let wanted = "# the greeting\nflow: hello  # head\ntriggers:\n  - message:\n      - \"hello\"  # a word\n      - \"hi\"\n# first\nsteps:\n  - say: \"Welcome!\"  # to all\n  - stop\n";
    assert_eq!(written, wanted);
    let again = run(&["fmt", "--check"], "", folder.path());
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""));
}

#[test]
fn what_yaml_cuts_off_is_not_made_to_look_as_if_it_were_meant_so() {
    let folder = shop();
    let cut = "flow: hello\ntriggers:\n- message: hello\nsteps:\n- say: Order # 5\n";
    std::fs::write(folder.path().join("flows/hi.flow.yaml"), cut).unwrap();
    let done = run(&["fmt"], "", folder.path());
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("F0071"), "{}", done.out);
    assert_eq!(read(folder.path(), "hi.flow.yaml"), cut);
}
