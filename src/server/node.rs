//! One running server put together: store, transport, runtime, routes. Commands and embedders differ only in what they
//! hand in.

use std::sync::Arc;

use secrecy::SecretString;

use super::dry_run::{DryFetch, DryRun};
use super::sign_in::{self, SignIn};
use super::testers::Testers;
use super::{Counters, Doors};
use crate::bot::Bot;
use crate::runtime::port::{CallFailure, Clock, Compiler, Entropy, Fetcher, Herald, Store, StoreError, Transport};
use crate::runtime::{AppOptions, EventOptions, FetchLimits, Options, OwnBot, Pass, Ports, Service, Tracing};
use crate::tiktok::client::{AppAccess, Client, ClientError};
use crate::tiktok::signature::Signer;
use crate::tiktok::token::Tokens;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot reach TikTok")]
    Client(#[from] ClientError),
    #[error("cannot start")]
    Store(#[from] StoreError),
}

/// Why the address for deliveries was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("the server stops, or another node sends for this app: register there")]
    Stopping,
    #[error("TikTok does not take {address}")]
    Refused { address: String, source: CallFailure },
}

/// One app with its secret at hand; times in milliseconds.
pub struct AppParts {
    /// `app_id`, in deliveries `client_key`.
    pub id: String,
    pub secret: SecretString,
    /// The API's address without a slash at its end.
    pub api: String,
    pub calls_per_second: f64,
    pub conversations_a_day: Option<u32>,
    pub signature_age_max_ms: i64,
    pub window_margin_ms: i64,
    /// `business_id` of each account.
    pub accounts: Vec<String>,
    /// Those of them that the channel does not serve, and why.
    pub closed: Vec<(String, String)>,
}

/// What a server is made of.
pub struct Parts {
    pub apps: Vec<AppParts>,
    /// The one that accounts share.
    pub bot: Arc<Bot>,
    /// Its number in the store; 0 where versions are not kept.
    pub version: u32,
    /// Those of accounts that have their own.
    pub own: Vec<OwnBot>,
    /// Makes bots of stored versions; `None` where versions are not kept.
    pub compiler: Option<Arc<dyn Compiler>>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub store: Arc<dyn Store>,
    pub tokens: Arc<Tokens>,
    /// Where the world reaches this server, without a path.
    pub public_url: Option<String>,
    /// Calls the business's systems.
    pub fetcher: Arc<dyn Fetcher>,
    pub fetching: FetchLimits,
    /// Brings events to other systems.
    pub herald: Arc<dyn Herald>,
    /// Who is told; nobody in a dry run.
    pub events: EventOptions,
    /// Lines of the history are kept for so long, in milliseconds; for ever without it.
    pub history_kept_ms: Option<i64>,
    /// Who alone is answered, by person or conversation; everybody where there is none.
    pub testers: Vec<String>,
    /// Nothing is sent: see [`DryRun`].
    pub dry_run: bool,
    /// Who hears of each input's way; `None` for nobody.
    pub tracing: Option<Tracing>,
    /// For crash tests alone: see [`Options::fail_point`].
    pub fail_point: Option<(String, u32)>,
}

/// A server that runs.
pub struct Node {
    /// Dropping it ends the runtime's tasks.
    service: Service,
    pub doors: Arc<Doors>,
    client: Arc<Client>,
    _watch: Watch,
}

/// The task that looks after the tokens; it ends with the node.
struct Watch(tokio::task::JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Node {
    /// Registers the address that TikTok delivers to.
    ///
    /// # Errors
    /// When the server stops, or TikTok refuses the address.
    pub async fn set_webhook(&self, app: &str, address: &str) -> Result<(), RegisterError> {
        let permit = self.doors.runtime.permit(app).await.ok_or(RegisterError::Stopping)?;
        let registered = self.client.set_webhook(permit, app, address).await;
        registered.map(|_| ()).map_err(|source| RegisterError::Refused { address: address.to_owned(), source })
    }

    /// Ends at once, as a crash would: what is committed stays, what is not was never acknowledged.
    pub async fn kill(self) {
        self.service.kill().await;
    }
}

/// Starts the runtime over its ports.
///
/// # Errors
/// When an API's address is none, or the store cannot be read or written.
pub async fn start(parts: Parts) -> Result<Node, StartError> {
    let access =
        parts.apps.iter().map(|app| AppAccess { id: app.id.clone(), secret: app.secret.clone(), api: app.api.clone() }).collect();
    let client = Client::new(access, parts.tokens, Arc::clone(&parts.clock))?;
    let client = Arc::new(client);
    let mut transport: Arc<dyn Transport> = Arc::clone(&client) as Arc<dyn Transport>;
    let mut fetcher = parts.fetcher;
    if parts.dry_run {
        transport = Arc::new(DryRun::new(transport));
        fetcher = Arc::new(DryFetch(fetcher));
    }
    let mut options = Options::new(parts.apps.iter().map(app_options).collect());
    options.version = parts.version;
    options.own = parts.own;
    options.fail_point = parts.fail_point;
    options.tracing = parts.tracing;
    options.fetching = parts.fetching;
    let testers = Arc::new(Testers::new(parts.testers));
    options.pass = Some(Pass({
        let testers = Arc::clone(&testers);
        Arc::new(move |delivery| testers.pass(delivery))
    }));
    if !parts.dry_run {
        options.events = parts.events;
        options.history_kept_ms = parts.history_kept_ms;
    }
    let ports = Ports {
        clock: Arc::clone(&parts.clock),
        entropy: Arc::clone(&parts.entropy),
        store: parts.store,
        transport: Arc::clone(&transport),
        fetcher,
        herald: parts.herald,
        compiler: parts.compiler,
    };
    let (service, runtime) = Service::start(options, ports, parts.bot).await?;
    let signers = parts
        .apps
        .into_iter()
        .map(|app| Signer { app: app.id, secret: app.secret, age_max_ms: app.signature_age_max_ms })
        .collect();
    let dry_run = parts.dry_run;
    let counters = Counters::default();
    let sign_in = SignIn { client: Arc::clone(&client), entropy: parts.entropy, public_url: parts.public_url };
    let sign_in = (!dry_run).then_some(sign_in);
    let doors = Arc::new(Doors { runtime, clock: parts.clock, transport, signers, counters, testers, sign_in, dry_run });
    let watch = Watch(tokio::spawn(sign_in::watch(Arc::downgrade(&doors))));
    Ok(Node { service, doors, client, _watch: watch })
}

fn app_options(app: &AppParts) -> AppOptions {
    AppOptions {
        id: app.id.clone(),
        calls_per_second: app.calls_per_second,
        conversations_a_day: app.conversations_a_day,
        window_margin_ms: app.window_margin_ms,
        accounts: app.accounts.clone(),
        closed: app.closed.clone(),
    }
}
