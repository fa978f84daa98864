//! Accounts that come while the runtime runs, and words that are good for one use.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::{Account, Core};
use super::handle::Handle;
use super::port::{AccountId, AccountRow, Store, StoreError};

/// The key of `meta` that says that an account was signed in here rather than named by the settings: it is served from the
/// next start on, too. An empty value, or none, says that it was not.
#[must_use]
pub fn connected_key(account: AccountId) -> String {
    format!("connected:{}", account.0)
}

/// The accounts that were signed in here.
///
/// # Errors
/// When the store cannot be read.
pub async fn connected(store: &dyn Store) -> Result<Vec<AccountRow>, StoreError> {
    let mut found = Vec::new();
    for row in store.accounts().await? {
        if store.meta(&connected_key(row.id)).await?.is_some_and(|value| !value.is_empty()) {
            found.push(row);
        }
    }
    Ok(found)
}

/// An account that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub id: AccountId,
    pub app: String,
    pub open_id: String,
}

/// What another process has connected is asked for this much less often than its news.
const LESS_OFTEN: u32 = 5;

/// Hears of accounts that other processes on the store have connected.
pub(super) async fn listen(core: Arc<Core>) {
    while !core.stopping.load(Ordering::SeqCst) {
        core.sleep(core.news_every * LESS_OFTEN).await;
        match connected(&*core.ports.store).await {
            Ok(rows) => rows.into_iter().for_each(|row| take(&core, row.id, &row.app, &row.open_id)),
            Err(error) => tracing::warn!(%error, "the store did not say which accounts are connected"),
        }
    }
}

fn take(core: &Core, id: AccountId, app: &str, open_id: &str) {
    let index = core.apps.iter().position(|known| known.id == app);
    if let Some(index) = index.filter(|_| core.accounts.of(id).is_none()) {
        core.accounts.insert(Account { id, app: index, app_id: app.to_owned(), open_id: open_id.to_owned() });
    }
}

impl Handle {
    /// The accounts that are served now.
    #[must_use]
    pub fn accounts(&self) -> Vec<Served> {
        let served = |account: &Account| Served { id: account.id, app: account.app_id.clone(), open_id: account.open_id.clone() };
        self.core.accounts.all().iter().map(|account| served(account)).collect()
    }

    /// Serves an account from now on, and from the next start on. True where it was not served before; false also where
    /// the app is unknown.
    ///
    /// # Errors
    /// When it could not be written; then all is as before.
    pub async fn admit(&self, app: &str, open_id: &str) -> Result<bool, StoreError> {
        if self.core.accounts.named(app, open_id).is_some() {
            return Ok(false);
        }
        if !self.core.apps.iter().any(|known| known.id == app) {
            return Ok(false);
        }
        let id = self.store().account(app, open_id).await?;
        self.store().put_meta(&connected_key(id), b"1").await?;
        take(&self.core, id, app, open_id);
        Ok(true)
    }

    /// Whether this is the first use of `name`, whichever process of the store it is used in. `mark` is this use's own.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn first_use(&self, name: &str, mark: &[u8]) -> Result<bool, StoreError> {
        Ok(self.store().put_meta_once(name, mark).await? == mark)
    }
}
