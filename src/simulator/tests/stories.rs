use super::*;

#[tokio::test]
async fn a_customer_writes_and_the_bot_answers() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "أهلاً 👋");
    stage.settle().await;
    let got = stage.got();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].address, CALLBACK);
    let (body, content) = (got[0].body(), got[0].content());
    assert_eq!(body["event"], "im_receive_msg");
    assert_eq!(body["client_key"], "7364323437050855441");
    assert_eq!(body["user_openid"], json!(stage.business));
    assert_eq!(content["text"]["body"], "أهلاً 👋");
    assert_eq!(content["to_user"], json!({"id": stage.business, "role": "business_account"}));
    assert_eq!(content["message_id"], json!(said.message.id));
    assert_eq!(content["timestamp"], json!(said.message.at));

    let answer = stage.send(content["conversation_id"].as_str().unwrap(), "hello").await;
    let id = answer.message_id();
    assert_eq!(answer.headers["x-tt-logid"], answer.json()["request_id"].as_str().unwrap());
    assert_eq!(answer.headers["date"], "Fri, 15 Jan 2027 08:00:04 GMT");
    stage.settle().await;
    let echo = stage.got()[1].content();
    assert_eq!(stage.events(), ["im_receive_msg", "im_send_msg"]);
    assert_eq!(echo["message_id"], json!(id));
    assert_eq!(echo["message_tag"]["source"], "API");
    assert_eq!(echo["from_user"]["id"], json!(stage.business));

    let view = stage.sim.conversation(&said.conversation).unwrap();
    assert_eq!(view.messages.len(), 2);
    assert_eq!(view.line.replies_left, Some(9));
    assert!(view.line.answered);
    assert!(view.messages[1].echoed.is_some());
    assert_eq!(stage.see("/violations").await.json(), json!({"violations": [], "suspicions": []}));
    let calls = stage.sim.calls(0);
    assert_eq!(calls.last().unwrap().code, Some(0));
    assert_eq!(calls.last().unwrap().message_id, Some(id));
}

#[tokio::test]
async fn a_press_brings_the_title_and_the_buttons_id() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "menu");
    stage.breathe();
    let card = json!({
        "business_id": stage.business,
        "recipient_type": "CONVERSATION",
        "recipient": said.conversation_id,
        "message_type": "TEMPLATE",
        "template": {"type": "QA_BUTTON_CARD", "title": "What is it about?", "buttons": [
            {"type": "REPLY", "title": "Prices", "id": "p"},
            {"type": "REPLY", "title": "Hours"},
        ]},
    });
    let id = stage.post("/business/message/send/", &card).await.message_id();
    stage.settle().await;
    let echo = stage.got()[1].content();
    assert_eq!(echo["template"]["type"], "qa_button_card");
    assert_eq!(echo["template"]["elements"][0]["buttons"][0], json!({"text": "Prices", "type": "REPLY", "id": "p"}));

    let press = stage.steer("/clicks", &json!({"customer": customer, "button": "p"})).await;
    assert_eq!(press.status, StatusCode::CREATED, "{}", press.text);
    stage.settle().await;
    let click = stage.got()[2].content();
    assert_eq!(click["type"], "text");
    assert_eq!(click["text"]["body"], "Prices");
    let payload = json!({"reply_source_msg_id": id, "reply_source_unique_id": "p"});
    assert_eq!(click["reply_source_payload"], payload);
    assert_eq!(stage.sim.conversation("v1").unwrap().line.replies_left, Some(10), "a press renews the budget");

    let wrong = stage.steer("/clicks", &json!({"customer": customer, "button": "Nothing"})).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong.json()["error"]["help"], "it has: Prices, Hours");
}

#[tokio::test]
async fn colleagues_referrals_and_reads_are_told() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let link = json!({"customer": customer, "from": {"link": {"ref": "spring-1", "prefilled": "Hi"}}});
    assert_eq!(stage.steer("/referrals", &link).await.status, StatusCode::CREATED);
    stage.writes(&customer, "hi");
    stage.steer("/colleague", &json!({"customer": customer, "text": "I am here", "source": "WEB"})).await;
    stage.steer("/reads", &json!({"customer": customer})).await;
    stage.settle().await;
    assert_eq!(stage.events(), ["im_referral_msg", "im_receive_msg", "im_send_msg", "im_mark_read_msg"]);
    let got = stage.got();
    assert_eq!(got[0].content()["referral"]["short_link"]["ref"], "spring-1");
    assert_eq!(got[2].content()["message_tag"]["source"], "WEB");
    let sent_at = got[2].content()["timestamp"].as_i64().unwrap();
    assert!(got[3].content()["read"]["last_read_timestamp"].as_i64().unwrap() >= sent_at);
    let view = stage.sim.conversation("v1").unwrap();
    assert!(view.messages[1].read);
    assert_eq!(view.line.replies_left, Some(9), "a colleague's message counts");
}

#[tokio::test]
async fn a_person_in_the_eu_is_only_a_poke() {
    let stage = Stage::new().await;
    let eu = stage.sim.add_customer(NewCustomer { country: Some("DE".into()), ..NewCustomer::default() }).unwrap();
    let said = stage.writes(&eu.handle, "hallo");
    stage.sim.read(super::super::Read { customer: eu.handle, ..Default::default() }).unwrap();
    stage.send(&said.conversation_id, "hello").await.message_id();
    stage.settle().await;
    assert_eq!(stage.events(), ["im_receive_msg_eu"]);
    let content = stage.got()[0].content();
    assert_eq!(content.as_object().unwrap().keys().collect::<Vec<_>>(), ["timestamp", "to", "to_user"]);
}

/// What the poke does not say stands in the lists, and nowhere else.
#[tokio::test]
async fn the_lists_say_what_a_poke_does_not() {
    let stage = Stage::new().await;
    let person = |eu| NewCustomer { eu: Some(eu), ..NewCustomer::default() };
    let eu = stage.sim.add_customer(person(true)).unwrap();
    let other = stage.sim.add_customer(NewCustomer { country: Some("DE".into()), ..person(false) }).unwrap();
    stage.writes(&other.handle, "hi");
    stage.breathe();
    let said = stage.writes(&eu.handle, "hallo");
    stage.settle().await;
    assert_eq!(stage.events(), ["im_receive_msg", "im_receive_msg_eu"], "the switch goes before the country");

    let strangers = stage.listed("STRANGER").await;
    assert_eq!(strangers.len(), 2);
    assert_eq!(strangers[0], (said.conversation_id.clone(), said.message.at.0), "the newest first");
    let heard = stage.contents(&said.conversation_id).await;
    assert_eq!(heard.len(), 1);
    assert_eq!((&heard[0]["message_id"], &heard[0]["text"]["body"]), (&json!(said.message.id), &json!("hallo")));
    assert_eq!((&heard[0]["from_user"]["id"], &heard[0]["timestamp"]), (&json!(eu.id), &json!(said.message.at)));

    let sent = stage.send(&said.conversation_id, "Guten Tag!").await.message_id();
    stage.settle().await;
    assert_eq!(stage.events().len(), 2, "no echo");
    assert_eq!(stage.listed("STRANGER").await.len(), 1);
    let single = stage.listed("SINGLE").await;
    let heard = stage.contents(&said.conversation_id).await;
    assert_eq!(heard[0]["message_id"], json!(sent));
    assert_eq!(single, [(said.conversation_id.clone(), heard[0]["timestamp"].as_i64().unwrap())], "our own reply is news too");
}

/// Who asks late finds the newest twenty, and nothing that tells how many there were before them.
#[tokio::test]
async fn more_than_a_page_between_two_looks_leaves_a_gap_in_the_list() {
    let stage = Stage::new().await;
    let eu = stage.sim.add_customer(NewCustomer { eu: Some(true), ..NewCustomer::default() }).unwrap();
    let mut id = String::new();
    for n in 1..=25 {
        id = stage.writes(&eu.handle, &n.to_string()).conversation_id;
    }
    for _ in 0..25 {
        stage.settle().await;
    }
    assert_eq!(stage.events(), ["im_receive_msg_eu"; 25]);
    let heard = stage.contents(&id).await;
    let texts: Vec<_> = heard.iter().map(|row| row["text"]["body"].as_str().unwrap()).collect();
    let newest: Vec<String> = (6..=25).rev().map(|n: i32| n.to_string()).collect();
    assert_eq!(texts, newest);
    let times: Vec<_> = heard.iter().map(|row| row["timestamp"].as_i64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] > pair[1]), "{times:?}");

    stage.clock.advance(90 * 24 * HOUR - 60_000);
    assert_eq!(stage.listed("STRANGER").await, [(id, times[0])], "ninety days are listed");
    stage.clock.advance(HOUR);
    assert!(stage.listed("STRANGER").await.is_empty());
}

#[tokio::test]
async fn ids_have_what_breaks_clients() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    let said = stage.writes(&customer, "hi");
    let person = &stage.sim.customers()[0].id;
    assert!(stage.business.starts_with('-'));
    assert_eq!(person.len(), 64);
    for mark in ['+', '/'] {
        assert!(person.contains(mark) && said.conversation_id.contains(mark) && said.message.id.contains(mark));
    }
    assert!(said.conversation_id.ends_with("==") && said.conversation_id.len() == 28);
    let list = |id: &str| format!("/business/message/content/list/?business_id={}&conversation_id={id}", stage.business);
    let wrong = stage.get(&list(&said.conversation_id)).await;
    assert_eq!(wrong.code(), 40002, "a plus sign that was not escaped is a blank");
    let escaped = said.conversation_id.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    assert_eq!(stage.get(&list(&escaped)).await.data()["messages"][0]["text"]["body"], "hi");
}

#[tokio::test]
async fn the_welcome_message_greets_whoever_writes_first() {
    let stage = Stage::new().await;
    let kind = json!({"business_id": stage.business, "auto_message_type": "WELCOME_MESSAGE"});
    let mut create = kind.clone();
    create["welcome_message"] = json!({"content": "Welcome!"});
    stage.post("/business/message/auto_message/create/", &create).await.data();
    let mut on = kind;
    on["operation_status"] = json!("ENABLE");
    stage.post("/business/message/auto_message/status/update/", &on).await.data();
    let customer = stage.customer();
    stage.writes(&customer, "hi");
    stage.writes(&customer, "hi?");
    stage.settle().await;
    assert_eq!(stage.events(), ["im_receive_msg", "im_send_msg", "im_receive_msg"]);
    let echo = stage.got()[1].content();
    assert_eq!(echo["auto_message_type"], "WELCOME_MESSAGE");
    assert_eq!(echo["message_tag"]["source"], "OTHERS");
}
