//! A database as one side of a copy.

use std::pin::pin;

use bytes::BytesMut;
use secrecy::SecretString;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::failure::Failure;
use super::open::Dial;
use super::pool::Parameter;
use super::schema;
use crate::runtime::port::StoreError;
use crate::store::batch::broken;
use crate::store::copy::tables::{HISTORY, HISTORY_ACCOUNT, Row, Table, Value};
use crate::store::copy::{ROWS, Rows, Sender};

/// A database that no process leads in.
pub(in crate::store) struct Side {
    client: Client,
}

type Unfit = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Number(number) => number.to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::TEXT => std::str::from_utf8(bytes)?.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::BYTEA, Type::TEXT].contains(kind)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        Ok(match *kind {
            Type::INT4 => Self::Number(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Number(i64::from_sql(kind, raw)?),
            _ => Self::Bytes(raw.to_vec()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Unfit> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        <Self as ToSql>::accepts(kind)
    }
}

impl Side {
    pub(in crate::store) async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let dial = Dial::new(url)?;
        let mut client = dial.connect().await?;
        schema::begin(&mut client).await?;
        // A table is read in one statement, however long that takes.
        let patience = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
        client.batch_execute(patience).await.map_err(Failure::from)?;
        let held = "SELECT EXISTS (SELECT FROM lease WHERE until > clock_timestamp())";
        let held: bool = one(&client, held).await?;
        if held {
            return Err(broken(format!("a process serves from {}; stop it, and copy ten seconds later", dial.place())));
        }
        // What is read is of one moment; what is written is seen in it.
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(Failure::from)?;
        Ok(Self { client })
    }

    pub(in crate::store) async fn epoch(&self) -> Result<i64, StoreError> {
        one(&self.client, "SELECT epoch FROM installation").await
    }

    pub(in crate::store) async fn read(&self, table: &'static Table, rows: Sender) -> Result<(), StoreError> {
        let name = table.name;
        let declare = format!("DECLARE copied_{name} NO SCROLL CURSOR FOR {}", table.postgres_read);
        self.client.batch_execute(&declare).await.map_err(Failure::from)?;
        let fetch = self.client.prepare(&format!("FETCH {ROWS} FROM copied_{name}")).await.map_err(Failure::from)?;
        loop {
            let stored = self.client.query(&fetch, &[]).await.map_err(Failure::from)?;
            let row = |row: &tokio_postgres::Row| (0..row.len()).map(|column| row.try_get(column)).collect();
            let packet: Result<Vec<Row>, tokio_postgres::Error> = stored.iter().map(row).collect();
            if stored.is_empty() || rows.send(Ok(packet.map_err(Failure::from)?)).await.is_err() {
                break;
            }
        }
        Ok(self.client.batch_execute(&format!("CLOSE copied_{name}")).await.map_err(Failure::from)?)
    }

    pub(in crate::store) async fn begin_writing(&self) -> Result<(), StoreError> {
        let used = "
            SELECT EXISTS (SELECT FROM meta) OR EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM history)
                OR EXISTS (SELECT FROM app)";
        let used: bool = one(&self.client, used).await?;
        if used { Err(broken("the store to copy into is not empty")) } else { Ok(()) }
    }

    pub(in crate::store) async fn write(&self, table: &'static Table, mut rows: Rows) -> Result<(), StoreError> {
        let columns = self.client.prepare(table.postgres_read).await.map_err(Failure::from)?;
        let kinds: Vec<Type> = columns.columns().iter().map(|column| column.type_().clone()).collect();
        let sink = self.client.copy_in(table.postgres_write).await.map_err(Failure::from)?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &kinds));
        while let Some(packet) = rows.recv().await {
            for mut row in packet? {
                if table.name == HISTORY
                    && let Some(account @ Value::Null) = row.get_mut(HISTORY_ACCOUNT)
                {
                    *account = Value::Number(0);
                }
                let values: Vec<Parameter<'_>> = row.iter().map(|value| value as Parameter<'_>).collect();
                writer.as_mut().write(&values).await.map_err(Failure::from)?;
            }
        }
        writer.finish().await.map_err(Failure::from)?;
        Ok(())
    }

    /// Makes what is derived: names, sequences, and an epoch that nobody before has had. What is read afterwards is read
    /// in a transaction of its own.
    pub(in crate::store) async fn finish_writing(&self, epoch: i64) -> Result<(), StoreError> {
        let finish = format!(
            "INSERT INTO name (account, digest, conversation) SELECT account, sha256(external), id FROM conversation;
             SELECT setval(pg_get_serial_sequence('app', 'id'), max(id)) FROM app HAVING max(id) IS NOT NULL;
             SELECT setval(pg_get_serial_sequence('account', 'id'), max(id)) FROM account HAVING max(id) IS NOT NULL;
             SELECT setval('history_seq', max(seq)) FROM history HAVING max(seq) IS NOT NULL;
             SELECT setval('conversation_block', max(id) + 1, false) FROM conversation HAVING max(id) IS NOT NULL;
             UPDATE installation SET epoch = greatest(epoch, {epoch})"
        );
        for step in [finish.as_str(), "COMMIT", "ANALYZE", "BEGIN ISOLATION LEVEL REPEATABLE READ"] {
            self.client.batch_execute(step).await.map_err(Failure::from)?;
        }
        Ok(())
    }
}

async fn one<T: for<'a> FromSql<'a>>(client: &Client, sql: &str) -> Result<T, StoreError> {
    let row = client.query_one(sql, &[]).await.map_err(Failure::from)?;
    Ok(row.try_get(0).map_err(Failure::from)?)
}
