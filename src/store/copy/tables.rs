//! The tables that both kinds of store have, and how each reads and writes them. Columns and rows come in one order.

/// A value in either store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Value {
    Null,
    Number(i64),
    Bytes(Vec<u8>),
}

pub(in crate::store) type Row = Vec<Value>;

pub(in crate::store) struct Table {
    pub name: &'static str,
    /// Columns that SQLite keeps as text.
    pub texts: &'static [usize],
    pub sqlite_read: &'static str,
    pub sqlite_write: &'static str,
    pub postgres_read: &'static str,
    /// `COPY … FROM STDIN`
    pub postgres_write: &'static str,
}

/// The account of a line of the history; PostgreSQL writes 0 where there is none.
pub(in crate::store) const HISTORY: &str = "history";
pub(in crate::store) const HISTORY_CONVERSATION: usize = 1;
pub(in crate::store) const HISTORY_ACCOUNT: usize = 2;
pub(in crate::store) const HISTORY_PREV: usize = 3;

pub(in crate::store) const TABLES: &[Table] = &[
    Table {
        name: "meta",
        texts: &[0],
        // The generation tells one file from its older copies; it belongs to the place.
        sqlite_read: "SELECT key, value FROM meta WHERE key <> 'generation' ORDER BY CAST(key AS BLOB)",
        sqlite_write: "INSERT INTO meta (key, value) VALUES (?, ?)",
        postgres_read: "SELECT key, value FROM meta ORDER BY key",
        postgres_write: "COPY meta (key, value) FROM STDIN BINARY",
    },
    Table {
        name: "app",
        texts: &[1],
        sqlite_read: "SELECT id, client_key FROM app ORDER BY id",
        sqlite_write: "INSERT INTO app (id, client_key) VALUES (?, ?)",
        postgres_read: "SELECT id, client_key FROM app ORDER BY id",
        postgres_write: "COPY app (id, client_key) FROM STDIN BINARY",
    },
    Table {
        name: "account",
        texts: &[2],
        sqlite_read: "SELECT id, app, open_id, token, token_generation FROM account ORDER BY id",
        sqlite_write: "INSERT INTO account (id, app, open_id, token, token_generation) VALUES (?, ?, ?, ?, ?)",
        postgres_read: "SELECT id, app, open_id, token, token_generation FROM account ORDER BY id",
        postgres_write: "COPY account (id, app, open_id, token, token_generation) FROM STDIN BINARY",
    },
    Table {
        name: "conversation",
        texts: &[],
        sqlite_read: "SELECT id, account, external, rev, last_seq, due_ms, recent, state FROM conversation ORDER BY id",
        sqlite_write: "INSERT INTO conversation (id, account, external, rev, last_seq, due_ms, recent, state)
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        postgres_read: "SELECT id, account, external, rev, last_seq, due_ms, recent, state FROM conversation ORDER BY id",
        postgres_write: "COPY conversation (id, account, external, rev, last_seq, due_ms, recent, state) FROM STDIN BINARY",
    },
    Table {
        name: HISTORY,
        texts: &[5],
        // Lines of no conversation are chained in SQLite alone.
        sqlite_read: "SELECT seq, conversation, account, CASE WHEN conversation IS NOT NULL THEN prev END, at_ms, kind, body
                      FROM history ORDER BY seq",
        sqlite_write: "INSERT INTO history (seq, conversation, account, prev, at_ms, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        postgres_read: "SELECT seq, conversation, nullif(account, 0), prev, at_ms, kind, body FROM history ORDER BY seq",
        postgres_write: "COPY history (seq, conversation, account, prev, at_ms, kind, body) FROM STDIN BINARY",
    },
    Table {
        name: "outbox",
        texts: &[],
        sqlite_read: "SELECT id >> 24, id & 16777215, account, seq, body, state, attempt, epoch, begun_ms, not_after_ms
                      FROM outbox ORDER BY id",
        sqlite_write: "INSERT INTO outbox (id, account, seq, body, state, attempt, epoch, begun_ms, not_after_ms)
                       VALUES (?1 << 24 | ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        postgres_read: "SELECT conversation, reply, account, seq, body, state, attempt, epoch, begun_ms, not_after_ms
                        FROM outbox ORDER BY conversation, reply",
        postgres_write: "COPY outbox (conversation, reply, account, seq, body, state, attempt, epoch, begun_ms, not_after_ms)
                         FROM STDIN BINARY",
    },
    Table {
        name: "media",
        texts: &[1, 2],
        sqlite_read: "SELECT account, digest, media_id, until_ms FROM media ORDER BY account, CAST(digest AS BLOB)",
        sqlite_write: "INSERT INTO media (account, digest, media_id, until_ms) VALUES (?, ?, ?, ?)",
        postgres_read: "SELECT account, digest, media_id, until_ms FROM media ORDER BY account, digest",
        postgres_write: "COPY media (account, digest, media_id, until_ms) FROM STDIN BINARY",
    },
    Table {
        name: "version",
        texts: &[1, 3],
        sqlite_read: "SELECT number, digest, at_ms, program, body FROM version ORDER BY number",
        sqlite_write: "INSERT INTO version (number, digest, at_ms, program, body) VALUES (?, ?, ?, ?, ?)",
        postgres_read: "SELECT number, digest, at_ms, program, body FROM version ORDER BY number",
        postgres_write: "COPY version (number, digest, at_ms, program, body) FROM STDIN BINARY",
    },
    Table {
        name: "event",
        texts: &[0, 6, 12],
        sqlite_read:
            "SELECT endpoint, seq, place, account, conversation, at_ms, kind, body, tries, next_ms, since_ms, dead, reason
                      FROM event ORDER BY CAST(endpoint AS BLOB), seq, place",
        sqlite_write:
            "INSERT INTO event (endpoint, seq, place, account, conversation, at_ms, kind, body, tries, next_ms, since_ms,
                       dead, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        postgres_read:
            "SELECT endpoint, seq, place, account, conversation, at_ms, kind, body, tries, next_ms, since_ms, dead, reason
                        FROM event ORDER BY endpoint, seq, place",
        postgres_write:
            "COPY event (endpoint, seq, place, account, conversation, at_ms, kind, body, tries, next_ms, since_ms, dead,
                         reason) FROM STDIN BINARY",
    },
];
