//! Who calls the business's systems for `serve`, `dev` and `talk`, and what such calls need.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::bot::{Bot, Method};
use crate::engine::{Answer, Request};
use crate::fetch::{Client, Options};
use crate::runtime::port::{Clock as _, Entropy as _, FetchCall, Fetcher};
use crate::system::{SystemClock, SystemEntropy, environment};

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

/// Makes the calls of a chat in the terminal.
pub(super) struct Caller {
    threads: tokio::runtime::Runtime,
    fetcher: Arc<dyn Fetcher>,
    origins: Vec<String>,
}

impl Caller {
    /// # Errors
    /// When no thread or no HTTP client can be made.
    pub(super) fn new(bot: &Bot) -> anyhow::Result<Self> {
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let fetcher = threads.block_on(async { fetcher(&at_home()) })?;
        Ok(Self { threads, fetcher, origins: bot.settings.fetch_from.clone() })
    }

    /// The call with all its tries; nobody else is waiting, so that the pauses are the longest ones.
    pub(super) fn make(&self, request: &Request) -> Answer {
        let (request, origins) = (Arc::new(request.clone()), self.origins.clone());
        let mut word = [0_u8; 16];
        SystemEntropy.fill(&mut word);
        let key: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = (request.method != Method::Get).then_some(key);
        self.threads.block_on(async {
            let mut nth = 0;
            loop {
                let timeout = Duration::from_millis(request.timeout_ms.max(1).unsigned_abs());
                let (request, key, origins) = (Arc::clone(&request), key.clone(), origins.clone());
                let (answer, again) =
                    self.fetcher.fetch(FetchCall { request: Arc::clone(&request), key, origins, timeout }).await.into_answer();
                nth += 1;
                let Some(pause) = again.filter(|_| nth <= request.retry) else { return answer };
                let longest = Duration::from_millis(Request::pause_ms(nth).max(0).unsigned_abs());
                SystemClock.sleep(pause.max(longest)).await;
            }
        })
    }
}

/// Names the secrets of a bot that are not set: each call that needs one fails.
pub(super) fn say_what_is_missing(bot: &Bot) {
    let missing: Vec<&str> = bot.settings.secrets.iter().filter(|name| secret(name).is_none()).map(String::as_str).collect();
    if !missing.is_empty() {
        anstream::eprintln!("warning: not set in the environment: {}; each `fetch` that needs it fails", missing.join(", "));
    }
}
