//! `rejoinder check`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{bots, flows, output, proof};
use crate::diagnostic::render;

#[derive(Debug, Args)]
#[command(
    after_help = "Of several bots, JSON is one document a bot.\n\nExamples:\n  rejoinder check                       (every bot of rejoinder.toml)\n  rejoinder check flows\n  rejoinder check shop.flow --format json\n  rejoinder check flows --format sarif > flows.sarif\n  rejoinder check flows --proof\n  rejoinder check flows --deny warnings\n\nExit codes: 0 fine or warnings only, 1 errors (with --deny warnings: those too), 2 could not run."
)]
pub(super) struct Arguments {
    /// Files or folders; without them every bot of the server's settings, the shared one and accounts' own, and where there
    /// are no settings the folder `flows`.
    flows: Vec<PathBuf>,
    /// The settings of the server; `rejoinder.toml` where it is there.
    #[arg(long, env = "REJOINDER_CONFIG")]
    config: Option<PathBuf>,
    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also print what was proved: the most replies, the latest reply, the longest text of each flow.
    #[arg(long)]
    proof: bool,
    /// What else counts as an error.
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Frames for people.
    Text,
    /// One JSON document for machines.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    Warnings,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let bots = bots::meant(&arguments.flows, arguments.config.as_deref())?;
    anyhow::ensure!(
        bots.len() == 1 || !matches!(arguments.format, Format::Sarif),
        "the settings name {} bots, and a SARIF document is of one; name the flows of one",
        bots.len()
    );
    let mut fails = false;
    for paths in &bots {
        fails |= one(arguments, paths)?;
    }
    Ok(ExitCode::from(u8::from(fails)))
}

/// Checks one bot; true where that fails.
fn one(arguments: &Arguments, paths: &[PathBuf]) -> anyhow::Result<bool> {
    let loaded = flows::load(paths)?;
    match arguments.format {
        Format::Text => {
            output::findings(&loaded);
            if let Some(bot) = loaded.bot.as_ref().filter(|_| arguments.proof) {
                anstream::println!("{}", proof::table(bot));
            } else if arguments.proof {
                anstream::println!("nothing is proved of a bot with errors");
            }
            anstream::println!("{}", summary(&loaded));
        }
        Format::Json => anstream::print!("{}", json(&loaded, arguments.proof)),
        Format::Sarif => anstream::print!("{}", render::sarif(&loaded.sources, &loaded.findings)),
        Format::Github => anstream::print!("{}", render::github(&loaded.sources, &loaded.findings)),
    }
    let denied = arguments.deny.is_some() && loaded.warnings() > 0;
    Ok(loaded.errors() > 0 || denied)
}

/// The findings; the proof is one more field of the same document.
fn json(loaded: &flows::Loaded, proved: bool) -> String {
    let findings = render::json(&loaded.sources, &loaded.findings);
    match (&loaded.bot, findings.trim_end().strip_suffix('}')) {
        (Some(bot), Some(open)) if proved => format!("{open},\"proof\":{}}}\n", proof::json(bot)),
        _ => findings,
    }
}

/// One line that says what was read; the findings themselves end with their count.
fn summary(loaded: &flows::Loaded) -> String {
    let files = loaded.sources.iter().count();
    let what = match &loaded.bot {
        Some(bot) => format!("`{}`: {} in {}", bot.name, counted(bot.flows.len(), "flow"), counted(files, "file")),
        None => counted(files, "file"),
    };
    if loaded.findings.is_empty() { format!("{what}, nothing to mend") } else { what }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
