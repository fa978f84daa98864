//! In: a store, whichever. Out: whether it keeps what the port promises.
//! Does not know: which store it has in hand. Each story runs against all, empty at its beginning.

mod bytes;
#[path = "../../../tests/support/cluster.rs"]
pub(super) mod cluster;
mod commits;
mod erasure;
mod events;
mod lookups;
mod outbox;
mod owned;
mod restarts;
mod shared;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use self::cluster::Cluster;
use super::{Memory, Postgres, Sealed, Sqlite};
use crate::calendar::Moment;
use crate::engine::ReplyId;
use crate::runtime::port::{
    AccountId, Change, ConversationId, OutboxChange, OutboxRow, OutboxState, Record, Store, StoreError, VersionRow, Written,
};
use crate::system::seal::Key;
use crate::system::{SystemClock, SystemEntropy};

/// Each story as a test for each store.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        mod memory {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::memory().await).await; })*
        }
        mod sealed {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::sealed().await).await; })*
        }
        mod sqlite {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::sqlite().await).await; })*
        }
        mod postgres {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::postgres().await).await; })*
        }
    };
}
use stories;

/// A store that can be restarted.
struct Subject {
    store: Option<Box<dyn Store>>,
    origin: Origin,
    epoch: i64,
}

enum Origin {
    Memory(Memory),
    /// With bodies sealed above it.
    Sealed(Memory),
    Sqlite(tempfile::TempDir),
    Postgres(SecretString),
}

impl Origin {
    async fn open(&self) -> Box<dyn Store> {
        match self {
            Self::Memory(memory) => Box::new(memory.reopen()),
            Self::Sealed(memory) => {
                let key = Key::from_setting("for tests only, no secret").unwrap();
                let over = Sealed::over(Arc::new(memory.reopen()), Some(&key), Arc::new(SystemEntropy)).await.unwrap();
                Box::new(over.begin(&key).await.unwrap())
            }
            Self::Sqlite(folder) => Box::new(Sqlite::open(&folder.path().join("a.db")).unwrap()),
            Self::Postgres(url) => Box::new(Postgres::open(url, Arc::new(SystemClock)).await.unwrap()),
        }
    }
}

impl Subject {
    async fn memory() -> Self {
        Self::of(Origin::Memory(Memory::new())).await
    }

    async fn sealed() -> Self {
        Self::of(Origin::Sealed(Memory::new())).await
    }

    async fn sqlite() -> Self {
        Self::of(Origin::Sqlite(tempfile::tempdir().unwrap())).await
    }

    async fn postgres() -> Self {
        Self::of(Origin::Postgres(Cluster::shared().database().await)).await
    }

    async fn of(origin: Origin) -> Self {
        let mut subject = Self { store: None, origin, epoch: 0 };
        subject.open().await;
        subject
    }

    async fn open(&mut self) {
        let store = self.origin.open().await;
        // Where a store is shared, this process is the only one, and leads.
        assert!(store.lease("app", Duration::from_secs(3_600)).await.unwrap().mine);
        self.epoch = store.epoch().await.unwrap();
        self.store = Some(store);
    }

    async fn restart(&mut self) {
        self.release("app").await.unwrap();
        // Closed before it is opened again: a file has one owner.
        drop(self.store.take());
        self.open().await;
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
        let first = first_change(&**self, account, external.as_bytes()).await;
        // Kept by what follows it.
        Change { after: self.epoch, recent: b"recent".to_vec(), ..first }
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

/// The first change of a new conversation.
pub(super) async fn first_change(store: &dyn Store, account: AccountId, external: &[u8]) -> Change {
    Change {
        conversation: store.fresh_conversation().await.unwrap(),
        account,
        external: external.to_vec(),
        rev: 1,
        after: 0,
        due: None,
        recent: Vec::new(),
        state: b"state".to_vec(),
        outbox: Vec::new(),
        found_by: None,
    }
}

/// The change that follows `change`.
fn after(change: &Change) -> Change {
    Change { rev: change.rev + 1, outbox: Vec::new(), found_by: None, ..change.clone() }
}

/// A line with this change.
fn record(change: Change) -> Record {
    said("message", change)
}

/// A line with this body and change.
fn said(body: &str, change: Change) -> Record {
    let account = Some(change.account);
    Record {
        at: Moment(1_000),
        kind: "message",
        account,
        body: body.as_bytes().to_vec(),
        change: Some(change),
        is_mark: false,
        events: Vec::new(),
    }
}

/// A line of no conversation.
fn loose(body: &str, account: Option<AccountId>) -> Record {
    Record {
        at: Moment(2_000),
        kind: "unreadable",
        account,
        body: body.as_bytes().to_vec(),
        change: None,
        is_mark: false,
        events: Vec::new(),
    }
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
