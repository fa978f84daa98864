//! `rejoinder fuzz`

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{flows, output};
use crate::runtime::port::{Clock as _, Entropy as _};
use crate::system::{SystemClock, SystemEntropy};
use crate::testing::fuzz::{Broken, Options, Progress, Report, fuzz};

#[derive(Debug, Args)]
#[command(
    after_help = "Makes up conversations from the bot itself: its keywords, its labels typed and pressed, right and wrong answers, bursts, repetitions, silence, colleagues, opt-outs, answers of your systems of every kind. After every act it looks whether a rule was broken: never a reply too many, too late or too long, no dead end, the opt-out and `anytime` work everywhere, a bot that was taken over is silent, no step fails. What breaks a rule is shortened and printed as a `test`, ready to paste.\n\nExamples:\n  rejoinder fuzz                          a thousand conversations with the bot in `flows`\n  rejoinder fuzz flows --seconds 60       as many as a minute takes\n  rejoinder fuzz flows --seed 42          the same conversations again\n\nExit codes: 0 no rule was broken, 1 some were, 2 could not run."
)]
pub(super) struct Arguments {
    /// Files or folders.
    #[arg(default_value = "flows")]
    flows: Vec<PathBuf>,
    /// The same seed tries the same conversations; another one every time where it is left out.
    #[arg(long)]
    seed: Option<u64>,
    /// How many conversations are tried; with `--seconds` as many as there is time for.
    #[arg(long, value_name = "N", default_value_t = 1_000, conflicts_with = "seconds")]
    conversations: u64,
    /// How long it goes on.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let loaded = flows::load(&arguments.flows)?;
    let Some(bot) = loaded.bot.clone() else {
        output::findings(&loaded);
        anyhow::bail!("the flows have errors; nothing was tried");
    };
    let seed = arguments.seed.unwrap_or_else(any_seed);
    let conversations = if arguments.seconds.is_some() { u64::MAX } else { arguments.conversations };
    anstream::println!("seed {seed}");
    let options = Options { seed, conversations, ..Options::default() };
    let end = arguments.seconds.map(|seconds| SystemClock.monotonic().saturating_add(Duration::from_secs(seconds)));
    let bar = bar(conversations);
    let report = fuzz(&bot, &options, &mut |progress| {
        bar.set_position(progress.conversations);
        bar.set_message(format!("{} ways, {} found", progress.ways, progress.found));
        end.is_none_or(|end| SystemClock.monotonic() < end)
    });
    bar.finish_and_clear();
    for broken in &report.broken {
        anstream::println!("{}", told(broken));
    }
    anstream::print!("{}", summary(&report));
    Ok(if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Small, so that it is easily typed again.
fn any_seed() -> u64 {
    SystemEntropy.next_u64() & u64::from(u32::MAX)
}

fn bar(conversations: u64) -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let (bar, line) = match conversations {
        u64::MAX => (indicatif::ProgressBar::no_length(), "{pos} conversations, {msg}"),
        most => (indicatif::ProgressBar::new(most), "{pos} of {len} conversations, {msg}"),
    };
    match indicatif::ProgressStyle::with_template(line) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn told(broken: &Broken) -> String {
    let place = broken.finding.origin.as_ref().map(|at| format!(" ({}:{})", at.path, at.line)).unwrap_or_default();
    let mut out = format!("\n✗ {}: {}{place}\n\n{}", broken.finding.rule.words(), broken.finding.what, broken.test);
    if !broken.reproduced {
        out.push_str("\nthis test passes when it is run by itself; the seed above shows the finding again\n");
    }
    out
}

fn summary(report: &Report) -> String {
    let Progress { conversations, ways, found } = report.progress;
    let coverage = &report.coverage;
    format!(
        "{conversations} conversations, {ways} ways; reached {} of {} steps, {} of {} branches, {} of {} silences; {}\n",
        coverage.steps.reached,
        coverage.steps.total,
        coverage.branches.reached,
        coverage.branches.total,
        coverage.silences.reached,
        coverage.silences.total,
        match found {
            0 => "no rule was broken".to_owned(),
            1 => "1 finding".to_owned(),
            found => format!("{found} findings"),
        }
    )
}
