//! Events in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::Memory;
use crate::calendar::Moment;
use crate::runtime::port::{
    ConversationId, EventCount, EventKeeping, EventKey, EventQuery, EventRow, Events, EventsTrimmed, Settled, StoreError,
};

/// By endpoint, line and place.
pub(super) type Rows = BTreeMap<EventKey, EventRow>;

fn fits(row: &EventRow, query: &EventQuery) -> bool {
    row.dead == query.dead
        && query.endpoint.as_ref().is_none_or(|endpoint| *endpoint == row.key.endpoint)
        && query.one.is_none_or(|one| one == (row.key.seq, row.key.place))
}

fn settle(rows: &mut Rows, settled: Settled) {
    if let Settled::Delivered(key) = &settled {
        rows.remove(key);
        return;
    }
    let Some(row) = rows.get_mut(settled.key()).filter(|row| !row.dead) else { return };
    match settled {
        Settled::Delivered(_) => {}
        Settled::Again { tries, next, since, reason, .. } => {
            (row.tries, row.next, row.since, row.reason) = (tries, next, Some(since), reason);
        }
        Settled::Dead { tries, at, since, reason, .. } => {
            (row.tries, row.next, row.since, row.reason, row.dead) = (tries, at, Some(since), reason, true);
        }
    }
}

/// The oldest rows of an endpoint that are too many, the dead first.
fn too_many(rows: &Rows, endpoint: &str, most: u64) -> Vec<(bool, EventKey)> {
    let mut all: Vec<(bool, EventKey)> =
        rows.values().filter(|row| row.key.endpoint == endpoint).map(|row| (!row.dead, row.key.clone())).collect();
    let over = all.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
    all.sort();
    all.truncate(over);
    all
}

#[async_trait]
impl Events for Memory {
    async fn event_heads(&self, endpoint: &str, most: usize) -> Result<Vec<EventRow>, StoreError> {
        let looker = self.looker();
        let contents = self.lock();
        let waiting = contents.events.values().filter(|row| row.key.endpoint == endpoint && !row.dead);
        let mut seen: BTreeSet<ConversationId> = BTreeSet::new();
        let heads = waiting.filter(|row| seen.insert(row.conversation));
        let mut heads: Vec<EventRow> = heads.filter(|row| contents.leads(looker, row.account)).cloned().collect();
        heads.sort_by(|one, other| (one.next, &one.key).cmp(&(other.next, &other.key)));
        heads.truncate(most);
        Ok(heads)
    }

    async fn settle_events(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        let mut contents = self.lock();
        settled.into_iter().for_each(|settled| settle(&mut contents.events, settled));
        Ok(())
    }

    async fn hasten_events(&self, endpoint: &str, now: Moment) -> Result<(), StoreError> {
        let mut contents = self.lock();
        for row in contents.events.values_mut().filter(|row| row.key.endpoint == endpoint && !row.dead) {
            row.next = row.next.min(now);
        }
        Ok(())
    }

    async fn hold_events(&self, endpoint: &str, now: Moment, dead_since: Moment, reason: &str) -> Result<u64, StoreError> {
        let mut contents = self.lock();
        let mut died = 0;
        for row in contents.events.values_mut().filter(|row| row.key.endpoint == endpoint && !row.dead) {
            if *row.since.get_or_insert(now) <= dead_since {
                (row.dead, row.next) = (true, now);
                reason.clone_into(&mut row.reason);
                died += 1;
            }
        }
        Ok(died)
    }

    async fn events(&self, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, StoreError> {
        Ok(self.lock().events.values().filter(|row| fits(row, query)).take(most).cloned().collect())
    }

    async fn replay_events(&self, query: &EventQuery, now: Moment) -> Result<u64, StoreError> {
        let query = EventQuery { dead: true, ..query.clone() };
        let mut contents = self.lock();
        let mut many = 0;
        for row in contents.events.values_mut().filter(|row| fits(row, &query)) {
            (row.dead, row.tries, row.since, row.next) = (false, 0, None, now);
            row.reason.clear();
            many += 1;
        }
        Ok(many)
    }

    async fn trim_events(&self, keeping: &EventKeeping) -> Result<EventsTrimmed, StoreError> {
        let mut contents = self.lock();
        let before = contents.events.len();
        contents.events.retain(|key, row| {
            let known = keeping.endpoints.contains(&key.endpoint);
            !(row.dead && row.next < keeping.before || !known && row.at < keeping.before)
        });
        let mut trimmed = EventsTrimmed { forgotten: (before - contents.events.len()) as u64, dropped: 0 };
        let endpoints: BTreeSet<String> = contents.events.keys().map(|key| key.endpoint.clone()).collect();
        for endpoint in endpoints {
            for (waited, key) in too_many(&contents.events, &endpoint, keeping.rows_max) {
                contents.events.remove(&key);
                if waited { trimmed.dropped += 1 } else { trimmed.forgotten += 1 }
            }
        }
        Ok(trimmed)
    }

    async fn event_counts(&self) -> Result<Vec<EventCount>, StoreError> {
        let mut counts: BTreeMap<String, EventCount> = BTreeMap::new();
        for row in self.lock().events.values() {
            let endpoint = row.key.endpoint.clone();
            let fresh = || EventCount { endpoint: endpoint.clone(), waiting: 0, dead: 0, oldest: None };
            let count = counts.entry(endpoint.clone()).or_insert_with(fresh);
            if row.dead {
                count.dead += 1;
            } else {
                count.waiting += 1;
                count.oldest = Some(count.oldest.map_or(row.at, |oldest| oldest.min(row.at)));
            }
        }
        Ok(counts.into_values().collect())
    }
}
