//! Customers of the EEA, Switzerland and the United Kingdom through the real binary: TikTok says only that somebody wrote.

use serde_json::json;

use crate::cluster::Cluster;
use crate::e2e::FLOW;
use crate::harness::World;
use crate::nodes::Town;

const FIRST: [&str; 2] = ["Let me see.", "What is your order number?"];
const WHOLE: [&str; 3] = ["Let me see.", "What is your order number?", "Order 1234567 has left us."];

async fn customer(world: &World, name: &str, country: &str) -> String {
    let made = world.post("/sim/v1/customers", json!({ "name": name, "country": country })).await;
    made["handle"].as_str().expect("a handle").to_owned()
}

async fn calls(world: &World, path: &str) -> usize {
    let calls = world.get("/sim/v1/calls").await;
    let calls = calls.as_array().expect("a list");
    calls.iter().filter(|call| call["path"].as_str().is_some_and(|called| called.contains(path))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_german_customer_is_answered_and_what_was_written_before_the_account_was_served_is_not() {
    let mut world = World::without_server(FLOW).await;
    let (old, anna) = (customer(&world, "Old", "CH").await, customer(&world, "Anna", "DE").await);
    world.write(&old, "my order?").await;
    world.write(&anna, "count").await;
    world.serve(&[]);
    world.write(&anna, "my order?").await;
    world.hears(&anna, &FIRST).await;
    world.write(&anna, "1234567").await;
    world.hears(&anna, &WHOLE).await;
    // Who writes again is answered, whatever was left alone before.
    world.hears(&old, &[]).await;
    world.write(&old, "my order?").await;
    world.hears(&old, &FIRST).await;
    world.no_violations().await;
}

/// The message is told once more after the restart, or by the store alone: it is answered once.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_goes_on_reading_where_it_was() {
    let mut world = World::new(FLOW).await;
    let anna = customer(&world, "Anna", "DE").await;
    world.write(&anna, "my order?").await;
    world.hears(&anna, &FIRST).await;
    world.fault(json!({ "kind": "http", "status": 502, "endpoint": "conversation/list", "next": 1 })).await;
    world.write(&anna, "1234567").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    world.serve(&[]);
    world.hears(&anna, &WHOLE).await;
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_read_once_whichever_is_told_and_the_next_leader_goes_on() {
    let mut town = Town::of(Cluster::shared(), FLOW, 2).await;
    let (anna, ben) = (customer(&town.world, "Anna", "DE").await, customer(&town.world, "Ben", "GB").await);
    let leader = town.leader().await;
    for customer in [&anna, &ben] {
        town.world.write(customer, "my order?").await;
    }
    for customer in [&anna, &ben] {
        town.world.hears(customer, &FIRST).await;
    }
    // At most a look for each of the two, and one more for what came while it was made.
    let looks = calls(&town.world, "conversation/list").await;
    assert!((2..=6).contains(&looks), "{looks}");
    town.kill(leader);
    for customer in [&anna, &ben] {
        town.world.write(customer, "1234567").await;
    }
    for customer in [&anna, &ben] {
        town.world.hears(customer, &WHOLE).await;
    }
    town.world.no_violations().await;
}
