//! Single statements over a few connections, asked again over a fresh one where a connection was lost: each of them may
//! be done twice.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::failure::Failure;
use super::open::{ANSWER, Dial, within};
use crate::runtime::port::{Clock, StoreError};

/// For so long a lost connection is made anew before the caller hears of it.
const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(100);

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

pub(super) struct Desk {
    pool: Pool,
    clock: Arc<dyn Clock>,
}

impl Desk {
    pub(super) fn new(dial: &Dial, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self { pool: dial.pool()?, clock })
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// A connection for several statements.
    pub(super) async fn connection(&self) -> Result<Object, Failure> {
        Ok(self.pool.get().await?)
    }

    pub(super) async fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let begun = self.clock.monotonic();
        loop {
            match self.once(sql, parameters).await {
                Err(failure) if failure.is_lost() && self.clock.monotonic().saturating_sub(begun) < PATIENCE => {
                    self.clock.sleep(BETWEEN).await;
                }
                result => return result,
            }
        }
    }

    pub(super) async fn row(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>, Failure> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    async fn once(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        let connection = self.connection().await?;
        let asked = async { connection.query(&connection.prepare_cached(sql).await?, parameters).await };
        match within(ANSWER, asked).await {
            Ok(answered) => Ok(answered?),
            Err(late) => {
                // What it still may answer is nobody's.
                drop(Object::take(connection));
                Err(late)
            }
        }
    }
}
