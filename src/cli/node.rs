//! One running server put together: store, transport, runtime, routes. `serve` and `dev` differ only in what they hand in.

use std::sync::Arc;

use anyhow::Context as _;
use secrecy::SecretString;

use crate::bot::Bot;
use crate::runtime::port::{Clock, Entropy, Store, Transport};
use crate::runtime::{AppOptions, Options, Ports, Service};
use crate::server::{Counters, Doors};
use crate::system::environment;
use crate::tiktok::client::{AppAccess, Client};
use crate::tiktok::signature::Signer;
use crate::tiktok::token::Tokens;

/// For crash tests: `name:n` ends the process without any farewell when it passes that point for the n-th time.
const FAIL_POINT: &str = "REJOINDER_FAIL_POINT";

/// One app with its secret at hand.
pub(super) struct AppParts {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) api: String,
    pub(super) calls_per_second: f64,
    pub(super) signature_age_max_ms: i64,
    pub(super) window_margin_ms: i64,
    pub(super) accounts: Vec<String>,
}

/// What a server is made of.
pub(super) struct Parts {
    pub(super) apps: Vec<AppParts>,
    pub(super) bot: Arc<Bot>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) store: Arc<dyn Store>,
    pub(super) tokens: Arc<Tokens>,
}

/// A server that runs.
pub(super) struct Node {
    #[expect(dead_code, reason = "kept because dropping it ends the runtime's tasks")]
    service: Service,
    pub(super) doors: Arc<Doors>,
    client: Arc<Client>,
}

impl Node {
    /// Registers the address that TikTok delivers to.
    pub(super) async fn set_webhook(&self, app: &str, address: &str) -> anyhow::Result<()> {
        let permit = self.doors.runtime.permit(app).await.context("the server stops")?;
        self.client.set_webhook(permit, app, address).await.with_context(|| format!("TikTok does not take {address}"))?;
        Ok(())
    }
}

/// Starts the runtime over its ports.
pub(super) async fn start(parts: Parts) -> anyhow::Result<Node> {
    let access =
        parts.apps.iter().map(|app| AppAccess { id: app.id.clone(), secret: app.secret.clone(), api: app.api.clone() }).collect();
    let client = Client::new(access, parts.tokens, Arc::clone(&parts.clock)).context("cannot reach TikTok")?;
    let client = Arc::new(client);
    let transport: Arc<dyn Transport> = Arc::clone(&client) as Arc<dyn Transport>;
    let mut options = Options::new(parts.apps.iter().map(app_options).collect());
    options.fail_point = fail_point()?;
    let ports =
        Ports { clock: Arc::clone(&parts.clock), entropy: parts.entropy, store: parts.store, transport: Arc::clone(&transport) };
    let (service, runtime) = Service::start(options, ports, parts.bot).await.context("cannot start")?;
    let signers = parts
        .apps
        .into_iter()
        .map(|app| Signer { app: app.id, secret: app.secret, age_max_ms: app.signature_age_max_ms })
        .collect();
    let doors = Arc::new(Doors { runtime, clock: parts.clock, transport, signers, counters: Counters::default() });
    Ok(Node { service, doors, client })
}

fn app_options(app: &AppParts) -> AppOptions {
    AppOptions {
        id: app.id.clone(),
        calls_per_second: app.calls_per_second,
        window_margin_ms: app.window_margin_ms,
        accounts: app.accounts.clone(),
    }
}

fn fail_point() -> anyhow::Result<Option<(String, u32)>> {
    let Some(text) = environment::var(FAIL_POINT)? else { return Ok(None) };
    let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
    let count = count.parse().with_context(|| format!("{FAIL_POINT}={text}: after the colon stands a number"))?;
    tracing::warn!("this process will end at `{name}`, as {FAIL_POINT} asks");
    Ok(Some((name.to_owned(), count)))
}
