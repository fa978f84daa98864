//! Colleagues who act through an API, and the account of who changed what.

use serde::{Deserialize, Serialize};

use super::core::{Ask, Delivered, Refused};
use super::entry::Entry;
use super::handle::Handle;
use super::port::{ConversationId, HistoryRow, InputKey, Record, StoreError};
use super::recent::input_key;
use super::view::ReplyState;
use crate::calendar::Moment;
use crate::engine::{ColleagueAction, Effect, Input, ReplyId, Written};

/// The word of an audit line in the history of no conversation.
pub(super) const AUDIT: &str = "audit";
/// Lines in which a message is looked for: first few, since it is nearly always the newest, then all that are kept in mind.
pub(super) const LOOKED: [usize; 2] = [32, 5_000];

/// Why a colleague's message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    #[error("nothing is known of this conversation")]
    Nobody,
    #[error("this key was used for another text")]
    OtherText,
    #[error("{0}")]
    Refused(#[from] Refused),
}

/// What became of a colleague's message so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WroteView {
    /// `None` where it was taken so long ago that its line is no longer looked for.
    pub reply: Option<ReplyId>,
    pub state: Option<ReplyState>,
    pub reason: Option<String>,
    /// The same message came before under the same key.
    pub duplicate: bool,
}

/// One change by somebody, as the history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The name of a token.
    pub by: String,
    /// A stable word: `message`, `take_over`, `release`, `deploy`, ….
    pub what: String,
    /// What it was done to, where there is something to name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
}

impl Handle {
    /// A colleague takes over or gives back, by name. `key` makes a repetition harmless. `None` where nothing is known of
    /// the conversation.
    ///
    /// # Errors
    /// When it was not committed.
    pub async fn colleague_acts(
        &self,
        conversation: ConversationId,
        action: ColleagueAction,
        by: &str,
        key: Option<&str>,
    ) -> Result<Option<Delivered>, Refused> {
        let Some(address) = self.address(conversation).await? else { return Ok(None) };
        let word = match action {
            ColleagueAction::TakeOver => "take_over",
            ColleagueAction::Release => "release",
        };
        let key = key.and_then(|key| self.key_of(&address.external, word, by, key));
        let ask = Ask::Input { key, input: Input::Colleague { action, by: Some(by.to_owned()) } };
        self.core.post(address, ask).await.map(|done| Some(done.delivered))
    }

    /// A colleague's message enters the conversation's queue, after a takeover; returns after the commit.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn colleague_writes(&self, conversation: ConversationId, written: Written) -> Result<WroteView, NotWritten> {
        let address = self.address(conversation).await?.ok_or(NotWritten::Nobody)?;
        let key = self.key_of(&address.external, "written", &written.by, &written.key);
        let done = self.core.post(address, Ask::Input { key, input: Input::Written(written.clone()) }).await?;
        let duplicate = done.delivered == Delivered::Duplicate;
        let missing = WroteView { reply: None, state: None, reason: None, duplicate };
        for most in LOOKED {
            let rows = self.store().history(conversation, most).await.map_err(broken)?;
            let Some((first, reply)) = rows.iter().find_map(|row| queued_by(row, &written)) else { continue };
            if first != written.text {
                return Err(NotWritten::OtherText);
            }
            let lines = super::view::timeline(&rows);
            let view = lines.into_iter().filter_map(|line| line.reply).find(|view| Some(view.id) == reply);
            let state = view.as_ref().map(|view| view.state);
            return Ok(WroteView { reply, state, reason: view.and_then(|view| view.reason), duplicate });
        }
        Ok(missing)
    }

    /// Writes down who changed what.
    ///
    /// # Errors
    /// When it was not committed.
    pub async fn audit(&self, audit: &Audit) -> Result<(), Refused> {
        let record = Record {
            at: self.core.now(),
            kind: AUDIT,
            account: None,
            body: serde_json::to_vec(audit).unwrap_or_default(),
            change: None,
            is_mark: false,
            events: Vec::new(),
        };
        self.write(Some(record), Delivered::Kept).await.map(drop)
    }

    /// Who changed what, newest first, among the newest `most` lines of no conversation.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audits(&self, most: usize) -> Result<Vec<(Moment, Audit)>, StoreError> {
        let rows = self.store().loose_history(most).await?;
        let read = |row: &HistoryRow| Some((row.at, serde_json::from_slice(&row.body).ok()?));
        Ok(rows.iter().filter(|row| row.kind == AUDIT).filter_map(read).collect())
    }

    pub(super) async fn address(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<std::sync::Arc<super::core::Address>>, Refused> {
        self.core.address_of(conversation).await.map_err(broken)
    }

    pub(super) fn key_of(&self, external: &[u8], what: &str, by: &str, key: &str) -> Option<InputKey> {
        // Lengths first, so that no name and key can be read as another pair.
        let material = format!("api {what} {} {by} {key}", by.len());
        input_key(&self.core.secret, external, material.as_bytes())
    }
}

pub(super) fn broken(error: StoreError) -> Refused {
    Refused::Store(error.to_string())
}

/// The text and the reply of a message that was written under the same name and key.
fn queued_by(row: &HistoryRow, written: &Written) -> Option<(String, Option<ReplyId>)> {
    let entry: Entry = if row.kind == "written" { serde_json::from_slice(&row.body).ok()? } else { return None };
    let Input::Written(first) = entry.input else { return None };
    if first.by != written.by || first.key != written.key {
        return None;
    }
    let reply = entry.effects.iter().find_map(|effect| match effect {
        Effect::Queue(reply) if reply.by.is_some() => Some(reply.id),
        _ => None,
    });
    Some((first.text, reply))
}
