//! Brings the events of one endpoint: those of a conversation one after the other, those of several side by side.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Announcing, Endpoint, id_of, off_key};
use crate::calendar::Moment;
use crate::runtime::core::{Core, later};
use crate::runtime::fetching::circuit::{Circuit, Verdict};
use crate::runtime::port::{ConversationId, EventCall, EventEnd, EventRow, Settled, StoreError};

/// Pauses between the tries of an event: in all a little less than a day.
const PAUSES: [Duration; 10] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1_800),
    Duration::from_secs(3_600),
    Duration::from_secs(7_200),
    Duration::from_secs(14_400),
    Duration::from_secs(28_800),
    Duration::from_secs(28_800),
];
/// What was not taken for so long is given up: a little less than all pauses together.
const DEAD_AFTER_MS: i64 = 84_600_000;
/// Nobody is waited for longer at his own wish.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// When the store refuses.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often it is asked whether an endpoint that is off was switched on elsewhere.
const OFF_ASKED: Duration = Duration::from_secs(60);
/// The other side wants to hear nothing any more.
const GONE: u16 = 410;

/// Why an endpoint is off, as it stands in the store.
#[derive(Debug, Serialize, Deserialize)]
struct Off {
    at: Moment,
    why: String,
    /// [`Endpoint::place`] then.
    place: String,
}

/// A try that has ended.
struct Ended {
    row: EventRow,
    end: EventEnd,
    probed: bool,
}

/// When there is something to do again, besides what is told.
enum Look {
    At(Moment),
    After(Duration),
    WhenTold,
}

pub(in crate::runtime) struct Deliverer {
    core: Arc<Core>,
    endpoint: Arc<Endpoint>,
    circuit: Circuit,
    jobs: JoinSet<Ended>,
    /// Conversations with a try under way.
    flying: HashSet<ConversationId>,
    wake: watch::Receiver<u64>,
}

impl Deliverer {
    pub(in crate::runtime) fn new(core: Arc<Core>, endpoint: Arc<Endpoint>) -> Self {
        let wake = core.announcing.wake.subscribe();
        Self { core, endpoint, circuit: Circuit::default(), jobs: JoinSet::new(), flying: HashSet::new(), wake }
    }

    pub(in crate::runtime) async fn run(mut self) {
        loop {
            let look = match self.fill().await {
                Ok(look) => look,
                Err(error) => {
                    tracing::warn!(%error, endpoint = %self.endpoint.name, "events could not be read");
                    Look::After(AGAIN_AFTER)
                }
            };
            let core = Arc::clone(&self.core);
            let wait = async {
                match look {
                    Look::At(moment) => core.sleep_until(Some(moment)).await,
                    Look::After(pause) => core.sleep(pause).await,
                    Look::WhenTold => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(ended) = self.jobs.join_next(), if !self.jobs.is_empty() => {
                    if !self.settle(ended).await {
                        return;
                    }
                }
                told = self.wake.changed() => if told.is_err() { return },
                () = wait => {}
            }
        }
    }

    /// Begins what may be begun.
    async fn fill(&mut self) -> Result<Look, StoreError> {
        if self.core.stopping.load(Ordering::SeqCst) {
            return Ok(Look::WhenTold);
        }
        if let Some(off) = self.off().await? {
            Announcing::set(&self.core.announcing.off, &self.endpoint.name, Some(off.why.clone()));
            self.hold(&off.why).await?;
            return Ok(Look::After(OFF_ASKED));
        }
        let free = self.endpoint.at_once.max(1).saturating_sub(self.jobs.len());
        if free == 0 {
            return Ok(Look::WhenTold);
        }
        // One more than can be begun: it says when to look again.
        let most = self.flying.len() + free + 1;
        let now = self.core.now();
        for row in self.core.ports.store.event_heads(&self.endpoint.name, most).await? {
            if self.flying.contains(&row.conversation) {
                continue;
            }
            // An endpoint that stands still as a whole is tried with whatever is there.
            if row.next > now && !self.circuit.is_open() {
                return Ok(Look::At(row.next));
            }
            if self.jobs.len() >= self.endpoint.at_once.max(1) {
                break;
            }
            match self.circuit.enter(self.core.monotonic()) {
                Ok(probed) => self.begin(row, probed),
                Err(_) => {
                    let rest = self.circuit.rest_left(self.core.monotonic());
                    return Ok(if rest.is_zero() { Look::WhenTold } else { Look::After(rest) });
                }
            }
        }
        Ok(Look::WhenTold)
    }

    /// Whether it was switched off, at the address that it has now.
    async fn off(&self) -> Result<Option<Off>, StoreError> {
        let stored = self.core.ports.store.meta(&off_key(&self.endpoint.name)).await?;
        let off = stored.and_then(|stored| serde_json::from_slice::<Off>(&stored).ok());
        let off = off.filter(|off| off.place == self.endpoint.place);
        if off.is_none() {
            Announcing::set(&self.core.announcing.off, &self.endpoint.name, None);
        }
        Ok(off)
    }

    fn begin(&mut self, row: EventRow, probed: bool) {
        self.flying.insert(row.conversation);
        let call = EventCall {
            endpoint: Arc::clone(&self.endpoint.name),
            id: id_of(&self.core.secret, &row),
            now: self.core.now(),
            body: row.body.clone(),
            timeout: self.endpoint.timeout(),
        };
        let core = Arc::clone(&self.core);
        self.jobs.spawn(async move {
            let told = AssertUnwindSafe(core.ports.herald.tell(call)).catch_unwind();
            let end = told.await.unwrap_or_else(|_| EventEnd::Failed { reason: "the request could not be made".to_owned() });
            Ended { row, end, probed }
        });
    }

    /// Writes what became of a try; false when the process is ending.
    async fn settle(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> bool {
        let mut all: Vec<Ended> = ended.into_iter().collect();
        while let Some(more) = self.jobs.try_join_next() {
            all.extend(more);
        }
        let conversations: Vec<ConversationId> = all.iter().map(|ended| ended.row.conversation).collect();
        let was_open = self.circuit.is_open();
        let (mut held, mut gone, mut settled) = (None, false, Vec::with_capacity(all.len()));
        for ended in all {
            let why = ended.end.failure();
            self.circuit.ended(self.core.monotonic(), ended.probed, verdict(&ended.end));
            if ended.probed {
                held.clone_from(&why);
            }
            gone |= matches!(ended.end, EventEnd::Answered { status: GONE, .. });
            settled.push(self.judge(ended, why));
        }
        let written = self.write(settled, gone).await;
        for conversation in conversations {
            self.flying.remove(&conversation);
        }
        if written {
            self.after(was_open, held).await;
        }
        written
    }

    /// What becomes of an event after a try.
    fn judge(&self, ended: Ended, why: Option<String>) -> Settled {
        let Ended { row, end, .. } = ended;
        let announcing = &self.core.announcing;
        let Some(reason) = why else {
            announcing.add(&self.endpoint.name, |tally| &tally.delivered, 1);
            return Settled::Delivered(row.key);
        };
        announcing.add(&self.endpoint.name, |tally| &tally.failed, 1);
        let (now, tries) = (self.core.now(), row.tries.saturating_add(1));
        let since = row.since.unwrap_or(now);
        let pause = usize::try_from(row.tries).ok().and_then(|tried| PAUSES.get(tried)).or(PAUSES.last());
        let id = id_of(&self.core.secret, &row);
        tracing::debug!(endpoint = %self.endpoint.name, id, tries, reason, "an event was not taken");
        // What the endpoint wants to hear nothing of is not counted against the event.
        if matches!(end, EventEnd::Answered { status: GONE, .. }) {
            return Settled::Again { key: row.key, tries, next: now, since, reason };
        }
        match pause {
            Some(pause) if now.since_ms(since) < DEAD_AFTER_MS => {
                let wished = match end {
                    EventEnd::Answered { retry_after: Some(wished), .. } => wished.min(RETRY_AFTER_MAX),
                    _ => Duration::ZERO,
                };
                Settled::Again { key: row.key, tries, next: later(now, self.spread(*pause).max(wished)), since, reason }
            }
            _ => {
                tracing::warn!(endpoint = %self.endpoint.name, id, tries, reason, "an event is given up");
                announcing.add(&self.endpoint.name, |tally| &tally.dead, 1);
                Settled::Dead { key: row.key, tries, at: now, since, reason }
            }
        }
    }

    /// Up to a tenth more, so that what failed together does not come again together.
    fn spread(&self, pause: Duration) -> Duration {
        let part = u32::try_from(self.core.ports.entropy.next_u64() % 1_000).unwrap_or(0);
        pause + pause / 10_000 * part
    }

    /// Until it is written: what was delivered must not come again because the store was busy for a moment.
    async fn write(&self, settled: Vec<Settled>, gone: bool) -> bool {
        loop {
            let written = async {
                self.core.ports.store.settle_events(settled.clone()).await?;
                if gone { self.switch_off().await } else { Ok(()) }
            };
            match written.await {
                Ok(()) => return true,
                Err(_) if self.core.writer.is_closed() || self.core.fatal.borrow().is_some() => return false,
                Err(error) => {
                    tracing::warn!(%error, endpoint = %self.endpoint.name, "what became of events could not be written");
                    self.core.sleep(AGAIN_AFTER).await;
                }
            }
        }
    }

    async fn switch_off(&self) -> Result<(), StoreError> {
        let why = "it answered 410: it wants no events any more".to_owned();
        tracing::error!(endpoint = %self.endpoint.name, "the endpoint answered 410 and gets no events until it is switched on again");
        let off = Off { at: self.core.now(), why, place: self.endpoint.place.clone() };
        let off = serde_json::to_vec(&off).unwrap_or_default();
        self.core.ports.store.put_meta(&off_key(&self.endpoint.name), &off).await
    }

    /// Whether the endpoint as a whole goes or stands.
    async fn after(&mut self, was_open: bool, held: Option<String>) {
        let (name, is_open) = (&self.endpoint.name, self.circuit.is_open());
        let failing = is_open.then(|| self.circuit.last().to_owned());
        Announcing::set(&self.core.announcing.failing, name, failing.clone());
        let done = match (was_open, is_open) {
            (false, true) => {
                tracing::warn!(endpoint = %name, reason = failing, "the endpoint takes nothing; it is tried now and then");
                self.hold(failing.as_deref().unwrap_or_default()).await
            }
            (true, true) => match held {
                Some(why) => self.hold(&why).await,
                None => Ok(()),
            },
            (true, false) => {
                tracing::info!(endpoint = %name, "the endpoint takes events again");
                self.core.ports.store.hasten_events(name, self.core.now()).await
            }
            (false, false) => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, endpoint = %name, "the events of an endpoint could not be changed");
        }
    }

    /// What waits for it counts from now on, and what has waited too long is given up.
    async fn hold(&self, why: &str) -> Result<(), StoreError> {
        let now = self.core.now();
        let died = self.core.ports.store.hold_events(&self.endpoint.name, now, now.plus_ms(-DEAD_AFTER_MS), why).await?;
        if died > 0 {
            tracing::warn!(endpoint = %self.endpoint.name, events = died, why, "events are given up");
            self.core.announcing.add(&self.endpoint.name, |tally| &tally.dead, died);
        }
        Ok(())
    }
}

/// What a try says of the endpoint as a whole.
fn verdict(end: &EventEnd) -> Verdict {
    match end {
        EventEnd::Answered { status: 429 | 502..=504, .. } | EventEnd::TimedOut | EventEnd::Failed { .. } => {
            Verdict::Bad(end.failure().unwrap_or_default())
        }
        EventEnd::Answered { .. } => Verdict::Good,
    }
}
