//! Who sends for an app, and what its leader is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_postgres::Row;

use super::failure::Failure;
use super::open::{ANSWER, within};
use super::pool::Desk;
use super::schema::LOCKS;
use crate::runtime::port::{AccountId, ConversationId, Lease};

/// What a process knows of apps, and which it leads as far as it knows.
pub(super) struct Leading {
    desk: Arc<Desk>,
    epoch: i64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    apps: HashMap<String, i32>,
    /// The app of an account never changes.
    accounts: HashMap<AccountId, i32>,
    /// Apps that were led when they were last asked about. Only for these a commit looks at the lease; for the others it
    /// leaves news, which is never wrong.
    believed: BTreeSet<i32>,
    /// News that were told and are still stored: account, conversation, serial. Deleted when they are next asked for; an
    /// answer that was lost is so told again.
    told: Vec<(i64, i64, i64)>,
}

const LEFT: &str = "extract(epoch FROM until - clock_timestamp())::float8";

impl Leading {
    pub(super) fn new(desk: Arc<Desk>, epoch: i64) -> Self {
        Self { desk, epoch, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The apps of those accounts that there are.
    pub(super) async fn apps_of(&self, accounts: BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, i32>, Failure> {
        let mut apps = BTreeMap::new();
        let mut unknown = Vec::new();
        {
            let known = self.known();
            for account in accounts {
                match known.accounts.get(&account) {
                    Some(app) => drop(apps.insert(account, *app)),
                    None => unknown.push(account.0),
                }
            }
        }
        if !unknown.is_empty() {
            for row in self.desk.rows("SELECT id, app FROM account WHERE id = ANY($1)", &[&unknown]).await? {
                let (account, app) = (AccountId(row.try_get(0)?), row.try_get(1)?);
                apps.insert(account, app);
                self.known().accounts.insert(account, app);
            }
        }
        Ok(apps)
    }

    /// The id of an app, made at first sight.
    pub(super) async fn app(&self, client_key: &str) -> Result<i32, Failure> {
        if let Some(app) = self.known().apps.get(client_key) {
            return Ok(*app);
        }
        let key = client_key.as_bytes();
        let app = loop {
            if let Some(row) = self.desk.row("SELECT id FROM app WHERE client_key = $1", &[&key]).await? {
                break row.try_get(0)?;
            }
            self.desk.rows("INSERT INTO app (client_key) VALUES ($1) ON CONFLICT DO NOTHING", &[&key]).await?;
        };
        self.known().apps.insert(client_key.to_owned(), app);
        Ok(app)
    }

    /// Those of some apps that this process may lead, each once and in order.
    pub(super) fn believed(&self, apps: impl Iterator<Item = i32>) -> Vec<i32> {
        let known = self.known();
        let apps: BTreeSet<i32> = apps.filter(|app| known.believed.contains(app)).collect();
        apps.into_iter().collect()
    }

    pub(super) async fn lease(&self, client_key: &str, length: Duration) -> Result<Lease, Failure> {
        let app = self.app(client_key).await?;
        let length = length.min(Duration::from_secs(86_400)).as_secs_f64();
        let lease = loop {
            if let Some(row) = self.renewed(app, length).await? {
                break Lease { mine: true, left: left(&row)? };
            }
            // By another: what this process has taken by another question meanwhile is renewed in the next round.
            let held = format!("SELECT {LEFT} FROM lease WHERE app = $1 AND holder <> $2 AND until > clock_timestamp()");
            if let Some(row) = self.desk.row(&held, &[&app, &self.epoch]).await? {
                break Lease { mine: false, left: left(&row)? };
            }
            // Whoever comes second finds it held in the next round.
            self.taken(app, length).await?;
        };
        let mut known = self.known();
        if lease.mine {
            known.believed.insert(app);
        } else {
            known.believed.remove(&app);
        }
        Ok(lease)
    }

    async fn renewed(&self, app: i32, length: f64) -> Result<Option<Row>, Failure> {
        let sql = format!(
            "UPDATE lease SET until = clock_timestamp() + make_interval(secs => $3) WHERE app = $1 AND holder = $2 RETURNING {LEFT}"
        );
        self.desk.row(&sql, &[&app, &self.epoch, &length]).await
    }

    /// Takes a lease that nobody has. The lock waits for commits that were begun on the strength of the last one: the
    /// new leader reads what they wrote.
    async fn taken(&self, app: i32, length: f64) -> Result<(), Failure> {
        const TAKE: &str = "
            INSERT INTO lease (app, holder, until) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
            ON CONFLICT (app) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE lease.until <= clock_timestamp()";
        let mut connection = self.desk.connection().await?;
        let taking = async {
            let transaction = connection.transaction().await?;
            transaction.execute("SELECT pg_advisory_xact_lock($1, $2)", &[&LOCKS, &app]).await?;
            transaction.execute(TAKE, &[&app, &self.epoch, &length]).await?;
            transaction.commit().await
        };
        let taken = within(ANSWER, taking).await;
        if !matches!(taken, Ok(Ok(()))) {
            drop(deadpool_postgres::Object::take(connection));
        }
        // An answer that was lost makes no difference: the next round looks.
        match taken.and_then(|taken| taken.map_err(Failure::from)) {
            Err(failure) if !failure.is_lost() => Err(failure),
            _ => Ok(()),
        }
    }

    pub(super) async fn release(&self, client_key: &str) -> Result<(), Failure> {
        let app = self.app(client_key).await?;
        // Before the lease goes: from here on commits leave news.
        self.known().believed.remove(&app);
        let free = "UPDATE lease SET holder = 0, until = '-infinity' WHERE app = $1 AND holder = $2";
        self.desk.rows(free, &[&app, &self.epoch]).await?;
        Ok(())
    }

    pub(super) async fn news(&self) -> Result<Vec<ConversationId>, Failure> {
        const FORGET: &str = "
            DELETE FROM news WHERE (account, conversation) IN (
                SELECT n.account, n.conversation
                FROM news n JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (account, conversation, serial)
                ON n.account = u.account AND n.conversation = u.conversation AND n.serial = u.serial
                FOR UPDATE OF n SKIP LOCKED
            )";
        const TELL: &str = "
            SELECT n.account, n.conversation, n.serial FROM lease l JOIN account a ON a.app = l.app JOIN news n ON n.account = a.id
            WHERE l.holder = $1 AND l.until > clock_timestamp() ORDER BY n.serial";
        let (told, leads) = {
            let mut known = self.known();
            (std::mem::take(&mut known.told), !known.believed.is_empty())
        };
        if !told.is_empty() {
            let accounts: Vec<i64> = told.iter().map(|(account, _, _)| *account).collect();
            let conversations: Vec<i64> = told.iter().map(|(_, conversation, _)| *conversation).collect();
            let serials: Vec<i64> = told.iter().map(|(_, _, serial)| *serial).collect();
            self.desk.rows(FORGET, &[&accounts, &conversations, &serials]).await?;
        }
        if !leads {
            return Ok(Vec::new());
        }
        let rows = self.desk.rows(TELL, &[&self.epoch]).await?;
        let mut told = Vec::with_capacity(rows.len());
        for row in &rows {
            told.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
        let conversations = told.iter().map(|(_, conversation, _): &(i64, i64, i64)| ConversationId(*conversation)).collect();
        self.known().told = told;
        Ok(conversations)
    }
}

fn left(row: &Row) -> Result<Duration, Failure> {
    let seconds: f64 = row.try_get(0)?;
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::ZERO))
}
