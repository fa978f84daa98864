//! `rejoinder plan`, `rejoinder deploy` and `rejoinder versions`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::keeping::Keeping;
use super::operator::{Server, at, printable};
use super::{flows, output, signals, stores};
use crate::calendar::Moment;
use crate::runtime::port::{Clock as _, Files};
use crate::runtime::{Audit, DeployError, Deployed, Depot, Whose, write_audit};
use crate::server::admin::OPERATOR;
use crate::server::deployments::{Sent, on};
use crate::server::operator::{Operator, OperatorError};
use crate::system::SystemClock;

#[derive(Debug, Args)]
#[command(
    after_help = "A customer in the middle of something goes on in the version it began in; where the flow and all that it leads to are the\nsame in the new version, it moves there unnoticed. Triggers, opt-out, hours, teams, contact fields and settings are the new\nversion's for everybody at once.\n\nExit codes: 0 nothing speaks against it, 1 errors or critical findings, 2 could not run.\n\nExamples:\n  rejoinder plan\n  rejoinder plan --account -000abc\n  rejoinder plan flows --format json | jq '.plan.parked[] | select(.lands == \"lost\")'"
)]
pub(super) struct PlanArguments {
    /// Files or folders; those of the settings without it.
    flows: Vec<PathBuf>,
    /// The own bot of this account (`business_id`), as its `flows` in the settings name it; without it the bot that accounts
    /// share.
    #[arg(long, allow_hyphen_values = true)]
    account: Option<String>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Without `--apply` it prints the plan and changes nothing. A server that runs takes the new version up at once, every other\nserver on the same PostgreSQL database within some seconds; without one, the next start does. A rollback leads to the version\nthat was live before, and once more back again.\n\nExit codes: 0 done, 1 errors or critical findings: nothing was changed, 2 could not run.\n\nExamples:\n  rejoinder deploy                 the plan\n  rejoinder deploy --apply\n  rejoinder deploy new-flows --apply --format json\n  rejoinder deploy --account -000abc --apply\n  rejoinder deploy --rollback"
)]
pub(super) struct DeployArguments {
    /// Files or folders; those of the settings without it.
    flows: Vec<PathBuf>,
    /// Store the flows as a version and make it live.
    #[arg(long)]
    apply: bool,
    /// Make the version live that was live before.
    #[arg(long, conflicts_with_all = ["apply", "flows"])]
    rollback: bool,
    /// The own bot of this account (`business_id`), as its `flows` in the settings name it; without it the bot that accounts
    /// share.
    #[arg(long, allow_hyphen_values = true)]
    account: Option<String>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Versions are numbered over all bots. `live` and `before` are of the bot that accounts share, or of an account's own.\n\nVersions that were not live for an hour and have no customers go when others come; the newest 50 stay.\n\nExamples:\n  rejoinder versions\n  rejoinder versions --account -000abc\n  rejoinder versions --format json"
)]
pub(super) struct VersionsArguments {
    /// The own bot of this account (`business_id`), as its `flows` in the settings name it; without it the bot that accounts
    /// share.
    #[arg(long, allow_hyphen_values = true)]
    account: Option<String>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What is asked of a server, or of a store that none has open.
enum Wish<'a> {
    Versions,
    Plan(&'a Files),
    Apply(&'a Files),
    RollBack,
}

/// Refused: the reason.
type Answer = Result<Value, String>;

pub(super) fn plan(arguments: &PlanArguments) -> anyhow::Result<ExitCode> {
    let PlanArguments { flows, account, format, server } = arguments;
    with_flows(&Asked { server, account: account.as_deref(), format: *format }, flows, false)
}

pub(super) fn run(arguments: &DeployArguments) -> anyhow::Result<ExitCode> {
    let DeployArguments { flows, account, format, server, .. } = arguments;
    let asked = Asked { server, account: account.as_deref(), format: *format };
    if arguments.rollback {
        let answer = ask(&asked, &Wish::RollBack)?;
        return show(answer, asked.format, |answer| deployed(answer, asked.account));
    }
    with_flows(&asked, flows, arguments.apply)
}

pub(super) fn versions(arguments: &VersionsArguments) -> anyhow::Result<ExitCode> {
    let VersionsArguments { account, format, server } = arguments;
    let asked = Asked { server, account: account.as_deref(), format: *format };
    let answer = ask(&asked, &Wish::Versions)?;
    show(answer, asked.format, listed)
}

/// Whom a command asks, of which bot, and how the answer is printed.
struct Asked<'a> {
    server: &'a Server,
    account: Option<&'a str>,
    format: Format,
}

impl Asked<'_> {
    /// What the settings name for the bot that is meant.
    fn flows(&self) -> anyhow::Result<Vec<PathBuf>> {
        let settings = self.server.settings()?;
        let bots = settings.bots();
        let Some((_, paths)) = bots.iter().find(|(account, _)| *account == self.account) else {
            anyhow::bail!("{}", no_bot(self.account, &settings.owners()))
        };
        Ok(paths.iter().map(|path| self.server.folder().join(path)).collect())
    }
}

/// Why there is no such bot.
fn no_bot(account: Option<&str>, owners: &[String]) -> String {
    match account {
        Some(account) => format!(
            "the settings name no `flows` of account `{}`; name them there, or leave --account out for the bot that accounts share",
            printable(account)
        ),
        None => format!("accounts share no bot; name one by --account: {}", owners.join(", ")),
    }
}

fn with_flows(asked: &Asked<'_>, paths: &[PathBuf], apply: bool) -> anyhow::Result<ExitCode> {
    let paths = if paths.is_empty() { asked.flows()? } else { paths.to_vec() };
    let loaded = flows::load(&paths)?;
    output::findings(&loaded);
    if loaded.bot.is_none() {
        anstream::eprintln!("rejoinder: a bot with errors is not deployed");
        return Ok(ExitCode::from(1));
    }
    let files = loaded.files(asked.server.folder());
    let answer = ask(asked, &if apply { Wish::Apply(&files) } else { Wish::Plan(&files) })?;
    show(answer, asked.format, |answer| match apply {
        true => format!("{}{}", planned(answer), deployed(answer, asked.account)),
        false => planned(answer),
    })
}

fn ask(asked: &Asked<'_>, wish: &Wish<'_>) -> anyhow::Result<Answer> {
    let server = asked.server;
    signals::block_on(async {
        if let Some(operator) = server.find()? {
            match ask_server(&operator, asked.account, wish).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(OperatorError::Refused(why)) => return Ok(Err(why)),
                // The file was left by a server that has ended.
                Err(OperatorError::Nobody { .. }) if server.server.is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let settings = server.settings()?;
        let owners = settings.owners();
        let whose = match asked.account {
            Some(account) if owners.iter().any(|owner| owner == account) => Whose::Own(account),
            None if !settings.flows.is_empty() || matches!(wish, Wish::Versions) => Whose::Shared { but: &owners },
            account => return Ok(Err(no_bot(account, &owners))),
        };
        let store = stores::open(&settings, server.folder()).await;
        let store = store.context("no server answers, and the store cannot be opened")?;
        let has_key = settings.token_key.is_some();
        // A server with the key begins to seal at its first start.
        let compiler = Keeping { seals: store.seals() || has_key, has_key };
        let depot = Depot { store: store.as_ref(), compiler: &compiler, now: SystemClock.now(), whose };
        match ask_store(&depot, asked.account, wish).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(DeployError::Refused(why) | DeployError::Nobody(why)) => Ok(Err(why)),
            Err(error @ DeployError::Store(_)) => Err(error.into()),
        }
    })
}

async fn ask_server(operator: &Operator, account: Option<&str>, wish: &Wish<'_>) -> Result<Value, OperatorError> {
    let query: Vec<(&str, &str)> = account.map(|account| ("account", account)).into_iter().collect();
    match wish {
        Wish::Versions => operator.get("/admin/v1/versions", &query).await,
        Wish::Plan(files) => operator.post_about("/admin/v1/plan", &query, &Sent::of(files)).await,
        Wish::Apply(files) => operator.post_about("/admin/v1/deploy", &query, &Sent::of(files)).await,
        Wish::RollBack => operator.post_about("/admin/v1/rollback", &query, &json!({})).await,
    }
}

/// Straight into the store, which no server has open, or which several share.
async fn ask_store(depot: &Depot<'_>, account: Option<&str>, wish: &Wish<'_>) -> Result<Value, DeployError> {
    Ok(match wish {
        Wish::Versions => json!({ "versions": depot.list().await? }),
        Wish::Plan(files) => json!({ "plan": depot.plan(files).await? }),
        Wish::Apply(files) => {
            let (deployed, _, plan) = depot.apply(files).await?;
            write_down(depot, "deploy", (&deployed, account)).await?;
            json!({ "deployed": deployed, "plan": plan })
        }
        Wish::RollBack => {
            let (deployed, _) = depot.roll_back(None).await?;
            write_down(depot, "rollback", (&deployed, account)).await?;
            json!({ "deployed": deployed })
        }
    })
}

/// A line of the audit, as a server would have written it.
async fn write_down(depot: &Depot<'_>, what: &str, (deployed, account): (&Deployed, Option<&str>)) -> Result<(), DeployError> {
    if !deployed.unchanged {
        let audit = Audit { by: OPERATOR.to_owned(), what: what.to_owned(), on: Some(on(deployed, account)) };
        write_audit(depot.store, depot.now, &audit).await?;
    }
    Ok(())
}

fn show(answer: Answer, format: Format, text: impl Fn(&Value) -> String) -> anyhow::Result<ExitCode> {
    let critical = |value: &Value| rows(value, "/plan/findings").iter().any(|one| at(one, "/severity") == "critical");
    match (answer, format) {
        (Ok(value), _) => {
            match format {
                Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&value)?),
                Format::Text => anstream::print!("{}", text(&value)),
            }
            Ok(if critical(&value) { ExitCode::from(1) } else { ExitCode::SUCCESS })
        }
        (Err(why), Format::Json) => {
            anstream::println!("{}", serde_json::to_string_pretty(&json!({ "error": why }))?);
            Ok(ExitCode::from(1))
        }
        (Err(why), Format::Text) => {
            anstream::eprintln!("rejoinder: {}; nothing was changed", why.lines().map(printable).collect::<Vec<_>>().join("\n"));
            Ok(ExitCode::from(1))
        }
    }
}

fn rows<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn planned(answer: &Value) -> String {
    let plan = at(answer, "/plan");
    let word = |value: &Value, path: &str| printable(at(value, path).as_str().unwrap_or_default());
    let mut out = match (at(plan, "/version").as_u64(), at(plan, "/live").as_u64()) {
        (version, Some(live)) if version == Some(live) => {
            format!("`{}` is live already, as version {live}\n", word(plan, "/name"))
        }
        (Some(version), Some(live)) => {
            format!("`{}`, stored as version {version}; version {live} is live\n", word(plan, "/name"))
        }
        (None, Some(live)) => format!("`{}` would be a new version; version {live} is live\n", word(plan, "/name")),
        (_, None) => format!("`{}` would be the first version\n", word(plan, "/name")),
    };
    let parked = rows(plan, "/parked");
    let customers: u64 = parked.iter().filter_map(|one| at(one, "/customers").as_u64()).sum();
    out.push_str(&format!("{customers} customers are in the middle of something\n"));
    for one in parked {
        out.push_str(&format!(
            "{:>7}  version {}, `{}`, {} {}: {}: {}\n",
            at(one, "/customers"),
            at(one, "/version"),
            word(one, "/flow"),
            word(one, "/step"),
            word(one, "/place"),
            word(one, "/lands"),
            word(one, "/why"),
        ));
    }
    for finding in rows(plan, "/findings") {
        out.push_str(&format!("{}: {}\n", word(finding, "/severity"), word(finding, "/text")));
    }
    out
}

fn deployed(answer: &Value, account: Option<&str>) -> String {
    let live = at(answer, "/deployed/live");
    let (of, named) = match account.map(printable) {
        Some(account) => (format!(" for account {account}"), format!(" --account {account}")),
        None => (String::new(), String::new()),
    };
    match at(answer, "/deployed/before").as_u64() {
        _ if at(answer, "/deployed/unchanged") == true => format!("version {live} is live{of}, as before\n"),
        Some(before) => {
            format!("version {live} is live{of}; `rejoinder deploy{named} --rollback` goes back to version {before}\n")
        }
        None => format!("version {live} is live{of}\n"),
    }
}

fn listed(answer: &Value) -> String {
    let versions = rows(answer, "/versions");
    if versions.is_empty() {
        return "no version is stored yet; the first start of a server stores one\n".to_owned();
    }
    let mut out = String::new();
    for one in versions {
        let mark = match (at(one, "/live") == true, at(one, "/before") == true) {
            (true, _) => "live",
            (_, true) => "before",
            _ => "",
        };
        let digest: String = at(one, "/digest").as_str().unwrap_or_default().chars().take(12).collect();
        let accounts: Vec<String> = rows(one, "/accounts").iter().filter_map(Value::as_str).map(printable).collect();
        let of = if accounts.is_empty() { String::new() } else { format!("; live for account {}", accounts.join(", ")) };
        out.push_str(&format!(
            "{:>5}  {mark:<6}  {}  stored {}, {} customers{of}\n",
            at(one, "/version"),
            printable(&digest),
            Moment(at(one, "/stored").as_i64().unwrap_or(0)).rfc3339(),
            at(one, "/customers"),
        ));
    }
    out
}
