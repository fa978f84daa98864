//! What can be seen from this machine alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Finding, fault, fine, unknown, warning};
use crate::channel::Market;
use crate::cli::{flows, secrets, stores};
use crate::runtime::port::Store;
use crate::server::settings::{Place, Secret, Settings};
use crate::store::{self, Sealed};
use crate::system::files;
use crate::system::seal::Key;

/// A store that cannot grow stops deliveries.
const FREE_BYTES_MIN: u64 = 100 << 20;
const FREE_BYTES_SOON: u64 = 1 << 30;

/// The apps' secrets, as far as they can be read.
pub(super) fn secrets(settings: &Settings, findings: &mut Vec<Finding>) -> BTreeMap<String, SecretString> {
    let mut found = BTreeMap::new();
    for app in &settings.apps {
        match secrets::read(&app.secret, &format!("the secret of app {}", app.id)) {
            Ok(secret) => {
                findings.push(match app.secret {
                    Secret::Plain(_) => warning(
                        "secret",
                        format!("app {}: its secret stands in the settings", app.id),
                        "name a variable instead: `secret = { env = \"TIKTOK_APP_SECRET\" }`",
                    ),
                    _ => fine("secret", format!("app {}: its secret is there", app.id)),
                });
                found.insert(app.id.clone(), secret);
            }
            Err(error) => findings.push(fault(
                "secret",
                format!("app {}: {error:#}", app.id),
                "give the app's secret from TikTok's portal to whoever starts the server and this command",
            )),
        }
    }
    found
}

/// How long what customers say is kept.
pub(super) fn retention(settings: &Settings, findings: &mut Vec<Finding>) {
    let days = |ms: i64| format!("{} days", ms / 86_400_000);
    let history = settings.retention.history_ms().map_or_else(|| "for ever".to_owned(), days);
    let events = days(settings.events.options().kept_ms);
    findings.push(fine("retention", format!("the history is kept {history}; events that were given up, {events}")));
}

pub(super) fn token_key(settings: &Settings, findings: &mut Vec<Finding>) -> Option<Key> {
    const REPAIR: &str = "make one with `openssl rand -base64 32` and name it: `token_key = { env = \"REJOINDER_KEY\" }`";
    let Some(secret) = &settings.token_key else {
        let what = "there is none: renewed tokens are lost at the next start, and no account can be connected";
        findings.push(fault("token_key", what, REPAIR));
        return None;
    };
    let key = secrets::read(secret, "token_key").and_then(|key| Ok(Key::from_setting(key.expose_secret())?));
    match key {
        Ok(key) => {
            findings.push(fine("token_key", "tokens are sealed in the store"));
            Some(key)
        }
        Err(error) => {
            findings.push(fault("token_key", format!("{error:#}"), REPAIR));
            None
        }
    }
}

pub(super) fn flows(settings: &Settings, folder: &Path, findings: &mut Vec<Finding>) {
    for (account, paths) in settings.bots() {
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        let named: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let whose = account.map_or_else(String::new, |account| format!("account {account}: "));
        findings.push(match flows::load_to_serve(&paths).map(|loaded| loaded.bot) {
            Ok(Some(bot)) => fine("flows", format!("{whose}`{}` has {} flows", bot.name, bot.flows.len())),
            Ok(None) => {
                let repair = format!("`rejoinder check {}` shows them", named.join(" "));
                fault("flows", format!("{whose}{} has errors, and is not served", named.join(", ")), repair)
            }
            Err(error) => {
                let repair = "put the flows there, or name their folder by `flows` in the settings";
                fault("flows", format!("{whose}{error:#}"), repair)
            }
        });
    }
}

/// The countries that the accounts are registered in.
pub(super) fn markets(settings: &Settings, findings: &mut Vec<Finding>) {
    for account in settings.apps.iter().flat_map(|app| &app.accounts) {
        let (id, Some(market)) = (&account.business_id, &account.market) else { continue };
        findings.push(match Market::of(market) {
            Some(Market::Open) => fine("market", format!("account {id}: {market} is served")),
            Some(Market::Reviewed) => warning(
                "market",
                format!("account {id}: accounts of {market} are served after another review of TikTok's"),
                "ask TikTok for the review, if it has not been passed",
            ),
            Some(Market::Closed) => fault(
                "market",
                format!("account {id}: TikTok's messages are not open to accounts of {market}"),
                "connect an account that is registered elsewhere; the server sends nothing for this one",
            ),
            None => {
                fault("market", format!("account {id}: `{market}` is no country"), "write its code of two letters, as in `EG`")
            }
        });
    }
}

/// What is known of the store.
pub(super) enum Kept {
    Open(Arc<dyn Store>),
    /// There is none that a server could run on.
    Nothing,
    /// Somebody else has it, or it cannot be reached: nobody knows who speaks to TikTok.
    Elsewhere,
}

pub(super) async fn store(settings: &Settings, folder: &Path, findings: &mut Vec<Finding>) -> Kept {
    let Place::File(path) = &settings.store else {
        return match stores::open(settings, folder).await {
            Ok(store) => {
                findings.push(fine("database", "PostgreSQL answers"));
                texts(&store, settings, findings).await;
                Kept::Open(store)
            }
            Err(error) => {
                let repair =
                    "see that the database runs, that its address and password are right, and that this machine reaches it";
                findings.push(fault("database", format!("{error:#}"), repair));
                Kept::Elsewhere
            }
        };
    };
    let path = folder.join(path);
    disk(&path, findings);
    if !files::exists(&path) {
        findings.push(fine("database", format!("{} is made at the first start", path.display())));
        return Kept::Nothing;
    }
    match store::check(&path) {
        Ok(checked) if checked.findings.is_empty() => {
            findings.push(fine("database", format!("{}: {} conversations", path.display(), checked.conversations)));
        }
        checked => {
            let why = match checked {
                Ok(checked) => checked.findings.join("; "),
                Err(error) => error.to_string(),
            };
            let repair = "bring a copy back: `rejoinder db restore COPY STORE`";
            findings.push(fault("database", format!("{} is damaged: {why}", path.display()), repair));
            return Kept::Nothing;
        }
    }
    match stores::open(settings, folder).await {
        Ok(store) => {
            texts(&store, settings, findings).await;
            Kept::Open(store)
        }
        // A server has it, which is asked.
        Err(_) => Kept::Elsewhere,
    }
}

/// How customers' texts lie in the store.
async fn texts(store: &Sealed, settings: &Settings, findings: &mut Vec<Finding>) {
    if store.is_closed() {
        let what = "customers' texts in the store are sealed under another key, or the key is not set here";
        findings.push(fault("token_key", what, "give the key that the store had, or change keys by `rejoinder secrets rotate`"));
    } else if settings.token_key.is_some() && !store.seals() && !store.may_begin().await.unwrap_or(true) {
        let what = "customers' texts stand in the database in plain";
        findings.push(warning("token_key", what, "stop all servers of the database, and give `rejoinder secrets seal`"));
    }
}

fn disk(path: &Path, findings: &mut Vec<Finding>) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !files::is_folder(folder) {
        let repair = format!("make it: `mkdir -p {}`", folder.display());
        findings.push(fault("disk", format!("the store's folder {} is not there", folder.display()), repair));
        return;
    }
    findings.push(match files::free_bytes(folder) {
        Ok(free) if free < FREE_BYTES_MIN => {
            fault("disk", format!("{} MB are free for the store", free >> 20), "make room: without it deliveries are refused")
        }
        Ok(free) if free < FREE_BYTES_SOON => {
            warning("disk", format!("{} MB are free for the store", free >> 20), "make room soon")
        }
        Ok(free) => fine("disk", format!("{} GB are free for the store", free >> 30)),
        Err(error) => unknown("disk", format!("nobody says how much is free: {error}")),
    });
}
