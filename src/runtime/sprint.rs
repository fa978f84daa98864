//! What is read off a sprint, and what surrounds it.

use std::sync::atomic::Ordering;

use super::core::{Address, Core, Mark, wait_of};
use super::port::ConversationId;
use crate::calendar::Moment;
use crate::channel::rules::{margin_ms, skew_bound_ms};
use crate::engine::{Effect, Input};

/// A due moment that its own input does not move comes again after this.
const STUCK_DUE_MS: i64 = 60_000;

/// A due moment that stays where it was after its own input would fire for ever: later, and loudly.
pub(super) fn unstuck(
    input: &Input,
    was: Option<Moment>,
    due: Option<Moment>,
    now: Moment,
    id: ConversationId,
) -> Option<Moment> {
    match due {
        Some(moment) if matches!(input, Input::Due | Input::DueAfterGap { .. }) && was == due && moment <= now => {
            tracing::error!(conversation = id.0, "a due moment did not move; it comes again in a minute");
            Some(now.plus_ms(STUCK_DUE_MS))
        }
        due => due,
    }
}

/// The margin before the window's end, and how far the other side's clock may be from ours.
pub(super) fn margins(core: &Core, address: &Address) -> (i64, i64) {
    const CALL_MS: i64 = 10_000;
    let skew = core.ports.transport.skew_ms();
    let set = core.margins_ms.get(address.account.app).map_or(0, |margin| margin.load(Ordering::Relaxed));
    (margin_ms(set, skew, CALL_MS), skew_bound_ms(skew))
}

pub(super) fn mark_of(effects: &[Effect]) -> Option<Mark> {
    effects.iter().find_map(|effect| match effect {
        Effect::Mark { attempt, not_after, timeout_ms, .. } => {
            Some(Mark { attempt: *attempt, not_after: *not_after, timeout: wait_of(*timeout_ms) })
        }
        _ => None,
    })
}

pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text").to_owned()
}
