//! What a sprint's effects mean for the outbox.

use std::collections::BTreeSet;

use super::entry::Entry;
use super::port::{AccountId, ConversationId, OutboxChange, OutboxRow, OutboxState};
use super::trail::Trail;
use crate::channel::Outcome;
use crate::engine::{Conversation, Effect, Input, ReplyId};

/// The rows that change, in the effects' order. `open` are the replies that have a row, before and after; `after` is the
/// conversation that the sprint led to.
pub(super) fn changes(
    (account, conversation): (AccountId, ConversationId),
    epoch: i64,
    (entry, after): (&Entry, &Conversation),
    trail: Trail,
    open: &mut BTreeSet<ReplyId>,
) -> Vec<OutboxChange> {
    let mut changes = Vec::new();
    for effect in &entry.effects {
        let (reply, state) = match effect {
            Effect::Queue(reply) => {
                let Ok(body) = trail.beside(reply) else { continue };
                let row = OutboxRow { account, conversation, reply: reply.id, body, state: OutboxState::Queued };
                open.insert(reply.id);
                changes.push(OutboxChange::Put(row));
                continue;
            }
            Effect::Finish { reply, .. } => {
                if open.remove(reply) {
                    changes.push(OutboxChange::Remove { reply: *reply });
                }
                continue;
            }
            Effect::Mark { reply, attempt, not_after, .. } => {
                let (attempt, begun, not_after) = (*attempt, entry.clock(), *not_after);
                (*reply, OutboxState::Marked { attempt, epoch, begun, not_after })
            }
            Effect::Hold { reply, .. } => (*reply, OutboxState::Held),
            Effect::Release { reply } => (*reply, OutboxState::Queued),
            Effect::Courtesy { .. }
            | Effect::LookUp
            | Effect::LookForAnswer
            | Effect::AskCapability
            | Effect::HandedOver { .. }
            | Effect::Goal { .. }
            | Effect::Note { .. }
            | Effect::Emit { .. }
            | Effect::Fetch(_)
            | Effect::Run { .. } => continue,
        };
        if open.contains(&reply) {
            changes.push(OutboxChange::State { reply, state });
        }
    }
    if let Some((reply, state)) = settled(entry, after)
        && open.contains(&reply)
    {
        changes.push(OutboxChange::State { reply, state });
    }
    changes
}

/// An outcome ends its mark, also where the engine has nothing more to say about the reply; but not that of a later attempt:
/// a process that was frozen tells of one that others have given up.
fn settled(entry: &Entry, after: &Conversation) -> Option<(ReplyId, OutboxState)> {
    let Input::Outcome { reply, attempt, outcome, .. } = &entry.input else { return None };
    if after.attempts(*reply).is_some_and(|attempts| attempts != *attempt) {
        return None;
    }
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
    Some((*reply, state))
}

/// Effects that somebody outside the conversation carries out.
pub(super) fn for_dispatcher(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Courtesy { .. }
            | Effect::LookUp
            | Effect::LookForAnswer
            | Effect::AskCapability
            | Effect::Fetch(_)
            | Effect::Run { .. }
    )
}
