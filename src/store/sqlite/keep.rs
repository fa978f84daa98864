//! Copies of a store: made beside a running server, looked at, and brought back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::failure::Failure;
use super::lock::Lock;
use super::schema::STEPS;
use super::{generation, open};
use crate::runtime::port::StoreError;
use crate::store::batch::broken;

/// Pages copied in one go; between two of them the server's writer has its turn.
const PAGES: std::ffi::c_int = 2_000;
const PAUSE: Duration = Duration::from_millis(1);
/// What is wrong is told so often at most.
const FINDINGS_MAX: usize = 20;

/// What a database holds, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub schema: usize,
    /// What this program writes.
    pub schema_known: usize,
    pub accounts: u64,
    pub conversations: u64,
    pub history: u64,
    pub outbox: u64,
    /// Of the bot.
    pub versions: u64,
    /// In words; empty where all is well.
    pub findings: Vec<String>,
}

/// Copies the store at `from` into the new file `to`, whole and synced, also while a server writes to it. The copy knows
/// that it is one.
///
/// # Errors
/// `from` is no store, `to` is there already, or the disk is full; nothing is left of a copy that was not finished.
pub fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    refuse_existing(to)?;
    let source = reading(from)?;
    let new = beside(to, ".new");
    let copied = copy(&source, &new).and_then(|()| put_in_place(&new, to));
    if copied.is_err() {
        remove_whole(&new);
    }
    copied
}

/// Brings the copy at `from` back to `to`, from where the next server starts in restored mode. What stood at `to` is kept
/// beside it; its name is given back.
///
/// # Errors
/// `from` is no sound store, or a server runs on `to`.
pub fn restore(from: &Path, to: &Path) -> Result<Option<PathBuf>, StoreError> {
    let checked = check(from)?;
    if let Some(finding) = checked.findings.first() {
        return Err(broken(format!("{} is damaged: {finding}", from.display())));
    }
    let _lock = Lock::take(to)?;
    let source = reading(from)?;
    let new = beside(to, ".new");
    remove_whole(&new);
    if let Err(error) = copy(&source, &new) {
        remove_whole(&new);
        return Err(error);
    }
    let kept = match to.exists() {
        true => Some(set_aside(to)?),
        false => None,
    };
    put_in_place(&new, to)?;
    Ok(kept)
}

/// Looks through a store that may be in use: SQLite's own check, the tables' numbers, the chains of the history.
///
/// # Errors
/// When it cannot be opened or is no store of ours.
pub fn check(path: &Path) -> Result<Checked, StoreError> {
    let connection = reading(path)?;
    Ok(checked(&connection)?)
}

/// Writes the whole file anew, so that nothing stays in it of what was replaced or removed before.
///
/// # Errors
/// It is no store, a server has it, or the disk is full; then it is as before.
pub fn scrub(path: &Path) -> Result<(), StoreError> {
    drop(reading(path)?);
    let _lock = Lock::take(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(Failure::from)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(Failure::from)?;
    connection.execute_batch("PRAGMA secure_delete = ON; VACUUM").map_err(Failure::from)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Failure::from)?;
    connection.close().map_err(|(_, error)| Failure::from(error))?;
    Ok(())
}

/// The row that says which version of the bot is live names one that is there.
const LIVE: (&str, &str) = (
    "SELECT live FROM (
         SELECT CASE WHEN json_valid(CAST(value AS TEXT)) THEN json_extract(CAST(value AS TEXT), '$.live') ELSE 0 END AS live
         FROM meta WHERE key = 'live_version' AND length(value) > 0
     ) WHERE live IS NULL OR live NOT IN (SELECT number FROM version)",
    "a live version of the bot that is not there:",
);

fn checked(connection: &Connection) -> Result<Checked, Failure> {
    let number = |sql: &str| -> Result<u64, Failure> {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    let mut checked = Checked {
        schema: usize::try_from(number("SELECT user_version FROM pragma_user_version")?).unwrap_or(0),
        schema_known: STEPS.len(),
        ..Checked::default()
    };
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    checked.findings = lines.filter(|line| line.as_ref().map_or(true, |line| line != "ok")).collect::<Result<_, _>>()?;
    if !checked.findings.is_empty() {
        return Ok(checked);
    }
    checked.accounts = number("SELECT count(*) FROM account")?;
    checked.conversations = number("SELECT count(*) FROM conversation")?;
    checked.history = number("SELECT count(*) FROM history")?;
    checked.outbox = number("SELECT count(*) FROM outbox")?;
    let mut asked = CHAINS.to_vec();
    if checked.schema > 1 {
        checked.versions = number("SELECT count(*) FROM version")?;
        asked.push(LIVE);
    }
    for (sql, finding) in asked {
        let mut statement = connection.prepare(sql)?;
        let found = statement.query_map([], |row| row.get::<_, i64>(0))?;
        for id in found.take(FINDINGS_MAX) {
            checked.findings.push(format!("{finding} {}", id?));
        }
    }
    Ok(checked)
}

/// What the chains of the history must not show. The oldest lines may have been cut off.
const CHAINS: [(&str, &str); 4] = [
    ("SELECT seq FROM history WHERE prev >= seq", "a line of the history that comes before the one before it:"),
    (
        "SELECT line.seq FROM history line JOIN history earlier ON earlier.seq = line.prev
         WHERE earlier.conversation IS NOT line.conversation",
        "a line of the history that follows one of another conversation:",
    ),
    (
        "SELECT conversation.id FROM conversation LEFT JOIN history ON history.seq = conversation.last_seq
         WHERE conversation.last_seq IS NOT NULL AND history.conversation IS NOT conversation.id",
        "a conversation whose newest line is missing or another's:",
    ),
    (
        "SELECT outbox.id FROM outbox LEFT JOIN conversation ON conversation.id = outbox.id >> 24 WHERE conversation.id IS NULL",
        "a reply of no conversation:",
    ),
];

/// A connection that can only read, on a file of ours.
fn reading(path: &Path) -> Result<Connection, StoreError> {
    let named = |failure: Failure| match StoreError::from(failure) {
        StoreError::Broken(text) => broken(format!("{}: {text}", path.display())),
        other => other,
    };
    if !path.is_file() {
        return Err(broken(format!("{} is no file", path.display())));
    }
    let connection = open::reading(path).map_err(named)?;
    match open::recognise(&connection, path).map_err(named)? {
        0 => Err(broken(format!("{} is empty", path.display()))),
        _ => Ok(connection),
    }
}

fn copy(source: &Connection, to: &Path) -> Result<(), StoreError> {
    open::make_private(to);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags).map_err(Failure::from)?;
    {
        let backup = Backup::new(source, &mut target).map_err(Failure::from)?;
        backup.run_to_completion(PAGES, PAUSE, None).map_err(Failure::from)?;
    }
    // One file, without a log beside it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(Failure::from)?;
    target.execute_batch("PRAGMA synchronous = FULL").map_err(Failure::from)?;
    generation::mark_copy(&target)?;
    target.close().map_err(|(_, error)| Failure::from(error))?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| broken(format!("{}: {error}", to.display())))
}

fn refuse_existing(to: &Path) -> Result<(), StoreError> {
    if to.exists() { Err(broken(format!("{} is there already; nothing was written", to.display()))) } else { Ok(()) }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// What stands there, with its log, under a name that is free.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let free = (1..).map(|number| beside(path, &format!(".before-{number}"))).find(|name| !name.exists());
    let free = free.ok_or_else(|| broken("no name is free"))?;
    for end in ["", "-wal", "-shm"] {
        let (old, new) = (beside(path, end), beside(&free, end));
        if old.exists() {
            std::fs::rename(&old, &new).map_err(|error| broken(format!("{}: {error}", old.display())))?;
        }
    }
    Ok(free)
}

fn put_in_place(new: &Path, to: &Path) -> Result<(), StoreError> {
    std::fs::rename(new, to).map_err(|error| broken(format!("{}: {error}", to.display())))?;
    // The rename is durable only when the folder is.
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Ok(folder) = std::fs::File::open(folder)
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn remove_whole(path: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        // What is not there need not be removed; what cannot be is in nobody's way.
        let _ = std::fs::remove_file(beside(path, end));
    }
}
