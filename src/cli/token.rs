//! `rejoinder token`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Server, at, printable};
use super::{signals, stores};
use crate::calendar::Moment;
use crate::runtime::port::{Clock as _, Store};
use crate::server::api::tokens::{self, Scope, Wanted};
use crate::server::operator::{Operator, OperatorError};
use crate::system::{SystemClock, SystemEntropy};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

#[derive(Debug, Args)]
#[command(
    after_help = "Scopes: read (conversations, outbox, versions), reply (take over, release, write), deploy (plan, deploy, roll back), operate (pause, resume, audit), export and erase (all that is kept of a customer).\n\nExamples:\n  rejoinder token create desk --scope read --scope reply --days 90\n  rejoinder token list\n  rejoinder token revoke 3"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token; it is shown once.
    Create {
        /// What history and audit call its holder.
        name: String,
        /// What it opens; more than one may be given.
        #[arg(long = "scope", required = true, value_parser = ["read", "reply", "deploy", "operate", "export", "erase"])]
        scopes: Vec<String>,
        /// For so many days; for ever without it.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: Option<u32>,
        #[command(flatten)]
        server: Server,
    },
    /// List the tokens.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// End a token at once.
    Revoke {
        /// As `token list` shows it.
        number: u32,
        #[command(flatten)]
        server: Server,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    signals::block_on(async {
        match &arguments.what {
            What::Create { name, scopes, days, server } => create(name, scopes, *days, server).await?,
            What::List { server } => list(server).await?,
            What::Revoke { number, server } => revoke(*number, server).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Whom a command speaks to: the running server, or the store that no server has open.
enum Whom {
    Server(Operator),
    Store(Arc<dyn Store>),
}

async fn whom(server: &Server) -> anyhow::Result<Whom> {
    if let Some(operator) = server.find()? {
        match operator.get("/admin/v1/pauses", &[]).await {
            // The file was left by a server that has ended.
            Err(OperatorError::Nobody { .. }) if server.server.is_none() => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(Whom::Server(operator)),
        }
    }
    let settings = server.settings()?;
    let store = stores::open(&settings.store, server.folder()).await;
    Ok(Whom::Store(store.context("no server answers, and the store cannot be opened")?))
}

async fn create(name: &str, scopes: &[String], days: Option<u32>, server: &Server) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let scopes = scopes.iter().filter_map(|word| Scope::named(word)).collect();
    let expires = days.map(|days| now.plus_ms(i64::from(days).saturating_mul(DAY_MS)));
    let wanted = Wanted { name: name.to_owned(), scopes, expires };
    let secret = match whom(server).await? {
        Whom::Server(operator) => {
            let answer = operator.post("/admin/v1/tokens", &wanted).await?;
            at(&answer, "/secret").as_str().context("the server gave no token")?.to_owned()
        }
        Whom::Store(store) => tokens::create(store.as_ref(), &SystemEntropy, now, wanted).await?.1,
    };
    anstream::eprintln!("keep it: it is not shown again");
    anstream::println!("{secret}");
    Ok(())
}

async fn list(server: &Server) -> anyhow::Result<()> {
    let tokens = match whom(server).await? {
        Whom::Server(operator) => at(&operator.get("/admin/v1/tokens", &[]).await?, "/tokens").clone(),
        Whom::Store(store) => json!(tokens::list(store.as_ref()).await?),
    };
    let tokens = tokens.as_array().map(Vec::as_slice).unwrap_or_default();
    if tokens.is_empty() {
        anstream::println!("there are no tokens");
    }
    let now = SystemClock.now();
    for token in tokens {
        let moment = |path: &str| at(token, path).as_i64().map(Moment);
        let scopes: Vec<&str> = at(token, "/scopes").as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let state = match (moment("/revoked"), moment("/expires")) {
            (Some(at), _) => format!("revoked {}", at.rfc3339()),
            (None, Some(at)) if at <= now => format!("expired {}", at.rfc3339()),
            (None, Some(at)) => format!("until {}", at.rfc3339()),
            (None, None) => "for ever".to_owned(),
        };
        let name = printable(at(token, "/name").as_str().unwrap_or_default());
        anstream::println!("{}  {name}  {}  {state}", at(token, "/number"), scopes.join(","));
    }
    Ok(())
}

async fn revoke(number: u32, server: &Server) -> anyhow::Result<()> {
    match whom(server).await? {
        Whom::Server(operator) => {
            operator.post("/admin/v1/tokens/revoke", &json!({ "number": number })).await?;
        }
        Whom::Store(store) => {
            let token = tokens::revoke(store.as_ref(), number, SystemClock.now()).await?;
            token.context("there is no such token")?;
        }
    }
    anstream::println!("token {number} opens nothing any more");
    Ok(())
}
