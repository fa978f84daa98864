//! What SQLite says, in the port's words.

use rusqlite::ErrorCode;

use crate::runtime::port::StoreError;

/// Why a piece of work did not succeed: SQLite's reason, or ours.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(rusqlite::Error),
    Refused(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// Whether nothing this connection says can be trusted any more. After a failed fsync the kernel may have dropped
    /// the pages while the next fsync succeeds, so it must not be tried again.
    pub(super) fn is_final(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::FileLockingProtocolFailed
            )
        )
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let error = match failure {
            Failure::Refused(error) => return error,
            Failure::Sql(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error.to_string()),
            Some(ErrorCode::DiskFull) => Self::Full(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(code: std::ffi::c_int) -> Failure {
        Failure::Sql(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
    }

    #[test]
    fn a_full_disk_can_be_waited_for_and_a_failed_sync_cannot() {
        use rusqlite::ffi;
        assert!(matches!(StoreError::from(sql(ffi::SQLITE_FULL)), StoreError::Full(_)));
        assert!(matches!(StoreError::from(sql(ffi::SQLITE_BUSY)), StoreError::Busy(_)));
        assert!(matches!(StoreError::from(sql(ffi::SQLITE_IOERR_FSYNC)), StoreError::Broken(_)));
        assert!(sql(ffi::SQLITE_IOERR_FSYNC).is_final());
        assert!(sql(ffi::SQLITE_CORRUPT_INDEX).is_final());
        assert!(!sql(ffi::SQLITE_FULL).is_final());
        assert!(!sql(ffi::SQLITE_CONSTRAINT_UNIQUE).is_final());
        assert!(!Failure::Refused(StoreError::Broken(String::new())).is_final());
    }
}
