//! Whether somebody was here all the time. What customers wrote while nobody was is brought by TikTok again, but later:
//! until then their silence means nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::core::Core;
use super::port::{Store, StoreError};
use crate::calendar::Moment;

const PRESENT: &str = "present";
/// Written before the first sign of life after a gap: whoever starts next, perhaps seconds later, sees no gap any more.
const PATIENT_UNTIL: &str = "patient_until";
/// So many missing signs of life are a gap.
const SIGNS_MISSED: u32 = 3;
/// Silence is not believed for as long as the gap was, but at least and at most so long.
const PATIENCE_LEAST_MS: i64 = 10 * 60_000;
const PATIENCE_MOST_MS: i64 = 2 * 60 * 60_000;

/// What the last gap asks for.
#[derive(Debug, Default)]
pub(super) struct Presence {
    patient_until_ms: AtomicI64,
}

impl Presence {
    /// Until when silence is not believed; `None` where it is.
    pub(super) fn patient_until(&self, now: Moment) -> Option<Moment> {
        let until = Moment(self.patient_until_ms.load(Ordering::SeqCst));
        (until > now).then_some(until)
    }

    /// Looks how long nobody was here: neither this process before, nor another one on the same store.
    pub(super) async fn look(&self, store: &dyn Store, now: Moment, every: Duration) -> Result<(), StoreError> {
        let Some(seen) = moment(store, PRESENT).await? else { return Ok(()) };
        // What a clock that had run ahead may have written asks for no more than a gap of now could.
        let mut until = moment(store, PATIENT_UNTIL).await?.map_or(0, |until| until.0.min(now.plus_ms(PATIENCE_MOST_MS).0));
        let gap_ms = now.since_ms(seen);
        if gap_ms > i64::try_from((every * SIGNS_MISSED).as_millis()).unwrap_or(i64::MAX) {
            until = until.max(now.plus_ms(gap_ms.clamp(PATIENCE_LEAST_MS, PATIENCE_MOST_MS)).0);
            store.put_meta(PATIENT_UNTIL, &until.to_le_bytes()).await?;
            tracing::warn!(
                gap_s = gap_ms / 1_000,
                "nobody was here; silence is not believed before TikTok has brought what is missing"
            );
        }
        self.patient_until_ms.store(until, Ordering::SeqCst);
        Ok(())
    }
}

pub(super) async fn moment(store: &dyn Store, key: &str) -> Result<Option<Moment>, StoreError> {
    let bytes = store.meta(key).await?;
    Ok(bytes.and_then(|bytes| <[u8; 8]>::try_from(bytes.as_slice()).ok()).map(|bytes| Moment(i64::from_le_bytes(bytes))))
}

/// Gives a sign of life every so often.
pub(super) async fn show(core: Arc<Core>) {
    loop {
        let now = core.now();
        if let Err(error) = core.ports.store.put_meta(PRESENT, &now.0.to_le_bytes()).await {
            tracing::warn!(%error, "a sign of life could not be written");
        }
        core.sleep(core.presence_every).await;
    }
}
