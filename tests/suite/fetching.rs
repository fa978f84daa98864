//! Calls of the business's own systems through the real binary: a signed webhook in, a request at a host of this process,
//! a reply at the simulator.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

use crate::harness::{World, shell};

const KEY: &str = "a-key-that-nobody-may-see";
const ENVIRONMENT: (&str, &str) = ("SHOP_KEY", KEY);

const FLOW: &str = r#"bot "Shop" {
    languages en
    fetch from "http://127.0.0.1:PORT"
    secret SHOP_KEY
}

flow track "Track" {
    on message matching /track (?<code>.+)/

    fetch shipment = GET "http://127.0.0.1:PORT/orders/{code}?lang={conversation.language}" {
        header "Authorization" = "Bearer {secret.SHOP_KEY}"
        timeout 10s
        retry 2
        gives { state: text(20) }
        on 404 {
            say "No such order."
            stop
        }
        else {
            say "We cannot look just now."
            stop
        }
    }
    say "It is {shipment.state}."
}

flow order "Order" {
    on message exactly "order"

    fetch order = POST "http://127.0.0.1:PORT/orders" {
        json { what: "tea", cups: 2 }
        timeout 10s
        retry 2
        gives { state: text(20) }
        else {
            say "We cannot take it just now."
            stop
        }
    }
    say "Ordered: {order.state}."
}

flow pay "Pay" {
    on message exactly "pay"

    fetch paid = POST "http://127.0.0.1:PORT/payments" {
        timeout 10s
        else {
            say "Not paid."
            stop
        }
    }
    say "Paid."
}
"#;

/// A request as the business's system saw it.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    authorization: Option<String>,
    key: Option<String>,
    body: String,
}

/// What a request gets; `{"state": "sent", "you": …}` with the request's own headers where nothing is told.
enum Answer {
    Status(u16),
    Hang,
}

/// The business's own system, in this process.
#[derive(Clone, Default)]
struct Systems {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Systems {
    async fn asked(&self, count: usize) -> Vec<Asked> {
        let begun = Instant::now();
        while self.asked.lock().unwrap().len() < count {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", self.asked.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.asked.lock().unwrap().clone()
    }

    fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }
}

async fn answer(State(systems): State<Systems>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let asked = Asked {
        line: format!("{method} {uri}"),
        authorization: header("authorization"),
        key: header("idempotency-key"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    // Some systems repeat what they were asked with.
    let repeated = serde_json::json!({ "state": "sent", "you": asked.authorization, "all": format!("{asked:?}") }).to_string();
    systems.asked.lock().unwrap().push(asked);
    let next = systems.answers.lock().unwrap().pop_front();
    match next {
        Some(Answer::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Answer::Hang) => std::future::pending().await,
        None => ([(header::CONTENT_TYPE, "application/json")], repeated).into_response(),
    }
}

/// A shop whose system stands on this machine, opened in its settings where they shall say so.
async fn shop(open: bool) -> (World, Systems) {
    let systems = Systems::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = axum::Router::new().fallback(answer).with_state(systems.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let world = World::without_server(&FLOW.replace("PORT", &port.to_string())).await;
    if open {
        let settings = world.folder.path().join("rejoinder.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, format!("{text}\n[fetch]\nopen = [\"127.0.0.1\"]\n")).unwrap();
    }
    (world, systems)
}

/// Everything that the server has written: its log and the files of its store.
fn written(world: &World) -> Vec<u8> {
    let mut all = world.server.as_ref().expect("it runs").said().into_bytes();
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rejoinder.db")) {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(all: &[u8], text: &str) -> bool {
    all.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn why(world: &World, customer: &str) -> String {
    let id = world.conversation(customer).await.expect("they have talked")["id"].as_str().expect("an id").to_owned();
    shell(&format!("rejoinder why '{id}'"), world.folder.path()).out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_asks_the_systems_answer_and_the_secret_is_told_to_nobody_else() {
    let (mut world, systems) = shop(true).await;
    systems.answers([Answer::Status(503), Answer::Status(404)]);
    world.serve(&[ENVIRONMENT]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "track ../admin?x=1").await;
    world.hears(&mona, &["No such order."]).await;
    world.write(&mona, "track 7").await;
    world.hears(&mona, &["No such order.", "It is sent."]).await;
    let asked = systems.asked(3).await;
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let hostile = "GET /orders/..%2Fadmin%3Fx%3D1?lang=en";
    assert_eq!(lines, [hostile, hostile, "GET /orders/7?lang=en"]);
    assert!(asked.iter().all(|asked| asked.authorization.as_deref() == Some(&format!("Bearer {KEY}")) && asked.key.is_none()));
    let why = why(&world, &mona).await;
    assert!(why.contains("fetch: GET http://127.0.0.1:") && why.contains("the answer: status 404 (2 tries, "), "{why}");
    assert!(why.contains("the answer: status 200 (1 try, "), "{why}");
    assert!(!why.contains(KEY));
    let written = written(&world);
    assert!(holds(&written, "SHOP_KEY") && !holds(&written, KEY), "its name is kept, it is not");
    world.no_violations().await;
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_tried_again_with_the_same_key() {
    let (mut world, systems) = shop(true).await;
    systems.answers([Answer::Status(500), Answer::Status(502)]);
    world.serve(&[ENVIRONMENT]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "order").await;
    world.hears(&mona, &["Ordered: sent."]).await;
    let asked = systems.asked(3).await;
    assert!(asked.iter().all(|one| one.key.is_some() && one.key == asked[0].key), "{asked:?}");
    assert!(asked.iter().all(|one| one.body == r#"{"cups":2,"what":"tea"}"#), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_in_the_house_is_not_called_unless_the_settings_open_it() {
    let (mut world, systems) = shop(false).await;
    world.serve(&[ENVIRONMENT]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "track 7").await;
    world.hears(&mona, &["We cannot look just now."]).await;
    assert!(systems.asked(0).await.is_empty());
    let why = why(&world, &mona).await;
    assert!(why.contains("its host is at no public address"), "{why}");
}

/// The server ends itself at this point; what was open is made again with the key that it had.
async fn dies_at(point: &str, requests: std::ops::RangeInclusive<usize>) {
    let (mut world, systems) = shop(true).await;
    world.serve(&[ENVIRONMENT, ("REJOINDER_FAIL_POINT", point)]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "order").await;
    assert_eq!(world.server.as_mut().expect("it runs").wait(), None, "a signal ends it at {point}");
    world.serve(&[ENVIRONMENT]);
    world.hears(&mona, &["Ordered: sent."]).await;
    let asked = systems.asked(1).await;
    assert!(requests.contains(&asked.len()), "{asked:?}");
    assert!(asked.iter().all(|one| one.key.is_some() && one.key == asked[0].key), "{asked:?}");
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_request_it_is_made_once() {
    dies_at("before_fetch:1", 1..=1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_request_it_is_made_again() {
    dies_at("after_fetch:1", 2..=2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_answer_is_committed_it_is_made_again() {
    dies_at("before_fetched:1", 2..=2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_a_payment_is_not_made_again_and_a_look_is() {
    let (mut world, systems) = shop(true).await;
    systems.answers([Answer::Hang, Answer::Hang]);
    world.serve(&[ENVIRONMENT]);
    let mona = world.customer("Mona").await;
    let omar = world.customer("Omar").await;
    world.write(&mona, "pay").await;
    systems.asked(1).await;
    world.write(&omar, "track 7").await;
    systems.asked(2).await;
    world.server.as_mut().expect("it runs").kill();
    world.serve(&[ENVIRONMENT]);
    world.hears(&omar, &["It is sent."]).await;
    world.hears(&mona, &["Not paid."]).await;
    let asked = systems.asked(3).await;
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(lines, ["POST /payments", "GET /orders/7?lang=en", "GET /orders/7?lang=en"]);
    let why = why(&world, &mona).await;
    assert!(why.contains("nobody knows whether the call was made"), "{why}");
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_in_the_terminal_calls_for_real_where_it_is_told_to_and_else_asks() {
    let (world, systems) = shop(false).await;
    systems.answers([Answer::Status(404), Answer::Status(500)]);
    let chat = |flag: &str| {
        let lines = format!("export SHOP_KEY={KEY}; printf 'track 7\\norder\\n' | rejoinder talk flows {flag}");
        shell(&lines, world.folder.path()).out
    };
    let told = chat("--fetch");
    for line in ["→ GET http://127.0.0.1:", "← 404", "bot> No such order.", "← 200 {", "bot> Ordered: sent."] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains(KEY), "{told}");
    let asked = systems.asked(3).await;
    assert!(asked[1].key.is_some() && asked[1].key == asked[2].key, "{asked:?}");
    let told = chat("");
    assert!(told.contains("? GET http://127.0.0.1:") && told.contains("answer it with /answer"), "{told}");
    assert_eq!(systems.asked(3).await.len(), 3, "nobody was called");
}

const PRICES: &str = r#"
flow price "What does it cost?" {
    on message matching /price (?<grams>\d{1,5})/

    run price: decimal(0..2000) = shop.shipping(grams)
    say "{price}."
}
"#;

const HOOKS: &str = r#"
fn shipping(grams) { 30 + (parse_int(grams) - 1) / 1000 * 12 }

fn on_message(message, contact) { if message.text == "?" { #{ text: "track 7", tag: "asks" } } }

fn before_send(reply, conversation) { if reply.text == "It is sent." { #{ text: "It has left us." } } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_with_systems_scripts_and_two_versions_is_replayed_with_a_server_and_without() {
    let (mut world, systems) = shop(true).await;
    let flows = world.folder.path().join("flows");
    std::fs::write(flows.join("prices.flow"), PRICES).unwrap();
    std::fs::write(flows.join("shop.rhai"), HOOKS).unwrap();
    world.serve(&[ENVIRONMENT]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "?").await;
    world.hears(&mona, &["It has left us."]).await;
    world.write(&mona, "price 2500").await;
    world.hears(&mona, &["It has left us.", "54."]).await;
    std::fs::write(flows.join("shop.rhai"), HOOKS.replace("* 12", "* 20").replace("has left us", "is on its way")).unwrap();
    let run = |line: &str| shell(line, world.folder.path());
    let deployed = run("rejoinder deploy --apply");
    assert_eq!(deployed.code, Some(0), "{}", deployed.out);
    world.write(&mona, "price 2500").await;
    world.hears(&mona, &["It has left us.", "54.", "70."]).await;
    let asked = systems.asked(1).await.len();

    let id = world.conversation(&mona).await.expect("they have talked")["id"].as_str().expect("an id").to_owned();
    let told = run(&format!("rejoinder replay '{id}'"));
    assert_eq!(told.code, Some(0), "{}", told.out);
    assert!(told.out.contains("the same comes out"), "{}", told.out);
    assert!(told.out.contains(r#""hook":"on_message""#) && told.out.contains("(version 2)"), "{}", told.out);
    assert!(told.out.contains(r#""input":"fetched""#) && told.out.contains(r#""input":"ran""#), "{}", told.out);
    assert!(!told.out.contains(KEY));
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));

    let run = |line: &str| shell(line, world.folder.path());
    let before = std::fs::read(world.folder.path().join("rejoinder.db")).unwrap();
    let alone = run(&format!("rejoinder replay '{id}' --format json"));
    assert_eq!(alone.code, Some(0), "{}", alone.out);
    let read: serde_json::Value = serde_json::from_str(&alone.out).unwrap();
    assert_eq!(read["replays"][0]["verdict"], "same", "{read:#}");
    assert_eq!(std::fs::read(world.folder.path().join("rejoinder.db")).unwrap(), before, "nothing is written");
    assert_eq!(run("rejoinder db backup copy.db").code, Some(0));
    let copied = run(&format!("rejoinder replay '{id}' --store copy.db"));
    assert_eq!((copied.code, copied.out), (Some(0), told.out));
    assert_eq!(run("rejoinder replay nobody").code, Some(2));
    assert_eq!(systems.asked(1).await.len(), asked, "nobody is called again");
}
