//! The last look before a customer's silence is believed: where nobody was here, an answer may stand in TikTok's list that
//! has not been brought yet.

use super::state::Wait;
use super::work::Work;
use super::{Effect, Listing};
use crate::calendar::Moment;

/// A look that brings nothing for so long has failed.
const LOOK_MS: i64 = 2 * 60_000;
/// So long an answer that TikTok lists is waited for, once.
const BROUGHT_MS: i64 = 10 * 60_000;

/// Moves what is due or was put off until `from`.
fn put_off(wait: &mut Wait, from: impl Fn(Moment) -> bool, to: Moment) {
    for at in [&mut wait.until, &mut wait.nudge_at].into_iter().flatten() {
        if from(*at) {
            *at = to;
        }
    }
}

impl Work<'_> {
    /// True where TikTok's list is asked first: once, and only while an answer to the silence could still leave after that.
    /// Where a send is open its own looks come first, and tell nothing of the customer.
    pub(super) fn looks_before_believing(&mut self) -> bool {
        let (now, until) = (self.now, self.now.plus_ms(LOOK_MS));
        let room = until <= self.last_answer();
        let open = self.state.queue.iter().any(|entry| entry.stage.is_open());
        let Some(wait) = self.wait_mut() else { return false };
        let doubted = std::mem::take(&mut wait.doubted);
        wait.asked_until = None;
        if !doubted || !room || open {
            return false;
        }
        wait.asked_until = Some(until);
        put_off(wait, |at| at <= now, until);
        self.note("patience", "TikTok's list is asked for an answer that was not brought");
        self.effects.push(Effect::LookForAnswer);
        true
    }

    /// What TikTok lists of the customer. True where that was what was asked for.
    pub(super) fn list_tells(&mut self, listing: Option<&Listing>) -> bool {
        let (now, newest) = (self.now, self.state.ledger.newest());
        let last = self.last_answer();
        let Some(wait) = self.wait_mut() else { return false };
        let Some(asked) = wait.asked_until.take() else { return false };
        let listed = listing.and_then(|listing| listing.customer_at);
        if listed.is_some_and(|at| newest.is_none_or(|newest| at > newest)) {
            put_off(wait, |at| at == asked, now.plus_ms(BROUGHT_MS).min(last).max(now));
            self.note("patience", "TikTok lists a message of the customer's that was not brought yet: it is waited for");
        } else {
            put_off(wait, |at| at == asked, now);
            self.note("patience", if listing.is_some() { "TikTok lists no answer" } else { "TikTok's list was not to be had" });
            self.wait_due();
        }
        true
    }
}
