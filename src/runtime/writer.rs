//! The one task that commits: it takes what waits, writes it in one transaction, and only then lets anybody know.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::core::{Core, Delivered, Event, Finished, Refused};
use super::dispatch::Lane;
use super::metrics::count;
use super::port::{ConversationId, Record, StoreError, Written};
use super::timers::Told;

/// Sprints of one transaction; more only adds latency.
const BATCH_MAX: usize = 256;
const BATCH_BYTES_MAX: usize = 2_000_000;

pub(super) struct Writer {
    core: Arc<Core>,
    finished: mpsc::UnboundedReceiver<Finished>,
    /// Taken out of the line already.
    next: Option<Finished>,
    /// By index of the app.
    lanes: HashMap<usize, Lane>,
    timers: mpsc::UnboundedSender<Told>,
    /// Conversations that another process has changed, and up to which sprint of their worker nothing of ours counts.
    void: HashMap<ConversationId, u64>,
}

impl Writer {
    pub(super) fn new(
        core: &Arc<Core>,
        finished: mpsc::UnboundedReceiver<Finished>,
        lanes: &HashMap<usize, Lane>,
        timers: &mpsc::UnboundedSender<Told>,
    ) -> Self {
        let (core, lanes, timers) = (Arc::clone(core), lanes.clone(), timers.clone());
        Self { core, finished, next: None, lanes, timers, void: HashMap::new() }
    }

    pub(super) async fn run(mut self) {
        loop {
            let first = match self.next.take() {
                Some(first) => Some(first),
                None => self.finished.recv().await,
            };
            let Some(first) = first else { return };
            let goes_on = if first.erasure.is_some() {
                self.erase(first).await
            } else {
                let batch = self.gather(first);
                self.write(batch).await
            };
            if !goes_on {
                return;
            }
        }
    }

    /// A transaction of its own, behind all that was computed before it.
    async fn erase(&mut self, mut finished: Finished) -> bool {
        let Some(erasure) = finished.erasure.take() else { return true };
        let generation = self.core.generation.load(Ordering::SeqCst);
        if finished.generation.is_some_and(|other| other != generation) {
            refuse(vec![finished], "an earlier commit failed");
            return true;
        }
        self.core.fail.pass("before_erasure");
        match self.core.ports.store.erase(*erasure).await {
            Ok(Some(removed)) => {
                self.core.fail.pass("after_erasure");
                finished.done.erased = Some(removed);
                self.release(vec![finished], &[None], &[]);
                true
            }
            Ok(None) => {
                self.set_aside(finished, Refused::Stale);
                true
            }
            Err(error) => self.failed(vec![finished], &error),
        }
    }

    fn gather(&mut self, first: Finished) -> Vec<Finished> {
        let mut bytes = size(&first);
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX && bytes < BATCH_BYTES_MAX {
            let Ok(next) = self.finished.try_recv() else { break };
            if next.erasure.is_some() {
                self.next = Some(next);
                break;
            }
            bytes += size(&next);
            batch.push(next);
        }
        batch
    }

    /// False when the store is broken and nothing more may be written.
    async fn write(&mut self, batch: Vec<Finished>) -> bool {
        let generation = self.core.generation.load(Ordering::SeqCst);
        let (void, mut batch): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|finished| finished.generation.is_some_and(|other| other != generation));
        refuse(void, "an earlier commit failed");
        let mut records = Vec::new();
        let mut lines = Vec::with_capacity(batch.len());
        let mut events = false;
        for finished in &mut batch {
            events |= finished.record.as_ref().is_some_and(|record| !record.events.is_empty());
            lines.push(finished.record.take().map(|record| {
                let line = (records.len(), record.kind);
                records.push(record);
                line
            }));
        }
        if records.is_empty() {
            self.release(batch, &lines, &[]);
            return true;
        }
        self.core.fail.pass("before_commit");
        let begun = self.core.monotonic();
        let committed = self.commit(records).await;
        self.core.stored(&batch, &lines, committed.as_deref().ok(), begun);
        match committed {
            Ok(written) => {
                self.core.fail.pass("after_commit");
                self.release(batch, &lines, &written);
                if events {
                    self.core.announcing.wake();
                }
                true
            }
            Err(error) => self.failed(batch, &error),
        }
    }

    /// Nothing was written, and whatever was computed on top of it is void. False where nothing more may be written.
    fn failed(&self, batch: Vec<Finished>, error: &StoreError) -> bool {
        count(&self.core.metrics.commits_failed);
        self.core.generation.fetch_add(1, Ordering::SeqCst);
        let text = error.to_string();
        refuse(batch, &text);
        match error {
            StoreError::Busy(_) | StoreError::Full(_) => {
                tracing::error!(error = text, "a commit failed; what it held is computed again");
                true
            }
            StoreError::Broken(_) | StoreError::Owned(_) | StoreError::Newer(_) => {
                self.core.give_up(&text);
                false
            }
        }
    }

    async fn commit(&self, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        let metrics = &self.core.metrics;
        let (begun, many) = (self.core.monotonic(), records.len());
        metrics.commit_begins(begun);
        let result = self.core.ports.store.commit(records).await;
        metrics.commit_ended(begun, self.core.monotonic(), many);
        metrics.commit_succeeded(self.core.monotonic(), result.is_ok());
        count(&metrics.commits);
        result
    }

    /// Carries what is committed to everyone who waits for it, in order.
    fn release(&mut self, batch: Vec<Finished>, lines: &[Option<(usize, &'static str)>], written: &[Written]) {
        for (finished, line) in batch.into_iter().zip(lines) {
            if let Some((progress, reached)) = &finished.progress {
                progress.fetch_max(*reached, Ordering::SeqCst);
            }
            if finished.again {
                let _ = finished.ack.send(Err(Refused::Stale));
                continue;
            }
            let seq = match line.and_then(|(index, kind)| Some((*written.get(index)?, kind))) {
                Some((Written::Line(seq), kind)) => Some((seq, kind)),
                None if !self.stands_on_void(&finished) => None,
                None | Some((Written::Stale, _)) => {
                    self.set_aside(finished, Refused::Stale);
                    continue;
                }
                Some((Written::Fenced, _)) => {
                    self.set_aside(finished, Refused::Fenced);
                    continue;
                }
            };
            let conversation = finished.news.as_ref().map(|news| news.conversation);
            if let Some(news) = finished.news {
                if let Some(lane) = self.lanes.get(&news.address.account.app) {
                    lane.tell(news.clone());
                }
                let _ = self.timers.send(Told::News(news));
            }
            if finished.done.delivered == Delivered::Duplicate {
                count(&self.core.metrics.duplicates);
            }
            self.core.metrics.replies(&finished.replies);
            self.core.fail.pass("before_ack");
            let _ = finished.ack.send(Ok(finished.done));
            if let Some((seq, kind)) = seq {
                self.core.metrics.by_input.add(kind);
                self.core.announcing.live.tell(seq, finished.heard, self.core.now());
                let _ = self.core.events.send(Event { seq, conversation, kind });
            }
        }
    }

    /// Whether it was computed on what others had changed: what it says (a duplicate, say) was then never committed. A
    /// record among them was refused by the store as well.
    fn stands_on_void(&mut self, finished: &Finished) -> bool {
        let Some((conversation, since)) = finished.basis else { return false };
        let Some(computed) = self.void.get(&conversation) else { return false };
        let void = since < *computed;
        if !void {
            self.void.remove(&conversation);
        }
        void
    }

    /// It was not written; the worker forgets the conversation before anybody can ask for it again.
    fn set_aside(&mut self, finished: Finished, why: Refused) {
        count(&self.core.metrics.stale);
        if let (Some(address), Some((conversation, since))) = (&finished.address, finished.basis) {
            let computed = finished.progress.as_ref().map_or(since + 1, |(_, reached)| *reached);
            let known = self.void.entry(conversation).or_default();
            if *known < computed {
                *known = computed;
                self.core.forget(address, conversation, computed);
            }
        }
        let _ = finished.ack.send(Err(why));
    }
}

fn refuse(batch: Vec<Finished>, why: &str) {
    for finished in batch {
        let _ = finished.ack.send(Err(Refused::Store(why.to_owned())));
    }
}

fn size(finished: &Finished) -> usize {
    let record = finished.record.as_ref();
    record.map_or(0, |record| record.body.len() + record.change.as_ref().map_or(0, |change| change.state.len()))
}
