//! Events in the file.

use async_trait::async_trait;
use rusqlite::{Connection, Row, Transaction};

use super::Sqlite;
use super::failure::Failure;
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, ConversationId, EventCount, EventKeeping, EventKey, EventQuery, EventRow, Events, EventsTrimmed, Settled,
    StoreError,
};

const COLUMNS: &str = "endpoint, seq, place, account, conversation, at_ms, kind, body, tries, next_ms, since_ms, dead, reason";

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        key: EventKey { endpoint: row.get(0)?, seq: row.get(1)?, place: row.get(2)? },
        account: AccountId(row.get(3)?),
        conversation: ConversationId(row.get(4)?),
        at: Moment(row.get(5)?),
        kind: row.get(6)?,
        body: row.get(7)?,
        tries: row.get(8)?,
        next: Moment(row.get(9)?),
        since: row.get::<_, Option<i64>>(10)?.map(Moment),
        dead: row.get(11)?,
        reason: row.get(12)?,
    })
}

pub(super) fn put(transaction: &Transaction<'_>, event: &EventRow) -> Result<(), Failure> {
    let put = format!("INSERT INTO event ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
    let since = event.since.map(|since| since.0);
    transaction.prepare_cached(&put)?.execute(rusqlite::params![
        event.key.endpoint,
        event.key.seq,
        event.key.place,
        event.account.0,
        event.conversation.0,
        event.at.0,
        event.kind,
        event.body,
        event.tries,
        event.next.0,
        since,
        event.dead,
        event.reason,
    ])?;
    Ok(())
}

fn heads(connection: &Connection, endpoint: &str, most: usize) -> Result<Vec<EventRow>, Failure> {
    let heads = format!(
        "SELECT {COLUMNS} FROM event e WHERE endpoint = ?1 AND dead = 0 AND NOT EXISTS (
             SELECT 1 FROM event b WHERE b.endpoint = ?1 AND b.conversation = e.conversation AND b.dead = 0
             AND (b.seq, b.place) < (e.seq, e.place))
         ORDER BY next_ms, seq, place LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&heads)?;
    let rows = statement.query_map((endpoint, limit(most)), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn settle(transaction: &Transaction<'_>, settled: &[Settled]) -> Result<(), Failure> {
    let mut change = transaction.prepare_cached(
        "UPDATE event SET tries = ?4, next_ms = ?5, since_ms = ?6, dead = ?7, reason = ?8
         WHERE endpoint = ?1 AND seq = ?2 AND place = ?3 AND dead = 0",
    )?;
    let mut remove = transaction.prepare_cached("DELETE FROM event WHERE endpoint = ?1 AND seq = ?2 AND place = ?3")?;
    for settled in settled {
        match settled {
            Settled::Delivered(key) => {
                remove.execute((&key.endpoint, key.seq, key.place))?;
            }
            Settled::Again { key, tries, next, since, reason } => {
                change.execute((&key.endpoint, key.seq, key.place, tries, next.0, since.0, false, reason))?;
            }
            Settled::Dead { key, tries, at, since, reason } => {
                change.execute((&key.endpoint, key.seq, key.place, tries, at.0, since.0, true, reason))?;
            }
        }
    }
    Ok(())
}

/// `?1` the endpoint or null, `?2` whether dead, `?3` and `?4` line and place or null.
const FITS: &str = "(?1 IS NULL OR endpoint = ?1) AND dead = ?2 AND (?3 IS NULL OR seq = ?3 AND place = ?4)";

fn list(connection: &Connection, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, Failure> {
    let list = format!("SELECT {COLUMNS} FROM event WHERE {FITS} ORDER BY endpoint, seq, place LIMIT ?5");
    let mut statement = connection.prepare_cached(&list)?;
    let (seq, place) = query.one.unzip();
    let rows = statement.query_map((&query.endpoint, query.dead, seq, place, limit(most)), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn replay(transaction: &Transaction<'_>, query: &EventQuery, now: Moment) -> Result<u64, Failure> {
    let replay = format!("UPDATE event SET dead = 0, tries = 0, since_ms = NULL, next_ms = ?5, reason = '' WHERE {FITS}");
    let (seq, place) = query.one.unzip();
    let many = transaction.prepare_cached(&replay)?.execute((&query.endpoint, true, seq, place, now.0))?;
    Ok(many as u64)
}

fn hold(transaction: &Transaction<'_>, endpoint: &str, now: Moment, dead: Moment, reason: &str) -> Result<u64, Failure> {
    let begin = "UPDATE event SET since_ms = ?2 WHERE endpoint = ?1 AND dead = 0 AND since_ms IS NULL";
    transaction.prepare_cached(begin)?.execute((endpoint, now.0))?;
    let end = "UPDATE event SET dead = 1, next_ms = ?2, reason = ?4 WHERE endpoint = ?1 AND dead = 0 AND since_ms <= ?3";
    Ok(transaction.prepare_cached(end)?.execute((endpoint, now.0, dead.0, reason))? as u64)
}

fn trim(transaction: &Transaction<'_>, keeping: &EventKeeping) -> Result<EventsTrimmed, Failure> {
    let mut trimmed = EventsTrimmed::default();
    let mut forget = transaction.prepare_cached("DELETE FROM event WHERE endpoint = ?1 AND dead = 1 AND next_ms < ?2")?;
    let mut gone = transaction.prepare_cached("DELETE FROM event WHERE endpoint = ?1 AND at_ms < ?2")?;
    let mut crowd = transaction.prepare_cached(
        "DELETE FROM event WHERE endpoint = ?1 AND (seq, place) IN (
             SELECT seq, place FROM event WHERE endpoint = ?1 ORDER BY dead DESC, seq, place LIMIT ?2) RETURNING dead",
    )?;
    for count in counts(transaction)? {
        trimmed.forgotten += forget.execute((&count.endpoint, keeping.before.0))? as u64;
        if !keeping.endpoints.contains(&count.endpoint) {
            trimmed.forgotten += gone.execute((&count.endpoint, keeping.before.0))? as u64;
        }
    }
    for count in counts(transaction)? {
        let over = (count.waiting + count.dead).saturating_sub(keeping.rows_max);
        if over == 0 {
            continue;
        }
        let over = i64::try_from(over).unwrap_or(i64::MAX);
        for dead in crowd.query_map((&count.endpoint, over), |row| row.get::<_, bool>(0))? {
            if dead? { trimmed.forgotten += 1 } else { trimmed.dropped += 1 }
        }
    }
    Ok(trimmed)
}

fn counts(connection: &Connection) -> Result<Vec<EventCount>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT endpoint, sum(1 - dead), sum(dead), min(CASE WHEN dead = 0 THEN at_ms END) FROM event
         GROUP BY endpoint ORDER BY endpoint",
    )?;
    let rows = statement.query_map([], |row| {
        let many = |column| row.get::<_, i64>(column).map(|many| u64::try_from(many).unwrap_or(0));
        let oldest = row.get::<_, Option<i64>>(3)?.map(Moment);
        Ok(EventCount { endpoint: row.get(0)?, waiting: many(1)?, dead: many(2)?, oldest })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[async_trait]
impl Events for Sqlite {
    async fn event_heads(&self, endpoint: &str, most: usize) -> Result<Vec<EventRow>, StoreError> {
        let endpoint = endpoint.to_owned();
        self.readers.run(move |connection| heads(connection, &endpoint, most)).await
    }

    async fn settle_events(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.writer.run(move |desk| desk.transaction(|transaction| settle(transaction, &settled))).await
    }

    async fn hasten_events(&self, endpoint: &str, now: Moment) -> Result<(), StoreError> {
        let endpoint = endpoint.to_owned();
        let hasten = move |transaction: &Transaction<'_>| {
            let sql = "UPDATE event SET next_ms = ?2 WHERE endpoint = ?1 AND dead = 0 AND next_ms > ?2";
            transaction.prepare_cached(sql)?.execute((&endpoint, now.0))?;
            Ok(())
        };
        self.writer.run(move |desk| desk.transaction(hasten)).await
    }

    async fn hold_events(&self, endpoint: &str, now: Moment, dead_since: Moment, reason: &str) -> Result<u64, StoreError> {
        let (endpoint, reason) = (endpoint.to_owned(), reason.to_owned());
        let hold = move |transaction: &Transaction<'_>| hold(transaction, &endpoint, now, dead_since, &reason);
        self.writer.run(move |desk| desk.transaction(hold)).await
    }

    async fn events(&self, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, StoreError> {
        let query = query.clone();
        self.readers.run(move |connection| list(connection, &query, most)).await
    }

    async fn replay_events(&self, query: &EventQuery, now: Moment) -> Result<u64, StoreError> {
        let query = query.clone();
        self.writer.run(move |desk| desk.transaction(|transaction| replay(transaction, &query, now))).await
    }

    async fn trim_events(&self, keeping: &EventKeeping) -> Result<EventsTrimmed, StoreError> {
        let keeping = keeping.clone();
        self.writer.run(move |desk| desk.transaction(|transaction| trim(transaction, &keeping))).await
    }

    async fn event_counts(&self) -> Result<Vec<EventCount>, StoreError> {
        self.readers.run(counts).await
    }
}
