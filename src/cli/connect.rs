//! `rejoinder connect`: an account signs in at TikTok and lets the app use it.

use std::process::ExitCode;

use clap::Args;

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::signals;
use crate::calendar::Moment;
use crate::server::connecting::{Brought, Wish};

#[derive(Debug, Args)]
#[command(
    after_help = "Prints an address of TikTok's. Whoever owns the account opens it within a quarter of an hour, signs in and agrees; TikTok leads
back to `public_url`/oauth/tiktok/ of the running server, which must stand among the app's redirect addresses at TikTok. The
server changes the code for tokens, keeps them sealed by `token_key`, and answers for the account from then on.

Where TikTok cannot lead back to the server, the address that the browser shows at the end is brought by --returned.

Exit codes: 0 done, 2 refused or could not run.

Examples:
  rejoinder connect
  rejoinder connect --scope comment.list --scope comment.list.manage
  rejoinder connect --returned 'https://bot.example.com/oauth/tiktok/?code=…&state=…'
  rejoinder connect --format json | jq -r .address"
)]
pub(super) struct Arguments {
    /// The app, where the settings name several.
    #[arg(long)]
    app: Option<String>,
    /// Ask for one more scope; each must be approved for the app, or the sign-in fails.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The address to which TikTok led back.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["app", "scopes"])]
    returned: Option<String>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    signals::block_on(async {
        let operator = arguments.server.running()?;
        let answer = match &arguments.returned {
            Some(address) => operator.post("/admin/v1/sign-in/return", &Brought { address: address.clone() }).await?,
            None => {
                let wish = Wish { app: arguments.app.clone(), scopes: arguments.scopes.clone() };
                operator.post("/admin/v1/sign-in", &wish).await?
            }
        };
        let word = |name: &str| printable(at(&answer, name).as_str().unwrap_or("?"));
        match (arguments.format, &arguments.returned) {
            (Format::Json, _) => anstream::println!("{}", serde_json::to_string_pretty(&answer)?),
            (Format::Text, Some(_)) => anstream::println!("account {} is connected", word("/open_id")),
            (Format::Text, None) => {
                anstream::println!("{}", word("/address"));
                let until = Moment(at(&answer, "/until").as_i64().unwrap_or(0)).rfc3339();
                anstream::println!("open it and sign the account in until {until}; TikTok leads back to {}", word("/redirect"));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
