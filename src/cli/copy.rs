//! `rejoinder db copy`

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;

use super::{secrets, signals};
use crate::server::settings::{self, Secret};
use crate::store::copy::{self, Place};
use crate::system::files;

#[derive(Debug, Args)]
#[command(
    after_help = "Stop every process that serves from one of the two before. All is copied in one transaction, read back and \
compared; the tables' rows and hashes are printed for both sides. The source stays as it is.\n\nExamples:\n  \
DATABASE_URL=postgres://user:password@host/database rejoinder db copy rejoinder.db env:DATABASE_URL\n  \
rejoinder db copy env:DATABASE_URL rejoinder.db"
)]
pub(super) struct Arguments {
    /// A SQLite file, `postgres://user@host/database`, or `env:NAME` where the variable NAME holds one of them.
    from: String,
    /// The same; it must be empty, or not be there yet.
    to: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { from, to } = arguments;
    let (from, to) = (place(from)?, place(to)?);
    if let Place::File(path) = &from {
        anyhow::ensure!(files::exists(path), "there is no file {}", path.display());
    }
    let bar = bar();
    let copied = signals::block_on(async {
        let progress = |table: &'static str, rows: u64| {
            bar.set_message(table);
            bar.set_position(rows);
        };
        copy::copy(&from, &to, progress).await.context("nothing is copied")
    });
    bar.finish_and_clear();
    let copied = copied?;
    anstream::println!("{:<14}{:>12}  {:<16}  {:>12}  {:<16}", "table", "rows read", "hash", "rows written", "hash");
    for copied in copied {
        let short = |tally: &copy::Tally| tally.digest.chars().take(16).collect::<String>();
        let (from, to) = (short(&copied.from), short(&copied.to));
        anstream::println!("{:<14}{:>12}  {from:<16}  {:>12}  {to:<16}", copied.table, copied.from.rows, copied.to.rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn place(text: &str) -> anyhow::Result<Place> {
    use secrecy::ExposeSecret as _;
    let text = match text.strip_prefix("env:") {
        Some(name) => secrets::read(&Secret::Environment(name.to_owned()), "the place of a store")?,
        None => SecretString::from(text.to_owned()),
    };
    Ok(match text.expose_secret() {
        url if settings::Place::is_database(url) => Place::Database(text),
        path => {
            // Not repeated: it may hold a password.
            anyhow::ensure!(!path.contains("://"), "a store is a file or postgres://user:password@host/database");
            Place::File(PathBuf::from(path))
        }
    })
}

fn bar() -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::no_length();
    match indicatif::ProgressStyle::with_template("{msg}: {pos} rows, {per_sec}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_file_or_a_database() {
        assert!(matches!(place("a.db").unwrap(), Place::File(path) if path.as_os_str() == "a.db"));
        assert!(matches!(place("postgres://u:p@h/d").unwrap(), Place::Database(_)));
        let error = place("mysql://u:hunter2@h/d").unwrap_err();
        assert!(!format!("{error:#}").contains("hunter2"));
        assert!(place("env:REJOINDER_NO_SUCH_VARIABLE").is_err());
    }
}
