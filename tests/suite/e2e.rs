//! The main job through the real binary, over HTTP alone: a signed webhook in, the flow's replies at the simulator.

use serde_json::json;

use crate::harness::World;

/// One bot for the stories of this file: two replies at once, a question, an answer.
pub const FLOW: &str = r#"bot "Kiosk" {
    languages en
}

flow order "Where is my order?" {
    on message "order"

    say "Let me see." keep apart
    ask number: digits(6..10) "What is your order number?" {
        within 4h stop
    }
    say "Order {number} has left us."
}

flow count "Twelve texts" {
    on message "count"

    say "one" keep apart
    say "two" keep apart
    say "three" keep apart
}
"#;

const WHOLE: [&str; 3] = ["Let me see.", "What is your order number?", "Order 1234567 has left us."];

async fn whole_story(world: &World, customer: &str) {
    world.write(customer, "my order?").await;
    world.hears(customer, &WHOLE[..2]).await;
    world.write(customer, "1234567").await;
    world.hears(customer, &WHOLE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_writes_and_gets_the_flows_answers() {
    let mut world = World::new(FLOW).await;
    let mona = world.customer("Mona").await;
    whole_story(&world, &mona).await;
    world.no_violations().await;
    let server = world.server.as_mut().expect("it runs");
    assert_eq!(server.terminate(), Some(0), "{}", server.said());
}

/// Each fault strikes the story once; it ends the same, nothing is lost and nothing is said twice.
async fn under_fault(fault: serde_json::Value) {
    let world = World::new(FLOW).await;
    let mona = world.customer("Mona").await;
    world.fault(fault).await;
    whole_story(&world, &mona).await;
    world.no_violations().await;
}

macro_rules! faults {
    ($($name:ident: $fault:tt,)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() { under_fault(json!($fault)).await; }
    )* };
}

faults! {
    the_call_fails_with_502_before_it_is_stored: { "kind": "http", "status": 502, "endpoint": "message/send", "stored": false },
    the_call_fails_with_502_after_it_is_stored: { "kind": "http", "status": 502, "endpoint": "message/send", "stored": true },
    too_many_calls: { "kind": "code", "code": 40100, "endpoint": "message/send" },
    a_system_error_after_the_message_is_stored: { "kind": "code", "code": 51065, "endpoint": "message/send", "stored": true },
    a_system_error_before_the_message_is_stored: { "kind": "code", "code": 51065, "endpoint": "message/send", "stored": false },
    the_connection_is_cut_after_the_message_is_stored: { "kind": "reset", "endpoint": "message/send", "stored": true },
    the_connection_is_cut_before_the_message_is_stored: { "kind": "reset", "endpoint": "message/send", "stored": false },
    half_an_answer: { "kind": "half_json", "endpoint": "message/send", "stored": true },
    no_answer_in_time: { "kind": "timeout", "endpoint": "message/send", "stored": true },
    the_echo_comes_before_the_answer: { "kind": "echo_before", "next": 3 },
    the_echo_comes_late: { "kind": "echo_late", "ms": 3000, "next": 3 },
    the_echo_never_comes: { "kind": "echo_never", "next": 3 },
    the_echo_comes_twice: { "kind": "echo_twice", "next": 3 },
    the_echo_says_no_source: { "kind": "echo_no_source", "next": 3 },
    deliveries_come_twice: { "kind": "duplicate", "next": 4 },
    two_deliveries_change_places: { "kind": "reorder" },
    the_answer_comes_slowly: { "kind": "slow", "ms": 2000, "endpoint": "message/send" },
    the_echo_has_another_id_than_the_answer: { "kind": "echo_wrong_id", "next": 3 },
    a_delivery_comes_late: { "kind": "delay", "ms": 2000, "event": "im_receive_msg" },
    the_token_has_expired: { "kind": "expired_token" },
}

/// A delivery that is signed with another secret, or too long ago, is refused with 401 and changes nothing.
async fn refused(fault: &str) {
    let world = World::new(FLOW).await;
    let mona = world.customer("Mona").await;
    world.fault(json!({ "kind": fault, "event": "im_receive_msg" })).await;
    world.write(&mona, "order").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let deliveries = world.get("/sim/v1/deliveries").await;
    let tries = deliveries[0]["tries"].as_array().expect("tries").clone();
    assert!(!tries.is_empty() && tries.iter().all(|one| one["status"] == 401), "{deliveries:#}");
    assert!(world.replies(&mona).await.is_empty());
    let lucia = world.customer("Lucía").await;
    whole_story(&world, &lucia).await;
    assert!(world.replies(&mona).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_signed_too_long_ago_is_refused() {
    refused("stale").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_signed_with_another_secret_is_refused() {
    refused("bad_signature").await;
}

const SCRIPTED: &str = r#"bot "Parcels" {
    languages en
    opt out on "stop"
    opt in on "start"
}

flow price "What does it cost?" {
    on message matching /parcel (?<grams>\d{1,5})/

    run price: decimal(0..2000) = shop.shipping(grams)
    say "{price} for {grams} g."
}

flow loops "It never ends" {
    on message "loop"

    run n: whole(0..9) = shop.count()
    say "{n}"
}

flow trouble "Trouble" {
    on fault

    say "Sorry ({fault.reason})."
}
"#;

const SCRIPT: &str =
    "fn shipping(grams) { 30 + (parse_int(grams) - 1) / 1000 * 12 }\nfn count() { loop { try { loop { } } catch { } } }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_computes_what_is_said_and_one_that_never_ends_costs_only_itself() {
    let mut world = World::without_server(SCRIPTED).await;
    std::fs::write(world.folder.path().join("flows/shop.rhai"), SCRIPT).unwrap();
    world.serve(&[]);
    let (mona, omar) = (world.customer("Mona").await, world.customer("Omar").await);
    world.write(&mona, "loop").await;
    world.write(&omar, "parcel 2500").await;
    world.hears(&omar, &["54 for 2500 g."]).await;
    world.hears(&mona, &["Sorry (script)."]).await;
    world.write(&mona, "parcel 1").await;
    world.hears(&mona, &["Sorry (script).", "30 for 1 g."]).await;
    world.no_violations().await;
}
