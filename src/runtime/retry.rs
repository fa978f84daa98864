//! Replies that an operator tries again or drops, and those that were never sent.

use serde::Serialize;

use super::colleague::{LOOKED, broken};
use super::core::{Ask, Delivered, Refused};
use super::entry::Entry;
use super::handle::Handle;
use super::port::{ConversationId, HistoryRow, StoreError};
use super::read::ConversationSummary;
use super::view::{Line, ReplyState, timeline};
use crate::channel::Outcome;
use crate::engine::{Effect, Input, Reply, ReplyId};

/// Conversations that are looked at for one page of replies that were never sent.
const FAILED_LOOKED_MAX: usize = 100;
/// Lines of each.
const FAILED_LINES: usize = 200;

/// Why a reply was neither tried again nor dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSteered {
    #[error("nothing is known of this reply")]
    Nobody,
    /// As things stand; why, in words.
    #[error("{0}")]
    NotNow(String),
    #[error("{0}")]
    Refused(#[from] Refused),
}

/// Where a reply stands after it was tried again or dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Steered {
    /// A reply that had ended is tried again as a new one.
    pub reply: ReplyId,
    pub state: ReplyState,
    pub reason: Option<String>,
    /// The same was asked before, and was not done again.
    pub duplicate: bool,
}

/// A reply that has ended and never reached the customer, or perhaps not.
#[derive(Clone, Debug)]
pub struct FailedReply {
    pub summary: ConversationSummary,
    /// Its line, with the reply.
    pub line: Line,
    /// Nothing speaks against trying it again but the gate.
    pub may_retry: bool,
}

/// A reply in a stretch of the history.
struct Found {
    queued: Box<Reply>,
    state: ReplyState,
    reason: Option<String>,
    /// An attempt of it did not surely fail.
    perhaps_sent: bool,
    /// The reply that it was tried again as.
    again: Option<ReplyId>,
}

impl Found {
    fn of(rows: &[HistoryRow], reply: ReplyId) -> Option<Self> {
        let (mut queued, mut again) = (None, None);
        let (mut marks, mut surely_not) = (0_usize, 0_usize);
        for entry in rows.iter().filter_map(|row| serde_json::from_slice::<Entry>(&row.body).ok()) {
            match &entry.input {
                Input::Outcome { reply: of, outcome: Outcome::NotSent(_) | Outcome::Refused { .. }, .. } if *of == reply => {
                    surely_not += 1;
                }
                Input::Retry { reply: of, again: Some(_), .. } if *of == reply => {
                    again = entry.effects.iter().find_map(|effect| match effect {
                        Effect::Queue(new) => Some(new.id),
                        _ => None,
                    });
                }
                _ => {}
            }
            for effect in entry.effects {
                match effect {
                    Effect::Queue(new) if new.id == reply => queued = Some(Box::new(new)),
                    Effect::Mark { reply: of, .. } if of == reply => marks += 1,
                    _ => {}
                }
            }
        }
        let view = timeline(rows).into_iter().filter_map(|line| line.reply).find(|view| view.id == reply)?;
        Some(Self { queued: queued?, state: view.state, reason: view.reason, perhaps_sent: marks > surely_not, again })
    }

    /// Why it may not be tried again.
    fn forbids(&self) -> Option<String> {
        match self.state {
            ReplyState::Refused | ReplyState::Dropped if self.perhaps_sent => {
                Some("it may have been sent: nobody knows how one of its attempts ended".to_owned())
            }
            ReplyState::Refused | ReplyState::Dropped if self.queued.outgoing.comment.is_some() => {
                Some("it was to answer a comment, and a comment is answered once".to_owned())
            }
            ReplyState::Refused | ReplyState::Dropped | ReplyState::Held => None,
            ReplyState::Queued => Some("it waits for its turn already".to_owned()),
            ReplyState::Sending => Some("its call is under way".to_owned()),
            ReplyState::LookedUp | ReplyState::Unknown => Some("it may have been sent".to_owned()),
            ReplyState::Sent => Some("it was sent".to_owned()),
            ReplyState::Withdrawn => Some("it was taken back: what came after it answers the customer".to_owned()),
            ReplyState::Merged => Some("it left as a part of another reply".to_owned()),
        }
    }
}

impl Handle {
    /// Offers a held reply once more, or queues one again that ended and surely was never sent, once. The gate judges it like
    /// any other.
    ///
    /// # Errors
    /// Where the rules do not allow it, or it was not committed.
    pub async fn retry_reply(&self, id: ConversationId, reply: ReplyId, by: &str) -> Result<Steered, NotSteered> {
        let address = self.address(id).await?.ok_or(NotSteered::Nobody)?;
        let found = self.found(id, reply).await?;
        if let Some(again) = found.again {
            return self.standing_of(id, again, true).await;
        }
        if let Some(why) = found.forbids() {
            return Err(NotSteered::NotNow(format!("reply {} is not tried again: {why}", reply.0)));
        }
        let held = found.state == ReplyState::Held;
        // Whoever asks, whatever their key: an ended reply is tried again once.
        let key = if held { None } else { self.key_of(&address.external, "retry", "", &reply.0.to_string()) };
        let again = (!held).then_some(found.queued);
        let ask = Ask::Input { key, input: Input::Retry { by: by.to_owned(), reply, again } };
        let duplicate = self.core.post(address, ask).await?.delivered == Delivered::Duplicate;
        let found = self.found(id, reply).await?;
        self.standing_of(id, found.again.unwrap_or(reply), duplicate).await
    }

    /// Ends a reply that waits or is held; one that is under way is beyond recall.
    ///
    /// # Errors
    /// Where it has left or ended otherwise, or it was not committed.
    pub async fn drop_reply(&self, id: ConversationId, reply: ReplyId, by: &str, reason: &str) -> Result<Steered, NotSteered> {
        let address = self.address(id).await?.ok_or(NotSteered::Nobody)?;
        let before = self.found(id, reply).await?;
        let dropped = format!("dropped by {by}: {reason}");
        let same = |found: &Found| found.state == ReplyState::Dropped && found.reason.as_ref() == Some(&dropped);
        if same(&before) {
            return self.standing_of(id, reply, true).await;
        }
        if !matches!(before.state, ReplyState::Queued | ReplyState::Held) {
            return Err(NotSteered::NotNow(format!("reply {} cannot be dropped: {}", reply.0, ended(before.state))));
        }
        let input = Input::Drop { by: by.to_owned(), reply, reason: reason.to_owned() };
        self.core.post(address, Ask::Input { key: None, input }).await?;
        let after = self.found(id, reply).await?;
        if same(&after) {
            return self.standing_of(id, reply, false).await;
        }
        Err(NotSteered::NotNow(format!("reply {} cannot be dropped: {}", reply.0, ended(after.state))))
    }

    async fn found(&self, id: ConversationId, reply: ReplyId) -> Result<Found, NotSteered> {
        for most in LOOKED {
            let rows = self.store().history(id, most).await.map_err(broken)?;
            if let Some(found) = Found::of(&rows, reply) {
                return Ok(found);
            }
        }
        Err(NotSteered::Nobody)
    }

    async fn standing_of(&self, id: ConversationId, reply: ReplyId, duplicate: bool) -> Result<Steered, NotSteered> {
        let found = self.found(id, reply).await?;
        Ok(Steered { reply, state: found.state, reason: found.reason, duplicate })
    }

    /// A page of replies that ended without surely reaching the customer, among the newest lines of conversations behind
    /// `after`; and where the next page begins.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn failed_replies(
        &self,
        after: ConversationId,
        account: Option<&str>,
    ) -> Result<(Vec<FailedReply>, Option<i64>), StoreError> {
        let looked = self.conversations_after(after, FAILED_LOOKED_MAX).await?;
        let next = (looked.len() == FAILED_LOOKED_MAX).then(|| looked.last().map(|(summary, _)| summary.id)).flatten();
        let mut failed = Vec::new();
        for (summary, _) in looked {
            if account.is_some_and(|account| summary.account != account) {
                continue;
            }
            let rows = self.store().history(ConversationId(summary.id), FAILED_LINES).await?;
            for line in timeline(&rows) {
                let Some(view) = &line.reply else { continue };
                let lost = matches!(view.state, ReplyState::Refused | ReplyState::Dropped | ReplyState::Unknown);
                if !lost {
                    continue;
                }
                let found = Found::of(&rows, view.id);
                let may_retry = found.is_some_and(|found| found.again.is_none() && found.forbids().is_none());
                failed.push(FailedReply { summary: summary.clone(), line, may_retry });
            }
        }
        Ok((failed, next))
    }
}

fn ended(state: ReplyState) -> &'static str {
    match state {
        ReplyState::Queued | ReplyState::Held => "it waits",
        ReplyState::Sending => "its call is under way",
        ReplyState::LookedUp => "it may have been sent, and is looked up",
        ReplyState::Sent => "it was sent",
        ReplyState::Refused => "TikTok has refused it",
        ReplyState::Unknown => "it may have been sent",
        ReplyState::Dropped => "it was dropped already",
        ReplyState::Withdrawn => "it was taken back already",
        ReplyState::Merged => "it is a part of another reply",
    }
}
