//! In: hosts of this process that mean harm, names that lead astray. Out: what the client makes of them.
//! Does not know: the runtime.

mod herald;
mod host;

use std::time::Duration;

use rust_decimal::Decimal;

use self::host::{
    Act, Host, PRIVATE, PUBLIC, SECRET, answer, call, client, get, json, post, redirect, refusal, said, secret, text, with,
};
use super::Options;
use crate::bot::{Method, Value};
use crate::engine::Request;
use crate::runtime::port::{FetchEnd, Fetcher as _};

fn small() -> Options {
    Options { answer_bytes_max: 10_000, ..Options::default() }
}

// --- what leaves ---------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_call_leaves_with_its_headers_its_body_and_its_key() {
    let host = Host::new([json(r#"{"state": "sent", "sum": 2.50}"#)]).await;
    let request = with(get(host.url("/orders/a%2Fb?q=%20")), "Authorization", &[said("Bearer "), secret("SHOP_KEY")]);
    let FetchEnd::Answered { status: 200, body: Some(Value::Map(fields)), .. } = host.fetch(request).await else {
        panic!("no answer")
    };
    assert_eq!((&fields["state"], &fields["sum"]), (&text("sent"), &Value::Number(Decimal::new(25, 1))));
    let (long, number) = ("0.1234567890123456789".parse().unwrap(), Decimal::new(250, 2));
    let fields = [("long", Value::Number(long)), ("price", Value::Number(number)), ("who", text("\"Mona\"\n"))];
    host.fetch(post(host.url("/orders"), &fields)).await;
    let own = with(post(host.url("/orders"), &[]), "Idempotency-Key", &[said("mine")]);
    host.fetch(with(own, "Content-Type", &[said("application/vnd.shop+json")])).await;
    let seen = host.seen();
    assert!(seen[0].starts_with("GET /orders/a%2Fb?q=%20 HTTP/1.1\r\n"), "{}", seen[0]);
    assert!(seen[0].contains(&format!("authorization: Bearer {SECRET}\r\n")), "{}", seen[0]);
    assert!(!seen[0].contains("idempotency-key") && !seen[0].contains("referer"), "{}", seen[0]);
    assert!(seen[1].starts_with("POST /orders HTTP/1.1\r\n"), "{}", seen[1]);
    assert!(seen[1].contains("content-type: application/json\r\n") && seen[1].contains("idempotency-key: the-key\r\n"));
    assert!(seen[1].ends_with(r#"{"long":0.1234567890123456789,"price":2.5,"who":"\"Mona\"\n"}"#), "{}", seen[1]);
    assert!(seen[2].contains("idempotency-key: mine\r\n") && !seen[2].contains("the-key"), "{}", seen[2]);
    assert!(seen[2].contains("content-type: application/vnd.shop+json\r\n"), "{}", seen[2]);
}

#[tokio::test]
async fn what_may_not_leave_does_not() {
    let host = Host::new([json("{}")]).await;
    let own = || get(host.url("/"));
    let elsewhere = |url: &str| get(url.replace("PORT", &host.port.to_string()));
    for (request, why) in [
        (elsewhere("http://other.test:PORT/"), "no `fetch from` names it"),
        (elsewhere("https://shop.test/"), "no `fetch from` names it"),
        (elsewhere("http://shop.test.evil.test:PORT/"), "no `fetch from` names it"),
        (elsewhere("http://shop.test:PORT@evil.test/"), "a name and a password"),
        (elsewhere("http://mona:pass@shop.test:PORT/"), "a name and a password"),
        (elsewhere("ftp://shop.test:PORT/"), "no `fetch from` names it"),
        (elsewhere("shop.test"), "its address is none"),
        (with(own(), "Host", &[said("evil.test")]), "`Host` cannot be set"),
        (with(own(), "transfer-encoding", &[said("chunked")]), "cannot be set"),
        (with(own(), "X-Name", &[said("Mona\r\nX-Admin: yes")]), "`X-Name` cannot be written"),
        (with(own(), "X-Name\r\nX-Admin", &[said("yes")]), "cannot be written"),
        (with(own(), "X-Key", &[secret("UNSET")]), "the secret `UNSET` is not set"),
        (with(own(), "X-Key", &[secret("BROKEN")]), "`X-Key` cannot be written"),
    ] {
        let reason = refusal(host.fetch(request).await);
        assert!(reason.contains(why), "{reason} for {why}");
        assert!(!reason.contains(SECRET), "{reason}");
    }
    assert!(host.seen().is_empty());
}

#[tokio::test]
async fn a_secret_that_an_answer_repeats_is_cut_out_of_it() {
    let escaped = SECRET.replace('-', "\\u002d");
    let body = format!(r#"{{"you": ["Bearer {SECRET}"], "{escaped}": "said"}}"#);
    let host = Host::new([json(&body)]).await;
    let end = host.fetch(with(get(host.url("/")), "Authorization", &[said("Bearer "), secret("SHOP_KEY")])).await;
    let FetchEnd::Answered { body: Some(Value::Map(fields)), .. } = end else { panic!("{end:?}") };
    assert_eq!(fields["you"], Value::List(vec![text("Bearer (secret)")]));
    assert_eq!(fields["(secret)"], text("said"));
}

// --- where it goes -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_name_that_leads_into_the_house_is_refused_unless_the_settings_open_it() {
    let host = Host::new([json("{}")]).await;
    let blocked = client(Options::default(), vec![vec![PRIVATE, "10.0.0.1", "::1", "169.254.169.254"]]);
    let reason = refusal(blocked.fetch(host.call(get(host.url("/")))).await);
    assert_eq!(reason, "its host is at no public address; `open` in the settings opens it");
    assert!(host.seen().is_empty());
    let open = Options { open: vec!["Shop.test".to_owned()], ..Options::default() };
    // Nobody is at the first address.
    let opened = client(open, vec![vec![PRIVATE, PUBLIC]]);
    assert!(matches!(opened.fetch(host.call(get(host.url("/")))).await, FetchEnd::Answered { status: 200, .. }));
    let one_is_public = client(Options::default(), vec![vec![PRIVATE, PUBLIC]]);
    assert!(matches!(one_is_public.fetch(host.call(get(host.url("/")))).await, FetchEnd::Answered { status: 200, .. }));
}

#[tokio::test]
async fn an_address_that_is_written_out_is_looked_at_in_whatever_way_it_is_written() {
    let host = Host::new([json("{}")]).await;
    for written in [PRIVATE, "0x7f.0.0.2", "2130706434", "127.2", "0177.0.0.2", "[::1]", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]"]
    {
        let url = format!("http://{written}:{}/", host.port);
        let origin = reqwest::Url::parse(&url).unwrap().origin().ascii_serialization();
        let client = client(Options::default(), vec![vec![PUBLIC]]);
        let reason = refusal(client.fetch(call(get(url.clone()), vec![origin])).await);
        assert!(reason.contains("no public address"), "{written}: {reason}");
    }
    assert!(host.seen().is_empty());
    let open = Options { open: vec![PUBLIC.to_owned()], ..Options::default() };
    let url = format!("http://{PUBLIC}:{}/", host.port);
    let opened = client(open, Vec::new()).fetch(call(get(url), vec![format!("http://{PUBLIC}:{}", host.port)])).await;
    assert!(matches!(opened, FetchEnd::Answered { status: 200, .. }), "{opened:?}");
}

#[tokio::test]
async fn a_name_that_answers_otherwise_a_moment_later_is_looked_at_again_for_each_connection() {
    let host = Host::new([redirect(302, "/inside"), json("{}")]).await;
    let rebinding = client(Options::default(), vec![vec![PUBLIC], vec![PRIVATE]]);
    let reason = refusal(rebinding.fetch(host.call(get(host.url("/")))).await);
    assert!(reason.contains("no public address"), "{reason}");
    assert_eq!(host.seen().len(), 1, "the redirect went nowhere");
}

#[tokio::test]
async fn redirects_stay_on_the_origin_and_end() {
    for to in
        ["http://evil.test/", "https://shop.test/", "//evil.test/", "http://127.0.0.2/", "http://[::1]/", "ftp://shop.test/"]
    {
        let host = Host::new([redirect(302, to), json("{}")]).await;
        assert_eq!(refusal(host.fetch(get(host.url("/"))).await), "it redirects to another origin", "{to}");
        assert_eq!(host.seen().len(), 1, "{to}");
    }
    let host = Host::new([redirect(301, "http://a b c:99999/")]).await;
    assert_eq!(refusal(host.fetch(get(host.url("/"))).await), "it redirects to no address");
    let host = Host::new([redirect(307, "/again")]).await;
    assert_eq!(refusal(host.fetch(get(host.url("/"))).await), "it redirects more than 5 times");
    assert_eq!(host.seen().len(), 6);
    let host = Host::new([answer("302 Nowhere", "", "")]).await;
    assert!(matches!(host.fetch(get(host.url("/"))).await, FetchEnd::Answered { status: 302, body: None, .. }));
}

#[tokio::test]
async fn a_redirect_keeps_the_method_where_the_host_says_so_and_else_only_looks() {
    let request = |host: &Host| with(post(host.url("/orders"), &[("n", text("1"))]), "X-Shop", &[said("7")]);
    for (status, method, body) in [(307, "POST", true), (308, "POST", true), (303, "GET", false), (302, "GET", false)] {
        let host = Host::new([redirect(status, "orders/new?x=1#part"), json("{}")]).await;
        assert!(matches!(host.fetch(request(&host)).await, FetchEnd::Answered { status: 200, .. }));
        let second = &host.seen()[1];
        assert!(second.starts_with(&format!("{method} /orders/new?x=1 HTTP/1.1\r\n")), "{second}");
        assert!(second.contains("x-shop: 7\r\n"), "{second}");
        assert_eq!((second.contains("idempotency-key"), second.ends_with(r#"{"n":"1"}"#)), (body, body), "{status} {second}");
    }
}

#[tokio::test]
async fn a_proxy_of_the_settings_is_the_only_way_out() {
    let host = Host::new([json("{}")]).await;
    let options = Options { proxy: Some(format!("http://mona:pass@proxy.test:{}", host.port).into()), ..Options::default() };
    let client = client(options, vec![vec![PUBLIC]]);
    let end = client.fetch(call(get("http://far.test/orders".to_owned()), vec!["http://far.test".to_owned()])).await;
    assert!(matches!(end, FetchEnd::Answered { status: 200, .. }), "{end:?}");
    assert!(host.seen()[0].starts_with("GET http://far.test/orders HTTP/1.1\r\n"), "{}", host.seen()[0]);
    assert!(host.seen()[0].contains("proxy-authorization: Basic "), "{}", host.seen()[0]);
    let inside = client.fetch(call(get("http://10.0.0.1/".to_owned()), vec!["http://10.0.0.1".to_owned()])).await;
    assert!(refusal(inside).contains("no public address"));
    let wrong = Options { proxy: Some("nowhere".to_owned().into()), ..Options::default() };
    assert!(super::Client::new(&wrong, std::sync::Arc::new(|_| None)).is_err());
}

// --- what comes back -----------------------------------------------------------------------------------------------

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n");
    for act in [
        Act::Endless(format!("{head}\r\n[").into_bytes(), b"\"more\",".repeat(500)),
        Act::Endless(chunked.into_bytes(), [b"1000\r\n", &[b'1'; 4_096][..], b"\r\n"].concat()),
        Act::Endless(format!("{head}content-length: 99999999999\r\n\r\n").into_bytes(), vec![b' '; 4_096]),
        answer("200 OK", "content-type: text/plain\r\n", vec![b'x'; 10_001]),
    ] {
        let host = Host::new([act]).await;
        let client = client(small(), vec![vec![PUBLIC]]);
        let reason = refusal(client.fetch(host.call(get(host.url("/")))).await);
        assert_eq!(reason, "its answer has more than 10000 bytes");
    }
    let host = Host::new([answer("200 OK", "content-type: text/plain\r\n", vec![b'x'; 10_000])]).await;
    let end = client(small(), vec![vec![PUBLIC]]).fetch(host.call(get(host.url("/")))).await;
    assert!(matches!(end, FetchEnd::Answered { body: Some(Value::Text(body)), .. } if body.len() == 10_000));
}

/// A body of gzip that unpacks to so many times 258 zeros: one literal, then "the last byte 258 times" again and again.
fn bomb(times: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut code = |value: u32, length: u32| bits.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
    // A last block with fixed codes: its header is written lowest bit first.
    code(0b110, 3);
    code(0x30, 8);
    for _ in 0..times {
        code(0xc5, 8);
        code(0, 5);
    }
    code(0, 7);
    let byte = |bits: &[bool]| bits.iter().enumerate().fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << at);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(bits.chunks(8).map(byte));
    out
}

#[tokio::test]
async fn what_is_small_on_the_way_is_counted_unpacked() {
    let bomb = bomb(4_000_000 / 258);
    assert!(bomb.len() < 30_000, "{}", bomb.len());
    let head = "content-type: text/plain\r\ncontent-encoding: gzip\r\n";
    let host = Host::new([answer("200 OK", head, bomb)]).await;
    let client = client(Options { answer_bytes_max: 1_000_000, ..Options::default() }, vec![vec![PUBLIC]]);
    let reason = refusal(client.fetch(host.call(get(host.url("/")))).await);
    assert_eq!(reason, "its answer has more than 1000000 bytes", "that is, it was unpacked");
}

#[tokio::test]
async fn heads_have_an_end_too() {
    let line = format!("x-more: {}\r\n", "y".repeat(4_000));
    for act in [
        Act::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), line.into_bytes()),
        Act::Endless(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'z'; 4_096]),
        answer("200 OK", &"a: b\r\n".repeat(101), "{}"),
    ] {
        let host = Host::new([act]).await;
        let end = host.fetch(get(host.url("/"))).await;
        assert!(matches!(end, FetchEnd::Broken { .. }), "{end:?}");
    }
}

#[tokio::test]
async fn a_host_that_takes_its_time_is_left_when_the_call_is_over() {
    for act in [
        Act::Hang(Vec::new()),
        Act::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{".to_vec()),
        Act::Trickle(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}".to_vec()),
    ] {
        let host = Host::new([act]).await;
        let mut call = host.call(get(host.url("/")));
        call.timeout = Duration::from_millis(300);
        assert_eq!(client(Options::default(), vec![vec![PUBLIC]]).fetch(call).await, FetchEnd::TimedOut);
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_anywhere_is_not_made_good_by_a_second_request() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"sta".to_vec();
    for act in [
        Act::Slam,
        Act::Reset(Vec::new()),
        Act::Reset(b"HTTP/1.1 200 O".to_vec()),
        Act::Reset(half),
        Act::Reset(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"s".to_vec()),
        Act::Say(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
    ] {
        let host = Host::new([act, json("{}")]).await;
        let end = host.fetch(post(host.url("/orders"), &[])).await;
        assert!(matches!(end, FetchEnd::Broken { .. }), "{end:?}");
        assert!(host.seen().len() <= 1, "{:?}", host.seen());
    }
}

#[tokio::test]
async fn where_nobody_listens_or_nobody_speaks_tls_nothing_was_sent() {
    let free = std::net::TcpListener::bind((PUBLIC, 0)).unwrap().local_addr().unwrap().port();
    let nobody = client(Options::default(), vec![vec![PUBLIC]]);
    let request = call(post(format!("http://shop.test:{free}/"), &[]), vec![format!("http://shop.test:{free}")]);
    assert!(matches!(nobody.fetch(request).await, FetchEnd::NotSent { .. }));
    for act in [Act::Slam, Act::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())] {
        let host = Host::new([act]).await;
        let mut call = host.call(post(format!("https://shop.test:{}/", host.port), &[]));
        call.timeout = Duration::from_secs(3);
        let end = client(Options::default(), vec![vec![PUBLIC]]).fetch(call).await;
        assert!(matches!(end, FetchEnd::NotSent { .. } | FetchEnd::TimedOut), "{end:?}");
        assert!(host.seen().is_empty());
    }
    let nowhere = client(Options::default(), Vec::new());
    let request = get("https://shop.test/?phone=0123".to_owned());
    let end = nowhere.fetch(call(request, vec!["https://shop.test".to_owned()])).await;
    let FetchEnd::NotSent { reason } = end else { panic!("{end:?}") };
    assert!(reason.contains("no such name") && !reason.contains("0123"), "{reason}");
}

#[tokio::test]
async fn a_status_that_is_no_success_comes_without_its_body_and_may_ask_for_patience() {
    for (status, header, pause) in [
        ("404 Not Found", "", None),
        ("429 Slow", "retry-after: 7\r\n", Some(7)),
        ("503 Later", "retry-after: 86400\r\n", Some(60)),
        ("503 Later", "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", None),
    ] {
        let host = Host::new([answer(status, header, [0xff; 64])]).await;
        let end = host.fetch(get(host.url("/"))).await;
        let FetchEnd::Answered { status: code, body: None, retry_after } = end else { panic!("{end:?}") };
        assert_eq!((code.to_string(), retry_after), (status[..3].to_owned(), pause.map(Duration::from_secs)));
    }
    let host = Host::new([answer("200 OK", "content-type: application/json\r\n", b"\"caf\xe9\"")]).await;
    assert_eq!(refusal(host.fetch(get(host.url("/"))).await), "its answer is no UTF-8");
    let host = Host::new([answer("204 No Content", "", "")]).await;
    let request = Request { method: Method::Delete, ..get(host.url("/")) };
    assert!(matches!(host.fetch(request).await, FetchEnd::Answered { status: 204, body: None, .. }));
}
