//! `rejoinder disconnect`: an account is served no more.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::signals;
use crate::server::disconnecting::Leaving;
use crate::server::operator::Operator;

#[derive(Debug, Args)]
#[command(
    after_help = "The running server answers for the account no more, in every process of its store and after a restart, though the settings may name
it: only `rejoinder connect` brings it back. Replies that wait end with that reason, those under way are waited for; its tokens are
revoked at TikTok and removed; where no other account of the app is served, TikTok is told to deliver nothing. What was said stays.

Exit codes: 0 done, 1 it was not confirmed, 2 refused or could not run.

Examples:
  rejoinder disconnect -000abc
  rejoinder disconnect -000abc --yes --format json"
)]
pub(super) struct Arguments {
    /// The account's `business_id`.
    #[arg(allow_hyphen_values = true)]
    account: String,
    /// The app, where several serve the account.
    #[arg(long)]
    app: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    signals::block_on(async {
        let operator = arguments.server.running()?;
        if !arguments.yes && !confirmed(&operator, &arguments.account).await? {
            anstream::eprintln!("nothing was changed");
            return Ok(ExitCode::from(1));
        }
        let leaving = Leaving { account: arguments.account.clone(), app: arguments.app.clone() };
        let answer = operator.post("/admin/v1/disconnect", &leaving).await?;
        match arguments.format {
            Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&answer)?),
            Format::Text => anstream::print!("{}", text(&answer)),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Whether somebody at a terminal says yes.
async fn confirmed(operator: &Operator, account: &str) -> anyhow::Result<bool> {
    let input = std::io::stdin();
    anyhow::ensure!(input.is_terminal(), "nobody can be asked here: add `--yes` to disconnect the account");
    let outbox = operator.get("/admin/v1/outbox", &[("account", account)]).await?;
    let waiting = at(&outbox, "/replies").as_array().map_or(0, Vec::len);
    anstream::eprint!(
        "Disconnect account {}? Its tokens are revoked, and {waiting} replies that wait are dropped. [y/N] ",
        printable(account)
    );
    std::io::stderr().flush()?;
    let mut said = String::new();
    input.lock().read_line(&mut said)?;
    Ok(matches!(said.trim(), "y" | "Y" | "yes"))
}

fn text(answer: &Value) -> String {
    let word = |path: &str| printable(at(answer, path).as_str().unwrap_or("?"));
    let number = |path: &str| at(answer, path).as_u64().unwrap_or(0);
    let mut out = format!("account {} of app {} is disconnected\n", word("/account"), word("/app"));
    out.push_str(&format!("replies: {} that waited are dropped", number("/dropped")));
    if number("/open") > 0 {
        out.push_str(&format!("; of {} nobody knows yet whether they were sent", number("/open")));
    }
    out.push_str(&format!("\ntokens: {}\nregistration: {}\n", word("/tokens"), word("/registration")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_says_what_it_did_on_one_line_each() {
        let mut answer = json!({
            "account": "-000", "app": "7\n8", "dropped": 2, "open": 0, "tokens": "revoked at TikTok, and removed here",
            "registration": "kept for 1 other accounts of the app",
        });
        let told = text(&answer);
        assert_eq!(
            told,
            "account -000 of app 7 8 is disconnected\nreplies: 2 that waited are dropped\ntokens: revoked at TikTok, and removed \
             here\nregistration: kept for 1 other accounts of the app\n"
        );
        answer["open"] = json!(1);
        assert!(text(&answer).contains("dropped; of 1 nobody knows yet whether they were sent\n"));
    }
}
