//! The tables, as a list of steps. A step that was published is never changed; a new one is added after it.

/// Written into every file of ours ("REJO"), so that no other program's file is taken for one.
pub(super) const APPLICATION_ID: i32 = 0x5245_4a4f;

/// Step n brings a file from version n to n + 1; `user_version` tells which one it has.
pub(super) const STEPS: &[&str] = &[FIRST, VERSIONS, EVENTS];

/// What costs in this store is not rows but random pages, so:
/// ids stand in the rows instead of in indexes (`outbox.id` is `conversation << 24 | reply`), the history is only ever
/// appended and has no index (`prev` chains the lines of a conversation, and those of none), and a duplicate is found in
/// `conversation.recent`, which is loaded anyway. Bodies are BLOBs: they hold whatever a stranger sent, U+0000 and
/// all, and text functions must never touch them. Times are milliseconds since 1970.
const FIRST: &str = "
    CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- epoch: starts so far; conversation: ids given out so far; loose: newest line of no conversation
    CREATE TABLE counter (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE app (
        id         INTEGER PRIMARY KEY,
        client_key TEXT NOT NULL UNIQUE
    ) STRICT;

    CREATE TABLE account (
        id               INTEGER PRIMARY KEY,
        app              INTEGER NOT NULL REFERENCES app(id),
        open_id          TEXT NOT NULL,
        token            BLOB,
        token_generation INTEGER NOT NULL DEFAULT 0,
        UNIQUE (app, open_id)
    ) STRICT;

    -- written once, at first contact
    CREATE TABLE name (
        account      INTEGER NOT NULL REFERENCES account(id),
        external     BLOB NOT NULL,
        conversation INTEGER NOT NULL,
        PRIMARY KEY (account, external)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE conversation (
        id       INTEGER PRIMARY KEY,
        account  INTEGER NOT NULL,
        external BLOB NOT NULL,
        rev      INTEGER NOT NULL,
        last_seq INTEGER,
        due_ms   INTEGER,
        recent   BLOB NOT NULL,
        state    BLOB NOT NULL
    ) STRICT;
    CREATE INDEX conversation_due ON conversation(due_ms) WHERE due_ms IS NOT NULL;

    CREATE TABLE history (
        seq          INTEGER PRIMARY KEY,
        conversation INTEGER,
        account      INTEGER,
        prev         INTEGER,
        at_ms        INTEGER NOT NULL,
        kind         TEXT NOT NULL,
        body         BLOB NOT NULL
    ) STRICT;

    -- only replies without a final state: small, hot; seq is the line that put the reply here
    CREATE TABLE outbox (
        id           INTEGER PRIMARY KEY,
        account      INTEGER NOT NULL,
        seq          INTEGER NOT NULL,
        body         BLOB NOT NULL,
        state        INTEGER NOT NULL,
        attempt      INTEGER,
        epoch        INTEGER,
        begun_ms     INTEGER,
        not_after_ms INTEGER
    ) STRICT;

    CREATE TABLE media (
        account  INTEGER NOT NULL REFERENCES account(id),
        digest   TEXT NOT NULL,
        media_id TEXT NOT NULL,
        until_ms INTEGER NOT NULL,
        PRIMARY KEY (account, digest)
    ) STRICT, WITHOUT ROWID;
";

const VERSIONS: &str = "
    -- versions of the bot; which one is live stands in meta
    CREATE TABLE version (
        number  INTEGER PRIMARY KEY,
        digest  TEXT NOT NULL UNIQUE,
        at_ms   INTEGER NOT NULL,
        program TEXT NOT NULL,
        body    BLOB NOT NULL
    ) STRICT;
";

const EVENTS: &str = "
    -- what other systems have not taken, once for each endpoint; seq is the line that caused it
    CREATE TABLE event (
        endpoint     TEXT NOT NULL,
        seq          INTEGER NOT NULL,
        place        INTEGER NOT NULL,
        account      INTEGER NOT NULL,
        conversation INTEGER NOT NULL,
        at_ms        INTEGER NOT NULL,
        kind         TEXT NOT NULL,
        body         BLOB NOT NULL,
        tries        INTEGER NOT NULL,
        next_ms      INTEGER NOT NULL,
        since_ms     INTEGER,
        dead         INTEGER NOT NULL,
        reason       TEXT NOT NULL,
        PRIMARY KEY (endpoint, seq, place)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX event_next ON event(endpoint, next_ms) WHERE dead = 0;
    CREATE INDEX event_count ON event(endpoint, dead, at_ms);
    CREATE INDEX event_order ON event(endpoint, conversation, seq, place) WHERE dead = 0;
";

/// Numbers of [`crate::runtime::port::OutboxState`] in the file.
pub(super) mod outbox_state {
    pub(in crate::store::sqlite) const QUEUED: i64 = 0;
    pub(in crate::store::sqlite) const HELD: i64 = 1;
    pub(in crate::store::sqlite) const MARKED: i64 = 2;
    pub(in crate::store::sqlite) const UNKNOWN: i64 = 3;
}
