//! Opening: is it our file, of which version, and how SQLite shall behave on it.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::failure::Failure;
use super::schema::{APPLICATION_ID, STEPS};
use crate::runtime::port::StoreError;
use crate::store::batch::broken;

/// The one connection that writes, on a file of the newest version, with this start's epoch.
pub(super) fn writing(path: &Path) -> Result<(Connection, i64), StoreError> {
    let named = |failure: Failure| match StoreError::from(failure) {
        StoreError::Broken(text) => broken(format!("{}: {text}", path.display())),
        other => other,
    };
    make_private(path);
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE).map_err(named)?;
    let version = recognise(&connection, path).map_err(named)?;
    configure(&connection, version == 0).map_err(named)?;
    migrate(&mut connection, version).map_err(named)?;
    let epoch = raise_epoch(&mut connection).map_err(named)?;
    Ok((connection, epoch))
}

/// A connection that can only read.
pub(super) fn reading(path: &Path) -> Result<Connection, Failure> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // 8 MB: a reader looks up single rows; the pages of the hot ones are in the writer's cache and the kernel's.
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8000")?;
    Ok(connection)
}

/// A connection for the thread that copies the log into the file.
pub(super) fn copying(path: &Path) -> Result<Connection, Failure> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")?;
    Ok(connection)
}

/// What customers write is nobody else's business on the machine: a new file is its owner's alone, and SQLite gives the
/// log beside it the same rights. One that is there keeps the rights it was given.
#[cfg(unix)]
pub(super) fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Where this fails, opening it fails too, and tells why.
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

#[cfg(not(unix))]
pub(super) fn make_private(_: &Path) {}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Failure> {
    // NO_MUTEX: a connection is used by one thread at a time here. URI is not set: a path is a path, whatever is in it.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Only a backup tool can be in the way: this process owns the file.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Each of our queries has one plan, whatever is bound to it; without this some are planned anew at each use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// The file's version: 0 when it is empty. Only reads: what is not ours stays as it is.
pub(super) fn recognise(connection: &Connection, path: &Path) -> Result<usize, Failure> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (id, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if id == 0 && version == 0 && tables == 0 {
        return Ok(0);
    }
    if id != i64::from(APPLICATION_ID) {
        return Err(broken("this is the database of another program").into());
    }
    match usize::try_from(version) {
        Ok(version) if (1..=STEPS.len()).contains(&version) => Ok(version),
        Ok(version) if version > STEPS.len() => {
            let text = format!(
                "{} was written by a newer version of rejoinder (schema {version}, this one knows up to {}); run that version, or \
                 take a backup from before the upgrade",
                path.display(),
                STEPS.len()
            );
            Err(StoreError::Newer(text).into())
        }
        _ => Err(broken(format!("the schema version {version} is none of ours")).into()),
    }
}

fn configure(connection: &Connection, new: bool) -> Result<(), Failure> {
    if new {
        // Must come before anything is written. A turn touches a few small rows on a few pages, and each touched
        // page goes whole into the log: 2 KB pages halve the log, measured 30 % more inputs a second than 4 KB.
        connection.execute_batch("PRAGMA page_size = 2048")?;
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(broken(format!("the file system does not carry a write-ahead log (SQLite offers {mode:?})")).into());
    }
    connection.execute_batch(
        // FULL: the log is synced at each commit; with NORMAL a power cut takes back what was answered 200.
        "PRAGMA synchronous = FULL;
         -- 16 MB at most, taken as needed. What is not here is in the kernel's cache; and a commit that moved pages looks
         -- through all of them for such as lie behind the file's end (with 128 MB a third of a commit's time).
         PRAGMA cache_size = -16000;
         -- Copying the log into the file inside a commit is what makes slow commits; the checkpoint thread does it.
         PRAGMA wal_autocheckpoint = 0;
         -- After a checkpoint the log shrinks to this many bytes at most.
         PRAGMA journal_size_limit = 67108864;
         -- Accounts must be there before their names; a few point reads at first contact.
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         -- What is removed or replaced is overwritten, so that nothing of an erased customer stays on free pages.
         PRAGMA secure_delete = ON;
         -- A file that somebody else prepared runs no functions here.
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;",
    )?;
    Ok(())
}

/// Each step is one transaction with its version number: a crash leaves the file before it or after it.
fn migrate(connection: &mut Connection, version: usize) -> Result<(), Failure> {
    for (done, step) in STEPS.iter().enumerate().skip(version) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(done + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

fn raise_epoch(connection: &mut Connection) -> Result<i64, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let epoch = transaction.query_row(
        "INSERT INTO counter (name, value) VALUES ('epoch', 1)
         ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        [],
        |row| row.get(0),
    )?;
    transaction.commit()?;
    Ok(epoch)
}
