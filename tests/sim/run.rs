//! Tells one story: the real runtime on virtual time, a faulty store, and a TikTok with people in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rejoinder::calendar::Moment;
use rejoinder::runtime::port::{Clock as _, ConversationRow, HistoryRow, OutboxRow, Store};
use rejoinder::runtime::{AppOptions, Handle, Options, Ports, Service};
use rejoinder::store::Memory;
use rejoinder::system::SeededEntropy;
use rejoinder::tiktok::client::skew::Skew;
use tokio::sync::{Notify, mpsc};

use crate::bots::{Cast, cast};
use crate::checks;
use crate::evidence::{Breach, Evidence};
use crate::faulty::{Faulty, Witness};
use crate::mutants::Mutant;
use crate::plan::{Plan, What, When};
use crate::time::{HOUR, SECOND, Time};
use crate::transport::Line;
use crate::world::{APP, Customer, Ended, Process, World, quiet_after};

/// Every webhook is brought again within this, so that nothing is under way when the probes come.
const PROBE_AFTER: i64 = 5 * HOUR;
/// Longer than any wait, window, held reply and release.
const END_AFTER: i64 = 90 * HOUR;
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
    let mut told =
        Told { plan: plan.clone(), cast, evidence, customers, rows, histories, loose, outbox, now, breaches: Vec::new() };
    told.breaches = checks::all(&told);
    told
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

type Fatal = Pin<Box<dyn Future<Output = String> + Send>>;

struct Running {
    process: Arc<Process>,
    service: Service,
    fatal: Fatal,
}

struct Stage {
    world: Arc<World>,
    ends: mpsc::UnboundedReceiver<Ended>,
    memory: Memory,
    witness: Arc<Mutex<Witness>>,
    starts: u32,
    running: Option<Running>,
}

impl Stage {
    fn new(world: &Arc<World>, ends: mpsc::UnboundedReceiver<Ended>) -> Self {
        let (world, witness) = (Arc::clone(world), Arc::default());
        Self { world, ends, memory: Memory::new(), witness, starts: 0, running: None }
    }

    async fn play(mut self) -> Memory {
        self.start().await;
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
        let quiet = quiet_after(&world.plan);
        self.until(quiet).await;
        world.heal();
        self.until(quiet + PROBE_AFTER).await;
        for who in 0..world.plan.customers.len() {
            if !world.lock().customers[who].said.is_empty() {
                world.act(who, &What::Text("is anybody there".to_owned()));
            }
        }
        self.until(quiet + PROBE_AFTER + END_AFTER).await;
        if let Some(running) = self.running.take() {
            running.process.dead.store(true, Ordering::SeqCst);
            running.service.kill().await;
        }
        self.memory.reopen()
    }

    /// Lets time pass; processes that end are started again.
    async fn until(&mut self, until: i64) {
        while self.world.time.now() < until {
            let left = until - self.world.time.now();
            let Some(running) = &mut self.running else {
                self.start().await;
                continue;
            };
            tokio::select! {
                biased;
                Some(ended) = self.ends.recv() => {
                    if ended.process == self.starts {
                        self.end(ended.down_ms).await;
                    }
                }
                reason = &mut running.fatal => {
                    let process = Arc::clone(&running.process);
                    self.world.kill(&process, RESTART, &reason);
                }
                () = self.world.time.sleep(left) => {}
            }
        }
    }

    async fn end(&mut self, down_ms: i64) {
        self.world.lock().process = None;
        if let Some(running) = self.running.take() {
            running.service.kill().await;
        }
        self.world.time.sleep(down_ms).await;
        self.start().await;
    }

    async fn start(&mut self) {
        let world = &self.world;
        self.starts += 1;
        let process =
            Arc::new(Process { number: self.starts, dead: AtomicBool::new(false), end: Notify::new(), skew: Skew::default() });
        let memory = self.memory.reopen();
        let store = Faulty {
            world: Arc::clone(world),
            process: Arc::clone(&process),
            memory,
            witness: Arc::clone(&self.witness),
            failing: Mutex::default(),
            readings_failing: Mutex::default(),
        };
        let ports = Ports {
            clock: Arc::new(world.time.clock()),
            entropy: Arc::new(SeededEntropy::new(world.plan.seed ^ (u64::from(self.starts) << 40))),
            store: Arc::new(store),
            transport: Arc::new(Line { world: Arc::clone(world), process: Arc::clone(&process) }),
        };
        let (service, handle): (Service, Handle) =
            Service::start(options(world), ports, Arc::clone(&world.cast.bot)).await.unwrap();
        let fatal: Fatal = Box::pin(handle.fatal());
        world.tell(format_args!("process {} starts", self.starts));
        let mut state = world.lock();
        state.evidence.starts = self.starts;
        state.process = Some((Arc::clone(&process), handle));
        drop(state);
        self.running = Some(Running { process, service, fatal });
    }
}

fn options(world: &World) -> Options {
    let app = AppOptions {
        id: APP.to_owned(),
        calls_per_second: if world.is(Mutant::Hurried) { 30.0 } else { 10.0 },
        window_margin_ms: world.plan.margin_ms,
        accounts: (0..world.plan.accounts).map(World::open_id).collect(),
    };
    Options { workers: world.plan.workers, cached_max: 32, ..Options::new(vec![app]) }
}
