//! Events on their way out: what is signed, where they may go.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::host::{Act, Host, PRIVATE, PUBLIC, Turns, answer, is_public, redirect};
use crate::calendar::Moment;
use crate::fetch::herald::{Messenger, SigningKey, Target};
use crate::fetch::{Door, Options};
use crate::runtime::port::{EventCall, EventEnd, Herald as _};

/// The example of the scheme's own libraries.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn key(secret: &str) -> SigningKey {
    SigningKey::read(&SecretString::from(secret)).unwrap()
}

fn call() -> EventCall {
    EventCall {
        endpoint: Arc::from("shop"),
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
        now: Moment(1_614_265_330_999),
        body: br#"{"test": 2432232314}"#.to_vec(),
        timeout: Duration::from_millis(1_500),
    }
}

fn messenger(address: &'static str, options: &Options, url: &str, keys: &[&str]) -> Messenger {
    let door = Door::with(options, Arc::new(Turns::new(vec![vec![address]])), is_public).unwrap();
    let keys = keys.iter().map(|secret| key(secret)).collect();
    Messenger::through(door, vec![Target { name: Arc::from("shop"), url: url.parse().unwrap(), keys }]).unwrap()
}

async fn told(host: &Host) -> EventEnd {
    messenger(PUBLIC, &Options::default(), &host.url("/events?shop=1"), &[SECRET]).tell(call()).await
}

#[test]
fn the_signature_is_that_of_the_schemes_own_example() {
    let call = call();
    let signature = key(SECRET).sign(&call.id, 1_614_265_330, &call.body);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    for (id, seconds, body) in
        [("msg_q", 1_614_265_330, &call.body[..]), (&call.id, 1_614_265_331, &call.body), (&call.id, 1_614_265_330, b"{}")]
    {
        assert_ne!(key(SECRET).sign(id, seconds, body), signature);
    }
    assert_ne!(key(OTHER).sign(&call.id, 1_614_265_330, &call.body), signature);
}

#[test]
fn a_secret_is_read_as_it_is_written_and_nothing_else_is_one() {
    let written = SigningKey::write([7; 32]);
    assert_eq!(key(&written).sign("a", 1, b"b"), key(written.trim_end_matches('=')).sign("a", 1, b"b"));
    let short = "whsec_c2hvcnQ=";
    for wrong in
        ["", "whsec_", "hunter2", short, "whsec_!!!!", &SECRET.replace("whsec_", ""), &format!("whsec_{}", "A".repeat(400))]
    {
        let error = SigningKey::read(&SecretString::from(wrong)).unwrap_err();
        assert!(error.to_string().contains("rejoinder webhooks secret"), "{error}");
    }
    assert!(!format!("{:?}", key(SECRET)).contains("MfKQ"));
}

#[tokio::test]
async fn an_event_leaves_signed_with_every_secret_that_stands() {
    let host = Host::new([answer("204 No Content", "", "")]).await;
    let messenger = messenger(PUBLIC, &Options::default(), &host.url("/events?shop=1"), &[OTHER, SECRET]);
    assert_eq!(messenger.tell(call()).await, EventEnd::Answered { status: 204, retry_after: None });
    let seen = &host.seen()[0];
    assert!(seen.starts_with("POST /events?shop=1 HTTP/1.1\r\n") && seen.ends_with("\r\n\r\n{\"test\": 2432232314}"), "{seen}");
    let (one, two) = (key(OTHER), key(SECRET));
    let sign = |key: &SigningKey| key.sign(&call().id, 1_614_265_330, &call().body);
    for header in [
        "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n".to_owned(),
        "webhook-timestamp: 1614265330\r\n".to_owned(),
        format!("webhook-signature: {} {}\r\n", sign(&one), sign(&two)),
        "content-type: application/json\r\n".to_owned(),
    ] {
        assert!(seen.contains(&header), "{header} in {seen}");
    }
}

#[tokio::test]
async fn no_answer_is_waited_for_longer_than_its_head_and_none_is_followed() {
    let host = Host::new([redirect(307, "/elsewhere")]).await;
    assert_eq!(told(&host).await, EventEnd::Answered { status: 307, retry_after: None });
    assert_eq!(host.seen().len(), 1);
    let later = answer("503 Busy", "retry-after: 99999999\r\n", "");
    let host = Host::new([later]).await;
    assert_eq!(told(&host).await, EventEnd::Answered { status: 503, retry_after: Some(Duration::from_secs(3_600)) });
    // A body without an end is not read.
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let host = Host::new([Act::Endless(head, vec![b'x'; 4_096])]).await;
    assert_eq!(told(&host).await, EventEnd::Answered { status: 200, retry_after: None });
    let host = Host::new([Act::Hang(Vec::new())]).await;
    assert_eq!(told(&host).await, EventEnd::TimedOut);
    let host = Host::new([Act::Slam]).await;
    assert!(matches!(told(&host).await, EventEnd::Failed { .. }));
}

#[tokio::test]
async fn no_private_address_is_told_anything_unless_the_settings_open_it() {
    let host = Host::new([answer("200 OK", "", "")]).await;
    let private = messenger(PRIVATE, &Options::default(), &host.url("/"), &[SECRET]).tell(call()).await;
    let EventEnd::Failed { reason } = private else { panic!("{private:?}") };
    assert!(reason.contains("`open` in the settings"), "{reason}");
    let written = format!("http://{PRIVATE}:{}/", host.port);
    assert!(matches!(messenger(PUBLIC, &Options::default(), &written, &[SECRET]).tell(call()).await, EventEnd::Failed { .. }));
    assert!(host.seen().is_empty());
    let nobody = EventCall { endpoint: Arc::from("crm"), ..call() };
    assert!(matches!(
        messenger(PUBLIC, &Options::default(), &host.url("/"), &[SECRET]).tell(nobody).await,
        EventEnd::Failed { .. }
    ));
}

#[test]
fn an_address_is_https_or_opened() {
    let open = ["localhost".to_owned(), "[::1]".to_owned()];
    for good in ["https://shop.example/x", "http://LOCALHOST:9/", "http://[::1]:9/", "https://10.0.0.1/"] {
        assert!(Target::address(good, &open).is_ok(), "{good}");
    }
    for wrong in
        ["shop.example", "ftp://shop.example", "http://shop.example", "https://a:b@shop.example", "http://localhost.evil.example"]
    {
        assert!(Target::address(wrong, &open).is_err(), "{wrong}");
    }
}
