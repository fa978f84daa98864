//! `rejoinder simulator`

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::signals;
use crate::calendar::Moment;
use crate::runtime::port::Entropy as _;
use crate::simulator::{AccountOptions, Echo, Options, Rule, Simulator};
use crate::system::{SteeredClock, SystemEntropy};

#[derive(Debug, Args)]
#[command(
    after_help = "TikTok's endpoints are under /open_api/v1.3/, the steering under /sim/v1/:\n  accounts customers messages clicks comments colleague referrals reads advance faults\n  calls deliveries conversations violations reset events          (docs/simulator.md has an example of each)\n\nExample:\n  rejoinder simulator --listen 127.0.0.1:9090\n  curl -X POST http://127.0.0.1:9090/sim/v1/customers -d '{\"name\":\"Mona\"}'\n  curl -X POST http://127.0.0.1:9090/sim/v1/messages -d '{\"customer\":\"c1\",\"text\":\"hello\"}'\n  curl http://127.0.0.1:9090/sim/v1/violations"
)]
pub(super) struct Arguments {
    /// Address to listen at; port 0 takes a free one, which is printed.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: String,
    /// How the window is read: every message of the customer opens 48 hours and ten replies (strict), or the other
    /// official page's rule (lenient).
    #[arg(long, value_enum, default_value_t = RuleName::Strict)]
    rule: RuleName,
    /// The app's id.
    #[arg(long, default_value = "7364323437050855441")]
    app_id: String,
    /// The app's secret: the key of the webhooks' signatures.
    #[arg(long, default_value = "simulated-secret")]
    secret: String,
    /// The account's `business_id`.
    #[arg(long, allow_hyphen_values = true)]
    business_id: Option<String>,
    /// Another account of the app, with tokens of its own; may be given several times.
    #[arg(long, value_name = "BUSINESS_ID", allow_hyphen_values = true)]
    also: Vec<String>,
    /// Where the accounts are registered, two letters: comments are told of and answered in VN, ID and TH.
    #[arg(long, value_name = "COUNTRY")]
    country: Option<String>,
    /// What the app may ask accounts for, joined by commas; the scopes of an app for messages without it.
    #[arg(long, value_name = "SCOPES")]
    scopes: Option<String>,
    /// The account's first access token.
    #[arg(long)]
    access_token: Option<String>,
    /// The account's first refresh token.
    #[arg(long)]
    refresh_token: Option<String>,
    /// Ids and coins are drawn from it; drawn itself where it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Time stands still but for `advance`, and begins at this many milliseconds since 1970.
    #[arg(long, value_name = "MILLISECONDS")]
    frozen_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RuleName {
    Strict,
    Lenient,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clock = Arc::new(arguments.frozen_at.map_or_else(SteeredClock::running, |at| SteeredClock::frozen(Moment(at))));
    let mut options = Options::new(clock.clone());
    let steered = Arc::clone(&clock);
    options.advance = Some(Arc::new(move |ms| steered.advance(ms)));
    options.rule = match arguments.rule {
        RuleName::Strict => Rule::Strict,
        RuleName::Lenient => Rule::Lenient,
    };
    if arguments.frozen_at.is_some() {
        // An echo after a delay would hold up its conversation's later deliveries until time is advanced.
        options.echo = Echo::After { ms: 0 };
    }
    options.app_id.clone_from(&arguments.app_id);
    options.secret.clone_from(&arguments.secret);
    if let Some(scopes) = &arguments.scopes {
        options.scopes.clone_from(scopes);
    }
    options.seed = arguments.seed.unwrap_or_else(|| SystemEntropy.next_u64());
    let mut account = AccountOptions::default();
    if let Some(id) = &arguments.business_id {
        account.business_id.clone_from(id);
    }
    if let Some(country) = &arguments.country {
        account.country = country.to_ascii_uppercase();
    }
    account.access_token.clone_from(&arguments.access_token);
    account.refresh_token.clone_from(&arguments.refresh_token);
    let (app, business) = (options.app_id.clone(), account.business_id.clone());
    let others = arguments.also.iter().map(|id| {
        let country = account.country.clone();
        AccountOptions { business_id: id.clone(), country, ..AccountOptions::default() }
    });
    options.accounts = std::iter::once(account.clone()).chain(others).collect();
    let simulator = Simulator::new(options);
    signals::block_on(async move {
        let listener = tokio::net::TcpListener::bind(&arguments.listen)
            .await
            .with_context(|| format!("cannot listen at {}", arguments.listen))?;
        let stopping = signals::stop();
        anstream::println!("simulated TikTok on http://{}", listener.local_addr()?);
        anstream::println!("app {app}, account {business}");
        simulator.serve(listener, stopping).await?;
        Ok(ExitCode::SUCCESS)
    })
}
