//! The statements of a commit, prepared once for each connection. Arrays are columns: a batch of any size is as many
//! statements as a batch of one.

use tokio_postgres::{Client, Error, Row, Statement};

use super::events;
use super::pool::Parameter;

pub(super) struct Statements {
    pub lock: Statement,
    pub led: Statement,
    pub batch: Statement,
    pub paused: Statement,
    pub heads: Statement,
    pub names: Statement,
    pub numbers: Statement,
    pub history: Statement,
    pub begun: Statement,
    pub changed: Statement,
    pub states: Statement,
    pub removed: Statement,
    pub puts: Statement,
    pub news: Statement,
    pub unnamed: Statement,
    pub events: Statement,
    pub found_by: Statement,
}

/// Held until the commit: whoever takes the lease from us waits for what we commit on its strength. An advisory lock
/// and not one on the lease's row, since those who wait for a row are overtaken by all who share it, for ever perhaps.
const LOCK: &str = "SELECT pg_advisory_xact_lock_shared($1, app) FROM unnest($2::int[]) AS u (app)";

/// A statement of its own after the lock: it must see what was committed while the lock was waited for.
const LED: &str = "SELECT app FROM lease WHERE app = ANY($1) AND holder = $2 AND until > clock_timestamp()";

/// After the lock that whoever pauses takes: a pause that is committed is seen, and one that is not waits for this commit.
const PAUSED: &str = "SELECT key FROM meta WHERE key = ANY($1) AND length(value) > 0";

const BATCH: &str = "UPDATE process SET batch = $2 WHERE epoch = $1";

/// In one order for all processes, so that no two wait for each other.
const HEADS: &str = "
    SELECT id, account, rev, writer, last_seq FROM conversation WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// In one order too; of two with one name in a batch, the one that comes first gets it.
const NAMES: &str = "
    INSERT INTO name (account, digest, conversation)
    SELECT u.account, sha256(u.external), u.conversation
    FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) WITH ORDINALITY AS u (account, external, conversation, place)
    WHERE NOT EXISTS (SELECT FROM conversation c WHERE c.id = u.conversation)
    ORDER BY u.account, sha256(u.external), u.place
    ON CONFLICT DO NOTHING RETURNING conversation";

/// After the rows are locked, so that numbers rise within a conversation.
const NUMBERS: &str = "SELECT nextval('history_seq') FROM generate_series(1, $1::bigint)";

const HISTORY: &str = "
    INSERT INTO history (account, seq, conversation, prev, at_ms, kind, body)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[])";

const BEGUN: &str = "
    INSERT INTO conversation (writer, account, id, external, rev, last_seq, due_ms, recent, state)
    SELECT $1::bigint, u.* FROM unnest(
        $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::bytea[]
    ) AS u";

const CHANGED: &str = "
    UPDATE conversation c
    SET writer = $1, rev = u.rev, last_seq = u.last_seq, due_ms = u.due_ms, recent = u.recent, state = u.state
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bytea[])
        AS u (account, id, rev, last_seq, due_ms, recent, state)
    WHERE c.account = u.account AND c.id = u.id";

const STATES: &str = "
    UPDATE outbox o
    SET state = u.state, attempt = u.attempt, epoch = u.epoch, begun_ms = u.begun_ms, not_after_ms = u.not_after_ms
    FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS u (account, conversation, reply, state, attempt, epoch, begun_ms, not_after_ms)
    WHERE o.account = u.account AND o.conversation = u.conversation AND o.reply = u.reply
    RETURNING o.conversation, o.reply";

const REMOVED: &str = "
    DELETE FROM outbox o USING unnest($1::bigint[], $2::bigint[], $3::int[]) AS u (account, conversation, reply)
    WHERE o.account = u.account AND o.conversation = u.conversation AND o.reply = u.reply";

/// A replaced reply keeps its place in the order: `seq` stays.
const PUTS: &str = "
    INSERT INTO outbox (account, conversation, reply, state, attempt, epoch, begun_ms, not_after_ms, seq, body)
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bytea[]
    )
    ON CONFLICT (account, conversation, reply) DO UPDATE
    SET body = excluded.body, state = excluded.state, attempt = excluded.attempt, epoch = excluded.epoch,
        begun_ms = excluded.begun_ms, not_after_ms = excluded.not_after_ms";

/// An entry that is there is written again: with DO NOTHING the leader could take it away before this transaction is to
/// be seen, look at the conversation as it was, and never hear of the change.
const NEWS: &str = "
    INSERT INTO news (account, conversation, serial)
    SELECT u.account, u.conversation, nextval('news_serial')
    FROM unnest($1::bigint[], $2::bigint[]) AS u (account, conversation)
    ON CONFLICT (account, conversation) DO UPDATE SET serial = excluded.serial";

const UNNAMED: &str = "
    DELETE FROM name n USING unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS u (account, external, conversation)
    WHERE n.account = u.account AND n.digest = sha256(u.external) AND n.conversation = u.conversation";

/// In one order for all processes.
const FOUND_BY: &str = "
    INSERT INTO meta (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let prepare = |sql| client.prepare(sql);
        let (lock, led, batch, paused, heads, names, numbers, history) = tokio::try_join!(
            prepare(LOCK),
            prepare(LED),
            prepare(BATCH),
            prepare(PAUSED),
            prepare(HEADS),
            prepare(NAMES),
            prepare(NUMBERS),
            prepare(HISTORY),
        )?;
        let (begun, changed, states, removed, puts, news, unnamed, events, found_by) = tokio::try_join!(
            prepare(BEGUN),
            prepare(CHANGED),
            prepare(STATES),
            prepare(REMOVED),
            prepare(PUTS),
            prepare(NEWS),
            prepare(UNNAMED),
            prepare(events::PUT),
            prepare(FOUND_BY),
        )?;
        Ok(Self {
            lock,
            led,
            batch,
            paused,
            heads,
            names,
            numbers,
            history,
            begun,
            changed,
            states,
            removed,
            puts,
            news,
            unnamed,
            events,
            found_by,
        })
    }
}

/// Sends a statement where there is something for it to do; gives its rows. Sent when it is first polled.
pub(super) async fn ask(
    client: &Client,
    needed: bool,
    statement: &Statement,
    parameters: Vec<Parameter<'_>>,
) -> Result<Vec<Row>, Error> {
    if needed { client.query(statement, &parameters).await } else { Ok(Vec::new()) }
}

/// The same for a statement that gives how many rows it has changed.
pub(super) async fn tell(
    client: &Client,
    needed: bool,
    statement: &Statement,
    parameters: Vec<Parameter<'_>>,
) -> Result<u64, Error> {
    if needed { client.execute(statement, &parameters).await } else { Ok(0) }
}
