use std::sync::Arc;

use super::*;
use crate::engine::ReplyId;
use crate::runtime::port::{Change, EventPut, EventQuery, OutboxState};
use crate::store::{Memory, conformance};
use crate::system::SystemEntropy;

const TEXT: &[u8] = b"{\"text\":\"my code is 4711-0815\"}";

fn key(word: &str) -> Key {
    Key::from_setting(&format!("{word}, for tests only, no secret")).unwrap()
}

async fn over(memory: &Memory, master: Option<&Key>) -> Sealed {
    Sealed::over(Arc::new(memory.reopen()), master, Arc::new(SystemEntropy)).await.unwrap()
}

/// A turn of a conversation in which the text stands wherever one can.
async fn said(store: &dyn Store) -> Record {
    let account = store.account("app", "shop").await.unwrap();
    let first = conformance::first_change(store, account, b"c1").await;
    let reply = OutboxRow {
        account,
        conversation: first.conversation,
        reply: ReplyId(1),
        body: TEXT.to_vec(),
        state: OutboxState::Queued,
    };
    let change = Change { state: TEXT.to_vec(), outbox: vec![OutboxChange::Put(reply)], ..first };
    let event = EventPut { endpoint: "shop".into(), place: 0, kind: "message.received".to_owned(), body: TEXT.to_vec() };
    Record {
        at: Moment(1_000),
        kind: "message",
        account: Some(account),
        body: TEXT.to_vec(),
        change: Some(change),
        is_mark: false,
        events: vec![event],
    }
}

/// Every body that a store gives.
async fn bodies(store: &dyn Store) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut bodies: Vec<Vec<u8>> = store.loose_history(10).await?.into_iter().map(|row| row.body).collect();
    for row in store.conversations(10).await? {
        bodies.extend(store.history(row.id, 10).await?.into_iter().map(|row| row.body));
        bodies.extend(store.outbox_of(row.id).await?.into_iter().map(|row| row.body));
        bodies.push(row.state);
    }
    bodies.extend(store.outbox().await?.into_iter().map(|row| row.body));
    bodies.extend(store.event_heads("shop", 10).await?.into_iter().map(|row| row.body));
    bodies.extend(store.events(&EventQuery::default(), 10).await?.into_iter().map(|row| row.body));
    Ok(bodies)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn written(store: &dyn Store) {
    let record = said(store).await;
    let loose = Record { change: None, events: Vec::new(), kind: "unreadable", ..record.clone() };
    store.commit(vec![record, loose]).await.unwrap();
}

#[tokio::test]
async fn no_text_stands_beneath_and_all_of_it_comes_back() {
    let (memory, key) = (Memory::new(), key("one"));
    written(&over(&memory, None).await.begin(&key).await.unwrap()).await;
    let (raw, read) = (bodies(&memory).await.unwrap(), bodies(&over(&memory, Some(&key)).await).await.unwrap());
    assert_eq!(raw.len(), 7);
    assert!(raw.iter().all(|body| !holds(body, b"4711")), "{raw:?}");
    assert!(read.len() == 7 && read.iter().all(|body| body == TEXT), "{read:?}");
}

#[tokio::test]
async fn without_a_data_key_texts_are_as_before_and_stay_readable_after_one() {
    let (memory, key) = (Memory::new(), key("one"));
    let plain = over(&memory, Some(&key)).await;
    written(&plain).await;
    assert!(!plain.seals() && bodies(&memory).await.unwrap().iter().all(|body| body == TEXT));
    let sealed = plain.begin(&key).await.unwrap();
    assert!(sealed.seals() && bodies(&sealed).await.unwrap().iter().all(|body| body == TEXT));
}

#[tokio::test]
async fn without_its_key_a_sealed_store_gives_and_takes_no_text() {
    let (memory, right) = (Memory::new(), key("one"));
    let sealed = over(&memory, None).await.begin(&right).await.unwrap();
    written(&sealed).await;
    for wrong in [None, Some(key("two"))] {
        let closed = over(&memory, wrong.as_ref()).await;
        assert!(closed.is_closed() && !closed.seals());
        let error = bodies(&closed).await.unwrap_err().to_string();
        assert!(error.contains("token_key") && !error.contains("4711"), "{error}");
        let record = Record { change: None, events: Vec::new(), ..said(&closed).await };
        assert!(closed.commit(vec![record]).await.is_err());
        assert_eq!(closed.accounts().await.unwrap().len(), 1, "what has no text is given");
    }
    let wrong = over(&memory, None).await.begin(&key("two")).await.unwrap_err();
    assert!(wrong.to_string().contains("token_key"), "{wrong}");
}

#[tokio::test]
async fn another_master_key_changes_the_data_keys_seal_and_no_text() {
    let (memory, old, new) = (Memory::new(), key("one"), key("two"));
    let rotate = || Sealed::rotate(&memory, &old, &new, &SystemEntropy);
    assert_eq!(rotate().await.unwrap(), Rotated::None);
    written(&over(&memory, None).await.begin(&old).await.unwrap()).await;
    let before = bodies(&memory).await.unwrap();
    assert_eq!(rotate().await.unwrap(), Rotated::Anew);
    assert_eq!(rotate().await.unwrap(), Rotated::Already);
    assert_eq!(bodies(&memory).await.unwrap(), before);
    assert!(over(&memory, Some(&old)).await.is_closed());
    assert!(bodies(&over(&memory, Some(&new)).await).await.unwrap().iter().all(|body| body == TEXT));
    let other = key("three");
    assert_eq!(Sealed::rotate(&memory, &other, &other, &SystemEntropy).await.unwrap(), Rotated::Closed);
}

#[tokio::test]
async fn of_several_that_begin_at_once_one_data_key_is_everybodys() {
    let (memory, key) = (Memory::new(), key("one"));
    let (first, second) = (over(&memory, Some(&key)).await, over(&memory, Some(&key)).await);
    let (first, second) = (first.begin(&key).await.unwrap(), second.begin(&key).await.unwrap());
    written(&first).await;
    assert!(bodies(&second).await.unwrap().iter().all(|body| body == TEXT));
}

#[tokio::test]
async fn sealing_begins_by_itself_where_nobody_of_another_version_can_read() {
    let alone = Memory::new();
    written(&alone).await;
    assert!(over(&alone, None).await.may_begin().await.unwrap());
    let shared = Memory::shared(Arc::new(crate::system::SystemClock));
    assert!(over(&shared, None).await.may_begin().await.unwrap());
    let account = shared.account("app", "shop").await.unwrap();
    let change = conformance::first_change(&shared, account, b"c1").await;
    let record = Record {
        at: Moment(1),
        kind: "message",
        account: Some(account),
        body: TEXT.to_vec(),
        change: Some(change),
        is_mark: false,
        events: Vec::new(),
    };
    shared.commit(vec![record]).await.unwrap();
    assert!(!over(&shared, None).await.may_begin().await.unwrap());
}
