//! Erasure in memory.

use async_trait::async_trait;

use super::{Contents, Memory};
use crate::runtime::port::{ERASED, Erasing, Erasure, HistoryRow, Removed, StoreError};
use crate::store::batch;

impl Contents {
    fn erase(&mut self, erasure: &Erasure) -> Result<Option<Removed>, StoreError> {
        if let Some(error) = self.failing.pop_front() {
            return Err(error);
        }
        let (first, last) = batch::outbox_range(erasure.conversation)?;
        let same = |row: &crate::runtime::port::ConversationRow| (row.rev, row.writer) == (erasure.rev, erasure.writer);
        if !self.conversations.get(&erasure.conversation).is_some_and(same) {
            return Ok(None);
        }
        let Some(row) = self.conversations.remove(&erasure.conversation) else { return Ok(None) };
        if let Some(due) = row.due {
            self.due.remove(&(due, row.id));
        }
        self.names.remove(&(row.account, row.external.clone()));
        self.news.remove(&(row.account, row.id));
        let mut removed = Removed::default();
        for line in self.chain(row.last_seq, usize::MAX) {
            self.history.remove(&line.seq);
            removed.history += 1;
        }
        let replies: Vec<i64> = self.outbox.range(first..=last).map(|(id, _)| *id).collect();
        for id in replies {
            self.outbox.remove(&id);
            removed.replies += 1;
        }
        let events = self.events.len();
        self.events.retain(|_, event| event.conversation != row.id);
        removed.events = (events - self.events.len()) as u64;
        let concerned = |line: &&mut HistoryRow| line.conversation.is_none() && line.account.is_none_or(|of| of == row.account);
        for line in self.history.values_mut().filter(concerned) {
            if let Some(body) = (erasure.instead)(&line.kind, &line.body) {
                line.body = body;
                removed.lines += 1;
            }
        }
        // Behind all that was there, so that no number is given twice.
        let seq = self.history.last_key_value().map_or(1, |(seq, _)| seq + 1).max(row.last_seq.unwrap_or(0) + 1);
        let line = HistoryRow {
            seq,
            conversation: None,
            account: Some(row.account),
            prev: self.loose.replace(seq),
            at: erasure.at,
            kind: ERASED.to_owned(),
            body: (erasure.told)(&removed),
        };
        self.history.insert(seq, line);
        let (key, value) = erasure.remains.clone();
        self.meta.insert(key, value);
        Ok(Some(removed))
    }
}

#[async_trait]
impl Erasing for Memory {
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError> {
        self.lock().erase(&erasure)
    }

    async fn meta_under(&self, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let contents = self.lock();
        let from = contents.meta.range(prefix.to_owned()..);
        let under = from.take_while(|(key, _)| key.starts_with(prefix)).take(most);
        Ok(under.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn remove_meta(&self, keys: &[String]) -> Result<(), StoreError> {
        self.lock().meta.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}
