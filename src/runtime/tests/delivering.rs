//! What comes in: once, in order, and answered only after the commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::world::{APP, FLOWS, SHOP, Script, World, bot, options};
use crate::engine::{ColleagueAction, Comment, EchoSource, Input};
use crate::runtime::port::{CallsNobody, Clock, Delivery, Meaning, Store, StoreError, TellsNobody, Transport};
use crate::runtime::{Delivered, Ports, Refused, ReplyState, Service, Side};
use crate::store::Sqlite;
use crate::system::{SeededEntropy, SteeredClock};

#[tokio::test]
async fn a_message_is_answered_and_its_whole_way_can_be_read() {
    let world = World::new().await;
    assert_eq!(world.write("mona", "hello").await, Ok(Delivered::Done));
    world.pass(100).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    let lines = world.lines("mona").await;
    let told: Vec<_> = lines.iter().map(|line| (line.side, line.text.as_str())).collect();
    assert_eq!(told, [(Side::Customer, "hello"), (Side::Bot, "Welcome!")]);
    let reply = lines[1].reply.as_ref().unwrap();
    assert_eq!((reply.state, reply.origin.line), (ReplyState::Sent, 15));
    assert!(world.outbox().await.is_empty());
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_comment_is_answered_once_by_a_text_that_names_it() {
    let world = World::new().await;
    let comment = || {
        let at = world.clock.now();
        let comment = Comment::new("c1".to_owned(), at, at, "the price?".to_owned());
        world.delivery(SHOP, "comments:mona", Some("comment c1".to_owned()), Input::Comment(comment))
    };
    assert_eq!(world.handle.deliver(comment()).await, Ok(Delivered::Done));
    assert_eq!(world.handle.deliver(comment()).await, Ok(Delivered::Duplicate));
    world.pass(100).await;
    assert_eq!(world.sent(), ["Twenty."]);
    let lines = world.lines("comments:mona").await;
    assert_eq!((lines[0].side, lines[0].text.as_str()), (Side::Customer, "the price?"));
    world.assert_replays("comments:mona").await;
}

#[tokio::test]
async fn a_duplicate_has_no_second_effect_also_when_both_come_at_once() {
    let world = World::new().await;
    let delivery = world.text(SHOP, "mona", "hello");
    let (first, second) = tokio::join!(world.handle.deliver(delivery.clone()), world.handle.deliver(delivery.clone()));
    let mut both = [first.unwrap(), second.unwrap()];
    both.sort_by_key(|delivered| *delivered == Delivered::Duplicate);
    assert_eq!(both, [Delivered::Done, Delivered::Duplicate]);
    world.pass(1_000).await;
    assert_eq!(world.handle.deliver(delivery).await, Ok(Delivered::Duplicate));
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(world.handle.counts().duplicates, 2);
}

#[tokio::test]
async fn a_flood_never_makes_an_old_delivery_new() {
    let world = World::new().await;
    let first = world.text(SHOP, "mona", "hello");
    world.handle.deliver(first.clone()).await.unwrap();
    world.pass(1_000).await;
    for _ in 0..2_100 {
        let flood = world.text(SHOP, "mona", "zzz");
        assert_eq!(world.handle.deliver(flood).await, Ok(Delivered::Done));
    }
    assert_eq!(world.handle.deliver(first).await, Ok(Delivered::Kept));
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    let kept = world.store.loose_history(10).await.unwrap();
    assert_eq!(kept[0].kind, "perhaps_repeated");
    assert_eq!(world.write("mona", "hello").await, Ok(Delivered::Done));
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"], "who floods is answered nevertheless");
}

#[tokio::test]
async fn a_duplicate_is_known_after_a_restart() {
    let world = World::new().await;
    let delivery = world.text(SHOP, "mona", "hello");
    assert_eq!(world.handle.deliver(delivery.clone()).await, Ok(Delivered::Done));
    let world = world.crash().await;
    assert_eq!(world.handle.deliver(delivery).await, Ok(Delivered::Duplicate));
    world.pass(3_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
}

#[tokio::test]
async fn what_could_not_be_committed_is_refused_with_its_duplicate_and_taken_when_it_comes_again() {
    let world = World::new().await;
    world.store.fail_next_commits(1, StoreError::Full("no room".to_owned()));
    let delivery = world.text(SHOP, "mona", "hello");
    let (first, second) = tokio::join!(world.handle.deliver(delivery.clone()), world.handle.deliver(delivery.clone()));
    assert!(matches!(first, Err(Refused::Store(_))), "{first:?}");
    assert!(matches!(second, Err(Refused::Store(_))), "the key was never committed: {second:?}");
    world.pass(1_000).await;
    assert!(world.sent().is_empty());
    assert_eq!(world.handle.deliver(delivery).await, Ok(Delivered::Done));
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_failed_commit_voids_only_what_stood_on_it() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(200).await;
    world.store.fail_next_commits(1, StoreError::Busy("another writer".to_owned()));
    let lost = world.text(SHOP, "mona", "Mona");
    assert!(world.handle.deliver(lost.clone()).await.is_err());
    assert_eq!(world.handle.deliver(lost).await, Ok(Delivered::Done));
    world.pass(200).await;
    assert_eq!(world.sent(), ["What is your name?", "Hello Mona!"]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn an_outcome_that_cannot_be_committed_is_kept_and_committed_later() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.store.fail_next_commits(3, StoreError::Full("no room".to_owned()));
    world.pass(100).await;
    assert!(world.write("mona", "hello").await.is_ok() || world.handle.counts().commits_failed > 0);
    world.pass(10_000).await;
    assert_eq!(world.sent().first().map(String::as_str), Some("Welcome!"));
    assert!(world.replies("mona").await.iter().all(|reply| reply == "Welcome!: Sent"));
    assert!(world.outbox().await.is_empty());
}

#[tokio::test]
async fn a_broken_store_ends_the_process_and_nothing_more_is_taken() {
    let world = World::new().await;
    world.store.fail_next_commits(1, StoreError::Broken("fsync".to_owned()));
    assert!(world.write("mona", "hello").await.is_err());
    assert!(world.handle.fatal().await.contains("fsync"));
    assert!(!world.handle.is_serving());
    assert_eq!(world.write("mona", "hello").await, Err(Refused::Busy));
    world.pass(5_000).await;
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn what_is_not_understood_or_of_nobody_is_kept_and_bounded() {
    let world = World::new().await;
    let unreadable = Delivery {
        app: APP.to_owned(),
        open_id: None,
        received: super::world::START,
        raw: Bytes::from(vec![b'x'; 900_000]),
        meaning: Meaning::Kept { kind: "unreadable", why: "é".repeat(10_000) },
    };
    assert_eq!(world.handle.deliver(unreadable).await, Ok(Delivered::Kept));
    assert_eq!(world.handle.deliver(world.text("-nobody", "mona", "hello")).await, Ok(Delivered::Kept));
    let kept = world.store.loose_history(10).await.unwrap();
    let kinds: Vec<_> = kept.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["unknown_account", "unreadable"]);
    assert!(kept.iter().all(|row| row.body.len() < 13_000));
    world.pass(1_000).await;
    assert!(world.calls().is_empty());
    assert_eq!(world.handle.counts().kept, 2);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_loses_no_input_and_stops_nobody_else() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    let row = world.store.load(world.id("mona").await).await.unwrap().unwrap();
    let damage = crate::runtime::port::Record {
        at: super::world::START,
        kind: "test",
        account: Some(row.account),
        body: b"{}".to_vec(),
        is_mark: false,
        events: Vec::new(),
        change: Some(crate::runtime::port::Change {
            after: 0,
            conversation: row.id,
            account: row.account,
            external: row.external.clone(),
            rev: row.rev + 1,
            due: None,
            recent: row.recent,
            state: b"not a state".to_vec(),
            outbox: Vec::new(),
            found_by: None,
        }),
    };
    world.store.commit(vec![damage]).await.unwrap();
    let world = world.crash().await;
    assert_eq!(world.write("mona", "hello").await, Ok(Delivered::Done));
    assert_eq!(world.write("omar", "hello").await, Ok(Delivered::Done));
    world.pass(3_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
    assert_eq!(world.handle.counts().faults, 1);
    let kept = world.store.loose_history(10).await.unwrap();
    assert!(kept.iter().any(|row| row.kind == "message" && String::from_utf8_lossy(&row.body).contains("hello")));
}

#[tokio::test]
async fn after_a_takeover_the_bot_is_silent_until_it_is_given_back() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(200).await;
    let id = world.id("mona").await;
    assert_eq!(world.handle.colleague(id, ColleagueAction::TakeOver).await, Ok(true));
    world.write("mona", "hello").await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.handle.colleague(id, ColleagueAction::Release).await, Ok(true));
    world.write("mona", "hello").await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.sent().len(), 2);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_colleague_who_writes_in_tiktok_takes_over_before_the_reply_that_waits() {
    let world = World::new().await;
    let nothing = crate::channel::NotSent::TooFast { pause_ms: 20_000 };
    world.answer(crate::channel::Outcome::NotSent(nothing));
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    let echo = world.echo("mona", "other-1", EchoSource::App, "I am here");
    assert_eq!(world.handle.deliver(echo).await, Ok(Delivered::Done));
    world.pass(60_000).await;
    assert_eq!(world.sent().len(), 1, "one attempt before the takeover, none after");
    assert_eq!(world.replies("mona").await, ["Welcome!: Withdrawn"]);
    assert!(world.outbox().await.is_empty());
}

#[tokio::test]
async fn a_new_bot_answers_from_the_next_message_on() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(200).await;
    world.handle.set_bot(bot(&FLOWS.replace("Welcome!", "Good morning!")));
    world.write("mona", "hello").await.unwrap();
    world.pass(200).await;
    assert_eq!(world.sent(), ["Welcome!", "Good morning!"]);
}

#[tokio::test]
async fn committed_changes_are_told_as_they_come() {
    let world = World::new().await;
    let mut events = world.handle.events();
    world.write("mona", "hello").await.unwrap();
    world.pass(200).await;
    let id = world.id("mona").await;
    let mut kinds = Vec::new();
    while let Ok(event) = events.try_recv() {
        assert_eq!(event.conversation, Some(id));
        kinds.push(event.kind);
    }
    assert_eq!(kinds, ["message", "may_send", "outcome"]);
}

#[tokio::test]
async fn what_waits_together_is_taken_in_the_order_of_tiktoks_time() {
    let world = World::new().await;
    let first = world.text(SHOP, "mona", "name");
    world.clock.advance(10);
    let second = world.text(SHOP, "mona", "Mona");
    let (later, earlier) = tokio::join!(world.handle.deliver(second), world.handle.deliver(first));
    assert_eq!((later, earlier), (Ok(Delivered::Done), Ok(Delivered::Done)));
    let told: Vec<_> = world.lines("mona").await.into_iter().filter(|line| line.side == Side::Customer).collect();
    let told: Vec<_> = told.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(told, ["name", "Mona"]);
    world.assert_replays("mona").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_a_real_file_real_threads_and_real_time_nobody_is_forgotten_or_answered_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let clock = SteeredClock::running();
    let world = World::at(clock.clone()).await;
    let script = Arc::new(Script::new(clock.clone()));
    let start = async || {
        let ports = Ports {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(1)),
            store: Arc::new(open(&file, &clock).await),
            transport: Arc::clone(&script) as Arc<dyn Transport>,
            fetcher: Arc::new(CallsNobody),
            herald: Arc::new(TellsNobody),
            compiler: None,
        };
        Service::start(options(), ports, bot(FLOWS)).await.unwrap()
    };
    let deliveries: Vec<_> = (0..12).map(|customer| world.text(SHOP, &format!("customer-{customer}"), "hello")).collect();
    let (service, handle) = start().await;
    let twice = deliveries.iter().chain(&deliveries).map(|delivery| handle.deliver(delivery.clone()));
    let done = futures_util::future::join_all(twice).await;
    assert_eq!(done.iter().filter(|result| **result == Ok(Delivered::Done)).count(), 12);
    assert_eq!(done.iter().filter(|result| **result == Ok(Delivered::Duplicate)).count(), 12);
    service.kill().await;
    drop(handle);
    let (service, handle) = start().await;
    let seen = |what: &str| -> Vec<String> {
        let calls = script.calls.lock().unwrap();
        calls.iter().filter(|call| call.what == what).map(|call| call.external.clone()).collect()
    };
    // Those that were marked when the process ended are looked for first; the others just leave.
    let met = || seen("send").into_iter().chain(seen("list")).collect::<BTreeSet<_>>().len();
    for _ in 0..200 {
        if met() == 12 {
            break;
        }
        clock.advance(100);
        clock.sleep_until(clock.now().plus_ms(20)).await;
    }
    assert_eq!(met(), 12);
    let sent = seen("send");
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), sent.len(), "twice to somebody");
    assert_eq!(handle.deliver(deliveries[0].clone()).await, Ok(Delivered::Duplicate));
    handle.shutdown().await;
    service.kill().await;
}

/// Tasks of the runtime before, ended a moment ago, may still hold the file.
async fn open(file: &std::path::Path, clock: &SteeredClock) -> Sqlite {
    for _ in 0..100 {
        if let Ok(store) = Sqlite::open(file) {
            return store;
        }
        clock.sleep_until(clock.now().plus_ms(20)).await;
    }
    panic!("the file stays owned");
}
