//! `rejoinder secrets rotate`: the tokens at rest under another key.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::keeper::{Keeper, Resealed};
use super::outbox::Format;
use super::{secrets, serve, signals, stores};
use crate::server::settings::{Place, Secret};
use crate::store;
use crate::system::SystemEntropy;
use crate::system::seal::Key;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  OLD_KEY=… rejoinder secrets rotate --old env:OLD_KEY")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Seal the accounts' tokens in the store by the settings' `token_key` instead of the one before.
    #[command(
        after_help = "Stop the servers of the store first. Then: make a key (`openssl rand -base64 32`), put it where the settings' `token_key` says,
keep the one before at hand for this command, and start the servers again. What is sealed by the new key already is left as
it is, so that a command that was interrupted is given again. A SQLite file is written anew as a whole: nothing that the old
key would open stays in it. In PostgreSQL old rows go with its next VACUUM; in copies they stay.

Exit codes: 0 all tokens are sealed by the new key, 1 some open with neither, 2 could not run.

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
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let What::Rotate { old, format, config } = &arguments.what;
    let settings = serve::read(config)?;
    let new = settings.token_key.as_ref().context("the settings name no `token_key`, by which tokens could be sealed")?;
    let new = Key::from_setting(secrets::read(new, "token_key")?.expose_secret())?;
    let old = Key::from_setting(old_key(old)?.expose_secret()).context("the key before")?;
    let folder = config.parent().unwrap_or(std::path::Path::new("")).to_owned();
    let resealed = signals::block_on(async {
        let store = stores::open(&settings.store, &folder).await?;
        Ok(Keeper { key: new, store, entropy: Arc::new(SystemEntropy) }.reseal(&old).await?)
    })?;
    if let Place::File(path) = &settings.store {
        store::scrub(&folder.join(path))
            .context("the tokens are sealed anew, but the file could not be written anew; give the command again")?;
    }
    say(&resealed, *format)?;
    Ok(if resealed.closed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
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

fn say(resealed: &Resealed, format: Format) -> anyhow::Result<()> {
    let Resealed { anew, already, closed } = resealed;
    if format == Format::Json {
        let told = json!({ "resealed": anew, "already": already, "closed": closed });
        anstream::println!("{}", serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    anstream::println!("{anew} tokens are sealed anew, {already} were already");
    for account in closed {
        anstream::println!("the token of account {account} opens with neither key: sign it in again by `rejoinder connect`");
    }
    Ok(())
}
