//! A store that went to the other kind and back is the same.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::calendar::Moment;
use crate::engine::ReplyId;
use crate::runtime::port::{
    AccountId, Change, EventPut, EventQuery, OutboxChange, OutboxRow, OutboxState, Record, Settled, Store, VersionRow, Written,
};
use crate::store::conformance::cluster::Cluster;
use crate::store::conformance::first_change;
use crate::store::{Postgres, Sqlite};
use crate::system::SystemClock;

fn record(at: i64, account: Option<AccountId>, change: Option<Change>) -> Record {
    Record { at: Moment(at), kind: "message", account, body: vec![0, 0xff, b'a'], change, is_mark: false, events: Vec::new() }
}

async fn change(store: &dyn Store, account: AccountId, external: &[u8]) -> Change {
    let first = first_change(store, account, external).await;
    Change { due: Some(Moment(5)), recent: vec![0], state: b"state\0".to_vec(), ..first }
}

/// A bit of everything, over more rows than travel at once.
async fn filled(store: &dyn Store) {
    let (one, two) = (store.account("app", "shop\0").await.unwrap(), store.account("other", "shop").await.unwrap());
    store.put_token(one, 3, Some(b"sealed".to_vec())).await.unwrap();
    store.put_meta("k\0é", b"\0v").await.unwrap();
    store.put_media(two, "d", "m\0", Moment(9)).await.unwrap();
    for digest in ["one", "two"] {
        let (digest, program) = (digest.to_owned(), "0.1.0".to_owned());
        store.put_version(VersionRow { number: 0, digest, at: Moment(7), program, body: vec![0, 0xff] }).await.unwrap();
    }
    let mut last = change(store, one, b"\0name").await;
    let states = [
        OutboxState::Queued,
        OutboxState::Held,
        OutboxState::Marked { attempt: 2, epoch: 1, begun: Moment(1), not_after: Moment(2) },
        OutboxState::Unknown { attempt: 7 },
    ];
    for (number, state) in (1..).zip(states) {
        let row = OutboxRow { account: one, conversation: last.conversation, reply: ReplyId(number), body: vec![0xff], state };
        last.outbox.push(OutboxChange::Put(row));
    }
    store.commit(vec![record(1, None, None), record(2, None, Some(last.clone())), record(3, Some(two), None)]).await.unwrap();
    let epoch = store.epoch().await.unwrap();
    for round in 0..3 {
        let mut batch = Vec::new();
        for number in 0..250 {
            last = Change { rev: last.rev + 1, after: epoch, due: None, outbox: Vec::new(), ..last };
            batch.push(record(10 + round * 250 + number, Some(one), Some(last.clone())));
        }
        store.commit(batch).await.unwrap();
    }
    last = Change { rev: last.rev + 1, after: epoch, ..last };
    let event = |endpoint: &str, place| EventPut {
        endpoint: endpoint.into(),
        place,
        kind: "emit.bestellt_für".to_owned(),
        body: vec![0, 0xff],
    };
    let events = vec![event("shop", 0), event("crm", 1), event("shop", 2)];
    store.commit(vec![Record { events, ..record(1_000, Some(one), Some(last)) }]).await.unwrap();
    let first = store.events(&EventQuery::default(), 1).await.unwrap()[0].key.clone();
    let dead = Settled::Dead { key: first, tries: 3, at: Moment(8), since: Moment(7), reason: "status 500".to_owned() };
    store.settle_events(vec![dead]).await.unwrap();
    let other = Change { due: Some(Moment(-3)), ..change(store, two, b"\0name").await };
    store.commit(vec![record(4, None, Some(other)), record(5, None, None)]).await.unwrap();
}

/// All that a store says of itself.
async fn told(store: &dyn Store) -> String {
    let mut said = vec![format!("{:?}", store.accounts().await.unwrap())];
    for mut row in store.conversations(9).await.unwrap() {
        row.writer = 0;
        said.push(format!("{row:?}"));
        said.push(format!("{:?}", store.find(row.account, &row.external).await.unwrap().unwrap().id));
        said.push(format!("{:?}", store.history(row.id, 2_000).await.unwrap()));
        said.push(format!("{:?}", store.outbox_of(row.id).await.unwrap()));
        said.push(format!("{:?}", store.media(row.account, "d").await.unwrap()));
    }
    for dead in [false, true] {
        said.push(format!("{:?}", store.events(&EventQuery { dead, ..EventQuery::default() }, 9).await.unwrap()));
    }
    said.push(format!("{:?} {:?}", store.versions().await.unwrap(), store.version(2).await.unwrap()));
    said.push(format!("{:?} {:?}", store.loose_history(9).await.unwrap(), store.meta("k\0é").await.unwrap()));
    said.join("\n")
}

#[tokio::test]
async fn a_file_that_went_to_a_database_and_back_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a.db", "b.db"].map(|name| folder.path().join(name));
    let url = Cluster::shared().database().await;
    let database = Place::Database(url.clone());
    let store = Sqlite::open(&first).unwrap();
    filled(&store).await;
    let before = told(&store).await;
    drop(store);

    let copied = copy(&Place::File(first.clone()), &database, |_, _| {}).await.unwrap();
    let rows: Vec<_> = copied.iter().map(|copied| (copied.table, copied.from.rows)).collect();
    let wanted = [
        ("meta", 1),
        ("app", 2),
        ("account", 2),
        ("conversation", 2),
        ("history", 756),
        ("outbox", 4),
        ("media", 1),
        ("version", 2),
        ("event", 3),
    ];
    assert_eq!(rows, wanted);

    let store = Postgres::open(&url, Arc::new(SystemClock)).await.unwrap();
    assert_eq!(told(&store).await, before);
    // Two starts of the file (by its owner and by the copy) were before it.
    assert!(store.epoch().await.unwrap() > 2);
    // While a process leads, nothing is copied from under it; nor into what is not empty.
    assert!(store.lease("app", Duration::from_secs(60)).await.unwrap().mine);
    assert!(copy(&database, &Place::File(second.clone()), |_, _| {}).await.is_err());
    store.release("app").await.unwrap();
    assert!(copy(&Place::File(first.clone()), &database, |_, _| {}).await.unwrap_err().to_string().contains("not empty"));
    drop(store);

    let back = copy(&database, &Place::File(second.clone()), |_, _| {}).await.unwrap();
    for (there, back) in copied.iter().zip(&back) {
        assert_eq!((there.table, &there.from), (back.table, &back.to));
    }
    let store = Sqlite::open(&second).unwrap();
    assert_eq!(told(&store).await, before);
    goes_on(&store, "app").await;
    drop(store);
    let store = Postgres::open(&url, Arc::new(SystemClock)).await.unwrap();
    goes_on(&store, "app").await;
}

/// New ids and numbers follow those that were copied.
async fn goes_on(store: &dyn Store, app: &str) {
    let listed = store.conversations(99).await.unwrap();
    let account = store.account(app, "a third").await.unwrap();
    assert!(store.accounts().await.unwrap().iter().filter(|row| row.id == account).count() == 1);
    let fresh = change(store, account, b"new").await;
    assert!(listed.iter().all(|row| row.id < fresh.conversation));
    let newest = store.loose_history(1).await.unwrap()[0].seq;
    let written = store.commit(vec![record(9, None, Some(fresh)), record(9, None, None)]).await.unwrap();
    let [Written::Line(one), Written::Line(two)] = written[..] else { panic!("{written:?}") };
    assert!(newest < one && one < two);
    assert_eq!(store.loose_history(1).await.unwrap()[0].prev, Some(newest));
}
