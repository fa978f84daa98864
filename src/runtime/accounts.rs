//! The accounts that this process serves, and those that it served until they were disconnected.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::port::AccountId;

/// The accounts of the settings, by both of their names.
#[derive(Default)]
pub(super) struct Accounts(ArcSwap<Known>);

#[derive(Clone, Default)]
struct Known {
    by_id: HashMap<AccountId, Arc<Account>>,
    by_name: HashMap<(String, String), Arc<Account>>,
    /// Disconnected ones: what was said with them can still be read.
    gone: HashMap<AccountId, Arc<Account>>,
}

impl Accounts {
    /// More may come while the runtime runs: whoever signs in is served at once.
    pub(super) fn insert(&self, account: Account) {
        let account = Arc::new(account);
        self.0.rcu(|known| {
            let mut known = Known::clone(known);
            known.by_name.insert((account.app_id.clone(), account.open_id.clone()), Arc::clone(&account));
            known.by_id.insert(account.id, Arc::clone(&account));
            known.gone.remove(&account.id);
            known
        });
    }

    /// Serves an account no more.
    pub(super) fn remove(&self, account: &Arc<Account>) {
        self.0.rcu(|known| {
            let mut known = Known::clone(known);
            known.by_name.remove(&(account.app_id.clone(), account.open_id.clone()));
            known.by_id.remove(&account.id);
            known.gone.insert(account.id, Arc::clone(account));
            known
        });
    }

    /// The same of one that is not served any more, too.
    pub(super) fn ever(&self, id: AccountId) -> Option<Arc<Account>> {
        let known = self.0.load();
        known.by_id.get(&id).or_else(|| known.gone.get(&id)).cloned()
    }

    /// All that are or were served.
    pub(super) fn ids_ever(&self) -> Vec<AccountId> {
        let known = self.0.load();
        known.by_id.keys().chain(known.gone.keys()).copied().collect()
    }

    pub(super) fn of(&self, id: AccountId) -> Option<Arc<Account>> {
        self.0.load().by_id.get(&id).cloned()
    }

    pub(super) fn ids(&self) -> Vec<AccountId> {
        self.0.load().by_id.keys().copied().collect()
    }

    /// All, the one seen first at the front.
    pub(super) fn all(&self) -> Vec<Arc<Account>> {
        let mut all: Vec<_> = self.0.load().by_id.values().cloned().collect();
        all.sort_unstable_by_key(|account| account.id);
        all
    }

    /// The accounts that carry this `business_id`, of whatever app.
    pub(super) fn called(&self, open_id: &str) -> Vec<AccountId> {
        let mut found: Vec<AccountId> =
            self.0.load().by_id.values().filter(|account| account.open_id == open_id).map(|account| account.id).collect();
        found.sort_unstable();
        found
    }

    /// The first account of an app.
    pub(super) fn any_of(&self, app: &str) -> Option<Arc<Account>> {
        self.0.load().by_id.values().filter(|account| account.app_id == app).min_by_key(|account| account.id).cloned()
    }

    pub(super) fn named(&self, app: &str, open_id: &str) -> Option<Arc<Account>> {
        self.0.load().by_name.get(&(app.to_owned(), open_id.to_owned())).cloned()
    }
}

/// A business account of an app.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: AccountId,
    /// Index into the apps.
    pub(super) app: usize,
    pub(super) app_id: String,
    pub(super) open_id: String,
}
