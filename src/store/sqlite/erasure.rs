//! Erasure in the file.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::Sqlite;
use super::failure::Failure;
use super::reader;
use crate::calendar::Moment;
use crate::runtime::port::{ConversationId, EMPTIED, ERASED, Erasing, Erasure, OF_NOBODY, Pruned, Removed, StoreError};
use crate::store::batch;

/// Removes it; `None` where another revision stands there. `seq` is the number of the record's line.
pub(super) fn erase(transaction: &Transaction<'_>, erasure: &Erasure, seq: i64) -> Result<Option<Removed>, Failure> {
    let (id, rev) = (erasure.conversation.0, i64::try_from(erasure.rev).unwrap_or(i64::MAX));
    let stored = "SELECT last_seq FROM conversation WHERE id = ?1 AND rev = ?2";
    let found: Option<Option<i64>> = transaction.prepare_cached(stored)?.query_row((id, rev), |row| row.get(0)).optional()?;
    let Some(last) = found else { return Ok(None) };
    let mut removed = Removed { history: remove_chain(transaction, last)?, ..Removed::default() };
    let (first, end) = batch::outbox_range(erasure.conversation)?;
    removed.replies = transaction.prepare_cached("DELETE FROM outbox WHERE id BETWEEN ?1 AND ?2")?.execute((first, end))? as u64;
    removed.events = transaction.prepare_cached("DELETE FROM event WHERE conversation = ?1")?.execute([id])? as u64;
    transaction
        .prepare_cached("DELETE FROM name WHERE account = ?1 AND external = ?2")?
        .execute((erasure.account.0, &erasure.external))?;
    transaction.prepare_cached("DELETE FROM conversation WHERE id = ?1")?.execute([id])?;
    removed.lines = empty_lines(transaction, erasure)?;
    let newest = reader::counter(transaction, "loose")?;
    transaction
        .prepare_cached(
            "INSERT INTO history (seq, conversation, account, prev, at_ms, kind, body) VALUES (?1, NULL, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((seq, erasure.account.0, newest, erasure.at.0, ERASED, (erasure.told)(&removed)))?;
    transaction.prepare_cached("INSERT OR REPLACE INTO counter (name, value) VALUES ('loose', ?1)")?.execute([seq])?;
    if let Some(key) = &erasure.found_by {
        transaction.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key])?;
    }
    for (key, value) in &erasure.remains {
        transaction.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?.execute((key, value))?;
    }
    Ok(Some(removed))
}

fn remove_chain(transaction: &Transaction<'_>, newest: Option<i64>) -> Result<u64, Failure> {
    let mut remove = transaction.prepare_cached("DELETE FROM history WHERE seq = ?1 RETURNING prev")?;
    let (mut next, mut count) = (newest, 0);
    while let Some(seq) = next {
        let prev: Option<Option<i64>> = remove.query_row([seq], |row| row.get(0)).optional()?;
        count += u64::from(prev.is_some());
        // A chain that goes forward is damage, and no way to go.
        next = prev.flatten().filter(|prev| *prev < seq);
    }
    Ok(count)
}

/// Lines of no conversation that speak of it.
fn empty_lines(transaction: &Transaction<'_>, erasure: &Erasure) -> Result<u64, Failure> {
    let mut line = transaction.prepare_cached("SELECT prev, account, kind, body FROM history WHERE seq = ?1")?;
    let mut empty = transaction.prepare_cached("UPDATE history SET body = ?2 WHERE seq = ?1")?;
    let (mut next, mut count) = (reader::counter(transaction, "loose")?, 0);
    while let Some(seq) = next {
        let read = line.query_row([seq], |row| {
            Ok((
                row.get::<_, Option<i64>>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Vec<u8>>(3)?,
            ))
        });
        let Some((prev, account, kind, body)) = read.optional()? else { break };
        if account.is_none_or(|account| account == erasure.account.0)
            && let Some(instead) = (erasure.instead)(&kind, &body)
        {
            empty.execute((seq, instead))?;
            count += 1;
        }
        next = prev.filter(|prev| *prev < seq);
    }
    Ok(count)
}

/// A line as retention sees it: number, conversation, moment, kind.
type Old = (i64, Option<i64>, i64, String);

fn prune(transaction: &Transaction<'_>, from: i64, before: Moment, most: usize) -> Result<Pruned, Failure> {
    let slice = "SELECT seq, conversation, at_ms, kind FROM history WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut statement = transaction.prepare_cached(slice)?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map((from, limit), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let rows: Vec<Old> = rows.collect::<Result<_, _>>()?;
    let remove = "DELETE FROM history WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM conversation WHERE id = ?2 AND last_seq = ?1)";
    let mut remove = transaction.prepare_cached(remove)?;
    let mut empty = transaction.prepare_cached("UPDATE history SET body = ?2 WHERE seq = ?1 AND body <> ?2")?;
    let mut pruned = Pruned::default();
    for (seq, conversation, at, kind) in rows {
        if at >= before.0 {
            pruned.next = None;
            return Ok(pruned);
        }
        pruned.next = Some((0, seq));
        pruned.removed += match conversation {
            Some(conversation) => remove.execute((seq, conversation))? as u64,
            None if OF_NOBODY.contains(&kind.as_str()) => 0,
            None => empty.execute((seq, EMPTIED))? as u64,
        };
    }
    Ok(pruned)
}

fn cut(transaction: &Transaction<'_>, conversation: ConversationId, before: Moment) -> Result<u64, Failure> {
    let newest = "SELECT prev FROM history WHERE seq = (SELECT last_seq FROM conversation WHERE id = ?1)";
    let newest: Option<Option<i64>> =
        transaction.prepare_cached(newest)?.query_row([conversation.0], |row| row.get(0)).optional()?;
    let mut line = transaction.prepare_cached("SELECT prev, at_ms FROM history WHERE seq = ?1")?;
    let mut remove = transaction.prepare_cached("DELETE FROM history WHERE seq = ?1")?;
    let (mut next, mut count) = (newest.flatten(), 0);
    while let Some(seq) = next {
        let found: Option<(Option<i64>, i64)> = line.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((prev, at)) = found else { break };
        if at < before.0 {
            count += remove.execute([seq])? as u64;
        }
        next = prev.filter(|prev| *prev < seq);
    }
    Ok(count)
}

fn meta_under(connection: &Connection, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let under = "SELECT key, value FROM meta WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key LIMIT ?2";
    let mut statement = connection.prepare_cached(under)?;
    let rows = statement.query_map((prefix, i64::try_from(most).unwrap_or(i64::MAX)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[async_trait]
impl Erasing for Sqlite {
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError> {
        let removed = self.writer.run(move |desk| desk.erase(&erasure)).await?;
        if removed.is_some() {
            // The log still holds the pages as they were.
            self.writer.run(|desk| desk.empty_log()).await?;
        }
        Ok(removed)
    }

    async fn prune_history(&self, from: (i64, i64), before: Moment, most: usize) -> Result<Pruned, StoreError> {
        self.writer.run(move |desk| desk.transaction(|transaction| prune(transaction, from.1, before, most))).await
    }

    async fn cut_history(&self, conversation: ConversationId, before: Moment) -> Result<u64, StoreError> {
        self.writer.run(move |desk| desk.transaction(|transaction| cut(transaction, conversation, before))).await
    }

    async fn meta_under(&self, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let prefix = prefix.to_owned();
        self.readers.run(move |connection| meta_under(connection, &prefix, most)).await
    }

    async fn remove_meta(&self, keys: &[String]) -> Result<(), StoreError> {
        let keys = keys.to_vec();
        let remove = move |transaction: &Transaction<'_>| {
            let mut remove = transaction.prepare_cached("DELETE FROM meta WHERE key = ?1")?;
            for key in &keys {
                remove.execute([key])?;
            }
            Ok(())
        };
        self.writer.run(move |desk| desk.transaction(remove)).await
    }
}
