//! In: the Store port's calls. Out: one SQLite file that this process alone owns.
//! Does not know: the engine's insides.
//! One thread writes, a few connections read, one thread copies the log into the file (checkpoints).

pub(super) mod copy;
mod erasure;
mod events;
mod failure;
mod generation;
mod keep;
mod lock;
mod open;
mod reader;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

pub use self::keep::{Checked, backup, check, restore, scrub};

use self::reader::Readers;
use self::writer::Writer;
use super::batch::broken;
use crate::calendar::Moment;
use crate::runtime::port::{
    AccountId, AccountRow, ConversationId, ConversationRow, Found, HistoryRow, OutboxRow, Record, Store, StoreError, VersionRow,
    Written,
};

/// The store in one file. Dropping it finishes what was handed in and gives the file free.
pub struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    epoch: i64,
    /// Conversation ids set aside in the file and not yet given.
    fresh: Mutex<Range<i64>>,
    /// The file with the generation.
    beside: PathBuf,
    /// When the generation was renewed, by the records' moments.
    renewed_ms: AtomicI64,
}

/// The generation is renewed so often: a copy by other hands that is older than this is known for one.
const GENERATION_MS: i64 = 10 * 60_000;
const NEVER: i64 = i64::MIN;

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the file, or makes it; brings an older one up to date; raises the epoch. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`StoreError::Owned`] when another process has it, [`StoreError::Newer`] when a newer version wrote it,
    /// [`StoreError::Broken`] when it is no file of ours, is damaged, or its folder is missing. A file that is refused
    /// is left as it was.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock::Lock::take(path)?;
        let (mut connection, epoch) = open::writing(path)?;
        generation::take_up(&mut connection, path)?;
        // Whole, so that a change of the working folder does not lead later connections to another file.
        let path = path.canonicalize().map_err(|error| broken(format!("{}: {error}", path.display())))?;
        let writer = Writer::start(&path, connection, lock)?;
        let (beside, renewed_ms) = (generation::beside(&path), AtomicI64::new(NEVER));
        Ok(Self { writer, readers: Readers::new(&path), epoch, fresh: Mutex::new(0..0), beside, renewed_ms })
    }

    /// Now and then the file becomes another one than any copy of it.
    async fn renew(&self, newest: Moment) {
        let before = self.renewed_ms.load(Ordering::Relaxed);
        if before != NEVER && newest.0.saturating_sub(before) < GENERATION_MS {
            return;
        }
        self.renewed_ms.store(newest.0, Ordering::Relaxed);
        if before == NEVER {
            // Opening it has just done so.
            return;
        }
        let beside = self.beside.clone();
        if let Err(error) = self.writer.run(move |desk| desk.renew(&beside)).await {
            tracing::warn!(%error, "the store's generation was not renewed");
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Before the writer, whose end gives the file free.
        self.readers.close();
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn epoch(&self) -> Result<i64, StoreError> {
        Ok(self.epoch)
    }

    async fn account(&self, app: &str, open_id: &str) -> Result<AccountId, StoreError> {
        let (app, open_id) = (app.to_owned(), open_id.to_owned());
        self.writer.run(move |desk| desk.account(&app, &open_id)).await
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.readers.run(reader::accounts).await
    }

    async fn put_token(&self, account: AccountId, generation: i64, token: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.writer.run(move |desk| desk.put_token(account, generation, token.as_deref())).await
    }

    async fn fresh_conversation(&self) -> Result<ConversationId, StoreError> {
        loop {
            if let Some(id) = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).next() {
                return Ok(ConversationId(id));
            }
            // Two callers may set ids aside at once; the remainder of the first range is then never given. There are
            // enough of them, and none is given twice.
            let range = self.writer.run(writer::Desk::set_conversations_aside).await?;
            *self.fresh.lock().unwrap_or_else(PoisonError::into_inner) = range;
        }
    }

    async fn find(&self, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, StoreError> {
        let external = external.to_vec();
        self.readers.run(move |connection| reader::find(connection, account, &external)).await
    }

    async fn find_all(&self, wanted: &[(AccountId, &[u8])]) -> Result<Vec<Option<Found>>, StoreError> {
        let wanted: Vec<(AccountId, Vec<u8>)> = wanted.iter().map(|(account, name)| (*account, name.to_vec())).collect();
        self.readers.run(move |connection| reader::find_all(connection, &wanted)).await
    }

    async fn load(&self, conversation: ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        self.readers.run(move |connection| reader::load(connection, conversation)).await
    }

    async fn commit(&self, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        let newest = records.iter().map(|record| record.at).max();
        let written = self.writer.run(move |desk| desk.commit(records)).await?;
        if let Some(newest) = newest {
            self.renew(newest).await;
        }
        Ok(written)
    }

    async fn due(&self, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, StoreError> {
        self.readers.run(move |connection| reader::due(connection, until, most)).await
    }

    async fn next_due(&self) -> Result<Option<Moment>, StoreError> {
        self.readers.run(reader::next_due).await
    }

    async fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError> {
        self.readers.run(reader::outbox).await
    }

    async fn outbox_of(&self, conversation: ConversationId) -> Result<Vec<OutboxRow>, StoreError> {
        self.readers.run(move |connection| reader::outbox_of(connection, conversation)).await
    }

    async fn history(&self, conversation: ConversationId, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        self.readers.run(move |connection| reader::history(connection, conversation, most)).await
    }

    async fn loose_history(&self, most: usize) -> Result<Vec<HistoryRow>, StoreError> {
        self.readers.run(move |connection| reader::loose_history(connection, most)).await
    }

    async fn conversations(&self, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        self.readers.run(move |connection| reader::conversations(connection, most)).await
    }

    async fn conversations_after(&self, after: ConversationId, most: usize) -> Result<Vec<ConversationRow>, StoreError> {
        self.readers.run(move |connection| reader::conversations_after(connection, after, most)).await
    }

    async fn versions(&self) -> Result<Vec<VersionRow>, StoreError> {
        self.readers.run(reader::versions).await
    }

    async fn version(&self, number: u32) -> Result<Option<VersionRow>, StoreError> {
        self.readers.run(move |connection| reader::version(connection, number)).await
    }

    async fn put_version(&self, version: VersionRow) -> Result<u32, StoreError> {
        self.writer.run(move |desk| desk.put_version(&version)).await
    }

    async fn remove_versions(&self, numbers: &[u32]) -> Result<(), StoreError> {
        let numbers = numbers.to_vec();
        self.writer.run(move |desk| desk.remove_versions(&numbers)).await
    }

    async fn media(&self, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, StoreError> {
        let digest = digest.to_owned();
        self.readers.run(move |connection| reader::media(connection, account, &digest)).await
    }

    async fn put_media(&self, account: AccountId, digest: &str, media_id: &str, until: Moment) -> Result<(), StoreError> {
        let (digest, media_id) = (digest.to_owned(), media_id.to_owned());
        self.writer.run(move |desk| desk.put_media(account, &digest, &media_id, until)).await
    }

    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_owned();
        self.readers.run(move |connection| reader::meta(connection, &key)).await
    }

    async fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let (key, value) = (key.to_owned(), value.to_vec());
        self.writer.run(move |desk| desk.put_meta(&key, &value)).await
    }

    async fn put_meta_once(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (key, value) = (key.to_owned(), value.to_vec());
        self.writer.run(move |desk| desk.put_meta_once(&key, &value)).await
    }
}
