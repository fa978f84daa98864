use super::*;

fn encoded(id: &str) -> String {
    id.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest of the file";

impl Stage {
    async fn upload(&self, bytes: &[u8]) -> Got {
        self.breathe();
        let mut body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"business_id\"\r\n\r\n{}\r\n\
             --edge\r\nContent-Disposition: form-data; name=\"media_type\"\r\n\r\nIMAGE\r\n\
             --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            self.business
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = Request::builder()
            .method("POST")
            .uri("/open_api/v1.3/business/message/media/upload/")
            .header("access-token", &self.token)
            .header("content-type", "multipart/form-data; boundary=edge");
        self.request(request.body(Body::from(body)).unwrap()).await
    }

    async fn send_kind(&self, recipient: &str, kind: &str, key: &str, value: Value) -> Got {
        self.breathe();
        let mut body = self.text(recipient, "x");
        body.as_object_mut().unwrap().remove("text");
        body["message_type"] = json!(kind);
        body[key] = value;
        self.post("/business/message/send/", &body).await
    }
}

#[tokio::test]
async fn a_path_without_its_final_slash_is_a_plain_404() {
    let stage = Stage::new().await;
    for path in ["/business/message/send", "/business/no/such/"] {
        let got = stage.post(path, &json!({})).await;
        assert_eq!((got.status, got.text.as_str()), (StatusCode::NOT_FOUND, "404 page not found"));
    }
}

#[tokio::test]
async fn the_checks_come_in_their_order() {
    let mut stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    let right = stage.text(&said.conversation_id, "hello");
    let good = std::mem::replace(&mut stage.token, "act.unknown".to_owned());
    let wrong = stage.post("/business/message/send/", &json!({})).await;
    assert_eq!(wrong.code(), 40105, "the token comes before the fields");
    stage.token.clear();
    assert_eq!(stage.post("/business/message/send/", &right).await.code(), 40104);
    stage.token = good;
    let empty = stage.post("/business/message/send/", &json!({})).await;
    assert_eq!(empty.code(), 40002);
    assert_eq!(empty.json()["message"], "Missing required field(s): business_id, message_type");
    let mut foreign = right.clone();
    foreign["business_id"] = json!("-000another");
    assert_eq!(stage.post("/business/message/send/", &foreign).await.code(), 40001);
    let half = Request::builder().method("POST").uri("/open_api/v1.3/business/message/send/");
    let half = half.header("access-token", &stage.token).body(Body::from("{\"business_id\":")).unwrap();
    assert_eq!(stage.request(half).await.code(), 40002);
    assert_eq!(stage.post("/business/message/send/", &right).await.code(), 0);
}

#[tokio::test]
async fn cards_have_limits() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let id = stage.writes(&customer, "hi").conversation_id;
    let button = |title: &str| json!({"type": "REPLY", "title": title, "id": "b"});
    let card = |kind: &str, title: &str, buttons: Vec<Value>| json!({"type": kind, "title": title, "buttons": buttons});
    let (twenty, forty) = ("b".repeat(20), "t".repeat(40));
    let cases = [
        (card("QA_BUTTON_CARD", &forty, vec![button(&twenty); 3]), 0),
        (card("QA_LINK_CARD", &forty, vec![button(&forty)]), 0),
        (card("QA_BUTTON_CARD", &format!("{forty}t"), vec![button("b")]), 40002),
        (card("QA_BUTTON_CARD", &forty, vec![button(&format!("{twenty}b"))]), 40002),
        (card("QA_LINK_CARD", &forty, vec![button(&format!("{forty}b"))]), 40002),
        (card("QA_BUTTON_CARD", "t", vec![]), 40002),
        (card("QA_BUTTON_CARD", "t", vec![button("b"); 4]), 40002),
        (card("QA_OTHER", "t", vec![button("b")]), 40002),
    ];
    for (template, code) in cases {
        assert_eq!(stage.send_kind(&id, "TEMPLATE", "template", template.clone()).await.code(), code, "{template}");
    }
    assert_eq!(stage.send(&id, "  ").await.code(), 40002);
    assert_eq!(stage.send_kind(&id, "VIDEO", "video", json!({})).await.code(), 40002);
}

#[tokio::test]
async fn typing_and_seen_are_not_counted() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let id = stage.writes(&customer, "hi").conversation_id;
    assert_eq!(stage.send_kind(&id, "SENDER_ACTION", "sender_action", json!("TYPING")).await.message_id(), "");
    assert!(stage.sim.conversations()[0].typing);
    assert_eq!(stage.send_kind(&id, "SENDER_ACTION", "sender_action", json!("MARK_READ")).await.message_id(), "");
    let view = stage.sim.conversation("v1").unwrap();
    assert!(view.messages[0].read);
    assert_eq!(view.line.replies_left, Some(10));
    stage.clock.advance(5_000);
    assert!(!stage.sim.conversations()[0].typing);
    stage.settle().await;
    assert_eq!(stage.events(), ["im_receive_msg"], "neither is echoed");
}

#[tokio::test]
async fn images_are_uploaded_sent_and_fetched() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    let id = said.conversation_id;
    assert_eq!(stage.upload(b"").await.code(), 40906);
    assert_eq!(stage.upload(b"GIF89a").await.code(), 40908);
    let mut large = PNG.to_vec();
    large.resize(3_145_728, 0);
    assert_eq!(stage.upload(&large).await.code(), 0);
    large.push(0);
    assert_eq!(stage.upload(&large).await.code(), 40907);
    let media = stage.upload(PNG).await.data()["media_id"].as_str().unwrap().to_owned();
    assert_eq!(stage.send_kind(&id, "IMAGE", "image", json!({"media_id": "v0none"})).await.code(), 40007);
    let message = stage.send_kind(&id, "IMAGE", "image", json!({"media_id": media})).await.message_id();
    let ask = json!({
        "business_id": stage.business, "conversation_id": id, "message_id": message,
        "media_id": media, "media_type": "IMAGE",
    });
    let address = stage.post("/business/message/media/download/", &ask).await.data()["download_url"].as_str().unwrap().to_owned();
    let path = address.strip_prefix("http://127.0.0.1").unwrap().to_owned();
    let fetch = |user: &str| Request::builder().uri(path.as_str()).header("x-user", user).body(Body::empty()).unwrap();
    assert_eq!(stage.request(fetch("somebody")).await.status, StatusCode::FORBIDDEN);
    let got = stage.request(fetch(&stage.token)).await;
    assert_eq!(got.headers["content-type"], "image/png");
    stage.sim.advance(30 * 24 * HOUR).unwrap();
    stage.writes(&customer, "again");
    assert_eq!(stage.send_kind(&id, "IMAGE", "image", json!({"media_id": media})).await.code(), 40007, "good for 30 days");
}

#[tokio::test]
async fn images_go_only_where_both_countries_allow_them() {
    let stage = Stage::new().await;
    let there = stage.sim.add_customer(NewCustomer { country: Some("tr".into()), ..NewCustomer::default() }).unwrap();
    let id = stage.writes(&there.handle, "merhaba").conversation_id;
    let ask = format!(
        "/business/message/capabilities/get/?business_id={}&conversation_id={}&conversation_type=STRANGER&capability_types=%5B%22IMAGE_SEND%22%5D",
        stage.business,
        encoded(&id)
    );
    let infos = stage.get(&ask).await.data()["capability_infos"].clone();
    assert_eq!(infos, json!([{"capability_type": "IMAGE_SEND", "capability_result": false}]));
    let media = stage.upload(PNG).await.data()["media_id"].clone();
    assert_eq!(stage.send_kind(&id, "IMAGE", "image", json!({"media_id": media})).await.code(), 40001);
}

#[tokio::test]
async fn posts_and_quotes_are_sent() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    let id = said.conversation_id;
    assert_eq!(stage.send_kind(&id, "SHARE_POST", "share_post", json!({"item_id": "7301"})).await.code(), 0);
    let mut quoting = stage.text(&id, "to this");
    quoting["referenced_message_info"] = json!({"referenced_message_id": said.message.id});
    stage.post("/business/message/send/", &quoting).await.message_id();
    quoting["referenced_message_info"]["referenced_message_id"] = json!("none");
    assert_eq!(stage.post("/business/message/send/", &quoting).await.code(), 40007);
    stage.settle().await;
    let echo = stage.got()[2].content();
    assert_eq!(echo["referenced_message_info"]["referenced_message_id"], json!(said.message.id));
}

#[tokio::test]
async fn lists_show_the_newest_twenty_and_both_kinds_of_conversation() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let ad = json!({"customer": customer, "from": {"ad": {"ad_id": "1801", "ad_name": "Summer"}}});
    stage.steer("/referrals", &ad).await;
    let id = stage.writes(&customer, "0").conversation_id;
    let list = |kind: &str| {
        format!("/business/message/conversation/list/?business_id={}&conversation_type={kind}&limit=1", stage.business)
    };
    let strangers = stage.get(&list("STRANGER")).await.data();
    assert_eq!(strangers["conversations"][0]["conversation_id"], json!(id));
    assert_eq!(strangers["conversations"][0]["referral"]["ad"][0]["timestamp"], json!(stage.sim.time().0 / 1000));
    assert_eq!((&strangers["has_more"], &strangers["cursor"]), (&json!(false), &json!(1)));
    for n in 1..=24 {
        stage.writes(&customer, &n.to_string());
    }
    stage.send(&id, "25").await;
    assert_eq!(stage.get(&list("STRANGER")).await.data()["conversations"], json!([]));
    assert_eq!(stage.get(&list("SINGLE")).await.data()["conversations"].as_array().unwrap().len(), 1);
    let contents = format!("/business/message/content/list/?business_id={}&conversation_id={}", stage.business, encoded(&id));
    let messages = stage.get(&contents).await.data()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 20);
    assert_eq!(messages[0]["text"]["body"], "25");
    assert_eq!(messages[0]["message_type"], "TEXT");
    assert_eq!(messages[0]["message_tag"]["source"], "API");
    assert_eq!(messages[0]["from_user"], json!({"id": stage.business, "role": "BUSINESS_ACCOUNT"}));
    assert_eq!(messages[19]["text"]["body"], "6");
    assert_eq!(stage.get(&list("OTHER")).await.code(), 40002);
}

#[tokio::test]
async fn signing_in_and_renewing_rotates_tokens() {
    let mut stage = Stage::with(|options| options.token_life_ms = 86_400_000).await;
    let code = stage.steer("/codes", &json!({})).await.json()["auth_code"].as_str().unwrap().to_owned();
    let mut ask = json!({
        "client_id": "7364323437050855441", "client_secret": "wrong", "grant_type": "authorization_code",
        "auth_code": code, "redirect_uri": "https://bot.example.com/return/",
    });
    assert_eq!(stage.post("/tt_user/oauth2/token/", &ask).await.code(), 40101);
    ask["client_secret"] = json!("simulated-secret");
    let data = stage.post("/tt_user/oauth2/token/", &ask).await.data();
    assert_eq!(data["open_id"], json!(stage.business));
    assert_eq!((&data["expires_in"], &data["refresh_token_expires_in"]), (&json!(86_400), &json!(31_536_000)));
    assert_eq!(stage.post("/tt_user/oauth2/token/", &ask).await.code(), 40110, "a code serves once");

    stage.token = data["access_token"].as_str().unwrap().to_owned();
    let profile = format!("/business/get/?business_id={}&fields=%5B%22username%22%5D", stage.business);
    assert_eq!(stage.get(&profile).await.data(), json!({"username": "rejoinder.shop"}));
    stage.sim.advance(24 * HOUR).unwrap();
    assert_eq!(stage.get(&profile).await.code(), 40102);

    let mut renew = json!({
        "client_id": "7364323437050855441", "client_secret": "simulated-secret",
        "grant_type": "refresh_token", "refresh_token": data["refresh_token"],
    });
    let renewed = stage.post("/tt_user/oauth2/refresh_token/", &renew).await.data();
    assert_eq!(stage.post("/tt_user/oauth2/refresh_token/", &renew).await.code(), 40107, "the old one stops");
    stage.token = renewed["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stage.get(&profile).await.code(), 0);
    let info = json!({"app_id": "7364323437050855441", "access_token": stage.token});
    assert_eq!(stage.post("/tt_user/token_info/get/", &info).await.data()["creator_id"], json!(stage.business));

    renew["access_token"] = json!(stage.token);
    stage.breathe();
    assert_eq!(stage.post("/tt_user/oauth2/revoke/", &renew).await.data(), json!({}));
    assert_eq!(stage.get(&profile).await.code(), 40105);
}

#[tokio::test]
async fn addresses_are_listed_replaced_and_taken_away() {
    let stage = Stage::new().await;
    let list = "/business/webhook/list/?app_id=7364323437050855441&secret=simulated-secret&event_type=DIRECT_MESSAGE";
    assert_eq!(stage.get(list).await.data()["callback_url"], CALLBACK);
    let mut app = json!({"app_id": "7364323437050855441", "secret": "simulated-secret", "event_type": "im_receive_msg"});
    assert_eq!(stage.post("/business/webhook/delete/", &app).await.code(), 40002, "an event is no event type");
    app["event_type"] = json!("DIRECT_MESSAGE");
    app["callback_url"] = json!("bot.example.com");
    assert_eq!(stage.post("/business/webhook/update/", &app).await.code(), 40002);
    stage.post("/business/webhook/delete/", &app).await.data();
    assert_eq!(stage.get(list).await.data().get("callback_url"), None);
    let wrong = list.replace("simulated-secret", "wrong");
    assert_eq!(stage.get(&wrong).await.code(), 40101);
}

#[tokio::test]
async fn automatic_messages_are_made_sorted_and_deleted() {
    let stage = Stage::new().await;
    let path = |name: &str| format!("/business/message/auto_message/{name}/");
    let mut ids = Vec::new();
    for title in ["Prices", "Hours"] {
        let ask = json!({
            "business_id": stage.business, "auto_message_type": "CHAT_PROMPT",
            "chat_prompt": {"title": title, "content": "Tell me"},
        });
        let made = stage.post(&path("create"), &ask).await.data();
        ids.push(made["auto_message"]["auto_message_id"].clone());
    }
    let mut ask =
        json!({"business_id": stage.business, "auto_message_type": "CHAT_PROMPT", "auto_message_ids": [ids[1], ids[0]]});
    assert_eq!(stage.post(&path("sort"), &ask).await.data(), json!({}));
    let get = format!("{}?business_id={}&auto_message_type=CHAT_PROMPT", path("get"), stage.business);
    let data = stage.get(&get).await.data();
    assert_eq!(data["auto_messages"][0]["suggested_question"]["title"], "Hours");
    assert_eq!(data["operation_status"], "DISABLE");
    ask["auto_message_id"] = ids[0].clone();
    stage.post(&path("delete"), &ask).await.data();
    assert_eq!(stage.get(&get).await.data()["auto_messages"].as_array().unwrap().len(), 1);
    ask["chat_prompt"] = json!({"title": "x".repeat(19), "content": "y"});
    assert_eq!(stage.post(&path("create"), &ask).await.code(), 40002);
}

#[tokio::test]
async fn a_comment_is_answered_once_by_message() {
    let stage = Stage::with(|options| options.accounts[0].country = "VN".into()).await;
    let customer = stage.customer();
    let mut switch =
        json!({"business_id": stage.business, "direct_reply_type": "COMMENT_TO_MESSAGE", "operation_status": "ENABLE"});
    stage.post("/business/message/direct_reply/update/", &switch).await.data();
    let made = stage.steer("/comments", &json!({"customer": customer, "text": "how much?"})).await.json();
    stage.settle().await;
    assert_eq!(stage.got()[0].content()["comment_id"], made["comment_id"]);
    let reply = json!({
        "business_id": stage.business, "message_type": "TEXT", "text": {"body": "ten"},
        "direct_reply": {"reply_type": "COMMENT_REPLY", "comment_reply": {"comment_id": made["comment_id"]}},
    });
    stage.breathe();
    assert_ne!(stage.post("/business/message/send/", &reply).await.message_id(), "");
    assert_eq!(stage.post("/business/message/send/", &reply).await.code(), 40064);
    switch["operation_status"] = json!("DISABLE");
    stage.post("/business/message/direct_reply/update/", &switch).await.data();
    assert_eq!(stage.post("/business/message/send/", &reply).await.code(), 40001);
}
