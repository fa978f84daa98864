//! Erasure in memory.

use std::ops::Bound::{Excluded, Unbounded};

use async_trait::async_trait;

use super::{Contents, Memory};
use crate::calendar::Moment;
use crate::runtime::port::{
    ConversationId, EMPTIED, ERASED, Erasing, Erasure, HistoryRow, OF_NOBODY, Pruned, Removed, StoreError,
};
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
        if let Some(key) = &erasure.found_by {
            self.meta.remove(key);
        }
        self.meta.extend(erasure.remains.iter().cloned());
        Ok(Some(removed))
    }
}

#[async_trait]
impl Erasing for Memory {
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError> {
        self.lock().erase(&erasure)
    }

    async fn prune_history(&self, from: (i64, i64), before: Moment, most: usize) -> Result<Pruned, StoreError> {
        let mut contents = self.lock();
        let slice: Vec<HistoryRow> =
            contents.history.range((Excluded(from.1), Unbounded)).take(most).map(|(_, row)| row.clone()).collect();
        let mut pruned = Pruned::default();
        for row in slice {
            if row.at >= before {
                pruned.next = None;
                return Ok(pruned);
            }
            pruned.next = Some((0, row.seq));
            match row.conversation {
                Some(id) if contents.conversations.get(&id).is_none_or(|held| held.last_seq != Some(row.seq)) => {
                    contents.history.remove(&row.seq);
                    pruned.removed += 1;
                }
                None if !OF_NOBODY.contains(&row.kind.as_str()) && row.body != EMPTIED => {
                    contents.history.entry(row.seq).and_modify(|row| row.body = EMPTIED.to_vec());
                    pruned.removed += 1;
                }
                _ => {}
            }
        }
        Ok(pruned)
    }

    async fn cut_history(&self, conversation: ConversationId, before: Moment) -> Result<u64, StoreError> {
        let mut contents = self.lock();
        let newest = contents.conversations.get(&conversation).and_then(|row| row.last_seq);
        let old: Vec<i64> =
            contents.chain(newest, usize::MAX).iter().skip(1).filter(|row| row.at < before).map(|row| row.seq).collect();
        old.iter().for_each(|seq| drop(contents.history.remove(seq)));
        Ok(old.len() as u64)
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
