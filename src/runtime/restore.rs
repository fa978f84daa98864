//! A store that somebody brought back from a copy: what was sent and done since nobody here knows, so nothing of it is
//! done again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::core::{Ask, Core};
use super::options::Ports;
use super::port::{ConversationId, RESTORED_PENDING, StoreError};
use crate::calendar::Moment;
use crate::engine::Input;

/// Until when TikTok's messages are only stored: the moment of the newest restored start.
const UNTIL: &str = "restored_until";
/// Conversations that are asked for at once.
const MOST: usize = 10_000;

/// What a start finds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restored {
    /// Older messages are only stored.
    pub(super) until: Option<Moment>,
    /// Conversations must be told before anything is done.
    pub(super) pending: bool,
}

/// Reads how it stands, and notes the moment of a restored start.
pub(super) async fn read(ports: &Ports) -> Result<Restored, StoreError> {
    let is_set = |value: Option<Vec<u8>>| value.is_some_and(|value| !value.is_empty());
    let pending = is_set(ports.store.meta(RESTORED_PENDING).await?) && !ports.store.is_shared();
    if pending {
        let until = ports.clock.now();
        ports.store.put_meta(UNTIL, &until.0.to_le_bytes()).await?;
        tracing::error!(
            until = until.rfc3339(),
            "RESTORED: this store is an older copy; open replies end as unknown, timers that were due are dropped, and \
             messages from before now are only stored"
        );
        return Ok(Restored { until: Some(until), pending });
    }
    let until = ports.store.meta(UNTIL).await?.and_then(|bytes| bytes.try_into().ok());
    Ok(Restored { until: until.map(|bytes| Moment(i64::from_le_bytes(bytes))), pending })
}

/// Tells every conversation with an open reply or a moment that was due. Before timers and deliveries.
pub(super) async fn settle(core: &Arc<Core>) -> Result<(), StoreError> {
    let store = &core.ports.store;
    let open = store.outbox().await?.into_iter().map(|row| row.conversation);
    let mut told: BTreeSet<ConversationId> = BTreeSet::new();
    for conversation in open {
        if told.insert(conversation) {
            tell(core, conversation).await?;
        }
    }
    let mut most = MOST;
    loop {
        let due = store.due(core.now(), most).await?;
        let all = due.len() < most;
        for (conversation, _) in due {
            if told.insert(conversation) {
                tell(core, conversation).await?;
            }
        }
        if all {
            break;
        }
        // Some stay due, since their outcome is looked up: the next reading goes beyond them.
        most = told.len().saturating_add(MOST);
    }
    tracing::warn!(conversations = told.len(), "conversations were told that the store is an older copy");
    store.put_meta(RESTORED_PENDING, &[]).await
}

async fn tell(core: &Arc<Core>, conversation: ConversationId) -> Result<(), StoreError> {
    let Some(address) = core.address_of(conversation).await? else { return Ok(()) };
    let ask = Ask::Input { key: None, input: Input::Restored };
    core.post(address, ask).await.map(drop).map_err(|error| StoreError::Busy(error.to_string()))
}
