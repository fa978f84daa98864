//! Accounts that come and go while the runtime runs, and words that are good for one use.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::core::{Account, Address, Ask, Core};
use super::handle::Handle;
use super::port::{AccountId, AccountRow, OutboxState, Store, StoreError};
use super::reading;
use crate::engine::Input;

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

/// The key of `meta` that says that an account was disconnected: it is not served, though the settings may name it, until
/// it is signed in anew. [`PAUSED`] where its sending was paused before; an empty value, or none, says that it was not
/// disconnected.
fn disconnected_key(account: AccountId) -> String {
    format!("disconnected:{}", account.0)
}

const DISCONNECTED: &[u8] = b"1";
const PAUSED: &[u8] = b"paused";

async fn is_disconnected(store: &dyn Store, account: AccountId) -> Result<bool, StoreError> {
    Ok(store.meta(&disconnected_key(account)).await?.is_some_and(|value| !value.is_empty()))
}

/// The accounts that were disconnected.
///
/// # Errors
/// When the store cannot be read.
pub async fn disconnected(store: &dyn Store) -> Result<Vec<AccountRow>, StoreError> {
    let mut found = Vec::new();
    for row in store.accounts().await? {
        if is_disconnected(store, row.id).await? {
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

/// So long replies under way are waited for where an account is disconnected: longer than any call.
const PATIENCE: Duration = Duration::from_secs(12);
const LOOK: Duration = Duration::from_millis(200);
/// Who drops a reply of a disconnected account, and why.
const OPERATOR: &str = "operator";
const GONE: &str = "the account was disconnected";

/// What became of the replies of an account that was disconnected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Disconnected {
    /// They waited and ended with that reason.
    pub dropped: usize,
    /// Nobody has heard how they ended.
    pub open: usize,
}

/// Hears of accounts that other processes on the store have connected or disconnected.
pub(super) async fn listen(core: Arc<Core>) {
    while !core.stopping.load(Ordering::SeqCst) {
        core.sleep(core.news_every * LESS_OFTEN).await;
        if let Err(error) = follow(&core).await {
            tracing::warn!(%error, "the store did not say which accounts are connected");
        }
    }
}

async fn follow(core: &Core) -> Result<(), StoreError> {
    let store = &*core.ports.store;
    for row in store.accounts().await? {
        let served = core.accounts.of(row.id);
        if is_disconnected(store, row.id).await? {
            if let Some(account) = served {
                tracing::warn!(account = account.open_id, "the account was disconnected by another process");
                core.accounts.remove(&account);
            }
        } else if served.is_none() && store.meta(&connected_key(row.id)).await?.is_some_and(|value| !value.is_empty()) {
            take(core, row.id, &row.app, &row.open_id);
        }
    }
    Ok(())
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
        reading::seen_anew(self.store(), id, self.core.now()).await?;
        self.store().put_meta(&connected_key(id), b"1").await?;
        let before = self.store().meta(&disconnected_key(id)).await?.unwrap_or_default();
        if before == DISCONNECTED {
            // Nobody else has paused it.
            self.core.pauses.set(self.store(), Some(&[id]), None).await?;
        }
        if !before.is_empty() {
            self.store().put_meta(&disconnected_key(id), b"").await?;
        }
        take(&self.core, id, app, open_id);
        Ok(true)
    }

    /// The apps for which this account is served, or was until it was disconnected (`business_id`).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn apps_of(&self, open_id: &str) -> Result<Vec<String>, StoreError> {
        let mut apps = Vec::new();
        for row in self.store().accounts().await?.into_iter().filter(|row| row.open_id == open_id) {
            let known = self.core.apps.iter().any(|app| app.id == row.app);
            if known && (self.core.accounts.of(row.id).is_some() || is_disconnected(self.store(), row.id).await?) {
                apps.push(row.app);
            }
        }
        Ok(apps)
    }

    /// Serves an account no more, now and from the next start on, in every process of the store within a second or so: no
    /// mark follows, replies that wait end with a reason, and those under way are waited for. What was said stays. Again,
    /// where it was broken off.
    ///
    /// # Errors
    /// When it could not be written; asked again, it goes on.
    pub async fn disconnect(&self, app: &str, open_id: &str) -> Result<Disconnected, StoreError> {
        let id = self.store().account(app, open_id).await?;
        let key = disconnected_key(id);
        if !is_disconnected(self.store(), id).await? {
            let before = if self.core.pauses.hold_alone(id) { PAUSED } else { DISCONNECTED };
            self.store().put_meta(&key, before).await?;
        }
        self.store().put_meta(&connected_key(id), b"").await?;
        self.core.pauses.set(self.store(), Some(&[id]), Some(self.core.now())).await?;
        let index = self.core.apps.iter().position(|known| known.id == app).unwrap_or(usize::MAX);
        let account = Account { id, app: index, app_id: app.to_owned(), open_id: open_id.to_owned() };
        let account = self.core.accounts.of(id).unwrap_or_else(|| Arc::new(account));
        self.core.accounts.remove(&account);
        let mut done = self.clear(&account).await?;
        if self.store().is_shared() {
            // Until the others have heard of it, they may still have taken a message.
            self.core.sleep(self.core.news_every * (2 * LESS_OFTEN)).await;
            let more = self.clear(&account).await?;
            done = Disconnected { dropped: done.dropped + more.dropped, open: more.open };
        }
        tracing::warn!(account = open_id, dropped = done.dropped, open = done.open, "the account is disconnected");
        Ok(done)
    }

    /// Ends what waits of an account, and waits a while for what is under way.
    async fn clear(&self, account: &Arc<Account>) -> Result<Disconnected, StoreError> {
        let core = &self.core;
        let patience = core.monotonic().saturating_add(PATIENCE);
        let mut done = Disconnected::default();
        loop {
            let rows = self.store().outbox().await?.into_iter().filter(|row| row.account == account.id);
            let (waiting, open): (Vec<_>, Vec<_>) =
                rows.partition(|row| matches!(row.state, OutboxState::Queued | OutboxState::Held));
            let late = core.monotonic() >= patience;
            if late || waiting.is_empty() && open.is_empty() {
                return Ok(Disconnected { open: open.len() + waiting.len(), ..done });
            }
            for row in waiting {
                let Some(conversation) = self.store().load(row.conversation).await? else { continue };
                let (account, number) = (Arc::clone(account), Some(row.conversation));
                let address = Arc::new(Address { account, external: conversation.external, number });
                let input = Input::Drop { by: OPERATOR.to_owned(), reply: row.reply, reason: GONE.to_owned() };
                let dropped = core.post(address, Ask::Input { key: None, input }).await;
                dropped.map_err(|error| StoreError::Busy(error.to_string()))?;
                done.dropped += 1;
            }
            core.sleep(LOOK).await;
        }
    }

    /// Whether this is the first use of `name`, whichever process of the store it is used in. `mark` is this use's own.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn first_use(&self, name: &str, mark: &[u8]) -> Result<bool, StoreError> {
        Ok(self.store().put_meta_once(name, mark).await? == mark)
    }
}
