//! Customers of whom TikTok tells only that they wrote, neither who nor what: its lists are read then, and what they show is
//! taken as if its webhook had come.
//!
//! Whoever leads the app reads, one account after the other and never faster than the spacing: however often an account is
//! poked meanwhile, it is read once. What was poked and not read yet stands in the store. Nothing of before the account was
//! first seen is answered, and what the lists no longer show is recorded as a gap, not guessed.

mod account;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

use self::account::{Found, Look};
use super::core::Core;
use super::dispatch::{Desk, Lane};
use super::handle::Handle;
use super::port::{AccountId, Store, StoreError};
use super::presence::moment;
use crate::calendar::Moment;

/// Keys of `meta`, each with the account's number: since when it is answered at all, the newest word that somebody wrote, and
/// how far it was read.
const SINCE: &str = "eu_since:";
const POKED: &str = "eu_poked:";
const READ: &str = "eu_read:";
/// Accounts that can have been poked.
const ACCOUNTS_MAX: usize = 10_000;

/// An account is not read again before this.
const SPACING: Duration = Duration::from_secs(3);
/// The same, doubled so far, where nothing new was found or TikTok did not answer.
const SPACING_MOST: Duration = Duration::from_secs(60);
/// What was told of is there, but the lists are two and lag behind: who wrote at the same time may be shown this much later.
const SETTLES: Duration = Duration::from_secs(120);
/// The lists may lag behind. Who looks so often, each time after a longer pause, does not wait for them any more.
const LOOKS: u32 = 7;
/// What other processes were told is asked for this much less often than their news.
const LESS_OFTEN: u32 = 5;
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Somebody wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Poke {
    /// TikTok's time of the message, where it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Moment>,
    /// By which it is told from the one before.
    number: u64,
}

/// How far an account was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    /// The newest word of which all was read.
    #[serde(default)]
    poke: Option<Poke>,
    /// TikTok's time of the newest message of a customer that was seen.
    #[serde(default)]
    newest: Option<Moment>,
    /// By conversation, under a keyed hash: an erased customer is not named here.
    #[serde(default)]
    seen: HashMap<u64, Seen>,
}

/// How far a conversation was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// TikTok's time of the newest message that was read.
    heard: Moment,
    /// Of the list of conversations, then.
    updated: Moment,
    /// When that was seen first, by our clock.
    since: Moment,
}

/// From now on the account is answered, unless it was before.
pub(super) async fn first_seen(store: &dyn Store, account: AccountId, now: Moment) -> Result<(), StoreError> {
    store.put_meta_once(&key(SINCE, account), &now.0.to_le_bytes()).await.map(drop)
}

/// The same for one that is signed in anew: what was written meanwhile is left alone.
pub(super) async fn seen_anew(store: &dyn Store, account: AccountId, now: Moment) -> Result<(), StoreError> {
    store.put_meta(&key(SINCE, account), &now.0.to_le_bytes()).await
}

/// What was told and is to be read.
#[derive(Default)]
pub(super) struct Pokes {
    told: watch::Sender<u64>,
    /// Not written yet: the newest message of an account's, and how many have told.
    waiting: std::sync::Mutex<HashMap<AccountId, (Option<Moment>, u64)>>,
    writing: Mutex<()>,
}

impl Pokes {
    /// Writes down that somebody wrote to the account; those that wait while another is written are written as one.
    pub(super) async fn note(&self, core: &Core, account: AccountId, at: Option<Moment>) -> Result<(), StoreError> {
        let waiting = || self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut waiting = waiting();
            let (newest, count) = waiting.entry(account).or_default();
            *newest = (*newest).max(at);
            *count += 1;
        }
        let _writing = self.writing.lock().await;
        let Some((at, count)) = waiting().get(&account).copied() else {
            // Somebody else has written it with their own.
            return Ok(());
        };
        let poke = Poke { at, number: core.ports.entropy.next_u64() };
        let body = serde_json::to_vec(&poke).unwrap_or_default();
        core.ports.store.put_meta(&key(POKED, account), &body).await?;
        {
            let mut waiting = waiting();
            // Whoever came meanwhile writes once more.
            if waiting.get(&account).is_some_and(|(_, now)| *now == count) {
                waiting.remove(&account);
            }
        }
        self.told.send_modify(|told| *told += 1);
        Ok(())
    }
}

fn key(what: &str, account: AccountId) -> String {
    format!("{what}{}", account.0)
}

/// Reads for the accounts of one app while this process leads it.
pub(super) struct Reader {
    handle: Handle,
    app: usize,
    desk: Desk,
    turns: HashMap<AccountId, Turn>,
}

/// What is known here of an account's reading; the store knows what matters.
#[derive(Default)]
struct Turn {
    read: Option<Read>,
    /// On the monotonic clock: when it was looked last, and not before when it is looked again.
    last: Duration,
    next: Duration,
    pause: Duration,
    /// The last look got no answer.
    down: bool,
    poke: Option<Poke>,
    /// Looks for what this one told that found nothing more, and whether any found something.
    looks: u32,
    found: bool,
    /// The last look showed what was told of: the next is for who else wrote then.
    settles: bool,
}

impl Reader {
    pub(super) fn new(handle: Handle, app: usize, lane: Lane) -> Self {
        let desk = Desk { core: Arc::clone(&handle.core), lane };
        Self { handle, app, desk, turns: HashMap::new() }
    }

    pub(super) async fn run(mut self) {
        let core = Arc::clone(&self.handle.core);
        let mut told = core.pokes.told.subscribe();
        while !core.stopping.load(Ordering::SeqCst) {
            told.borrow_and_update();
            let next = if core.leads(self.app) {
                match self.round().await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::warn!(%error, "it could not be read who wrote");
                        Some(core.monotonic().saturating_add(AGAIN_AFTER))
                    }
                }
            } else {
                // What another process has read meanwhile stands in the store.
                self.turns.clear();
                None
            };
            let ask = core.ports.store.is_shared().then(|| core.monotonic().saturating_add(core.news_every * LESS_OFTEN));
            let wake = [next, ask].into_iter().flatten().min();
            tokio::select! {
                biased;
                _ = told.changed() => {}
                () = core.sleep_until_monotonic(wake) => {}
            }
        }
    }

    /// Reads what may be read now; gives when there is more to do, as far as that is known.
    async fn round(&mut self) -> Result<Option<Duration>, StoreError> {
        let core = Arc::clone(&self.handle.core);
        let mut next: Option<Duration> = None;
        for (name, value) in core.ports.store.meta_under(POKED, ACCOUNTS_MAX).await? {
            let number = name.strip_prefix(POKED).and_then(|number| number.parse().ok());
            let Some(account) = number.and_then(|number| core.accounts.of(AccountId(number))) else { continue };
            if account.app != self.app {
                continue;
            }
            let Ok(poke) = serde_json::from_slice::<Poke>(&value) else { continue };
            let turn = self.turns.entry(account.id).or_default();
            let read = match turn.read.take() {
                Some(read) => read,
                None => stored(&*core.ports.store, account.id).await?,
            };
            if read.poke.as_ref() == Some(&poke) {
                turn.read = Some(read);
                continue;
            }
            turn.hear_of(&read, &poke);
            let told = Some(poke.clone());
            if core.monotonic() >= turn.next {
                let since = moment(&*core.ports.store, &key(SINCE, account.id)).await?;
                // An account that nobody has seen begins now.
                let since = since.unwrap_or_else(|| core.now());
                let look = Look { handle: &self.handle, desk: &self.desk, account: &account, since };
                turn.take(&core, look, read, poke).await?;
            } else {
                turn.read = Some(read);
            }
            if turn.read.as_ref().is_none_or(|read| read.poke != told) {
                next = Some(next.map_or(turn.next, |next| next.min(turn.next)));
            }
        }
        Ok(next)
    }
}

async fn stored(store: &dyn Store, account: AccountId) -> Result<Read, StoreError> {
    let bytes = store.meta(&key(READ, account)).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

impl Turn {
    /// A message that nobody has seen yet waits no longer than the spacing for what was looked for in vain before.
    fn hear_of(&mut self, read: &Read, poke: &Poke) {
        if !self.down && self.poke.as_ref() != Some(poke) && poke.at > read.newest {
            self.next = self.next.min(self.last.saturating_add(SPACING));
        }
    }

    /// Looks once, and writes down how far it came.
    async fn take(&mut self, core: &Core, look: Look<'_>, mut read: Read, poke: Poke) -> Result<(), StoreError> {
        if self.poke.as_ref() != Some(&poke) {
            (self.looks, self.found, self.settles) = (0, false, false);
            self.poke = Some(poke.clone());
        }
        let found = look.look(&mut read).await?;
        self.found |= found == Found::Something;
        let longer = (self.pause * 2).clamp(SPACING, SPACING_MOST);
        self.pause = match found {
            Found::Something | Found::More => SPACING,
            Found::Nothing | Found::NoAnswer => longer,
        };
        self.down = found == Found::NoAnswer;
        let seen = poke.at.is_none_or(|at| at < look.floor() || read.newest.is_some_and(|newest| at <= newest));
        if matches!(found, Found::Something | Found::Nothing) {
            self.looks += 1;
            let settled = std::mem::replace(&mut self.settles, seen) && found == Found::Nothing;
            if settled || self.looks >= LOOKS {
                if !seen && !self.found {
                    look.missed().await;
                }
                read.poke = Some(poke);
            }
        }
        self.last = core.monotonic();
        self.next = self.last.saturating_add(if self.settles && !self.down { SETTLES } else { self.pause });
        let body = serde_json::to_vec(&read).unwrap_or_default();
        core.ports.store.put_meta(&key(READ, look.account.id), &body).await?;
        self.read = Some(read);
        Ok(())
    }
}
