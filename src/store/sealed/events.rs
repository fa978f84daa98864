//! Events of a sealed store.

use async_trait::async_trait;

use super::{EVENT, Owner, Sealed, all};
use crate::calendar::Moment;
use crate::runtime::port::{EventCount, EventKeeping, EventQuery, EventRow, Events, EventsTrimmed, Settled, StoreError};

impl Sealed {
    fn opened_event(&self, mut row: EventRow) -> Result<EventRow, StoreError> {
        self.open(Owner::Conversation(row.conversation), EVENT, &mut row.body)?;
        Ok(row)
    }
}

#[async_trait]
impl Events for Sealed {
    async fn event_heads(&self, endpoint: &str, most: usize) -> Result<Vec<EventRow>, StoreError> {
        all(self.beneath.event_heads(endpoint, most).await?, |row| self.opened_event(row))
    }

    async fn settle_events(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.beneath.settle_events(settled).await
    }

    async fn hasten_events(&self, endpoint: &str, now: Moment) -> Result<(), StoreError> {
        self.beneath.hasten_events(endpoint, now).await
    }

    async fn hold_events(&self, endpoint: &str, now: Moment, dead_since: Moment, reason: &str) -> Result<u64, StoreError> {
        self.beneath.hold_events(endpoint, now, dead_since, reason).await
    }

    async fn events(&self, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, StoreError> {
        all(self.beneath.events(query, most).await?, |row| self.opened_event(row))
    }

    async fn replay_events(&self, query: &EventQuery, now: Moment) -> Result<u64, StoreError> {
        self.beneath.replay_events(query, now).await
    }

    async fn trim_events(&self, keeping: &EventKeeping) -> Result<EventsTrimmed, StoreError> {
        self.beneath.trim_events(keeping).await
    }

    async fn event_counts(&self) -> Result<Vec<EventCount>, StoreError> {
        self.beneath.event_counts().await
    }
}
