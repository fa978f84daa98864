use super::super::{Fault, FaultKind};
use super::*;

impl Stage {
    async fn fault(&self, fault: Value) {
        let got = self.steer("/faults", &fault).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.text);
    }

    /// A conversation in which the customer wrote; its webhook is delivered.
    async fn talk(&self) -> (String, Said) {
        let customer = self.customer();
        let said = self.writes(&customer, "hi");
        self.settle().await;
        self.inbox.got.lock().unwrap().clear();
        (customer, said)
    }

    fn stored(&self) -> usize {
        self.sim.conversation("v1").unwrap().messages.len() - 1
    }

    async fn list(&self, id: &str) -> Vec<Value> {
        let id = id.replace('+', "%2B").replace('/', "%2F");
        let path = format!("/business/message/content/list/?business_id={}&conversation_id={id}", self.business);
        self.get(&path).await.data()["messages"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn an_http_error_with_and_without_the_work_done() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    for (stored, count) in [(false, 0), (true, 1)] {
        stage.fault(json!({"kind": "http", "status": 503, "stored": stored, "endpoint": "message/send"})).await;
        let got = stage.send(&said.conversation_id, "hello").await;
        assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(stage.stored(), count);
    }
    assert_eq!(stage.sim.calls(0).last().unwrap().fault, Some(FaultKind::Http));
    assert!(stage.sim.faults().is_empty(), "both are used up");
    stage.settle().await;
    assert_eq!(stage.events(), ["im_send_msg"]);
}

#[tokio::test]
async fn without_saying_whether_a_coin_is_thrown() {
    let stage = Stage::new().await;
    let (customer, said) = stage.talk().await;
    stage.fault(json!({"kind": "http", "next": 8, "endpoint": "message/send"})).await;
    for n in 0..8 {
        stage.send(&said.conversation_id, &n.to_string()).await;
    }
    assert!((1..8).contains(&stage.stored()), "{}", stage.stored());
    stage.writes(&customer, "hi");
    assert_eq!(stage.send(&said.conversation_id, "over").await.code(), 0);
}

#[tokio::test]
async fn codes_on_request() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    stage.fault(json!({"kind": "code"})).await;
    let got = stage.send(&said.conversation_id, "a").await;
    assert_eq!((got.code(), stage.stored()), (40100, 0));
    stage.fault(json!({"kind": "code", "code": 51065, "stored": true})).await;
    assert_eq!(stage.send(&said.conversation_id, "b").await.code(), 51065);
    assert_eq!(stage.stored(), 1);
    let text = "Due to too many requests, requests from App are temporarily restricted.";
    stage.fault(json!({"kind": "code", "code": 40100, "message": text})).await;
    assert_eq!(stage.send(&said.conversation_id, "c").await.json()["message"], text);
}

#[tokio::test]
async fn half_an_answer_and_a_broken_connection() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    stage.fault(json!({"kind": "half_json", "stored": true})).await;
    let half = stage.send(&said.conversation_id, "a").await;
    assert_eq!(half.status, StatusCode::OK);
    assert!(half.text.starts_with('{') && serde_json::from_str::<Value>(&half.text).is_err());
    stage.fault(json!({"kind": "reset", "stored": true})).await;
    assert_eq!(stage.send(&said.conversation_id, "b").await.text, "");
    assert_eq!(stage.stored(), 2);
    assert_eq!(stage.sim.calls(0).last().unwrap().status, None);
}

#[tokio::test]
async fn slow_and_silent_answers_take_the_clocks_time() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    for (kind, ms) in [("slow", 2_000), ("timeout", 60_000)] {
        stage.fault(json!({"kind": kind, "stored": true})).await;
        let send = stage.send(&said.conversation_id, kind);
        tokio::pin!(send);
        tokio::select! {
            biased;
            _ = &mut send => panic!("{kind} answered at once"),
            () = stage.settle() => {}
        }
        stage.clock.advance(ms);
        let got = send.await;
        assert_eq!(got.text.is_empty(), kind == "timeout");
    }
    assert_eq!(stage.stored(), 2);
}

#[tokio::test]
async fn the_echo_can_come_before_the_answer() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    stage.fault(json!({"kind": "echo_before"})).await;
    let id = stage.send(&said.conversation_id, "a").await.message_id();
    assert_eq!(stage.got()[0].content()["message_id"], json!(id), "it is there although nobody let the courier run");
    stage.answers(&[Err("refused")]);
    stage.fault(json!({"kind": "echo_before"})).await;
    stage.send(&said.conversation_id, "b").await.message_id();
    assert_eq!(stage.got().len(), 2, "one try is enough, whatever its end");
}

#[tokio::test]
async fn echoes_by_default_come_before_the_answer_where_so_set() {
    let stage = Stage::with(|options| options.echo = Echo::Before).await;
    let (_, said) = stage.talk().await;
    stage.send(&said.conversation_id, "a").await.message_id();
    assert_eq!(stage.events(), ["im_send_msg"]);
}

#[tokio::test]
async fn echoes_late_never_twice_without_source_and_with_another_id() {
    let stage = Stage::new().await;
    let (customer, said) = stage.talk().await;
    stage.fault(json!({"kind": "echo_late", "ms": 7_200_000})).await;
    stage.fault(json!({"kind": "echo_never"})).await;
    stage.fault(json!({"kind": "echo_twice"})).await;
    stage.fault(json!({"kind": "echo_no_source"})).await;
    stage.fault(json!({"kind": "echo_wrong_id"})).await;
    let mut ids = Vec::new();
    for text in ["late", "never", "twice", "no source", "other id"] {
        ids.push(stage.send(&said.conversation_id, text).await.message_id());
        stage.settle().await;
    }
    let texts = |stage: &Stage| -> Vec<String> {
        stage.got().iter().map(|got| got.content()["text"]["body"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&stage), ["twice", "twice", "no source", "other id"]);
    let got = stage.got();
    assert_eq!(got[0].content()["message_id"], got[1].content()["message_id"]);
    assert_eq!(got[2].content().get("message_tag"), None);
    assert_ne!(got[3].content()["message_id"], json!(ids[4]));
    stage.clock.advance(7_200_000);
    stage.settle().await;
    assert_eq!(texts(&stage).last().unwrap(), "late");
    stage.writes(&customer, "bye");
}

#[tokio::test]
async fn deliveries_doubled_delayed_and_reordered() {
    let stage = Stage::new().await;
    let (customer, _) = stage.talk().await;
    let texts = |stage: &Stage| -> Vec<String> {
        std::mem::take(&mut *stage.inbox.got.lock().unwrap())
            .iter()
            .map(|got| got.content()["text"]["body"].as_str().unwrap().to_owned())
            .collect()
    };
    stage.fault(json!({"kind": "duplicate", "event": "im_receive_msg"})).await;
    stage.writes(&customer, "twice");
    stage.settle().await;
    assert_eq!(texts(&stage), ["twice", "twice"]);

    stage.fault(json!({"kind": "delay", "ms": 60_000})).await;
    stage.writes(&customer, "first");
    stage.writes(&customer, "second");
    stage.settle().await;
    assert_eq!(texts(&stage), ["second"]);
    stage.clock.advance(60_000);
    stage.settle().await;
    assert_eq!(texts(&stage), ["first"]);

    stage.fault(json!({"kind": "reorder"})).await;
    stage.writes(&customer, "a");
    stage.settle().await;
    stage.writes(&customer, "b");
    stage.settle().await;
    assert_eq!(texts(&stage), ["b", "a"]);
    stage.fault(json!({"kind": "reorder"})).await;
    stage.writes(&customer, "alone");
    stage.settle().await;
    assert!(texts(&stage).is_empty());
    stage.clock.advance(5_000);
    stage.settle().await;
    assert_eq!(texts(&stage), ["alone"]);
}

#[tokio::test]
async fn deliveries_lost_stale_and_wrongly_signed() {
    let stage = Stage::new().await;
    let (customer, _) = stage.talk().await;
    for kind in [FaultKind::Lose, FaultKind::Stale, FaultKind::BadSignature] {
        stage.sim.fault(Fault::of(kind)).unwrap();
    }
    for text in ["lost", "stale", "wrong", "right"] {
        stage.writes(&customer, text);
    }
    stage.settle().await;
    let got = stage.got();
    assert_eq!(got.len(), 3);
    let now = stage.sim.time().0 / 1000;
    let signed = |got: &Received, secret: &str| got.signature == super::super::sign::header(secret, got.signed_at(), &got.raw);
    assert!(got[0].signed_at() == now - 3_600 && signed(&got[0], "simulated-secret"), "old but rightly signed");
    assert!(!signed(&got[1], "simulated-secret"));
    assert!(got[2].signed_at() == now && signed(&got[2], "simulated-secret"));
}

#[tokio::test]
async fn lists_lag_and_turn_round() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    stage.clock.advance(60_000);
    stage.send(&said.conversation_id, "new").await;
    stage.fault(json!({"kind": "list_lag", "ms": 30_000})).await;
    assert_eq!(stage.list(&said.conversation_id).await.len(), 1);
    stage.fault(json!({"kind": "list_reversed"})).await;
    let rows = stage.list(&said.conversation_id).await;
    assert_eq!((rows.len(), &rows[0]["text"]["body"]), (2, &json!("hi")));
}

#[tokio::test]
async fn tokens_expire_on_request() {
    let stage = Stage::new().await;
    let (_, said) = stage.talk().await;
    stage.fault(json!({"kind": "expired_token"})).await;
    assert_eq!(stage.send(&said.conversation_id, "a").await.code(), 40102);
}

#[tokio::test]
async fn a_lost_answer_to_a_renewal_leaves_the_old_token_dead() {
    let stage = Stage::new().await;
    let refresh = stage.sim.accounts()[0].refresh_token.clone();
    let renew = json!({
        "client_id": "7364323437050855441", "client_secret": "simulated-secret",
        "grant_type": "refresh_token", "refresh_token": refresh,
    });
    for (stored, code) in [(false, 0), (true, 40107)] {
        stage.fault(json!({"kind": "http", "stored": stored, "endpoint": "refresh_token"})).await;
        assert_eq!(stage.post("/tt_user/oauth2/refresh_token/", &renew).await.status, StatusCode::BAD_GATEWAY);
        if stored {
            assert_eq!(stage.post("/tt_user/oauth2/refresh_token/", &renew).await.code(), code);
        } else {
            assert_eq!(stage.sim.accounts()[0].refresh_token, refresh);
        }
    }
}
