//! In: a store, whichever. Out: whether it keeps what the port promises.
//! Does not know: which store it has in hand. Each story runs against both, empty at its beginning.

mod bytes;
mod commits;
mod lookups;
mod outbox;
mod pauses;
mod restarts;

use std::ops::Deref;

use super::{Memory, Sqlite};
use crate::calendar::Moment;
use crate::engine::ReplyId;
use crate::runtime::port::{
    AccountId, Change, ConversationId, OutboxChange, OutboxRow, OutboxState, Record, Store, StoreError, Written,
};

/// Each story as a test for each store.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        mod memory {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::memory()).await; })*
        }
        mod sqlite {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::sqlite()).await; })*
        }
    };
}
use stories;

/// A store that can be restarted.
struct Subject {
    store: Option<Box<dyn Store>>,
    origin: Origin,
}

enum Origin {
    Memory(Memory),
    Sqlite(tempfile::TempDir),
}

impl Origin {
    fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Memory(memory) => Box::new(memory.reopen()),
            Self::Sqlite(folder) => Box::new(Sqlite::open(&folder.path().join("a.db")).unwrap()),
        }
    }
}

impl Subject {
    fn memory() -> Self {
        Self::of(Origin::Memory(Memory::new()))
    }

    fn sqlite() -> Self {
        Self::of(Origin::Sqlite(tempfile::tempdir().unwrap()))
    }

    fn of(origin: Origin) -> Self {
        Self { store: Some(origin.open()), origin }
    }

    fn restart(&mut self) {
        // Closed before it is opened again: a file has one owner.
        drop(self.store.take());
        self.store = Some(self.origin.open());
    }

    /// An account, and a conversation of it with its first commit.
    async fn begun(&self, external: &str) -> Change {
        let account = self.account("app", "shop").await.unwrap();
        let change = self.fresh(account, external).await;
        self.commit(vec![record(change.clone())]).await.unwrap();
        change
    }

    /// The first change of a new conversation.
    async fn fresh(&self, account: AccountId, external: &str) -> Change {
        Change {
            conversation: self.fresh_conversation().await.unwrap(),
            account,
            external: external.as_bytes().to_vec(),
            rev: 1,
            after: 0,
            due: None,
            recent: b"recent".to_vec(),
            state: b"state".to_vec(),
            outbox: Vec::new(),
        }
    }

    /// Commits what nobody else has changed; gives the numbers.
    async fn seqs(&self, records: Vec<Record>) -> Vec<i64> {
        let seq = |written| match written {
            Written::Line(seq) => seq,
            other => panic!("nobody else was there, yet {other:?}"),
        };
        self.commit(records).await.unwrap().into_iter().map(seq).collect()
    }

    /// The bodies of a conversation's history, newest first.
    async fn bodies(&self, conversation: ConversationId) -> Vec<String> {
        let rows = self.history(conversation, 100).await.unwrap();
        rows.into_iter().map(|row| String::from_utf8(row.body).unwrap()).collect()
    }
}

impl Deref for Subject {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        self.store.as_deref().unwrap()
    }
}

/// The change that follows `change`.
fn after(change: &Change) -> Change {
    Change { rev: change.rev + 1, outbox: Vec::new(), ..change.clone() }
}

/// A line with this change.
fn record(change: Change) -> Record {
    said("message", change)
}

/// A line with this body and change.
fn said(body: &str, change: Change) -> Record {
    let account = Some(change.account);
    Record { at: Moment(1_000), kind: "message", account, body: body.as_bytes().to_vec(), change: Some(change), is_mark: false }
}

/// A line of no conversation.
fn loose(body: &str, account: Option<AccountId>) -> Record {
    Record { at: Moment(2_000), kind: "unreadable", account, body: body.as_bytes().to_vec(), change: None, is_mark: false }
}

/// A queued reply of the change's conversation.
fn reply(change: &Change, number: u32, body: &str) -> OutboxRow {
    OutboxRow {
        account: change.account,
        conversation: change.conversation,
        reply: ReplyId(number),
        body: body.as_bytes().to_vec(),
        state: OutboxState::Queued,
    }
}

fn put(row: OutboxRow) -> OutboxChange {
    OutboxChange::Put(row)
}

fn assert_broken<T: std::fmt::Debug>(result: Result<T, StoreError>, word: &str) {
    match result {
        Err(StoreError::Broken(text)) => assert!(text.contains(word), "{text:?} says nothing of {word:?}"),
        other => panic!("refused as broken, not {other:?}"),
    }
}
