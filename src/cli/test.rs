//! `rejoinder test`

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{bots, flows, output};
use crate::bot::{Bot, Test};
use crate::system::files;
use crate::testing::report::{self, Look};
use crate::testing::{Coverage, Outcome, run_all, run_scripts};
use crate::text;

#[derive(Debug, Args)]
#[command(
    after_help = "A test is a conversation, written between the flows:\n\n  test \"asks for the order\" {\n      customer \"where is my order?\"\n      bot \"What is your order number?\"\n      after 4h\n      expect stopped\n  }\n\nExamples:\n  rejoinder test                        all tests of every bot of rejoinder.toml, or of the folder `flows`\n  rejoinder test flows order            the tests with `order` in their name\n  rejoinder test --missed               and every line that no test reached\n  rejoinder test --format junit > report.xml\n  rejoinder test --fail-under 90        also fail where less than 90 % of steps, branches or silences are reached\n\nExit codes: 0 all passed, 1 some failed, 2 could not run (errors in the flows, or no such test)."
)]
pub(super) struct Arguments {
    /// Files, folders, and parts of names of tests: what is not there as a file is part of a name. Without a path every bot of
    /// the server's settings, and where there are none the folder `flows`.
    #[arg(value_name = "PATHS OR NAMES")]
    what: Vec<String>,
    /// The settings of the server; `rejoinder.toml` where it is there.
    #[arg(long, env = "REJOINDER_CONFIG")]
    config: Option<PathBuf>,
    /// Only tests with this in their name; several times: any of them.
    #[arg(long, value_name = "NAME")]
    filter: Vec<String>,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List every line that no test reached, not only the first twenty.
    #[arg(long)]
    missed: bool,
    /// Fail where a smaller share of the steps, of the branches or of the silences is reached.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    fail_under: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// XML as build servers read it.
    Junit,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (named, filters) = sort(arguments);
    let bots = bots::meant(&named, arguments.config.as_deref())?;
    anyhow::ensure!(
        bots.len() == 1 || arguments.format != Format::Junit,
        "the settings name {} bots, and a JUnit document is of one; name the flows of one",
        bots.len()
    );
    let mut loaded = Vec::new();
    for paths in &bots {
        loaded.push(load(paths, &filters)?);
    }
    // Of several bots each need not have a test of that name, but one must.
    let several = loaded.len() > 1;
    if several {
        loaded.retain(|bot| has_tests(bot, &filters));
        anyhow::ensure!(!loaded.is_empty(), "none of the {} bots of the settings has such a test", bots.len());
    }
    let mut fails = false;
    for bot in &loaded {
        if several && arguments.format == Format::Text {
            anstream::println!("`{}`", bot.name);
        }
        fails |= one(arguments, bot, &filters)?;
    }
    Ok(ExitCode::from(u8::from(fails)))
}

fn load(paths: &[PathBuf], filters: &[String]) -> anyhow::Result<Arc<Bot>> {
    let loaded = flows::load(paths).map_err(|error| unnamed(error, filters, paths))?;
    if loaded.bot.is_none() {
        output::findings(&loaded);
    }
    loaded.bot.ok_or_else(|| anyhow::anyhow!("the flows have errors; no test was run"))
}

fn has_tests(bot: &Arc<Bot>, filters: &[String]) -> bool {
    bot.tests.iter().any(|test| wanted(&test.name, filters)) || !run_scripts(bot, &|name| wanted(name, filters)).is_empty()
}

/// Runs the tests of one bot; true where some fail, or too little is reached.
fn one(arguments: &Arguments, bot: &Arc<Bot>, filters: &[String]) -> anyhow::Result<bool> {
    let tests: Vec<&Test> = bot.tests.iter().filter(|test| wanted(&test.name, filters)).collect();
    let mut outcomes = run_scripts(bot, &|name| wanted(name, filters));
    if tests.is_empty() && outcomes.is_empty() {
        anyhow::bail!("{}", nothing(bot, filters));
    }
    outcomes.extend(play(bot, &tests, arguments.format));
    let coverage = Coverage::new(bot, &outcomes);
    print(arguments, bot, &outcomes, &coverage, filters.is_empty());
    let failed = outcomes.iter().any(|outcome| outcome.failure.is_some());
    let short = arguments.fail_under.is_some_and(|least| coverage.lowest() < usize::from(least));
    if let (true, Some(least)) = (short, arguments.fail_under) {
        anstream::eprintln!("rejoinder: less than {least} % of the steps, the branches or the silences are reached");
    }
    Ok(failed || short)
}

/// What is there as a file or a folder is a path; everything else is part of a name.
fn sort(arguments: &Arguments) -> (Vec<PathBuf>, Vec<String>) {
    let (paths, names): (Vec<&String>, Vec<&String>) =
        arguments.what.iter().partition(|word| files::exists(PathBuf::from(word).as_path()));
    let paths = paths.into_iter().map(PathBuf::from).collect();
    (paths, names.into_iter().chain(&arguments.filter).cloned().collect())
}

/// Without the default folder the first word was probably meant as a path.
fn unnamed(error: anyhow::Error, filters: &[String], paths: &[PathBuf]) -> anyhow::Error {
    match filters.first() {
        Some(word) if !paths.iter().all(|path| files::exists(path)) => anyhow::anyhow!("{word} is not there, and {error}"),
        _ => error,
    }
}

fn wanted(name: &str, filters: &[String]) -> bool {
    let folded = text::fold(name);
    filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()) || folded.contains(&text::fold(filter)))
}

fn nothing(bot: &Bot, filters: &[String]) -> String {
    if bot.tests.is_empty() {
        return format!("`{}` has no tests; `rejoinder test --help` shows one", bot.name);
    }
    let named = filters.iter().map(|filter| format!("`{filter}`")).collect::<Vec<_>>().join(" or ");
    format!("no test has {named} in its name, and there is no such file; there are {} tests", bot.tests.len())
}

/// Runs the tests; a line that counts them stands on a terminal meanwhile.
fn play(bot: &Arc<Bot>, tests: &[&Test], format: Format) -> Vec<Outcome> {
    let shown = format == Format::Text && std::io::stderr().is_terminal();
    let bar = if shown { indicatif::ProgressBar::new(tests.len() as u64) } else { indicatif::ProgressBar::hidden() };
    if let Ok(style) = indicatif::ProgressStyle::with_template("{pos} of {len} tests") {
        bar.set_style(style);
    }
    let outcomes = run_all(bot, tests, &|_| bar.inc(1));
    bar.finish_and_clear();
    outcomes
}

fn print(arguments: &Arguments, bot: &Bot, outcomes: &[Outcome], coverage: &Coverage, whole: bool) {
    match arguments.format {
        Format::Json => anstream::println!("{}", report::json(outcomes, coverage)),
        Format::Junit => anstream::print!("{}", report::junit(&bot.name, outcomes, coverage)),
        Format::Text => {
            let look = Look { color: output::colour() };
            for outcome in outcomes.iter().filter(|outcome| outcome.failure.is_some()) {
                anstream::println!("{}", report::failure(outcome, look));
            }
            anstream::print!("{}", report::summary(outcomes, coverage, look));
            // What a part of the tests missed says little.
            if whole || arguments.missed {
                anstream::print!("{}", report::missed(coverage, arguments.missed, look));
            }
        }
    }
}
