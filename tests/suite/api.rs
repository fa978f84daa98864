//! The API: who may do what, colleagues beside the bot, and hostile clients, over real HTTP.

use rejoinder::runtime::ReplyState::{Queued, Sent, Withdrawn};
use rejoinder::simulator::FaultKind;
use serde_json::{Value, json};

use crate::harness::{World, shell};
use crate::town::{HOUR, Town, bot};

pub const SHOP: &str = r#"bot "Shop" {
    languages en
    reserve 2
}

flow hello {
    on message "hello"

    say "Welcome!"
}

flow help {
    on message "help"

    handoff "wants help" {
        open {
            say "Somebody comes."
        }
        released {
            say "The bot is back."
        }
    }
}
"#;

/// A client with a token of its own.
pub struct Client<'a> {
    pub town: &'a Town,
    pub secret: String,
}

pub async fn client<'a>(town: &'a Town, name: &str, scopes: &[&str]) -> Client<'a> {
    let made = town.operator().post("/admin/v1/tokens", &json!({ "name": name, "scopes": scopes })).await.unwrap();
    Client { town, secret: made["secret"].as_str().unwrap().to_owned() }
}

impl Client<'_> {
    pub async fn ask(&self, method: &str, path: &str, key: Option<&str>, body: Option<&str>) -> (u16, Value) {
        let address = format!("{}/api/v1{path}", self.town.admin);
        let mut request = self.town.http.request(method.parse().unwrap(), address).bearer_auth(&self.secret);
        // A connection that stays open would keep the store of a server that is restarted.
        request = request.header("Connection", "close");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get("Content-Type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        let text = response.text().await.unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, no JSON: {text}"));
        if status >= 400 {
            assert_eq!(kind, "application/problem+json", "{method} {path}: {text}");
            assert_eq!(value["status"], json!(status), "{text}");
            assert!(value["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
        }
        (status, value)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, None, None).await
    }

    async fn write(&self, id: i64, key: &str, text: &str) -> (u16, Value) {
        let body = json!({ "text": text }).to_string();
        self.ask("POST", &format!("/conversations/{id}/messages"), Some(key), Some(&body)).await
    }
}

/// A customer who was answered once, and our number of the conversation.
pub async fn greeted(town: &Town, name: &str) -> (String, i64) {
    let customer = town.customer(name, "EG");
    town.write(&customer, "hello");
    town.hears(&customer, 1).await;
    let id = town.id(&customer).await.unwrap().0;
    (customer, id)
}

// --- colleagues ------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_writes_the_bot_falls_silent_and_what_it_had_queued_is_withdrawn() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply", "operate"]).await;
    town.runtime().pause(None).await.unwrap();
    town.write(&mona, "hello");
    town.stand(&mona, Queued, 1).await;
    let (status, taken) = desk.write(id, "a1", "This is Sara.").await;
    assert_eq!((status, &taken["state"], &taken["duplicate"]), (202, &json!("queued"), &json!(false)), "{taken}");
    let withdrawn = town.stand(&mona, Withdrawn, 1).await;
    assert_eq!((withdrawn[0].text.as_str(), withdrawn[0].reason.as_str()), ("Welcome!", "a colleague writes"));
    town.runtime().resume(None).await.unwrap();
    assert_eq!(town.hears(&mona, 2).await[1], "This is Sara.");
    // The echo of her own message changes nothing, and the bot stays silent.
    town.write(&mona, "hello");
    town.silent(&mona).await;
    let (_, told) = desk.get(&format!("/conversations/{id}")).await;
    assert_eq!(told["conversation"]["stands"]["speaker"], json!("taken"), "{told:#}");
    let lines = told["lines"].as_array().unwrap();
    let hers = lines.iter().find(|line| line["text"] == "This is Sara.").unwrap();
    assert_eq!((&hers["by"], &hers["side"], &hers["reply"]["state"]), (&json!("desk"), &json!("business"), &json!("sent")));

    assert_eq!(desk.ask("POST", &format!("/conversations/{id}/release"), Some("b1"), None).await.0, 200);
    town.write(&mona, "hello");
    assert_eq!(town.hears(&mona, 3).await[2], "Welcome!");
    let (_, audit) = desk.get("/audit").await;
    let changes = audit["changes"].as_array().unwrap();
    let whats: Vec<&str> = changes.iter().map(|change| change["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["release", "message", "token_created"]);
    assert_eq!((&changes[1]["by"], &changes[1]["on"]), (&json!("desk"), &json!(format!("conversation {id}"))));
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn colleagues_use_the_kept_replies_and_are_told_when_none_is_left() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply"]).await;
    for nth in 2..=10 {
        let (status, taken) = desk.write(id, &format!("k{nth}"), &format!("Line {nth}.")).await;
        assert_eq!(status, 202, "{nth}: {taken}");
    }
    let (status, refused) = desk.write(id, "k11", "Line 11.").await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["detail"].as_str().unwrap().starts_with("the message is not sent: "), "{refused}");
    assert_eq!(town.hears(&mona, 10).await[9], "Line 10.");
    // The customer writes: all ten are there again, and the refused one is not sent late.
    town.write(&mona, "thanks");
    town.until(&mona, "the message", async |town| town.lines(&mona, "message").await == 2).await;
    assert_eq!(desk.write(id, "k11", "Line 11.").await.0, 409, "the same key is the same message");
    assert_eq!(desk.write(id, "k12", "Line 12.").await.0, 202);
    assert_eq!(town.hears(&mona, 11).await[10], "Line 12.");
    town.jump(48 * HOUR);
    let (status, refused) = desk.write(id, "k13", "Too late.").await;
    assert_eq!(status, 409, "{refused}");
    town.silent(&mona).await;
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bots_texts_never_overtake_a_colleagues() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["reply"]).await;
    town.write(&mona, "help");
    assert_eq!(town.hears(&mona, 2).await[1], "Somebody comes.");
    town.runtime().pause(None).await.unwrap();
    assert_eq!(desk.write(id, "a", "First.").await.0, 202);
    assert_eq!(desk.write(id, "b", "Second.").await.0, 202);
    assert_eq!(desk.ask("POST", &format!("/conversations/{id}/release"), None, None).await.0, 200);
    // A second takeover takes the bot's word back, and not the colleague's.
    town.stand(&mona, Queued, 3).await;
    town.runtime().resume(None).await.unwrap();
    assert_eq!(town.hears(&mona, 5).await[2..], ["First.", "Second.", "The bot is back."]);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_leaves_what_a_colleague_has_queued_and_a_restart_sends_it_once() {
    let mut town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    town.runtime().pause(None).await.unwrap();
    let secret = {
        let desk = client(&town, "desk", &["reply"]).await;
        assert_eq!(desk.write(id, "a", "First.").await.0, 202);
        desk.ask("POST", &format!("/conversations/{id}/release"), None, None).await;
        desk.ask("POST", &format!("/conversations/{id}/takeover"), None, None).await;
        desk.secret
    };
    town.restart().await;
    let desk = Client { town: &town, secret };
    let (status, again) = desk.write(id, "a", "First.").await;
    assert_eq!((status, &again["duplicate"], &again["state"]), (202, &json!(true), &json!("queued")), "{again}");
    town.runtime().resume(None).await.unwrap();
    assert_eq!(town.hears(&mona, 2).await[1], "First.");
    assert_eq!(town.stand(&mona, Sent, 2).await[1].text, "First.");
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_with_one_key_are_one_message() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["reply"]).await;
    let other = client(&town, "other", &["reply"]).await;
    let many: Vec<_> = (0..20).map(|_| desk.write(id, "same", "Once.")).collect();
    let answers = futures_util::future::join_all(many).await;
    assert!(answers.iter().all(|(status, _)| *status == 202), "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, taken)| taken["duplicate"] == json!(false)).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|(_, taken)| taken["reply"] == answers[0].1["reply"]), "{answers:?}");
    let (status, refused) = desk.write(id, "same", "Another text.").await;
    assert_eq!((status, &refused["detail"]), (409, &json!("this key was used for another text")));
    // Keys belong to their token.
    assert_eq!(other.write(id, "same", "Mine.").await.0, 202);
    assert_eq!(town.hears(&mona, 3).await[1..], ["Once.", "Mine."]);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tiktok_does_not_take_at_once_is_tried_again_and_sent_once() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["reply"]).await;
    town.fault(FaultKind::Code, |fault| (fault.code, fault.stored) = (Some(40_100), Some(false)));
    assert_eq!(desk.write(id, "a", "I am here.").await.0, 202);
    town.jump(HOUR / 6);
    assert_eq!(town.hears(&mona, 2).await[1], "I am here.");
    town.no_violations();
}

// --- reading ---------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn conversations_come_in_pages_and_by_who_speaks() {
    let town = Town::running(bot(SHOP)).await;
    let mut ids = Vec::new();
    for name in ["Mona", "Aya", "Omar"] {
        ids.push(greeted(&town, name).await.1);
    }
    let desk = client(&town, "desk", &["read", "reply"]).await;
    let mut seen = Vec::new();
    let mut path = "/conversations?limit=2".to_owned();
    loop {
        let (status, page) = desk.get(&path).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(page["conversations"].as_array().unwrap().iter().map(|talk| talk["id"].as_i64().unwrap()));
        let Some(next) = page["next"].as_i64() else { break };
        path = format!("/conversations?limit=2&after={next}");
    }
    assert_eq!(seen, ids);
    assert_eq!(desk.ask("POST", &format!("/conversations/{}/takeover", ids[1]), None, None).await.0, 200);
    let (_, taken) = desk.get("/conversations?speaker=taken").await;
    let taken = taken["conversations"].as_array().unwrap();
    assert_eq!((taken.len(), taken[0]["id"].as_i64()), (1, Some(ids[1])));
    let external = taken[0]["external"].as_str().unwrap().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let (_, named) = desk.get(&format!("/conversations?named={external}")).await;
    assert_eq!(named["conversations"][0]["id"].as_i64(), Some(ids[1]));
    let (status, told) = desk.get(&format!("/conversations/{}?lines=50", ids[0])).await;
    assert_eq!(status, 200);
    let reply = told["lines"].as_array().unwrap().iter().find(|line| line["text"] == "Welcome!").unwrap();
    assert_eq!((&reply["reply"]["state"], &reply["reply"]["flow"]), (&json!("sent"), &json!("hello")), "{told:#}");
    let (status, outbox) = desk.get("/outbox").await;
    assert_eq!((status, &outbox["replies"]), (200, &json!([])));
}

// --- hostile clients -------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_token_nothing_is_told_or_done() {
    let town = Town::running(bot(SHOP)).await;
    let (_, id) = greeted(&town, "Mona").await;
    let reader = client(&town, "reader", &["read"]).await;
    let takeover = format!("/conversations/{id}/takeover");
    let (status, refused) = reader.ask("POST", &takeover, None, None).await;
    assert_eq!((status, &refused["detail"]), (403, &json!("the token `reader` lacks the scope `reply`")));
    for path in ["/audit", "/pause", "/deploy"] {
        let method = if path == "/audit" { "GET" } else { "POST" };
        assert_eq!(reader.ask(method, path, None, Some("{}")).await.0, 403, "{path}");
    }
    let changed = format!("{}0", &reader.secret[..reader.secret.len() - 1]);
    let swapped = reader.secret.replace("rejoinder_1_", "rejoinder_2_");
    for secret in ["", "x", "rejoinder_1_", "rejoinder_99999999999_x", "rejoinder_0_x", &changed, &swapped] {
        let stranger = Client { town: &town, secret: if secret == reader.secret { "y".into() } else { secret.to_owned() } };
        assert_eq!(stranger.get("/conversations").await.0, 401, "{secret}");
    }
    let bare = town.http.get(format!("{}/api/v1/conversations", town.admin)).send().await.unwrap();
    assert_eq!((bare.status().as_u16(), bare.headers()["WWW-Authenticate"].to_str().unwrap()), (401, "Bearer"));
    let (status, _) = town.page(&format!("{}/api/v1/conversations", town.address)).await;
    assert_eq!(status, 404, "not where the world can reach it");
    // The secret stands nowhere in the store; a revoked or expired token opens nothing.
    let kept = town.store().meta("api_token:1").await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains(&reader.secret[12..]));
    assert_eq!(reader.get("/conversations").await.0, 200);
    town.operator().post("/admin/v1/tokens/revoke", &json!({ "number": 1 })).await.unwrap();
    assert_eq!(reader.get("/conversations").await.0, 401);
    let soon = town.doors().clock.now().plus_ms(HOUR);
    let wanted = json!({ "name": "brief", "scopes": ["read"], "expires": soon });
    let made = town.operator().post("/admin/v1/tokens", &wanted).await.unwrap();
    assert!(town.operator().post("/admin/v1/tokens", &wanted).await.is_err(), "two live tokens of one name");
    let brief = Client { town: &town, secret: made["secret"].as_str().unwrap().to_owned() };
    assert_eq!(brief.get("/versions").await.0, 409, "the town keeps no versions");
    town.jump(HOUR);
    assert_eq!(brief.get("/versions").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_clearly_and_changes_nothing() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply", "operate", "deploy"]).await;
    let messages = format!("/conversations/{id}/messages");
    let long = json!({ "text": "x".repeat(6_001) }).to_string();
    let huge = json!({ "text": "x".repeat(100_000) }).to_string();
    let key = "k".repeat(201);
    for (method, path, key, body, expected) in [
        ("POST", messages.as_str(), None, Some("{\"text\":\"hi\"}"), 400),
        ("POST", &messages, Some("a b"), Some("{\"text\":\"hi\"}"), 400),
        ("POST", &messages, Some(key.as_str()), Some("{\"text\":\"hi\"}"), 400),
        ("POST", &messages, Some("a"), Some("{"), 400),
        ("POST", &messages, Some("a"), Some("{}"), 422),
        ("POST", &messages, Some("a"), Some("{\"text\":7}"), 422),
        ("POST", &messages, Some("a"), Some("{\"text\":\"hi\",\"more\":1}"), 422),
        ("POST", &messages, Some("a"), Some("{\"text\":\" \\n \"}"), 422),
        ("POST", &messages, Some("a"), Some(long.as_str()), 422),
        ("POST", &messages, Some("a"), Some(huge.as_str()), 413),
        ("POST", &messages, Some("a"), None, 415),
        ("POST", "/conversations/999/messages", Some("a"), Some("{\"text\":\"hi\"}"), 404),
        ("POST", "/conversations/x/messages", Some("a"), Some("{\"text\":\"hi\"}"), 400),
        ("POST", "/conversations/-9223372036854775808/takeover", None, None, 404),
        ("GET", "/conversations/99999999999999999999", None, None, 400),
        ("GET", "/conversations?limit=0", None, None, 400),
        ("GET", "/conversations?limit=101", None, None, 400),
        ("GET", "/conversations?speaker=nobody", None, None, 400),
        ("GET", "/conversations?lmit=2", None, None, 400),
        ("GET", "/conversations/1?lines=5001", None, None, 400),
        ("DELETE", "/conversations", None, None, 405),
        ("GET", "/nothing", None, None, 404),
        ("POST", "/pause", None, Some("{\"account\":\"nobody\"}"), 404),
        ("POST", "/deploy", None, Some("{\"flows\":[[\"a.flow\",\"nonsense\"]],\"images\":[[\"a\",\"?\"]]}"), 409),
    ] {
        let (status, said) = desk.ask(method, path, key, body).await;
        assert_eq!(status, expected, "{method} {path} {body:?}: {said}");
    }
    town.silent(&mona).await;
    assert_eq!(town.lines(&mona, "written").await, 0);
    assert_eq!(town.state(&mona).await.queued(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_waits_and_others_do_not() {
    let town = Town::frozen(bot(SHOP), 300_000).await;
    let [eager, calm] = [client(&town, "eager", &["read"]).await, client(&town, "calm", &["read"]).await];
    for _ in 0..60 {
        assert_eq!(eager.get("/pauses").await.0, 200);
    }
    assert_eq!(eager.get("/pauses").await.0, 429);
    assert_eq!(calm.get("/pauses").await.0, 200);
    town.jump(1_000);
    assert_eq!(eager.get("/pauses").await.0, 200);
}

// --- all that is kept of a customer ----------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_kept_of_a_customer_is_read_and_erased_by_who_may_and_once_for_a_key() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let (_, other) = greeted(&town, "Aya").await;
    let (reader, clerk) =
        (client(&town, "reader", &["read"]).await, client(&town, "clerk", &["export", "erase", "operate"]).await);
    let (export, erase) = (format!("/contacts/{id}/export"), format!("/contacts/{id}/erase"));
    assert_eq!(reader.get(&export).await.0, 403);
    assert_eq!(reader.ask("POST", &erase, None, None).await.0, 403);
    let (status, all) = clerk.get(&export).await;
    assert_eq!(status, 200, "{all}");
    let texts: Vec<_> = all["lines"].as_array().unwrap().iter().filter_map(|line| line["text"].as_str()).collect();
    assert!(texts.contains(&"hello") && texts.contains(&"Welcome!"), "{all:#}");

    let (status, erased) = clerk.ask("POST", &erase, Some("k1"), None).await;
    assert_eq!((status, &erased["duplicate"]), (200, &json!(false)), "{erased}");
    assert!(erased["history"].as_u64().unwrap() >= 3, "{erased}");
    assert_eq!(clerk.get(&export).await.0, 404);
    let again = clerk.ask("POST", &erase, Some("k1"), None).await;
    assert_eq!((again.0, &again.1["duplicate"], &again.1["history"]), (200, &json!(true), &erased["history"]));
    assert_eq!(clerk.ask("POST", &erase, Some("k2"), None).await.0, 404);
    assert_eq!(clerk.get(&format!("/contacts/{other}/export")).await.0, 200);
    let (_, audit) = clerk.get("/audit").await;
    let done: Vec<_> = audit["changes"].as_array().unwrap().iter().map(|change| change["what"].as_str().unwrap()).collect();
    assert_eq!(done.iter().filter(|what| **what == "erase").count(), 1, "{audit}");
    assert!(!audit.to_string().contains("Mona"));
    // She may come back, as a stranger.
    town.write(&mona, "hello");
    assert_eq!(town.hears(&mona, 2).await, ["Welcome!", "Welcome!"]);
    assert_ne!(town.id(&mona).await.unwrap().0, id);
}

// --- the command -----------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn the_command_makes_lists_and_ends_tokens_with_a_server_and_without() {
    let mut world = World::without_server(SHOP).await;
    let made = shell("rejoinder token create desk --scope read --days 30", world.folder.path());
    assert!(made.out.contains("rejoinder_1_") && made.code == Some(0), "{}", made.out);
    world.serve(&[]);
    let made = shell("rejoinder token create other --scope read --scope reply", world.folder.path());
    let secret = made.out.lines().find(|line| line.starts_with("rejoinder_2_")).expect("a token").to_owned();
    let listed = shell("rejoinder token revoke 1; rejoinder token list", world.folder.path());
    assert!(
        listed.out.contains("1  desk  read  revoked ") && listed.out.contains("2  other  read,reply  for ever"),
        "{}",
        listed.out
    );
    assert!(!listed.out.contains(&secret), "{}", listed.out);
    let refused = shell("rejoinder token create other --scope read; rejoinder token revoke 9", world.folder.path());
    assert!(refused.out.contains("a live token is called so already") && refused.code == Some(2), "{}", refused.out);
}
