//! Where TikTok answers customers by itself, the bot's reply waits a moment for TikTok's.

use super::world::World;
use crate::engine::{EchoSource, Input};
use crate::runtime::port::{Delivery, Meaning};

/// TikTok has answered the customer by itself.
fn keyword_reply(world: &World, customer: &str, message_id: &str, kind: &str) -> Delivery {
    let mut delivery = world.echo(customer, message_id, EchoSource::Others, "Twenty, says TikTok.");
    if let Meaning::Input { input: Input::Echo(echo), .. } = &mut delivery.meaning {
        echo.automatic = Some(kind.to_owned());
    }
    delivery
}

#[tokio::test]
async fn a_reply_waits_for_tiktoks_own_where_that_was_seen_and_gives_way_to_it() {
    let world = World::new().await;
    // Nothing is known of this account: the reply leaves at once.
    world.write("mona", "hello").await.unwrap();
    world.pass(100).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    world.handle.deliver(keyword_reply(&world, "mona", "t1", "AUTO_REPLY")).await.unwrap();
    world.settle().await;
    // From now on it waits; here TikTok says nothing.
    world.write("nora", "hello").await.unwrap();
    world.pass(1_900).await;
    assert_eq!(world.sent().len(), 1);
    world.pass(300).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
    // And here it does.
    world.write("omar", "hello").await.unwrap();
    world.pass(1_000).await;
    world.handle.deliver(keyword_reply(&world, "omar", "t2", "AUTO_REPLY")).await.unwrap();
    world.pass(60_000).await;
    assert_eq!(world.sent().len(), 2, "{:?}", world.sent());
    let lines = world.lines("omar").await;
    assert!(
        lines.iter().any(|line| line
            .reply
            .as_ref()
            .and_then(|reply| reply.reason.as_deref())
            .is_some_and(|why| why.contains("TikTok"))),
        "{lines:?}"
    );
    world.assert_replays("omar").await;
}

#[tokio::test]
async fn what_is_known_of_an_account_outlives_the_process_and_ends_after_thirty_days() {
    let world = World::new().await;
    world.handle.deliver(keyword_reply(&world, "mona", "t1", "SUGGESTED_QUESTION")).await.unwrap();
    world.settle().await;
    let world = world.crash().await;
    world.pass(1_100).await;
    world.write("nora", "hello").await.unwrap();
    world.pass(1_500).await;
    assert!(world.sent().is_empty());
    world.pass(700).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    let world = world.crash_for(31 * 86_400_000).await;
    world.pass(1_100).await;
    world.write("omar", "hello").await.unwrap();
    world.pass(100).await;
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test]
async fn where_tiktok_greets_one_of_the_ten_is_kept_for_it_at_a_first_message_also_after_a_restart() {
    let kept = async |world: &World, customer: &str| {
        let lines = world.lines(customer).await;
        lines.iter().flat_map(|line| &line.trace).any(|trace| trace.text.contains("kept for TikTok's welcome message"))
    };
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.handle.deliver(keyword_reply(&world, "mona", "t1", "WELCOME_MESSAGE")).await.unwrap();
    world.settle().await;
    for customer in ["nora", "mona"] {
        world.write(customer, "hello").await.unwrap();
    }
    assert_eq!((kept(&world, "nora").await, kept(&world, "mona").await), (true, false), "at the first message alone");
    world.assert_replays("nora").await;
    let world = world.crash().await;
    world.pass(1_100).await;
    world.write("omar", "hello").await.unwrap();
    assert!(kept(&world, "omar").await);
}

#[tokio::test]
async fn a_welcome_of_tiktoks_makes_nobody_wait() {
    let world = World::new().await;
    world.handle.deliver(keyword_reply(&world, "mona", "t1", "WELCOME_MESSAGE")).await.unwrap();
    world.write("mona", "hello").await.unwrap();
    world.pass(100).await;
    assert_eq!(world.sent(), ["Welcome!"]);
}
