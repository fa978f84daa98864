//! Erasure in the database. What its files keep of removed rows is gone with its next VACUUM.

use async_trait::async_trait;
use deadpool_postgres::{Object, Transaction};

use super::failure::Failure;
use super::open::{ANSWER, within};
use super::{Postgres, all};
use crate::runtime::port::{ERASED, Erasing, Erasure, Removed, StoreError};

/// Lines of no conversation that are read in one go.
const LINES: i64 = 500;

const REMOVE_HISTORY: &str = "
    WITH RECURSIVE chain AS (
        SELECT seq, prev FROM history WHERE account = $1 AND seq = $2
        UNION ALL
        SELECT h.seq, h.prev FROM chain JOIN history h ON h.account = $1 AND h.seq = chain.prev WHERE chain.prev < chain.seq
    )
    DELETE FROM history WHERE account = $1 AND seq IN (SELECT seq FROM chain)";

async fn erase(transaction: &Transaction<'_>, erasure: &Erasure) -> Result<Option<Removed>, Failure> {
    let (account, id, rev) = (erasure.account.0, erasure.conversation.0, i64::try_from(erasure.rev).unwrap_or(i64::MAX));
    let stored = "SELECT last_seq FROM conversation WHERE account = $1 AND id = $2 AND rev = $3 AND writer = $4 FOR UPDATE";
    let Some(row) = transaction.query_opt(stored, &[&account, &id, &rev, &erasure.writer]).await? else { return Ok(None) };
    let last: Option<i64> = row.try_get(0)?;
    let mut removed = Removed { history: transaction.execute(REMOVE_HISTORY, &[&account, &last]).await?, ..Removed::default() };
    let outbox = "DELETE FROM outbox WHERE account = $1 AND conversation = $2";
    removed.replies = transaction.execute(outbox, &[&account, &id]).await?;
    let events = "DELETE FROM event WHERE account = $1 AND conversation = $2";
    removed.events = transaction.execute(events, &[&account, &id]).await?;
    transaction.execute("DELETE FROM news WHERE account = $1 AND conversation = $2", &[&account, &id]).await?;
    let name = "DELETE FROM name WHERE account = $1 AND digest = sha256($2)";
    transaction.execute(name, &[&account, &erasure.external]).await?;
    transaction.execute("DELETE FROM conversation WHERE account = $1 AND id = $2", &[&account, &id]).await?;
    removed.lines = empty_lines(transaction, erasure).await?;
    let told = (erasure.told)(&removed);
    let line = "INSERT INTO history (account, seq, conversation, prev, at_ms, kind, body)
                VALUES ($1, nextval('history_seq'), NULL, NULL, $2, $3, $4)";
    transaction.execute(line, &[&account, &erasure.at.0, &ERASED, &told]).await?;
    let (key, value) = (erasure.remains.0.as_bytes(), &erasure.remains.1);
    let put = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    transaction.execute(put, &[&key, value]).await?;
    Ok(Some(removed))
}

/// Lines of no conversation that speak of it.
async fn empty_lines(transaction: &Transaction<'_>, erasure: &Erasure) -> Result<u64, Failure> {
    let lines = "SELECT seq, account, kind, body FROM history
                 WHERE conversation IS NULL AND account IN (0, $1) AND seq > $2 ORDER BY seq LIMIT $3";
    let (mut after, mut count) = (i64::MIN, 0);
    loop {
        let rows = transaction.query(lines, &[&erasure.account.0, &after, &LINES]).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for row in rows {
            let (seq, account, kind): (i64, i64, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            after = seq;
            if let Some(body) = (erasure.instead)(kind, row.try_get(3)?) {
                let empty = "UPDATE history SET body = $3 WHERE account = $1 AND seq = $2";
                transaction.execute(empty, &[&account, &seq, &body]).await?;
                count += 1;
            }
        }
    }
}

async fn whole(mut connection: Object, erasure: Erasure) -> Result<Option<Removed>, Failure> {
    let transaction = connection.transaction().await?;
    let removed = erase(&transaction, &erasure).await?;
    transaction.commit().await?;
    Ok(removed)
}

#[async_trait]
impl Erasing for Postgres {
    async fn erase(&self, erasure: Erasure) -> Result<Option<Removed>, StoreError> {
        let connection = self.desk.connection().await?;
        Ok(within(ANSWER, whole(connection, erasure)).await??)
    }

    async fn meta_under(&self, prefix: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let under = "SELECT key, value FROM meta WHERE substr(key, 1, length($1::bytea)) = $1 ORDER BY key LIMIT $2";
        let rows = self.desk.rows(under, &[&prefix.as_bytes(), &super::reader::limit(most)]).await?;
        all(&rows, |row| {
            let key: &[u8] = row.try_get(0)?;
            Ok((String::from_utf8_lossy(key).into_owned(), row.try_get(1)?))
        })
    }

    async fn remove_meta(&self, keys: &[String]) -> Result<(), StoreError> {
        let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
        self.desk.rows("DELETE FROM meta WHERE key = ANY($1)", &[&keys]).await?;
        Ok(())
    }
}
