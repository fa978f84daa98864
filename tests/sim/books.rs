//! What TikTok keeps beside the conversations: its lists, and the renewals that are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rejoinder::calendar::Moment;
use rejoinder::engine::{Listed, Listing};
use rejoinder::runtime::port::{READ_MOST, ReadMessage, Updated};
use rejoinder::tiktok;
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::mutants::Mutant;
use crate::time::SECOND;
use crate::world::{Said, Side, World, source_of};

/// Conversations on a page.
const PAGE: usize = 100;

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
    let state = world.lock();
    let said = who.map(|who| state.customers[who].said.as_slice()).unwrap_or_default();
    let shown = shown(world, said, lag);
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
    Listing {
        messages,
        oldest: shown.first().map(|said| said.at),
        customer_at,
        full: shown.len() >= READ_MOST,
        looked_at,
        steady_since: None,
    }
}

/// The newest of what stood in a conversation so long ago.
fn shown<'a>(world: &World, said: &'a [Said], lag: i64) -> Vec<&'a Said> {
    let until = world.time.now() - lag;
    let shown: Vec<_> = said.iter().filter(|said| said.stored <= until).collect();
    shown[shown.len().saturating_sub(READ_MOST)..].to_vec()
}

/// An account's conversations, the newest first: those that the business has answered, or the others.
pub fn updated(world: &World, account: usize, answered: bool) -> Vec<Updated> {
    let state = world.lock();
    let of_account = state.customers.iter().enumerate().filter(|(who, _)| world.plan.customers[*who] == account);
    let mut rows: Vec<Updated> = of_account
        .filter(|(_, customer)| customer.said.iter().any(|said| said.side != Side::Customer) == answered)
        .filter_map(|(who, customer)| {
            let newest = shown(world, &customer.said, world.plan.list_lag_ms).last()?.at;
            Some(Updated { external: World::external(who).into_bytes(), at: newest })
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    rows.truncate(PAGE);
    rows
}

/// The newest messages of a conversation, with what they say.
pub fn messages(world: &World, who: Option<usize>, received: Moment) -> Vec<ReadMessage> {
    let Some(who) = who else { return Vec::new() };
    let said: Vec<Said> = shown(world, &world.lock().customers[who].said, world.plan.list_lag_ms).into_iter().cloned().collect();
    let account = World::open_id(world.plan.customers[who]);
    let mut rows: Vec<ReadMessage> = said
        .iter()
        .filter_map(|said| {
            let mut row = world.content(who, said);
            row["message_type"] = json!(said.kind.to_uppercase());
            row.as_object_mut()?.remove("type");
            if said.side != Side::Customer {
                row["message_tag"] = json!({"source": source_of(&said.side).0});
            }
            tiktok::listed(&account, &World::external(who), received, &to_raw_value(&row).ok()?)
        })
        .collect();
    if world.plan.list_reversed {
        rows.reverse();
    }
    rows
}
