//! `rejoinder pause` and `rejoinder resume`

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::operator::{Server, at};
use super::{signals, stores};
use crate::calendar::Moment;
use crate::runtime::port::{AccountId, Clock as _, Store as _};
use crate::runtime::{Audit, write_audit, write_pause};
use crate::server::admin::{OPERATOR, Which};
use crate::server::operator::{Operator, OperatorError};
use crate::system::SystemClock;

#[derive(Debug, Args)]
#[command(
    after_help = "A pause stands in the store: it survives a restart and holds for every server on the store. What was marked before may still be on its way. Replies wait; one whose 48 hours end meanwhile ends with the reason `paused`.\n\nExamples:\n  rejoinder pause                      all accounts, now\n  rejoinder pause -000abc              one account\n  rejoinder resume\n  REJOINDER_ADMIN_TOKEN=… rejoinder pause --server http://10.0.0.5:9464"
)]
pub(super) struct Arguments {
    /// The account's `business_id`; all accounts without it.
    #[arg(allow_hyphen_values = true)]
    account: Option<String>,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments, pause: bool) -> anyhow::Result<ExitCode> {
    signals::block_on(async {
        if let Some(operator) = arguments.server.find()? {
            match ask(&operator, arguments.account.as_deref(), pause).await {
                Ok(answer) => {
                    say(&answer);
                    return Ok(ExitCode::SUCCESS);
                }
                // The file was left by a server that has ended.
                Err(OperatorError::Nobody { .. }) if arguments.server.server.is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
        write(arguments, pause).await?;
        let what = arguments.account.as_deref().map_or("all accounts".to_owned(), |account| format!("account {account}"));
        let word = if pause { "is paused" } else { "goes on" };
        anstream::println!("no server runs here; from its next start on sending of {what} {word}");
        Ok(ExitCode::SUCCESS)
    })
}

async fn ask(operator: &Operator, account: Option<&str>, pause: bool) -> Result<Value, OperatorError> {
    let path = if pause { "/admin/v1/pause" } else { "/admin/v1/resume" };
    operator.post(path, &Which { account: account.map(str::to_owned) }).await
}

fn say(answer: &Value) {
    let pauses = at(answer, "/pauses").as_array().map(Vec::as_slice).unwrap_or_default();
    if pauses.is_empty() {
        anstream::println!("sending goes on, nothing is paused");
    }
    for paused in pauses {
        let what = at(paused, "/account").as_str().map_or("all accounts".to_owned(), |account| format!("account {account}"));
        anstream::println!("paused: {what}, since {}", Moment(at(paused, "/since").as_i64().unwrap_or(0)).rfc3339());
    }
}

/// Straight into the store, which no server has open.
async fn write(arguments: &Arguments, pause: bool) -> anyhow::Result<()> {
    let settings = arguments.server.settings()?;
    let store =
        stores::open(&settings, arguments.server.folder()).await.context("no server answers, and the store cannot be opened")?;
    let store = store.as_ref();
    let now = SystemClock.now();
    let since = pause.then_some(now);
    let mut ids: Option<Vec<AccountId>> = None;
    if let Some(account) = &arguments.account {
        let named = ids.insert(Vec::new());
        for app in &settings.apps {
            if app.accounts.iter().any(|known| known.business_id == *account) {
                named.push(store.account(&app.id, account).await?);
            }
        }
        anyhow::ensure!(!named.is_empty(), "the settings name no account `{account}`");
    }
    write_pause(store, ids.as_deref(), since).await?;
    let what = if pause { "pause" } else { "resume" };
    let on = arguments.account.as_ref().map(|account| format!("account {account}"));
    Ok(write_audit(store, now, &Audit { by: OPERATOR.to_owned(), what: what.to_owned(), on }).await?)
}
