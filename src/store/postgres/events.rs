//! Events in the database.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::failure::Failure;
use super::pool::Parameter;
use super::{Postgres, all, reader, some};
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, ConversationId, EventCount, EventKeeping, EventKey, EventQuery, EventRow, Events, EventsTrimmed, Settled,
    StoreError,
};

/// What a batch writes, by columns.
#[derive(Default)]
pub(super) struct Put {
    accounts: Vec<i64>,
    endpoints: Vec<String>,
    pub(super) seqs: Vec<i64>,
    places: Vec<i64>,
    conversations: Vec<i64>,
    at: Vec<i64>,
    kinds: Vec<String>,
    bodies: Vec<Vec<u8>>,
}

pub(super) const PUT: &str = "
    INSERT INTO event (account, endpoint, seq, place, conversation, at_ms, kind, body, tries, next_ms, dead, reason)
    SELECT u.*, 0, u.at_ms, 0, '' FROM unnest(
        $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bytea[]
    ) AS u (account, endpoint, seq, place, conversation, at_ms, kind, body)";

impl Put {
    pub(super) fn of(rows: Vec<EventRow>) -> Self {
        let mut put = Self::default();
        for row in rows {
            put.accounts.push(row.account.0);
            put.endpoints.push(row.key.endpoint);
            put.seqs.push(row.key.seq);
            put.places.push(row.key.place.into());
            put.conversations.push(row.conversation.0);
            put.at.push(row.at.0);
            put.kinds.push(row.kind);
            put.bodies.push(row.body);
        }
        put
    }

    pub(super) fn columns(&self) -> Vec<Parameter<'_>> {
        let (kinds, bodies): (Parameter<'_>, Parameter<'_>) = (&self.kinds, &self.bodies);
        let numbers: [Parameter<'_>; 4] = [&self.seqs, &self.places, &self.conversations, &self.at];
        [&[&self.accounts as Parameter<'_>, &self.endpoints], numbers.as_slice(), &[kinds, bodies]].concat()
    }
}

macro_rules! columns {
    ($rest:expr) => {
        concat!(
            "SELECT e.endpoint, e.seq, e.place, e.account, e.conversation, e.at_ms, e.kind, e.body, e.tries, e.next_ms, ",
            "e.since_ms, e.dead, e.reason FROM event e ",
            $rest
        )
    };
}

const HEADS: &str = columns!(
    "WHERE e.endpoint = $2 AND e.dead = 0
     AND e.account IN (SELECT a.id FROM lease l JOIN account a ON a.app = l.app WHERE l.holder = $1 AND l.until > clock_timestamp())
     AND NOT EXISTS (
        SELECT FROM event b WHERE b.endpoint = e.endpoint AND b.conversation = e.conversation AND b.dead = 0
        AND (b.seq, b.place) < (e.seq, e.place))
     ORDER BY e.next_ms, e.seq, e.place LIMIT $3"
);

const LIST: &str = columns!(
    "WHERE ($1::text IS NULL OR e.endpoint = $1) AND e.dead = $2 AND ($3::bigint IS NULL OR e.seq = $3 AND e.place = $4::bigint)
     ORDER BY e.endpoint, e.seq, e.place LIMIT $5"
);

/// In one statement, so that what belongs together is written together.
const SETTLE: &str = "
    WITH gone AS (
        DELETE FROM event e USING unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (endpoint, seq, place)
        WHERE e.endpoint = u.endpoint AND e.seq = u.seq AND e.place = u.place
    )
    UPDATE event e SET tries = u.tries, next_ms = u.next_ms, since_ms = u.since_ms, dead = u.dead, reason = u.reason
    FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[])
        AS u (endpoint, seq, place, tries, next_ms, since_ms, dead, reason)
    WHERE e.endpoint = u.endpoint AND e.seq = u.seq AND e.place = u.place AND e.dead = 0";

/// The newest of those that are too many is found first; what is dead counts as older than what waits.
const CROWD: &str = "
    WITH crowd AS (
        SELECT account, endpoint, seq, place FROM event WHERE endpoint = $1 ORDER BY dead DESC, seq, place LIMIT $2
    )
    DELETE FROM event e USING crowd c
    WHERE e.account = c.account AND e.endpoint = c.endpoint AND e.seq = c.seq AND e.place = c.place RETURNING e.dead";

fn number(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

fn row(row: &Row) -> Result<EventRow, Failure> {
    Ok(EventRow {
        key: EventKey { endpoint: row.try_get(0)?, seq: row.try_get(1)?, place: number(row.try_get(2)?) },
        account: AccountId(row.try_get(3)?),
        conversation: ConversationId(row.try_get(4)?),
        at: Moment(row.try_get(5)?),
        kind: row.try_get(6)?,
        body: row.try_get(7)?,
        tries: number(row.try_get(8)?),
        next: Moment(row.try_get(9)?),
        since: row.try_get::<_, Option<i64>>(10)?.map(Moment),
        dead: row.try_get::<_, i64>(11)? != 0,
        reason: row.try_get(12)?,
    })
}

fn count(row: &Row) -> Result<EventCount, Failure> {
    let many = |column: usize| Ok::<_, Failure>(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0));
    let oldest = row.try_get::<_, Option<i64>>(3)?.map(Moment);
    Ok(EventCount { endpoint: row.try_get(0)?, waiting: many(1)?, dead: many(2)?, oldest })
}

#[derive(Default)]
struct Keys {
    endpoints: Vec<String>,
    seqs: Vec<i64>,
    places: Vec<i64>,
}

impl Keys {
    fn push(&mut self, key: EventKey) {
        self.endpoints.push(key.endpoint);
        self.seqs.push(key.seq);
        self.places.push(key.place.into());
    }
}

#[derive(Default)]
struct Changes {
    keys: Keys,
    tries: Vec<i64>,
    nexts: Vec<i64>,
    sinces: Vec<i64>,
    dead: Vec<i64>,
    reasons: Vec<String>,
}

impl Changes {
    fn push(&mut self, key: EventKey, tries: u32, (next, since): (Moment, Moment), dead: bool, reason: &str) {
        self.keys.push(key);
        self.tries.push(tries.into());
        self.nexts.push(next.0);
        self.sinces.push(since.0);
        self.dead.push(dead.into());
        // The database refuses it.
        self.reasons.push(reason.replace('\0', "\u{fffd}"));
    }
}

#[async_trait]
impl Events for Postgres {
    async fn event_heads(&self, endpoint: &str, most: usize) -> Result<Vec<EventRow>, StoreError> {
        all(&self.desk.rows(HEADS, &[&self.epoch, &endpoint, &reader::limit(most)]).await?, row)
    }

    async fn settle_events(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        let (mut gone, mut changed) = (Keys::default(), Changes::default());
        for settled in settled {
            match settled {
                Settled::Delivered(key) => gone.push(key),
                Settled::Again { key, tries, next, since, reason } => changed.push(key, tries, (next, since), false, &reason),
                Settled::Dead { key, tries, at, since, reason } => changed.push(key, tries, (at, since), true, &reason),
            }
        }
        let Changes { keys, tries, nexts, sinces, dead, reasons } = changed;
        let mut parameters: Vec<Parameter<'_>> = vec![&gone.endpoints, &gone.seqs, &gone.places];
        parameters.extend([&keys.endpoints as Parameter<'_>, &keys.seqs, &keys.places, &tries, &nexts, &sinces, &dead, &reasons]);
        self.desk.rows(SETTLE, &parameters).await?;
        Ok(())
    }

    async fn hasten_events(&self, endpoint: &str, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE event SET next_ms = $2 WHERE endpoint = $1 AND dead = 0 AND next_ms > $2";
        self.desk.rows(sql, &[&endpoint, &now.0]).await?;
        Ok(())
    }

    async fn hold_events(&self, endpoint: &str, now: Moment, dead_since: Moment, reason: &str) -> Result<u64, StoreError> {
        let begin = "UPDATE event SET since_ms = $2 WHERE endpoint = $1 AND dead = 0 AND since_ms IS NULL";
        self.desk.rows(begin, &[&endpoint, &now.0]).await?;
        let reason = reason.replace('\0', "\u{fffd}");
        let end = "UPDATE event SET dead = 1, next_ms = $2, reason = $4
                   WHERE endpoint = $1 AND dead = 0 AND since_ms <= $3 RETURNING 1";
        Ok(self.desk.rows(end, &[&endpoint, &now.0, &dead_since.0, &reason]).await?.len() as u64)
    }

    async fn events(&self, query: &EventQuery, most: usize) -> Result<Vec<EventRow>, StoreError> {
        let (seq, place) = query.one.map(|(seq, place)| (seq, i64::from(place))).unzip();
        let parameters: [Parameter<'_>; 5] = [&query.endpoint, &i64::from(query.dead), &seq, &place, &reader::limit(most)];
        all(&self.desk.rows(LIST, &parameters).await?, row)
    }

    async fn replay_events(&self, query: &EventQuery, now: Moment) -> Result<u64, StoreError> {
        let replay = "
            UPDATE event SET dead = 0, tries = 0, since_ms = NULL, next_ms = $4, reason = ''
            WHERE ($1::text IS NULL OR endpoint = $1) AND dead = 1 AND ($2::bigint IS NULL OR seq = $2 AND place = $3::bigint)
            RETURNING 1";
        let (seq, place) = query.one.map(|(seq, place)| (seq, i64::from(place))).unzip();
        Ok(self.desk.rows(replay, &[&query.endpoint, &seq, &place, &now.0]).await?.len() as u64)
    }

    async fn trim_events(&self, keeping: &EventKeeping) -> Result<EventsTrimmed, StoreError> {
        let forget =
            "DELETE FROM event WHERE dead = 1 AND next_ms < $1 OR at_ms < $1 AND endpoint <> ALL($2::text[]) RETURNING 1";
        let forgotten = self.desk.rows(forget, &[&keeping.before.0, &keeping.endpoints]).await?.len() as u64;
        let mut trimmed = EventsTrimmed { forgotten, dropped: 0 };
        for count in self.event_counts().await? {
            let over = (count.waiting + count.dead).saturating_sub(keeping.rows_max);
            if over > 0 {
                let over = i64::try_from(over).unwrap_or(i64::MAX);
                for row in self.desk.rows(CROWD, &[&count.endpoint, &over]).await? {
                    let dead: i64 = some(Some(&row))?.try_get(0).map_err(Failure::from)?;
                    if dead == 0 { trimmed.dropped += 1 } else { trimmed.forgotten += 1 }
                }
            }
        }
        Ok(trimmed)
    }

    async fn event_counts(&self) -> Result<Vec<EventCount>, StoreError> {
        let counts = "
            SELECT endpoint, count(*) FILTER (WHERE dead = 0), count(*) FILTER (WHERE dead = 1), min(at_ms) FILTER (WHERE dead = 0)
            FROM event GROUP BY endpoint ORDER BY endpoint";
        all(&self.desk.rows(counts, &[]).await?, count)
    }
}
