//! What operators see of events and do with them.

use std::sync::atomic::Ordering;

use serde::Serialize;

use super::{EndpointReport, id_of, off_key};
use crate::runtime::Handle;
use crate::runtime::port::{EventCount, EventQuery, EventRow, StoreError};

/// How the telling goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventReport {
    /// Of the settings.
    pub endpoints: Vec<EndpointReport>,
    /// Of the store, also of endpoints that are no more.
    pub counts: Vec<EventCount>,
    /// Removed for want of room before they were taken or given up.
    pub dropped: u64,
}

/// An event that was not taken; moments in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// As its endpoint knows it.
    pub id: String,
    /// `line.place`, by which it is replayed.
    pub key: String,
    pub endpoint: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub conversation: i64,
    pub at: i64,
    pub tries: u32,
    /// When it is tried next, or was given up.
    pub next: i64,
    pub dead: bool,
    pub reason: String,
}

impl Handle {
    /// # Errors
    /// When the store cannot be read.
    pub async fn event_report(&self) -> Result<EventReport, StoreError> {
        let announcing = &self.core.announcing;
        // Where nobody was ever told, nothing is asked.
        let counts = if announcing.endpoints().is_empty() { Vec::new() } else { self.store().event_counts().await? };
        Ok(EventReport { endpoints: announcing.reports(), counts, dropped: announcing.dropped.load(Ordering::Relaxed) })
    }

    /// Events that wait, or that were given up, in the order of endpoint and line.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn undelivered(&self, query: &EventQuery, most: usize) -> Result<Vec<EventView>, StoreError> {
        let rows = self.store().events(query, most).await?;
        Ok(rows.iter().map(|row| self.event_view(row)).collect())
    }

    fn event_view(&self, row: &EventRow) -> EventView {
        EventView {
            id: id_of(&self.core.secret, row),
            key: format!("{}.{}", row.key.seq, row.key.place),
            endpoint: row.key.endpoint.clone(),
            kind: row.kind.clone(),
            conversation: row.conversation.0,
            at: row.at.0,
            tries: row.tries,
            next: row.next.0,
            dead: row.dead,
            reason: row.reason.clone(),
        }
    }

    /// Lets what was given up be tried again; gives how many events.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn replay_events(&self, query: &EventQuery) -> Result<u64, StoreError> {
        let many = self.store().replay_events(query, self.core.now()).await?;
        self.core.announcing.wake();
        Ok(many)
    }

    /// Switches an endpoint on again that wanted no more events; false where the settings do not name it.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn switch_on(&self, endpoint: &str) -> Result<bool, StoreError> {
        if !self.core.announcing.endpoints().iter().any(|known| known.name.as_ref() == endpoint) {
            return Ok(false);
        }
        self.store().put_meta(&off_key(endpoint), b"").await?;
        self.store().hasten_events(endpoint, self.core.now()).await?;
        self.core.announcing.wake();
        Ok(true)
    }
}
