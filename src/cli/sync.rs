//! `rejoinder sync`: what the bot declares that TikTok says by itself is brought to TikTok.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::signals;
use crate::server::operator::Operator;
use crate::server::syncing::Syncing;

#[derive(Debug, Args)]
#[command(
    after_help = "Compares `welcome`, `suggest` and `prompt` of the bot that answers for the account with what stands at TikTok, prints what it
would add (+), change (~), remove (-), turn on and off, and does it once somebody agrees. A kind that the bot does not declare is
turned off; a welcome message cannot be removed. Broken off in the middle, it goes on when it is given again.

Exit codes: 0 TikTok has what the bot declares, 1 it has not: nobody agreed, or TikTok allows it later, 2 refused or could not run.

Examples:
  rejoinder sync
  rejoinder sync -000abc --yes
  rejoinder sync --format json | jq '.accounts[].steps'"
)]
pub(super) struct Arguments {
    /// The account's `business_id`; all accounts without it.
    #[arg(allow_hyphen_values = true)]
    account: Option<String>,
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
        let named = [("account", arguments.account.as_deref()), ("app", arguments.app.as_deref())];
        let named: Vec<_> = named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let planned = operator.get("/admin/v1/sync", &named).await?;
        let open = rows(&planned).iter().any(|row| !list(row, "/steps").is_empty());
        if arguments.format == Format::Text {
            rows(&planned).iter().for_each(|row| anstream::print!("{}", text(row)));
        }
        if !open || !agreed(arguments)? {
            if arguments.format == Format::Json {
                anstream::println!("{}", serde_json::to_string_pretty(&planned)?);
            }
            return Ok(code(&planned, "/steps"));
        }
        let mut done = Vec::new();
        for row in rows(&planned) {
            done.push(if list(row, "/steps").is_empty() { row.clone() } else { apply(&operator, row).await });
        }
        let done = json!({ "accounts": done });
        match arguments.format {
            Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&done)?),
            Format::Text => rows(&done).iter().for_each(|row| anstream::print!("{}", outcome(row))),
        }
        Ok(code(&done, "/left"))
    })
}

/// One account that fails keeps the others from nothing.
async fn apply(operator: &Operator, row: &Value) -> Value {
    let word = |path: &str| at(row, path).as_str().map(str::to_owned);
    let agreed = Syncing { account: word("/account"), app: word("/app"), plan: word("/plan") };
    match operator.post("/admin/v1/sync", &agreed).await {
        Ok(done) => done,
        Err(error) => json!({ "account": at(row, "/account"), "app": at(row, "/app"), "error": error.to_string() }),
    }
}

/// Whether the plan is to be carried out.
fn agreed(arguments: &Arguments) -> anyhow::Result<bool> {
    if arguments.yes {
        return Ok(true);
    }
    let input = std::io::stdin();
    if arguments.format == Format::Json || !input.is_terminal() {
        anstream::eprintln!("nothing was changed: add `--yes` to do it without being asked");
        return Ok(false);
    }
    anstream::eprint!("Do this at TikTok? [y/N] ");
    std::io::stderr().flush()?;
    let mut said = String::new();
    input.lock().read_line(&mut said)?;
    let yes = matches!(said.trim(), "y" | "Y" | "yes");
    if !yes {
        anstream::eprintln!("nothing was changed");
    }
    Ok(yes)
}

/// `open` holds the steps that are still to be done.
fn code(answer: &Value, open: &str) -> ExitCode {
    let any = |wrong: &dyn Fn(&Value) -> bool| rows(answer).iter().any(wrong);
    let failed =
        |row: &Value| list(row, "/steps").iter().any(|step| at(step, "/outcome").as_str().is_some_and(|how| how != "done"));
    if any(&|row| at(row, "/error").is_string() || failed(row)) {
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(any(&|row| !list(row, open).is_empty() || !list(row, "/later").is_empty())))
}

fn rows(answer: &Value) -> &[Value] {
    list(answer, "/accounts")
}

fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value, path: &str) -> String {
    printable(at(value, path).as_str().unwrap_or("?"))
}

/// The plan of one account.
fn text(row: &Value) -> String {
    let head = format!("account {} of app {}: ", word(row, "/account"), word(row, "/app"));
    if at(row, "/error").is_string() {
        return format!("{head}{}\n", word(row, "/error"));
    }
    let (steps, kept) = (list(row, "/steps"), at(row, "/kept").as_u64().unwrap_or(0));
    let mut out = if steps.is_empty() && list(row, "/later").is_empty() {
        format!("{head}nothing to do, {kept} stay as they are\n")
    } else {
        format!("{head}{} to do, {kept} stay as they are\n", steps.len())
    };
    steps.iter().for_each(|step| out.push_str(&format!("  {}\n", line(step))));
    out.push_str(&remarks(row));
    out
}

fn line(step: &Value) -> String {
    let (colour, sign) = match at(step, "/act").as_str() {
        Some("add") => ("32", "+"),
        Some("change") => ("33", "~"),
        Some("remove") => ("31", "-"),
        Some("turn_on") => ("32", "turn on"),
        _ => ("31", "turn off"),
    };
    format!("\u{1b}[{colour}m{sign}\u{1b}[0m {}", word(step, "/text"))
}

fn remarks(row: &Value) -> String {
    let all = list(row, "/later").iter().chain(list(row, "/notes"));
    all.map(|remark| format!("  {}\n", printable(remark.as_str().unwrap_or("?")))).collect()
}

/// What became of the plan of one account.
fn outcome(row: &Value) -> String {
    let mut out = String::new();
    let (steps, left) = (list(row, "/steps"), list(row, "/left"));
    let done = steps.iter().filter(|step| at(step, "/outcome") == "done").count();
    if !steps.is_empty() {
        out.push_str(&format!("account {}: {done} of {} done\n", word(row, "/account"), steps.len()));
    }
    for step in steps.iter().filter(|step| at(step, "/outcome") != "done") {
        out.push_str(&format!("  {}: {}\n", line(step), word(step, "/outcome")));
    }
    if at(row, "/error").is_string() {
        out.push_str(&format!("account {}: {}\n", word(row, "/account"), word(row, "/error")));
    }
    if !left.is_empty() {
        out.push_str(&format!("  TikTok shows {} differences still: `rejoinder sync` goes on\n", left.len()));
    }
    out.push_str(&remarks(row));
    out
}
