//! Sending that an operator has stopped, of one account or of all. It stands in the store: it outlives the process and
//! holds for every process that shares the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use tokio::sync::{RwLock, RwLockReadGuard};

use super::core::{Accounts, Core};
use super::port::{AccountId, PAUSE, Store, StoreError, pause_of};
use crate::calendar::Moment;

/// What another process has paused is asked for this much less often than its news; marks the store refuses from the pause's
/// commit on.
const LESS_OFTEN: u32 = 5;

/// Since when nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// `business_id` of the account; `None` for all.
    pub account: Option<String>,
    pub since: Moment,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing {
    all: Option<Moment>,
    accounts: BTreeMap<AccountId, Moment>,
}

/// The value in the store; an empty one is no pause.
#[derive(Serialize, Deserialize)]
struct Kept {
    since: Moment,
}

/// What is paused, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    standing: ArcSwap<Standing>,
    /// Held from before a mark is asked for until it is committed; whoever pauses waits for those before it.
    marks: RwLock<()>,
}

impl Pauses {
    /// The right to ask for one mark; `None` while the account is paused. Kept until the mark is committed.
    pub(super) async fn marking(&self, account: AccountId) -> Option<RwLockReadGuard<'_, ()>> {
        let guard = self.marks.read().await;
        (!self.hold(account)).then_some(guard)
    }

    /// Whether nothing of an account may be sent.
    pub(super) fn hold(&self, account: AccountId) -> bool {
        let standing = self.standing.load();
        standing.all.is_some() || standing.accounts.contains_key(&account)
    }

    /// Whether this account itself is paused.
    pub(super) fn hold_alone(&self, account: AccountId) -> bool {
        self.standing.load().accounts.contains_key(&account)
    }

    /// Pauses (`Some`: since when) or resumes all accounts, or these. No mark is committed after this has returned.
    ///
    /// # Errors
    /// When it could not be written: then what the store says stands.
    pub(super) async fn set(
        &self,
        store: &dyn Store,
        accounts: Option<&[AccountId]>,
        since: Option<Moment>,
    ) -> Result<(), StoreError> {
        let _marks = self.marks.write().await;
        write_pause(store, accounts, since).await?;
        let mut standing = Standing::clone(&self.standing.load());
        match accounts {
            None => standing.all = since,
            Some(accounts) => {
                for account in accounts {
                    match since {
                        Some(since) => drop(standing.accounts.insert(*account, since)),
                        None => drop(standing.accounts.remove(account)),
                    }
                }
            }
        }
        self.standing.store(Arc::new(standing));
        Ok(())
    }

    /// Reads what stands in the store; true when it is other than was known.
    pub(super) async fn read(&self, store: &dyn Store, accounts: &Accounts) -> Result<bool, StoreError> {
        // Marks do not wait for it: a store that hangs must not hold them, and one that is shared refuses them itself.
        let mut standing = Standing { all: since(store, PAUSE).await?, accounts: BTreeMap::new() };
        for account in accounts.ids() {
            if let Some(since) = since(store, &pause_of(account)).await? {
                standing.accounts.insert(account, since);
            }
        }
        let other = **self.standing.load() != standing;
        self.standing.store(Arc::new(standing));
        Ok(other)
    }

    /// What stands, the whole first.
    pub(super) fn list(&self, accounts: &Accounts) -> Vec<Paused> {
        let standing = self.standing.load();
        let all = standing.all.map(|since| Paused { account: None, since });
        let named = standing.accounts.iter().filter_map(|(id, since)| {
            accounts.of(*id).map(|account| Paused { account: Some(account.open_id.clone()), since: *since })
        });
        all.into_iter().chain(named).collect()
    }
}

/// Writes a pause, or its end, into a store that no runtime has open; [`super::Handle::pause`] is for one that has.
///
/// # Errors
/// When it could not be written.
pub async fn write_pause(store: &dyn Store, accounts: Option<&[AccountId]>, since: Option<Moment>) -> Result<(), StoreError> {
    let value = match since {
        Some(since) => serde_json::to_vec(&Kept { since }).map_err(|error| StoreError::Broken(error.to_string()))?,
        None => Vec::new(),
    };
    let keys = match accounts {
        None => vec![PAUSE.to_owned()],
        Some(accounts) => accounts.iter().copied().map(pause_of).collect(),
    };
    for key in keys {
        store.put_meta(&key, &value).await?;
    }
    Ok(())
}

/// What cannot be read is a pause: silence rather than a message that nobody wants.
async fn since(store: &dyn Store, key: &str) -> Result<Option<Moment>, StoreError> {
    let value = store.meta(key).await?.filter(|value| !value.is_empty());
    Ok(value.map(|value| serde_json::from_slice::<Kept>(&value).map_or(Moment(0), |kept| kept.since)))
}

/// Hears of what other processes on the store have paused or resumed.
pub(super) async fn listen(core: Arc<Core>, changed: impl Fn() + Send) {
    while !core.stopping.load(Ordering::SeqCst) {
        core.sleep(core.news_every * LESS_OFTEN).await;
        match core.pauses.read(&*core.ports.store, &core.accounts).await {
            Ok(true) => changed(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the store did not say what is paused"),
        }
    }
}
