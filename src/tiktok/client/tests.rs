mod automatic;
mod other_side;
mod renewing;
mod sending;

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;

use self::other_side::{OtherSide, Reaction, answer};
use super::*;
use crate::calendar::Moment;
use crate::channel::{Content, Outgoing};
use crate::engine::Courtesy;
use crate::runtime::port::{SendCall, Target, Transport as _};
use crate::tiktok::fixtures::{ACCOUNT, AT, CONVERSATION, fixture};
use crate::tiktok::token::Token;

const APP: &str = "7412900011223344556";
const TOKEN: &str = "act.hiddenAccess!1.va";
const REFRESH: &str = "rft.hiddenRefresh!1.va";
const SECRET: &str = "hidden-app-secret";

/// A clock that goes `step_ms` further each time it is asked.
#[derive(Default)]
struct TestClock {
    now: AtomicI64,
    step_ms: i64,
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.now.fetch_add(self.step_ms, Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now.load(Ordering::SeqCst) - AT.0).unwrap())
    }

    async fn sleep_until(&self, _: Moment) {}
}

fn client_at(api: &str, step_ms: i64) -> Client {
    let tokens = Tokens::in_memory();
    tokens.put(APP, ACCOUNT, 1, token(600));
    client_with(api, step_ms, tokens)
}

fn client_with(api: &str, step_ms: i64, tokens: Tokens) -> Client {
    let access = AppAccess { id: APP.into(), secret: SECRET.to_owned().into(), api: api.into() };
    let clock = TestClock { now: AtomicI64::new(AT.0), step_ms };
    Client::new(vec![access], Arc::new(tokens), Arc::new(clock)).unwrap()
}

fn token(minutes: i64) -> Token {
    Token {
        access: TOKEN.to_owned().into(),
        refresh: Some(REFRESH.to_owned().into()),
        access_until: Some(AT.plus_ms(minutes * 60_000)),
        refresh_until: None,
    }
}

fn target() -> Target {
    Target { app: APP.into(), open_id: ACCOUNT.into(), external: CONVERSATION.into() }
}

fn text() -> SendCall {
    of(Content::Text { body: "Yes, until ten.".into() })
}

fn of(content: Content) -> SendCall {
    SendCall {
        target: target(),
        outgoing: Outgoing { content, quote: None, comment: None },
        media_id: None,
        not_after: AT.plus_ms(2_000),
        timeout: Duration::from_secs(5),
    }
}

fn permit() -> Permit {
    Permit::for_test(1)
}

#[test]
fn every_path_ends_in_a_slash() {
    assert!(path::ALL.iter().all(|path| path.starts_with('/') && path.ends_with('/') && !path.contains("//")));
}

#[test]
fn nothing_beneath_a_call_can_repeat_it() {
    let options = include_str!("http.rs");
    for option in [".http1_only()", ".retry(reqwest::retry::never())", "redirect::Policy::none()", ".pool_idle_timeout("] {
        assert_eq!(options.matches(option).count(), 1, "{option}");
    }
    let sources = [
        include_str!("mod.rs"),
        include_str!("accounts.rs"),
        include_str!("automatic.rs"),
        include_str!("body.rs"),
        include_str!("listing.rs"),
        include_str!("skew.rs"),
        include_str!("transport.rs"),
        include_str!("../token.rs"),
    ];
    for source in sources {
        for way in ["Client::builder", "ClientBuilder", "reqwest::Client::new", "reqwest::get", "tower", "RequestBuilder"] {
            assert!(!source.contains(way), "`{way}` belongs into http.rs alone");
        }
    }
    assert_eq!(options.matches("Client::builder").count(), 1);
    assert!(!options.contains("tower") && !options.contains("http2"));
}

#[test]
fn an_address_is_looked_at_before_a_token_goes_there() {
    let made = |api: &str| {
        let access = AppAccess { id: APP.into(), secret: SECRET.to_owned().into(), api: api.into() };
        Client::new(vec![access], Arc::default(), Arc::new(TestClock::default())).map(|client| client.apps[APP].api.clone())
    };
    assert_eq!(made("http://127.0.0.1:9/open_api/v1.3/").unwrap(), "http://127.0.0.1:9/open_api/v1.3");
    assert!(made(PRODUCTION).is_ok());
    for bad in ["", "business-api.tiktok.com", "ftp://host/", "https://user:pass@host/", "https://host/?a=1", "https://host/#a"] {
        assert!(matches!(made(bad), Err(ClientError::Address { .. })), "{bad}");
        assert!(!made(bad).unwrap_err().to_string().contains("pass"), "{bad}");
    }
}

#[tokio::test]
async fn a_list_is_asked_for_with_its_ids_encoded() {
    let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_content_list")))]).await;
    let listing = client_at(&side.api(), 0).list(permit(), target()).await.unwrap();
    assert_eq!((listing.messages.len(), listing.full), (2, false));
    let seen = side.the_request();
    assert_eq!(
        seen.line,
        format!(
            "GET /open_api/v1.3/business/message/content/list/?business_id={ACCOUNT}&conversation_id={} HTTP/1.1",
            "c0nv%2BExample%2F0001exampleA%3D%3D"
        )
    );
    assert_eq!(seen.header("access-token"), Some(TOKEN));
}

#[tokio::test]
async fn the_capability_is_true_only_when_it_is_said() {
    for (body, allowed) in [
        (fixture("answer_capabilities"), true),
        (
            br#"{"code":0,"data":{"capability_infos":[{"capability_type":"IMAGE_SEND","capability_result":false}]}}"#.to_vec(),
            false,
        ),
        (br#"{"code":0,"data":{"capability_infos":[{"capability_type":"OTHER","capability_result":true}]}}"#.to_vec(), false),
        (br#"{"code":0,"data":{}}"#.to_vec(), false),
    ] {
        let side = OtherSide::new(vec![Reaction::Answer(answer(&body))]).await;
        assert_eq!(client_at(&side.api(), 0).images_allowed(permit(), target()).await, Ok(allowed));
        assert!(side.the_request().line.contains("&capability_types=%5B%22IMAGE_SEND%22%5D "));
    }
}

#[tokio::test]
async fn an_image_is_uploaded_as_a_form() {
    let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_upload")))]).await;
    let client = client_at(&side.api(), 0);
    let asset = |bytes: Vec<u8>| {
        Arc::new(crate::bot::Asset { file: "a/menu.png".into(), digest: "d".into(), media_type: "image/png", bytes })
    };
    assert_eq!(client.upload(permit(), target(), asset(vec![137; 70])).await.as_deref(), Ok("media-0100"));
    let seen = side.the_request();
    assert!(seen.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    let form = String::from_utf8_lossy(&seen.body).into_owned();
    for part in ["name=\"business_id\"", ACCOUNT, "name=\"media_type\"\r\n\r\nIMAGE", "name=\"file\"; filename=\"image.png\""] {
        assert!(form.contains(part), "{part} in {form}");
    }
    let refused = client.upload(permit(), target(), asset(vec![0; 3_000_001])).await.unwrap_err();
    assert!(matches!(refused.outcome, Outcome::Refused { scope: RefusalScope::Reply, .. }));
    assert_eq!(side.count(), 1, "too large a file is not sent at all");
}

#[tokio::test]
async fn sender_actions_answer_without_an_id() {
    for (what, name) in [(Courtesy::Typing, "request_typing"), (Courtesy::Seen, "request_mark_read")] {
        let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_sender_action")))]).await;
        client_at(&side.api(), 0).courtesy(permit(), target(), what).await.unwrap();
        assert_eq!(side.the_request().json(), serde_json::from_slice::<serde_json::Value>(&fixture(name)).unwrap());
    }
}

#[tokio::test]
async fn the_webhook_is_set_looked_up_and_removed() {
    let side = OtherSide::new(vec![
        Reaction::Answer(answer(&fixture("answer_webhook"))),
        Reaction::Answer(answer(&fixture("answer_webhook_empty"))),
        Reaction::Answer(answer(&fixture("answer_webhook_empty"))),
    ])
    .await;
    let client = client_at(&side.api(), 0);
    let address = "https://bot.example.org/webhooks/tiktok";
    assert_eq!(client.set_webhook(permit(), APP, address).await.unwrap().as_deref(), Some(address));
    assert_eq!(client.webhook(permit(), APP).await.unwrap(), None);
    client.remove_webhook(permit(), APP).await.unwrap();
    let seen = side.seen();
    let body = serde_json::json!({"app_id": APP, "secret": SECRET, "event_type": "DIRECT_MESSAGE", "callback_url": address});
    assert_eq!(seen[0].json(), body);
    assert!(seen[1].line.starts_with("GET /open_api/v1.3/business/webhook/list/?app_id=7412900011223344556&secret=hidden-app-"));
    assert_eq!(seen[2].json(), serde_json::json!({"app_id": APP, "secret": SECRET, "event_type": "DIRECT_MESSAGE"}));
    assert!(seen.iter().all(|seen| seen.header("access-token").is_none()));
}

#[tokio::test]
async fn conversations_are_listed_page_by_page() {
    let side = OtherSide::new(vec![
        Reaction::Answer(answer(br#"{"code":0,"data":{"conversations":[{"conversation_id":"a"}],"has_more":true,"cursor":1}}"#)),
        Reaction::Answer(answer(&fixture("answer_conversation_list"))),
        Reaction::Answer(answer(br#"{"code":0,"data":{"has_more":true,"cursor":0}}"#)),
    ])
    .await;
    let client = client_at(&side.api(), 0);
    let page = |cursor| client.page(permit(), (APP, ACCOUNT), ConversationKind::Stranger, cursor);
    assert_eq!(page(0).await.unwrap().next, Some(1));
    let last = page(1).await.unwrap();
    assert_eq!((last.rows.len(), last.next), (3, None));
    assert!(matches!(page(0).await.unwrap_err().outcome, Outcome::Unknown { .. }), "a cursor that does not move");
    assert!(side.seen()[1].line.contains("conversation_type=STRANGER&limit=100&cursor=1 "));
}

#[tokio::test]
async fn an_account_has_a_name() {
    let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_account")))]).await;
    let account = client_at(&side.api(), 0).account(permit(), APP, ACCOUNT).await.unwrap();
    assert_eq!(account.username.as_deref(), Some("corner.shop.example"));
}

#[tokio::test]
async fn the_clocks_are_compared_by_the_date_of_answers() {
    let with_date = String::from_utf8(answer(&fixture("answer_send"))).unwrap().replacen(
        "\r\n",
        "\r\nDate: Mon, 21 Sep 2026 14:14:20 GMT\r\n",
        1,
    );
    let side = OtherSide::new(vec![Reaction::Answer(with_date.into_bytes())]).await;
    let client = client_at(&side.api(), 0);
    assert_eq!(client.skew_ms(), None);
    client.send(permit(), text()).await;
    assert_eq!(client.skew_ms(), Some(60_000 + 500 - 123), "their clock is a minute ahead of 14:13:20.123");
}

#[tokio::test]
async fn no_secret_stands_in_anything_that_can_be_shown() {
    let echoing = format!(r#"{{"code":40002,"message":"bad {TOKEN} of {SECRET} and {REFRESH}"}}"#);
    let broken = format!(r#"{{"code":0,"data":{{"access_token":["{TOKEN}"]}}}}"#);
    let tokens = Tokens::in_memory();
    tokens.put(APP, ACCOUNT, 1, token(1));
    let side = OtherSide::new(vec![
        Reaction::Answer(answer(echoing.replace(SECRET, "").replace(REFRESH, "").as_bytes())),
        Reaction::Answer(answer(echoing.as_bytes())),
        Reaction::Answer(answer(broken.as_bytes())),
        Reaction::Answer(answer(echoing.replace(TOKEN, "").replace(REFRESH, "").as_bytes())),
        Reaction::ReadAndClose,
    ])
    .await;
    let client = client_with(&side.api(), 0, tokens);
    let mut shown = format!("{:?}", client.send(permit(), text()).await);
    for _ in 0..2 {
        let failure = client.renew(permit(), APP, ACCOUNT).await.unwrap_err();
        shown.push_str(&format!("{failure} {failure:?}"));
    }
    for _ in 0..2 {
        let failure = client.webhook(permit(), APP).await.unwrap_err();
        shown.push_str(&format!("{failure} {failure:?}"));
    }
    let slot = client.tokens.slot(APP, ACCOUNT);
    shown.push_str(&format!("{client:?} {:?} {:?} {:?}", client.apps, client.tokens, slot.token()));
    assert_eq!(side.count(), 5);
    assert!(!shown.contains("hidden"), "{shown}");
}
