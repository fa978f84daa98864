//! A server that starts before its database: it waits, says so, can be stopped, and serves when the database is there.

use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::e2e::FLOW;
use crate::harness::{World, shell};

/// A world whose settings name a database, and lines more.
async fn on_database(url: &str, more: &str) -> World {
    let world = World::without_server(FLOW).await;
    let file = world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&file).expect("written by the harness");
    let store = format!("store = \"{url}\"\n{more}");
    std::fs::write(&file, settings.replace("store = \"rejoinder.db\"\n", &store)).expect("a file");
    world
}

async fn asked(world: &World, path: &str) -> (u16, Value) {
    let address = &world.server.as_ref().expect("it runs").address;
    let answer = reqwest::get(format!("{address}{path}")).await.expect("the server answers");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_waits_for_its_database_and_serves_what_tiktok_brings_again() {
    let cluster = Cluster::start("");
    let url = cluster.database().await;
    tokio::task::block_in_place(|| cluster.stop("fast"));
    let mut world = on_database(url.expose_secret(), "").await;
    world.serve(&[]);
    world.says("waiting for the database of `store`").await;
    // Who knocks in the first second is let in as soon as somebody is there.
    assert_eq!(asked(&world, "/healthz").await, (200, waits("waiting")));
    assert_eq!(asked(&world, "/readyz").await, (503, waits("not ready")));
    let mona = world.customer("Mona").await;
    world.write(&mona, "my order?").await;
    for part in ["the store cannot be reached, next try in", "start the database, or mend `store`", "database d0 at "] {
        world.says(part).await;
    }

    tokio::task::block_in_place(|| cluster.go_on());
    world.hears(&mona, &["Let me see.", "What is your order number?"]).await;
    assert_eq!(asked(&world, "/readyz").await, (200, json!({ "status": "ready", "reasons": [] })));
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
    world.no_violations().await;
}

fn waits(status: &str) -> Value {
    json!({ "status": status, "reasons": [{ "reason": "database", "stops": "deliveries" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_can_be_stopped_and_waits_no_longer_than_it_may() {
    let nowhere = tempfile::tempdir().expect("a folder");
    let url = format!("postgresql:///d?user=rejoinder&host={}", nowhere.path().display());
    let mut world = on_database(&url, "").await;
    world.serve(&[]);
    let begun = Instant::now();
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    let mut world = on_database(&url, "store_wait = \"1s\"\n").await;
    world.serve(&[]);
    let server = world.server.as_mut().expect("it runs");
    assert_eq!(server.wait(), Some(2));
    assert!(
        server.said().contains("in the time that `store_wait` in the settings gives it: cannot open the store"),
        "{}",
        server.said()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_waiting_mends_ends_the_start_at_once() {
    let cluster = Cluster::shared();
    let (known, folder) = (cluster.database().await, cluster.folder().display());
    let nobody = known.expose_secret().replace("user=rejoinder", "user=nobody");
    for (url, says) in [
        (nobody, "role \"nobody\" does not exist"),
        (format!("postgresql:///missing?user=rejoinder&host={folder}"), "database \"missing\" does not exist"),
        ("postgres://user:hunter2@host/d?sslmode=perhaps".to_owned(), "the URL of the store cannot be read"),
    ] {
        let world = on_database(&url, "").await;
        let done = shell("TIKTOK_APP_SECRET=s rejoinder serve", world.folder.path());
        assert_eq!(done.code, Some(2), "{}", done.out);
        assert!(done.out.contains(says) && !done.out.contains("hunter2") && !done.out.contains("waiting"), "{}", done.out);
    }
}
