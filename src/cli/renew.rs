//! Settings and flows that change while the server runs: on SIGHUP they are read anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::{flows, output, serve, signals};
use crate::runtime::Deployments;
use crate::server::Doors;
use crate::server::settings::Settings;
use crate::system::aside;

/// Reads the settings anew at each SIGHUP, for ever.
pub(super) async fn at_hangups(mut hangups: signals::Hangups, config: PathBuf, mut settings: Settings, doors: Arc<Doors>) {
    loop {
        hangups.next().await;
        match serve::read(&config) {
            Ok(mut new) => {
                if doors.dry_run {
                    new.store = new.store.of_dry_run();
                }
                apply(&settings, &new, &doors);
                settings = new;
                flows_anew(&config, &settings, &doors).await;
            }
            Err(error) => tracing::error!("the settings stay as they were: {error:#}"),
        }
    }
}

/// Flows that were never deployed become the live version, of each bot.
async fn flows_anew(config: &Path, settings: &Settings, doors: &Doors) {
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    for (account, paths) in settings.bots() {
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        match doors.runtime.deployments(account) {
            Ok(deployments) => bot_anew(&deployments, account, paths, folder.clone()).await,
            Err(error) => tracing::warn!("its flows are read at the next start: {error}"),
        }
    }
}

async fn bot_anew(deployments: &Deployments, account: Option<&str>, paths: Vec<PathBuf>, folder: PathBuf) {
    let whose = account.map_or_else(String::new, |account| format!("account {account}: "));
    let read = aside(move || {
        let loaded = flows::load_to_serve(&paths)?;
        output::findings(&loaded);
        Ok::<_, anyhow::Error>(loaded.bot.is_some().then(|| loaded.files(&folder)))
    });
    let files = match read.await {
        Ok(Ok(Some(files))) => files,
        Ok(Ok(None)) => return tracing::error!("{whose}the flows have errors; the live version goes on"),
        Ok(Err(error)) => return tracing::error!("{whose}the flows cannot be read, the live version goes on: {error:#}"),
        Err(error) => return tracing::error!(%error, "{whose}the flows were not read"),
    };
    match deployments.refresh(&files).await {
        Ok(Ok(deployed)) => anstream::println!("{whose}flows read anew: version {} is live", deployed.live),
        Ok(Err(number)) if number != deployments.version() => {
            let named = account.map_or_else(String::new, |account| format!(" --account {account}"));
            tracing::warn!(
                "{whose}the flows are version {number}, which is not live; `rejoinder deploy{named} --apply` makes them live"
            );
        }
        Ok(Err(_)) => {}
        Err(error) => tracing::error!(%error, "{whose}the flows were not deployed; the live version goes on"),
    }
}

fn apply(old: &Settings, new: &Settings, doors: &Doors) {
    let stay = needs_restart(old, new);
    if !stay.is_empty() {
        tracing::warn!("from the next start on: {}", stay.join(", "));
    }
    doors.testers.set(new.testers.iter().cloned());
    for app in &new.apps {
        doors.runtime.tune(&app.id, app.calls_per_second, app.window_margin.0, app.conversations_a_day);
    }
    if let Some(log) = &new.log
        && !output::change_log(log)
    {
        tracing::error!(log, "the level of the log stays as it was");
    }
    anstream::println!("settings read anew: pace, conversations a day, margins, testers, log");
}

/// What has changed and cannot without a start.
fn needs_restart(old: &Settings, new: &Settings) -> Vec<String> {
    let proxy = |settings: &Settings| settings.fetch.proxy.as_ref().map(|proxy| proxy.expose_secret().to_owned());
    // Secrets say of themselves only where they are.
    let pairs = [
        ("store", format!("{:?}", old.store), format!("{:?}", new.store)),
        ("store_wait", format!("{:?}", old.store_wait), format!("{:?}", new.store_wait)),
        ("listen", old.listen.clone(), new.listen.clone()),
        ("admin_listen", old.admin_listen.clone(), new.admin_listen.clone()),
        ("admin_token", format!("{:?}", old.admin_token), format!("{:?}", new.admin_token)),
        ("public_url", format!("{:?}", old.public_url), format!("{:?}", new.public_url)),
        ("events", format!("{:?}", old.events), format!("{:?}", new.events)),
        ("fetch", format!("{:?} {:?}", old.fetch, proxy(old)), format!("{:?} {:?}", new.fetch, proxy(new))),
        ("traces", format!("{:?}", old.traces), format!("{:?}", new.traces)),
        ("token_key", format!("{:?}", old.token_key), format!("{:?}", new.token_key)),
    ];
    let mut found: Vec<String> =
        pairs.into_iter().filter(|(_, old, new)| old != new).map(|(name, ..)| format!("`{name}`")).collect();
    let fixed = |settings: &Settings| -> Vec<String> {
        let app = |app: &crate::server::settings::App| {
            format!("{:?}", (&app.id, &app.secret, &app.api, app.signature_age_max, &app.accounts))
        };
        settings.apps.iter().map(app).collect()
    };
    if fixed(old) != fixed(new) {
        found.push("`id`, `secret`, `api`, `signature_age_max` and accounts of an `[[app]]`".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_change_without_a_start_is_named_and_what_can_is_not() {
        let text = "store = \"a.db\"\n[[app]]\nid = \"1\"\nsecret = { env = \"S\" }\ncalls_per_second = 10\n";
        let read = |text: &str| Settings::parse("r.toml", text).unwrap();
        let old = read(text);
        assert!(needs_restart(&old, &read(&text.replace("= 10", "= 5"))).is_empty());
        assert!(needs_restart(&old, &read(&format!("testers = [\"1\"]\nlog = \"debug\"\n{text}"))).is_empty());
        assert_eq!(needs_restart(&old, &read(&text.replace("a.db", "b.db"))), ["`store`"]);
        assert_eq!(needs_restart(&old, &read(&text.replace("\"S\"", "\"T\""))).len(), 1);
        let fetch = |more: &str| read(&format!("{text}[fetch]\n{more}"));
        assert_eq!(needs_restart(&old, &fetch("open = [\"localhost\"]\n")), ["`fetch`"]);
        let (one, two) = (fetch("proxy = \"http://one\""), fetch("proxy = \"http://two\""));
        assert_eq!((needs_restart(&one, &two).len(), needs_restart(&one, &one).len()), (1, 0));
    }
}
