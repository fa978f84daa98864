//! Several processes on one store.

use futures_util::FutureExt as _;

use super::world::{APP, MINUTE, SHOP, World};

#[tokio::test]
async fn whoever_takes_a_delivery_the_leader_sends_the_answer() {
    let (one, two) = World::pair().await;
    two.write("mona", "hello").await.unwrap();
    one.pass(1_000).await;
    assert_eq!(one.sent(), ["Welcome!"]);
    assert_eq!((one.handle.counts().sent, two.handle.counts().sent), (1, 0));
    assert!(one.handle.reports().await[0].leads && !two.handle.reports().await[0].leads);
    one.assert_replays("mona").await;
}

#[tokio::test]
async fn one_conversation_over_two_processes_is_one_conversation() {
    let (one, two) = World::pair().await;
    one.write("mona", "name").await.unwrap();
    one.pass(1_000).await;
    two.write("mona", "Mona").await.unwrap();
    one.pass(1_000).await;
    assert_eq!(one.sent(), ["What is your name?", "Hello Mona!"]);
    one.assert_replays("mona").await;
}

#[tokio::test]
async fn deliveries_that_meet_are_all_taken_and_one_that_came_twice_has_one_effect() {
    let (one, two) = World::pair().await;
    one.write("mona", "hello").await.unwrap();
    one.pass(1_000).await;
    let same = one.text(SHOP, "mona", "hello");
    let other = two.text(SHOP, "mona", "hello");
    let (first, again, third) =
        tokio::join!(one.handle.deliver(same.clone()), two.handle.deliver(same), two.handle.deliver(other));
    assert!(first.is_ok() && again.is_ok() && third.is_ok(), "{first:?} {again:?} {third:?}");
    one.pass(2_000).await;
    assert_eq!(one.sent().len(), 3, "{:?}", one.sent());
    assert!(one.handle.counts().stale + two.handle.counts().stale > 0, "they did meet");
    one.assert_replays("mona").await;
}

#[tokio::test]
async fn another_takes_over_soon_after_the_leaders_lease_has_ended() {
    let (one, two) = World::pair().await;
    one.write("omar", "later").await.unwrap();
    one.pass(1_000).await;
    one.die().await;
    two.write("mona", "hello").await.unwrap();
    two.pass(9_000).await;
    assert!(two.sent().is_empty(), "the lease still runs");
    two.pass(4_000).await;
    assert_eq!(two.sent(), ["Welcome!"], "taken over within two seconds of its end, and a second later the first call");
    two.pass(60 * MINUTE).await;
    assert_eq!(two.sent(), ["Welcome!", "An hour has passed."], "the other's timers too");
}

#[tokio::test]
async fn a_process_that_ends_in_good_order_is_followed_at_once() {
    let (one, two) = World::pair().await;
    one.handle.shutdown().await;
    one.die().await;
    two.write("mona", "hello").await.unwrap();
    two.pass(3_000).await;
    assert_eq!(two.sent(), ["Welcome!"]);
}

#[tokio::test]
async fn a_mark_of_a_leader_that_died_is_looked_for_and_not_sent_twice() {
    let (one, two) = World::pair().await;
    *one.script.latency_ms.lock().unwrap() = 5_000;
    one.write("mona", "hello").await.unwrap();
    one.pass(1_000).await;
    assert_eq!(one.count("send"), 1);
    let shown = ("Welcome!".to_owned(), "m-1".to_owned(), super::world::START.plus_ms(2_040));
    one.script.listed.lock().unwrap().push(shown);
    one.die().await;
    two.pass(5 * MINUTE).await;
    assert_eq!(two.count("send"), 1);
    assert_eq!(two.replies("mona").await, ["Welcome!: Sent"]);
}

#[tokio::test]
async fn a_call_outside_of_conversations_waits_until_its_process_leads() {
    let (one, two) = World::pair().await;
    let mut waits = Box::pin(two.handle.permit(APP));
    assert!((&mut waits).now_or_never().is_none());
    one.die().await;
    let (permit, ()) = tokio::join!(waits, two.pass(13_000));
    assert!(permit.is_some());
}
