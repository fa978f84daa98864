//! Reading: a few connections that can only read, used on threads that may block.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row};
use tokio::sync::Semaphore;

use super::failure::Failure;
use super::open;
use super::schema::outbox_state;
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, AccountRow, ConversationId, ConversationRow, Found, HistoryRow, OutboxRow, OutboxState, StoreError, VersionRow,
};
use crate::store::batch::{self, broken};

/// More would only wait for each other on a small machine.
const CONNECTIONS_MAX: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Arc::new(Self { path: path.to_owned(), idle: Mutex::default(), places })
    }

    /// Closes the connections; a query that runs closes its own.
    pub(super) fn close(&self) {
        self.places.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Runs a query; sees everything committed before the call.
    pub(super) async fn run<T, F>(self: &Arc<Self>, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let closed = |_| broken("the readers are gone");
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(closed)?;
        let readers = Arc::clone(self);
        let work = move || {
            // Held until the connection is back: there are never more of them than places.
            let _place = place;
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open::reading(&readers.path)?,
            };
            let result = query(&connection);
            // A connection that failed is closed rather than trusted.
            if result.is_ok() && !readers.places.is_closed() {
                readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            result
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result.map_err(StoreError::from),
            Err(error) => Err(broken(format!("a read did not end: {error}"))),
        }
    }
}

pub(super) fn accounts(connection: &Connection) -> Result<Vec<AccountRow>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT account.id, client_key, open_id, token, token_generation
         FROM account JOIN app ON app.id = account.app ORDER BY account.id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(AccountRow {
            id: AccountId(row.get(0)?),
            app: row.get(1)?,
            open_id: row.get(2)?,
            token: row.get(3)?,
            token_generation: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const CONVERSATION: &str =
    "SELECT conversation.id, conversation.account, conversation.external, rev, last_seq, due_ms, recent, state FROM conversation";

fn conversation(row: &Row<'_>) -> rusqlite::Result<ConversationRow> {
    Ok(ConversationRow {
        writer: 0,
        id: ConversationId(row.get(0)?),
        account: AccountId(row.get(1)?),
        external: row.get(2)?,
        rev: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
        last_seq: row.get(4)?,
        due: row.get::<_, Option<i64>>(5)?.map(Moment),
        recent: row.get(6)?,
        state: row.get(7)?,
    })
}

pub(super) fn find(connection: &Connection, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!(
        "{CONVERSATION} JOIN name ON name.conversation = conversation.id WHERE name.account = ?1 AND name.external = ?2"
    ))?;
    Ok(statement.query_row((account.0, external), conversation).optional()?)
}

/// In one look at the file, so that none is of another moment than its neighbours.
pub(super) fn find_all(connection: &Connection, wanted: &[(AccountId, Vec<u8>)]) -> Result<Vec<Option<Found>>, Failure> {
    let look = connection.unchecked_transaction()?;
    let mut statement = look.prepare_cached("SELECT id FROM outbox WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut found = Vec::with_capacity(wanted.len());
    for (account, external) in wanted {
        found.push(match find(&look, *account, external)? {
            Some(row) => {
                let ids = statement.query_map(batch::outbox_range(row.id)?, |row| row.get(0))?;
                let replies = ids.map(|id| id.map(|id| batch::outbox_parts(id).1)).collect::<Result<_, _>>()?;
                Some(Found { row, replies })
            }
            None => None,
        });
    }
    Ok(found)
}

pub(super) fn load(connection: &Connection, id: ConversationId) -> Result<Option<ConversationRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{CONVERSATION} WHERE id = ?1"))?;
    Ok(statement.query_row([id.0], conversation).optional()?)
}

pub(super) fn conversations(connection: &Connection, most: usize) -> Result<Vec<ConversationRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{CONVERSATION} ORDER BY id DESC LIMIT ?1"))?;
    let rows = statement.query_map([limit(most)], conversation)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn conversations_after(
    connection: &Connection,
    after: ConversationId,
    most: usize,
) -> Result<Vec<ConversationRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{CONVERSATION} WHERE id > ?1 ORDER BY id LIMIT ?2"))?;
    let rows = statement.query_map((after.0, limit(most)), conversation)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn version_row(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow { number: row.get(0)?, digest: row.get(1)?, at: Moment(row.get(2)?), program: row.get(3)?, body: row.get(4)? })
}

pub(super) fn versions(connection: &Connection) -> Result<Vec<VersionRow>, Failure> {
    let mut statement = connection.prepare_cached("SELECT number, digest, at_ms, program, x'' FROM version ORDER BY number")?;
    let rows = statement.query_map([], version_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn version(connection: &Connection, number: u32) -> Result<Option<VersionRow>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT number, digest, at_ms, program, body FROM version WHERE number = ?1")?;
    Ok(statement.query_row([number], version_row).optional()?)
}

pub(super) fn due(connection: &Connection, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, Failure> {
    let mut statement = connection.prepare_cached(DUE)?;
    let rows = statement.query_map((until.0, limit(most)), |row| Ok((ConversationId(row.get(0)?), Moment(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Answered from the partial index alone.
pub(super) const DUE: &str =
    "SELECT id, due_ms FROM conversation WHERE due_ms IS NOT NULL AND due_ms <= ?1 ORDER BY due_ms, id LIMIT ?2";

pub(super) fn next_due(connection: &Connection) -> Result<Option<Moment>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT due_ms FROM conversation WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1")?;
    Ok(statement.query_row([], |row| row.get(0).map(Moment)).optional()?)
}

const OUTBOX: &str = "SELECT id, account, body, state, attempt, epoch, begun_ms, not_after_ms FROM outbox";

pub(super) fn outbox(connection: &Connection) -> Result<Vec<OutboxRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{OUTBOX} ORDER BY seq, id"))?;
    statement.query([])?.mapped(|row| Ok(outbox_row(row))).map(|row| row?).collect()
}

pub(super) fn outbox_of(connection: &Connection, conversation: ConversationId) -> Result<Vec<OutboxRow>, Failure> {
    let range = batch::outbox_range(conversation)?;
    let mut statement = connection.prepare_cached(&format!("{OUTBOX} WHERE id BETWEEN ?1 AND ?2 ORDER BY id"))?;
    statement.query(range)?.mapped(|row| Ok(outbox_row(row))).map(|row| row?).collect()
}

fn outbox_row(row: &Row<'_>) -> Result<OutboxRow, Failure> {
    let (conversation, reply) = batch::outbox_parts(row.get(0)?);
    let attempt = || Ok::<u32, Failure>(u32::try_from(row.get::<_, i64>(4)?).unwrap_or(u32::MAX));
    let state = match row.get(3)? {
        outbox_state::QUEUED => OutboxState::Queued,
        outbox_state::HELD => OutboxState::Held,
        outbox_state::MARKED => OutboxState::Marked {
            attempt: attempt()?,
            epoch: row.get(5)?,
            begun: Moment(row.get(6)?),
            not_after: Moment(row.get(7)?),
        },
        outbox_state::UNKNOWN => OutboxState::Unknown { attempt: attempt()? },
        other => return Err(broken(format!("{reply:?} of {conversation:?} is in state {other}, which is none")).into()),
    };
    Ok(OutboxRow { account: AccountId(row.get(1)?), conversation, reply, body: row.get(2)?, state })
}

pub(super) fn history(connection: &Connection, id: ConversationId, most: usize) -> Result<Vec<HistoryRow>, Failure> {
    let mut statement = connection.prepare_cached("SELECT last_seq FROM conversation WHERE id = ?1")?;
    let newest: Option<Option<i64>> = statement.query_row([id.0], |row| row.get(0)).optional()?;
    chain(connection, newest.flatten(), most)
}

pub(super) fn loose_history(connection: &Connection, most: usize) -> Result<Vec<HistoryRow>, Failure> {
    chain(connection, counter(connection, "loose")?, most)
}

/// Up to `most` lines, back from `newest`: one point read each, no index. Ends where old lines were cut off.
fn chain(connection: &Connection, newest: Option<i64>, most: usize) -> Result<Vec<HistoryRow>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT seq, conversation, account, prev, at_ms, kind, body FROM history WHERE seq = ?1")?;
    let mut lines = Vec::new();
    let mut next = newest;
    while let (Some(seq), true) = (next, lines.len() < most) {
        let line = statement.query_row([seq], |row| {
            Ok(HistoryRow {
                seq: row.get(0)?,
                conversation: row.get::<_, Option<i64>>(1)?.map(ConversationId),
                account: row.get::<_, Option<i64>>(2)?.map(AccountId),
                prev: row.get(3)?,
                at: Moment(row.get(4)?),
                kind: row.get(5)?,
                body: row.get(6)?,
            })
        });
        let Some(line) = line.optional()? else { break };
        // A chain goes back; one that does not is damaged and would never end.
        next = line.prev.filter(|prev| *prev < line.seq);
        lines.push(line);
    }
    Ok(lines)
}

pub(super) fn media(connection: &Connection, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, Failure> {
    let mut statement = connection.prepare_cached("SELECT media_id, until_ms FROM media WHERE account = ?1 AND digest = ?2")?;
    Ok(statement.query_row((account.0, digest), |row| Ok((row.get(0)?, Moment(row.get(1)?)))).optional()?)
}

pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, Failure> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

pub(super) fn counter(connection: &Connection, name: &str) -> Result<Option<i64>, Failure> {
    let mut statement = connection.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
