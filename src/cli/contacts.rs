//! `rejoinder contacts`: all that is kept of a customer, read as one document or erased.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Server, at, printable};
use super::{flows, replay, signals, stores};
use crate::runtime::port::{Clock as _, Store};
use crate::runtime::{Audit, erase_stored, erasure_plan, export_stored, write_audit};
use crate::server::contacts::{BY, Which};
use crate::server::operator::{Operator, OperatorError};
use crate::server::settings::Settings;
use crate::system::SystemClock;

/// Another process may commit between our reading and our erasing.
const TRIES: usize = 16;

#[derive(Debug, Args)]
#[command(
    after_help = "WHO is TikTok's id of a conversation, or the server's own number of it. The customer's comments go with it; of somebody who\nhas only commented they are named by `comments:` and TikTok's id of the person. A server that runs is asked; without one the\nsettings' store is opened.\n\nExamples:\n  rejoinder contacts export 7380123456789 > mona.json\n  rejoinder contacts erase 7380123456789 --plan\n  rejoinder contacts erase 7380123456789 --yes\n\nExit codes: 0 done, 1 nothing is known of somebody or it was not confirmed, 2 it could not be done."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print all that is kept of a customer as one JSON document.
    Export {
        #[arg(required = true)]
        who: Vec<String>,
        /// With the secret fields of the contact; without it they are named and left out.
        #[arg(long)]
        secrets: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Erase all that is kept of a customer, for ever: talk, contact, what waits, what other systems were not told yet.
    Erase {
        #[arg(required = true)]
        who: Vec<String>,
        /// Only say what would be removed.
        #[arg(long)]
        plan: bool,
        /// Do not ask.
        #[arg(long, conflicts_with = "plan")]
        yes: bool,
        #[command(flatten)]
        server: Server,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        What::Export { who, secrets, server } => signals::block_on(export(who, *secrets, server)),
        What::Erase { who, plan, yes, server } => signals::block_on(erase(who, *plan, *yes, server)),
    }
}

/// Who does it: a server, or this process on the store.
enum Hands {
    Server(Operator),
    Store { store: Arc<dyn Store>, folder: PathBuf, settings: Box<Settings> },
}

impl Hands {
    async fn find(server: &Server) -> anyhow::Result<Self> {
        if let Some(operator) = server.find()? {
            match operator.get("/admin/v1/pauses", &[]).await {
                // The file was left by a server that has ended.
                Err(OperatorError::Nobody { .. }) if server.server.is_none() => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(Self::Server(operator)),
            }
        }
        let settings = server.settings()?;
        let store: Arc<dyn Store> = stores::open(&settings, server.folder()).await?;
        Ok(Self::Store { store, folder: server.folder().to_owned(), settings: Box::new(settings) })
    }

    async fn export(&self, who: &str, secrets: bool) -> anyhow::Result<Vec<Value>> {
        let (store, folder, settings) = match self {
            Self::Server(operator) => {
                let query = [("who", who), ("secrets", if secrets { "true" } else { "false" })];
                return Ok(found(operator.get("/admin/v1/contacts/export", &query).await)?
                    .map(|told| list(&told, "/conversations"))
                    .unwrap_or_default());
            }
            Self::Store { store, folder, settings } => (store, folder, settings),
        };
        let accounts = store.accounts().await?;
        let mut conversations = Vec::new();
        for id in replay::named(store.as_ref(), who).await? {
            let Some(row) = store.load(id).await? else { continue };
            let account = accounts.iter().find(|account| account.id == row.account);
            let paths = settings.flows_of(account.map_or("", |account| account.open_id.as_str()));
            let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
            let bot = flows::load(&paths).ok().and_then(|loaded| loaded.bot);
            // Of a field that its bot does not know nobody can say that it is no secret.
            let secret = |name: &str| {
                let field = bot.as_ref().and_then(|bot| bot.contact.iter().find(|field| field.name == name));
                !secrets && field.is_none_or(|field| field.secret)
            };
            if let Some(export) = export_stored(store.as_ref(), id, SystemClock.now(), &secret).await? {
                write_audit(store.as_ref(), SystemClock.now(), &audit("export", id.0)).await?;
                conversations.push(serde_json::to_value(export)?);
            }
        }
        Ok(conversations)
    }

    async fn plan(&self, who: &str) -> anyhow::Result<Vec<Value>> {
        let store = match self {
            Self::Server(operator) => {
                return Ok(list(&operator.get("/admin/v1/contacts/plan", &[("who", who)]).await?, "/plans"));
            }
            Self::Store { store, .. } => store,
        };
        let mut plans = Vec::new();
        for id in replay::named(store.as_ref(), who).await? {
            plans.extend(erasure_plan(store.as_ref(), id).await?);
        }
        Ok(plans.iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }

    /// What was removed; `None` where it was gone already.
    async fn erase(&self, conversation: i64) -> anyhow::Result<Option<Value>> {
        let store = match self {
            Self::Server(operator) => {
                let done = found(operator.post("/admin/v1/contacts/erase", &Which { conversation }).await)?;
                return Ok(done.map(|done| at(&done, "/removed").clone()));
            }
            Self::Store { store, .. } => store,
        };
        for _ in 0..TRIES {
            let Some(row) = store.load(crate::runtime::port::ConversationId(conversation)).await? else { return Ok(None) };
            if let Some(removed) = erase_stored(store.as_ref(), &row, SystemClock.now(), BY).await? {
                write_audit(store.as_ref(), SystemClock.now(), &audit("erase", conversation)).await?;
                return Ok(Some(serde_json::to_value(removed)?));
            }
        }
        anyhow::bail!("others commit to this conversation at the same time; try again")
    }
}

fn audit(what: &str, conversation: i64) -> Audit {
    Audit { by: BY.to_owned(), what: what.to_owned(), on: Some(format!("conversation {conversation}")) }
}

/// An answer, unless nothing is known.
fn found(answer: Result<Value, OperatorError>) -> Result<Option<Value>, OperatorError> {
    match answer {
        Err(OperatorError::Refused(why)) if why.starts_with("nothing is known") => Ok(None),
        answer => answer.map(Some),
    }
}

fn list(value: &Value, path: &str) -> Vec<Value> {
    at(value, path).as_array().cloned().unwrap_or_default()
}

async fn export(who: &[String], secrets: bool, server: &Server) -> anyhow::Result<ExitCode> {
    let hands = Hands::find(server).await?;
    let (mut conversations, mut code) = (Vec::new(), ExitCode::SUCCESS);
    for who in who {
        let told = hands.export(who, secrets).await?;
        if told.is_empty() {
            anstream::eprintln!("nothing is known of {}", printable(who));
            code = ExitCode::from(1);
        }
        conversations.extend(told);
    }
    if !conversations.is_empty() {
        anstream::println!("{}", serde_json::to_string_pretty(&json!({ "conversations": conversations }))?);
    }
    Ok(code)
}

async fn erase(who: &[String], plan_only: bool, yes: bool, server: &Server) -> anyhow::Result<ExitCode> {
    let hands = Hands::find(server).await?;
    let (mut plans, mut code) = (Vec::new(), ExitCode::SUCCESS);
    for who in who {
        let planned = hands.plan(who).await?;
        if planned.is_empty() {
            anstream::eprintln!("nothing is known of {}", printable(who));
            code = ExitCode::from(1);
        }
        plans.extend(planned);
    }
    for plan in &plans {
        anstream::println!("{}", line(plan));
    }
    if plan_only || plans.is_empty() {
        return Ok(code);
    }
    if !yes && !confirmed()? {
        anstream::eprintln!("nothing was erased");
        return Ok(ExitCode::from(1));
    }
    for plan in &plans {
        let id = at(plan, "/id").as_i64().context("a plan without a number")?;
        match hands.erase(id).await? {
            Some(removed) => anstream::println!("erased conversation {id}: {}", counts(&removed)),
            None => anstream::println!("conversation {id} was gone already"),
        }
    }
    Ok(code)
}

/// Whether somebody at a terminal says yes.
fn confirmed() -> anyhow::Result<bool> {
    let input = std::io::stdin();
    anyhow::ensure!(input.is_terminal(), "nobody can be asked here: add `--yes` to erase, or `--plan` to see only what would go");
    anstream::eprint!("Erase this for ever? [y/N] ");
    std::io::stderr().flush()?;
    let mut said = String::new();
    input.lock().read_line(&mut said)?;
    Ok(matches!(said.trim(), "y" | "Y" | "yes"))
}

fn line(plan: &Value) -> String {
    let word = |path: &str| printable(at(plan, path).as_str().unwrap_or_default());
    let number = |path: &str| at(plan, path).as_u64().unwrap_or(0);
    format!(
        "conversation {} ({}) of account {}: {} lines of history, {} replies that wait, {} events, {} fields, {} tags",
        word("/external"),
        number("/id"),
        word("/account"),
        number("/history"),
        number("/replies"),
        number("/events"),
        number("/contact"),
        number("/tags")
    )
}

fn counts(removed: &Value) -> String {
    let number = |path: &str| at(removed, path).as_u64().unwrap_or(0);
    format!(
        "{} lines of history, {} replies that waited, {} events, {} other lines emptied",
        number("/history"),
        number("/replies"),
        number("/events"),
        number("/lines")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_one_line_that_no_name_breaks() {
        let plan = json!({ "id": 4, "account": "-000", "external": "c1\n\u{1b}[2J", "history": 9, "replies": 1, "events": 0, "contact": 2, "tags": 1 });
        let expected = "conversation c1 \u{fffd}[2J (4) of account -000: 9 lines of history, 1 replies that wait, 0 events, 2 fields, 1 tags";
        assert_eq!(line(&plan), expected);
    }
}
