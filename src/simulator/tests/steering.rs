use super::*;

#[tokio::test]
async fn wrong_steering_is_explained() {
    let stage = Stage::new().await;
    let cases = [
        ("/messages", json!({"customer": "c9", "text": "hi"}), "no customer `c9`", "POST /sim/v1/customers"),
        ("/messages", json!({"custmer": "c1"}), "unknown field `custmer`", r#"{"customer": "c1", "text": "hello"}"#),
        ("/customers", json!({"country": "Egypt"}), "`EGYPT` is no country", "two letters"),
        ("/faults", json!({"kind": "fire"}), "unknown variant `fire`", "\"kind\": \"http\""),
        ("/advance", json!({"ms": -1}), "-1 ms is no jump", "from 0"),
        ("/colleague", json!({}), "missing field `customer`", "take over"),
        ("/referrals", json!({"customer": "c1"}), "missing field `from`", "\"ad\""),
        ("/raw", json!({}), "one of `body`", "signed as they are"),
        ("/raw", json!({"body_base64": "?"}), "not base64", "takes text"),
    ];
    for (path, body, text, help) in cases {
        let got = stage.steer(path, &body).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{path}");
        let error = got.json()["error"].clone();
        assert!(error["text"].as_str().unwrap().contains(text), "{error}");
        assert!(error["help"].as_str().unwrap().contains(help), "{error}");
    }
    let customer = stage.customer();
    let write = json!({"customer": customer, "type": "voice"});
    assert_eq!(stage.steer("/messages", &write).await.json()["error"]["text"], "no type `voice`");
    assert_eq!(stage.see("/conversations/v7").await.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.see("/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.see("/messages").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(stage.see("/calls?after=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn everything_a_customer_can_send_is_told() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let kinds = ["text", "image", "video", "sticker", "emoji", "share_post"];
    for kind in kinds {
        let got = stage.steer("/messages", &json!({"customer": customer, "type": kind, "text": "t"})).await;
        assert_eq!(got.json()["message"]["type"], kind);
    }
    let to = stage.sim.conversation("v1").unwrap().messages[0].id.clone();
    stage.steer("/messages", &json!({"customer": customer, "type": "reaction", "text": "👍", "quote": to})).await;
    stage.settle().await;
    let got = stage.got();
    let told: Vec<_> = got.iter().map(|got| got.content()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told[..6], kinds);
    assert_eq!(got[6].content()["reaction"][0]["original_msg_id"], json!(to));
    let media = got[1].content()["image"]["media_id"].as_str().unwrap().to_owned();
    let picture = stage.see(&format!("/pictures/{media}")).await;
    assert_eq!(picture.headers["content-type"], "image/png");
}

#[tokio::test]
async fn a_page_waits_for_what_happens() {
    let stage = Stage::new().await;
    let now = stage.see("/events").await.json()["last"].as_u64().unwrap();
    let path = format!("/events?after={now}&wait_ms=20000");
    let poll = stage.see(&path);
    tokio::pin!(poll);
    tokio::select! {
        biased;
        _ = &mut poll => panic!("nothing happened yet"),
        () = stage.settle() => {}
    }
    stage.customer();
    let got = poll.await.json();
    assert_eq!(got["events"][0]["kind"], "customer");
    let after = got["last"].clone();
    stage.clock.advance(0);
    let path = format!("/events?after={after}&wait_ms=20000");
    let poll = stage.see(&path);
    tokio::pin!(poll);
    tokio::select! {
        biased;
        _ = &mut poll => panic!("nothing happened yet"),
        () = stage.settle() => {}
    }
    stage.clock.advance(20_000);
    assert_eq!(poll.await.json(), json!({"last": after, "events": []}));
}

#[tokio::test]
async fn a_reset_forgets_people_and_keeps_the_app() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    stage.answers(&[Ok(500)]);
    stage.writes(&customer, "hi");
    stage.settle().await;
    stage.steer("/faults", &json!({"kind": "http"})).await;
    assert_eq!(stage.steer("/reset", &json!({})).await.status, StatusCode::OK);
    stage.clock.advance(HOUR);
    stage.settle().await;
    assert_eq!(stage.got().len(), 1, "what waited is gone");
    assert!(stage.sim.customers().is_empty() && stage.sim.calls(0).is_empty() && stage.sim.faults().is_empty());
    let customer = stage.customer();
    stage.writes(&customer, "again");
    stage.settle().await;
    assert_eq!(stage.got().len(), 2, "the address is still known");
}

#[tokio::test]
async fn faults_can_be_seen_and_taken_back() {
    let stage = Stage::new().await;
    let id = stage.steer("/faults", &json!({"kind": "http", "next": 3})).await.json()["id"].clone();
    stage.steer("/faults", &json!({"kind": "reset"})).await;
    let seen = stage.see("/faults").await.json();
    assert_eq!(seen[0], json!({"id": id, "kind": "http", "next": 3}));
    let one = Request::builder().method("DELETE").uri(format!("/sim/v1/faults/{id}")).body(Body::empty()).unwrap();
    assert_eq!(stage.request(one).await.json()["taken_back"], 1);
    let all = Request::builder().method("DELETE").uri("/sim/v1/faults").body(Body::empty()).unwrap();
    assert_eq!(stage.request(all).await.json()["taken_back"], 1);
    assert_eq!(stage.get(&format!("/business/get/?business_id={}", stage.business)).await.code(), 0);
}

#[tokio::test]
async fn an_account_that_leaves_is_told_and_locked_out() {
    let stage = Stage::new().await;
    stage.steer("/disconnections", &json!({"reason": 4})).await;
    stage.settle().await;
    assert_eq!(stage.events(), ["authorization.removed"]);
    assert_eq!(stage.got()[0].content(), json!({"reason": 4}));
    assert_eq!(stage.get(&format!("/business/get/?business_id={}", stage.business)).await.code(), 40105);
}

#[tokio::test]
async fn a_clock_that_cannot_be_pushed_says_so() {
    let stage = Stage::with(|options| options.advance = None).await;
    let got = stage.steer("/advance", &json!({"ms": 1})).await;
    assert_eq!(got.json()["error"]["text"], "this clock cannot be pushed");
}
