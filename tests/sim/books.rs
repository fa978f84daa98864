//! What TikTok keeps beside the conversations: its lists, and the renewals that are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rejoinder::calendar::Moment;
use rejoinder::engine::{Listed, Listing};

use crate::mutants::Mutant;
use crate::time::SECOND;
use crate::world::{Side, World, source_of};

const LISTED_MAX: usize = 20;

/// A renewal that somebody waits for, and until when he stands still.
pub struct Renewing(Arc<World>, Arc<AtomicI64>);

impl Renewing {
    pub fn begin(world: &Arc<World>, frozen: &Arc<AtomicI64>) -> Self {
        let now = world.time.now();
        let mut state = world.lock();
        state.renewing.push(Arc::clone(frozen));
        // TikTok has long answered whoever stands still.
        let open = state.renewing.iter().filter(|frozen| frozen.load(Ordering::SeqCst) <= now).count();
        state.evidence.renewals_open_most = state.evidence.renewals_open_most.max(open);
        drop(state);
        Self(Arc::clone(world), Arc::clone(frozen))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        let renewing = &mut self.0.lock().renewing;
        if let Some(at) = renewing.iter().position(|frozen| Arc::ptr_eq(frozen, &self.1)) {
            renewing.swap_remove(at);
        }
    }
}

/// What the list of a conversation shows: the newest twenty of a while ago.
pub fn listing(world: &World, who: Option<usize>, looked_at: Moment) -> Listing {
    let lag = if world.is(Mutant::ListOfYesterday) { 86_400 * SECOND } else { world.plan.list_lag_ms };
    let until = world.time.now() - lag;
    let state = world.lock();
    let said = who.map(|who| state.customers[who].said.as_slice()).unwrap_or_default();
    let shown: Vec<_> = said.iter().filter(|said| said.stored <= until).collect();
    let shown = &shown[shown.len().saturating_sub(LISTED_MAX)..];
    let business = shown.iter().filter(|said| said.side != Side::Customer);
    let mut messages: Vec<Listed> = business
        .map(|said| Listed {
            message_id: said.id.clone(),
            at: said.at,
            fingerprint: said.fingerprint,
            source: source_of(&said.side).1,
        })
        .collect();
    if world.plan.list_reversed {
        messages.reverse();
    }
    let customer_at = shown.iter().filter(|said| said.side == Side::Customer).map(|said| said.at).max();
    Listing { messages, oldest: shown.first().map(|said| said.at), customer_at, full: shown.len() >= LISTED_MAX, looked_at }
}
