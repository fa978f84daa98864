//! A deployment on two real nodes over one PostgreSQL: what one of them is told, the other takes up without a restart, and
//! customers who are in the middle of something notice nothing.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::deploying::{SHOP, second};
use crate::harness::shell;
use crate::nodes::Town;

/// What a node says of a version that it did not begin with.
const LIVE: &str = "another version of the bot is live";

fn run(town: &Town, line: &str) -> String {
    let done = shell(line, town.world.folder.path());
    assert_eq!(done.code, Some(0), "{line}: {}", done.out);
    done.out
}

/// Waits until every node has taken up so many versions since its start.
async fn taken_up(town: &Town, times: usize) {
    let begun = Instant::now();
    loop {
        let said: Vec<String> = town.nodes.iter().flatten().map(|node| node.said()).collect();
        if said.iter().all(|said| said.matches(LIVE).count() == times) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "not {times} times: {said:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn customers(town: &Town, names: &[&str]) -> Vec<String> {
    let mut customers = Vec::new();
    for name in names {
        customers.push(town.world.customer(name).await);
    }
    customers
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_deploys_the_other_takes_up_and_nobody_hears_anything_twice() {
    let mut town = Town::of(Cluster::shared(), SHOP, 2).await;
    let parked = customers(&town, &["Mona", "Somchai"]).await;
    for customer in &parked {
        town.world.write(customer, "order").await;
        town.world.hears(customer, &["Which size?"]).await;
    }
    std::fs::write(town.world.folder.path().join("flows/bot.flow"), second()).expect("a file");
    let plan: Value = serde_json::from_str(&run(&town, "rejoinder plan --format json")).expect("JSON");
    let waits = &plan["plan"]["parked"][0];
    assert_eq!((&waits["customers"], &waits["lands"]), (&2.into(), &"stays".into()), "{plan}");

    // Who writes in the seconds in which the two differ gets one answer, of the one version or of the other.
    let between = customers(&town, &["Lucía", "Budi", "Linh", "Noor"]).await;
    let done = run(&town, "rejoinder deploy --apply");
    assert!(done.contains("version 2 is live"), "{done}");
    for customer in &between {
        town.world.write(customer, "hours").await;
    }
    taken_up(&town, 1).await;
    for customer in &between {
        let begun = Instant::now();
        while town.world.replies(customer).await.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(30), "no answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let heard = town.world.replies(customer).await;
        assert!(heard == ["From 9 to 5."] || heard == ["From 8 to 6."], "{heard:?}");
    }

    // The balancer leads to either node in turn: both have the new version, and both carry the old one on.
    let fresh = customers(&town, &["Omar", "Aya", "Jun", "Ines"]).await;
    for customer in &fresh {
        town.world.write(customer, "order").await;
    }
    for customer in &fresh {
        town.world.hears(customer, &["What size do you need?"]).await;
    }
    for customer in &parked {
        town.world.write(customer, "M").await;
        town.world.hears(customer, &["Which size?", "One in M."]).await;
        town.world.write(customer, "hours").await;
        town.world.hears(customer, &["Which size?", "One in M.", "From 8 to 6."]).await;
    }

    // A node that comes back begins with what is live, and with the runs of a version that it never had.
    let leader = town.leader().await;
    town.kill(leader);
    town.start(leader);
    assert!(run(&town, "rejoinder deploy --rollback").contains("version 1 is live"));
    let taken = async |node: usize, times: usize| {
        let begun = Instant::now();
        while town.nodes[node].as_ref().expect("it runs").said().matches(LIVE).count() < times {
            assert!(begun.elapsed() < Duration::from_secs(30), "node {node} stays with its version");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    taken(leader, 1).await;
    taken(1 - leader, 2).await;
    for customer in &fresh {
        town.world.write(customer, "L").await;
    }
    for customer in &fresh {
        town.world.hears(customer, &["What size do you need?", "Done: L."]).await;
        town.world.write(customer, "hours").await;
    }
    for customer in &fresh {
        town.world.hears(customer, &["What size do you need?", "Done: L.", "From 9 to 5."]).await;
    }
    for customer in &between {
        assert_eq!(town.world.replies(customer).await.len(), 1);
    }
    town.world.no_violations().await;
}
