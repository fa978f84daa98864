//! `rejoinder db`: copies of the store, and whether it is sound.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{copy, serve};
use crate::server::settings::Place;
use crate::store::{Checked, backup, check, restore};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Copy a store into an empty one: from a SQLite file to a PostgreSQL database, or back.
    Copy(copy::Arguments),
    /// Copy the store into a new file, also while a server writes to it.
    #[command(after_help = "Examples:\n  rejoinder db backup /var/backups/rejoinder-monday.db")]
    Backup {
        /// The new file.
        file: PathBuf,
        /// The settings that name the store.
        #[arg(long, default_value = "rejoinder.toml", env = "REJOINDER_CONFIG")]
        config: PathBuf,
    },
    /// Look through a store: SQLite's own check, the tables, the chains of the history.
    #[command(
        after_help = "Exit code 1 where something is wrong.\n\nExamples:\n  rejoinder db check\n  rejoinder db check /var/backups/rejoinder-monday.db"
    )]
    Check {
        /// A copy; the settings' store without it.
        file: Option<PathBuf>,
        /// The settings that name the store.
        #[arg(long, default_value = "rejoinder.toml", env = "REJOINDER_CONFIG")]
        config: PathBuf,
    },
    /// Bring a copy back. No server may run; what stood there is kept beside it.
    #[command(
        after_help = "The next start is a restored one: what was sent since the copy nobody knows, so open replies end as unknown, timers\nthat were due are dropped, and messages from before that start are only stored.\n\nExamples:\n  rejoinder db restore /var/backups/rejoinder-monday.db rejoinder.db"
    )]
    Restore {
        /// The copy.
        file: PathBuf,
        /// The store.
        to: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        What::Copy(arguments) => copy::run(arguments),
        What::Backup { file, config } => {
            backup(&store(config)?, file)?;
            anstream::println!("copied to {}", file.display());
            Ok(ExitCode::SUCCESS)
        }
        What::Check { file, config } => {
            let path = match file {
                Some(file) => file.clone(),
                None => store(config)?,
            };
            let checked = check(&path)?;
            anstream::print!("{}", text(&path, &checked));
            Ok(if checked.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        What::Restore { file, to } => {
            if let Some(kept) = restore(file, to)? {
                anstream::println!("what stood there is now {}", kept.display());
            }
            anstream::println!("restored {}; the next start ends open replies and drops timers that were due", to.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn store(config: &Path) -> anyhow::Result<PathBuf> {
    match serve::read(config)?.store {
        Place::File(path) => Ok(config.parent().unwrap_or(Path::new("")).join(path)),
        Place::Database(_) => anyhow::bail!(
            "the store is a PostgreSQL database: its own tools copy and check it (pg_dump, pg_basebackup), or `rejoinder db copy` \
             into a SQLite file"
        ),
    }
}

fn text(path: &Path, checked: &Checked) -> String {
    let mut out = format!(
        "{}: schema {} of {}; {} accounts, {} conversations, {} lines of history, {} open replies, {} versions of the bot\n",
        path.display(),
        checked.schema,
        checked.schema_known,
        checked.accounts,
        checked.conversations,
        checked.history,
        checked.outbox,
        checked.versions,
    );
    for finding in &checked.findings {
        out.push_str(&format!("  {finding}\n"));
    }
    out.push_str(if checked.findings.is_empty() { "sound\n" } else { "NOT SOUND\n" });
    out
}
