//! `rejoinder accounts`: which accounts are served, and what each may do.

use std::process::ExitCode;

use clap::Args;

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::signals;

#[derive(Debug, Args)]
#[command(
    after_help = "States: active; needs_sign_in, its token is gone or refused: `rejoinder connect`; restricted, TikTok lets it send nothing;
market_not_served, TikTok's messages are not open to accounts of its country. What customers write is kept in each state.

Exit codes: 0 all are active, 1 one is not, 2 could not run.

Examples:
  rejoinder accounts
  rejoinder accounts --format json | jq '.accounts[] | select(.state != \"active\")'"
)]
pub(super) struct Arguments {
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let answer = signals::block_on(async { Ok(arguments.server.running()?.get("/admin/v1/accounts", &[]).await?) })?;
    let rows = at(&answer, "/accounts").as_array().map(Vec::as_slice).unwrap_or_default();
    match arguments.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&answer)?),
        Format::Text if rows.is_empty() => anstream::println!("no account is served; `rejoinder connect` brings one"),
        Format::Text => {
            for row in rows {
                let word = |name: &str| printable(at(row, name).as_str().unwrap_or_default());
                let mut line = format!("{:<17} {}", word("/state"), word("/account"));
                if let Some(why) = at(row, "/why").as_str() {
                    line.push_str(&format!(": {}", printable(why)));
                }
                if at(row, "/paused") == true {
                    line.push_str("; paused");
                }
                if let Some(ms) = at(row, "/renewable_ms").as_i64() {
                    line.push_str(&format!("; can be renewed for {} days", ms / 86_400_000));
                }
                anstream::println!("{line}");
            }
        }
    }
    let active = rows.iter().all(|row| at(row, "/state") == "active");
    Ok(if active { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
