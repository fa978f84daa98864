//! What stays of events that were not taken, and for how long.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::runtime::core::Core;
use crate::runtime::port::EventKeeping;

const EVERY: Duration = Duration::from_secs(600);

/// Removes what is too old or too much, now and then.
pub(in crate::runtime) async fn keep(core: Arc<Core>) {
    let options = &core.announcing.options;
    let endpoints: Vec<String> = options.endpoints.iter().map(|endpoint| endpoint.name.as_ref().to_owned()).collect();
    while !core.stopping.load(Ordering::SeqCst) {
        let before = core.now().plus_ms(options.kept_ms.saturating_neg());
        let keeping = EventKeeping { before, endpoints: endpoints.clone(), rows_max: options.rows_max };
        match core.ports.store.trim_events(&keeping).await {
            Ok(trimmed) => {
                if trimmed.dropped > 0 {
                    tracing::error!(events = trimmed.dropped, "events that nobody has taken were removed for want of room");
                }
                if trimmed.forgotten > 0 {
                    tracing::info!(events = trimmed.forgotten, "events that were given up long ago are forgotten");
                }
                core.announcing.dropped.fetch_add(trimmed.dropped, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "old events could not be removed"),
        }
        core.sleep(EVERY).await;
    }
}
