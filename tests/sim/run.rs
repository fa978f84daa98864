//! Tells one story: the real runtime on virtual time, a faulty store, and a TikTok with people in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use rejoinder::calendar::Moment;
use rejoinder::runtime::port::{Clock as _, ConversationRow, HistoryRow, OutboxRow, Store, TellsNobody};
use rejoinder::runtime::{AppOptions, Depot, Handle, Options, Ports, Service, Whose};
use rejoinder::store::Memory;
use rejoinder::system::SeededEntropy;
use rejoinder::tiktok::client::skew::Skew;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::bots::{Cast, Known, cast};
use crate::checks;
use crate::evidence::{Breach, Evidence};
use crate::faulty::{Faulty, Witness};
use crate::mutants::Mutant;
use crate::plan::{Plan, What, When, Wrong};
use crate::systems::Systems;
use crate::time::{HOUR, SECOND, Time};
use crate::transport::Line;
use crate::webhooks::GIVEN_UP_MS;
use crate::world::{APP, Customer, Ended, Process, World, quiet_after};

/// Every webhook is brought again within this, so that nothing is under way when the probes come.
const PROBE_AFTER: i64 = 6 * HOUR;
/// Longer than any wait, window, held reply and release.
const END_AFTER: i64 = 90 * HOUR;
/// Clocks of machines that stand side by side.
const BESIDE_MS: [i64; 4] = [0, 900, -1_400, 300];
/// A process that ended by itself is started again after this.
const RESTART: i64 = 20 * SECOND;

/// A story that was told, and all that is left of it.
pub struct Told {
    pub plan: Plan,
    pub cast: Arc<Cast>,
    pub evidence: Evidence,
    pub customers: Vec<Customer>,
    pub rows: Vec<ConversationRow>,
    /// Oldest first, in the order of `rows`.
    pub histories: Vec<Vec<HistoryRow>>,
    pub loose: Vec<HistoryRow>,
    pub outbox: Vec<OutboxRow>,
    /// Our clock at the end.
    pub now: Moment,
    pub breaches: Vec<Breach>,
    /// What TikTok takes between two messages of a customer.
    pub replies: usize,
}

/// The same plan gives the same story.
pub fn tell(plan: &Plan, mutant: Option<Mutant>) -> Told {
    let time = Time::new(plan.seed, plan.ours_ms);
    let idle = time.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().on_thread_park(move || idle.tick()).build().unwrap();
    let cast = cast(plan.bot);
    let (ended, ends) = mpsc::unbounded_channel();
    let world = Arc::new(World::new(time, plan.clone(), Arc::clone(&cast), mutant, ended));
    let memory = runtime.block_on(Stage::new(&world, ends).play());
    let left = runtime.block_on(left_over(&memory));
    let now = world.time.clock().now();
    drop(runtime);
    let (evidence, customers) = {
        let mut state = world.lock();
        (std::mem::take(&mut state.evidence), std::mem::take(&mut state.customers))
    };
    let (rows, histories, loose, outbox) = left;
    let mut told = Told {
        plan: plan.clone(),
        cast,
        evidence,
        customers,
        rows,
        histories,
        loose,
        outbox,
        now,
        breaches: Vec::new(),
        replies: world.replies(),
    };
    told.breaches = checks::all(&told);
    told
}

/// What makes moments come later than they were meant: webhooks that are brought days later, and clocks that ran ahead while
/// something was written.
fn latest(plan: &Plan) -> i64 {
    // One and the same may be late for several reasons.
    let late = plan.troubles.iter().map(|trouble| match trouble.what {
        Wrong::Late { ms } | Wrong::Twice { ms } => ms,
        _ => 0,
    });
    late.sum::<i64>().min(GIVEN_UP_MS) + ahead(plan)
}

/// How far our clock was ahead at most.
pub fn ahead(plan: &Plan) -> i64 {
    let jumps = plan.troubles.iter().map(|trouble| match trouble.what {
        Wrong::Clock { ms, .. } => ms.max(0),
        _ => 0,
    });
    jumps.sum::<i64>() + plan.ours_ms.max(0)
}

type LeftOver = (Vec<ConversationRow>, Vec<Vec<HistoryRow>>, Vec<HistoryRow>, Vec<OutboxRow>);

async fn left_over(memory: &Memory) -> LeftOver {
    let rows = memory.conversations(usize::MAX).await.unwrap();
    let mut histories = Vec::new();
    for row in &rows {
        let mut history = memory.history(row.id, usize::MAX).await.unwrap();
        history.reverse();
        histories.push(history);
    }
    (rows, histories, memory.loose_history(usize::MAX).await.unwrap(), memory.outbox().await.unwrap())
}

struct Running {
    process: Arc<Process>,
    service: Service,
    /// Ends the process when it wants to end.
    watch: JoinHandle<()>,
}

struct Stage {
    world: Arc<World>,
    ends: mpsc::UnboundedReceiver<Ended>,
    memory: Memory,
    witness: Arc<Mutex<Witness>>,
    starts: u32,
    running: BTreeMap<usize, Running>,
    /// When which place is filled again.
    restarts: BTreeSet<(i64, usize)>,
    down_since: Option<i64>,
}

impl Stage {
    fn new(world: &Arc<World>, ends: mpsc::UnboundedReceiver<Ended>) -> Self {
        let (world, witness) = (Arc::clone(world), Arc::default());
        let memory = if world.plan.nodes > 1 { Memory::shared(Arc::new(world.time.clock())) } else { Memory::new() };
        let restarts = (0..world.plan.nodes).map(|node| (0, node)).collect();
        Self { world, ends, memory, witness, starts: 0, running: BTreeMap::new(), restarts, down_since: None }
    }

    async fn play(mut self) -> Memory {
        self.fill().await;
        let world = Arc::clone(&self.world);
        for act in &world.plan.acts {
            let (world, act) = (Arc::clone(&world), act.clone());
            tokio::spawn(async move {
                world.time.sleep(act.at).await;
                world.act(act.who, &act.what);
            });
        }
        for trouble in world.plan.troubles.clone() {
            let When::At(at) = trouble.when else { continue };
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                world.time.sleep(at).await;
                world.strike(&trouble.what);
            });
        }
        for (at, version) in world.plan.deployments.clone() {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                world.time.sleep(at).await;
                let Some((files, _)) = world.cast.versions.get(version) else { return };
                if let Some((_, handle)) = world.anyone() {
                    let done = handle.shared().take_over(files).await.map(|deployed| deployed.live);
                    world.tell(format_args!("version {} goes live: {done:?}", version + 1));
                }
            });
        }
        let quiet = quiet_after(&world.plan);
        self.until(quiet).await;
        world.heal();
        self.until(quiet + PROBE_AFTER).await;
        for who in 0..world.plan.customers.len() {
            if !world.lock().customers[who].said.is_empty() {
                world.act(who, &What::Text("is anybody there".to_owned()));
            }
        }
        self.until(quiet + PROBE_AFTER + END_AFTER + latest(&world.plan)).await;
        for running in std::mem::take(&mut self.running).into_values() {
            running.process.dead.store(true, Ordering::SeqCst);
            running.watch.abort();
            running.service.kill().await;
        }
        let memory = self.memory.reopen();
        if world.plan.nodes > 1 {
            // Whoever looks at what is left leads.
            world.time.sleep(world.plan.lease_ms * 360 + SECOND).await;
            memory.lease(APP, std::time::Duration::from_secs(3_600)).await.unwrap();
        }
        memory
    }

    /// Lets time pass; processes that end are started again.
    async fn until(&mut self, until: i64) {
        while self.world.time.now() < until {
            self.fill().await;
            let next = self.restarts.first().map_or(until, |(at, _)| until.min(*at));
            let left = next - self.world.time.now();
            tokio::select! {
                biased;
                Some(ended) = self.ends.recv() => self.end(&ended).await,
                () = self.world.time.sleep(left) => {}
            }
        }
    }

    async fn end(&mut self, ended: &Ended) {
        let found = self.running.iter().find(|(_, running)| running.process.number == ended.process);
        let Some(node) = found.map(|(node, _)| *node) else { return };
        self.world.lock().processes.remove(&node);
        if let Some(running) = self.running.remove(&node) {
            running.watch.abort();
            running.service.kill().await;
        }
        let now = self.world.time.now();
        if self.running.is_empty() {
            self.down_since = Some(now);
        }
        self.restarts.insert((now + ended.down_ms, node));
    }

    /// Starts whom it is time for.
    async fn fill(&mut self) {
        while let Some((at, node)) = self.restarts.first().copied()
            && at <= self.world.time.now()
        {
            self.restarts.remove(&(at, node));
            self.start(node).await;
        }
    }

    async fn start(&mut self, node: usize) {
        let world = &self.world;
        self.starts += 1;
        let process = Arc::new(Process {
            number: self.starts,
            node,
            beside_ms: BESIDE_MS[node % BESIDE_MS.len()],
            frozen: Arc::default(),
            no_store: AtomicI64::default(),
            cut_off: AtomicI64::default(),
            dead: AtomicBool::new(false),
            end: Notify::new(),
            skew: Skew::default(),
        });
        let memory = self.memory.reopen();
        let compiler = Known(Arc::clone(&world.cast), world.time.clone());
        let (mut options, mut bot) = (options(world), Arc::clone(&world.cast.bot));
        if let Some((files, _)) = world.cast.versions.first() {
            let depot =
                Depot { store: &memory, compiler: &compiler, now: world.time.clock().now(), whose: Whose::Shared { but: &[] } };
            let begun = depot.begin(Some(files)).await.unwrap();
            (options.version, bot) = (begun.number, begun.bot);
        }
        let store = Faulty {
            world: Arc::clone(world),
            process: Arc::clone(&process),
            memory,
            witness: Arc::clone(&self.witness),
            failing: Mutex::default(),
            readings_failing: Mutex::default(),
        };
        let ports = Ports {
            clock: Arc::new(process.clock(&world.time)),
            entropy: Arc::new(SeededEntropy::new(world.plan.seed ^ (u64::from(self.starts) << 40))),
            store: Arc::new(store),
            transport: Arc::new(Line { world: Arc::clone(world), process: Arc::clone(&process) }),
            fetcher: Arc::new(Systems { world: Arc::clone(world), process: Arc::clone(&process) }),
            herald: Arc::new(TellsNobody),
            compiler: Some(Arc::new(compiler)),
        };
        let (service, handle): (Service, Handle) = Service::start(options, ports, bot).await.unwrap();
        let (fatal, watched) = (handle.fatal(), (Arc::clone(world), Arc::clone(&process)));
        let watch = tokio::spawn(async move {
            let reason = fatal.await;
            watched.0.kill(&watched.1, RESTART, &reason);
        });
        world.tell(format_args!("process {} starts", self.starts));
        let mut state = world.lock();
        state.evidence.starts = self.starts;
        let now = world.time.now();
        state.evidence.downs.extend(self.down_since.take().map(|since| (since, now)));
        state.processes.insert(node, (Arc::clone(&process), handle));
        drop(state);
        self.running.insert(node, Running { process, service, watch });
    }
}

fn options(world: &World) -> Options {
    let app = AppOptions {
        id: APP.to_owned(),
        calls_per_second: if world.is(Mutant::Hurried) { 30.0 } else { 10.0 },
        conversations_a_day: world.plan.a_day,
        window_margin_ms: world.plan.margin_ms,
        accounts: (0..world.plan.accounts).map(World::open_id).collect(),
        closed: Vec::new(),
    };
    // The store in memory never fails to give its hint.
    let news_every = std::time::Duration::from_secs(3_600);
    let lease = std::time::Duration::from_millis(world.plan.lease_ms.unsigned_abs());
    let presence_every = std::time::Duration::from_secs(120);
    Options { workers: world.plan.workers, cached_max: 32, presence_every, lease, news_every, ..Options::new(vec![app]) }
}
