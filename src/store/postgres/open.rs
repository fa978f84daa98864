//! Connecting: whom, how safely, and how the server shall treat a connection of ours.

use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{Failure, told};
use super::schema::SCHEMA;
use super::tls;
use crate::runtime::port::StoreError;
use crate::store::batch::broken;

/// Connections that read or write single rows; commits and notifications have one each of their own.
const POOL: usize = 6;
const CONNECT: Duration = Duration::from_secs(5);
/// Without an answer for so long, a connection counts as lost; the server's own limits are below it.
pub(super) const ANSWER: Duration = Duration::from_secs(40);

/// Everything it takes to connect.
#[derive(Clone)]
pub(super) struct Dial {
    config: Config,
    tls: MakeRustlsConnect,
}

type Stream = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream;

impl Dial {
    /// Reads the URL. What is wrong with it is said without repeating any of it.
    pub(super) fn new(url: &SecretString) -> Result<Self, StoreError> {
        let unreadable = |_| {
            broken(
                "the URL of the store cannot be read; it is postgres://user:password@host:5432/database?sslmode=require, where \
                 characters such as / ? # @ % in a password are written as %2F %3F %23 %40 %25, and `sslmode` is `disable`, \
                 `prefer` or `require`",
            )
        };
        let mut config: Config = url.expose_secret().parse().map_err(unreadable)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(broken("the URL of the store names no host"));
        }
        if config.get_application_name().is_none() {
            config.application_name("rejoinder");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_hosts().len() > 1 {
            // Several servers of which one takes writes: that one is ours.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        // A peer that is gone without a word is noticed in about 15 s, and at once where something is on the way.
        config.keepalives(true).keepalives_idle(Duration::from_secs(6)).keepalives_interval(Duration::from_secs(3));
        config.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(10));
        Ok(Self { tls: tls::connector(config.get_ssl_mode() == SslMode::Require)?, config })
    }

    /// Host and database, for messages.
    pub(super) fn place(&self) -> String {
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        let hosts = if hosts.is_empty() { "the address given".to_owned() } else { hosts.join(", ") };
        let database = self.config.get_dbname().or_else(|| self.config.get_user()).unwrap_or("its default");
        format!("database {database} at {hosts}")
    }

    /// A connection whose task carries it; it ends with the client.
    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        let (client, connection) = self.open().await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = told(&error), "a connection of the store ended");
            }
        });
        within(ANSWER, settle(&client)).await??;
        Ok(client)
    }

    /// A connection that the caller has to carry.
    pub(super) async fn open(&self) -> Result<(Client, Connection<Socket, Stream>), Failure> {
        Ok(within(CONNECT * 4, self.config.connect(self.tls.clone())).await??)
    }

    pub(super) fn pool(&self) -> Result<Pool, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), recycling);
        let settled = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { settle(client).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .max_size(POOL)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT * 2))
            .create_timeout(Some(CONNECT * 4))
            .post_create(settled)
            .build()
            .map_err(|error| broken(format!("the pool of connections cannot be made: {error}")))
    }
}

fn host(host: &tokio_postgres::config::Host) -> String {
    match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    }
}

/// How the server treats the connection. A process that was cut off must not hold its locks for long: the server gives
/// up on one that is silent inside a transaction, and on one whose peer does not acknowledge.
async fn settle(client: &Client) -> Result<(), tokio_postgres::Error> {
    client
        .batch_execute(&format!(
            "SET search_path TO {SCHEMA};
             SET statement_timeout = '30s';
             SET lock_timeout = '8s';
             SET idle_in_transaction_session_timeout = '5s';
             SET default_transaction_isolation = 'read committed';
             -- Every query of ours goes by an index. A plan that was made while a table was small would read it whole as
             -- long as nobody counts its rows anew; the price that keeps it from that must not look worth compiling.
             SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
             -- What was answered is kept: `off` would take back the last commits when the server crashes.
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        ))
        .await?;
    // Not on every system that a server runs on.
    for optional in ["SET client_connection_check_interval = '2s'", "SET tcp_user_timeout = '10s'"] {
        match client.batch_execute(optional).await {
            Err(error) if error.as_db_error().is_none() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Waits for an answer from outside, which may never come.
pub(super) async fn within<T>(most: Duration, answer: impl Future<Output = T>) -> Result<T, Failure> {
    let late = |_| Failure::Lost(format!("PostgreSQL gave no answer within {} s", most.as_secs()));
    tokio::time::timeout(most, answer).await.map_err(late)
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => Self::Sql(error),
            other => Self::Lost(format!("no connection to PostgreSQL: {other}")),
        }
    }
}
