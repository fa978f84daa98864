//! Echoes and looks at TikTok's list: which message of the business side is whose.

use super::attempt::LOOKS_MS;
use super::state::{Bound, Stage};
use super::work::Work;
use super::{Echo, EchoSource, Effect, Listed, Listing, ReplyId};
use crate::calendar::Moment;
use crate::channel::rules;

/// A message of an attempt carries a time of TikTok's in [begun - this, ended + [`AFTER_MS`]], the clocks' difference added.
const BEFORE_MS: i64 = 5_000;
const AFTER_MS: i64 = 30_000;
/// A call that has not ended may run so long.
const CALL_MS: i64 = 12_000;
/// A look that brings nothing for so long has failed.
const LOOK_PATIENCE_MS: i64 = 5 * 60 * 1_000;

/// An open attempt: reply, begun, ended where it has.
type OpenCall = (ReplyId, u64, Moment, Option<Moment>, bool);

impl Work<'_> {
    /// Rule 1: known, automatic, a colleague's, ours, somebody else's; in this order.
    pub(super) fn echo(&mut self, echo: &Echo) {
        if echo.message_id.is_empty() {
            self.note("echo", "without an id: kept in the history");
            return;
        }
        if let Some(reply) = self.known(&echo.message_id) {
            if reply != 0 {
                self.state.ledger.seen_at(reply, echo.at);
                self.prompt_seen(ReplyId(reply), echo.at);
            }
            self.note("echo", "of a known message");
            return;
        }
        if let Some(automatic) = &echo.automatic {
            if echo.is_welcome() {
                self.state.ledger.forgo_welcome();
            }
            let silent = !self.state.ledger.has_left();
            self.state.ledger.foreign(&echo.message_id, echo.at);
            self.remember(&echo.message_id, 0);
            self.note("echo", format_args!("TikTok's own automatic message ({automatic}) counts"));
            if echo.is_tiktoks_answer() {
                self.tiktok_answers(echo.at, silent);
            }
            return;
        }
        if matches!(echo.source, EchoSource::App | EchoSource::Web) {
            self.state.ledger.foreign(&echo.message_id, echo.at);
            self.remember(&echo.message_id, 0);
            self.note("echo", format_args!("a colleague has written; replies left {}", self.state.ledger.replies_left()));
            self.take("a colleague has written from TikTok", echo.at);
            return;
        }
        if let Some((id, _, begun, ended, bound)) = self.open_call()
            && !bound
            && self.belongs(echo.fingerprint, echo.at)
        {
            self.claim(id, echo, begun, ended);
            return;
        }
        if self.claim_lost(echo) {
            return;
        }
        self.note("echo", "a message that nobody here has sent counts");
        self.foreign(&echo.message_id, echo.at, echo.source == EchoSource::Api);
    }

    fn open_call(&self) -> Option<OpenCall> {
        self.state.queue.iter().find_map(|entry| match &entry.stage {
            Stage::Marked { begun, bound } => Some((entry.id, entry.fingerprint, *begun, None, bound.is_some())),
            Stage::Unknown { begun, ended, .. } => Some((entry.id, entry.fingerprint, *begun, Some(*ended), false)),
            Stage::Waiting | Stage::Held { .. } => None,
        })
    }

    /// Whether a message can be the open attempt's, by kind, text and time.
    fn belongs(&self, fingerprint: u64, at: Moment) -> bool {
        let Some((_, ours, begun, ended, _)) = self.open_call() else { return false };
        fingerprint == ours && self.in_interval(at, begun, ended.unwrap_or(begun.plus_ms(CALL_MS)))
    }

    fn in_interval(&self, at: Moment, begun: Moment, ended: Moment) -> bool {
        let skew = self.context.skew_ms.saturating_abs();
        at >= begun.plus_ms(-BEFORE_MS.saturating_add(skew)) && at <= ended.plus_ms(AFTER_MS.saturating_add(skew))
    }

    fn claim(&mut self, id: ReplyId, echo: &Echo, begun: Moment, ended: Option<Moment>) {
        match ended {
            Some(ended) => self.settle(id, &echo.message_id, begun, ended, Some(echo.at), "its echo"),
            None => {
                self.remember(&echo.message_id, id.0);
                self.note("echo", format_args!("taken for reply {}, whose answer has not come yet", id.0));
                let bound = Bound { id: echo.message_id.clone(), at: echo.at, api: echo.source == EchoSource::Api };
                if let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id)
                    && let Stage::Marked { bound: place, .. } = &mut entry.stage
                {
                    *place = Some(bound);
                }
            }
        }
    }

    /// The late echo of an attempt whose outcome stayed unknown: it counts already.
    fn claim_lost(&mut self, echo: &Echo) -> bool {
        let found = self
            .state
            .lost
            .iter()
            .position(|lost| lost.fingerprint == echo.fingerprint && self.in_interval(echo.at, lost.begun, lost.ended));
        let Some(at) = found else { return false };
        let lost = self.state.lost.remove(at);
        self.state.ledger.seen_at(lost.id.0, echo.at);
        self.remember(&echo.message_id, lost.id.0);
        self.note("echo", format_args!("reply {} had arrived after all", lost.id.0));
        true
    }

    /// Whether a listed message may still turn out to be a reply's: nobody's so far, or somebody's whom nobody knows, because
    /// its echo came while the clocks had not been compared.
    fn is_claimable(&self, message: &Listed) -> bool {
        !message.message_id.is_empty()
            && self.known(&message.message_id).is_none_or(|reply| reply == 0)
            && !matches!(message.source, EchoSource::App | EchoSource::Web)
    }

    /// Whether the list shows what the open attempt may have sent if a clock was wrong then: no proof that it is absent. A
    /// process may have sent before it could see by how much its clock was wrong, so any time will do.
    fn may_be_there(&self, listing: &Listing) -> bool {
        let Some((_, ours, ..)) = self.open_call() else { return false };
        listing.messages.iter().any(|message| message.fingerprint == ours && self.is_claimable(message))
    }

    // --- looks -----------------------------------------------------------------------------------------------------

    pub(super) fn looks_due(&mut self) {
        let now = self.now;
        let mut look = false;
        let mut given_up = false;
        for entry in &mut self.state.queue {
            let Stage::Unknown { looks, next, looking, .. } = &mut entry.stage else { continue };
            if *next > now {
                continue;
            }
            if *looking {
                given_up = true;
            } else {
                *looks = looks.saturating_add(1);
                *looking = true;
                *next = now.plus_ms(LOOK_PATIENCE_MS);
                look = true;
            }
        }
        if look {
            self.note("look", "TikTok's list of this conversation is asked for");
            self.effects.push(Effect::LookUp);
        } else if given_up {
            self.looked(None);
        }
    }

    /// The next look at the list is then.
    fn look_again(&mut self, id: ReplyId, at: Moment) {
        if let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id)
            && let Stage::Unknown { next, looking, .. } = &mut entry.stage
        {
            *next = at;
            *looking = false;
        }
    }

    /// Rule 2: found, absent and covered, or nobody will ever know.
    pub(super) fn looked(&mut self, listing: Option<&Listing>) {
        let told = self.list_tells(listing);
        let unknown = self.state.queue.iter().find_map(|entry| match entry.stage {
            Stage::Unknown { begun, ended, looks, .. } => Some((entry.id, (entry.resent, entry.follows), begun, ended, looks)),
            _ => None,
        });
        let Some((id, (resent, follows), begun, ended, looks)) = unknown else {
            if !told {
                self.note("look", "nothing is unknown here any more");
            }
            return;
        };
        if let Some(listing) = listing {
            let mut found: Vec<_> = listing
                .messages
                .iter()
                .filter(|message| self.is_claimable(message) && self.belongs(message.fingerprint, message.at))
                .collect();
            found.sort_by(|a, b| (a.at, &a.message_id).cmp(&(b.at, &b.message_id)));
            if let Some((first, others)) = found.split_first() {
                self.settle(id, &first.message_id, begun, ended, Some(first.at), "TikTok's list");
                for other in others {
                    if self.known(&other.message_id).is_none() {
                        self.foreign(&other.message_id, other.at, other.source == EchoSource::Api);
                    }
                }
                return;
            }
        }
        let used = usize::try_from(looks).unwrap_or(usize::MAX);
        if let Some(wait) = LOOKS_MS.get(used) {
            self.note("look", format_args!("reply {}: not seen in look {looks}", id.0));
            // By the time since this look as well: a clock that has jumped since the attempt would make several looks one,
            // and TikTok's list is a while behind.
            let since = used.checked_sub(1).and_then(|before| LOOKS_MS.get(before)).copied().unwrap_or_default();
            let soonest = self.now.plus_ms(wait.saturating_sub(since));
            self.look_again(id, ended.plus_ms(*wait).max(soonest));
            return;
        }
        if let Some(left_ms) = listing.and_then(|listing| too_soon(listing, ended)) {
            self.note(
                "look",
                format_args!("reply {id}: the clock has jumped since the attempt; it is looked for once more", id = id.0),
            );
            self.look_again(id, self.now.plus_ms(left_ms));
            return;
        }
        // By TikTok's own times where they are known: our clock of then may have been ahead of it.
        let back_to = follows.unwrap_or_else(|| begun.plus_ms(-BEFORE_MS.saturating_add(rules::SKEW_STOPS_MS)));
        let reaches = |listing: &Listing| listing.oldest.is_some_and(|oldest| oldest <= back_to);
        let covered = listing.is_some_and(|listing| !listing.full || reaches(listing));
        if !covered {
            self.lost(id, begun, ended, "nobody knows whether it arrived: TikTok's list does not reach back so far");
        } else if listing.is_some_and(|listing| self.may_be_there(listing)) {
            self.lost(
                id,
                begun,
                ended,
                "nobody knows whether it arrived: TikTok lists its like at a time that clocks may explain",
            );
        } else if resent {
            self.lost(id, begun, ended, "nobody knows whether it arrived, and it was sent twice already");
        } else {
            self.note("look", format_args!("reply {} is not there: it may be sent once more", id.0));
            if let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id) {
                entry.resent = true;
            }
            self.wait_again(id);
        }
    }
}

/// How much longer it takes until an absence from this list proves something: TikTok's list is a while behind, and a clock that
/// has jumped since the attempt does not tell how long ago that was.
fn too_soon(listing: &Listing, ended: Moment) -> Option<i64> {
    let [.., last] = LOOKS_MS;
    let steady = listing.steady_since?;
    // An attempt that would be ahead of the look was made under a clock that was put back since.
    let from = if ended <= listing.looked_at { steady.max(ended) } else { steady };
    let left_ms = last.saturating_sub(listing.looked_at.since_ms(from));
    (left_ms > 0).then_some(left_ms)
}
