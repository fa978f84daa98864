//! In: two places of stores, one of them empty. Out: the same contents in both, counted and hashed on both sides.
//! Does not know: how either keeps its rows; `sqlite::copy` and `postgres::copy` do.
//! What has no order or number of its own (names, counters) is made anew from what has.

pub(super) mod tables;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use self::tables::{Row, TABLES, Table, Value};
use super::{postgres, sqlite};
use crate::runtime::port::StoreError;

/// Rows that travel together.
pub(super) const ROWS: usize = 500;

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Place {
    File(PathBuf),
    Database(SecretString),
}

/// What one side holds in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub rows: u64,
    /// SHA-256 over all rows in their order, in hexadecimal.
    pub digest: String,
}

/// A table on both sides.
#[derive(Clone, Debug)]
pub struct Copied {
    pub table: &'static str,
    pub from: Tally,
    pub to: Tally,
}

/// Counts and hashes rows on their way.
#[derive(Default)]
pub(super) struct Counting {
    rows: u64,
    digest: Sha256,
}

impl Counting {
    pub(super) fn add(&mut self, row: &Row) {
        self.rows += 1;
        for value in row {
            // Kind and length before each value, so that no two rows look alike.
            match value {
                Value::Null => self.digest.update([0]),
                Value::Number(number) => {
                    self.digest.update([1]);
                    self.digest.update(number.to_be_bytes());
                }
                Value::Bytes(bytes) => {
                    self.digest.update([2]);
                    self.digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
                    self.digest.update(bytes);
                }
            }
        }
    }

    fn tally(self) -> Tally {
        let digest = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Tally { rows: self.rows, digest }
    }
}

/// Rows of one table in its order, in packets; or why they end.
pub(super) type Rows = mpsc::Receiver<Result<Vec<Row>, StoreError>>;
pub(super) type Sender = mpsc::Sender<Result<Vec<Row>, StoreError>>;

/// One side, opened.
enum Side {
    Sqlite(sqlite::copy::Side),
    Postgres(postgres::copy::Side),
}

impl Side {
    async fn open(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::File(path) => Self::Sqlite(sqlite::copy::Side::open(path)?),
            Place::Database(url) => Self::Postgres(postgres::copy::Side::open(url).await?),
        })
    }

    async fn epoch(&mut self) -> Result<i64, StoreError> {
        match self {
            Self::Sqlite(side) => side.epoch(),
            Self::Postgres(side) => side.epoch().await,
        }
    }

    async fn read(&mut self, table: &'static Table, rows: Sender) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.read(table, rows).await,
            Self::Postgres(side) => side.read(table, rows).await,
        }
    }

    async fn begin_writing(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.begin_writing(),
            Self::Postgres(side) => side.begin_writing().await,
        }
    }

    async fn write(&mut self, table: &'static Table, rows: Rows) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.write(table, rows).await,
            Self::Postgres(side) => side.write(table, rows).await,
        }
    }

    async fn finish_writing(&mut self, epoch: i64) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.finish_writing(epoch),
            Self::Postgres(side) => side.finish_writing(epoch).await,
        }
    }
}

/// Copies everything into an empty store, in one transaction, and reads it back. `progress` hears of each table how many
/// rows have been read.
///
/// # Errors
/// The target is not empty, a process serves from one of the two, one cannot be opened, read or written, or what was
/// read back is not what was written. After any but the last, the target is as it was.
pub async fn copy(from: &Place, to: &Place, mut progress: impl FnMut(&'static str, u64)) -> Result<Vec<Copied>, StoreError> {
    let mut source = Side::open(from).await?;
    let mut target = Side::open(to).await?;
    let epoch = source.epoch().await?;
    target.begin_writing().await?;
    let mut sent = Vec::new();
    for table in TABLES {
        let (sender, mut read): (Sender, Rows) = mpsc::channel(4);
        let (forward, forwarded): (Sender, Rows) = mpsc::channel(4);
        let counting = async {
            let mut counted = Counting::default();
            while let Some(packet) = read.recv().await {
                if let Ok(rows) = &packet {
                    rows.iter().for_each(|row| counted.add(row));
                    progress(table.name, counted.rows);
                }
                if forward.send(packet).await.is_err() {
                    break;
                }
            }
            drop(forward);
            drop(read);
            counted.tally()
        };
        let (read, tally, written) = tokio::join!(source.read(table, sender), counting, target.write(table, forwarded));
        written?;
        read?;
        sent.push((table, tally));
    }
    target.finish_writing(epoch).await?;
    let mut copied = Vec::new();
    for (table, from) in sent {
        let (sender, mut read): (Sender, Rows) = mpsc::channel(4);
        let counting = async {
            let mut counted = Counting::default();
            while let Some(packet) = read.recv().await {
                packet?.iter().for_each(|row| counted.add(row));
            }
            Ok::<_, StoreError>(counted.tally())
        };
        let (read, to) = tokio::join!(target.read(table, sender), counting);
        read?;
        copied.push(Copied { table: table.name, from, to: to? });
    }
    match copied.iter().find(|copied| copied.from != copied.to) {
        Some(wrong) => Err(super::batch::broken(format!("the table `{}` was not read back as it was written", wrong.table))),
        None => Ok(copied),
    }
}
