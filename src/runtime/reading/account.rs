//! One look at an account's lists.

use std::collections::HashSet;

use super::{Read, Seen};
use crate::calendar::Moment;
use crate::engine::{Conversation, Input};
use crate::runtime::core::{Account, Core};
use crate::runtime::dispatch::Desk;
use crate::runtime::entry::Kept;
use crate::runtime::handle::Handle;
use crate::runtime::port::{CallFailure, Delivery, Meaning, READ_MOST, ReadMessage, StoreError, Updated};
use crate::runtime::recent::input_key;

/// Conversations that are read in one look; the others are next.
const CONVERSATIONS_MAX: usize = 20;
/// What is older has lost its window long ago, and the keys by which it is known are kept a little longer than that.
const OLDEST_MS: i64 = 72 * 3_600_000;
/// A conversation of which TikTok says that something happened, and shows nothing, is read for so long.
const PATIENCE_MS: i64 = 3 * 60_000;
const OF: &[u8] = b"read";

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A customer's message that nobody knew.
    Something,
    Nothing,
    /// There was no room for all.
    More,
    /// TikTok, or our own store, did not give all.
    NoAnswer,
}

pub(super) struct Look<'a> {
    pub(super) handle: &'a Handle,
    pub(super) desk: &'a Desk,
    pub(super) account: &'a Account,
    /// What is older is nobody's business.
    pub(super) since: Moment,
}

/// A conversation that may hold something new.
struct Wanted {
    updated: Updated,
    place: u64,
    /// What is older was read, is known or is not asked for.
    from: Moment,
}

impl Look<'_> {
    fn core(&self) -> &Core {
        &self.handle.core
    }

    /// What is older is left alone.
    pub(super) fn floor(&self) -> Moment {
        self.since.max(self.core().now().plus_ms(-OLDEST_MS))
    }

    /// Reads what is new, as far as TikTok shows it.
    pub(super) async fn look(&self, read: &mut Read) -> Result<Found, StoreError> {
        let mut listed = Vec::new();
        for answered in [false, true] {
            match self.answer(self.desk.conversations(self.account, answered).await) {
                Some(page) => listed.extend(page),
                None => return Ok(Found::NoAnswer),
            }
        }
        listed.sort_unstable_by_key(|row| std::cmp::Reverse(row.at));
        let wanted = self.wanted(listed, read).await?;
        let (mut found, before) = (Found::Nothing, read.newest);
        let more = wanted.len() > CONVERSATIONS_MAX;
        for one in wanted.into_iter().take(CONVERSATIONS_MAX) {
            let rows = self.answer(self.desk.messages(self.account, &one.updated.external).await);
            let Some(rows) = rows else { return Ok(Found::NoAnswer) };
            if !self.hear(&one, rows, read).await {
                return Ok(Found::NoAnswer);
            }
        }
        if read.newest > before {
            found = Found::Something;
        }
        Ok(if more { Found::More } else { found })
    }

    fn answer<T>(&self, result: Option<Result<T, CallFailure>>) -> Option<T> {
        match result? {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::warn!(%error, account = self.account.open_id, "TikTok did not show who wrote; it is asked again");
                None
            }
        }
    }

    /// Those of the listed conversations in which something happened that nobody here knows.
    async fn wanted(&self, listed: Vec<Updated>, read: &mut Read) -> Result<Vec<Wanted>, StoreError> {
        let (floor, now) = (self.floor(), self.core().now());
        let place = |row: &Updated| input_key(&self.core().secret, &row.external, OF).map_or(0, |key| key.0);
        let places: HashSet<u64> = listed.iter().map(place).collect();
        // What is no longer listed comes back, if it does, with messages that are too old or new.
        read.seen.retain(|place, _| places.contains(place));
        let mut wanted = Vec::new();
        for updated in listed {
            let place = place(&updated);
            let seen = read.seen.get(&place);
            let heard = seen.map(|seen| seen.heard);
            let given_up = seen.is_some_and(|seen| seen.updated >= updated.at && now.since_ms(seen.since) > PATIENCE_MS);
            if updated.at < floor || given_up || heard.is_some_and(|heard| heard >= updated.at) {
                continue;
            }
            let known = self.known(&updated.external).await?;
            // What came by a webhook was heard as well.
            if known.is_some_and(|known| known >= updated.at) {
                continue;
            }
            wanted.push(Wanted { updated, place, from: heard.map_or(floor, |heard| heard.max(floor)) });
        }
        Ok(wanted)
    }

    /// TikTok's time of the newest that is stored of a conversation.
    async fn known(&self, external: &[u8]) -> Result<Option<Moment>, StoreError> {
        let row = self.core().ports.store.find(self.account.id, external).await?;
        Ok(row.and_then(|row| Conversation::decode(&row.state).ok()?.newest_known()))
    }

    /// Takes a conversation's messages: first what the business side wrote, so that nobody is answered whom a colleague has
    /// answered already, each side's oldest first; false where one was not taken.
    async fn hear(&self, one: &Wanted, mut rows: Vec<ReadMessage>, read: &mut Read) -> bool {
        rows.sort_by_key(|row| row.at);
        let full = rows.len() >= READ_MOST;
        let known = self.known(&one.updated.external).await.ok().flatten();
        let from = known.map_or(one.from, |known| known.max(one.from));
        if full && rows.first().is_some_and(|oldest| oldest.at > from) {
            let why = format!("TikTok lists the newest {READ_MOST} messages only: there may have been more before them");
            if !self.tell(why, Some(&one.updated.external)).await {
                return false;
            }
        }
        rows.sort_by_key(|row| !matches!(&row.meaning, Meaning::Input { input: Input::Echo(_), .. }));
        let mut heard = None;
        for row in rows {
            heard = heard.max(Some(row.at));
            let newest = matches!(&row.meaning, Meaning::Input { input: Input::Message(_), .. }).then_some(row.at);
            if row.at >= one.from && !self.take(row).await {
                return false;
            }
            read.newest = read.newest.max(newest);
        }
        let before = read.seen.get(&one.place);
        let heard = heard.max(before.map(|before| before.heard));
        let heard = heard.unwrap_or(Moment(i64::MIN));
        let since = before.filter(|before| before.updated == one.updated.at).map(|before| before.since);
        let since = since.unwrap_or_else(|| self.core().now());
        read.seen.insert(one.place, Seen { heard, updated: one.updated.at, since });
        true
    }

    async fn take(&self, row: ReadMessage) -> bool {
        let delivery = Delivery {
            app: self.account.app_id.clone(),
            open_id: Some(self.account.open_id.clone()),
            received: self.core().now(),
            raw: row.raw,
            meaning: row.meaning,
        };
        let delivery = match &self.core().pass {
            Some(pass) => (pass.0)(delivery),
            None => delivery,
        };
        self.handle.deliver(delivery).await.is_ok()
    }

    /// What was told was never shown.
    pub(super) async fn missed(&self) {
        let why = "TikTok told that a customer wrote, and did not show what".to_owned();
        let _ = self.tell(why, None).await;
    }

    /// A gap in the history.
    async fn tell(&self, why: String, external: Option<&[u8]>) -> bool {
        tracing::warn!(account = self.account.open_id, why, "messages may be missing");
        let kept = Kept::new(why, self.account.app_id.clone(), Some(self.account.open_id.clone()), &[]);
        let kept = match external {
            Some(external) => kept.of(external),
            None => kept,
        };
        self.handle.keep(Some(self.account.id), ("gap", kept)).await.is_ok()
    }
}
