//! Calls that were open when the process before this one ended, or stopped leading the app.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Begin, finish};
use crate::calendar::Moment;
use crate::engine::{Answer, Conversation, Effect, Input, Request};
use crate::runtime::core::{Address, Core};
use crate::runtime::entry::Entry;
use crate::runtime::port::{ConversationId, StoreError};

/// No call is waited for longer, so that what waits for one is due within this: six tries of a minute with their pauses.
const PATIENCE_MS: i64 = 10 * 60_000;
/// Conversations that are looked at, those due first.
const LOOKED_AT_MAX: usize = 100_000;
/// Lines of a conversation's history in which the step of an open call is looked for. What comes while it is open is
/// little: the run waits.
const LINES_MAX: usize = 1_000;
/// Nobody knows whether the call has left, and twice may be once too often.
const UNKNOWN: &str = "the process ended before the answer, so that nobody knows whether the call was made";

/// Makes open calls again where that does no harm; the others end without an answer. What is asked for from now on is
/// none of these.
pub(in crate::runtime) fn take_up(core: Arc<Core>, app: Option<usize>) -> impl Future<Output = ()> {
    let since = core.now();
    look_through(core, app, since)
}

async fn look_through(core: Arc<Core>, app: Option<usize>, since: Moment) {
    let until = core.now().plus_ms(PATIENCE_MS);
    let due = match core.ports.store.due(until, LOOKED_AT_MAX).await {
        Ok(due) => due,
        Err(error) => {
            // Each of them ends in its time.
            return tracing::error!(%error, "calls that were open could not be looked for; they end without an answer");
        }
    };
    let mut seen = HashSet::new();
    for (conversation, _) in due {
        if seen.insert(conversation)
            && let Err(error) = look(&core, app, since, conversation).await
        {
            tracing::warn!(%error, conversation = conversation.0, "it could not be seen whether it has an open call");
        }
    }
}

async fn look(core: &Arc<Core>, app: Option<usize>, since: Moment, conversation: ConversationId) -> Result<(), StoreError> {
    if open_call(core, conversation).await?.is_none() {
        return Ok(());
    }
    let Some(address) = core.address_of(conversation).await? else { return Ok(()) };
    if app.is_some_and(|app| app != address.account.app) {
        return Ok(());
    }
    let Some((request, at)) = request(core, conversation).await? else { return Ok(()) };
    if request.until <= core.now() {
        // Its time is over: the timers say so.
        return Ok(());
    }
    // Others that share the store may be making it just now; it does no harm to make it beside them.
    let alone = !core.ports.store.is_shared();
    if request.is_repeatable() {
        core.fetching.begin(Begin { conversation, address, request, again: true });
    } else if alone && at <= since {
        // What was asked for since is this process's own, and under way.
        tell_unknown(core, &address, &request, at).await;
    }
    Ok(())
}

/// The same as for a fresh call, unless it has ended since it was looked for.
pub(super) async fn again(core: &Arc<Core>, conversation: ConversationId, address: &Arc<Address>, request: Request) {
    // Whoever carried it out here has committed its answer before letting go of it.
    match open_call(core, conversation).await {
        Ok(open) if open == Some(request.call) => {
            tracing::info!(conversation = conversation.0, call = request.call, "a call is made again after a restart");
            finish(core, conversation, address, request).await;
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, conversation = conversation.0, "an open call could not be made again"),
    }
}

async fn tell_unknown(core: &Arc<Core>, address: &Arc<Address>, request: &Request, at: Moment) {
    let answer = Answer::Failed { reason: UNKNOWN.to_owned() };
    let took_ms = core.now().since_ms(at).max(0);
    core.post_surely(address, Input::Fetched { call: request.call, answer, tries: 0, took_ms }).await;
}

/// The call that the conversation waits for, as it is stored.
async fn open_call(core: &Core, conversation: ConversationId) -> Result<Option<u32>, StoreError> {
    let Some(row) = core.ports.store.load(conversation).await? else { return Ok(None) };
    Ok(Conversation::decode(&row.state).ok().and_then(|conversation| conversation.open_fetch()))
}

/// The open call as its step asked for it, and when.
async fn request(core: &Core, conversation: ConversationId) -> Result<Option<(Request, Moment)>, StoreError> {
    let Some(call) = open_call(core, conversation).await? else { return Ok(None) };
    for row in core.ports.store.history(conversation, LINES_MAX).await? {
        let Ok(entry) = serde_json::from_slice::<Entry>(&row.body) else { continue };
        let asked = entry.clock();
        for effect in entry.effects {
            if let Effect::Fetch(request) = effect
                && request.call == call
            {
                return Ok(Some((request, asked)));
            }
        }
    }
    Ok(None)
}
