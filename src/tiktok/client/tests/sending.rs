//! What one send comes to, whatever the other side does; and that it is one request.

use super::other_side::status;
use super::*;
use crate::channel::{Button, CardKind, Image};

async fn outcome(reaction: Reaction) -> Outcome {
    let side = OtherSide::new(vec![reaction]).await;
    let mut call = text();
    call.timeout = Duration::from_millis(1_500);
    let outcome = client_at(&side.api(), 0).send(permit(), call).await;
    assert_eq!((side.count(), side.connections()), (1, 1), "exactly one request: {outcome:?}");
    outcome
}

fn unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { text } if !text.is_empty() && text.len() <= 200)
}

#[tokio::test]
async fn every_form_of_a_message_is_written_as_documented() {
    let card = |card| Content::Card {
        card,
        title: "What can we do for you?".into(),
        buttons: vec![
            Button { id: "hours".into(), title: "Opening hours".into() },
            Button { id: "prices".into(), title: "Prices".into() },
        ],
    };
    let mut quoted = text();
    quoted.outgoing.quote = Some("m+text/02==".into());
    let mut image = of(Content::Image(Image { file: "menu.png".into(), digest: "d".into() }));
    image.media_id = Some("media-0100".into());
    for (call, name) in [
        (text(), "request_send_text"),
        (quoted, "request_send_quoted"),
        (image, "request_send_image"),
        (of(Content::Post { item_id: "7300000000000000003".into() }), "request_send_share_post"),
        (of(card(CardKind::Button)), "request_send_button_card"),
        (of(card(CardKind::Link)), "request_send_link_card"),
    ] {
        let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_send")))]).await;
        let outcome = client_at(&side.api(), 0).send(permit(), call).await;
        assert_eq!(outcome, Outcome::Sent { message_id: "m+out/005==".into() }, "{name}");
        let seen = side.the_request();
        assert_eq!(seen.json(), serde_json::from_slice::<serde_json::Value>(&fixture(name)).unwrap(), "{name}");
        assert_eq!(seen.line, "POST /open_api/v1.3/business/message/send/ HTTP/1.1");
        assert_eq!(seen.header("access-token"), Some(TOKEN));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("transfer-encoding"), None);
    }
}

#[tokio::test]
async fn a_comment_is_answered_without_naming_a_conversation() {
    let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_send")))]).await;
    let mut call = of(Content::Text { body: "Yes, until ten.".into() });
    call.outgoing.comment = Some("7400000000000000009".into());
    assert!(matches!(client_at(&side.api(), 0).send(permit(), call).await, Outcome::Sent { .. }));
    assert_eq!(side.the_request().json(), serde_json::from_slice::<serde_json::Value>(&fixture("request_direct_reply")).unwrap());
}

#[tokio::test]
async fn a_code_decides_what_it_decides() {
    assert!(matches!(
        outcome(Reaction::Answer(answer(&fixture("error_40064")))).await,
        Outcome::Refused { code: 40_064, scope: RefusalScope::UntilCustomerWrites, .. }
    ));
    assert!(matches!(
        outcome(Reaction::Answer(answer(&fixture("error_40002")))).await,
        Outcome::Refused { code: 40_002, scope: RefusalScope::Reply, .. }
    ));
    assert_eq!(
        outcome(Reaction::Answer(answer(&fixture("error_40105")))).await,
        Outcome::NotSent(NotSent::Token { code: 40_105 })
    );
    assert_eq!(
        outcome(Reaction::Answer(answer(br#"{"code":40100,"message":"App reaches the QPS limit."}"#))).await,
        Outcome::NotSent(NotSent::TooFast { pause_ms: 1_100 })
    );
    assert!(unknown(&outcome(Reaction::Answer(answer(br#"{"code":51065,"message":"system error"}"#))).await));
    assert!(unknown(&outcome(Reaction::Answer(answer(br#"{"code":40050,"message":"twice"}"#))).await));
}

#[tokio::test]
async fn whatever_is_not_surely_sent_or_surely_not_is_unknown() {
    let half = answer(&fixture("answer_send"));
    let padded = format!(r#"{{"code":0,"pad":"{}","data":{{"message":{{"message_id":"m"}}}}}}"#, "x".repeat(1_500_000));
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{padded}\r\n0\r\n\r\n", padded.len());
    let cases = [
        ("502", Reaction::Answer(status("502 Bad Gateway", b"<html>"))),
        ("503 with an answer in it", Reaction::Answer(status("503 Service Unavailable", &fixture("answer_send")))),
        ("a code in a 401", Reaction::Answer(status("401 Unauthorized", &fixture("error_40105")))),
        (
            "a redirect",
            Reaction::Answer(
                b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /open_api/v1.3/elsewhere/\r\nContent-Length: 0\r\n\r\n".to_vec(),
            ),
        ),
        ("half of the answer", Reaction::AnswerAndClose(half[..half.len() - 20].to_vec())),
        ("half of the JSON", Reaction::Answer(answer(&fixture("answer_send")[..60]))),
        ("no JSON", Reaction::Answer(answer(b"OK"))),
        ("no HTTP", Reaction::AnswerAndClose(b"hello\r\n\r\n".to_vec())),
        ("no id", Reaction::Answer(answer(&fixture("answer_sender_action")))),
        ("no data", Reaction::Answer(answer(br#"{"code":0,"message":"OK"}"#))),
        (
            "an endless id",
            Reaction::Answer(answer(
                format!(r#"{{"code":0,"data":{{"message":{{"message_id":"{}"}}}}}}"#, "m".repeat(600)).as_bytes(),
            )),
        ),
        ("a code in quotes", Reaction::Answer(answer(br#"{"code":"0","data":{"message":{"message_id":"m"}}}"#))),
        ("deep nesting", Reaction::Answer(answer(&vec![b'['; 400_000]))),
        ("1.5 MB", Reaction::Answer(answer(padded.as_bytes()))),
        ("1.5 MB without a length", Reaction::Answer(chunked.into_bytes())),
        ("the connection ends after the request", Reaction::ReadAndClose),
        ("no answer in time", Reaction::Hang),
    ];
    for (name, reaction) in cases {
        let outcome = outcome(reaction).await;
        assert!(unknown(&outcome), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_early_is_not_tried_again() {
    for reaction in [Reaction::HeadAndClose, Reaction::CloseUnread] {
        let side = OtherSide::new(vec![reaction, Reaction::Answer(answer(&fixture("answer_send")))]).await;
        let outcome = client_at(&side.api(), 0).send(permit(), text()).await;
        assert!(matches!(outcome, Outcome::Unknown { .. } | Outcome::NotSent(NotSent::NoConnection { .. })), "{outcome:?}");
        assert_eq!((side.count(), side.connections()), (0, 1));
    }
}

#[tokio::test]
async fn a_pooled_connection_that_was_closed_makes_no_second_request() {
    let sent = || Reaction::AnswerAndClose(answer(&fixture("answer_send")));
    let side = OtherSide::new(vec![sent(), sent(), sent()]).await;
    let client = client_at(&side.api(), 0);
    for number in 1..=3 {
        let outcome = client.send(permit(), text()).await;
        // hyper may find out only while writing: then nobody knows, and nothing is sent again either.
        assert!(matches!(outcome, Outcome::Sent { .. } | Outcome::Unknown { .. }), "{outcome:?}");
        assert!(side.count() <= number, "send {number} made more than one request");
    }
}

#[tokio::test]
async fn a_pooled_connection_that_ends_after_the_request_is_unknown() {
    let good = || Reaction::Answer(answer(&fixture("answer_send")));
    let side = OtherSide::new(vec![good(), Reaction::ReadAndClose, good()]).await;
    let client = client_at(&side.api(), 0);
    assert!(matches!(client.send(permit(), text()).await, Outcome::Sent { .. }));
    assert!(unknown(&client.send(permit(), text()).await));
    assert_eq!((side.count(), side.connections()), (2, 1), "the second went over the pooled connection, once");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for api in [format!("http://127.0.0.1:{port}/v"), "http://no-such-host.invalid/v".into()] {
        let outcome = client_at(&api, 0).send(permit(), text()).await;
        assert!(matches!(&outcome, Outcome::NotSent(NotSent::NoConnection { text }) if !text.is_empty()), "{outcome:?}");
    }
    let side = OtherSide::new(vec![]).await;
    let https = side.api().replace("http:", "https:");
    let mut call = text();
    call.timeout = Duration::from_secs(2);
    let outcome = client_at(&https, 0).send(permit(), call).await;
    assert!(matches!(outcome, Outcome::NotSent(NotSent::NoConnection { .. })), "TLS failed: {outcome:?}");
    assert_eq!(side.count(), 0);
}

#[tokio::test]
async fn nothing_leaves_after_its_time() {
    let side = OtherSide::new(vec![Reaction::Answer(answer(&fixture("answer_send")))]).await;
    let mut late = text();
    late.not_after = AT.plus_ms(-1);
    let client = client_at(&side.api(), 0);
    assert_eq!(client.send(permit(), late).await, Outcome::NotSent(NotSent::Expired));
    assert_eq!(side.connections(), 0);
    // In time at the first look, too late when the connection stands.
    let outcome = client_at(&side.api(), 1_500).send(permit(), text()).await;
    assert_eq!(outcome, Outcome::NotSent(NotSent::Expired));
    assert_eq!(side.count(), 0, "the request was never complete");
}

#[tokio::test]
async fn what_cannot_be_said_makes_no_request() {
    let side = OtherSide::new(vec![]).await;
    let client = client_at(&side.api(), 0);
    let image = of(Content::Image(Image { file: "menu.png".into(), digest: "d".into() }));
    assert_eq!(client.send(permit(), image).await, Outcome::NotSent(NotSent::MediaGone));
    let mut stranger = text();
    stranger.target.open_id = "no token".into();
    assert_eq!(client.send(permit(), stranger).await, Outcome::NotSent(NotSent::Token { code: 40_104 }));
    let mut app = text();
    app.target.app = "no such app".into();
    assert!(matches!(client.send(permit(), app).await, Outcome::Refused { scope: RefusalScope::Account, .. }));
    let mut bytes = text();
    bytes.target.external = vec![0xff];
    assert!(matches!(client.send(permit(), bytes).await, Outcome::Refused { scope: RefusalScope::Reply, .. }));
    assert_eq!(side.connections(), 0);
}
