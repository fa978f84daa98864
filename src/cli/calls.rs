//! Who calls the business's systems for `serve`, `dev` and `talk`, and what such calls need.

use std::sync::Arc;

use secrecy::SecretString;

use crate::bot::Bot;
use crate::fetch::{Client, Options};
use crate::runtime::port::Fetcher;
use crate::system::environment;

/// Calls that may go to this machine, for a bot that is being written.
pub(super) fn at_home() -> Options {
    let open = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec();
    Options { open, ..Options::default() }
}

/// A client that reads its secrets from the environment.
///
/// # Errors
/// When the settings name a proxy that is none, or TLS cannot be set up.
pub(super) fn fetcher(options: &Options) -> anyhow::Result<Arc<dyn Fetcher>> {
    Ok(Arc::new(Client::new(options, Arc::new(secret))?))
}

/// The value of a `secret NAME`: what stands around it (a line end from a file) is not of it.
fn secret(name: &str) -> Option<SecretString> {
    let value = environment::var(name).ok().flatten()?;
    let value = value.trim();
    (!value.is_empty()).then(|| SecretString::from(value.to_owned()))
}

/// Names the secrets of a bot that are not set: each call that needs one fails.
pub(super) fn say_what_is_missing(bot: &Bot) {
    let missing: Vec<&str> = bot.settings.secrets.iter().filter(|name| secret(name).is_none()).map(String::as_str).collect();
    if !missing.is_empty() {
        anstream::eprintln!("warning: not set in the environment: {}; each `fetch` that needs it fails", missing.join(", "));
    }
}
