//! Which apps this process sends for. Where several processes share a store, one at a time holds an app's lease: it runs
//! the app's dispatcher and timers. Whoever receives a webhook commits it; the leader is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::core::{Ask, Core, later};
use super::dispatch::{Lane, Msg};
use super::fetching;
use super::metrics::count;
use super::port::{ConversationId, OutboxRow, OutboxState};
use super::timers::Told;
use crate::channel::Outcome;
use crate::engine::Input;

/// It is renewed so many times within what it still lasts.
const RENEWALS: u32 = 5;
/// Whoever waits for a lease asks again at its end, and so many times before, because it may be given back.
const QUESTIONS: u32 = 10;
/// Where the store does not answer.
const ASK: Duration = Duration::from_secs(1);
/// Just after the other's end, by whose clock it is told.
const AFTER: Duration = Duration::from_millis(50);
/// After a start, or after another has led, that one may have used up the last second.
const EMPTY_BUCKET: Duration = Duration::from_secs(1);
/// The longest call.
const CALL_MAX: Duration = Duration::from_secs(10);
/// A mark of another leader has its outcome by then, or nobody will tell: it begins within two seconds, a call lasts ten,
/// and its outcome must be committed.
const ORPHAN: Duration = Duration::from_secs(17);

/// Keeps one app's lease, or waits for it.
pub(super) struct Keeper {
    pub(super) core: Arc<Core>,
    /// By index of the app.
    pub(super) app: usize,
    pub(super) lane: Lane,
    pub(super) timers: mpsc::UnboundedSender<Told>,
}

impl Keeper {
    pub(super) async fn run(self) {
        let core = Arc::clone(&self.core);
        let Some(id) = core.apps.get(self.app).map(|app| app.id.clone()) else { return };
        let mut until: Option<Duration> = None;
        // Ends with the lease, and with this task.
        let mut taking_up = JoinSet::new();
        while !core.stopping.load(Ordering::SeqCst) {
            // Counted from before the question: never longer than the store thinks.
            let asked = core.monotonic();
            let answer = core.ports.store.lease(&id, core.lease).await;
            let now = core.monotonic();
            core.metrics.lease_took.add(now.saturating_sub(asked));
            // A process that stood still may get back what another one has had meanwhile, and left things undone.
            if until.is_some_and(|until| until <= now) {
                self.lose(&mut until, "it was not renewed in time");
            }
            let rest = match answer {
                Ok(lease) if lease.mine => {
                    let ends = asked.saturating_add(lease.left);
                    self.lead(until.is_none(), now, ends, &mut taking_up);
                    until = Some(ends);
                    lease.left / RENEWALS
                }
                Ok(lease) => {
                    self.lose(&mut until, "another process has taken it");
                    (lease.left / QUESTIONS).max(ASK).min(lease.left + AFTER)
                }
                Err(error) => {
                    tracing::warn!(app = id, %error, "the store did not say who leads the app");
                    ASK
                }
            };
            if until.is_none() {
                taking_up.abort_all();
            }
            core.sleep(rest).await;
            while taking_up.try_join_next().is_some() {}
        }
    }

    fn lead(&self, new: bool, now: Duration, ends: Duration, taking_up: &mut JoinSet<()>) {
        self.lane.send(Msg::Lead { until: ends, first: now + EMPTY_BUCKET });
        if !new {
            return;
        }
        tracing::info!(app = self.app, "this process leads the app now");
        count(&self.core.metrics.leases_taken);
        if let Some(leading) = self.core.leading.get(self.app) {
            leading.store(true, Ordering::SeqCst);
        }
        // From here on every commit tells the lane and the timers; what was committed before is read.
        let _ = self.timers.send(Told::Leads);
        self.core.announcing.wake();
        // That of a lease which ended unnoticed read the store too early.
        taking_up.abort_all();
        taking_up.spawn(take_up(Arc::clone(&self.core), Some(self.app)));
        taking_up.spawn(fetching::take_up(Arc::clone(&self.core), Some(self.app)));
    }

    fn lose(&self, until: &mut Option<Duration>, why: &str) {
        if until.take().is_none() {
            return;
        }
        tracing::warn!(app = self.app, why, "this process no longer leads the app");
        count(&self.core.metrics.leases_lost);
        if let Some(leading) = self.core.leading.get(self.app) {
            leading.store(false, Ordering::SeqCst);
        }
        self.lane.send(Msg::Lost);
    }
}

/// Hears of what other processes have changed in the apps led here.
pub(super) async fn listen(core: Arc<Core>) {
    loop {
        match core.ports.store.news().await {
            Ok(conversations) => {
                if !conversations.is_empty() {
                    core.announcing.wake();
                }
                for conversation in conversations {
                    stand(&core, conversation).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the store did not say what other processes have changed");
                core.sleep(ASK).await;
                continue;
            }
        }
        let hint = core.ports.store.hint();
        match select(Box::pin(hint), Box::pin(core.sleep(core.news_every))).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}

/// What an earlier process or leader left: its marks without outcome are unknown, its queued replies stand for their place
/// again.
pub(super) async fn take_up(core: Arc<Core>, app: Option<usize>) {
    let concerns = |row: &OutboxRow| match app {
        None => true,
        Some(app) => core.accounts.of(row.account).is_some_and(|account| account.app == app),
    };
    let rows: Vec<OutboxRow> = outbox(&core, None).await.into_iter().filter(concerns).collect();
    let mut conversations: Vec<ConversationId> = rows.iter().map(|row| row.conversation).collect();
    conversations.dedup();
    let marks = rows.into_iter().filter(|row| matches!(row.state, OutboxState::Marked { epoch, .. } if epoch != core.epoch));
    if core.ports.store.is_shared() {
        for conversation in conversations {
            stand(&core, conversation).await;
        }
        let marks: Vec<OutboxRow> = marks.collect();
        if marks.is_empty() {
            return;
        }
        core.sleep(ORPHAN).await;
        for row in marks {
            // Its leader may have told meanwhile.
            if outbox(&core, Some(row.conversation)).await.iter().any(|now| now.reply == row.reply && now.state == row.state) {
                orphan(&core, &row).await;
            }
        }
    } else {
        for row in marks {
            orphan(&core, &row).await;
        }
        for conversation in conversations {
            stand(&core, conversation).await;
        }
    }
}

/// All rows, or those of one conversation, as soon as the store gives them.
async fn outbox(core: &Core, of: Option<ConversationId>) -> Vec<OutboxRow> {
    loop {
        let rows = match of {
            Some(conversation) => core.ports.store.outbox_of(conversation).await,
            None => core.ports.store.outbox().await,
        };
        match rows {
            Ok(rows) => return rows,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                core.sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Nobody is left who could tell how this attempt ended.
async fn orphan(core: &Core, row: &OutboxRow) {
    let OutboxState::Marked { attempt, not_after, .. } = row.state else { return };
    let Some(address) = core.address_surely(row.conversation).await else { return };
    let outcome = Outcome::Unknown { text: "the process ended before the answer".to_owned() };
    // However long nobody ran, its call ended then at the latest: what TikTok stored later is not it.
    let now = core.now();
    let ended = now.min(later(not_after, CALL_MAX));
    // The clock may have been put right since.
    let latest = Some(core.latest_of_end(now));
    core.post_surely(&address, Input::Outcome { reply: row.reply, attempt, ended, latest, outcome }).await;
}

/// Lets the dispatcher and the timers know where a conversation stands.
async fn stand(core: &Core, conversation: ConversationId) {
    let Some(address) = core.address_surely(conversation).await else { return };
    while core.post(Arc::clone(&address), Ask::Standing).await.is_err() {
        if core.writer.is_closed() || core.fatal.borrow().is_some() {
            return;
        }
        core.sleep(Duration::from_secs(1)).await;
    }
}
