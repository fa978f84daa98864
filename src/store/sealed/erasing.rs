//! Erasure in a sealed store.

use std::sync::Arc;

use async_trait::async_trait;

use super::{HISTORY, Owner, Sealed};
use crate::calendar::Moment;
use crate::runtime::port::{ConversationId, Erasing, Erasure, Pruned, Removed, StoreError};
use crate::system::seal;

#[async_trait]
impl Erasing for Sealed {
    /// Lines are judged by what stands in them. What takes their place holds nothing of anybody and is not sealed.
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError> {
        // Which of the two a line belongs to is not told; only its own key opens it.
        let own = self.key(Owner::Account(Some(erasure.account)))?;
        let keys: Vec<_> = own.into_iter().chain(self.key(Owner::Account(None))?).collect();
        let instead = Arc::clone(&erasure.instead);
        let opened = move |kind: &str, body: &[u8]| {
            if !seal::is_sealed(body) {
                return instead(kind, body);
            }
            let plain = keys.iter().find_map(|key| seal::open(key, body, HISTORY).ok())?;
            instead(kind, &plain)
        };
        self.beneath.erase(Erasure { instead: Arc::new(opened), ..erasure }).await
    }

    async fn prune_history(&self, from: (i64, i64), before: Moment, most: usize) -> Result<Pruned, StoreError> {
        self.beneath.prune_history(from, before, most).await
    }

    async fn cut_history(&self, conversation: ConversationId, before: Moment) -> Result<u64, StoreError> {
        self.beneath.cut_history(conversation, before).await
    }

    async fn meta_under(&self, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.beneath.meta_under(prefix, most).await
    }

    async fn remove_meta(&self, keys: &[String]) -> Result<(), StoreError> {
        self.beneath.remove_meta(keys).await
    }
}
