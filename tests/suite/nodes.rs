//! Three real nodes on one real PostgreSQL, killed and frozen while customers write; and the database ends under them.
//!
//! TikTok knows one address. Behind it stands a balancer of the simplest kind: each connection goes to the next node that
//! takes it. What the nodes do together must look like one server that never breaks a rule.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use tokio::net::{TcpListener, TcpStream};

use crate::cluster::Cluster;
use crate::e2e::FLOW;
use crate::harness::{Process, SECRET, TOKEN, World};

const NODES: usize = 3;
const FIRST: [&str; 2] = ["Let me see.", "What is your order number?"];
const WHOLE: [&str; 3] = ["Let me see.", "What is your order number?", "Order 1234567 has left us."];

/// The world's simulator, the nodes, and what stands between them.
pub struct Town {
    pub world: World,
    pub nodes: Vec<Option<Process>>,
    /// Where connections may go.
    open: Arc<Mutex<Vec<String>>>,
}

impl Town {
    async fn on(cluster: &Cluster) -> Self {
        Self::of(cluster, FLOW, NODES).await
    }

    /// So many nodes with this bot.
    pub async fn of(cluster: &Cluster, flow: &str, nodes: usize) -> Self {
        Self::over(cluster, World::without_server(flow).await, nodes).await
    }

    /// The same of a world that is there.
    pub async fn over(cluster: &Cluster, world: World, nodes: usize) -> Self {
        let url = cluster.database().await;
        let file = world.folder.path().join("rejoinder.toml");
        let settings = std::fs::read_to_string(&file).expect("written by the harness");
        let front = address_of(&settings);
        let settings = settings
            .replace("store = \"rejoinder.db\"", &format!("store = \"{}\"", url.expose_secret()))
            .replace(&format!("listen = \"{front}\""), "listen = \"127.0.0.1:0\"");
        std::fs::write(&file, settings).expect("a file");
        let open = Arc::new(Mutex::new(Vec::new()));
        balance(TcpListener::bind(&front).await.expect("the port is still free"), Arc::clone(&open));
        let mut town = Self { world, nodes: (0..nodes).map(|_| None).collect(), open };
        for node in 0..nodes {
            town.start(node);
        }
        town
    }

    pub fn start(&mut self, node: usize) {
        let environment = [("TIKTOK_APP_SECRET", SECRET), ("TIKTOK_ACCESS_TOKEN", TOKEN), ("TIKTOK_REFRESH_TOKEN", "rft.test")];
        let folder: &Path = self.world.folder.path();
        self.nodes[node] = Some(Process::start(&["serve", "--config", "rejoinder.toml"], &environment, folder));
        self.tell();
    }

    pub fn kill(&mut self, node: usize) {
        self.nodes[node] = None;
        self.tell();
    }

    fn freeze(&self, node: usize, still: bool) {
        self.nodes[node].as_ref().expect("it runs").freeze(still);
    }

    fn tell(&self) {
        let living = self.nodes.iter().flatten().map(|node| node.address.trim_start_matches("http://").to_owned());
        *self.open.lock().expect("nobody panics with it") = living.collect();
    }

    /// The node that sends.
    pub async fn leader(&self) -> usize {
        let begun = Instant::now();
        loop {
            for (number, node) in self.nodes.iter().enumerate() {
                let Some(node) = node else { continue };
                let health = format!("{}/healthz", node.address);
                let client = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().expect("a client");
                if let Ok(answer) = client.get(health).send().await
                    && answer.text().await.is_ok_and(|text| text.contains("\"leads\":true"))
                {
                    return number;
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody leads");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The most calls that reached the simulator in any sliding second.
    async fn most_in_a_second(&self) -> usize {
        let calls = self.world.get("/sim/v1/calls").await;
        let mut at: Vec<i64> = calls.as_array().expect("a list").iter().filter_map(|call| call["at"].as_i64()).collect();
        at.sort_unstable();
        assert!(!at.is_empty(), "{calls}");
        (0..at.len()).map(|first| at[first..].iter().take_while(|moment| **moment - at[first] < 1_000).count()).max().unwrap_or(0)
    }
}

/// `127.0.0.1:PORT` of the settings.
fn address_of(settings: &str) -> String {
    let line = settings.lines().find_map(|line| line.strip_prefix("listen = \"")).expect("an address");
    line.trim_end_matches('"').to_owned()
}

/// Each connection goes to the next node that takes it.
fn balance(front: TcpListener, open: Arc<Mutex<Vec<String>>>) {
    tokio::spawn(async move {
        let next = Arc::new(AtomicUsize::new(0));
        while let Ok((mut from, _)) = front.accept().await {
            let (open, next) = (Arc::clone(&open), Arc::clone(&next));
            tokio::spawn(async move {
                let nodes = open.lock().expect("nobody panics with it").clone();
                for _ in 0..nodes.len() {
                    let node = &nodes[next.fetch_add(1, Ordering::Relaxed) % nodes.len()];
                    if let Ok(mut to) = TcpStream::connect(node).await {
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                        return;
                    }
                }
            });
        }
    });
}

/// Kills the leader, starts another one, freezes the next and lets it go on: every customer gets every reply once, in order,
/// and the other side never sees more than ten calls in a second.
#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_are_killed_and_frozen_and_customers_notice_nothing() {
    let mut town = Town::on(Cluster::shared()).await;
    let mut customers = Vec::new();
    for name in ["Mona", "Somchai", "Lucía", "Budi", "Linh", "Omar"] {
        customers.push(town.world.customer(name).await);
    }
    for customer in &customers {
        town.world.write(customer, "my order?").await;
    }
    let leader = town.leader().await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    town.kill(leader);
    let next = town.leader().await;
    // It stands still for longer than its lease lasts; what it wakes up to is another leader.
    town.freeze(next, true);
    town.start(leader);
    tokio::time::sleep(Duration::from_secs(12)).await;
    town.freeze(next, false);
    for customer in &customers {
        town.world.hears(customer, &FIRST).await;
        town.world.write(customer, "1234567").await;
    }
    town.kill(town.leader().await);
    for customer in &customers {
        town.world.hears(customer, &WHOLE).await;
    }
    town.world.no_violations().await;
    assert!(town.most_in_a_second().await <= 10);
}

/// The database itself ends as in a power cut, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_under_three_nodes_loses_nothing() {
    let cluster = Cluster::start("");
    let town = Town::on(&cluster).await;
    let (mona, omar) = (town.world.customer("Mona").await, town.world.customer("Omar").await);
    for customer in [&mona, &omar] {
        town.world.write(customer, "my order?").await;
    }
    tokio::task::block_in_place(|| cluster.crash());
    for customer in [&mona, &omar] {
        town.world.hears(customer, &FIRST).await;
        town.world.write(customer, "1234567").await;
    }
    tokio::task::block_in_place(|| cluster.crash());
    for customer in [&mona, &omar] {
        town.world.hears(customer, &WHOLE).await;
    }
    town.world.no_violations().await;
    assert!(town.most_in_a_second().await <= 10);
}

/// A leader that dies is followed within its lease and two seconds more.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_leader_is_followed_when_its_lease_ends() {
    let mut town = Town::on(Cluster::shared()).await;
    let mona = town.world.customer("Mona").await;
    town.world.write(&mona, "my order?").await;
    town.world.hears(&mona, &FIRST).await;
    let leader = town.leader().await;
    town.kill(leader);
    let begun = Instant::now();
    let next = town.leader().await;
    let took = begun.elapsed();
    assert_ne!(next, leader);
    assert!(took < Duration::from_secs(12), "{took:?}");
    town.world.write(&mona, "1234567").await;
    town.world.hears(&mona, &WHOLE).await;
    town.world.no_violations().await;
    assert!(town.most_in_a_second().await <= 10);
}
