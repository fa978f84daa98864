//! In: the project's own files. Out: whether they keep the lines that ARCHITECTURE draws.
//! Does not know: what the code does.

mod rules;
mod seeded;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use rejoinder::system::files;

use self::rules::{FILE_LINES_MAX, FUNCTION_LINES_MAX, LONG_FUNCTIONS, MATRIX, Source};

/// A file of the project: its path from the root with `/`, and its text.
struct Kept {
    path: String,
    text: String,
}

/// The text files beneath some folders and files of the root that people write.
fn kept(places: &[&str]) -> Vec<Kept> {
    const WRITTEN: [&str; 14] =
        ["rs", "pest", "flow", "md", "toml", "sh", "js", "mjs", "css", "html", "json", "yaml", "yml", "txt"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for place in places.iter().map(|place| root.join(place)).filter(|place| files::exists(place)) {
        let paths = if files::is_folder(&place) { files::walk(&place, 16, 10_000).unwrap() } else { vec![place] };
        for path in paths {
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let inner = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let generated = inner.contains("/node_modules/") || inner.contains("/target/");
            if generated || !(WRITTEN.contains(&extension) || extension.is_empty()) {
                continue;
            }
            // Fixtures may hold what is no text on purpose.
            if let Ok(text) = files::read_to_string(&path, 4 << 20) {
                found.push(Kept { path: inner, text });
            }
        }
    }
    assert!(!found.is_empty(), "no files in {places:?}");
    found
}

fn rust(places: &[&str]) -> Vec<Kept> {
    kept(places).into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// Shows every file of `src` to a rule; fails with all that it finds.
fn hold(rule: impl Fn(&Source<'_>) -> Vec<String>) {
    let all = rust(&["src"]);
    let inner = |file: &Kept| file.path.strip_prefix("src/").unwrap().to_owned();
    // Modules declared for tests alone, by their path.
    let mut tests: BTreeSet<String> = BTreeSet::new();
    for file in &all {
        let path = inner(file);
        for name in rules::test_modules(&file.text) {
            let mut module: Vec<&str> = rules::module_path(&path);
            module.push(&name);
            tests.insert(module.join("/"));
        }
    }
    let mut broken = Vec::new();
    for file in &all {
        let path = inner(file);
        let module = rules::module_path(&path).join("/");
        let test = tests.iter().any(|test| module == *test || module.starts_with(&format!("{test}/")));
        broken.extend(rule(&Source { path: &path, text: &file.text, test }));
    }
    report(&broken);
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "{} broken:\n  {}", broken.len(), broken.join("\n  "));
}

#[test]
fn modules_know_only_what_stands_before_them() {
    hold(rules::wrong_edges);
}

#[test]
fn the_matrix_has_no_circle_and_is_in_reading_order() {
    let mut before: Vec<&str> = Vec::new();
    for (module, allowed) in MATRIX {
        for known in *allowed {
            assert!(before.contains(known), "{module} knows {known}, which stands after it");
        }
        before.push(module);
    }
}

#[test]
fn every_module_of_the_crate_is_in_the_matrix_and_the_other_way_round() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let there: BTreeSet<String> = files::list(&folder)
        .unwrap()
        .into_iter()
        .map(|entry| entry.path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !matches!(name.as_str(), "lib" | "main"))
        .collect();
    let told: BTreeSet<String> = MATRIX.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(there, told);
}

#[test]
fn libraries_stay_in_their_places() {
    hold(rules::wrong_libraries);
}

#[test]
fn sql_stays_in_the_store() {
    hold(rules::stray_sql);
}

#[test]
fn files_stop_at_five_hundred_lines() {
    let long = |file: &Kept| {
        let lines = file.text.lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", file.path))
    };
    report(&rust(&["src", "tests", "examples"]).iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn functions_stop_at_seventy_lines() {
    let mut broken = Vec::new();
    let mut excused = BTreeSet::new();
    for file in rust(&["src", "tests", "examples"]) {
        for (name, lines) in rules::long_functions(&file.text) {
            match LONG_FUNCTIONS.iter().find(|(path, function, _)| *path == file.path && *function == name) {
                Some(exception) => drop(excused.insert(exception)),
                None => broken.push(format!("{}: `{name}` has {lines} lines, {FUNCTION_LINES_MAX} are allowed", file.path)),
            }
        }
    }
    // An exception that is not needed any more is taken back.
    let idle = LONG_FUNCTIONS.iter().filter(|exception| !excused.contains(exception));
    broken.extend(idle.map(|(path, function, _)| format!("{path}: `{function}` needs no exception")));
    report(&broken);
}

#[test]
fn every_module_says_what_comes_in_and_what_goes_out() {
    let silent = |file: &Kept| {
        let head: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        let said = head.iter().map(|line| line.len()).sum::<usize>() > 40;
        (file.path.ends_with("/mod.rs") && !said).then(|| format!("{}: begins without `//!`", file.path))
    };
    report(&rust(&["src", "tests"]).iter().filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn nothing_unfinished_and_nothing_of_somebodys_machine_is_left() {
    let places = [
        "src",
        "tests",
        "grammar",
        "flows",
        "examples",
        "scripts",
        "docs",
        "README.md",
        "CHANGELOG.md",
        "Cargo.toml",
        ".ci",
        ".clippy.toml",
        ".deny.toml",
        ".config",
    ];
    report(&kept(&places).iter().flat_map(|file| rules::forbidden(&file.path, &file.text)).collect::<Vec<_>>());
}
