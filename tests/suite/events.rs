//! Events through the real binary: a signed webhook in, signed events at another system, which is away for a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::harness::{World, shell};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

const FLOW: &str = r#"bot "Shop" { languages en }

team sales { }

flow order "Order" {
    on message exactly "order"

    say "Thank you."
    emit "order.created" { size: "M" }
}

flow human "A colleague" {
    on message exactly "human"

    handoff "Wants to talk." to sales
}
"#;

/// The recipe of Standard Webhooks, written down once more: whether a request is from whoever has the secret.
fn verify(secret: &str, headers: &BTreeMap<String, String>, body: &[u8]) -> bool {
    let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    header("webhook-signature").split(' ').any(|signature| signature == expected)
}

/// What the shop's system has taken: id and body, in order; and what it refused.
#[derive(Clone, Default)]
struct Shop {
    taken: Arc<Mutex<Vec<(String, Value)>>>,
    forged: Arc<Mutex<usize>>,
    /// Answered instead of 204.
    says: Arc<Mutex<Option<u16>>>,
}

async fn take(State(shop): State<Shop>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
    // Either secret alone must do while one takes the other's place.
    if !(verify(OLD, &headers, &body) && verify(NEW, &headers, &body)) {
        *shop.forged.lock().unwrap() += 1;
        return StatusCode::UNAUTHORIZED;
    }
    if let Some(status) = *shop.says.lock().unwrap() {
        return StatusCode::from_u16(status).unwrap();
    }
    let mut taken = shop.taken.lock().unwrap();
    let id = headers["webhook-id"].clone();
    if taken.iter().all(|(known, _)| *known != id) {
        taken.push((id, serde_json::from_slice(&body).unwrap()));
    }
    StatusCode::NO_CONTENT
}

impl Shop {
    /// It is there from now on, until the task is aborted.
    async fn opens(&self, port: u16) -> (u16, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().unwrap().port();
        let router = axum::Router::new().fallback(take).with_state(self.clone());
        let served = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        (port, served)
    }

    fn types(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.iter().map(|(_, body)| body["type"].as_str().unwrap().to_owned()).collect()
    }

    async fn has(&self, count: usize) -> Vec<String> {
        let begun = Instant::now();
        while self.types().len() < count {
            assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", self.types());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.types()
    }
}

async fn world(port: u16) -> World {
    let world = World::without_server(FLOW).await;
    let at = |name: &str| world.folder.path().join(name);
    std::fs::write(at("old.secret"), format!("{OLD}\n")).unwrap();
    std::fs::write(at("new.secret"), NEW).unwrap();
    let text = std::fs::read_to_string(at("rejoinder.toml")).unwrap();
    let events = format!(
        "\n[fetch]\nopen = [\"127.0.0.1\"]\n\n[[events.endpoint]]\nname = \"shop\"\nurl = \"http://127.0.0.1:{port}/events\"\n\
         secret = {{ file = \"new.secret\" }}\nold_secret = {{ file = \"old.secret\" }}\n"
    );
    std::fs::write(at("rejoinder.toml"), format!("{text}{events}")).unwrap();
    world
}

const ORDER: [&str; 4] = ["message.received", "emit.order.created", "message.queued", "message.sent"];

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_was_away_and_a_server_that_died_meanwhile_lose_no_event_and_no_order() {
    let shop = Shop::default();
    let (port, served) = shop.opens(0).await;
    let mut world = world(port).await;
    world.serve(&[]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "order").await;
    assert_eq!(shop.has(4).await, ORDER);

    served.abort();
    let _ = served.await;
    world.write(&mona, "order").await;
    world.hears(&mona, &["Thank you.", "Thank you."]).await;
    world.write(&mona, "human").await;
    let waiting = |world: &World| shell("rejoinder webhooks waiting", world.folder.path()).out;
    let begun = Instant::now();
    while !(waiting(&world).contains("conversation.handed_over") && waiting(&world).contains(" 1 tries; ")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", waiting(&world));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.server.as_mut().expect("it runs").kill();
    world.serve(&[]);
    let (_, served) = shop.opens(port).await;
    let types = shop.has(10).await;
    assert_eq!(types[4..8], ORDER);
    assert_eq!(types[8..], ["message.received", "conversation.handed_over"]);
    let handed = shop.taken.lock().unwrap()[9].1["data"].clone();
    assert_eq!((handed["team"].as_str(), handed["note"].as_str()), (Some("sales"), Some("Wants to talk.")));
    let text = shell("rejoinder webhooks list", world.folder.path()).out;
    assert!(text.starts_with("shop             0 wait; 0 dead; "), "{text}");
    let (status, ready) = {
        let address = &world.server.as_ref().expect("it runs").address;
        let answer = reqwest::get(format!("{address}/readyz")).await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert!(status.is_success() && !ready.contains("event"), "{ready}");
    assert_eq!(*shop.forged.lock().unwrap(), 0);
    served.abort();
    world.no_violations().await;
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_left_alone_and_who_forges_is_found_out() {
    let shop = Shop::default();
    let (port, _served) = shop.opens(0).await;
    let mut world = world(port).await;
    let tested = shell("rejoinder webhooks test shop", world.folder.path());
    assert!(tested.out.contains("has taken a test event: 204"), "{}", tested.out);
    assert_eq!(shop.types(), ["webhook.test"]);

    // Somebody who has no secret, and somebody who changes what another has signed.
    let http = reqwest::Client::new();
    let forged = |signature: &'static str| {
        let request = http.post(format!("http://127.0.0.1:{port}/events")).body("{\"type\":\"goal.reached\"}");
        request.header("webhook-id", "evt_1").header("webhook-timestamp", "1").header("webhook-signature", signature)
    };
    for signature in ["", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
        assert_eq!(forged(signature).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!((shop.types().len(), *shop.forged.lock().unwrap()), (1, 2));

    *shop.says.lock().unwrap() = Some(410);
    world.serve(&[]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "order").await;
    let listed = |world: &World| shell("rejoinder webhooks list", world.folder.path()).out;
    let begun = Instant::now();
    while !listed(&world).contains("is switched off: it answered 410") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", listed(&world));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    *shop.says.lock().unwrap() = None;
    let nobody = shell("rejoinder webhooks enable crm", world.folder.path());
    assert!(nobody.out.contains("the settings name no such endpoint"), "{}", nobody.out);
    let enabled = shell("rejoinder webhooks enable shop", world.folder.path());
    assert!(enabled.out.contains("gets events again"), "{}", enabled.out);
    assert_eq!(shop.has(5).await[1..], ORDER);
    let replayed = shell("rejoinder webhooks replay --all", world.folder.path());
    assert!(replayed.out.contains("0 events are tried again"), "{}", replayed.out);
}
