//! Plan, deployment and rollback through the API of a real server.

use serde_json::{Value, json};

use crate::deploying::{SHOP, second};
use crate::harness::{World, shell};

struct Client {
    address: String,
    secret: String,
}

impl Client {
    /// With a token of its own at the server that runs.
    fn new(world: &World, name: &str) -> Self {
        Self { address: admin(world), secret: token(world, name, &["read", "deploy", "operate"]) }
    }

    async fn ask(&self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let address = format!("{}/api/v1{path}", self.address);
        let mut request = reqwest::Client::new().request(method.parse().expect("a method"), address).bearer_auth(&self.secret);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the server answers");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn roll_back(&self, key: Option<&str>) -> (u16, Value) {
        self.ask("POST", "/rollback", key, None).await
    }
}

/// A new token, made by the command.
pub fn token(world: &World, name: &str, scopes: &[&str]) -> String {
    let scopes: String = scopes.iter().map(|scope| format!(" --scope {scope}")).collect();
    let made = shell(&format!("rejoinder token create {name}{scopes} 2>/dev/null"), world.folder.path());
    let secret = made.out.lines().find(|line| line.starts_with("rejoinder_")).unwrap_or_else(|| panic!("{}", made.out));
    secret.to_owned()
}

/// Where operators reach the server, as it says itself right after it says that it serves.
pub fn admin(world: &World) -> String {
    let server = world.server.as_ref().expect("it runs");
    for _ in 0..100 {
        if let Some(line) = server.said().lines().find_map(|line| line.strip_prefix("for operators on ")) {
            return line.trim().to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{}", server.said());
}

fn files(text: &str) -> Value {
    json!({ "flows": [["flows/bot.flow", text]] })
}

fn live(live: u32, before: u32, unchanged: bool) -> (u16, Value) {
    (200, json!({ "live": live, "before": before, "unchanged": unchanged }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_plans_deploys_and_rolls_back_once_however_often_it_asks() {
    let mut world = World::new(SHOP).await;
    let [mona, omar] = [world.customer("Mona").await, world.customer("Omar").await];
    world.write(&mona, "order").await;
    world.hears(&mona, &["Which size?"]).await;
    let pipeline = Client::new(&world, "pipeline");

    let (status, plan) = pipeline.ask("POST", "/plan", None, Some(files(&second()))).await;
    assert_eq!(
        (status, &plan["live"], &plan["version"], &plan["findings"]),
        (200, &json!(1), &Value::Null, &json!([])),
        "{plan}"
    );
    let waits = &plan["parked"][0];
    assert_eq!((&waits["flow"], &waits["customers"], &waits["lands"]), (&json!("order"), &json!(1), &json!("stays")), "{plan}");
    world.write(&omar, "hours").await;
    world.hears(&omar, &["From 9 to 5."]).await;

    assert_eq!(pipeline.ask("POST", "/deploy", None, Some(files(&second()))).await, live(2, 1, false));
    assert_eq!(pipeline.ask("POST", "/deploy", None, Some(files(&second()))).await, live(2, 1, true));
    world.write(&omar, "hours").await;
    world.hears(&omar, &["From 9 to 5.", "From 8 to 6."]).await;
    world.write(&mona, "M").await;
    world.hears(&mona, &["Which size?", "One in M."]).await;
    let (_, listed) = pipeline.ask("GET", "/versions", None, None).await;
    let listed: Vec<_> =
        listed["versions"].as_array().expect("a list").iter().map(|one| (&one["version"], &one["live"])).collect();
    assert_eq!(listed, [(&json!(1), &json!(false)), (&json!(2), &json!(true))]);

    assert_eq!(pipeline.roll_back(Some("two words")).await.0, 400);
    assert_eq!(pipeline.roll_back(Some("run-17")).await, live(1, 2, false));
    assert_eq!(pipeline.roll_back(Some("run-17")).await, live(1, 2, true));
    world.server.as_mut().expect("it runs").kill();
    world.serve(&[]);
    let pipeline = Client { address: admin(&world), ..pipeline };
    assert_eq!(pipeline.roll_back(Some("run-17")).await, live(1, 2, true));
    world.write(&omar, "hours").await;
    world.hears(&omar, &["From 9 to 5.", "From 8 to 6.", "From 9 to 5."]).await;

    // Another key, another token's, and none are other rollbacks.
    assert_eq!(pipeline.roll_back(Some("run-18")).await, live(2, 1, false));
    let other = Client::new(&world, "other");
    assert_eq!(other.roll_back(Some("run-17")).await, live(1, 2, false));
    assert_eq!(other.roll_back(None).await, live(2, 1, false));
    assert_eq!(pipeline.roll_back(Some("run-17")).await, live(2, 1, true), "it tells what is live now");
    let (_, audit) = pipeline.ask("GET", "/audit", None, None).await;
    let changes = audit["changes"].as_array().expect("a list");
    let rolled: Vec<_> = changes.iter().filter(|change| change["what"] == "rollback").map(|change| &change["by"]).collect();
    assert_eq!(rolled, [&json!("other"), &json!("other"), &json!("pipeline"), &json!("pipeline")], "the newest first: {audit}");
    world.no_violations().await;
}
