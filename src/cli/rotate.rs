//! `rejoinder secrets`: what is sealed at rest, under another key, or from now on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::keeper::{Keeper, Resealed};
use super::outbox::Format;
use super::{secrets, serve, signals, stores};
use crate::server::settings::{Place, Secret, Settings};
use crate::store::{self, Rotated, Sealed};
use crate::system::SystemEntropy;
use crate::system::seal::Key;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  OLD_KEY=… rejoinder secrets rotate --old env:OLD_KEY
  rejoinder secrets seal")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Seal the accounts' tokens, and the key of customers' texts, by the settings' `token_key` instead of the one before.
    #[command(
        after_help = "Stop the servers of the store first. Then: make a key (`openssl rand -base64 32`), put it where the settings' `token_key` says,
keep the one before at hand for this command, and start the servers again. What is sealed by the new key already is left as
it is, so that a command that was interrupted is given again. A SQLite file is written anew as a whole: nothing that the old
key would open stays in it. In PostgreSQL old rows go with its next VACUUM; in copies they stay.

Exit codes: 0 all is sealed by the new key, 1 something opens with neither, 2 could not run.

Example:
  OLD_KEY=… rejoinder secrets rotate --old env:OLD_KEY"
    )]
    Rotate {
        /// Where the key before is: `env:NAME` or `file:PATH`.
        #[arg(long, value_name = "PLACE")]
        old: String,
        #[arg(long, default_value = "text")]
        format: Format,
        /// The settings of the server.
        #[arg(long, default_value = "rejoinder.toml", env = "REJOINDER_CONFIG")]
        config: PathBuf,
    },
    /// Seal customers' texts from now on, in a PostgreSQL database that holds plain ones.
    #[command(
        after_help = "Stop all servers of the database first: one of a version before this cannot read what is sealed. A new database and a
SQLite file need no command; they are sealed from the first start with a `token_key`. What was written before stays as it is,
and readable, until it is written anew.

Exit codes: 0 what is written from now on is sealed, 2 could not run.

Example:
  rejoinder secrets seal"
    )]
    Seal {
        /// The settings of the server.
        #[arg(long, default_value = "rejoinder.toml", env = "REJOINDER_CONFIG")]
        config: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        What::Rotate { old, format, config } => rotate(old, *format, config),
        What::Seal { config } => seal(config),
    }
}

/// The settings, their key and their folder.
fn settings(config: &Path) -> anyhow::Result<(Settings, Key, PathBuf)> {
    let settings = serve::read(config)?;
    let key = stores::key(&settings)?.context(
        "the settings name no `token_key`, by which anything could be sealed: make one with `openssl rand -base64 32` and name it, \
         `token_key = { env = \"REJOINDER_KEY\" }`",
    )?;
    Ok((settings, key, config.parent().unwrap_or(Path::new("")).to_owned()))
}

fn seal(config: &Path) -> anyhow::Result<ExitCode> {
    let (settings, key, folder) = settings(config)?;
    signals::block_on(async {
        let store = Sealed::over(stores::beneath(&settings.store, &folder).await?, Some(&key), Arc::new(SystemEntropy)).await?;
        Ok::<_, anyhow::Error>(store.begin(&key).await?)
    })?;
    anstream::println!("customers' texts are sealed from now on");
    Ok(ExitCode::SUCCESS)
}

fn rotate(old: &str, format: Format, config: &Path) -> anyhow::Result<ExitCode> {
    let (settings, new, folder) = settings(config)?;
    let old = Key::from_setting(old_key(old)?.expose_secret()).context("the key before")?;
    let (resealed, texts) = signals::block_on(async {
        let store = stores::beneath(&settings.store, &folder).await?;
        let texts = Sealed::rotate(&*store, &old, &new, &SystemEntropy).await?;
        let tokens = Keeper { key: new, store, entropy: Arc::new(SystemEntropy) }.reseal(&old).await?;
        Ok::<_, anyhow::Error>((tokens, texts))
    })?;
    if let Place::File(path) = &settings.store {
        store::scrub(&folder.join(path))
            .context("all is sealed anew, but the file could not be written anew; give the command again")?;
    }
    say(&resealed, texts, format)?;
    let whole = resealed.closed.is_empty() && texts != Rotated::Closed;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn old_key(place: &str) -> anyhow::Result<SecretString> {
    let secret = match place.split_once(':') {
        Some(("env", name)) => Secret::Environment(name.to_owned()),
        Some(("file", path)) => Secret::File(path.into()),
        // Not repeated: it may be the key itself.
        _ => anyhow::bail!("`--old` is `env:NAME` or `file:PATH`; a key on the command line would be seen by others"),
    };
    secrets::read(&secret, "the key before")
}

fn say(resealed: &Resealed, texts: Rotated, format: Format) -> anyhow::Result<()> {
    let Resealed { anew, already, closed } = resealed;
    let (word, told) = match texts {
        Rotated::None => ("plain", "customers' texts are not sealed: a server with a `token_key` begins it"),
        Rotated::Anew => ("resealed", "the key of customers' texts is sealed anew"),
        Rotated::Already => ("already", "the key of customers' texts was already"),
        Rotated::Closed => ("closed", "the key of customers' texts opens with neither key: find the key that it had"),
    };
    if format == Format::Json {
        let told = json!({ "resealed": anew, "already": already, "closed": closed, "texts": word });
        anstream::println!("{}", serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    anstream::println!("{anew} tokens are sealed anew, {already} were already");
    anstream::println!("{told}");
    for account in closed {
        anstream::println!("the token of account {account} opens with neither key: sign it in again by `rejoinder connect`");
    }
    Ok(())
}
