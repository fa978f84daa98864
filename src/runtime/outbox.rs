//! What a sprint's effects mean for the outbox.

use super::entry::Entry;
use super::port::{AccountId, ConversationId, OutboxChange, OutboxRow, OutboxState};
use crate::channel::Outcome;
use crate::engine::{Effect, Input, ReplyId};

/// The rows that change, in the effects' order.
pub(super) fn changes(
    account: AccountId,
    conversation: ConversationId,
    epoch: i64,
    entry: &Entry,
) -> Vec<OutboxChange> {
    let state = |reply: &ReplyId, state| OutboxChange::State { reply: *reply, state };
    let mut changes = Vec::new();
    for effect in &entry.effects {
        match effect {
            Effect::Queue(reply) => {
                let Ok(body) = serde_json::to_vec(reply) else { continue };
                let row = OutboxRow { account, conversation, reply: reply.id, body, state: OutboxState::Queued };
                changes.push(OutboxChange::Put(row));
            }
            Effect::Mark { reply, attempt, not_after, .. } => {
                let (attempt, begun, not_after) = (*attempt, entry.now, *not_after);
                changes.push(state(reply, OutboxState::Marked { attempt, epoch, begun, not_after }));
            }
            Effect::Hold { reply, .. } => changes.push(state(reply, OutboxState::Held)),
            Effect::Release { reply } => changes.push(state(reply, OutboxState::Queued)),
            Effect::Finish { reply, .. } => changes.push(OutboxChange::Remove { reply: *reply }),
            Effect::Courtesy { .. }
            | Effect::LookUp
            | Effect::AskCapability
            | Effect::HandedOver { .. }
            | Effect::Goal { .. } => {}
        }
    }
    changes.extend(settled(entry));
    changes
}

/// An outcome ends its mark, also where the engine has nothing more to say about the reply.
fn settled(entry: &Entry) -> Option<OutboxChange> {
    let Input::Outcome { reply, attempt, outcome, .. } = &entry.input else { return None };
    let touched = entry.effects.iter().any(|effect| match effect {
        Effect::Queue(queued) => queued.id == *reply,
        Effect::Mark { reply: other, .. }
        | Effect::Hold { reply: other, .. }
        | Effect::Release { reply: other }
        | Effect::Finish { reply: other, .. } => other == reply,
        _ => false,
    });
    let state = match outcome {
        _ if touched => return None,
        Outcome::NotSent(_) => OutboxState::Queued,
        Outcome::Unknown { .. } => OutboxState::Unknown { attempt: *attempt },
        Outcome::Sent { .. } | Outcome::Refused { .. } => return None,
    };
    Some(OutboxChange::State { reply: *reply, state })
}

/// Effects that somebody outside the conversation carries out.
pub(super) fn for_dispatcher(effect: &Effect) -> bool {
    matches!(effect, Effect::Courtesy { .. } | Effect::LookUp | Effect::AskCapability)
}
