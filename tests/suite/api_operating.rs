//! The API's contacts and outbox, over real HTTP: what is kept of a customer, and replies that wait or were never sent.

use rejoinder::runtime::ReplyState::{Held, Queued, Sent, Withdrawn};
use rejoinder::simulator::FaultKind;
use serde_json::{Value, json};

use crate::api::{Client, client};
use crate::town::{HOUR, Town, bot};

const SHOP: &str = r#"bot "Shop" {
    languages en
    opt out on "stop" say "No more messages."
    opt in on "start"
}

contact {
    size: one of ("S", "M")
    city: text(10)
    phone: phone secret
    orders: whole(0..9) = 0
}

flow hello {
    on message "hello"

    if contact.size is missing {
        say "Welcome!"
    } else {
        say "Welcome! Size {contact.size}, {contact.orders} orders."
    }
}

"#;

async fn greeted(town: &Town, name: &str) -> (String, i64) {
    let customer = town.customer(name, "EG");
    town.write(&customer, "hello");
    town.hears(&customer, 1).await;
    let id = town.id(&customer).await.unwrap().0;
    (customer, id)
}

async fn patch(desk: &Client<'_>, id: i64, key: Option<&str>, body: Value) -> (u16, Value) {
    desk.ask("PATCH", &format!("/contacts/{id}"), key, Some(&body.to_string())).await
}

async fn audited(desk: &Client<'_>) -> Vec<String> {
    let (_, audit) = desk.get("/audit").await;
    audit["changes"].as_array().unwrap().iter().map(|change| change["what"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_tags_are_written_by_their_types_and_secrets_are_never_shown() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let (_, aya) = greeted(&town, "Aya").await;
    let desk = client(&town, "desk", &["read", "reply", "operate"]).await;
    let set = json!({ "fields": { "size": "M", "orders": 3, "phone": "+201001234567" }, "tag": ["vip", "spring"] });
    let (status, contact) = patch(&desk, id, Some("a"), set.clone()).await;
    assert_eq!(status, 200, "{contact}");
    assert_eq!(contact["fields"], json!({ "size": "M", "orders": 3 }));
    assert_eq!((&contact["hidden"], &contact["tags"]), (&json!(["phone"]), &json!(["spring", "vip"])));
    // The bot knows at once; nothing was said about it.
    town.write(&mona, "hello");
    assert_eq!(town.hears(&mona, 2).await[1], "Welcome! Size M, 3 orders.");
    for address in
        ["/contacts".to_owned(), format!("/contacts/{id}"), "/conversations".to_owned(), format!("/conversations/{id}")]
    {
        let (status, said) = desk.get(&address).await;
        assert_eq!(status, 200, "{said}");
        assert!(!said.to_string().contains("201001234567"), "{address}: {said}");
    }
    let (_, page) = desk.get("/contacts?tag=vip").await;
    assert_eq!((page["contacts"].as_array().unwrap().len(), &page["contacts"][0]["id"]), (1, &json!(id)), "{page}");
    let secret = page["declared"].as_array().unwrap().iter().find(|field| field["name"] == "phone").unwrap();
    assert_eq!((&secret["secret"], &secret["kind"]), (&json!(true), &json!("a phone number")));
    let (_, page) = desk.get("/contacts?limit=1").await;
    assert_eq!((&page["contacts"][0]["id"], &page["next"]), (&json!(id), &json!(id)), "{page}");
    let (_, page) = desk.get(&format!("/contacts?limit=1&after={id}")).await;
    assert_eq!((&page["contacts"][0]["id"], &page["next"]), (&json!(aya), &Value::Null), "{page}");

    let (_, contact) = patch(&desk, id, None, json!({ "fields": { "size": null, "phone": null }, "untag": ["spring"] })).await;
    assert_eq!((&contact["fields"], &contact["hidden"]), (&json!({ "orders": 3 }), &json!([])), "{contact}");
    assert_eq!(contact["tags"], json!(["vip"]));
    // The same key is the same change, and of another token another.
    let (_, contact) = patch(&desk, id, Some("a"), set).await;
    assert_eq!(contact["tags"], json!(["vip"]), "{contact}");
    assert_eq!(patch(&desk, id, Some("a"), json!({ "tag": ["other"] })).await.0, 409);
    assert_eq!(audited(&desk).await, ["contact", "contact", "token_created"]);
    assert_eq!(town.lines(&mona, "contact").await, 2);
    let replayed = town.runtime().replay(rejoinder::runtime::port::ConversationId(id)).await.unwrap();
    assert!(format!("{replayed:?}").contains("Same"), "{replayed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_a_contact_is_refused_whole() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply"]).await;
    let reader = client(&town, "reader", &["read"]).await;
    let many: Vec<String> = (0..17).map(|nth| format!("t{nth}")).collect();
    for (body, expected, part) in [
        (
            json!({ "fields": { "size": "XL" }, "tag": ["vip"] }),
            422,
            "the value of `size` does not fit its type, one of \"S\", \"M\"",
        ),
        (json!({ "fields": { "orders": 10 } }), 422, "a whole number from 0 to 9"),
        (json!({ "fields": { "orders": "many" } }), 422, "a whole number from 0 to 9"),
        (json!({ "fields": { "city": "x".repeat(11) } }), 422, "text of at most 10 characters"),
        (json!({ "fields": { "city": ["x"] } }), 422, "text of at most 10 characters"),
        (json!({ "fields": { "phone": "nonsense" } }), 422, "a phone number"),
        (json!({ "fields": { "shoe\u{1b}": 1 } }), 422, "no contact field `shoe`: it has `size`, `city`, `phone`, `orders`"),
        (json!({ "tag": [" "] }), 422, "a tag is a text of at most 100 bytes"),
        (json!({ "tag": ["x".repeat(101)] }), 422, "a tag is a text of at most 100 bytes"),
        (json!({ "tag": ["a\nb"] }), 422, "a tag is a text of at most 100 bytes"),
        (json!({ "tag": many }), 422, "16 fields and 16 tags"),
        (json!({}), 422, "nothing to change"),
        (json!({ "field": {} }), 422, "unknown field"),
        (json!({ "tag": "vip" }), 422, "a sequence"),
        (json!([]), 422, ""),
    ] {
        let (status, said) = patch(&desk, id, None, body.clone()).await;
        assert_eq!(status, expected, "{body}: {said}");
        assert!(said["detail"].as_str().unwrap().contains(part), "{body}: {said}");
    }
    assert_eq!(patch(&desk, 999, None, json!({ "tag": ["vip"] })).await.0, 404);
    assert_eq!(patch(&reader, id, None, json!({ "tag": ["vip"] })).await.0, 403);
    assert_eq!(reader.ask("POST", &format!("/contacts/{id}/opt-out"), None, None).await.0, 403);
    assert_eq!(desk.get("/contacts/999").await.0, 404);
    assert_eq!(desk.get("/contacts?limit=0").await.0, 400);
    assert_eq!(town.lines(&mona, "contact").await, 0, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_withdraws_what_is_queued_and_an_opt_in_lets_the_bot_speak_again() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply", "operate"]).await;
    town.runtime().pause(None).await.unwrap();
    town.write(&mona, "hello");
    town.stand(&mona, Queued, 1).await;
    let out = format!("/contacts/{id}/opt-out");
    let many = (0..10).map(|_| desk.ask("POST", &out, Some("k"), None));
    let answers = futures_util::future::join_all(many).await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, done)| done["duplicate"] == json!(false)).count(), 1, "{answers:?}");
    assert_eq!(town.stand(&mona, Withdrawn, 1).await[0].reason, "no automatic messages are wanted");
    town.runtime().resume(None).await.unwrap();
    town.write(&mona, "hello");
    town.silent(&mona).await;
    let (_, page) = desk.get("/contacts?opted_out=true").await;
    assert_eq!(page["contacts"][0]["id"], json!(id), "{page}");
    assert_eq!(desk.ask("POST", &format!("/contacts/{id}/opt-in"), None, None).await.0, 200);
    town.write(&mona, "hello");
    town.hears(&mona, 2).await;
    assert_eq!(audited(&desk).await, ["opt_in", "opt_out", "token_created"]);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tiktok_refused_is_listed_and_tried_again_once() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "operate"]).await;
    town.fault(FaultKind::Code, |fault| (fault.code, fault.stored) = (Some(40_002), Some(false)));
    town.write(&mona, "hello");
    let refused = town.stand(&mona, rejoinder::runtime::ReplyState::Refused, 1).await;
    assert!(refused[0].reason.contains("40002"), "{}", refused[0].reason);
    let (status, failed) = desk.get("/outbox/failed").await;
    assert_eq!(status, 200, "{failed}");
    let line = &failed["replies"][0];
    assert_eq!(
        (&line["state"], &line["may_retry"], &line["conversation"]),
        (&json!("refused"), &json!(true), &json!(id)),
        "{failed}"
    );
    let reply = line["reply"].as_u64().unwrap();
    let retry = format!("/conversations/{id}/replies/{reply}/retry");
    let many = (0..10).map(|_| desk.ask("POST", &retry, None, None));
    let answers = futures_util::future::join_all(many).await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, stands)| stands["duplicate"] == json!(false)).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|(_, stands)| stands["reply"] == json!(reply + 1)), "{answers:?}");
    town.hears(&mona, 2).await;
    town.stand(&mona, Sent, 2).await;
    let (status, again) = desk.ask("POST", &retry, None, None).await;
    assert_eq!((status, &again["state"], &again["duplicate"]), (200, &json!("sent"), &json!(true)), "{again}");
    let (_, failed) = desk.get("/outbox/failed").await;
    assert_eq!(failed["replies"][0]["may_retry"], json!(false), "{failed}");
    for sent in [1, reply + 1] {
        let (status, refused) = desk.ask("POST", &format!("/conversations/{id}/replies/{sent}/retry"), None, None).await;
        assert_eq!(status, 409, "{refused}");
        assert!(refused["detail"].as_str().unwrap().ends_with("it was sent"), "{refused}");
    }
    town.silent(&mona).await;
    assert_eq!(town.heard(&mona).len(), 2);
    assert_eq!(audited(&desk).await, ["retry", "token_created"]);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_sent_is_never_tried_again() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "operate"]).await;
    // Its call ends without an answer, and TikTok's list cannot be read either.
    town.fault(FaultKind::Code, |fault| (fault.code, fault.stored) = (Some(50_000), Some(true)));
    town.write(&mona, "hello");
    town.hears(&mona, 2).await;
    let (status, said) = desk.ask("POST", &format!("/conversations/{id}/replies/2/retry"), None, None).await;
    assert_eq!(status, 409, "{said}");
    let (status, said) = desk.ask("POST", &format!("/conversations/{id}/replies/2/drop"), None, Some("{\"reason\":\"x\"}")).await;
    assert_eq!(status, 409, "{said}");
    town.jump(HOUR);
    town.silent(&mona).await;
    assert_eq!(town.heard(&mona).len(), 2);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_passes_the_gate_again_and_what_waits_can_be_dropped() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "operate"]).await;
    town.runtime().pause(None).await.unwrap();
    town.write(&mona, "hello");
    town.write(&mona, "hello");
    town.stand(&mona, Queued, 2).await;
    // The first is refused until she writes, so the second is held.
    town.fault(FaultKind::Code, |fault| (fault.code, fault.stored) = (Some(40_064), Some(false)));
    town.runtime().resume(None).await.unwrap();
    town.stand(&mona, Held, 1).await;
    let at = format!("/conversations/{id}/replies/3");
    let (status, held) = desk.ask("POST", &format!("{at}/retry"), None, None).await;
    assert_eq!((status, &held["state"]), (200, &json!("held")), "TikTok takes nothing: {held}");
    town.silent(&mona).await;
    for (path, body, expected) in [
        ("/drop", Some("{}"), 422),
        ("/drop", Some("{\"reason\":\" \"}"), 422),
        ("/drop", Some("{\"reason\":\"a\\nb\"}"), 422),
        ("/drop", None, 415),
    ] {
        let (status, said) = desk.ask("POST", &format!("{at}{path}"), None, body).await;
        assert_eq!(status, expected, "{said}");
    }
    let why = "{\"reason\":\"the order was cancelled\"}";
    let (status, dropped) = desk.ask("POST", &format!("{at}/drop"), None, Some(why)).await;
    assert_eq!((status, &dropped["state"], &dropped["duplicate"]), (200, &json!("dropped"), &json!(false)), "{dropped}");
    assert_eq!(dropped["reason"], json!("dropped by desk: the order was cancelled"));
    let (status, dropped) = desk.ask("POST", &format!("{at}/drop"), None, Some(why)).await;
    assert_eq!((status, &dropped["duplicate"]), (200, &json!(true)), "{dropped}");
    assert_eq!(desk.ask("POST", &format!("{at}/drop"), None, Some("{\"reason\":\"another\"}")).await.0, 409);
    assert_eq!(desk.ask("POST", &format!("/conversations/{id}/replies/99/retry"), None, None).await.0, 404);
    assert_eq!(desk.ask("POST", "/conversations/999/replies/1/drop", None, Some(why)).await.0, 404);
    town.write(&mona, "thanks");
    town.silent(&mona).await;
    assert_eq!(audited(&desk).await, ["drop", "retry", "token_created"]);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_simulated_and_leaves_no_trace() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, _) = greeted(&town, "Mona").await;
    let desk = client(&town, "pipeline", &["deploy"]).await;
    let simulate = async |body: Value| desk.ask("POST", "/simulate", None, Some(&body.to_string())).await;
    let steps = json!([{ "write": "hello" }, { "after_ms": 1000 }, { "write": "stop" }, { "write": "hello" }]);
    let body = json!({ "seed": 7, "at": "2026-11-20T09:00:00Z", "steps": steps });
    let (status, told) = simulate(body.clone()).await;
    assert_eq!(status, 200, "{told}");
    let said = |step: usize| -> Vec<String> {
        let said = told["steps"][step]["said"].as_array().unwrap().iter().filter(|said| said["kind"] == "text");
        said.map(|said| said["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((said(0), said(1), said(2), said(3)), (vec!["Welcome!".into()], vec![], vec!["No more messages.".into()], vec![]));
    assert!(told["steps"][0]["why"].to_string().contains("hello"), "{told}");
    assert_eq!((&told["opted_out"], &told["speaker"]), (&json!(true), &json!("bot")));
    assert_eq!(told["steps"][1]["at"], json!("2026-11-20T09:00:01.001Z"), "{told}");
    assert_eq!(simulate(body).await.1, told, "the same seed, the same conversation");
    for (body, expected, part) in [
        (json!({ "steps": [] }), 422, "`steps` are 1 to 100"),
        (json!({ "steps": vec![json!({ "write": "x" }); 101] }), 422, "`steps` are 1 to 100"),
        (json!({ "steps": [{ "write": "x".repeat(6_001) }] }), 422, "step 1: a text has at most 6,000 characters"),
        (json!({ "steps": [{ "after_ms": -1 }] }), 422, "step 1: `after_ms` is 0 to 30 days"),
        (json!({ "steps": [{ "press": "S" }] }), 422, "step 1: there is no such button"),
        (json!({ "steps": [{ "answer": { "status": 200 } }] }), 422, "step 1: no call waits"),
        (json!({ "steps": [{ "dance": 1 }] }), 422, "unknown variant"),
        (json!({ "at": "yesterday", "steps": [{ "write": "x" }] }), 422, "`at` is a moment"),
        (json!({ "version": 4, "steps": [{ "write": "x" }] }), 404, "versions of the bot are not kept here"),
        (json!({}), 422, "steps"),
    ] {
        let (status, refused) = simulate(body).await;
        assert_eq!(status, expected, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(part), "{refused}");
    }
    // Eager callers wait; whoever answers people is not held up.
    let long = json!({ "steps": vec![json!({ "write": "hello" }); 100] });
    let many = futures_util::future::join_all((0..12).map(|_| simulate(long.clone()))).await;
    assert!(many.iter().all(|(status, _)| [200, 429].contains(status)) && many.iter().any(|(status, _)| *status == 200));
    assert_eq!(town.heard(&mona), ["Welcome!"]);
    assert_eq!(town.runtime().conversations(10).await.unwrap().len(), 1);
    town.no_violations();
}

/// What a stream of events brings until `enough` says so.
async fn heard(town: &Town, secret: &str, query: &str, last: Option<&str>, enough: impl Fn(&str) -> bool) -> String {
    let mut request =
        town.http.get(format!("{}/api/v1/events{query}", town.admin)).bearer_auth(secret).header("Connection", "close");
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["Content-Type"], "text/event-stream");
    let mut text = String::new();
    while !enough(&text) {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(60), response.chunk()).await;
        let Some(chunk) = chunk.unwrap_or_else(|_| panic!("no more came after {text}")).unwrap() else { break };
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_what_happens_and_goes_on_where_it_was() {
    let town = Town::running(bot(SHOP)).await;
    let (mona, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply"]).await;
    let blind = client(&town, "blind", &["reply"]).await;
    assert_eq!(blind.get("/events").await.0, 403);
    assert_eq!(desk.get("/events?kinds=x").await.0, 400);
    let all = heard(&town, &desk.secret, "", None, |text| text.contains("event: message.sent"));
    let (all, ()) = tokio::join!(all, async {
        // The stream is open once it says so.
        crate::town::nap(300).await;
        town.write(&mona, "hello");
    });
    for part in [": listening", "event: message.received", "\"text\":\"hello\"", "event: message.sent", "\"number\":1"] {
        assert!(all.contains(part), "{part} is missing in {all}");
    }
    let first = all.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    // What happens while nobody listens is told to who comes back, of the types that were asked for.
    assert_eq!(desk.ask("POST", &format!("/contacts/{id}/opt-out"), None, None).await.0, 200);
    let rest = heard(&town, &desk.secret, "?types=contact.*", Some(first), |text| text.contains("contact.opted_out")).await;
    assert!(!rest.contains("message.") && !rest.contains("event: gap"), "{rest}");
    let lost = heard(&town, &desk.secret, "", Some("999.9"), |text| text.contains("event: gap")).await;
    assert!(lost.contains("data: {\"after\":\"999.9\"}"), "{lost}");
    // A token that was revoked hears no more.
    let ended = heard(&town, &desk.secret, "", None, |_| false);
    let (ended, ()) = tokio::join!(ended, async {
        crate::town::nap(300).await;
        town.operator().post("/admin/v1/tokens/revoke", &json!({ "number": 1 })).await.unwrap();
        town.jump(10_000);
    });
    assert!(ended.starts_with(": listening"), "{ended}");
}
