//! The bots of `flows/`: they stand as an example of everything, so they check clean, look as `fmt` writes them, keep
//! their own tests, and are the same in the other spelling.

use rejoinder::bot::Test;
use rejoinder::diagnostic::Severity;
use rejoinder::source::{FileId, Sources};
use rejoinder::syntax::{self, Spelling};
use rejoinder::testing::{Coverage, Share, report, run_all};

use crate::pages::{Shown, blessing, findings, folder, root, tests_hold, with_pictures};

/// Folder and what it shows.
const BOTS: [&str; 3] = ["flows/baan-phiu-sai", "flows/dapur-bu-ratna", "flows/nile-threads"];

/// A folder of `flows/` that is not listed would be looked at by nobody.
#[test]
fn every_bot_of_the_folder_is_listed() {
    let mut found: Vec<String> = std::fs::read_dir(root().join("flows"))
        .unwrap()
        .map(|entry| format!("flows/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    found.sort();
    assert_eq!(found, BOTS);
}

#[test]
fn bots_check_clean() {
    for path in BOTS {
        let shown = folder(path);
        let grave = shown.findings.iter().filter(|one| one.severity != Severity::Note).count();
        assert!(grave == 0 && shown.bot.is_some(), "{path}:\n{}", findings(&shown));
    }
}

/// Their own tests pass, reach at least nine steps of ten, and every silence.
#[test]
fn tests_of_the_bots_hold_and_reach_nearly_everything() {
    for path in BOTS {
        let shown = folder(path);
        let bot = shown.bot.as_ref().unwrap_or_else(|| panic!("{path}:\n{}", findings(&shown)));
        let tests: Vec<&Test> = bot.tests.iter().collect();
        let outcomes = run_all(bot, &tests, &|_| {});
        let failures: String = outcomes.iter().map(|outcome| report::failure(outcome, report::Look::default())).collect();
        let coverage = Coverage::new(bot, &outcomes);
        let missed = report::missed(&coverage, true, report::Look::default());
        assert!(failures.is_empty(), "{path}:\n{failures}\n{missed}");
        assert!(coverage.steps.percent() >= 90, "{path}: {} of {} steps\n{missed}", coverage.steps.reached, coverage.steps.total);
        let Share { reached, total } = coverage.silences;
        assert!(reached == total && total >= 5, "{path}: {reached} of {total} silences\n{missed}");
    }
}

/// Written in the other spelling, each is the same bot: it checks as clean, its tests hold, and it comes back letter by letter.
#[test]
fn bots_are_the_same_in_yaml() {
    for path in BOTS {
        let flows = folder(path);
        let mut files = Vec::new();
        for (id, file) in flows.sources.iter() {
            if file.path.ends_with(".rhai") {
                files.push((file.path.clone(), file.text.to_string()));
                continue;
            }
            let yaml = syntax::convert(id, &file.path, &file.text, Spelling::Yaml);
            let yaml = yaml.text.unwrap_or_else(|| panic!("{}: {:#?}", file.path, yaml.findings));
            let name = format!("{}.yaml", file.path);
            let back = syntax::convert(id, &name, &yaml, Spelling::Flow);
            assert_eq!(back.text.as_deref(), Some(&*file.text), "{name}: {:#?}", back.findings);
            files.push((name, yaml));
        }
        let shown = with_pictures(path, &files);
        assert!(shown.bot.is_some(), "{path}:\n{}", findings(&shown));
        let codes = |shown: &Shown| shown.findings.iter().map(|one| one.code).collect::<Vec<_>>();
        assert_eq!(codes(&shown), codes(&flows), "{path}:\n{}", findings(&shown));
        assert!(tests_hold(&shown), "{path} has tests");
    }
}

/// At least a hundred lines of flows each, not counting their tests.
#[test]
fn bots_are_whole_bots() {
    for path in BOTS {
        let Shown { sources, .. } = folder(path);
        let lines = |sources: &Sources, tests: bool| -> usize {
            let files = sources.iter().filter(|(_, file)| file.path.ends_with("tests.flow") == tests);
            files.map(|(_, file)| file.text.lines().count()).sum()
        };
        assert!(lines(&sources, false) >= 100, "{path}");
        assert!(lines(&sources, true) >= 100, "{path}: tests");
    }
}

#[test]
fn fmt_leaves_the_bots_alone() {
    for path in BOTS {
        for (_, file) in folder(path).sources.iter() {
            if file.path.ends_with(".rhai") {
                continue;
            }
            let (document, found) = syntax::parse(FileId(0), &file.text);
            assert!(found.is_empty(), "{}: {found:#?}", file.path);
            let printed = syntax::print(&document);
            if blessing() {
                std::fs::write(root().join(&file.path), &printed).unwrap();
                continue;
            }
            let differs = printed.lines().zip(file.text.lines()).position(|(one, other)| one != other);
            assert!(printed == *file.text, "{}: line {:?} differs in\n{printed}", file.path, differs.map(|at| at + 1));
        }
    }
}
