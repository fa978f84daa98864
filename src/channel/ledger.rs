//! What the business side has said since the customer's newest message, whoever said it.
//!
//! Of TikTok's two published readings of the limit this is the strict one: each message of the customer opens 48 hours
//! and ten replies, and nothing may be said after them. It never breaks the lenient one.

use serde::{Deserialize, Serialize};

use super::{fingerprint, rules};
use crate::calendar::Moment;

/// How long after its answer was given up a message may still have been stored by the other side.
const LATE_MS: i64 = 30_000;
/// Messages of others that are remembered: the newest. More than the ten that any question is about.
const FOREIGN_MOST: usize = 32;
/// Replies of ours that are remembered.
const OURS_MOST: usize = 64;

/// The list of business-side messages since the newest inbound by TikTok's time, and the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// TikTok's time of the customer's newest message.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    newest: Option<Moment>,
    /// Where the window begins: over all inbounds the latest of min(TikTok's time, received).
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    start: Option<Moment>,
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    ours: Vec<Ours>,
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    foreign: Vec<Foreign>,
    #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
    closed: bool,
    /// TikTok's own welcome message is on its way, and counts until then as if it were there.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    welcome: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ours {
    #[serde(rename = "r")]
    reply: u32,
    #[serde(rename = "s")]
    state: State,
    /// TikTok's own time of it, once an echo or a list told.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    seen: Option<Moment>,
}

/// Moments are the latest that TikTok's clock can have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[serde(rename = "r")]
    Reserved,
    #[serde(rename = "m")]
    Marked(Moment),
    #[serde(rename = "s")]
    Sent(Moment),
    #[serde(rename = "u")]
    Unknown(Moment),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Foreign {
    #[serde(rename = "i")]
    id: u64,
    #[serde(rename = "t")]
    at: Moment,
}

impl Ours {
    /// Known to stand before `at`; what is not known stays counted.
    fn before(&self, at: Moment, skew_ms: i64) -> bool {
        if let Some(seen) = self.seen {
            return seen < at;
        }
        let sure = at.plus_ms(-skew_ms.saturating_abs());
        match self.state {
            State::Reserved | State::Marked(_) => false,
            State::Sent(ended) => ended < sure,
            State::Unknown(ended) => ended.plus_ms(LATE_MS) < sure,
        }
    }
}

impl Ledger {
    /// The customer wrote, at TikTok's time `at`; it reached us at `received`; the clocks differ by at most `skew_ms`.
    /// A message that is not newer than the newest gives nothing back and reopens nothing.
    pub fn inbound(&mut self, at: Moment, received: Moment, skew_ms: i64) {
        self.start = self.start.max(Some(at.min(received)));
        if self.newest.is_some_and(|newest| at <= newest) {
            return;
        }
        self.newest = Some(at);
        self.closed = false;
        self.ours.retain(|entry| !entry.before(at, skew_ms));
        self.foreign.retain(|entry| entry.at >= at);
    }

    /// What counts still when nothing may be known of the messages themselves: how many of the ten have left, or may have, and
    /// when.
    #[must_use]
    pub fn bare(&self) -> Self {
        let left = self.ours.iter().filter_map(|entry| {
            let at = match (entry.seen, entry.state) {
                (_, State::Reserved) => return None,
                (Some(seen), _) => seen,
                (None, State::Sent(at)) => at,
                // It may reach TikTok after what the customer writes next.
                (None, State::Marked(at) | State::Unknown(at)) => at.plus_ms(LATE_MS),
            };
            Some((u64::from(entry.reply), at))
        });
        let all = self.foreign.iter().enumerate().map(|(place, entry)| (u64::MAX - place as u64, entry.at)).chain(left);
        Self { ours: Vec::new(), foreign: all.map(|(id, at)| Foreign { id, at }).collect(), ..self.clone() }
    }

    /// All that is taken of the ten: reserved, marked, sent, unknown, what others said, and TikTok's welcome message where
    /// it is on its way.
    #[must_use]
    pub fn counted(&self) -> u32 {
        count(self.rows()).saturating_add(u32::from(self.welcome.is_some()))
    }

    /// Keeps a slot for TikTok's own welcome message, whose echo comes seconds later: until it is there, or until then. Not
    /// where the business side has said something already, which may be that message.
    pub fn await_welcome(&mut self, until: Moment) -> bool {
        let awaited = self.spent() == 0;
        if awaited {
            self.welcome = Some(until);
        }
        awaited
    }

    /// Until when a slot is kept for TikTok's welcome message.
    #[must_use]
    pub fn welcome_until(&self) -> Option<Moment> {
        self.welcome
    }

    /// The welcome message is there, or is waited for no longer.
    pub fn forgo_welcome(&mut self) {
        self.welcome = None;
    }

    /// Messages that it remembers, for whoever bounds its size.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ours.len().saturating_add(self.foreign.len())
    }

    /// [`Self::counted`] without what is only reserved: what has left or may have left.
    #[must_use]
    pub fn spent(&self) -> u32 {
        let reserved = self.ours.iter().filter(|entry| entry.state == State::Reserved).count();
        self.counted().saturating_sub(count(reserved))
    }

    /// Whether one of ours has left since the customer wrote, or may have.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.ours.iter().any(|entry| entry.state != State::Reserved)
    }

    /// Ten less [`Self::counted`]; the reserve for colleagues is not taken off.
    #[must_use]
    pub fn replies_left(&self) -> u32 {
        count(rules::REPLIES.most()).saturating_sub(self.counted())
    }

    /// TikTok's time of the customer's newest message.
    #[must_use]
    pub fn newest(&self) -> Option<Moment> {
        self.newest
    }

    /// TikTok's time of the newest of the business side that it has shown since.
    #[must_use]
    pub fn newest_shown(&self) -> Option<Moment> {
        self.ours.iter().filter_map(|entry| entry.seen).chain(self.foreign.iter().map(|entry| entry.at)).max()
    }

    #[must_use]
    pub fn window_start(&self) -> Option<Moment> {
        self.start
    }

    /// When the 48 hours are over; `None` where the customer never wrote.
    #[must_use]
    pub fn window_ends(&self) -> Option<Moment> {
        self.start.map(|start| start.plus_ms(rules::WINDOW.value))
    }

    /// Takes a slot for a reply that is queued. False where the ledger is full; nothing is changed then.
    pub fn reserve(&mut self, reply: u32) -> bool {
        if self.holds(reply) {
            return true;
        }
        if self.ours.len() >= OURS_MOST {
            return false;
        }
        self.ours.push(Ours { reply, state: State::Reserved, seen: None });
        true
    }

    /// Whether the reply holds a slot in any state.
    #[must_use]
    pub fn holds(&self, reply: u32) -> bool {
        self.ours.iter().any(|entry| entry.reply == reply)
    }

    /// Frees the slot of a reply that surely did not leave.
    pub fn give_back(&mut self, reply: u32) {
        self.ours.retain(|entry| entry.reply != reply);
    }

    /// The call for this reply may begin: from here on it counts as having left.
    pub fn mark(&mut self, reply: u32, at: Moment) {
        self.set(reply, State::Marked(at));
    }

    /// The call ended with "sent": TikTok's clock showed `ended` at the latest. When the customer writes again, ours may have
    /// been put right.
    pub fn settle_sent(&mut self, reply: u32, ended: Moment) {
        self.settle(reply, State::Sent(ended));
    }

    /// The call ended, and nobody knows how, or was refused at the cost of the slot: spent. Of several
    /// ends the latest holds.
    pub fn settle_unknown(&mut self, reply: u32, ended: Moment) {
        self.settle(reply, State::Unknown(ended));
    }

    /// Whatever was said of their ends, all calls that have one are over when TikTok's clock shows `at` at the latest: one
    /// whose end could not be told by TikTok's time is told by that of the next.
    pub fn ended_by(&mut self, at: Moment) {
        for entry in &mut self.ours {
            if let State::Sent(ended) | State::Unknown(ended) = &mut entry.state {
                *ended = at.min(*ended);
            }
        }
    }

    /// An echo or a list shows the reply with TikTok's own time. One that was given back but shows up counts again.
    pub fn seen_at(&mut self, reply: u32, tiktok: Moment) {
        if let Some(entry) = self.ours.iter_mut().find(|entry| entry.reply == reply) {
            entry.seen = Some(tiktok);
            if !matches!(entry.state, State::Sent(_)) {
                entry.state = State::Sent(tiktok);
            }
        } else if self.newest.is_none_or(|newest| tiktok >= newest) {
            self.push(Ours { reply, state: State::Sent(tiktok), seen: Some(tiktok) });
            return;
        }
        self.drop_older();
    }

    /// Somebody else of the business side said something: a colleague, TikTok itself, another program. One id counts once.
    pub fn foreign(&mut self, id: &str, at: Moment) {
        let id = fingerprint("id", id);
        if self.newest.is_some_and(|newest| at < newest) || self.foreign.iter().any(|entry| entry.id == id) {
            return;
        }
        self.foreign.push(Foreign { id, at });
        if self.foreign.len() > FOREIGN_MOST {
            // The newest decide: whatever inbound comes, those after it are among them, or at least ten of them are.
            self.foreign.sort_by_key(|entry| entry.at);
            self.foreign.remove(0);
        }
    }

    /// What was counted as foreign turns out to be our reply: counted once, with TikTok's time of it.
    pub fn adopt(&mut self, id: &str, reply: u32) {
        let id = fingerprint("id", id);
        if let Some(index) = self.foreign.iter().position(|entry| entry.id == id) {
            let found = self.foreign.remove(index);
            self.seen_at(reply, found.at);
        }
    }

    /// TikTok refuses this conversation (40064): nothing more until the customer writes.
    pub fn close(&mut self) {
        self.closed = true;
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn settle(&mut self, reply: u32, state: State) {
        if self.holds(reply) {
            self.set(reply, state);
        } else if let (State::Sent(ended) | State::Unknown(ended), Some(newest)) = (state, self.newest)
            && ended >= newest
        {
            self.set(reply, state);
        }
    }

    fn set(&mut self, reply: u32, state: State) {
        match self.ours.iter_mut().find(|entry| entry.reply == reply) {
            Some(entry) => match (entry.state, state) {
                // What an echo showed is no longer unknown.
                (_, State::Unknown(_)) if entry.seen.is_some() => {}
                (State::Unknown(was), State::Unknown(ended)) => entry.state = State::Unknown(ended.max(was)),
                _ => entry.state = state,
            },
            None => self.push(Ours { reply, state, seen: None }),
        }
    }

    fn push(&mut self, entry: Ours) {
        self.ours.push(entry);
        if self.ours.len() > OURS_MOST
            && let Some(index) = self.ours.iter().position(|entry| matches!(entry.state, State::Sent(_)))
        {
            self.ours.remove(index);
        }
    }

    /// Drops what a time told afterwards shows to be older than the customer's newest message.
    fn drop_older(&mut self) {
        if let Some(newest) = self.newest {
            self.ours.retain(|entry| entry.seen.is_none_or(|seen| seen >= newest));
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
