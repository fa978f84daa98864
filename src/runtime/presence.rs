//! Whether somebody was here all the time. What customers wrote while nobody was is brought by TikTok again, but later:
//! until then their silence means nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::core::Core;
use super::port::{Store, StoreError};
use crate::calendar::Moment;

const PRESENT: &str = "present";
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
        let Some(bytes) = store.meta(PRESENT).await? else { return Ok(()) };
        let Ok(bytes) = <[u8; 8]>::try_from(bytes.as_slice()) else { return Ok(()) };
        let gap_ms = now.since_ms(Moment(i64::from_le_bytes(bytes)));
        if gap_ms > i64::try_from((every * SIGNS_MISSED).as_millis()).unwrap_or(i64::MAX) {
            let until = now.plus_ms(gap_ms.clamp(PATIENCE_LEAST_MS, PATIENCE_MOST_MS));
            self.patient_until_ms.store(until.0, Ordering::SeqCst);
            tracing::warn!(
                gap_s = gap_ms / 1_000,
                "nobody was here; silence is not believed before TikTok has brought what is missing"
            );
        }
        Ok(())
    }
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
