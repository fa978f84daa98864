//! One process owns a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::runtime::port::StoreError;
use crate::store::batch::broken;

/// Held as long as the store is open. The operating system lets it go when the process ends, however it ends; the file
/// itself stays, since removing it would let two processes lock two different files of one name.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started by another thread has the file open too, until it has become
        // its program. Where it cannot be let go, its end does.
        let _ = self.file.unlock();
    }
}

impl Lock {
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        // Before the lock file is made: it would stand beside a folder, or nowhere.
        if database.file_name().is_none() || database.is_dir() {
            return Err(broken(format!("{:?} is no file that a store could be in", database.display().to_string())));
        }
        let path = beside(database);
        let failed = |error: std::io::Error| broken(format!("cannot use the lock file {}: {error}", path.display()));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned(database, &mut file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.write_all(std::process::id().to_string().as_bytes()).map_err(failed)?;
        Ok(Self { file })
    }
}

/// `<database>.lock`, beside the real file where the path is a link, so that two names of one file share one lock.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(".lock");
    PathBuf::from(name)
}

fn owned(database: &Path, file: &mut File) -> StoreError {
    let mut pid = String::new();
    // Only for the text; where a locked file cannot be read, the holder stays unnamed.
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(20).read_to_string(&mut pid));
    let holder = match pid.trim().parse::<u32>() {
        Ok(pid) if read.is_ok() => format!("process {pid}"),
        _ => "another process".to_owned(),
    };
    StoreError::Owned(format!("{} is in use by {holder}", database.display()))
}
