//! Whether the file is the one that was here last. Its generation stands in it and in a file beside it, and changes with
//! time: a file that somebody brought back has another one.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};

use super::failure::Failure;
use crate::runtime::port::{RESTORED_PENDING, StoreError};
use crate::store::batch::broken;

const KEY: &str = "generation";
/// What is written into a copy: no file beside ever holds it.
pub(super) const COPY: &str = "copy";
const BYTES_MAX: u64 = 4_096;

/// `<database>.generation`, beside the real file where the path is a link.
pub(super) fn beside(database: &Path) -> PathBuf {
    let mut name = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(".generation");
    PathBuf::from(name)
}

/// Looks whether the file is an older one, notes that in it, and gives it a new generation. True where it is.
pub(super) fn take_up(connection: &mut Connection, database: &Path) -> Result<bool, StoreError> {
    let path = beside(database);
    let kept = stored(connection)?;
    let told = read(&path)?;
    let restored = match (&kept, &told) {
        (Some(kept), Some(told)) => !told.lines().any(|line| line == kept),
        (Some(_), None) => true,
        // A file without a generation where another one stood; an empty one is a new beginning.
        (None, Some(_)) => has_history(connection)?,
        (None, None) => false,
    };
    if restored {
        put(connection, RESTORED_PENDING, b"1")?;
    }
    renew(connection, &path)?;
    Ok(restored)
}

/// A new generation for both. Whatever happens in between, the file beside knows the one in the database.
pub(super) fn renew(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let new: String = connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0)).map_err(Failure::from)?;
    let old = stored(connection)?.unwrap_or_default();
    write(path, &format!("{old}\n{new}\n"))?;
    put(connection, KEY, new.as_bytes())?;
    write(path, &format!("{new}\n"))
}

/// Marks a database as a copy, which is nobody's newest.
pub(super) fn mark_copy(connection: &Connection) -> Result<(), StoreError> {
    put(connection, KEY, COPY.as_bytes())
}

fn stored(connection: &Connection) -> Result<Option<String>, StoreError> {
    let value = connection.query_row("SELECT value FROM meta WHERE key = ?1", [KEY], |row| row.get::<_, Vec<u8>>(0));
    let value = value.optional().map_err(Failure::from)?;
    Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
}

fn put(connection: &Connection, key: &str, value: &[u8]) -> Result<(), StoreError> {
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", (key, value)).map_err(Failure::from)?;
    Ok(())
}

fn has_history(connection: &Connection) -> Result<bool, StoreError> {
    let any = connection.query_row("SELECT EXISTS (SELECT 1 FROM history)", [], |row| row.get(0));
    Ok(any.map_err(Failure::from)?)
}

fn read(path: &Path) -> Result<Option<String>, StoreError> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| broken(format!("{}: {error}", path.display()));
    match std::fs::File::open(path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), StoreError> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| broken(format!("{}: {error}", path.display()));
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = std::fs::File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&new, path)).map_err(failed)
}
