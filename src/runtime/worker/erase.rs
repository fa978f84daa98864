//! Erasure in a worker: what came before it is done before it, and what comes later of the erased conversation is dropped.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Worker;
use crate::channel::rules::skew_bound_ms;
use crate::engine::{EchoSource, Input};
use crate::runtime::core::{Address, Ask, Core, Delivered, Done, Item, News};
use crate::runtime::entry::{self, Kept};
use crate::runtime::erasing::{self, Old};
use crate::runtime::order::told_at;
use crate::runtime::port::{ConversationId, Record};
use crate::runtime::slot::Slot;

/// An echo comes so long after its send.
const ECHO_LATE_MS: i64 = 60_000;
const LATE: &str = "after_erasure";

/// Why an input has nothing to do with the conversation that stands here now.
enum Late {
    /// It was about this one, which is erased.
    Gone(ConversationId),
    /// It is from before the erasure.
    Older,
}

impl Worker {
    /// Takes what has to do with an erasure; gives everything else back.
    pub(super) fn take_erased(&mut self, item: Item) -> Option<Item> {
        let Some(slot) = self.slots.get(&item.address) else { return Some(item) };
        let uncommitted = slot.sent > self.committed.load(Ordering::SeqCst);
        match late(&self.core, slot, &item) {
            // Another process may have begun the conversation that is asked for, and ours be refused: who asks, asks again
            // when that is known.
            Some(Late::Gone(_)) if uncommitted && self.core.ports.store.is_shared() => {
                let mut finished = self.plain(&item.address, item.ack);
                finished.again = true;
                let _ = self.core.writer.send(finished);
            }
            Some(late) => self.drop_late(item, &late),
            None if matches!(item.ask, Ask::Erase { .. }) => self.erase(item),
            None => return Some(item),
        }
        None
    }

    fn drop_late(&mut self, item: Item, late: &Late) {
        let mut finished = self.plain(&item.address, item.ack);
        finished.done = Done::plain(Delivered::Kept);
        let why = match late {
            Late::Gone(conversation) => {
                finished.news = Some(gone(*conversation, &item.address));
                "it was about a conversation that has been erased"
            }
            Late::Older => "it is from before its conversation was erased",
        };
        if let Ask::Input { input, .. } = &item.ask
            && !is_own_question(input)
        {
            finished.record = Some(dropped(&self.core, &item.address, input, why));
        }
        let _ = self.core.writer.send(finished);
    }

    fn erase(&mut self, item: Item) {
        let Ask::Erase { fresh, by, unwanted } = item.ask else { return };
        let mut finished = self.plain(&item.address, item.ack);
        let Some(slot) = self.slots.remove(&item.address) else { return };
        if slot.rev == 0 {
            self.slots.insert(Arc::clone(&slot.address), slot);
            let _ = self.core.writer.send(finished);
            return;
        }
        let at = self.core.now().max(slot.last_now);
        let old = Old {
            address: &slot.address,
            id: slot.id,
            rev: slot.rev,
            writer: slot.writer,
            recent: &slot.recent,
            conversation: slot.damaged.is_none().then_some(&slot.conversation),
            unwanted,
        };
        let (erasure, conversation) = erasing::erasure(&self.core.secret, &old, at, &by);
        let address = Address { number: Some(fresh), ..Address::clone(&slot.address) };
        self.sent += 1;
        finished.basis = Some((slot.id, slot.since));
        finished.news = Some(gone(slot.id, &slot.address));
        finished.erasure = Some(Box::new(erasure));
        finished.progress = Some((Arc::clone(&self.committed), self.sent));
        // What comes now is computed on this one, and committed behind the erasure.
        let next = Slot {
            address: Arc::new(address),
            id: fresh,
            rev: 0,
            writer: 0,
            since: self.sent - 1,
            conversation,
            recent: slot.recent,
            open: BTreeSet::new(),
            last_now: at,
            sent: self.sent,
            used: self.tick,
            damaged: None,
        };
        self.slots.insert(Arc::clone(&next.address), next);
        let _ = self.core.writer.send(finished);
    }
}

fn late(core: &Core, slot: &Slot, item: &Item) -> Option<Late> {
    if let Some(number) = item.address.number.filter(|number| *number != slot.id) {
        return Some(Late::Gone(number));
    }
    let (Ask::Input { key, input }, Some(erased)) = (&item.ask, slot.conversation.erased()) else { return None };
    if key.is_some_and(|key| slot.recent.contains(key)) {
        return None;
    }
    let skew = skew_bound_ms(core.ports.transport.skew_ms());
    let older = match input {
        // It tells of something that was said before, unless a colleague has just written it.
        Input::Echo(echo) => {
            let by_hand = matches!(echo.source, EchoSource::App | EchoSource::Web);
            let since = if by_hand { -skew } else { ECHO_LATE_MS.saturating_add(skew) };
            echo.at <= erased.plus_ms(since)
        }
        Input::Referral(referral) => referral.at < erased.plus_ms(-skew),
        // Nothing was shown that could have been read.
        Input::Read { .. } => slot.rev == 0,
        input => told_at(input).is_some_and(|at| at < erased.plus_ms(-skew)),
    };
    older.then_some(Late::Older)
}

/// Whether it is what we ask ourselves; that it comes too late is nobody's news.
fn is_own_question(input: &Input) -> bool {
    matches!(
        input,
        Input::Due
            | Input::DueAfterGap { .. }
            | Input::MaySend { .. }
            | Input::Paused { .. }
            | Input::Restored
            | Input::Congestion { .. }
            | Input::Read { .. }
    )
}

/// A line of no conversation that says why nothing came of an input, and nothing of what it held.
fn dropped(core: &Core, address: &Address, input: &Input, why: &str) -> Record {
    let account = &address.account;
    let kept = Kept::new(format!("{}: {why}", entry::word(input)), account.app_id.clone(), Some(account.open_id.clone()), &[]);
    let body = serde_json::to_vec(&kept).unwrap_or_default();
    Record { at: core.now(), kind: LATE, account: Some(account.id), body, change: None, is_mark: false, events: Vec::new() }
}

/// Tells the dispatcher and the timers that a conversation is no more.
fn gone(conversation: ConversationId, address: &Arc<Address>) -> News {
    News { conversation, address: Arc::clone(address), candidate: None, due: None, automatic: None, effects: Vec::new() }
}
