//! Webhooks on their way: one lane per conversation, each lane in order, lanes side by side.

use std::collections::{BTreeSet, HashMap, VecDeque};

use bytes::Bytes;

use crate::calendar::Moment;

/// Beyond this many waiting webhooks the newest is dropped and recorded so.
const WAITING_MAX: usize = 100_000;
const GAP_FIRST_MS: i64 = 1_000;
const GAP_MAX_MS: i64 = 3_600_000;
/// TikTok gives a webhook up after 72 hours.
const GIVE_UP_MS: i64 = 72 * 3_600_000;

/// One webhook.
#[derive(Clone)]
pub(super) struct Parcel {
    /// Number of its delivery record.
    pub n: u64,
    pub event_type: &'static str,
    pub body: Bytes,
    pub created: Moment,
    pub due: Moment,
    /// Tries that failed.
    pub failed: u32,
    /// To be overtaken by the next one of its lane.
    pub overtaken: bool,
    /// Signed as if it were so many seconds older.
    pub stale_s: i64,
    pub bad_signature: bool,
    /// The business-side message that this echoes, by conversation and message id.
    pub echo_of: Option<(usize, String)>,
}

#[derive(Default)]
struct Lane {
    parcels: VecDeque<Parcel>,
    busy: bool,
}

#[derive(Default)]
pub(super) struct Queue {
    lanes: HashMap<u64, Lane>,
    /// Heads of the lanes that are not busy.
    ready: BTreeSet<(Moment, u64)>,
    waiting: usize,
    next_lane: u64,
}

impl Queue {
    /// A lane of its own: for what shall not keep the order.
    pub(super) fn own_lane(&mut self) -> u64 {
        self.next_lane += 1;
        u64::MAX - self.next_lane
    }

    /// `false` when the queue is full and the parcel was dropped.
    pub(super) fn push(&mut self, lane: u64, parcel: Parcel) -> bool {
        if self.waiting >= WAITING_MAX {
            return false;
        }
        self.waiting += 1;
        self.unready(lane);
        let entry = self.lanes.entry(lane).or_default();
        let on_its_way = entry.busy && entry.parcels.len() == 1;
        let held = entry.parcels.back().is_some_and(|last| last.overtaken && last.failed == 0 && !on_its_way);
        match held.then(|| entry.parcels.pop_back()).flatten() {
            Some(mut held) => {
                held.overtaken = false;
                held.due = parcel.due;
                entry.parcels.push_back(parcel);
                entry.parcels.push_back(held);
            }
            None => entry.parcels.push_back(parcel),
        }
        self.make_ready(lane);
        true
    }

    fn unready(&mut self, lane: u64) {
        if let Some(head) = self.lanes.get(&lane).and_then(|entry| entry.parcels.front()) {
            self.ready.remove(&(head.due, lane));
        }
    }

    fn make_ready(&mut self, lane: u64) {
        let Some(entry) = self.lanes.get(&lane) else { return };
        match entry.parcels.front() {
            Some(head) if !entry.busy => {
                self.ready.insert((head.due, lane));
            }
            Some(_) => {}
            None => {
                self.lanes.remove(&lane);
            }
        }
    }

    /// The next parcel that is due, with its lane, which is busy until `done`.
    pub(super) fn take(&mut self, now: Moment) -> Option<(u64, Parcel)> {
        let (due, lane) = self.ready.first().copied()?;
        if due > now {
            return None;
        }
        self.ready.remove(&(due, lane));
        let entry = self.lanes.get_mut(&lane)?;
        entry.busy = true;
        Some((lane, entry.parcels.front()?.clone()))
    }

    pub(super) fn next_due(&self) -> Option<Moment> {
        self.ready.first().map(|(due, _)| *due)
    }

    /// Ends a try. A failed parcel stays at the head with a doubled gap until it is 72 hours old; gives the moment of the
    /// next try.
    pub(super) fn done(&mut self, lane: u64, n: u64, accepted: bool, now: Moment) -> Option<Moment> {
        let entry = self.lanes.get_mut(&lane)?;
        entry.busy = false;
        let mut again = None;
        if entry.parcels.front().is_some_and(|head| head.n == n) {
            let given_up = entry.parcels.front_mut().is_none_or(|head| {
                let gap_ms = GAP_MAX_MS.min(GAP_FIRST_MS << head.failed.min(20));
                head.failed += 1;
                head.due = now.plus_ms(gap_ms);
                head.overtaken = false;
                again = Some(head.due);
                head.due.since_ms(head.created) > GIVE_UP_MS
            });
            if accepted || given_up {
                entry.parcels.pop_front();
                self.waiting = self.waiting.saturating_sub(1);
                again = None;
            }
        }
        self.make_ready(lane);
        again
    }

    pub(super) fn clear(&mut self) {
        let next_lane = self.next_lane;
        *self = Self { next_lane, ..Self::default() };
    }
}
