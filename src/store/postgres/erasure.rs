//! Erasure in the database. What its files keep of removed rows is gone with its next VACUUM.

use async_trait::async_trait;
use deadpool_postgres::{Object, Transaction};

use super::failure::Failure;
use super::open::{ANSWER, within};
use super::{Postgres, all};
use crate::calendar::Moment;
use crate::runtime::port::{ConversationId, EMPTIED, ERASED, Erasing, Erasure, OF_NOBODY, Pruned, Removed, StoreError};

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
    if let Some(key) = &erasure.found_by {
        transaction.execute("DELETE FROM meta WHERE key = $1", &[&key.as_bytes()]).await?;
    }
    let put = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    for (key, value) in &erasure.remains {
        transaction.execute(put, &[&key.as_bytes(), value]).await?;
    }
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

/// One statement: what is removed is of the slice, and the slice's end is told. An account whose lines are no longer old is left
/// at once for the next one.
const PRUNE: &str = "
    WITH slice AS (
        SELECT account, seq, conversation, at_ms, kind FROM history WHERE (account, seq) > ($1, $2) ORDER BY account, seq LIMIT $4
    ), young AS (
        SELECT account, min(seq) AS seq FROM slice WHERE at_ms >= $3 GROUP BY account
    ), old AS (
        SELECT slice.* FROM slice LEFT JOIN young USING (account) WHERE young.seq IS NULL OR slice.seq < young.seq
    ), removed AS (
        DELETE FROM history h USING old WHERE h.account = old.account AND h.seq = old.seq AND old.conversation IS NOT NULL
        AND NOT EXISTS (SELECT FROM conversation c WHERE c.account = h.account AND c.id = h.conversation AND c.last_seq = h.seq)
        RETURNING h.seq
    ), emptied AS (
        UPDATE history h SET body = $5 FROM old WHERE h.account = old.account AND h.seq = old.seq AND old.conversation IS NULL
        AND NOT old.kind = ANY($6) AND h.body <> $5 RETURNING h.seq
    ), last AS (
        SELECT account, seq FROM slice ORDER BY account DESC, seq DESC LIMIT 1
    )
    SELECT (SELECT count(*) FROM removed) + (SELECT count(*) FROM emptied), last.account,
        CASE WHEN EXISTS (SELECT FROM young WHERE young.account = last.account) THEN 9223372036854775807 ELSE last.seq END
    FROM last";

const CUT: &str = "
    WITH RECURSIVE chain AS (
        SELECT h.account, h.seq, h.prev, h.at_ms, 0 AS place FROM conversation c
        JOIN history h ON h.account = c.account AND h.seq = c.last_seq WHERE c.id = $1
        UNION ALL
        SELECT h.account, h.seq, h.prev, h.at_ms, 1 FROM chain JOIN history h ON h.account = chain.account AND h.seq = chain.prev
        WHERE chain.prev < chain.seq
    ), removed AS (
        DELETE FROM history h USING chain
        WHERE h.account = chain.account AND h.seq = chain.seq AND chain.place = 1 AND chain.at_ms < $2 RETURNING h.seq
    )
    SELECT count(*) FROM removed";

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

    async fn prune_history(&self, from: (i64, i64), before: Moment, most: usize) -> Result<Pruned, StoreError> {
        let kinds: Vec<&str> = OF_NOBODY.to_vec();
        let limit = super::reader::limit(most);
        let row = self.desk.row(PRUNE, &[&from.0, &from.1, &before.0, &limit, &EMPTIED, &kinds]).await?;
        let Some(row) = row else { return Ok(Pruned::default()) };
        let read = || Ok::<_, tokio_postgres::Error>((row.try_get::<_, i64>(0)?, row.try_get(1)?, row.try_get(2)?));
        let (removed, account, seq) = read().map_err(Failure::from)?;
        Ok(Pruned { removed: u64::try_from(removed).unwrap_or(0), next: Some((account, seq)) })
    }

    async fn cut_history(&self, conversation: ConversationId, before: Moment) -> Result<u64, StoreError> {
        let row = self.desk.row(CUT, &[&conversation.0, &before.0]).await?;
        let count = row.map_or(Ok(0_i64), |row| row.try_get(0)).map_err(Failure::from)?;
        Ok(u64::try_from(count).unwrap_or(0))
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
