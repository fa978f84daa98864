//! What pages read of the runtime.

use serde::Serialize;

use super::handle::Handle;
use super::port::{ConversationId, ConversationRow, StoreError};
use super::view::{Line, timeline};
use crate::calendar::Moment;
use crate::engine::Conversation;

/// One conversation in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationSummary {
    pub id: i64,
    /// `business_id` of the account; empty where the settings no longer name it.
    pub account: String,
    /// TikTok's conversation id, as text.
    pub external: String,
    /// When something happens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
}

/// One conversation with its state and its newest lines.
#[derive(Clone, Debug)]
pub struct ConversationView {
    pub summary: ConversationSummary,
    /// The engine's own view; `None` when the stored state cannot be read.
    pub conversation: Option<Conversation>,
    pub lines: Vec<Line>,
}

impl Handle {
    /// The newest conversations first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn conversations(&self, most: usize) -> Result<Vec<ConversationSummary>, StoreError> {
        let rows = self.store().conversations(most).await?;
        Ok(rows.iter().map(|row| self.summary(row)).collect())
    }

    /// Conversations after this one, in the order in which they began, each with its state; `None` where that cannot be
    /// read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn conversations_after(
        &self,
        after: ConversationId,
        most: usize,
    ) -> Result<Vec<(ConversationSummary, Option<Conversation>)>, StoreError> {
        let rows = self.store().conversations_after(after, most).await?;
        Ok(rows.iter().map(|row| (self.summary(row), Conversation::decode(&row.state).ok())).collect())
    }

    /// A conversation with the talk of its newest `most` lines of history.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn conversation(&self, id: ConversationId, most: usize) -> Result<Option<ConversationView>, StoreError> {
        let Some(row) = self.store().load(id).await? else {
            return Ok(None);
        };
        let lines = timeline(&self.store().history(id, most).await?);
        let conversation = Conversation::decode(&row.state).ok();
        Ok(Some(ConversationView { summary: self.summary(&row), conversation, lines }))
    }

    /// The conversation that TikTok calls `external`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find(&self, app: &str, open_id: &str, external: &[u8]) -> Result<Option<ConversationId>, StoreError> {
        let Some(account) = self.core.accounts.named(app, open_id) else {
            return Ok(None);
        };
        Ok(self.store().find(account.id, external).await?.map(|row| row.id))
    }

    /// The conversations of that name in any account that is or was served: TikTok's id, or ours (a number).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find_named(&self, name: &str) -> Result<Vec<ConversationId>, StoreError> {
        let mut found = Vec::new();
        let mut accounts = self.core.accounts.ids_ever();
        accounts.sort_unstable();
        for account in accounts {
            found.extend(self.store().find(account, name.as_bytes()).await?.map(|row| row.id));
        }
        if found.is_empty()
            && let Ok(number) = name.parse()
        {
            found.extend(self.store().load(ConversationId(number)).await?.map(|row| row.id));
        }
        Ok(found)
    }

    fn summary(&self, row: &ConversationRow) -> ConversationSummary {
        ConversationSummary {
            id: row.id.0,
            account: self.core.accounts.ever(row.account).map_or(String::new(), |account| account.open_id.clone()),
            external: String::from_utf8_lossy(&row.external).into_owned(),
            due: row.due,
        }
    }
}
