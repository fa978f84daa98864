//! `rejoinder dev`: a simulated TikTok, the real server and a store in one process, on one clock that can be pushed on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::{bots, calls, crash, flows, output, reload, signals};
use crate::runtime::port::{Clock, Files, Store, TellsNobody};
use crate::runtime::{Depot, EventOptions, FetchLimits, Whose};
use crate::server::compiler::FlowCompiler;
use crate::server::node;
use crate::server::phone::{BotState, Phone};
use crate::simulator::{AccountOptions, Options, Simulator};
use crate::store::Sqlite;
use crate::system::{SteeredClock, SystemEntropy, files};
use crate::tiktok::token::{Token, Tokens};

#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Saving a flow reloads the bot; a broken one keeps the old bot and shows what is wrong.\n\nExamples:\n  rejoinder dev\n  rejoinder dev shop.flow --listen 127.0.0.1:9000"
)]
pub(super) struct Arguments {
    /// Files or folders.
    #[arg(default_value = "flows")]
    flows: Vec<PathBuf>,
    /// Address of the phone page; where the port is taken, a free one is used and printed.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Keep the store in this file instead of a temporary one.
    #[arg(long)]
    store: Option<PathBuf>,
}

const APP: &str = "7364323437050855441";
const SECRET: &str = "secret-of-the-simulated-app";
const ACCESS: &str = "act.simulated-access-token";
const REFRESH: &str = "rft.simulated-refresh-token";

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut arguments = arguments.clone();
    if let Some((first, others)) = bots::first(&arguments.flows) {
        let others: Vec<String> = others.iter().map(|path| path.display().to_string()).collect();
        anstream::println!("{} runs; there are others: {}", first.display(), others.join(", "));
        arguments.flows = vec![first];
    }
    let loaded = flows::load_to_serve(&arguments.flows)?;
    output::findings(&loaded);
    if loaded.bot.is_none() {
        anstream::eprintln!("rejoinder: a bot with errors is not served");
        return Ok(ExitCode::from(1));
    }
    let read = loaded.files(Path::new(""));
    // Removed when the command ends.
    let temporary = files::TemporaryFolder::new("rejoinder-dev").context("cannot make a temporary folder")?;
    let file = arguments.store.clone().unwrap_or_else(|| temporary.path().join("dev.db"));
    signals::block_on(async move {
        let done = serve(&arguments, read, &file).await;
        drop(temporary);
        done
    })
}

async fn serve(arguments: &Arguments, files: Files, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let clock = Arc::new(SteeredClock::running());
    let account =
        AccountOptions { access_token: Some(ACCESS.into()), refresh_token: Some(REFRESH.into()), ..AccountOptions::default() };
    let open_id = account.business_id.clone();
    let simulator = simulated(&clock, account);
    let tiktok = TcpListener::bind("127.0.0.1:0").await.context("cannot listen for the simulated TikTok")?;
    let api = format!("http://{}/open_api/v1.3", tiktok.local_addr()?);
    let running = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.serve(tiktok, signals::stop()).await }
    });

    let store: Arc<dyn Store> = Arc::new(Sqlite::open(file).context("cannot open the store")?);
    let depot = Depot { store: store.as_ref(), compiler: &FlowCompiler, now: clock.now(), whose: Whose::Shared { but: &[] } };
    let (deployed, bot) = depot.take_over(&files).await?;
    let tokens = Arc::new(Tokens::in_memory());
    tokens.put(APP, &open_id, 1, Token::given(SecretString::from(ACCESS), Some(SecretString::from(REFRESH))));
    let parts = node::Parts {
        apps: vec![app(api, open_id.clone())],
        bot: Arc::clone(&bot),
        version: deployed.live,
        own: Vec::new(),
        compiler: Some(Arc::new(FlowCompiler)),
        clock: clock as Arc<dyn Clock>,
        entropy: Arc::new(SystemEntropy),
        store,
        tokens,
        public_url: None,
        fetcher: calls::fetcher(&calls::at_home())?,
        fetching: FetchLimits::default(),
        herald: Arc::new(TellsNobody),
        events: EventOptions::default(),
        history_kept_ms: None,
        testers: Vec::new(),
        dry_run: false,
        tracing: None,
        fail_point: crash::fail_point()?,
    };
    let node = node::start(parts).await?;
    let state = BotState { name: bot.name.clone(), flows: bot.flows.len(), findings: String::new() };
    let phone = Arc::new(Phone { doors: Arc::clone(&node.doors), app: APP.into(), open_id, bot: RwLock::new(state) });
    let watching = reload::watch(&arguments.flows, {
        let phone = Arc::clone(&phone);
        let paths = arguments.flows.clone();
        let runtime = tokio::runtime::Handle::current();
        move || runtime.block_on(renew(&phone, &paths))
    })?;

    let listener = listen(&arguments.listen).await?;
    let address = listener.local_addr()?;
    let webhook = format!("http://{address}/webhooks/tiktok");
    let server = tokio::spawn(crate::server::phone::serve(listener, Arc::clone(&phone), simulator.steering(), signals::stop()));
    node.set_webhook(APP, &webhook).await?;
    let stopping = signals::stop();
    anstream::println!("phone on http://{address}");
    anstream::println!("`{}` answers; save a flow to reload it, Ctrl-C ends", bot.name);

    let (runtime, fatal) = (node.doors.runtime.clone(), node.doors.runtime.fatal());
    let broken = tokio::select! {
        () = stopping => None,
        why = fatal => Some(why),
    };
    drop(watching);
    runtime.shutdown().await;
    running.abort();
    server.abort();
    drop(node);
    match broken {
        Some(why) => anyhow::bail!("the store failed, so the server ends: {why}"),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn app(api: String, open_id: String) -> node::AppParts {
    node::AppParts {
        id: APP.into(),
        secret: SecretString::from(SECRET),
        api,
        calls_per_second: 10.0,
        conversations_a_day: None,
        signature_age_max_ms: 300_000,
        window_margin_ms: 300_000,
        accounts: vec![open_id],
        closed: Vec::new(),
    }
}

fn simulated(clock: &Arc<SteeredClock>, account: AccountOptions) -> Simulator {
    let mut options = Options::new(Arc::clone(clock) as Arc<dyn Clock>);
    let steered = Arc::clone(clock);
    options.advance = Some(Arc::new(move |ms| steered.advance(ms)));
    options.app_id = APP.into();
    options.secret = SECRET.into();
    options.accounts = vec![account];
    Simulator::new(options)
}

/// The address that was asked for, or a free port beside it.
async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            anstream::eprintln!("rejoinder: {address} is taken, so a free port is used");
            TcpListener::bind((host, 0)).await.with_context(|| format!("cannot listen at {host}"))
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen at {address}")),
    }
}

/// Reads the flows anew: a good bot is taken at once, a broken one is shown and the old one goes on.
async fn renew(phone: &Phone, paths: &[PathBuf]) {
    let (findings, read) = match flows::load_to_serve(paths) {
        Ok(loaded) => {
            output::findings(&loaded);
            (output::plain(&loaded), loaded.bot.is_some().then(|| loaded.files(Path::new(""))))
        }
        Err(error) => (format!("{error:#}"), None),
    };
    let runtime = &phone.doors.runtime;
    let taken = match read {
        Some(files) => runtime.shared().take_over(&files).await.map_err(|error| error.to_string()),
        None => Err(findings),
    };
    let mut state = phone.bot.write().unwrap_or_else(PoisonError::into_inner);
    match taken {
        Ok(deployed) => {
            let bot = runtime.bot();
            if !deployed.unchanged {
                anstream::println!("reloaded `{}`", bot.name);
            }
            *state = BotState { name: bot.name.clone(), flows: bot.flows.len(), findings: String::new() };
        }
        Err(findings) => {
            anstream::println!("the old bot goes on");
            state.findings = findings;
        }
    }
}
