//! Erasure while everything is under way.

use std::sync::Arc;

use super::systems::{Reply, status};
use super::world::*;
use crate::engine::{Conversation, EchoSource, Input};
use crate::runtime::port::{ERASED, Erasing as _, Store as _, StoreError};
use crate::runtime::{Delivered, ErasureRecord, Kept, Refused, erase_stored};

/// Nothing of these words stands in any row.
async fn holds_nothing_of(world: &World, words: &[&str]) {
    let mut all = String::new();
    for row in world.store.conversations(100).await.unwrap() {
        all += &String::from_utf8_lossy(&row.external);
        all += &String::from_utf8_lossy(&row.state);
        for line in world.store.history(row.id, 1_000).await.unwrap() {
            all += &String::from_utf8_lossy(&line.body);
        }
    }
    for line in world.store.loose_history(1_000).await.unwrap() {
        all += &String::from_utf8_lossy(&line.body);
        if let Ok(kept) = serde_json::from_slice::<Kept>(&line.body) {
            all += &kept.raw;
        }
    }
    for row in world.store.outbox().await.unwrap() {
        all += &String::from_utf8_lossy(&row.body);
    }
    for (_, value) in world.store.meta_under("erased", 100).await.unwrap() {
        all += &String::from_utf8_lossy(&value);
    }
    for word in words {
        assert!(!all.contains(word), "`{word}` still stands in {all}");
    }
}

#[tokio::test]
async fn all_that_was_said_is_gone_and_a_line_tells_that_it_was_but_not_what() {
    let world = World::new().await;
    world.write("mona-the-customer", "name").await.unwrap();
    world.pass(1_000).await;
    let old = world.id("mona-the-customer").await;
    let plan = world.handle.erasure_plan(old).await.unwrap().unwrap();
    assert!(plan.history >= 3, "{plan:?}");

    let removed = world.handle.erase(old, "the desk").await.unwrap().unwrap();

    assert_eq!(removed.history, plan.history as u64);
    assert_eq!(world.store.load(old).await.unwrap(), None);
    assert_eq!(world.handle.find(APP, SHOP, b"mona-the-customer").await.unwrap(), None);
    assert_eq!(world.store.next_due().await.unwrap(), None);
    holds_nothing_of(&world, &["mona-the-customer", "What is your name"]).await;
    let line = world.store.loose_history(1).await.unwrap().remove(0);
    let record: ErasureRecord = serde_json::from_slice(&line.body).unwrap();
    assert_eq!((line.kind.as_str(), record.by.as_str(), record.removed), (ERASED, "the desk", removed));
    assert_eq!(world.handle.erase(old, "the desk").await.unwrap(), None);
    // What was to happen by itself does not.
    world.pass(11 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?"]);
}

#[tokio::test]
async fn a_delivery_from_before_does_not_bring_anything_back_also_after_a_crash() {
    let mut world = World::new().await;
    let (seen, unseen) = (world.text(SHOP, "mona", "hello"), world.text(SHOP, "mona", "name"));
    world.handle.deliver(seen.clone()).await.unwrap();
    world.settle().await;
    world.pass(HOUR).await;
    world.handle.erase(world.id("mona").await, "me").await.unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(world.handle.deliver(seen.clone()).await, Ok(Delivered::Duplicate));
        assert_eq!(world.handle.deliver(unseen.clone()).await, Ok(Delivered::Kept));
        world.settle().await;
        assert_eq!(world.handle.find(APP, SHOP, b"mona").await.unwrap(), None);
        holds_nothing_of(&world, &["hello", "mona"]).await;
        world = world.crash_for(60 * HOUR / 2).await;
    }
    assert_eq!(world.sent(), ["Welcome!"]);
    assert!(world.store_loose().await.contains(&"after_erasure".to_owned()));
    // After its time nothing at all is left.
    world.pass_by(30 * HOUR, HOUR / 2).await;
    assert_eq!(world.store.meta_under("erased", 9).await.unwrap(), []);
}

#[tokio::test]
async fn the_person_may_write_again_as_a_stranger() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(1_000).await;
    let old = world.id("mona").await;
    world.handle.erase(old, "me").await.unwrap().unwrap();
    world.pass(2 * HOUR).await;
    // No answer to a question that nobody remembers, but a new talk.
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_ne!(world.id("mona").await, old);
    assert_eq!(world.sent(), ["What is your name?", "Welcome!"]);
    assert_eq!(world.handle.erase(old, "me").await.unwrap(), None);
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    // It runs again neither wrongly nor by a lie: what came before cannot be told.
    let replay = world.handle.replay(world.id("mona").await).await.unwrap().unwrap();
    assert_eq!(replay.verdict, crate::runtime::Verdict::Incomplete);
    assert!(replay.why.unwrap().contains("erased"));
}

#[tokio::test]
async fn a_late_outcome_and_its_echo_touch_nobody() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 3_000;
    world.write("mona", "hello").await.unwrap();
    world.pass(200).await;
    assert_eq!(world.count("send"), 1);
    let old = world.id("mona").await;
    assert!(world.handle.erase(old, "me").await.unwrap().is_some());
    // The person comes back while the call of before is still open.
    world.pass_by(1_000, 10).await;
    *world.script.latency_ms.lock().unwrap() = 20;
    world.pass(4_000).await;
    assert_eq!(world.handle.find(APP, SHOP, b"mona").await.unwrap(), None);
    let echo = world.echo("mona", "out-1", EchoSource::Unknown, "Welcome!");
    assert_eq!(world.handle.deliver(echo).await, Ok(Delivered::Kept));
    holds_nothing_of(&world, &["Welcome", "mona"]).await;
    let kept: Vec<Kept> =
        world.store.loose_history(9).await.unwrap().iter().filter_map(|row| serde_json::from_slice(&row.body).ok()).collect();
    assert!(kept.iter().any(|kept| kept.why.starts_with("outcome: ")), "{kept:?}");
    assert!(kept.iter().any(|kept| kept.why.starts_with("echo: ")), "{kept:?}");
    // And sending goes on for everybody.
    world.write("aya", "hello").await.unwrap();
    world.pass(HOUR).await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!", "Welcome!"]);
}

#[tokio::test]
async fn a_late_answer_of_a_system_does_not_go_on_with_the_talk_of_a_stranger() {
    let world = World::new().await;
    world.systems.answers.lock().unwrap().push_back(Reply::After(30_000, status(200)));
    world.write("mona", "slow").await.unwrap();
    world.pass(200).await;
    let old = world.id("mona").await;
    world.handle.erase(old, "me").await.unwrap().unwrap();
    world.pass(MINUTE).await;
    assert_eq!(world.systems.asked.lock().unwrap().len(), 1);
    world.pass(2 * MINUTE).await;
    assert_eq!(world.handle.find(APP, SHOP, b"mona").await.unwrap(), None);
    assert_eq!(world.sent(), [] as [&str; 0]);
}

#[tokio::test]
async fn what_tiktok_counted_still_counts() {
    let world = World::new().await;
    world.write("mona", "pair").await.unwrap();
    world.pass(2_000).await;
    let row = world.store.load(world.id("mona").await).await.unwrap().unwrap();
    let before = Conversation::decode(&row.state).unwrap();
    let after = before.after_erasure(world.clock_now());
    assert_eq!(after.replies_left(), before.replies_left());
    assert!(after.replies_left() < 10);
    assert_eq!(after.window_left(world.clock_now()), before.window_left(world.clock_now()));
    world.handle.erase(row.id, "me").await.unwrap().unwrap();
    // A colleague's message from the app begins it anew, and the ones before are still counted.
    let echo = world.echo("mona", "by-hand", EchoSource::App, "How are you?");
    world.pass(2 * MINUTE).await;
    let echo = match echo.meaning {
        crate::runtime::port::Meaning::Input { input: Input::Echo(echo), .. } => {
            Input::Echo(crate::engine::Echo { at: world.clock_now(), received: world.clock_now(), ..echo })
        }
        _ => unreachable!(),
    };
    world.handle.deliver(world.delivery(SHOP, "mona", Some("echo by-hand".to_owned()), echo)).await.unwrap();
    let row = world.store.load(world.id("mona").await).await.unwrap().unwrap();
    assert_eq!(Conversation::decode(&row.state).unwrap().replies_left(), before.replies_left() - 1);
}

#[tokio::test]
async fn an_erasure_that_fails_leaves_all_as_it_was() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(1_000).await;
    let id = world.id("mona").await;
    let before = world.history("mona").await;
    world.store.fail_next_commits(1, StoreError::Busy("busy".to_owned()));
    assert!(matches!(world.handle.erase(id, "me").await, Err(Refused::Store(_))));
    assert_eq!(world.history("mona").await, before);
    world.write("mona", "Mona").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["What is your name?", "Hello Mona!"]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn another_process_does_not_write_the_erased_back() {
    let (one, two) = World::pair().await;
    two.write("mona", "name").await.unwrap();
    one.write("mona", "hm").await.unwrap();
    one.pass(1_000).await;
    let old = one.id("mona").await;
    // The one that leads has it in memory, and the other erases.
    assert!(two.handle.erase(old, "me").await.unwrap().is_some());
    one.pass(11 * MINUTE).await;
    for world in [&one, &two] {
        assert_eq!(world.handle.find(APP, SHOP, b"mona").await.unwrap(), None);
    }
    one.write("mona", "hello").await.unwrap();
    one.pass(1_000).await;
    assert_ne!(one.id("mona").await, old);
    assert_eq!(one.sent().last().unwrap(), "Welcome!");
}

#[tokio::test]
async fn who_has_no_process_erases_beside_one_that_has_it_in_memory() {
    let (one, two) = World::pair().await;
    one.write("mona", "name").await.unwrap();
    one.pass(1_000).await;
    let row = one.store.load(one.id("mona").await).await.unwrap().unwrap();
    let store = Arc::clone(&two.store);
    assert!(erase_stored(&*store, &row, one.clock_now(), "me").await.unwrap().is_some());
    one.pass(HOUR).await;
    assert_eq!(one.handle.find(APP, SHOP, b"mona").await.unwrap(), None);
    one.write("mona", "hello").await.unwrap();
    one.pass(1_000).await;
    assert_ne!(one.id("mona").await, row.id);
}

#[tokio::test]
async fn the_same_key_erases_once() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    let id = world.id("mona").await;
    let (first, again) = (world.handle.erase_once(id, "me", Some("k")).await, world.handle.erase_once(id, "me", Some("k")).await);
    let (removed, repeated) = first.unwrap().unwrap();
    assert!(!repeated);
    assert_eq!(again.unwrap(), Some((removed, true)));
    assert_eq!(world.handle.erase_once(id, "me", Some("other")).await.unwrap(), None);
}
