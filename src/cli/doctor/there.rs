//! What can be seen from the server that runs, from the world, and from TikTok.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

use super::here::Kept;
use super::{Finding, fault, fine, unknown, warning};
use crate::calendar::Moment;
use crate::cli::keeper::Keeper;
use crate::cli::operator::{Server, at};
use crate::cli::serve;
use crate::runtime::Errand;
use crate::runtime::port::{Clock as _, Transport as _};
use crate::server::connecting::Examination;
use crate::server::examine::{AccountFacts, AppFacts, Registration, TokenState, examine};
use crate::server::operator::OperatorError;
use crate::server::probe::{Reached, reach};
use crate::server::registration;
use crate::server::settings::{App, Settings};
use crate::system::seal::Key;
use crate::system::{SystemClock, SystemEntropy};
use crate::tiktok::client::{AppAccess, Client};
use crate::tiktok::token::Tokens;

/// A difference of clocks that stops nothing yet, and one that does; in milliseconds.
const CLOCK_SOON_MS: i64 = 60_000;
const CLOCK_STOPS_MS: i64 = 300_000;
const DAY_MS: i64 = 86_400_000;

pub(super) struct Known<'a> {
    pub(super) server: &'a Server,
    pub(super) settings: &'a Settings,
    pub(super) secrets: &'a BTreeMap<String, SecretString>,
    pub(super) key: Option<Key>,
    pub(super) store: Kept,
}

pub(super) async fn look(known: &Known<'_>, findings: &mut Vec<Finding>) {
    let running = running(known.server, findings).await;
    address(known, findings).await;
    let asked_by_server = running.is_some();
    let examined = match running {
        Some(examined) => examined,
        None => match alone(known, findings).await {
            Ok(examined) => examined,
            Err(why) => {
                findings.push(unknown("registration", format!("TikTok was not asked: {why}")));
                return;
            }
        },
    };
    if asked_by_server {
        automatic(known.server, findings).await;
    }
    clock(examined.clock_ms, findings);
    for app in &examined.apps {
        registered(app, known.settings.public_url.as_deref(), findings);
        for account in &app.accounts {
            token(account, findings);
        }
    }
    for (account, state, why) in &examined.stopped {
        let repair = match state.as_str() {
            "needs_sign_in" => "sign it in anew: `rejoinder connect`",
            "market_not_served" => "connect an account that is registered elsewhere",
            _ => "see in TikTok's app what the account may not do; sign it in anew by `rejoinder connect` when that is mended",
        };
        findings.push(fault("account", format!("account {account} sends nothing ({state}): {why}"), repair));
    }
}

/// Whether TikTok says by itself what the bots declare.
async fn automatic(server: &Server, findings: &mut Vec<Finding>) {
    let Ok(Some(operator)) = server.find() else { return };
    let answer = match operator.get("/admin/v1/sync", &[]).await {
        Ok(answer) => answer,
        // No account is served, or nothing is asked of TikTok at all: told elsewhere.
        Err(_) => return,
    };
    for row in at(&answer, "/accounts").as_array().into_iter().flatten() {
        let account = at(row, "/account").as_str().unwrap_or_default();
        let count = |path: &str| at(row, path).as_array().map_or(0, Vec::len);
        if let Some(why) = at(row, "/error").as_str() {
            findings.push(unknown("automatic", format!("account {account}: {why}")));
        } else if count("/steps") + count("/later") > 0 {
            let what = "what TikTok says by itself (`welcome`, `suggest`, `prompt`) is not what its bot declares";
            findings.push(warning("automatic", format!("account {account}: {what}"), "see the plan and agree: `rejoinder sync`"));
        } else {
            findings.push(fine("automatic", format!("account {account}: TikTok says by itself what the bot declares")));
        }
    }
}

/// The server that runs, which asks TikTok itself.
async fn running(server: &Server, findings: &mut Vec<Finding>) -> Option<Examination> {
    const START: &str = "start it: `rejoinder serve`";
    let asked = match server.find() {
        Ok(Some(operator)) => operator.get("/admin/v1/examination", &[]).await,
        Ok(None) => {
            findings.push(fault("server", "none runs with these settings", START));
            return None;
        }
        Err(error) => {
            findings.push(fault("server", format!("{error:#}"), "remove what is named, and start the server anew"));
            return None;
        }
    };
    let answer: Value = match asked {
        Ok(answer) => answer,
        Err(OperatorError::Nobody { .. }) => {
            findings.push(fault("server", "none answers: the last one did not end by itself", START));
            return None;
        }
        Err(error) => {
            findings.push(unknown("server", error.to_string()));
            return None;
        }
    };
    for reason in at(&answer, "/reasons").as_array().map(Vec::as_slice).unwrap_or_default() {
        let word = at(reason, "/reason").as_str().unwrap_or("?");
        let what = format!("it runs, and {word} stops {}", at(reason, "/stops").as_str().unwrap_or("?"));
        findings.push(warning("server", what, "docs/operating.md, Health, says what each reason means"));
    }
    match serde_json::from_value(answer) {
        Ok(examined) => {
            findings.push(fine("server", "it runs"));
            Some(examined)
        }
        Err(error) => {
            findings.push(unknown("server", format!("it is of another version: {error}")));
            None
        }
    }
}

/// The public address, as TikTok reaches it.
async fn address(known: &Known<'_>, findings: &mut Vec<Finding>) {
    let Some(url) = known.settings.public_url.as_deref() else {
        let repair = "set `public_url = \"https://…\"` to where the world reaches the server";
        findings.push(warning("address", "the settings name no `public_url`", repair));
        return;
    };
    let Some((app, secret)) = known.secrets.iter().next() else {
        findings.push(unknown("address", "without an app's secret nobody can tell whose server answers"));
        return;
    };
    if !url.starts_with("https://") {
        findings.push(warning(
            "address",
            format!("{url} is not encrypted"),
            "TikTok's sign-in takes `https://` alone: put the server behind a proxy that has a certificate",
        ));
    }
    let found = match reach(url, app, secret, SystemClock.now()).await {
        Reached::Ours => {
            findings.push(fine("signature", format!("app {app}: the server knows a delivery that is signed with its secret")));
            fine("address", format!("{url} leads to the server"))
        }
        Reached::OtherSecret => {
            findings.push(fault(
                "signature",
                format!(
                    "app {app}: the server holds another secret than these settings, and refuses what is signed with this one"
                ),
                "start the server anew with the app's secret from TikTok's portal",
            ));
            fine("address", format!("{url} leads to the server"))
        }
        Reached::Stranger(how) => fault(
            "address",
            format!("{url} leads to something else, which answers {how}"),
            format!("let the proxy lead {} to the server's `listen`", registration::WEBHOOK),
        ),
        Reached::Nobody(why) => fault(
            "address",
            format!("nobody answers at {url}: {why}"),
            "see that the server runs, that the name leads to its machine, and that the firewall lets the world in",
        ),
    };
    findings.push(found);
}

fn clock(clock_ms: Option<i64>, findings: &mut Vec<Finding>) {
    findings.push(match clock_ms {
        None => unknown("clock", "TikTok has not answered, so that its clock is not known"),
        Some(ms) if ms.abs() >= CLOCK_STOPS_MS => fault(
            "clock",
            format!(
                "TikTok's clock and this machine's differ by {} seconds: nothing is sent, and deliveries are refused",
                ms / 1_000
            ),
            "let the machine keep the time: `timedatectl set-ntp true`",
        ),
        Some(ms) if ms.abs() >= CLOCK_SOON_MS => warning(
            "clock",
            format!("TikTok's clock and this machine's differ by {} seconds", ms / 1_000),
            "let the machine keep the time: `timedatectl set-ntp true`",
        ),
        Some(_) => fine("clock", "TikTok's clock and this machine's agree"),
    });
}

fn registered(facts: &AppFacts, public_url: Option<&str>, findings: &mut Vec<Finding>) {
    const SET: &str = "`rejoinder registration set`";
    let app = &facts.app;
    findings.push(match (&facts.registration, registration::expected(public_url)) {
        (Registration::Nowhere, _) => fault("registration", format!("app {app}: TikTok delivers nowhere"), SET),
        (Registration::At(address), Some(expected)) if *address != expected => {
            fault("registration", format!("app {app}: TikTok delivers to {address}, and the server is at {expected}"), SET)
        }
        (Registration::At(address), _) => fine("registration", format!("app {app}: TikTok delivers to {address}")),
        (Registration::Secret(why), _) => fault(
            "signature",
            format!("app {app}: TikTok does not know the app by this id and secret: {why}"),
            "copy both from TikTok's portal into the settings, and start the server anew",
        ),
        (Registration::Unknown(why), _) => unknown("registration", format!("app {app}: {why}")),
    });
}

fn token(facts: &AccountFacts, findings: &mut Vec<Finding>) {
    const CONNECT: &str = "sign the account in: `rejoinder connect`";
    let account = &facts.account;
    match &facts.token {
        TokenState::None => findings.push(fault("token", format!("account {account}: there is none"), CONNECT)),
        TokenState::Refused(code) => {
            findings.push(fault("token", format!("account {account}: TikTok refuses it ({code})"), CONNECT));
        }
        TokenState::Anothers(owner) => findings.push(fault(
            "token",
            format!("account {account}: the token belongs to {owner}"),
            "put right which token stands at which `business_id`",
        )),
        TokenState::Unknown(why) => findings.push(unknown("token", format!("account {account}: {why}"))),
        TokenState::Good { missing } => {
            findings.push(renewable(account, facts.renewable_ms));
            findings.push(if missing.is_empty() {
                fine("scopes", format!("account {account}: all that messages need"))
            } else {
                fault(
                    "scopes",
                    format!("account {account}: {} is not granted", missing.join(", ")),
                    "let TikTok approve the app's permission Business Messaging, then sign the account in anew: `rejoinder connect`",
                )
            });
        }
    }
}

fn renewable(account: &str, left_ms: Option<i64>) -> Finding {
    match left_ms.map(|left| left / DAY_MS) {
        Some(days) if days < 30 => warning(
            "token",
            format!("account {account}: it is good, and can be renewed for {days} days more"),
            "sign the account in anew: `rejoinder connect`",
        ),
        _ => fine("token", format!("account {account}: it is good")),
    }
}

/// Asks TikTok where no server runs.
async fn alone(known: &Known<'_>, findings: &mut Vec<Finding>) -> Result<Examination, String> {
    let clock: Arc<SystemClock> = Arc::new(SystemClock);
    let store = match &known.store {
        Kept::Open(store) => Some(Arc::clone(store)),
        Kept::Nothing => None,
        Kept::Elsewhere => return Err("another process has the store, and cannot be asked".to_owned()),
    };
    let apps: Vec<&App> = known.settings.apps.iter().filter(|app| known.secrets.contains_key(&app.id)).collect();
    let tokens = Arc::new(Tokens::in_memory());
    let mut asked = Vec::new();
    for app in &apps {
        let mut accounts: Vec<String> = app.accounts.iter().map(|account| account.business_id.clone()).collect();
        if let Some(store) = &store {
            let rows = crate::runtime::connected(store.as_ref()).await.map_err(|error| error.to_string())?;
            let more = rows.into_iter().filter(|row| row.app == app.id).map(|row| row.open_id);
            accounts.extend(more.filter(|id| app.accounts.iter().all(|account| account.business_id != *id)));
        }
        for account in &accounts {
            if let Err(error) = hold(known, app, account, &tokens).await {
                findings.push(fault(
                    "token",
                    format!("{error:#}"),
                    "give the token to whoever starts the server and this command, or `rejoinder connect`",
                ));
            }
        }
        asked.push((app.id.clone(), accounts));
    }
    let access = |app: &&App| {
        let secret = known.secrets.get(&app.id).cloned()?;
        Some(AppAccess { id: app.id.clone(), secret, api: app.api.clone() })
    };
    let client = Client::new(apps.iter().filter_map(access).collect(), tokens, Arc::clone(&clock) as _);
    let client = client.map_err(|error| error.to_string())?;
    let errand = Errand::new(store, Arc::clone(&clock) as _);
    let now: Moment = clock.now();
    let facts = examine(&client, &asked, now, &errand).await;
    for (app, _) in &asked {
        // What is not given back ends by itself.
        let _ = errand.release(app).await;
    }
    Ok(Examination { apps: facts, clock_ms: client.skew_ms(), stopped: Vec::new() })
}

/// Takes the account's token as a start of the server would.
async fn hold(known: &Known<'_>, app: &App, account: &str, tokens: &Tokens) -> anyhow::Result<()> {
    let given = serve::given(app, account)?;
    let first = match (&known.store, &known.key) {
        (Kept::Open(store), Some(key)) => {
            let keeper = Keeper { key: key.clone(), store: Arc::clone(store), entropy: Arc::new(SystemEntropy) };
            keeper.first(&app.id, account, given).await?
        }
        _ => given.map(|token| (1, token)),
    };
    if let Some((generation, token)) = first {
        tokens.put(&app.id, account, generation, token);
    }
    Ok(())
}
