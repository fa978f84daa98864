//! What the runtime is told at its start.

use std::sync::Arc;
use std::time::Duration;

use super::announcing::EventOptions;
use super::port::{Clock, Compiler, Delivery, Entropy, Fetcher, Herald, Store, Transport};
use super::trail::Tracing;
use crate::bot::Bot;
use crate::engine::Limits;

/// The outside, as the runtime sees it.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub store: Arc<dyn Store>,
    pub transport: Arc<dyn Transport>,
    pub fetcher: Arc<dyn Fetcher>,
    /// Brings events to other systems.
    pub herald: Arc<dyn Herald>,
    /// Makes bots of stored versions; `None` where versions are not kept.
    pub compiler: Option<Arc<dyn Compiler>>,
}

/// How many calls of the business's systems there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Requests under way.
    pub at_once: usize,
    /// The same of one host.
    pub at_once_per_host: usize,
    /// Calls that wait for a place; more fail at once.
    pub waiting_max: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { at_once: 256, at_once_per_host: 8, waiting_max: 1_024 }
    }
}

/// The own bot of an account.
#[derive(Clone, Debug)]
pub struct OwnBot {
    /// `business_id`
    pub account: String,
    /// The number of its version in the store; 0 where versions are not kept.
    pub version: u32,
    pub bot: Arc<Bot>,
}

/// Settings of the whole process.
#[derive(Clone, Debug)]
pub struct Options {
    pub apps: Vec<AppOptions>,
    /// The number of the shared bot's version in the store (see [`super::Depot::begin`]); 0 where versions are not kept.
    pub version: u32,
    /// Bots of accounts that do not share the one of the others.
    pub own: Vec<OwnBot>,
    /// Tasks that run the engine; a conversation belongs to one of them.
    pub workers: usize,
    /// Conversations kept in memory, over all workers.
    pub cached_max: usize,
    pub limits: Limits,
    pub fetching: FetchLimits,
    /// Who is told of what happens.
    pub events: EventOptions,
    /// Lines of the history are kept for so long, in milliseconds; for ever without it.
    pub history_kept_ms: Option<i64>,
    /// How often a sign of life is stored. Where three are missing at the start, nobody was here, and for a while nobody's
    /// silence is believed.
    pub presence_every: Duration,
    /// Where several processes share the store: after so long without a word of one that leads an app another takes over.
    pub lease: Duration,
    /// Where several processes share the store: how often it is asked what others have changed, besides its hints.
    pub news_every: Duration,
    /// Looks at each message that was read from TikTok's lists before it is taken; `None` where all are.
    pub pass: Option<Pass>,
    /// Who hears of each input's way; `None` for nobody, at no cost.
    pub tracing: Option<Tracing>,
    /// For crash tests alone: the process aborts when it passes this point for the n-th time (from 1).
    pub fail_point: Option<(String, u32)>,
}

impl Options {
    /// Options with the usual limits for these apps.
    #[must_use]
    pub fn new(apps: Vec<AppOptions>) -> Self {
        Self {
            apps,
            version: 0,
            own: Vec::new(),
            workers: 2,
            cached_max: 20_000,
            limits: Limits::default(),
            fetching: FetchLimits::default(),
            events: EventOptions::default(),
            history_kept_ms: None,
            presence_every: Duration::from_secs(20),
            lease: Duration::from_secs(10),
            news_every: Duration::from_millis(200),
            pass: None,
            tracing: None,
            fail_point: None,
        }
    }
}

/// What a message that was read is taken as.
#[derive(Clone)]
pub struct Pass(pub Arc<dyn Fn(Delivery) -> Delivery + Send + Sync>);

impl std::fmt::Debug for Pass {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pass")
    }
}

/// One app of TikTok.
#[derive(Clone, Debug)]
pub struct AppOptions {
    /// `client_key`
    pub id: String,
    /// What the other side allows; the pace stays at 0.95 of it.
    pub calls_per_second: f64,
    /// Conversations that each account may answer a day, in UTC; as many as TikTok takes where nothing is said.
    pub conversations_a_day: Option<u32>,
    /// How long before the 48th hour the last reply may leave, in milliseconds.
    pub window_margin_ms: i64,
    /// `business_id` of each account.
    pub accounts: Vec<String>,
    /// Those of them that the channel does not serve, and why: nothing is sent for them, whoever signs in.
    pub closed: Vec<(String, String)>,
}
