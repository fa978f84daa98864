//! Comments through the real binary: a signed webhook in, a direct reply at the simulator.

use std::time::Duration;

use serde_json::json;

use crate::harness::{BUSINESS, World};

const FLOW: &str = r#"bot "Stall" {
    languages en
}

flow price "Price" {
    on comment "price", "how much"

    say "It is 20. Write to us to order."
}

flow order "Order" {
    on message "order"

    say "Ordered."
}
"#;

const PRICE: &str = "It is 20. Write to us to order.";

/// A server whose account may answer comments.
async fn shop_in(country: &str) -> World {
    let mut world = World::in_country(FLOW, country).await;
    let switch = json!({ "business_id": BUSINESS, "direct_reply_type": "COMMENT_TO_MESSAGE", "operation_status": "ENABLE" });
    world.business("/business/message/direct_reply/update/", switch).await;
    world.serve(&[]);
    world
}

async fn comment(world: &World, customer: &str, text: &str) {
    world.post("/sim/v1/comments", json!({ "customer": customer, "text": text })).await;
}

/// How many messages the server has sent or tried to send.
async fn sends(world: &World) -> usize {
    let calls = world.get("/sim/v1/calls").await;
    let calls = calls.as_array().expect("a list");
    calls.iter().filter(|call| call["path"].as_str().is_some_and(|path| path.contains("message/send"))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_answered_by_one_message_and_the_customer_goes_on_by_writing() {
    let world = shop_in("ID").await;
    let mona = world.customer("Mona").await;
    comment(&world, &mona, "How much is it?").await;
    world.hears(&mona, &[PRICE]).await;
    // TikTok takes no second one so soon: none is tried.
    comment(&world, &mona, "and what is the PRICE of that one?").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.hears(&mona, &[PRICE]).await;
    assert_eq!(sends(&world).await, 1);
    world.write(&mona, "I order it").await;
    world.hears(&mona, &[PRICE, "Ordered."]).await;
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_no_trigger_wants_is_left_alone() {
    let world = shop_in("TH").await;
    let somchai = world.customer("Somchai").await;
    comment(&world, &somchai, "lovely").await;
    comment(&world, &somchai, "price?").await;
    world.hears(&somchai, &[PRICE]).await;
    world.no_violations().await;
}
