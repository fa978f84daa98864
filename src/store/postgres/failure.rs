//! What PostgreSQL says, in the port's words.

use std::error::Error as _;

use tokio_postgres::error::{Severity, SqlState};

use crate::runtime::port::StoreError;

/// Why a piece of work did not succeed: the server's reason, the lack of an answer, or ours.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(tokio_postgres::Error),
    /// There is no connection, or no answer came in time.
    Lost(String),
    Refused(StoreError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// Whether the connection is gone, so that nothing it was asked has an answer any more. The same over another one
    /// may succeed.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Refused(_) => false,
            Self::Sql(error) => match error.as_db_error() {
                Some(said) => {
                    matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) && !is_lasting(said.code())
                }
                None => error.is_closed() || is_of_the_network(error),
            },
        }
    }
}

/// Whether an error that the server did not report lies beneath the protocol. One of the protocol or of a type's
/// encoding would come again.
fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    error.to_string().starts_with("timeout")
}

/// Reasons to turn a connection away that do not go by themselves: login, and a database that is not there.
fn is_lasting(code: &SqlState) -> bool {
    code.code().starts_with("28") || *code == SqlState::INVALID_CATALOG_NAME
}

/// Reasons that pass: nothing was written, and the same may be tried again.
fn is_passing(code: &SqlState) -> bool {
    const PASSING: [SqlState; 9] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        // A server that was promoted away from under us, or is not promoted yet.
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::OUT_OF_MEMORY,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::IDLE_SESSION_TIMEOUT,
    ];
    // 08: connection exceptions; 57P: shut down, crashed, starting.
    PASSING.contains(code) || code.code().starts_with("08") || code.code().starts_with("57P")
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let lost = failure.is_lost();
        let error = match failure {
            Failure::Refused(error) => return error,
            Failure::Lost(text) => return Self::Busy(text),
            Failure::Sql(error) => error,
        };
        let text = told(&error);
        match error.code() {
            Some(&SqlState::DISK_FULL) => Self::Full(text),
            Some(code) if is_passing(code) => Self::Busy(text),
            _ if lost => Self::Busy(text),
            _ => Self::Broken(text),
        }
    }
}

/// The server's own sentence with its code, or the causes beneath. Never holds a value of a row or a password: details
/// are left out.
pub(super) fn told(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("PostgreSQL says: {} ({})", said.message(), said.code().code());
    }
    let mut text = format!("PostgreSQL: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_may_be_tried_again_and_what_lasts_may_not() {
        for code in ["40001", "40P01", "57P01", "57P03", "08006", "53300", "57014", "25006", "55P03"] {
            assert!(is_passing(&SqlState::from_code(code)), "{code}");
        }
        for code in ["42P01", "23505", "22021", "28P01", "3D000", "XX001"] {
            assert!(!is_passing(&SqlState::from_code(code)), "{code}");
        }
    }

    #[test]
    fn a_lost_connection_is_no_end() {
        let failure = Failure::Lost("no answer".to_owned());
        assert!(failure.is_lost());
        assert_eq!(StoreError::from(failure), StoreError::Busy("no answer".to_owned()));
        assert!(!Failure::Refused(StoreError::Broken(String::new())).is_lost());
    }
}
