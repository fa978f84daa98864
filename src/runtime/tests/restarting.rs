//! A process that ends anywhere loses nothing and repeats nothing.

use super::world::{HOUR, MINUTE, World};
use crate::channel::{NotSent, Outcome};
use crate::engine::{Input, ReplyId};
use crate::runtime::port::OutboxState;

#[tokio::test]
async fn a_reply_that_was_queued_leaves_after_the_restart() {
    let world = World::new().await;
    // One has just left: the next one waits for the app's pace.
    world.write("nora", "hello").await.unwrap();
    world.pass(60).await;
    world.write("mona", "hello").await.unwrap();
    let before = world.sent().len();
    let world = world.crash().await;
    world.pass(200_000).await;
    assert_eq!(before, 1);
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
    assert!(world.outbox().await.is_empty());
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_mark_without_an_answer_is_unknown_and_looked_up_before_anything_else() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 5_000;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    assert!(matches!(world.outbox().await[0].state, OutboxState::Marked { attempt: 1, .. }));
    let world = world.crash().await;
    let shown = ("Welcome!".to_owned(), "m-1".to_owned(), super::world::START.plus_ms(40));
    world.script.listed.lock().unwrap().push(shown);
    world.pass(1_000).await;
    assert!(matches!(world.outbox().await[0].state, OutboxState::Unknown { attempt: 1 }));
    world.pass(200_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn what_somebody_wrote_alike_during_a_long_outage_is_not_said_again() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 5_000;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    world.clock.advance(2 * HOUR);
    let shown = ("Welcome!".to_owned(), "another program's".to_owned(), super::world::START.plus_ms(HOUR));
    world.script.listed.lock().unwrap().push(shown);
    let world = world.crash().await;
    // A wrong clock may explain the time, so it is no proof that the attempt is absent.
    world.pass(10 * MINUTE).await;
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.replies("mona").await, ["Welcome!: Unknown"]);
}

#[tokio::test]
async fn a_process_that_ends_during_a_look_looks_again() {
    let world = World::new().await;
    world.answer(super::world::unknown());
    world.write("mona", "hello").await.unwrap();
    world.pass(4_000).await;
    let world = world.crash().await;
    world.pass(1_100).await;
    let world = world.crash().await;
    world.pass(700_000).await;
    assert!(world.outbox().await.is_empty());
    assert_eq!(world.sent().len(), 2, "once more after proof of absence");
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
}

#[tokio::test]
async fn wherever_the_process_ends_one_reply_leaves_once_or_is_looked_for() {
    for at in (0..200).step_by(10) {
        let world = World::new().await;
        *world.script.latency_ms.lock().unwrap() = 50;
        world.write("mona", "twice").await.unwrap();
        world.clock.advance(at);
        world.settle().await;
        let texts = world.sent();
        let world = world.crash().await;
        for text in &texts {
            let shown = (text.clone(), format!("m-{text}"), super::world::START.plus_ms(20));
            world.script.listed.lock().unwrap().push(shown);
        }
        world.pass(300_000).await;
        assert_eq!(world.sent(), ["One.", "Two."], "ended after {at} ms");
        assert!(world.outbox().await.is_empty());
        world.assert_replays("mona").await;
    }
}

#[tokio::test]
async fn timers_outlive_the_process() {
    let world = World::new().await;
    world.write("mona", "later").await.unwrap();
    world.pass(1_000).await;
    let world = world.crash().await;
    world.pass(HOUR - 10_000).await;
    assert!(world.sent().is_empty());
    let world = world.crash().await;
    world.pass(20_000).await;
    assert_eq!(world.sent(), ["An hour has passed."]);
}

#[tokio::test]
async fn a_capability_whose_answer_was_lost_does_not_hold_the_flow_for_ever() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 5_000;
    world.write("mona", "picture").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.count("capability"), 1);
    let world = world.crash().await;
    *world.script.latency_ms.lock().unwrap() = 20;
    world.pass(10 * 60_000).await;
    assert_eq!(world.sent().len(), 1);
    assert!(world.outbox().await.is_empty());
}

#[tokio::test]
async fn an_answer_written_while_nobody_was_here_is_waited_for() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.sent(), ["What is your name?"]);
    // Ten minutes were hers; TikTok brings her answer a quarter of an hour after our return.
    let world = world.crash_for(HOUR).await;
    world.pass(15 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?"]);
    world.write("mona", "Mona").await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.sent(), ["What is your name?", "Hello Mona!"]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn silence_is_believed_when_tiktok_had_time_to_bring_what_is_missing() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(5_000).await;
    let world = world.crash_for(HOUR).await;
    world.pass(59 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?"]);
    world.pass(2 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?", "Never mind."]);
    world.assert_replays("mona").await;
}

/// Mona was asked for her name, an hour without anybody has passed, and the time is up for TikTok to bring what is missing.
async fn silent_for_an_hour(answered: bool) -> World {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(5_000).await;
    let world = world.crash_for(HOUR).await;
    if answered {
        *world.script.customer_at.lock().unwrap() = Some(world.handle.core.now().plus_ms(-30 * MINUTE));
    }
    world.pass(61 * MINUTE).await;
    world
}

fn looks(world: &World) -> usize {
    world.script.calls.lock().unwrap().iter().filter(|call| call.what == "list").count()
}

#[tokio::test]
async fn an_answer_that_tiktok_lists_and_has_not_brought_is_waited_for_once_more() {
    let world = silent_for_an_hour(true).await;
    assert_eq!((looks(&world), world.sent()), (1, vec!["What is your name?".to_owned()]));
    world.pass(5 * MINUTE).await;
    world.write("mona", "Mona").await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.sent(), ["What is your name?", "Hello Mona!"]);
    assert_eq!(looks(&world), 1);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn what_tiktok_lists_and_never_brings_is_not_waited_for_for_ever() {
    let world = silent_for_an_hour(true).await;
    world.pass(11 * MINUTE).await;
    assert_eq!((looks(&world), world.sent()), (1, vec!["What is your name?".to_owned(), "Never mind.".to_owned()]));
}

#[tokio::test]
async fn where_tiktok_lists_no_answer_silence_is_believed_at_once() {
    let world = silent_for_an_hour(false).await;
    assert_eq!((looks(&world), world.sent()), (1, vec!["What is your name?".to_owned(), "Never mind.".to_owned()]));
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn an_absence_is_remembered_when_the_process_ends_again_at_once() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(5_000).await;
    let world = world.crash_for(HOUR).await.crash_for(20_000).await.crash_for(20_000).await;
    world.pass(50 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?"]);
    world.pass(11 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?", "Never mind."]);
}

#[tokio::test]
async fn a_short_absence_delays_nobodys_silence() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(5_000).await;
    let world = world.crash_for(30_000).await;
    world.pass(10 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?", "Never mind."]);
}

#[tokio::test]
async fn patience_ends_before_the_window_does() {
    let world = World::new().await;
    world.write("mona", "name").await.unwrap();
    world.pass(5_000).await;
    // The window closes an hour after our return: what answers her silence leaves ten minutes before the margin.
    let world = world.crash_for(47 * HOUR).await;
    world.pass(40 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?"]);
    world.pass(10 * MINUTE).await;
    assert_eq!(world.sent(), ["What is your name?", "Never mind."]);
}

#[tokio::test]
async fn what_is_told_late_of_an_attempt_says_nothing_of_the_next_one() {
    let world = World::new().await;
    world.answer(Outcome::NotSent(NotSent::NoConnection { text: "refused".to_owned() }));
    world.write("mona", "hello").await.unwrap();
    *world.script.latency_ms.lock().unwrap() = 60_000;
    world.pass(5_000).await;
    let id = world.id("mona").await;
    assert!(matches!(world.outbox().await[0].state, OutboxState::Marked { attempt: 2, .. }));
    // A process that was frozen since the first attempt wakes.
    let core = &world.handle.core;
    let address = core.address_of(id).await.unwrap().unwrap();
    let outcome = Outcome::NotSent(NotSent::Expired);
    core.post_surely(&address, Input::Outcome { reply: ReplyId(1), attempt: 1, ended: core.now(), latest: None, outcome }).await;
    assert!(matches!(world.outbox().await[0].state, OutboxState::Marked { attempt: 2, .. }), "who takes over must find it");
}
