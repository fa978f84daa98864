//! One batch, one transaction: look and lock, compare, write, and know how it ended.
//!
//! Statements that do not need each other's answers are sent together; the server does them in their order. So a commit
//! takes three round trips: to look, to write, to commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_postgres::Client;
use tokio_postgres::error::Severity;

use super::failure::Failure;
use super::lease::Leading;
use super::open::{ANSWER, Dial, within};
use super::reader::revision;
use super::schema::PAUSING;
use super::statements::{Statements, ask, tell};
use super::write::Text;
use crate::runtime::port::{AccountId, Clock, ConversationId, PAUSE, Record, StoreError, Written, pause_of};
use crate::store::batch::{self, Before, Head, Shared, broken};

/// For so long it is looked up how a commit ended whose answer was lost.
const DOUBT: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_millis(100);

/// Where batches are committed: one at a time in a process, over a connection of their own.
pub(super) struct Counter {
    pub(super) dial: Dial,
    pub(super) epoch: i64,
    pub(super) leading: Arc<Leading>,
    pub(super) clock: Arc<dyn Clock>,
    /// Told of apps whose leader has news.
    pub(super) told: tokio::sync::mpsc::UnboundedSender<BTreeSet<i32>>,
    pub(super) line: Mutex<Line>,
}

/// What the commits of a process have one after the other.
#[derive(Default)]
pub(super) struct Line {
    link: Option<Link>,
    /// The number of the newest batch.
    batch: i64,
}

/// A connection with its statements. It is dropped after any failure, and with it what its transaction did.
struct Link {
    client: Client,
    statements: Statements,
}

/// What a batch is about, before anything is compared.
struct Outline {
    conversations: Vec<i64>,
    /// Conversations whose first commit may be in the batch: account, name and id, in the records' order.
    first: Vec<(AccountId, Vec<u8>, ConversationId)>,
    /// The app of each account.
    apps: BTreeMap<AccountId, i32>,
    lines: i64,
    /// Accounts with a mark in the batch.
    marked: BTreeSet<AccountId>,
}

/// The database as it stands, with everything concerned locked.
struct Seen {
    epoch: i64,
    apps: BTreeMap<AccountId, i32>,
    led: BTreeSet<i32>,
    /// Keys of the pauses that stand.
    pauses: BTreeSet<Vec<u8>>,
    heads: BTreeMap<ConversationId, Head>,
    /// Conversations of the batch whose names were free and are now theirs.
    named: BTreeSet<ConversationId>,
    /// The same names, until the batch takes them.
    given: BTreeSet<(AccountId, Vec<u8>)>,
}

impl Before<Failure> for Seen {
    fn head(&mut self, conversation: ConversationId) -> Result<Option<Head>, Failure> {
        Ok(self.heads.get(&conversation).copied())
    }

    fn loose(&mut self) -> Result<Option<i64>, Failure> {
        // They stand in no chain here.
        Ok(None)
    }

    fn shared(&mut self) -> Option<&mut dyn Shared<Failure>> {
        Some(self)
    }
}

impl Shared<Failure> for Seen {
    fn epoch(&self) -> i64 {
        self.epoch
    }

    fn leads(&mut self, account: AccountId) -> Result<bool, Failure> {
        Ok(self.apps.get(&account).is_some_and(|app| self.led.contains(app)))
    }

    fn is_paused(&mut self, account: AccountId) -> Result<bool, Failure> {
        Ok(self.pauses.contains(PAUSE.as_bytes()) || self.pauses.contains(pause_of(account).as_bytes()))
    }

    fn is_named(&mut self, account: AccountId, external: &[u8]) -> Result<bool, Failure> {
        // Given once: a second conversation of this name in the batch finds it taken.
        Ok(!self.given.remove(&(account, external.to_vec())))
    }
}

impl Counter {
    /// Commits a batch. Once begun it is done, even if nobody waits for it any more.
    pub(super) async fn commit(self: &Arc<Self>, records: Vec<Record>) -> Result<Vec<Written>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let counter = Arc::clone(self);
        let work = tokio::spawn(async move {
            let mut line = counter.line.lock().await;
            let done = counter.run(&mut line, records).await;
            if done.is_err() {
                line.link = None;
            }
            done
        });
        match work.await {
            Ok(done) => done.map_err(StoreError::from),
            Err(error) => Err(broken(format!("a commit did not end: {error}"))),
        }
    }

    async fn run(&self, line: &mut Line, records: Vec<Record>) -> Result<Vec<Written>, Failure> {
        let outline = self.outline(&records).await?;
        line.batch += 1;
        let number = line.batch;
        let (link, seen, numbers) = self.look(line, &outline, number).await?;
        let (written, news) = within(ANSWER, link.write(records, &outline, seen, numbers)).await??;
        let ended = within(ANSWER, link.client.batch_execute("COMMIT")).await.and_then(|ended| ended.map_err(Failure::from));
        match ended {
            Ok(()) => {}
            Err(failure) if is_doubtful(&failure) => {
                line.link = None;
                if !self.is_committed(number).await? {
                    return Err(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
        if !news.is_empty() {
            let _ = self.told.send(news);
        }
        Ok(written)
    }

    async fn outline(&self, records: &[Record]) -> Result<Outline, Failure> {
        let mut first: BTreeMap<ConversationId, usize> = BTreeMap::new();
        let mut names = Vec::new();
        let mut accounts = BTreeSet::new();
        let marks = records.iter().filter(|record| record.is_mark);
        let marked = marks.filter_map(|record| record.change.as_ref().map(|change| change.account)).collect();
        for change in records.iter().filter_map(|record| record.change.as_ref()) {
            accounts.insert(change.account);
            let place = first.len();
            let is_new = *first.entry(change.conversation).or_insert(place) == place;
            if is_new && change.rev == 1 {
                names.push((change.account, change.external.clone(), change.conversation));
            }
        }
        let apps = self.leading.apps_of(accounts).await?;
        for (account, ..) in &names {
            if !apps.contains_key(account) {
                return Err(batch::no_such_account(*account).into());
            }
        }
        let lines = i64::try_from(records.len()).unwrap_or(i64::MAX);
        Ok(Outline { conversations: first.keys().map(|id| id.0).collect(), first: names, apps, lines, marked })
    }

    /// Begins the transaction. A connection that was lost while it lay idle is made anew: nothing was done over it yet.
    async fn look<'a>(&self, line: &'a mut Line, outline: &Outline, number: i64) -> Result<(&'a Link, Seen, Vec<i64>), Failure> {
        let mut had_one = line.link.is_some();
        loop {
            let link = match line.link.take() {
                Some(link) => link,
                None => Link::make(&self.dial).await?,
            };
            let looked = within(ANSWER, link.look(outline, self.epoch, number, &self.leading)).await.and_then(|looked| looked);
            match looked {
                Ok((seen, numbers)) => return Ok((line.link.insert(link), seen, numbers)),
                Err(failure) if had_one && failure.is_lost() => had_one = false,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// How a commit ended whose answer did not come: its transaction also wrote its number to the row of this process. A
    /// transaction that still runs holds that row, so its end is waited for.
    async fn is_committed(&self, number: i64) -> Result<bool, Failure> {
        let ask = async {
            loop {
                match self.stored_batch().await {
                    Ok(stored) => return Ok(stored == number),
                    Err(failure) => match StoreError::from(failure) {
                        StoreError::Busy(_) => self.clock.sleep(BETWEEN).await,
                        lasting => return Err(lasting),
                    },
                }
            }
        };
        let unknown = |_| {
            let seconds = DOUBT.as_secs();
            broken(format!("the answer to a commit was lost, and for {seconds} s the database could not be asked how it ended"))
        };
        tracing::warn!("the answer to a commit was lost; the database is asked how it ended");
        Ok(tokio::time::timeout(DOUBT, ask).await.map_err(unknown)??)
    }

    async fn stored_batch(&self) -> Result<i64, Failure> {
        let client = self.dial.connect().await?;
        let asked = async { client.query_one("SELECT batch FROM process WHERE epoch = $1 FOR UPDATE", &[&self.epoch]).await };
        Ok(within(DOUBT, asked).await??.try_get(0)?)
    }
}

/// Whether it is open how a commit ended. Only an error within a session that goes on says for certain that nothing was
/// written: a server that ends says so even after the commit is on disk.
fn is_doubtful(failure: &Failure) -> bool {
    match failure {
        Failure::Lost(_) => true,
        Failure::Refused(_) => false,
        Failure::Sql(error) => !error.as_db_error().is_some_and(|said| matches!(said.parsed_severity(), Some(Severity::Error))),
    }
}

impl Link {
    async fn make(dial: &Dial) -> Result<Self, Failure> {
        let client = dial.connect().await?;
        let statements = within(ANSWER, Statements::prepare(&client)).await??;
        Ok(Self { client, statements })
    }

    async fn look(&self, outline: &Outline, epoch: i64, number: i64, leading: &Leading) -> Result<(Seen, Vec<i64>), Failure> {
        let (client, statements) = (&self.client, &self.statements);
        let believed = leading.believed(outline.apps.values().copied());
        let locks = super::schema::LOCKS;
        let accounts: Vec<i64> = outline.first.iter().map(|(account, ..)| account.0).collect();
        let externals: Vec<&[u8]> = outline.first.iter().map(|(_, external, _)| external.as_slice()).collect();
        let ids: Vec<i64> = outline.first.iter().map(|(.., id)| id.0).collect();
        let marks = !outline.marked.is_empty();
        let keys = outline.marked.iter().map(|account| pause_of(*account).into_bytes());
        let keys: Vec<Vec<u8>> = keys.chain([PAUSE.as_bytes().to_vec()]).collect();
        let pausing: Vec<i32> = vec![PAUSING];
        let ask = |needed: bool, statement, parameters| ask(client, needed, statement, parameters);
        let (_, _, led, _, pauses, batched, heads, named, numbers) = tokio::try_join!(
            client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
            ask(!believed.is_empty(), &statements.lock, vec![&locks, &believed]),
            ask(!believed.is_empty(), &statements.led, vec![&believed, &epoch]),
            ask(marks, &statements.lock, vec![&locks, &pausing]),
            ask(marks, &statements.paused, vec![&keys]),
            tell(client, true, &statements.batch, vec![&epoch, &number]),
            ask(!outline.conversations.is_empty(), &statements.heads, vec![&outline.conversations]),
            ask(!ids.is_empty(), &statements.names, vec![&accounts, &externals, &ids]),
            ask(true, &statements.numbers, vec![&outline.lines]),
        )?;
        if batched != 1 {
            return Err(broken(format!("the row of this process ({epoch}) is gone from the database")).into());
        }
        let named = named.iter().map(|row| Ok(ConversationId(row.try_get(0)?)));
        let mut seen = Seen {
            epoch,
            apps: outline.apps.clone(),
            led: led.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?,
            pauses: pauses.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?,
            heads: BTreeMap::new(),
            named: named.collect::<Result<_, tokio_postgres::Error>>()?,
            given: BTreeSet::new(),
        };
        for (account, external, id) in &outline.first {
            if seen.named.contains(id) {
                seen.given.insert((*account, external.clone()));
            }
        }
        for row in heads {
            let head = Head {
                account: AccountId(row.try_get(1)?),
                rev: revision(row.try_get(2)?),
                writer: row.try_get(3)?,
                last_seq: row.try_get(4)?,
            };
            seen.heads.insert(ConversationId(row.try_get(0)?), head);
        }
        let numbers = numbers.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok((seen, numbers))
    }

    /// Works out what the batch does and writes it; also gives the apps whose leaders are to be told.
    async fn write(
        &self,
        records: Vec<Record>,
        outline: &Outline,
        mut seen: Seen,
        numbers: Vec<i64>,
    ) -> Result<(Vec<Written>, BTreeSet<i32>), Failure> {
        let batch = batch::plan(records, numbers, &mut seen)?;
        let first = |id: ConversationId| batch.conversations.iter().any(|stored| stored.first && stored.row.id == id);
        let named = outline.first.iter().filter(|(_, _, id)| seen.named.contains(id));
        let unnamed: Vec<_> = named.filter(|(_, _, id)| !first(*id)).collect();
        let news: Vec<(AccountId, ConversationId, i32)> = batch
            .conversations
            .iter()
            .filter_map(|stored| Some((stored.row.account, stored.row.id, *seen.apps.get(&stored.row.account)?)))
            .filter(|(_, _, app)| !seen.led.contains(app))
            .collect();
        let told = news.iter().map(|(_, _, app)| *app).collect();
        let written = batch.written.clone();
        let text = Text::of(seen.epoch, batch, &unnamed, &news)?;
        text.write(&self.client, &self.statements).await?;
        Ok((written, told))
    }
}
