//! `rejoinder serve`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::beginning::Read;
use super::keeper::Keeper;
use super::keeping::Keeping;
use super::{awaiting, beginning, calls, crash, events, operator, output, renew, secrets, signals, stores};
use crate::runtime::port::{AccountRow, Clock as _, Entropy, Store};
use crate::runtime::{Tracer, Tracing, connected, disconnected};
use crate::server::Doors;
use crate::server::admin::Admin;
use crate::server::node;
use crate::server::settings::{App, Place, Settings};
use crate::server::traces::Exporter;
use crate::server::waiting::beside;
use crate::system::{SystemClock, SystemEntropy, files};
use crate::tiktok::token::{Token, Tokens};

#[derive(Debug, Args)]
#[command(
    after_help = "The webhook is POST /webhooks/tiktok; GET /readyz answers 200 while deliveries are taken. Metrics are at GET /metrics of `admin_listen`.\n\nExamples:\n  TIKTOK_APP_SECRET=… rejoinder serve --config rejoinder.toml\n  rejoinder serve --register      (once, to tell TikTok where to deliver)\n  rejoinder serve --dry-run       (takes webhooks, decides, sends nothing)"
)]
pub(super) struct Arguments {
    /// The settings.
    #[arg(long, default_value = "rejoinder.toml", env = "REJOINDER_CONFIG")]
    config: PathBuf,
    /// Register `public_url` at TikTok as the address of each app's deliveries, in place of the one it has.
    #[arg(long)]
    register: bool,
    /// Decide everything and send nothing; keeps a store of its own, `<store>.dry-run`.
    #[arg(long, conflicts_with = "register")]
    dry_run: bool,
}

const SETTINGS_BYTES_MAX: u64 = 1 << 20;
/// So long a start waits for its database without a word to whoever knocks.
const QUIET: Duration = Duration::from_secs(1);

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut settings = read(&arguments.config)?;
    if arguments.dry_run {
        settings.store = settings.store.of_dry_run();
    }
    let folder = arguments.config.parent().unwrap_or(Path::new(""));
    let mut read = beginning::read(&settings, folder);
    // Without a store there is no live version that could be served instead.
    if let Some(unusable) = read.iter().position(|read| !matches!(read.files, Ok(Some(_))))
        && let Place::File(path) = &settings.store
        && !files::exists(&folder.join(path))
    {
        read.swap_remove(unusable).files?;
        anstream::eprintln!("rejoinder: a bot with errors is not served");
        return Ok(ExitCode::from(1));
    }
    signals::block_on(serve_bot(arguments, settings, read))
}

/// Everything behind the doors: the store, the bot, the runtime. `None` where there is no bot to serve.
async fn start(
    arguments: &Arguments,
    settings: &Settings,
    read: &[Read],
    exporter: Option<&Arc<Exporter>>,
) -> anyhow::Result<Option<node::Node>> {
    let folder = arguments.config.parent().unwrap_or(Path::new(""));
    let sealed = stores::serve(settings, folder).await?;
    let compiler = Arc::new(Keeping { seals: sealed.seals(), has_key: settings.token_key.is_some() });
    let store: Arc<dyn Store> = sealed;
    let Some(bots) = beginning::begin(store.as_ref(), &*compiler, read).await? else { return Ok(None) };
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let connected = connected(store.as_ref()).await?;
    let disconnected = disconnected(store.as_ref()).await?;
    for row in &disconnected {
        let apps = settings.apps.iter().filter(|app| app.id == row.app);
        if apps.flat_map(|app| &app.accounts).any(|account| account.business_id == row.open_id) {
            anstream::println!("account {} of the settings was disconnected; `rejoinder connect` brings it back", row.open_id);
        }
    }
    let known = Known { connected, disconnected };
    let tokens = tokens(settings, &known, &store, &entropy).await?;
    let apps = settings.apps.iter().map(|settings| app(settings, &known)).collect::<anyhow::Result<_>>()?;
    let node = node::start(node::Parts {
        apps,
        bot: bots.shared,
        version: bots.number,
        own: bots.own,
        compiler: Some(compiler),
        clock: Arc::new(SystemClock),
        entropy,
        store,
        tokens,
        public_url: settings.public_url.clone(),
        fetcher: calls::fetcher(&settings.fetch.options())?,
        fetching: settings.fetch.limits(),
        herald: events::herald(settings)?,
        events: settings.events.options(),
        history_kept_ms: settings.retention.history_ms(),
        testers: settings.testers.clone(),
        dry_run: arguments.dry_run,
        tracing: exporter.zip(settings.traces.as_ref()).map(|(exporter, traces)| {
            let tracer = Arc::clone(exporter) as Arc<dyn Tracer>;
            Tracing { tracer, sample: traces.sample }
        }),
        fail_point: crash::fail_point()?,
    });
    Ok(Some(node.await?))
}

/// Starts, and waits for the database where there is one: meanwhile the doors say that the server lives and is not ready.
async fn start_patiently(
    arguments: &Arguments,
    settings: &Settings,
    read: &[Read],
    exporter: Option<&Arc<Exporter>>,
    doors: Vec<tokio::net::TcpListener>,
) -> anyhow::Result<Option<node::Node>> {
    if matches!(settings.store, Place::File(_)) {
        return start(arguments, settings, read, exporter).await;
    }
    let at: Vec<_> = doors.iter().filter_map(|door| door.local_addr().ok()).collect();
    let mut waiting = tokio::task::JoinSet::new();
    for door in doors {
        waiting.spawn(async move {
            // Most databases are there at once, and nobody needs to be turned away.
            SystemClock.sleep(QUIET).await;
            if let Err(error) = crate::server::waiting::serve(door).await {
                tracing::error!(%error, "nobody is told that the server waits for its database");
            }
        });
    }
    let most = settings.store_wait.map(|most| Duration::from_millis(most.0.unsigned_abs()));
    let wait = awaiting::Wait { clock: &SystemClock, entropy: &SystemEntropy, most };
    let told = || {
        let at: Vec<String> = at.iter().map(|at| format!("http://{at}")).collect();
        anstream::println!("waiting for the database of `store`; health is told at {}", at.join(" and "));
    };
    let started = wait.reach(async || start(arguments, settings, read, exporter).await, told).await;
    waiting.shutdown().await;
    started
}

async fn serve_bot(arguments: &Arguments, settings: Settings, read: Vec<Read>) -> anyhow::Result<ExitCode> {
    let hangups = signals::Hangups::listen();
    let mut stopping = Box::pin(signals::stop());
    let listener =
        tokio::net::TcpListener::bind(&settings.listen).await.with_context(|| format!("cannot listen at {}", settings.listen))?;
    let (listener, front) = beside(listener)?;
    let (admin, back) = admin_listener(&settings).await?.map(beside).transpose()?.unzip();
    let admin_token = operator::token(&settings, &SystemEntropy)?;
    let exporter = settings.traces.as_ref().map(|traces| Exporter::start(traces, &SystemEntropy)).transpose()?;
    let doors = std::iter::once(front).chain(back).collect();
    let started = tokio::select! {
        started = start_patiently(arguments, &settings, &read, exporter.as_ref(), doors) => started?,
        () = &mut stopping => {
            anstream::println!("stopped before the store was reached");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let Some(node) = started else {
        anstream::eprintln!("rejoinder: a bot with errors is not served");
        return Ok(ExitCode::from(1));
    };
    if let Some(log) = &settings.log
        && !output::change_log(log)
    {
        tracing::error!(log, "`log` is no level and no filter");
    }
    let operators = admin.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?;
    // Whoever reads that it serves gives the next command at once.
    let left = operators.and_then(|at| {
        operator::Left::leave(&arguments.config, &settings, at, &admin_token)
            .inspect_err(|error| tracing::warn!("commands need `--server`: {error:#}"))
            .ok()
    });
    // Where accounts share no bot, the first one is of those that have none: nobody's.
    let unnamed = usize::from(settings.flows.is_empty());
    let names = node.doors.runtime.bots().into_iter().skip(unnamed).map(|bot| format!("`{}`", bot.name)).collect::<Vec<_>>();
    anstream::println!("serving {} on http://{}", names.join(", "), listener.local_addr()?);
    let node = Arc::new(node);
    if arguments.register {
        register(Arc::clone(&node), &settings)?;
    }
    if let Some(at) = operators {
        anstream::println!("for operators on http://{at}");
    }
    say_loudly(&node.doors);
    let admin = admin.map(|admin| (admin, Arc::new(Admin { doors: Arc::clone(&node.doors), token: admin_token })));
    let renewing = renew::at_hangups(hangups, arguments.config.clone(), settings, Arc::clone(&node.doors));
    let renewing = tokio::spawn(renewing);
    let served = serve(listener, admin, node, stopping).await;
    renewing.abort();
    drop(left);
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    served
}

/// What makes this start another than people expect.
fn say_loudly(doors: &Doors) {
    if doors.dry_run {
        anstream::eprintln!(
            "DRY RUN: nothing is sent. Deliveries are answered and decided on; what would leave is in the history as `dry-run-…`."
        );
    }
    match doors.testers.count() {
        0 => {}
        count => anstream::eprintln!("TESTERS ONLY: {count} ids of the settings are answered, nobody else is."),
    }
    for paused in doors.runtime.pauses() {
        let what = paused.account.map_or("all accounts".to_owned(), |account| format!("account {account}"));
        anstream::println!("sending is paused: {what}, since {}", paused.since.rfc3339());
    }
}

/// Where operators reach the server, unless the settings say nowhere.
async fn admin_listener(settings: &Settings) -> anyhow::Result<Option<tokio::net::TcpListener>> {
    if settings.admin_listen == "off" {
        return Ok(None);
    }
    let listener = tokio::net::TcpListener::bind(&settings.admin_listen).await;
    let listener = listener.with_context(|| format!("cannot listen for operators at {}", settings.admin_listen))?;
    if !listener.local_addr()?.ip().is_loopback() {
        tracing::warn!("operators reach the server from other machines: let no stranger reach `admin_listen`");
    }
    Ok(Some(listener))
}

/// Registers beside serving, since TikTok may call the address before it answers.
fn register(node: Arc<node::Node>, settings: &Settings) -> anyhow::Result<()> {
    let url = settings.public_url.as_ref().context("`--register` needs `public_url` in the settings")?;
    let address = format!("{}{}", url.trim_end_matches('/'), crate::server::registration::WEBHOOK);
    let apps: Vec<String> = settings.apps.iter().map(|app| app.id.clone()).collect();
    tokio::spawn(async move {
        for app in apps {
            match node.set_webhook(&app, &address).await {
                Ok(()) => anstream::println!("TikTok delivers app {app} to {address}"),
                Err(error) => tracing::error!(%error, app, "the address is not registered"),
            }
        }
    });
    Ok(())
}

/// Serves until a signal or a broken store; then answers what is under way and commits it.
async fn serve(
    listener: tokio::net::TcpListener,
    admin: Option<(tokio::net::TcpListener, Arc<Admin>)>,
    node: Arc<node::Node>,
    signalled: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<ExitCode> {
    let runtime = node.doors.runtime.clone();
    let fatal = runtime.fatal();
    let ended = Arc::new(tokio::sync::Notify::new());
    let ending = Arc::clone(&ended);
    let stopping = async move {
        tokio::select! {
            () = signalled => None,
            why = fatal => Some(why),
        }
    };
    let (said, heard) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let _ = said.send(stopping.await);
        ending.notify_one();
    });
    // Answers operators until the end, also about the stopping.
    let operators = admin.map(|(at, admin)| tokio::spawn(crate::server::admin::serve(at, admin, std::future::pending())));
    crate::server::serve(listener, Arc::clone(&node.doors), async move { ended.notified().await }).await?;
    let broken = heard.await.ok().flatten();
    runtime.shutdown().await;
    if let Some(operators) = operators {
        operators.abort();
    }
    drop(node);
    match broken {
        Some(why) => anyhow::bail!("the store failed, so the server ends: {why}"),
        None => Ok(ExitCode::SUCCESS),
    }
}

pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = files::read_to_string(path, SETTINGS_BYTES_MAX).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow::anyhow!(
            "there are no settings at `{}`; go to their folder, name another file with --config, or write first ones with \
             `rejoinder new DIR`",
            path.display()
        ),
        _ => anyhow::Error::new(error).context(format!("cannot read the settings `{}`", path.display())),
    })?;
    Ok(Settings::parse(&path.display().to_string(), &text)?)
}

/// What the store says of accounts, whatever the settings name.
struct Known {
    connected: Vec<AccountRow>,
    disconnected: Vec<AccountRow>,
}

/// The accounts of an app: those of the settings, and those that were connected, but for those that were disconnected.
fn accounts<'a>(app: &'a App, known: &'a Known) -> Vec<&'a str> {
    let gone = |id: &str| known.disconnected.iter().any(|row| row.app == app.id && row.open_id == id);
    let named = app.accounts.iter().map(|account| account.business_id.as_str());
    let mut ids: Vec<&str> = named.filter(|id| !gone(id)).collect();
    let more = known.connected.iter().filter(|row| row.app == app.id).map(|row| row.open_id.as_str());
    for id in more {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

fn app(app: &App, known: &Known) -> anyhow::Result<node::AppParts> {
    Ok(node::AppParts {
        id: app.id.clone(),
        secret: secrets::read(&app.secret, &format!("the secret of app {}", app.id))?,
        api: app.api.clone(),
        calls_per_second: app.calls_per_second,
        conversations_a_day: app.conversations_a_day,
        signature_age_max_ms: app.signature_age_max.0,
        window_margin_ms: app.window_margin.0,
        accounts: accounts(app, known).into_iter().map(str::to_owned).collect(),
        closed: app.accounts.iter().filter_map(|account| Some((account.business_id.clone(), account.closed()?))).collect(),
    })
}

/// The accounts' tokens: kept sealed in the store with a `token_key`, else in memory only.
async fn tokens(
    settings: &Settings,
    known: &Known,
    store: &Arc<dyn Store>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Arc<Tokens>> {
    let keeper = match stores::key(settings)? {
        Some(key) => Some(Arc::new(Keeper { key, store: Arc::clone(store), entropy: Arc::clone(entropy) })),
        None => {
            tracing::warn!("no `token_key` is set: tokens are kept in memory only, and a renewed one is lost at the next start");
            None
        }
    };
    let tokens = Arc::new(keeper.clone().map_or_else(Tokens::in_memory, |keeper| Tokens::kept_by(keeper)));
    for app in &settings.apps {
        for id in accounts(app, known) {
            let given = given(app, id)?;
            let first = match &keeper {
                Some(keeper) => keeper.first(&app.id, id, given).await?,
                None => given.map(|token| (1, token)),
            };
            match first {
                Some((generation, token)) => tokens.put(&app.id, id, generation, token),
                None => tracing::warn!("account {id} has no token: nothing can be sent for it until `rejoinder connect`"),
            }
        }
    }
    Ok(tokens)
}

/// The token that the settings name for an account.
pub(super) fn given(app: &App, open_id: &str) -> anyhow::Result<Option<Token>> {
    let Some(account) = app.accounts.iter().find(|account| account.business_id == open_id) else { return Ok(None) };
    let what = format!("the token of account {open_id}");
    let access = account.access_token.as_ref().map(|secret| secrets::read(secret, &what)).transpose()?;
    let refresh = account.refresh_token.as_ref().map(|secret| secrets::read(secret, &what)).transpose()?;
    Ok(access.map(|access| Token::given(access, refresh)))
}
