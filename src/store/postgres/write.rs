//! What a batch writes, turned into columns, and the statements that write it.

use tokio_postgres::Client;

use super::events;
use super::failure::Failure;
use super::outbox::Folded;
use super::pool::Parameter;
use super::statements::{Statements, ask, tell};
use crate::runtime::port::{AccountId, ConversationId, StoreError};
use crate::store::batch::{Batch, Line, Stored, broken, found, no_such_reply};

/// All that is written, by columns.
pub(super) struct Text {
    epoch: i64,
    history: Lines,
    /// Conversations with their first commit, and the others.
    begun: Rows,
    changed: Rows,
    outbox: Folded,
    /// Names that were given in vain: account, name and conversation.
    unnamed: (Vec<i64>, Vec<Vec<u8>>, Vec<i64>),
    /// Account and conversation.
    news: (Vec<i64>, Vec<i64>),
    events: events::Put,
    /// Keys of `meta` in their order, and what they lead to.
    found_by: (Vec<Vec<u8>>, Vec<Vec<u8>>),
}

#[derive(Default)]
struct Lines {
    accounts: Vec<i64>,
    seqs: Vec<i64>,
    conversations: Vec<Option<i64>>,
    prevs: Vec<Option<i64>>,
    at: Vec<i64>,
    kinds: Vec<&'static str>,
    bodies: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Rows {
    accounts: Vec<i64>,
    ids: Vec<i64>,
    externals: Vec<Vec<u8>>,
    revs: Vec<i64>,
    last_seqs: Vec<Option<i64>>,
    dues: Vec<Option<i64>>,
    recents: Vec<Vec<u8>>,
    states: Vec<Vec<u8>>,
}

impl Lines {
    fn push(&mut self, line: Line) {
        self.accounts.push(line.account.map_or(0, |account| account.0));
        self.seqs.push(line.seq);
        self.conversations.push(line.conversation.map(|id| id.0));
        // Lines of no conversation are found by their index.
        self.prevs.push(line.conversation.and(line.prev));
        self.at.push(line.at.0);
        self.kinds.push(line.kind);
        self.bodies.push(line.body);
    }

    fn columns(&self) -> Vec<Parameter<'_>> {
        vec![&self.accounts, &self.seqs, &self.conversations, &self.prevs, &self.at, &self.kinds, &self.bodies]
    }
}

impl Rows {
    fn push(&mut self, stored: Stored) -> Result<(), StoreError> {
        let row = stored.row;
        let rev = i64::try_from(row.rev).map_err(|_| broken(format!("{:?}: revision {} is out of range", row.id, row.rev)))?;
        self.accounts.push(row.account.0);
        self.ids.push(row.id.0);
        self.externals.push(row.external);
        self.revs.push(rev);
        self.last_seqs.push(row.last_seq);
        self.dues.push(row.due.map(|due| due.0));
        self.recents.push(row.recent);
        self.states.push(row.state);
        Ok(())
    }

    /// Names are written by the first commit alone.
    fn columns<'a>(&'a self, epoch: &'a i64, named: bool) -> Vec<Parameter<'a>> {
        let mut columns: Vec<Parameter<'a>> = vec![epoch, &self.accounts, &self.ids];
        if named {
            columns.push(&self.externals);
        }
        columns.extend([&self.revs as Parameter<'a>, &self.last_seqs, &self.dues, &self.recents, &self.states]);
        columns
    }
}

impl Text {
    pub(super) fn of(
        epoch: i64,
        batch: Batch,
        unnamed: &[&(AccountId, Vec<u8>, ConversationId)],
        news: &[(AccountId, ConversationId, i32)],
    ) -> Result<Self, StoreError> {
        let account = |id: ConversationId| {
            let place = batch.conversations.binary_search_by_key(&id, |stored| stored.row.id);
            place.ok().and_then(|place| batch.conversations.get(place)).map_or(AccountId(0), |stored| stored.row.account)
        };
        let outbox = Folded::of(batch.outbox, account)?;
        let mut history = Lines::default();
        batch.history.into_iter().for_each(|line| history.push(line));
        let (mut begun, mut changed) = (Rows::default(), Rows::default());
        for stored in batch.conversations {
            if stored.first { begun.push(stored)? } else { changed.push(stored)? }
        }
        let mut names = (Vec::new(), Vec::new(), Vec::new());
        for (account, external, id) in unnamed {
            names.0.push(account.0);
            names.1.push(external.clone());
            names.2.push(id.0);
        }
        let news = news.iter().map(|(account, id, _)| (account.0, id.0)).unzip();
        let events = events::Put::of(batch.events);
        let found_by = batch.found_by.into_iter().map(|(key, id)| (key.into_bytes(), found(id))).unzip();
        Ok(Self { epoch, history, begun, changed, outbox, unnamed: names, news, events, found_by })
    }

    pub(super) async fn write(&self, client: &Client, statements: &Statements) -> Result<(), Failure> {
        let (lines, begun, changed) = (&self.history, &self.begun, &self.changed);
        let (states, removed, puts) = (&self.outbox.states, &self.outbox.removed, &self.outbox.puts);
        let (unnamed, news) = (&self.unnamed, &self.news);
        let tell = |needed: bool, statement, parameters| tell(client, needed, statement, parameters);
        let written = tokio::try_join!(
            tell(!lines.seqs.is_empty(), &statements.history, lines.columns()),
            tell(!begun.ids.is_empty(), &statements.begun, begun.columns(&self.epoch, true)),
            tell(!changed.ids.is_empty(), &statements.changed, changed.columns(&self.epoch, false)),
            ask(client, !states.keys.is_empty(), &statements.states, states.columns()),
            tell(!removed.is_empty(), &statements.removed, removed.columns()),
            tell(!puts.states.keys.is_empty(), &statements.puts, puts.columns()),
            tell(!unnamed.0.is_empty(), &statements.unnamed, vec![&unnamed.0, &unnamed.1, &unnamed.2]),
            tell(!news.0.is_empty(), &statements.news, vec![&news.0, &news.1]),
            tell(!self.events.seqs.is_empty(), &statements.events, self.events.columns()),
            tell(!self.found_by.0.is_empty(), &statements.found_by, vec![&self.found_by.0, &self.found_by.1]),
        )?;
        let (_, inserted, updated, there, ..) = written;
        let there = there.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let there = there.collect::<Result<Vec<(i64, i32)>, tokio_postgres::Error>>()?;
        // A mark for a reply that is not there would be a mark lost.
        if let Some((conversation, reply)) = states.missing(&there) {
            return Err(no_such_reply(conversation, reply).into());
        }
        let many = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        if (inserted, updated) != (many(begun.ids.len()), many(changed.ids.len())) {
            return Err(broken("the rows of some conversations are not there, though they are locked").into());
        }
        Ok(())
    }
}
