//! The tables, as a list of steps, and how a database gets them.
//!
//! A step that was published is never changed; a new one is added after it. Old and new processes run side by side on
//! one database while they are replaced, so a step only adds: what the version before reads and writes stays as it is.

use tokio_postgres::{Client, Transaction};

use super::failure::Failure;
use crate::runtime::port::StoreError;
use crate::store::batch::broken;

/// The schema that holds all of ours, so that a database may be shared with other programs.
pub(super) const SCHEMA: &str = "rejoinder";

/// First half of the keys of our advisory locks ("REJO"); the second is the app's id, or 0 for the schema.
pub(super) const LOCKS: i32 = 0x5245_4a4f;
/// Beside the apps' numbers, which are positive: held by marks, and alone by whoever pauses.
pub(super) const PAUSING: i32 = -1;

/// Ids of conversations are set aside by so many, so that a new one costs no round trip of its own.
pub(super) const ASIDE: i64 = 256;

/// Step n brings a database from version n to n + 1.
const STEPS: &[&str] = &[FIRST, VERSIONS, EVENTS];

/// Keys begin with the account where a table can grow, so that it can be partitioned by it. Whatever strangers send is
/// BYTEA, names too: TEXT refuses U+0000 and what is no UTF-8. A name is found by its digest, since an index refuses
/// long values. Times are milliseconds since 1970, those of leases alone are the database's own.
///
/// `fillfactor` leaves room on the pages of rows that change, so that a new version of one finds its place beside the
/// old and needs no new entry in any index.
const FIRST: &str = "
    CREATE TABLE meta (
        key   BYTEA PRIMARY KEY,
        value BYTEA NOT NULL
    );

    CREATE TABLE app (
        id         INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        client_key BYTEA NOT NULL UNIQUE
    );

    -- who sends for an app, and until when by the database's clock
    CREATE TABLE lease (
        app    INT PRIMARY KEY REFERENCES app (id),
        holder BIGINT NOT NULL,
        until  TIMESTAMPTZ NOT NULL
    ) WITH (fillfactor = 20);

    CREATE TABLE account (
        id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        app              INT NOT NULL REFERENCES app (id),
        open_id          BYTEA NOT NULL,
        token            BYTEA,
        token_generation BIGINT NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX account_once ON account (app, sha256(open_id));

    -- one row for each start; batch is the number of its last commit, which tells what became of one whose answer was lost
    CREATE TABLE process (
        epoch BIGINT PRIMARY KEY,
        batch BIGINT NOT NULL DEFAULT 0,
        begun TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

    CREATE SEQUENCE conversation_block INCREMENT BY 256;
    CREATE SEQUENCE history_seq;
    CREATE SEQUENCE news_serial;

    -- written once, at first contact; digest is the SHA-256 of conversation.external
    CREATE TABLE name (
        account      BIGINT NOT NULL,
        digest       BYTEA NOT NULL,
        conversation BIGINT NOT NULL,
        PRIMARY KEY (account, digest)
    );

    -- writer is the epoch of the process that wrote rev
    CREATE TABLE conversation (
        account  BIGINT NOT NULL,
        id       BIGINT NOT NULL,
        external BYTEA NOT NULL,
        rev      BIGINT NOT NULL,
        writer   BIGINT NOT NULL DEFAULT 0,
        last_seq BIGINT,
        due_ms   BIGINT,
        recent   BYTEA NOT NULL,
        state    BYTEA NOT NULL,
        PRIMARY KEY (account, id)
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
    CREATE INDEX conversation_id ON conversation (id);
    CREATE INDEX conversation_due ON conversation (account, due_ms, id) WHERE due_ms IS NOT NULL;

    -- account 0: of no account; prev chains the lines of a conversation, those of none are found by their index
    CREATE TABLE history (
        account      BIGINT NOT NULL,
        seq          BIGINT NOT NULL,
        conversation BIGINT,
        prev         BIGINT,
        at_ms        BIGINT NOT NULL,
        kind         TEXT NOT NULL,
        body         BYTEA NOT NULL,
        PRIMARY KEY (account, seq)
    );
    CREATE INDEX history_loose ON history (seq) WHERE conversation IS NULL;

    -- only replies without a final state: small, hot; seq is the line that put the reply here
    CREATE TABLE outbox (
        account      BIGINT NOT NULL,
        conversation BIGINT NOT NULL,
        reply        INT NOT NULL,
        seq          BIGINT NOT NULL,
        body         BYTEA NOT NULL,
        state        INT NOT NULL,
        attempt      BIGINT,
        epoch        BIGINT,
        begun_ms     BIGINT,
        not_after_ms BIGINT,
        PRIMARY KEY (account, conversation, reply)
    ) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.02,
            autovacuum_vacuum_cost_delay = 0);

    -- conversations that another process than the leader of their app has changed; serial is new with each change
    CREATE TABLE news (
        account      BIGINT NOT NULL,
        conversation BIGINT NOT NULL,
        serial       BIGINT NOT NULL,
        PRIMARY KEY (account, conversation)
    ) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.02,
            autovacuum_vacuum_cost_delay = 0);

    CREATE TABLE media (
        account  BIGINT NOT NULL REFERENCES account (id),
        digest   BYTEA NOT NULL,
        media_id BYTEA NOT NULL,
        until_ms BIGINT NOT NULL,
        PRIMARY KEY (account, digest)
    );
";

const VERSIONS: &str = "
    -- versions of the bot; which one is live stands in meta
    CREATE TABLE version (
        number  INT PRIMARY KEY,
        digest  BYTEA NOT NULL UNIQUE,
        at_ms   BIGINT NOT NULL,
        program BYTEA NOT NULL,
        body    BYTEA NOT NULL
    );
";

const EVENTS: &str = "
    -- what other systems have not taken, once for each endpoint; seq is the line that caused it
    CREATE TABLE event (
        account      BIGINT NOT NULL,
        endpoint     TEXT COLLATE \"C\" NOT NULL,
        seq          BIGINT NOT NULL,
        place        BIGINT NOT NULL,
        conversation BIGINT NOT NULL,
        at_ms        BIGINT NOT NULL,
        kind         TEXT NOT NULL,
        body         BYTEA NOT NULL,
        tries        BIGINT NOT NULL,
        next_ms      BIGINT NOT NULL,
        since_ms     BIGINT,
        dead         BIGINT NOT NULL,
        reason       TEXT NOT NULL,
        PRIMARY KEY (account, endpoint, seq, place)
    ) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.02,
            autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX event_next ON event (endpoint, next_ms) WHERE dead = 0;
    CREATE INDEX event_count ON event (endpoint, dead, at_ms);
    CREATE INDEX event_order ON event (endpoint, conversation, seq, place) WHERE dead = 0;
    CREATE INDEX event_key ON event (endpoint, seq, place);
";

/// Numbers of [`crate::runtime::port::OutboxState`] in the table.
pub(super) mod outbox_state {
    pub(in crate::store::postgres) const QUEUED: i32 = 0;
    pub(in crate::store::postgres) const HELD: i32 = 1;
    pub(in crate::store::postgres) const MARKED: i32 = 2;
    pub(in crate::store::postgres) const UNKNOWN: i32 = 3;
}

/// Brings the database up to date and begins a process in it; gives its epoch. Of several at once one does the work and
/// the others wait for it.
///
/// # Errors
/// [`StoreError::Newer`] when a newer version was here; [`StoreError::Broken`] when this is no database for us.
pub(super) async fn begin(client: &mut Client) -> Result<i64, Failure> {
    let server: i32 = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await?.try_get(0)?;
    if server < 150_000 {
        return Err(broken(format!("PostgreSQL 15 or later is needed; this server is of version {}", server / 10_000)).into());
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute("SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '10min'").await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1, 0)", &[&LOCKS]).await?;
    migrate(&transaction).await?;
    let row = transaction.query_one("UPDATE installation SET epoch = epoch + 1 RETURNING epoch", &[]).await?;
    let epoch: i64 = row.try_get(0)?;
    transaction.execute("INSERT INTO process (epoch) VALUES ($1)", &[&epoch]).await?;
    // An answer that is lost here costs an epoch, which nobody misses.
    transaction.commit().await?;
    Ok(epoch)
}

async fn migrate(transaction: &Transaction<'_>) -> Result<(), Failure> {
    let version = match recognise(transaction).await? {
        Some(version) => version,
        None => {
            let there: bool = transaction.query_one("SELECT to_regnamespace($1) IS NOT NULL", &[&SCHEMA]).await?.try_get(0)?;
            if !there {
                transaction.batch_execute(&format!("CREATE SCHEMA {SCHEMA}")).await?;
            }
            transaction
                .batch_execute(
                    "CREATE TABLE installation (one BOOL PRIMARY KEY DEFAULT TRUE CHECK (one), version INT NOT NULL, epoch BIGINT NOT NULL);
                     INSERT INTO installation (version, epoch) VALUES (0, 0)",
                )
                .await?;
            0
        }
    };
    for step in STEPS.iter().skip(version) {
        transaction.batch_execute(step).await?;
        transaction.execute("UPDATE installation SET version = version + 1", &[]).await?;
    }
    Ok(())
}

/// The version of what is there; `None` when nothing of ours is.
async fn recognise(transaction: &Transaction<'_>) -> Result<Option<usize>, Failure> {
    let name = format!("{SCHEMA}.installation");
    let there: bool = transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await?.try_get(0)?;
    if !there {
        return Ok(None);
    }
    let row = transaction.query_opt("SELECT version FROM installation", &[]).await?;
    let version: i32 = row.ok_or_else(|| broken("the table `installation` is empty"))?.try_get(0)?;
    match usize::try_from(version) {
        Ok(version) if version <= STEPS.len() => Ok(Some(version)),
        Ok(_) => {
            let text = format!(
                "the database was written by a newer version of rejoinder (schema {version}, this one knows up to {}); run that \
                 version, or take a backup from before the upgrade",
                STEPS.len()
            );
            Err(StoreError::Newer(text).into())
        }
        Err(_) => Err(broken(format!("the schema version {version} is none of ours")).into()),
    }
}
