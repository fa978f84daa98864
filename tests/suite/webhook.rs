//! What may come in at the webhook, wanted or not: the answer, what is kept of it, and that the server goes on.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use rejoinder::engine::Input;
use rejoinder::runtime::Kept;
use rejoinder::runtime::port::{Clock as _, HistoryRow};
use rejoinder::tiktok::signature::{HEADER, sign};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{APP, BUSINESS, SECRET};
use crate::town::{Town, bot};

const FLOW: &str = r#"bot "Echo" { languages en }

flow hello {
    on message "hello"

    say "Welcome!"
}

flow lost {
    on fallback

    say "What?"
}
"#;

/// A text of a customer, as TikTok sends it.
fn content(town: &Town, message_id: &str, text: &str) -> Value {
    json!({
        "from": "mona", "to": "shop", "unique_identifier": "mona+id/1==",
        "from_user": { "id": "mona+id/1==", "role": "personal_account" },
        "to_user": { "id": BUSINESS, "role": "business_account" },
        "conversation_id": "conversation+1/A==", "message_id": message_id, "timestamp": town.clock.now().0,
        "type": "text", "text": { "body": text }, "is_follower": true, "message_tag": { "source": "APP" },
    })
}

fn envelope(town: &Town, content: &str) -> String {
    let create_time = town.clock.now().0 / 1_000;
    let event = "im_receive_msg";
    json!({ "client_key": APP, "event": event, "create_time": create_time, "user_openid": BUSINESS, "content": content })
        .to_string()
}

fn message(town: &Town, message_id: &str, text: &str) -> String {
    envelope(town, &content(town, message_id, text).to_string())
}

/// Inputs of conversations that the server has, whoever they are from.
async fn conversations(town: &Town) -> usize {
    town.store().conversations(1_000).await.unwrap().len()
}

async fn kept(town: &Town) -> Vec<HistoryRow> {
    town.store().loose_history(1_000).await.unwrap()
}

/// One delivery that must be answered 200, kept as `kind`, and do nothing; gives what is kept.
async fn keeps(town: &Town, kind: &str, body: impl Into<Bytes>) -> Kept {
    let body = body.into();
    let (before, counted) = (kept(town).await.len(), town.runtime().counts().kept);
    let show = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    assert_eq!(town.deliver(body.clone(), &body).await, 200, "{show}");
    let rows = kept(town).await;
    assert_eq!(rows.len(), before + 1, "{show}");
    assert_eq!(rows[0].kind, kind, "{show}");
    assert!(rows[0].body.len() < 16_384, "{} bytes of {} are kept", rows[0].body.len(), body.len());
    assert_eq!(town.runtime().counts().kept, counted + 1, "{show}");
    assert_eq!(conversations(town).await, 0, "{show}");
    let kept: Kept = serde_json::from_slice(&rows[0].body).unwrap();
    assert!(!kept.why.is_empty() && kept.bytes == body.len(), "{kept:?}");
    kept
}

/// A customer is still answered.
async fn goes_on(town: &Town) {
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "hello");
    assert_eq!(town.hears(&mona, 1).await, ["Welcome!"]);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_signature_nothing_is_stored() {
    let town = Town::running(bot(FLOW)).await;
    let body = message(&town, "m1", "hello");
    let now = town.clock.now().0 / 1_000;
    let right = sign(SECRET, now, body.as_bytes());
    let zero = format!("t={now},s={}", "0".repeat(64));
    let shouted = right.to_ascii_uppercase();
    let twice = format!("{right},{right}");
    let long = format!("{right},x={}", "y".repeat(5_000));
    for header in [
        &sign("another secret", now, body.as_bytes()),
        &sign(SECRET, now, b"another body"),
        &sign(SECRET, now, b""),
        &zero,
        "",
        "t=",
        "s=",
        "t=1,s=2",
        &format!("t={now}"),
        &right.replace("t=", "t=0"),
        &right.replace("t=", "t=-"),
        &right.replace("t=", "t=99999999999999999999"),
        &right[..right.len() - 1],
        &twice,
        &long,
        "Bearer 1",
    ] {
        assert_eq!(town.post(body.clone(), &[(HEADER, header)]).await, 401, "{header}");
    }
    assert_eq!(town.post(body.clone(), &[]).await, 401);
    assert_eq!(town.post("", &[]).await, 401);
    assert_eq!(town.post(body.clone(), &[(HEADER, &shouted)]).await, 401);
    assert!(kept(&town).await.is_empty());
    assert_eq!(conversations(&town).await, 0);
    assert_eq!(town.doors().counters.refused_signature.load(Ordering::Relaxed), 19);
    assert_eq!(town.post(body.clone(), &[(HEADER, &right)]).await, 200);
    assert_eq!(conversations(&town).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_taken_up_to_its_age_and_some_minutes_ahead() {
    let town = Town::frozen(bot(FLOW), 300_000).await;
    let now = town.clock.now().0 / 1_000;
    // Until TikTok's time is heard both limits are five minutes wider.
    for (age, status) in [(601, 401), (3_600, 401), (-601, 401), (-86_400, 401), (300, 200), (-300, 200), (0, 200)] {
        let body = message(&town, &format!("m{age}"), "hello");
        let header = sign(SECRET, now - age, body.as_bytes());
        assert_eq!(town.post(body, &[(HEADER, &header)]).await, status, "{age} s old");
    }
    assert_eq!(town.doors().counters.refused_age.load(Ordering::Relaxed), 4);
    let rows = town.store().conversations(10).await.unwrap();
    let history = town.store().history(rows[0].id, 100).await.unwrap();
    assert_eq!(history.iter().filter(|row| row.kind == "message").count(), 3);
    assert!(kept(&town).await.is_empty());
}

/// A request that no decent client makes; the status, or `None` where the connection was cut.
async fn raw(town: &Town, head: &str, body: &[u8]) -> Option<String> {
    let address = town.address.trim_start_matches("http://");
    let (mut read, mut write) = tokio::net::TcpStream::connect(address).await.unwrap().into_split();
    let head = format!("POST /webhooks/tiktok HTTP/1.1\r\nhost: {address}\r\n{head}\r\n");
    let sending = async {
        let _ = write.write_all(head.as_bytes()).await;
        let _ = write.write_all(body).await;
    };
    let reading = async {
        let mut line = [0; 12];
        read.read_exact(&mut line).await.ok().map(|_| String::from_utf8_lossy(&line[9..]).into_owned())
    };
    let both = async { tokio::join!(sending, reading).1 };
    tokio::time::timeout(std::time::Duration::from_secs(20), both).await.expect("the server does not let it wait")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_in_the_middle_of_a_body_is_let_go() {
    let town = Town::running(bot(FLOW)).await;
    let signature = sign(SECRET, town.clock.now().0 / 1_000, b"whole");
    let head = format!("{HEADER}: {signature}\r\ncontent-length: 5\r\n");
    assert_eq!(raw(&town, &head, b"who").await.as_deref(), Some("408"));
    assert!(kept(&town).await.is_empty());
    goes_on(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_a_megabyte_is_refused_and_one_below_is_kept_in_part() {
    let town = Town::running(bot(FLOW)).await;
    let most = 1 << 20;
    // Nobody is trusted with memory before the signature: what is announced as too long is refused unread.
    let signature = sign(SECRET, town.clock.now().0 / 1_000, &vec![b'x'; most + 1]);
    for length in [most + 1, 4 * most, usize::MAX / 2] {
        let head = format!("{HEADER}: {signature}\r\ncontent-length: {length}\r\n");
        assert_eq!(raw(&town, &head, b"").await.as_deref(), Some("413"), "{length}");
    }
    // One that does not say its length may only notice that nobody reads on.
    let chunk = format!("{:x}\r\n", most + 1).into_bytes();
    let chunked = [chunk, vec![b'x'; most + 1], b"\r\n0\r\n\r\n".to_vec()].concat();
    let head = format!("{HEADER}: {signature}\r\ntransfer-encoding: chunked\r\n");
    let answer = raw(&town, &head, &chunked).await;
    assert!(answer.as_deref().is_none_or(|status| status == "413"), "{answer:?}");
    assert!(kept(&town).await.is_empty());
    let kept = keeps(&town, "unreadable", vec![b'x'; most]).await;
    assert!(kept.raw.len() <= 12_000, "{}", kept.raw.len());
    goes_on(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_but_cannot_be_understood_is_kept_and_has_no_effect() {
    let town = Town::running(bot(FLOW)).await;
    for body in ["", "x", "not JSON", "{", "null", "17", "[]", "\"text\"", "{}", "{\"event\":1}", "[1,2", "\u{feff}{}"] {
        keeps(&town, "unreadable", body).await;
    }
    keeps(&town, "unreadable", Bytes::from_static(b"\xff\xfe\x00")).await;
    keeps(&town, "unreadable", message(&town, "m", "hello").replace("hello", "\u{0}")).await;
    for inner in ["not JSON", "", "null", "[]", "{}", "{\"type\":\"text\"}", "\"x\"", "1e400"] {
        keeps(&town, "unreadable", envelope(&town, inner)).await;
    }
    // Half a surrogate pair, in the content and in the envelope.
    let half = content(&town, "m", "HALF").to_string().replace("HALF", "\\ud83d");
    keeps(&town, "unreadable", envelope(&town, &half)).await;
    keeps(&town, "unreadable", message(&town, "m", "hello").replace("hello", "\\ud83d")).await;
    // U+0000, written as JSON can write it.
    keeps(&town, "unreadable", message(&town, "m", "a\u{0}b")).await;
    keeps(&town, "unreadable", message(&town, "m\u{0}", "hello")).await;
    for number in ["1e400", "-1", "0", "1.5", "99999999999999999999999999", "9223372036854775807", "\"soon\"", "null", "[1]"] {
        let mut odd = content(&town, "m", "hello");
        odd["timestamp"] = json!("NUMBER");
        keeps(&town, "unreadable", envelope(&town, &odd.to_string().replace("\"NUMBER\"", number))).await;
    }
    goes_on(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nesting_of_any_depth_is_kept_in_bounded_time() {
    let town = Town::running(bot(FLOW)).await;
    let deep = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let begun = std::time::Instant::now();
    for nested in [deep("[", "]", 200_000), deep("{\"a\":", "}", 100_000), "[".repeat(900_000)] {
        keeps(&town, "unreadable", nested.clone()).await;
        if nested.len() < 500_000 {
            keeps(&town, "unreadable", envelope(&town, &nested)).await;
        }
    }
    let mut odd = content(&town, "m", "hello");
    odd["text"] = json!("NESTED");
    keeps(&town, "unreadable", envelope(&town, &odd.to_string().replace("\"NESTED\"", &deep("[", "]", 100_000)))).await;
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    goes_on(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_accounts_that_nobody_knows_are_kept() {
    let town = Town::running(bot(FLOW)).await;
    for event in ["im_dance_msg", "", "auto_message_audit", "IM_RECEIVE_MSG"] {
        keeps(&town, "event", message(&town, "m", "hello").replace("im_receive_msg", event)).await;
    }
    keeps(&town, "eu", message(&town, "m", "hello").replace("im_receive_msg", "im_receive_msg_eu")).await;
    keeps(&town, "unknown_account", message(&town, "m", "hello").replace(BUSINESS, "-000Somebody_else")).await;
    goes_on(&town).await;
}

/// What is new in TikTok's JSON changes nothing about what is known.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_and_types_are_tolerated() {
    let town = Town::running(bot(FLOW)).await;
    let mut new = content(&town, "m1", "hello");
    new["weather"] = json!({ "sunny": [true, null, 1e300] });
    new["text"]["font"] = json!("bold");
    let body = envelope(&town, &new.to_string()).replacen('{', "{\"new\":[{}],", 1);
    assert_eq!(town.deliver(body.clone(), body.as_bytes()).await, 200);
    let mut voice = content(&town, "m2", "hello");
    voice["type"] = json!("hologram");
    voice.as_object_mut().unwrap().remove("text");
    let body = envelope(&town, &voice.to_string());
    assert_eq!(town.deliver(body.clone(), body.as_bytes()).await, 200);
    assert!(kept(&town).await.is_empty());
    let row = town.store().conversations(10).await.unwrap().remove(0);
    let view = town.runtime().conversation(row.id, 100).await.unwrap().unwrap();
    let said: Vec<&str> = view.lines.iter().filter(|line| line.kind == "message").map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["hello", "[hologram]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_comes_again_has_one_effect() {
    let town = Town::running(bot(FLOW)).await;
    let body = message(&town, "m1", "hello");
    for _ in 0..5 {
        let (one, two) = tokio::join!(town.deliver(body.clone(), body.as_bytes()), town.deliver(body.clone(), body.as_bytes()));
        assert_eq!((one, two), (200, 200));
    }
    let row = town.store().conversations(10).await.unwrap().remove(0);
    let history = town.store().history(row.id, 100).await.unwrap();
    let inputs = history.iter().map(|row| serde_json::from_slice::<rejoinder::runtime::Entry>(&row.body).unwrap().input);
    assert_eq!(inputs.filter(|input| matches!(input, Input::Message(_))).count(), 1);
    assert_eq!(town.runtime().counts().duplicates, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_paths_are_no_deliveries_and_health_tells_the_counts() {
    let town = Town::running(bot(FLOW)).await;
    let health = async || -> (u16, Value) {
        let answer = town.http.get(format!("{}/healthz", town.address)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };
    let (status, body) = health().await;
    assert_eq!((status, body["status"].as_str()), (200, Some("ok")));
    let webhook = format!("{}/webhooks/tiktok", town.address);
    assert_eq!(town.http.get(&webhook).send().await.unwrap().status(), 405);
    assert_eq!(town.http.put(&webhook).send().await.unwrap().status(), 405);
    assert_eq!(town.http.get(format!("{}/else", town.address)).send().await.unwrap().status(), 404);
    assert_eq!(town.deliver("x", b"x").await, 200);
    assert_eq!(town.deliver("x", b"y").await, 401);
    let (_, body) = health().await;
    assert_eq!((body["deliveries"]["accepted"].as_u64(), body["deliveries"]["refused_signature"].as_u64()), (Some(1), Some(1)));
    town.runtime().shutdown().await;
    let (status, body) = health().await;
    assert_eq!((status, body["status"].as_str()), (503, Some("stopping")));
    assert_eq!(town.deliver("x", b"x").await, 503, "TikTok shall bring it again");
}
