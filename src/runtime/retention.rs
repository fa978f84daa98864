//! What is kept no longer: old lines of the history, and fields of contacts whose time is over, with the talk that held them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::core::{Address, Ask, Core};
use super::port::{ConversationId, ConversationRow, StoreError};
use crate::engine::{Conversation, Input};

const EVERY: Duration = Duration::from_secs(3_600);
/// Between two slices other work has its turn.
const PAUSE: Duration = Duration::from_millis(50);
const LINES: usize = 500;
const CONVERSATIONS: usize = 200;

/// Removes now and then what is kept no longer, a little at a time.
pub(super) async fn keep(core: Arc<Core>) {
    while !core.stopping.load(Ordering::SeqCst) {
        if let Err(error) = prune(&core).await {
            tracing::warn!(%error, "old lines of the history could not be removed; it is tried again in an hour");
        }
        if let Err(error) = forget(&core).await {
            tracing::warn!(%error, "it could not be seen which fields are to be forgotten; it is tried again in an hour");
        }
        core.sleep(EVERY).await;
    }
}

async fn prune(core: &Core) -> Result<(), StoreError> {
    let Some(kept_ms) = core.history_kept_ms else { return Ok(()) };
    let before = core.now().plus_ms(kept_ms.saturating_neg());
    let (mut from, mut removed) = (Some((i64::MIN, i64::MIN)), 0);
    while let Some(after) = from {
        let pruned = core.ports.store.prune_history(after, before, LINES).await?;
        removed += pruned.removed;
        from = pruned.next;
        core.sleep(PAUSE).await;
    }
    if removed > 0 {
        tracing::info!(lines = removed, "old lines of the history were removed or emptied");
    }
    Ok(())
}

/// Fields whose time is over leave the state by the engine's own hand, and the lines before that moment leave the history.
async fn forget(core: &Core) -> Result<(), StoreError> {
    let mut after = ConversationId(i64::MIN);
    while core.versions.all().iter().any(|live| live.bot.contact.iter().any(|field| field.forget_after_ms.is_some())) {
        let rows = core.ports.store.conversations_after(after, CONVERSATIONS).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            look(core, row).await?;
        }
        core.sleep(PAUSE).await;
    }
    Ok(())
}

async fn look(core: &Core, mut row: ConversationRow) -> Result<(), StoreError> {
    let Ok(mut state) = Conversation::decode(&row.state) else { return Ok(()) };
    if state.is_to_forget(&core.live_of(row.account).bot, core.now()) {
        let Some(account) = core.accounts.of(row.account) else { return Ok(()) };
        let address = Arc::new(Address { account, external: row.external, number: Some(row.id) });
        let due = Ask::Input { key: None, input: Input::Due };
        // What was not taken is found again in an hour.
        if core.post(address, due).await.is_err() {
            return Ok(());
        }
        let Some(after) = core.ports.store.load(row.id).await? else { return Ok(()) };
        row = after;
        let Ok(after) = Conversation::decode(&row.state) else { return Ok(()) };
        state = after;
    }
    match state.forgot() {
        Some(before) => core.ports.store.cut_history(row.id, before).await.map(drop),
        None => Ok(()),
    }
}
