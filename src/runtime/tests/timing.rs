//! Moments that come due.

use super::world::{HOUR, MINUTE, World};

#[tokio::test]
async fn a_wait_ends_when_its_time_has_come_and_not_before() {
    let world = World::new().await;
    world.write("mona", "later").await.unwrap();
    world.pass(HOUR - MINUTE).await;
    assert!(world.sent().is_empty());
    world.pass(2 * MINUTE).await;
    assert_eq!(world.sent(), ["An hour has passed."]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_clock_that_is_moved_forward_fires_what_is_due() {
    let world = World::new().await;
    world.write("mona", "later").await.unwrap();
    world.write("omar", "name").await.unwrap();
    world.pass(1_000).await;
    world.clock.advance(HOUR);
    world.settle().await;
    world.pass(2_000).await;
    let mut sent = world.sent();
    sent.sort();
    assert_eq!(sent, ["An hour has passed.", "Never mind.", "What is your name?"]);
}

#[tokio::test]
async fn after_two_days_nothing_leaves_and_the_reason_is_kept() {
    let world = World::new().await;
    world.write("mona", "later").await.unwrap();
    world.pass(1_000).await;
    world.clock.advance(49 * HOUR);
    world.settle().await;
    world.pass(10_000).await;
    assert!(world.sent().is_empty());
    let line = world.lines("mona").await.pop().unwrap();
    assert!(line.reply.and_then(|reply| reply.reason).is_some());
}

#[tokio::test]
async fn more_timers_than_memory_holds_all_fire() {
    let world = World::new().await;
    for customer in 0..300 {
        let delivery = world.text(super::world::SHOP, &format!("customer-{customer}"), "later");
        world.handle.deliver(delivery).await.unwrap();
    }
    world.clock.advance(HOUR);
    world.settle().await;
    world.pass(40_000).await;
    assert_eq!(world.sent().len(), 300);
}

#[tokio::test]
async fn an_idle_runtime_does_nothing() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    let before = world.handle.counts();
    world.pass(24 * HOUR).await;
    assert_eq!(world.handle.counts(), before);
}
