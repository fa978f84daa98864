//! How many conversations an account answers a day.

use super::world::{HOUR, MINUTE, SHOP, World, options};
use crate::channel::{Outcome, RefusalScope};
use crate::runtime::Options;
use crate::system::SteeredClock;

/// Until the next midnight in UTC, from where the stories begin.
const REST_OF_THE_DAY: i64 = 86_400_000 - super::world::START.0 % 86_400_000;

fn refused() -> Outcome {
    Outcome::Refused { code: 40_064, text: "not now".to_owned(), scope: RefusalScope::UntilCustomerWrites }
}

fn at_most(conversations: u32) -> Options {
    let mut options = options();
    options.apps[0].conversations_a_day = Some(conversations);
    options
}

async fn begin() -> World {
    World::with(SteeredClock::frozen(super::world::START), at_most(2)).await
}

/// One conversation is answered, three are refused.
async fn slow() -> World {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    for customer in ["one", "two", "three"] {
        world.answer(refused());
        world.write(customer, "hello").await.unwrap();
        world.pass(1_000).await;
    }
    world
}

async fn why(world: &World) -> Vec<String> {
    world.handle.outbox(Some(SHOP)).await.unwrap().replies.into_iter().map(|reply| reply.why).collect()
}

#[tokio::test]
async fn the_third_customer_of_a_day_of_two_is_answered_after_midnight() {
    let world = begin().await;
    for customer in ["mona", "ali", "sara"] {
        world.write(customer, "hello").await.unwrap();
        world.pass(1_000).await;
    }
    assert_eq!(world.sent().len(), 2);
    assert_eq!(why(&world).await, ["the account has answered as many conversations as it may today (2)"]);
    world.write("ali", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.sent().len(), 3, "a conversation that was answered today goes on");
    world.pass(REST_OF_THE_DAY - 10_000).await;
    assert_eq!(world.sent().len(), 3);
    world.pass(20_000).await;
    assert_eq!(world.sent().len(), 4);
    assert!(world.outbox().await.is_empty());
    world.assert_replays("sara").await;
}

#[tokio::test]
async fn a_most_that_is_raised_lets_those_that_wait_go() {
    let world = begin().await;
    for customer in ["mona", "ali", "sara"] {
        world.write(customer, "hello").await.unwrap();
        world.pass(1_000).await;
    }
    assert!(world.handle.tune(super::world::APP, 10.0, 5 * MINUTE, Some(200)));
    world.pass(2_000).await;
    assert_eq!(world.sent().len(), 3);
}

#[tokio::test]
async fn an_account_of_which_tiktok_takes_no_more_tries_one_conversation_now_and_then() {
    let world = slow().await;
    for customer in ["four", "five"] {
        world.write(customer, "hello").await.unwrap();
    }
    world.pass(10 * MINUTE).await;
    assert_eq!(world.count("send"), 4, "one answered, three refused");
    assert!(why(&world).await.iter().all(|why| why.contains("one is tried every 15 minutes")), "{:?}", why(&world).await);
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.count("send"), 5, "where it has answered today it goes on");
    world.answer(refused());
    world.pass(10 * MINUTE).await;
    assert_eq!(world.count("send"), 6, "one try, which is refused");
    world.pass(9 * MINUTE).await;
    assert_eq!(world.count("send"), 6);
    // The next one is taken.
    world.pass(2 * MINUTE).await;
    assert_eq!(world.count("send"), 7);
    world.write("six", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.count("send"), 8, "and all go again");
    assert!(!world.handle.reports().await[0].days.iter().any(|day| day.slow));
}

#[tokio::test]
async fn a_slow_account_stays_slow_when_the_process_is_killed() {
    let world = slow().await.crash().await;
    world.write("four", "hello").await.unwrap();
    world.write("mona", "hello").await.unwrap();
    world.pass(5 * MINUTE).await;
    assert_eq!(world.count("send"), 5, "only the conversation that was answered today");
    assert!(world.handle.reports().await[0].days[0].slow);
    world.pass(REST_OF_THE_DAY + HOUR).await;
    assert!(world.outbox().await.is_empty());
}
