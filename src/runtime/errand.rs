//! Permits for commands that ask TikTok something while no runtime runs: one after the other, and few.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::port::{Clock, Permit, Store, StoreError};

/// Much slower than any app may be, so that a server which has just ended or is about to begin is not held up.
const PAUSE: Duration = Duration::from_millis(300);
/// Longer than any call.
const LEASE: Duration = Duration::from_secs(30);
const BEGIN_WITHIN: Duration = Duration::from_secs(5);

/// The right to call where nobody else does: with a store, while this process has the lease of the app.
pub struct Errand {
    store: Option<Arc<dyn Store>>,
    clock: Arc<dyn Clock>,
    made: AtomicU64,
}

impl Errand {
    /// `store` is the one that servers of the apps would share; `None` where there is none that a server could run on.
    #[must_use]
    pub fn new(store: Option<Arc<dyn Store>>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, made: AtomicU64::new(0) }
    }

    /// The right to make one call now; `None` where another process speaks for the app.
    ///
    /// # Errors
    /// When the store does not say.
    pub async fn permit(&self, app: &str) -> Result<Option<Permit>, StoreError> {
        if self.made.load(Ordering::Relaxed) > 0 {
            self.clock.sleep(PAUSE).await;
        }
        if let Some(store) = &self.store
            && !store.lease(app, LEASE).await?.mine
        {
            return Ok(None);
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Some(Permit::alone(number, self.clock.monotonic().saturating_add(BEGIN_WITHIN))))
    }

    /// Gives the right back.
    ///
    /// # Errors
    /// When the store does not take it; it ends by itself then.
    pub async fn release(&self, app: &str) -> Result<(), StoreError> {
        match &self.store {
            Some(store) => store.release(app).await,
            None => Ok(()),
        }
    }
}
