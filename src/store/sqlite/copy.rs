//! A file as one side of a copy.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row as Stored, ToSql, params_from_iter};

use super::failure::Failure;
use super::{lock, open, reader};
use crate::runtime::port::StoreError;
use crate::store::batch::broken;
use crate::store::copy::tables::{HISTORY, HISTORY_CONVERSATION, HISTORY_PREV, Row, Table, Value};
use crate::store::copy::{ROWS, Rows, Sender};

/// A file that no process serves from, since this one owns it.
pub(in crate::store) struct Side {
    connection: Connection,
    _lock: lock::Lock,
}

/// A value on its way into a column, which may be one of text.
struct Column<'a>(&'a Value, bool);

impl ToSql for Column<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self(Value::Null, _) => ValueRef::Null,
            Self(Value::Number(number), _) => ValueRef::Integer(*number),
            Self(Value::Bytes(bytes), true) => ValueRef::Text(bytes),
            Self(Value::Bytes(bytes), false) => ValueRef::Blob(bytes),
        }))
    }
}

impl Side {
    pub(in crate::store) fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock::Lock::take(path)?;
        let (connection, _) = open::writing(path)?;
        Ok(Self { connection, _lock: lock })
    }

    pub(in crate::store) fn epoch(&self) -> Result<i64, StoreError> {
        Ok(reader::counter(&self.connection, "epoch")?.unwrap_or(0))
    }

    pub(in crate::store) async fn read(&self, table: &'static Table, rows: Sender) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare(table.sqlite_read).map_err(Failure::from)?;
        let columns = statement.column_count();
        let mut stored = statement.query([]).map_err(Failure::from)?;
        let mut packet = Vec::with_capacity(ROWS);
        while let Some(row) = stored.next().map_err(Failure::from)? {
            packet.push((0..columns).map(|column| value(row, column)).collect::<Result<Row, _>>()?);
            if packet.len() == ROWS && rows.send(Ok(std::mem::take(&mut packet))).await.is_err() {
                return Ok(());
            }
        }
        let _ = rows.send(Ok(packet)).await;
        Ok(())
    }

    /// From here to `finish_writing` is one transaction.
    pub(in crate::store) fn begin_writing(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(Failure::from)?;
        let sql = "SELECT EXISTS (SELECT 1 FROM meta) OR EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM history)
                   OR EXISTS (SELECT 1 FROM app)";
        let used: bool = self.connection.query_row(sql, [], |row| row.get(0)).map_err(Failure::from)?;
        if used { Err(broken("the store to copy into is not empty")) } else { Ok(()) }
    }

    pub(in crate::store) async fn write(&self, table: &'static Table, mut rows: Rows) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare(table.sqlite_write).map_err(Failure::from)?;
        let mut loose = Value::Null;
        while let Some(packet) = rows.recv().await {
            for mut row in packet? {
                if table.name == HISTORY {
                    chain(&mut row, &mut loose);
                }
                let columns = row.iter().enumerate().map(|(place, value)| Column(value, table.texts.contains(&place)));
                statement.execute(params_from_iter(columns)).map_err(Failure::from)?;
            }
        }
        Ok(())
    }

    /// Makes what is derived: names, counters, and an epoch that nobody before has had.
    pub(in crate::store) fn finish_writing(&self, epoch: i64) -> Result<(), StoreError> {
        let finish = "
            INSERT INTO name (account, external, conversation) SELECT account, external, id FROM conversation;
            INSERT INTO counter (name, value) SELECT 'conversation', max(id) FROM conversation WHERE true HAVING max(id) IS NOT NULL;
            INSERT INTO counter (name, value) SELECT 'loose', max(seq) FROM history WHERE conversation IS NULL
                HAVING max(seq) IS NOT NULL;";
        self.connection.execute_batch(finish).map_err(Failure::from)?;
        let raise = "UPDATE counter SET value = max(value, ?1) WHERE name = 'epoch'";
        self.connection.execute(raise, [epoch]).map_err(Failure::from)?;
        Ok(self.connection.execute_batch("COMMIT").map_err(Failure::from)?)
    }
}

/// Lines of no conversation get their chain, which only a file has.
fn chain(row: &mut Row, loose: &mut Value) {
    if row.get(HISTORY_CONVERSATION) != Some(&Value::Null) {
        return;
    }
    let seq = row.first().cloned().unwrap_or(Value::Null);
    if let Some(prev) = row.get_mut(HISTORY_PREV) {
        *prev = std::mem::replace(loose, seq);
    }
}

fn value(row: &Stored<'_>, column: usize) -> Result<Value, Failure> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(broken("a number in the file is no whole one").into()),
    })
}
