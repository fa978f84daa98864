//! `rejoinder registration`: where TikTok delivers an app's messages to.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::signals;
use crate::server::registration::Wanted;

#[derive(Debug, Args)]
#[command(
    after_help = "One address takes the deliveries of all accounts of an app; setting one replaces the one before. The running server is asked,
since each call counts against the app's pace.

Exit codes: 0 TikTok delivers here, 1 it does not, 2 could not run.

Examples:
  rejoinder registration show
  rejoinder registration set
  rejoinder registration set --address https://bot.example.com/webhooks/tiktok
  rejoinder registration remove --app 7364323437050855441"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say where TikTok delivers to.
    #[command(after_help = "Example:
  rejoinder registration show --format json | jq '.registered[].address'")]
    Show(Common),
    /// Let TikTok deliver to this server.
    #[command(after_help = "Example:
  rejoinder registration set")]
    Set {
        /// Where to; `public_url` of the settings and /webhooks/tiktok without it.
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Let TikTok deliver nowhere; what customers write meanwhile is lost.
    #[command(after_help = "Example:
  rejoinder registration remove")]
    Remove(Common),
}

#[derive(Debug, Args)]
struct Common {
    /// One app alone.
    #[arg(long)]
    app: Option<String>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    const PATH: &str = "/admin/v1/registration";
    signals::block_on(async {
        let (common, wanted) = match &arguments.what {
            What::Show(common) | What::Remove(common) => (common, Wanted { app: common.app.clone(), address: None }),
            What::Set { address, common } => (common, Wanted { app: common.app.clone(), address: address.clone() }),
        };
        let operator = common.server.running()?;
        let query: Vec<(&str, &str)> = common.app.iter().map(|app| ("app", app.as_str())).collect();
        let answer = match &arguments.what {
            What::Show(_) => operator.get(PATH, &query).await?,
            What::Set { .. } => operator.post(PATH, &wanted).await?,
            What::Remove(_) => operator.delete(PATH, &query).await?,
        };
        let rows = at(&answer, "/registered").as_array().map(Vec::as_slice).unwrap_or_default();
        let here = |row: &serde_json::Value| {
            let address = at(row, "/address").as_str();
            address.is_some() && (at(row, "/expected").is_null() || at(row, "/expected").as_str() == address)
        };
        if common.format == Format::Json {
            anstream::println!("{}", serde_json::to_string_pretty(&answer)?);
        } else {
            for row in rows {
                let word = |name: &str| at(row, name).as_str().map(printable);
                let app = word("/app").unwrap_or_default();
                match (word("/address"), word("/expected")) {
                    (None, _) => anstream::println!("app {app}: TikTok delivers nowhere"),
                    (Some(address), Some(expected)) if address != expected => {
                        anstream::println!("app {app}: TikTok delivers to {address}, and this server is at {expected}");
                    }
                    (Some(address), _) => anstream::println!("app {app}: TikTok delivers to {address}"),
                }
            }
        }
        let fine = matches!(arguments.what, What::Remove(_) | What::Set { .. }) || rows.iter().all(here);
        Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(1) })
    })
}
