//! What the writer's thread can do: each piece of work is one transaction, all or nothing.

use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::Ended;
use crate::calendar::Moment;
use crate::engine::ReplyId;
use crate::runtime::port::{
    AccountId, ConversationId, Erasure, OutboxChange, OutboxState, Record, Removed, StoreError, VersionRow, Written,
};
use crate::store::batch::{self, Batch, Before, Head, Line, Stored, broken};
use crate::store::sqlite::erasure;
use crate::store::sqlite::events;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::generation;
use crate::store::sqlite::reader;
use crate::store::sqlite::schema::outbox_state;

/// Conversation ids are set aside by so many, so that a new conversation costs no transaction of its own. What a
/// process has not given when it ends is never given.
const ASIDE: i64 = 256;

pub(in crate::store::sqlite) struct Desk {
    connection: Connection,
    ended: Ended,
    next_seq: i64,
}

impl Desk {
    pub(super) fn new(connection: Connection, ended: Ended) -> Result<Self, StoreError> {
        let newest: Option<i64> =
            connection.query_row("SELECT max(seq) FROM history", [], |row| row.get(0)).map_err(Failure::from)?;
        Ok(Self { connection, ended, next_seq: newest.unwrap_or(0) + 1 })
    }

    /// Runs `work` in one transaction. After a failure that is final, nothing is tried any more.
    pub(in crate::store::sqlite) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        if let Some(reason) = self.ended.get() {
            return Err(broken(format!("nothing is written since an earlier failure: {reason}")));
        }
        let result = in_transaction(&mut self.connection, work);
        result.map_err(|failure| {
            let last = failure.is_final();
            let error = StoreError::from(failure);
            if last {
                let _ = self.ended.set(error.to_string());
            }
            error
        })
    }

    pub(in crate::store::sqlite) fn commit(&mut self, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let next = self.next_seq;
        let (written, after) = self.transaction(|transaction| {
            let batch = batch::plan(records, next.., &mut File(transaction))?;
            write(transaction, &batch)?;
            let after = batch.history.last().map_or(next, |line| line.seq + 1);
            Ok((batch.written, after))
        })?;
        self.next_seq = after;
        Ok(written)
    }

    pub(in crate::store::sqlite) fn erase(&mut self, erasure: &Erasure) -> Result<Option<Removed>, StoreError> {
        let seq = self.next_seq;
        let removed = self.transaction(|transaction| erasure::erase(transaction, erasure, seq))?;
        self.next_seq += i64::from(removed.is_some());
        Ok(removed)
    }

    /// Copies the whole log into the file and empties it. Waits for readers for some seconds.
    pub(in crate::store::sqlite) fn empty_log(&mut self) -> Result<(), StoreError> {
        if let Some(why) = self.ended.get() {
            return Err(broken(why.clone()));
        }
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match emptied.map_err(Failure::from) {
            Ok(0) => {}
            Ok(_) => tracing::warn!("a reader keeps the store's log; what was erased stays in it until the log begins anew"),
            Err(failure) => {
                let last = failure.is_final();
                let error = StoreError::from(failure).to_string();
                tracing::warn!(error, "the store's log was not emptied");
                if last {
                    let _ = self.ended.set(error);
                }
            }
        }
        Ok(())
    }

    pub(in crate::store::sqlite) fn account(&mut self, app: &str, open_id: &str) -> Result<AccountId, StoreError> {
        self.transaction(|transaction| {
            let found: Option<i64> = transaction
                .prepare_cached(
                    "SELECT account.id FROM account JOIN app ON app.id = account.app WHERE client_key = ?1 AND open_id = ?2",
                )?
                .query_row((app, open_id), |row| row.get(0))
                .optional()?;
            if let Some(id) = found {
                return Ok(AccountId(id));
            }
            transaction.prepare_cached("INSERT INTO app (client_key) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([app])?;
            let id = transaction
                .prepare_cached("INSERT INTO account (app, open_id) SELECT id, ?2 FROM app WHERE client_key = ?1 RETURNING id")?
                .query_row((app, open_id), |row| row.get(0))?;
            Ok(AccountId(id))
        })
    }

    pub(in crate::store::sqlite) fn put_token(
        &mut self,
        account: AccountId,
        generation: i64,
        token: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        self.transaction(|transaction| {
            known(transaction, account)?;
            transaction
                .prepare_cached("UPDATE account SET token = ?3, token_generation = ?2 WHERE id = ?1 AND token_generation < ?2")?
                .execute((account.0, generation, token))?;
            Ok(())
        })
    }

    pub(in crate::store::sqlite) fn set_conversations_aside(&mut self) -> Result<Range<i64>, StoreError> {
        self.transaction(|transaction| {
            let last = reader::counter(transaction, "conversation")?.unwrap_or(0);
            count(transaction, "conversation", last + ASIDE)?;
            Ok(last + 1..last + ASIDE + 1)
        })
    }

    pub(in crate::store::sqlite) fn put_media(
        &mut self,
        account: AccountId,
        digest: &str,
        media_id: &str,
        until: Moment,
    ) -> Result<(), StoreError> {
        self.transaction(|transaction| {
            known(transaction, account)?;
            if media_id.is_empty() {
                transaction
                    .prepare_cached("DELETE FROM media WHERE account = ?1 AND digest = ?2")?
                    .execute((account.0, digest))?;
            } else {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO media (account, digest, media_id, until_ms) VALUES (?1, ?2, ?3, ?4)")?
                    .execute((account.0, digest, media_id, until.0))?;
            }
            Ok(())
        })
    }

    pub(in crate::store::sqlite) fn put_meta(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.transaction(|transaction| {
            transaction.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?.execute((key, value))?;
            Ok(())
        })
    }

    pub(in crate::store::sqlite) fn put_meta_once(&mut self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.transaction(|transaction| {
            transaction
                .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute((key, value))?;
            let mut stored = transaction.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(stored.query_row([key], |row| row.get(0))?)
        })
    }

    pub(in crate::store::sqlite) fn put_version(&mut self, version: &VersionRow) -> Result<u32, StoreError> {
        self.transaction(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO version (number, digest, at_ms, program, body)
                     SELECT coalesce(max(number), 0) + 1, ?1, ?2, ?3, ?4 FROM version WHERE true ON CONFLICT DO NOTHING",
                )?
                .execute((&version.digest, version.at.0, &version.program, &version.body))?;
            let mut stored = transaction.prepare_cached("SELECT number FROM version WHERE digest = ?1")?;
            Ok(stored.query_row([&version.digest], |row| row.get(0))?)
        })
    }

    pub(in crate::store::sqlite) fn remove_versions(&mut self, numbers: &[u32]) -> Result<(), StoreError> {
        self.transaction(|transaction| {
            let mut remove = transaction.prepare_cached("DELETE FROM version WHERE number = ?1")?;
            for number in numbers {
                remove.execute([number])?;
            }
            Ok(())
        })
    }

    /// Gives the file a new generation, known to the file beside it.
    pub(in crate::store::sqlite) fn renew(&mut self, beside: &Path) -> Result<(), StoreError> {
        match self.ended.get() {
            Some(why) => Err(broken(why.clone())),
            None => generation::renew(&self.connection, beside),
        }
    }

    /// Copies the whole log and lets the next commit write it from its beginning. Waits for readers for a moment; where
    /// one stays in the way, the next commit tries again.
    pub(in crate::store::sqlite) fn begin_log_anew(&mut self) {
        let copied = self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        if let Err(failure) = copied.map_err(Failure::from) {
            let last = failure.is_final();
            let error = StoreError::from(failure).to_string();
            tracing::warn!(error, "the store's log was not copied");
            if last {
                let _ = self.ended.set(error);
            }
        }
    }

    /// Fails as a sync of the disk would, so that a test can see what follows.
    #[cfg(test)]
    pub(in crate::store::sqlite) fn fail_sync(&mut self) -> Result<(), StoreError> {
        let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        self.transaction(|_| Err(rusqlite::Error::SqliteFailure(error, None).into()))
    }

    /// Lets a test ask the writing connection.
    #[cfg(test)]
    pub(in crate::store::sqlite) fn look<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        Ok(ask(&self.connection)?)
    }

    /// Lets the file grow to at most `pages`, so that a test can fill the disk.
    #[cfg(test)]
    pub(in crate::store::sqlite) fn limit_pages(&mut self, pages: i64) -> Result<(), StoreError> {
        let limited = self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()));
        limited.map_err(|error| Failure::from(error).into())
    }
}

/// IMMEDIATE: the lock is taken at the beginning, so that a transaction that has begun cannot lose it half-way.
fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // On every way out but the last one it is rolled back.
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

struct File<'a>(&'a Transaction<'a>);

impl Before<Failure> for File<'_> {
    fn head(&mut self, conversation: ConversationId) -> Result<Option<Head>, Failure> {
        let mut statement = self.0.prepare_cached("SELECT account, rev, last_seq FROM conversation WHERE id = ?1")?;
        let head = statement.query_row([conversation.0], |row| {
            let rev = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            Ok(Head { account: AccountId(row.get(0)?), rev, writer: 0, last_seq: row.get(2)? })
        });
        Ok(head.optional()?)
    }

    fn loose(&mut self) -> Result<Option<i64>, Failure> {
        reader::counter(self.0, "loose")
    }
}

fn write(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), Failure> {
    for line in &batch.history {
        append(transaction, line)?;
    }
    for written in &batch.conversations {
        put_conversation(transaction, written)?;
    }
    for (seq, conversation, change) in &batch.outbox {
        change_outbox(transaction, *seq, *conversation, change)?;
    }
    for event in &batch.events {
        events::put(transaction, event)?;
    }
    for (key, conversation) in &batch.found_by {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
            .execute((key, batch::found(*conversation)))?;
    }
    if let Some(loose) = batch.loose {
        count(transaction, "loose", loose)?;
    }
    Ok(())
}

fn append(transaction: &Transaction<'_>, line: &Line) -> Result<(), Failure> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO history (seq, conversation, account, prev, at_ms, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let (conversation, account) = (line.conversation.map(|id| id.0), line.account.map(|id| id.0));
    statement.execute((line.seq, conversation, account, line.prev, line.at.0, line.kind, &line.body))?;
    Ok(())
}

fn put_conversation(transaction: &Transaction<'_>, written: &Stored) -> Result<(), Failure> {
    let row = &written.row;
    let rev = i64::try_from(row.rev).map_err(|_| broken(format!("{:?}: revision {} is out of range", row.id, row.rev)))?;
    let due = row.due.map(|due| due.0);
    if !written.first {
        transaction
            .prepare_cached(
                "UPDATE conversation SET rev = ?2, last_seq = ?3, due_ms = ?4, recent = ?5, state = ?6 WHERE id = ?1",
            )?
            .execute((row.id.0, rev, row.last_seq, due, &row.recent, &row.state))?;
        return Ok(());
    }
    known(transaction, row.account)?;
    let named = transaction
        .prepare_cached("INSERT INTO name (account, external, conversation) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute((row.account.0, &row.external, row.id.0))?;
    if named == 0 {
        return Err(batch::name_taken(row.id).into());
    }
    transaction
        .prepare_cached(
            "INSERT INTO conversation (id, account, external, rev, last_seq, due_ms, recent, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((row.id.0, row.account.0, &row.external, rev, row.last_seq, due, &row.recent, &row.state))?;
    Ok(())
}

fn change_outbox(
    transaction: &Transaction<'_>,
    seq: i64,
    conversation: ConversationId,
    change: &OutboxChange,
) -> Result<(), Failure> {
    let id = |reply: ReplyId| batch::outbox_id(conversation, reply);
    match change {
        OutboxChange::Put(row) => {
            let (state, attempt, epoch, begun, not_after) = columns(row.state);
            transaction
                // A replaced reply keeps its place in the order: `seq` stays.
                .prepare_cached(
                    "INSERT INTO outbox (id, account, seq, body, state, attempt, epoch, begun_ms, not_after_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                     ON CONFLICT (id) DO UPDATE SET body = ?4, state = ?5, attempt = ?6, epoch = ?7, begun_ms = ?8,
                     not_after_ms = ?9",
                )?
                .execute((id(row.reply)?, row.account.0, seq, &row.body, state, attempt, epoch, begun, not_after))?;
        }
        OutboxChange::State { reply, state } => {
            let (state, attempt, epoch, begun, not_after) = columns(*state);
            let changed = transaction
                .prepare_cached(
                    "UPDATE outbox SET state = ?2, attempt = ?3, epoch = ?4, begun_ms = ?5, not_after_ms = ?6 WHERE id = ?1",
                )?
                .execute((id(*reply)?, state, attempt, epoch, begun, not_after))?;
            if changed == 0 {
                return Err(batch::no_such_reply(conversation, *reply).into());
            }
        }
        OutboxChange::Remove { reply } => {
            transaction.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id(*reply)?])?;
        }
    }
    Ok(())
}

/// `state, attempt, epoch, begun_ms, not_after_ms`
type Columns = (i64, Option<u32>, Option<i64>, Option<i64>, Option<i64>);

fn columns(state: OutboxState) -> Columns {
    match state {
        OutboxState::Queued => (outbox_state::QUEUED, None, None, None, None),
        OutboxState::Held => (outbox_state::HELD, None, None, None, None),
        OutboxState::Marked { attempt, epoch, begun, not_after } => {
            (outbox_state::MARKED, Some(attempt), Some(epoch), Some(begun.0), Some(not_after.0))
        }
        OutboxState::Unknown { attempt } => (outbox_state::UNKNOWN, Some(attempt), None, None, None),
    }
}

fn known(transaction: &Transaction<'_>, account: AccountId) -> Result<(), Failure> {
    let mut statement = transaction.prepare_cached("SELECT 1 FROM account WHERE id = ?1")?;
    if statement.exists([account.0])? { Ok(()) } else { Err(batch::no_such_account(account).into()) }
}

fn count(transaction: &Transaction<'_>, name: &str, value: i64) -> Result<(), Failure> {
    transaction.prepare_cached("INSERT OR REPLACE INTO counter (name, value) VALUES (?1, ?2)")?.execute((name, value))?;
    Ok(())
}
