//! In: the Store port's calls. Out: a PostgreSQL database that several processes share as equals.
//! Does not know: the engine's insides.
//! Commits go over one connection, single statements over a few, notifications over one.

mod commit;
pub(super) mod copy;
mod erasure;
mod events;
mod failure;
mod lease;
mod listen;
mod open;
mod outbox;
mod pool;
mod reader;
mod schema;
mod statements;
mod tls;
mod write;

#[cfg(test)]
mod proxy;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use self::commit::Counter;
use self::failure::Failure;
use self::lease::Leading;
use self::open::Dial;
use self::pool::Desk;
use super::batch;
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, AccountRow, Clock, ConversationId, ConversationRow, HistoryRow, Lease, OutboxRow, PAUSE, Record, Store,
    StoreError, VersionRow, Written,
};

/// Others may take the number that a version of the bot would get; so often in a row nobody does.
const VERSION_TRIES: usize = 16;

/// The store in a PostgreSQL database, version 15 or later. Every process computes on what it has loaded; of two that
/// change a conversation at once, the later commit is refused as [`Written::Stale`].
pub struct Postgres {
    desk: Arc<Desk>,
    counter: Arc<Counter>,
    leading: Arc<Leading>,
    epoch: i64,
    /// Rung when there may be news.
    heard: Arc<Notify>,
    bell: JoinHandle<()>,
    /// Conversation ids set aside in the database and not yet given.
    fresh: Mutex<Range<i64>>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects to `postgres://user:password@host/database`, brings its tables up to date, and begins a new epoch.
    /// `sslmode=disable | prefer | require` in the URL says how: `require` also checks the server's certificate.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the server cannot be reached now, [`StoreError::Newer`] when a newer version was here,
    /// [`StoreError::Broken`] when the URL cannot be read, the login is refused or this is no database for us. No error
    /// repeats the password.
    pub async fn open(url: &SecretString, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let dial = Dial::new(url)?;
        let named = |failure: Failure| match StoreError::from(failure) {
            StoreError::Broken(text) => StoreError::Broken(format!("{}: {text}", dial.place())),
            StoreError::Busy(text) => StoreError::Busy(format!("{}: {text}", dial.place())),
            other => other,
        };
        let mut client = dial.connect().await.map_err(named)?;
        let epoch = schema::begin(&mut client).await.map_err(named)?;
        let desk = Arc::new(Desk::new(&dial, Arc::clone(&clock))?);
        let leading = Arc::new(Leading::new(Arc::clone(&desk), epoch));
        let heard = Arc::new(Notify::new());
        let (told, telling) = tokio::sync::mpsc::unbounded_channel();
        let bell = listen::Bell {
            dial: dial.clone(),
            clock: Arc::clone(&clock),
            leading: Arc::clone(&leading),
            heard: Arc::clone(&heard),
            told: telling,
        };
        let counter = Counter { dial, epoch, leading: Arc::clone(&leading), clock, told, line: tokio::sync::Mutex::default() };
        Ok(Self {
            desk,
            counter: Arc::new(counter),
            leading,
            epoch,
            heard,
            bell: tokio::spawn(bell.run()),
            fresh: Mutex::new(0..0),
        })
    }

    async fn set_conversations_aside(&self) -> Result<Range<i64>, Failure> {
        let row = self.desk.row("SELECT nextval('conversation_block')", &[]).await?;
        let first: i64 = some(row.as_ref())?.try_get(0)?;
        Ok(first..first + schema::ASIDE)
    }

    async fn account_id(&self, app: i32, open_id: &[u8]) -> Result<AccountId, Failure> {
        loop {
            let found = "SELECT id FROM account WHERE app = $1 AND sha256(open_id) = sha256($2)";
            if let Some(row) = self.desk.row(found, &[&app, &open_id]).await? {
                return Ok(AccountId(row.try_get(0)?));
            }
            let made = "INSERT INTO account (app, open_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            self.desk.rows(made, &[&app, &open_id]).await?;
        }
    }

    async fn known(&self, account: AccountId) -> Result<(), Failure> {
        let known = self.leading.apps_of([account].into()).await?;
        if known.is_empty() { Err(batch::no_such_account(account).into()) } else { Ok(()) }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.bell.abort();
        self.desk.close();
    }
}

#[async_trait]
impl Store for Postgres {
    async fn epoch(&self) -> Result<i64, StoreError> {
        Ok(self.epoch)
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn lease(&self, app: &str, length: Duration) -> Result<Lease, StoreError> {
        Ok(self.leading.lease(app, length).await?)
    }

    async fn release(&self, app: &str) -> Result<(), StoreError> {
        Ok(self.leading.release(app).await?)
    }

    async fn news(&self) -> Result<Vec<ConversationId>, StoreError> {
        Ok(self.leading.news().await?)
    }

    async fn hint(&self) {
        self.heard.notified().await;
    }

    async fn revisions(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, u64, i64)>, StoreError> {
        let ids: Vec<i64> = conversations.iter().map(|id| id.0).collect();
        let rows = self.desk.rows(reader::REVISIONS, &[&ids]).await?;
        all(&rows, |row| Ok((ConversationId(row.try_get(0)?), reader::revision(row.try_get(1)?), row.try_get(2)?)))
    }

    async fn account(&self, app: &str, open_id: &str) -> Result<AccountId, StoreError> {
        let app = self.leading.app(app).await?;
        Ok(self.account_id(app, open_id.as_bytes()).await?)
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        all(&self.desk.rows(reader::ACCOUNTS, &[]).await?, reader::account)
    }

    async fn put_token(&self, account: AccountId, generation: i64, token: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.known(account).await?;
        let put = "UPDATE account SET token = $3, token_generation = $2 WHERE id = $1 AND token_generation < $2";
        self.desk.rows(put, &[&account.0, &generation, &token]).await?;
        Ok(())
    }

    async fn fresh_conversation(&self) -> Result<ConversationId, StoreError> {
        loop {
            if let Some(id) = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).next() {
                return Ok(ConversationId(id));
            }
            // Two callers may set ids aside at once; the remainder of the first range is then never given.
            let range = self.set_conversations_aside().await?;
            *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = range;
        }
    }

    async fn find(&self, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, StoreError> {
        let row = self.desk.row(reader::FIND, &[&account.0, &external]).await?;
        Ok(row.as_ref().map(reader::conversation).transpose()?)
    }

    async fn load(&self, conversation: ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        let row = self.desk.row(reader::LOAD, &[&conversation.0]).await?;
        Ok(row.as_ref().map(reader::conversation).transpose()?)
    }

    async fn commit(&self, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        self.counter.commit(records).await
    }

    async fn due(&self, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, StoreError> {
        let rows = self.desk.rows(reader::DUE, &[&self.epoch, &until.0, &reader::limit(most)]).await?;
        all(&rows, |row| Ok((ConversationId(row.try_get(0)?), Moment(row.try_get(1)?))))
    }

    async fn next_due(&self) -> Result<Option<Moment>, StoreError> {
        let row = self.desk.row(reader::NEXT_DUE, &[&self.epoch]).await?;
        let due: Option<i64> = some(row.as_ref())?.try_get(0).map_err(Failure::from)?;
        Ok(due.map(Moment))
    }

    async fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        all(&self.desk.rows(reader::OUTBOX, &[&self.epoch]).await?, reader::outbox)
    }

    async fn outbox_of(&self, conversation: ConversationId) -> Result<Vec<OutboxRow>, StoreError> {
        all(&self.desk.rows(reader::OUTBOX_OF, &[&conversation.0]).await?, reader::outbox)
    }

    async fn history(&self, conversation: ConversationId, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        all(&self.desk.rows(reader::HISTORY, &[&conversation.0, &reader::limit(most)]).await?, reader::history)
    }

    async fn loose_history(&self, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        // One more, which the last one follows.
        let rows = self.desk.rows(reader::LOOSE, &[&reader::limit(most.saturating_add(1))]).await?;
        let mut lines = all(&rows, reader::history)?;
        lines.truncate(most);
        Ok(lines)
    }

    async fn conversations(&self, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        all(&self.desk.rows(reader::CONVERSATIONS, &[&reader::limit(most)]).await?, reader::conversation)
    }

    async fn conversations_after(&self, after: ConversationId, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        let rows = self.desk.rows(reader::CONVERSATIONS_AFTER, &[&after.0, &reader::limit(most)]).await?;
        all(&rows, reader::conversation)
    }

    async fn versions(&self) -> Result<Vec<VersionRow>, StoreError> {
        all(&self.desk.rows(reader::VERSIONS, &[]).await?, reader::version)
    }

    async fn version(&self, number: u32) -> Result<Option<VersionRow>, StoreError> {
        let row = self.desk.row(reader::VERSION, &[&numbered(number)]).await?;
        Ok(row.as_ref().map(reader::version).transpose()?)
    }

    async fn put_version(&self, version: VersionRow) -> Result<u32, StoreError> {
        let put = "
            INSERT INTO version (number, digest, at_ms, program, body)
            SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4 FROM version ON CONFLICT DO NOTHING";
        let (digest, program) = (version.digest.as_bytes(), version.program.as_bytes());
        for _ in 0..VERSION_TRIES {
            self.desk.rows(put, &[&digest, &version.at.0, &program, &version.body]).await?;
            if let Some(row) = self.desk.row("SELECT number FROM version WHERE digest = $1", &[&digest]).await? {
                let number: i32 = row.try_get(0).map_err(Failure::from)?;
                return Ok(u32::try_from(number).unwrap_or(0));
            }
        }
        Err(StoreError::Busy("others store versions of the bot at the same time".to_owned()))
    }

    async fn remove_versions(&self, numbers: &[u32]) -> Result<(), StoreError> {
        let numbers: Vec<i32> = numbers.iter().copied().map(numbered).collect();
        self.desk.rows("DELETE FROM version WHERE number = ANY($1)", &[&numbers]).await?;
        Ok(())
    }

    async fn media(&self, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, StoreError> {
        let sql = "SELECT media_id, until_ms FROM media WHERE account = $1 AND digest = $2";
        let row = self.desk.row(sql, &[&account.0, &digest.as_bytes()]).await?;
        let media = |row: &tokio_postgres::Row| Ok::<_, Failure>((reader::text(row.try_get(0)?)?, Moment(row.try_get(1)?)));
        Ok(row.as_ref().map(media).transpose()?)
    }

    async fn put_media(&self, account: AccountId, digest: &str, media_id: &str, until: Moment) -> Result<(), StoreError> {
        self.known(account).await?;
        let (digest, media_id) = (digest.as_bytes(), media_id.as_bytes());
        if media_id.is_empty() {
            self.desk.rows("DELETE FROM media WHERE account = $1 AND digest = $2", &[&account.0, &digest]).await?;
        } else {
            let put = "
                INSERT INTO media (account, digest, media_id, until_ms) VALUES ($1, $2, $3, $4)
                ON CONFLICT (account, digest) DO UPDATE SET media_id = excluded.media_id, until_ms = excluded.until_ms";
            self.desk.rows(put, &[&account.0, &digest, &media_id, &until.0]).await?;
        }
        Ok(())
    }

    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.desk.row("SELECT value FROM meta WHERE key = $1", &[&key.as_bytes()]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose().map_err(Failure::from)?)
    }

    async fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        if key == PAUSE || key.strip_prefix(PAUSE).is_some_and(|rest| rest.starts_with(':')) {
            // Waits for the marks under way; those after it see the pause.
            let put = "
                INSERT INTO meta (key, value)
                SELECT $1::bytea, $2::bytea WHERE pg_advisory_xact_lock($3, $4)::text IS NOT NULL
                ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            self.desk.rows(put, &[&key.as_bytes(), &value, &schema::LOCKS, &schema::PAUSING]).await?;
            return Ok(());
        }
        let put = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.desk.rows(put, &[&key.as_bytes(), &value]).await?;
        Ok(())
    }

    async fn put_meta_once(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let put = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.desk.rows(put, &[&key.as_bytes(), &value]).await?;
        let row = self.desk.row("SELECT value FROM meta WHERE key = $1", &[&key.as_bytes()]).await?;
        Ok(some(row.as_ref())?.try_get(0).map_err(Failure::from)?)
    }
}

/// A number that is too large is nobody's.
fn numbered(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(0)
}

fn all<T>(rows: &[tokio_postgres::Row], read: impl Fn(&tokio_postgres::Row) -> Result<T, Failure>) -> Result<Vec<T>, StoreError> {
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn some(row: Option<&tokio_postgres::Row>) -> Result<&tokio_postgres::Row, StoreError> {
    row.ok_or_else(|| batch::broken("a row that must be there is not"))
}
