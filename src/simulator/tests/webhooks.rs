use hmac::{KeyInit as _, Mac as _};

use super::super::DeliveryState;
use super::*;

/// Checks a signature as a receiver does: from the header alone, over the raw bytes.
fn right(received: &Received, secret: &str) -> bool {
    let (t, s) = received.signature.split_once(',').unwrap();
    let (t, s) = (t.strip_prefix("t=").unwrap(), s.strip_prefix("s=").unwrap());
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{t}.").as_bytes());
    mac.update(&received.raw);
    let tag: Vec<u8> = (0..s.len()).step_by(2).map(|at| u8::from_str_radix(&s[at..at + 2], 16).unwrap()).collect();
    mac.verify_slice(&tag).is_ok()
}

#[tokio::test]
async fn each_try_has_its_own_signature_and_the_gaps_grow() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    stage.answers(&[Ok(500), Err("connection refused"), Ok(204), Ok(200)]);
    stage.writes(&customer, "hi");
    stage.settle().await;
    let begun = stage.sim.time();
    for gap in [1_000, 2_000, 4_000] {
        let before = stage.got().len();
        stage.clock.advance(gap - 1);
        stage.settle().await;
        assert_eq!(stage.got().len(), before, "not before the gap is over");
        stage.clock.advance(1);
        stage.settle().await;
        assert_eq!(stage.got().len(), before + 1);
    }
    let got = stage.got();
    assert!(got.iter().all(|received| right(received, "simulated-secret") && received.raw == got[0].raw));
    let since = |received: &Received| received.signed_at() - begun.0 / 1000;
    assert_eq!(got.iter().map(since).collect::<Vec<_>>(), [0, 1, 3, 7]);
    stage.clock.advance(HOUR);
    stage.settle().await;
    assert_eq!(stage.got().len(), 4, "200 ended it, 204 did not");
    let record = stage.sim.deliveries(0).remove(0);
    assert_eq!(record.state, DeliveryState::Delivered);
    assert_eq!(record.tries.iter().map(|tried| tried.status).collect::<Vec<_>>(), [Some(500), None, Some(204), Some(200)]);
}

#[tokio::test]
async fn a_delivery_is_given_up_after_72_hours_and_the_next_one_goes_on() {
    let stage = Stage::new().await;
    let customer = stage.customer();
    stage.answers(&vec![Ok(503); 200]);
    stage.writes(&customer, "first");
    for _ in 0..100 {
        stage.settle().await;
        stage.clock.advance(HOUR);
    }
    let record = stage.sim.deliveries(0).remove(0);
    assert_eq!(record.state, DeliveryState::Dropped);
    assert!(record.tries.len() > 72 && record.tries.len() < 90, "{}", record.tries.len());
    stage.inbox.answers.lock().unwrap().clear();
    stage.writes(&customer, "second");
    stage.settle().await;
    assert_eq!(stage.got().last().unwrap().content()["text"]["body"], "second");
}

#[tokio::test]
async fn a_conversation_keeps_its_order_and_holds_up_no_other() {
    let stage = Stage::new().await;
    let (slow, quick) = (stage.customer(), stage.customer());
    stage.answers(&[Ok(500)]);
    stage.writes(&slow, "1");
    stage.writes(&slow, "2");
    stage.settle().await;
    stage.writes(&quick, "3");
    stage.settle().await;
    stage.clock.advance(1_000);
    stage.settle().await;
    let texts: Vec<_> = stage.got().iter().map(|received| received.content()["text"]["body"].clone()).collect();
    assert_eq!(texts, ["1", "3", "1", "2"]);
}

#[tokio::test]
async fn without_an_address_nothing_is_delivered() {
    let stage = Stage::new().await;
    let app = json!({"app_id": "7364323437050855441", "secret": "simulated-secret", "event_type": "DIRECT_MESSAGE"});
    stage.post("/business/webhook/delete/", &app).await.data();
    let customer = stage.customer();
    stage.writes(&customer, "hi");
    stage.settle().await;
    assert!(stage.got().is_empty());
    assert_eq!(stage.sim.deliveries(0)[0].state, DeliveryState::NoAddress);
}

#[tokio::test]
async fn any_bytes_can_be_signed() {
    let stage = Stage::new().await;
    let sent = stage.steer("/raw", &json!({"body_base64": "/wAi"})).await;
    assert_eq!(sent.status, StatusCode::CREATED);
    stage.settle().await;
    let got = stage.got();
    assert_eq!(&got[0].raw[..], b"\xff\0\"");
    assert!(right(&got[0], "simulated-secret"));
}

#[tokio::test]
async fn sixteen_tries_at_most_are_on_their_way() {
    struct Slow(std::sync::atomic::AtomicUsize);
    #[async_trait]
    impl Post for Slow {
        async fn post(&self, _: &str, _: Vec<(&'static str, String)>, _: Bytes) -> Result<u16, PostError> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            std::future::pending().await
        }
    }
    let slow = Arc::new(Slow(Default::default()));
    let stage = Stage::with(|options| options.post = Arc::clone(&slow) as Arc<dyn Post>).await;
    for _ in 0..40 {
        let customer = stage.customer();
        stage.writes(&customer, "hi");
    }
    stage.settle().await;
    assert_eq!(slow.0.load(std::sync::atomic::Ordering::SeqCst), 16);
}
