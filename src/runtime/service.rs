//! The start and the end of the runtime.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;

use super::admission;
use super::announcing::{self, Announcing, Deliverer};
use super::core::{Account, Accounts, Core};
use super::dispatch::{Dispatcher, Lane, Msg};
use super::doubt::Doubt;
use super::erasing;
use super::fail::FailPoint;
use super::fetching::{self, Fetching};
use super::habits::Habits;
use super::handle::Handle;
use super::lease;
use super::metrics::Metrics;
use super::options::{Options, Ports};
use super::pause::{self, Pauses};
use super::picture::Pictures;
use super::port::{AccountId, StoreError};
use super::presence::{self, Presence};
use super::reading::{self, Pokes};
use super::restore;
use super::retention;
use super::scripts::Parking;
use super::timers::{Timers, Told};
use super::trail::Traces;
use super::versions::{self, Live, Versions};
use super::worker::Worker;
use super::writer::Writer;
use crate::bot::Bot;

pub(super) const SECRET: &str = "input_key_secret";
const SECRET_WORDS: usize = 4;
const EVENTS_KEPT: usize = 1_024;
/// After a start the process before may have used up the last second.
const EMPTY_BUCKET: Duration = Duration::from_secs(1);

/// The running tasks; they end when this is dropped.
pub struct Service {
    tasks: JoinSet<()>,
}

impl Service {
    /// Ends every task at once, as a crash would: what is committed stays, what is not was never acknowledged.
    pub async fn kill(mut self) {
        self.tasks.shutdown().await;
    }

    /// Starts the runtime on a store, and takes up what an earlier process left there.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn start(options: Options, ports: Ports, bot: Arc<Bot>) -> Result<(Self, Handle), StoreError> {
        let epoch = ports.store.epoch().await?;
        let secret = secret(&ports).await?;
        let accounts = accounts(&options, &ports).await?;
        let pauses = Pauses::default();
        pauses.read(&*ports.store, &accounts).await?;
        let restored = restore::read(&ports).await?;
        let (worker_ends, workers): (Vec<_>, Vec<_>) = (0..options.workers.max(1)).map(|_| mpsc::unbounded_channel()).unzip();
        let (writer, finished) = mpsc::unbounded_channel();
        let (fetching, begun) = Fetching::new(&options.fetching);
        let presence = Presence::default();
        presence.look(ports.store.as_ref(), ports.clock.now(), options.presence_every).await?;
        let own = options.own.into_iter().map(|own| (own.account, Live::new(own.version, own.bot)));
        let (versions, wanted) = Versions::new(Live::new(options.version, bot), own, ports.compiler.clone());
        let core = Arc::new(Core {
            versions,
            limits: options.limits,
            fail: FailPoint::new(options.fail_point),
            doubt: Doubt::new(ports.transport.skew_ms().is_some()),
            fetching,
            announcing: Announcing::new(options.events),
            presence,
            metrics: Metrics::default(),
            traces: Traces::new(options.tracing),
            epoch,
            secret,
            generation: AtomicU64::new(0),
            leading: options.apps.iter().map(|_| AtomicBool::new(!ports.store.is_shared())).collect(),
            congested: options.apps.iter().map(|_| AtomicBool::new(false)).collect(),
            presence_every: options.presence_every,
            history_kept_ms: options.history_kept_ms,
            margins_ms: options.apps.iter().map(|app| AtomicI64::new(app.window_margin_ms)).collect(),
            lease: options.lease,
            news_every: options.news_every,
            apps: options.apps,
            accounts,
            habits: Habits::default(),
            pauses,
            pictures: Pictures::default(),
            pokes: Pokes::default(),
            pass: options.pass,
            scripts: Parking::default(),
            restored_until: restored.until,
            workers: worker_ends,
            writer,
            events: broadcast::Sender::new(EVENTS_KEPT),
            fatal: watch::Sender::new(None),
            stopping: AtomicBool::new(false),
            ports,
        });
        let mut tasks = JoinSet::new();
        let lanes = dispatchers(&mut tasks, &core);
        let cached_max = (options.cached_max / workers.len()).max(16);
        for items in workers {
            spawn(&mut tasks, &core, "worker", Worker::new(Arc::clone(&core), items, cached_max).run());
        }
        let (timers, told) = mpsc::unbounded_channel();
        let writer = Writer::new(&core, finished, &lanes, &timers);
        spawn(&mut tasks, &core, "writer", writer.run());
        // Before anything waits for a conversation: one may be in the middle of an older version.
        spawn(&mut tasks, &core, "versions", versions::load_wanted(Arc::clone(&core), wanted));
        if restored.pending {
            restore::settle(&core).await?;
        }
        spawn(&mut tasks, &core, "timers", Timers::new(Arc::clone(&core), told).run());
        spawn(&mut tasks, &core, "fetching", fetching::run(Arc::clone(&core), begun));
        keep(&mut tasks, &core);
        announce(&mut tasks, &core);
        lead(&mut tasks, &core, &lanes, &timers);
        Ok(with_readers(tasks, core, lanes))
    }
}

/// One reader of what customers wrote for each app.
fn with_readers(mut tasks: JoinSet<()>, core: Arc<Core>, lanes: HashMap<usize, Lane>) -> (Service, Handle) {
    let handle = Handle::new(Arc::clone(&core), lanes);
    for (app, lane) in handle.lanes() {
        spawn(&mut tasks, &core, "reader", reading::Reader::new(handle.clone(), app, lane.clone()).run());
    }
    (Service { tasks }, handle)
}

/// What is done now and then.
fn keep(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    spawn(tasks, core, "presence", presence::show(Arc::clone(core)));
    spawn(tasks, core, "keeper of erasures", erasing::keep(Arc::clone(core)));
    spawn(tasks, core, "retention", retention::keep(Arc::clone(core)));
}

/// One deliverer for each endpoint that is told of events.
fn announce(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    for endpoint in core.announcing.endpoints() {
        spawn(tasks, core, "deliverer", Deliverer::new(Arc::clone(core), Arc::clone(endpoint)).run());
    }
    if !core.announcing.endpoints().is_empty() {
        spawn(tasks, core, "keeper of events", announcing::keep(Arc::clone(core)));
    }
}

/// One dispatcher for each app; the ways to them by the apps' indices.
fn dispatchers(tasks: &mut JoinSet<()>, core: &Arc<Core>) -> HashMap<usize, Lane> {
    let now = core.monotonic();
    let first = if core.epoch > 1 { now + EMPTY_BUCKET } else { now };
    // Who shares a store leads nothing until it has a lease.
    let led_until = if core.ports.store.is_shared() { Duration::ZERO } else { Duration::MAX };
    let mut lanes = HashMap::new();
    for (index, app) in core.apps.iter().enumerate() {
        let (lane, messages) = Lane::new();
        let dispatcher = Dispatcher::new(Arc::clone(core), lane.clone(), messages, app, first, led_until);
        lanes.insert(index, lane);
        spawn(tasks, core, "dispatcher", dispatcher.run());
    }
    lanes
}

/// Where the store is shared, waits for the apps' leases and listens to the others; else takes up what was left here.
fn lead(tasks: &mut JoinSet<()>, core: &Arc<Core>, lanes: &HashMap<usize, Lane>, timers: &mpsc::UnboundedSender<Told>) {
    if !core.ports.store.is_shared() {
        tasks.spawn(lease::take_up(Arc::clone(core), None));
        tasks.spawn(fetching::take_up(Arc::clone(core), None));
        return;
    }
    for (app, lane) in lanes {
        let keeper = lease::Keeper { core: Arc::clone(core), app: *app, lane: lane.clone(), timers: timers.clone() };
        spawn(tasks, core, "lease", keeper.run());
    }
    tasks.spawn(lease::listen(Arc::clone(core)));
    if core.versions.are_kept() {
        tasks.spawn(versions::listen(Arc::clone(core)));
    }
    tasks.spawn(admission::listen(Arc::clone(core)));
    let told: Vec<Lane> = lanes.values().cloned().collect();
    tasks.spawn(pause::listen(Arc::clone(core), move || told.iter().for_each(|lane| lane.send(Msg::Look))));
}

/// Runs one part; when it ends before its time, so does the process.
fn spawn(tasks: &mut JoinSet<()>, core: &Arc<Core>, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
    struct Sentinel(Arc<Core>, &'static str);
    impl Drop for Sentinel {
        fn drop(&mut self) {
            if !self.0.stopping.load(Ordering::SeqCst) && std::thread::panicking() {
                self.0.give_up(&format!("the {} failed", self.1));
            }
        }
    }
    let sentinel = Sentinel(Arc::clone(core), name);
    tasks.spawn(async move {
        let _sentinel = sentinel;
        part.await;
    });
}

/// The secret of this database, made at its first start; of several processes that start at once, one makes it.
async fn secret(ports: &Ports) -> Result<Vec<u8>, StoreError> {
    if let Some(secret) = ports.store.meta(SECRET).await? {
        return Ok(secret);
    }
    let words = std::iter::repeat_with(|| ports.entropy.next_u64());
    let secret: Vec<u8> = words.take(SECRET_WORDS).flat_map(u64::to_le_bytes).collect();
    ports.store.put_meta_once(SECRET, &secret).await
}

async fn accounts(options: &Options, ports: &Ports) -> Result<Accounts, StoreError> {
    let accounts = Accounts::default();
    for (app, settings) in options.apps.iter().enumerate() {
        for open_id in &settings.accounts {
            let id: AccountId = ports.store.account(&settings.id, open_id).await?;
            reading::first_seen(&*ports.store, id, ports.clock.now()).await?;
            accounts.insert(Account { id, app, app_id: settings.id.clone(), open_id: open_id.clone() });
        }
    }
    // Whatever the settings say: only a sign-in brings one back.
    for row in admission::disconnected(&*ports.store).await? {
        if let Some(app) = options.apps.iter().position(|app| app.id == row.app) {
            accounts.remove(&Arc::new(Account { id: row.id, app, app_id: row.app, open_id: row.open_id }));
        }
    }
    Ok(accounts)
}
