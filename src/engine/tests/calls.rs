//! Calls of the business's systems and of scripts.

use super::builder::{M, S};
use super::told::{Talk, talk_with};
use crate::bot::Value;
use crate::engine::rehearsal::Call;
use crate::engine::{Answer, HeaderPiece, given};

const SETTINGS: &str = "    fetch from \"https://shop.example\"\n    secret SHOP_KEY\n    opt out on \"stop\" say \"No more.\"";

const TRACK: &str = r##"
flow track {
    on message "track"

    ask order: text(40) "Order?" {
        within 1h stop
    }
    fetch shipment = GET "https://shop.example/orders/{order}?q={order}" {
        header "Authorization" = "Bearer {secret.SHOP_KEY} for {order}"
        timeout 3s
        retry 2
        gives {
            state: text(20)
            sent_on?: date
        }
        on 404, 410 {
            say "No such order."
            stop
        }
        else {
            say "We cannot look just now."
            stop
        }
    }
    say "It is {shipment.state}, {shipment.sent_on | date | default "no day known"}."
}

flow help {
    on message exactly "help" anytime

    say "A human comes."
}

flow hours {
    on message exactly "hours" anytime resume

    say "Nine to five."
}

flow hello {
    on message "hello"

    say "Hello!"
}
"##;

fn json(text: &str) -> Option<Value> {
    given::from_json(serde_json::from_str(text).unwrap())
}

fn status(status: u16, body: &str) -> Answer {
    Answer::Status { status, body: (!body.is_empty()).then(|| json(body)).flatten() }
}

/// A run that waits for the answer; with the call's number.
fn waiting() -> (Talk, u32) {
    let mut talk = talk_with(SETTINGS, TRACK);
    talk.write("track").hears(&["Order?"]).write("a/b c").hears(&[]);
    let calls = talk.called();
    assert_eq!(calls.len(), 1);
    assert_eq!(talk.waits_for().as_deref(), Some("fetch"));
    let call = calls[0].0;
    (talk, call)
}

#[test]
fn a_call_leaves_with_its_holes_encoded_and_its_secrets_still_names() {
    let (talk, _) = waiting();
    let Call::Fetch(request) = &talk.calls[0] else { panic!("no fetch") };
    assert_eq!(request.url, "https://shop.example/orders/a%2Fb%20c?q=a%2Fb%20c");
    assert_eq!((request.timeout_ms, request.retry), (3 * S, 2));
    let text = |text: &str| HeaderPiece::Text(text.to_owned());
    let pieces = vec![text("Bearer "), HeaderPiece::Secret("SHOP_KEY".to_owned()), text(" for "), text("a/b c")];
    assert_eq!(request.headers, [("Authorization".to_owned(), pieces)]);
    let state = String::from_utf8(talk.chat.conversation().encode().unwrap()).unwrap();
    assert!(!state.contains("Bearer"), "no header stays in the state");
}

#[test]
fn what_it_gives_is_checked_and_made_what_the_author_said() {
    let (mut talk, call) = waiting();
    talk.chat.answer(call, status(200, r#"{"state": "sent", "sent_on": "2026-11-20", "more": {"x": 1}}"#));
    talk.hears(&["It is sent, November 20, 2026."]);
    let (mut talk, call) = waiting();
    talk.chat.answer(call, status(201, r#"{"state": "packed", "sent_on": null}"#));
    talk.hears(&["It is packed, no day known."]);
}

#[test]
fn an_answer_that_does_not_fit_runs_else_and_the_account_says_why() {
    for (answer, why) in [
        (status(200, r#"{"state": 7}"#), "`state` in its answer does not fit"),
        (status(200, r"{}"), "`state` is missing"),
        (status(200, r"[]"), "no map"),
        (status(204, ""), "empty or no JSON"),
        (status(500, r#"{"state": "sent"}"#), "status 500"),
        (Answer::TimedOut, "no answer in time"),
        (Answer::Failed { reason: "no such host".to_owned() }, "no such host"),
        (status(200, &format!(r#"{{"state": "sent", "more": "{}"}}"#, "x".repeat(20_000))), "more than 16384 bytes"),
    ] {
        let (mut talk, call) = waiting();
        talk.chat.answer(call, answer);
        talk.hears(&["We cannot look just now."]).tells("fetch", why);
    }
}

#[test]
fn a_status_that_the_author_named_has_its_own_block() {
    for code in [404, 410] {
        let (mut talk, call) = waiting();
        talk.chat.answer(call, status(code, "{}"));
        talk.hears(&["No such order."]);
    }
}

#[test]
fn without_an_answer_it_is_given_up_after_all_its_tries_and_their_pauses() {
    let (mut talk, call) = waiting();
    // Three tries of three seconds, pauses of one and of two.
    talk.after(12 * S - 1).hears(&[]);
    talk.after(1).hears(&["We cannot look just now."]);
    talk.chat.answer(call, status(200, r#"{"state": "sent"}"#));
    talk.hears(&[]).tells("call", "nobody waits for any more");
}

#[test]
fn what_the_customer_writes_meanwhile_is_decided_on_afterwards_in_order() {
    let (mut talk, call) = waiting();
    talk.write("hello").write("track").hears(&[]);
    talk.chat.answer(call, status(200, r#"{"state": "sent"}"#));
    talk.hears(&["It is sent, no day known.", "Hello!", "Order?"]);
}

#[test]
fn an_anytime_trigger_the_opt_out_and_a_colleague_pass_at_once() {
    let (mut talk, call) = waiting();
    talk.write("help").hears(&["A human comes."]);
    talk.chat.answer(call, status(200, r#"{"state": "sent"}"#));
    talk.hears(&[]);
    let (mut talk, call) = waiting();
    talk.write("stop").hears(&["No more."]);
    talk.chat.answer(call, status(200, r#"{"state": "sent"}"#));
    talk.hears(&[]);
    let (mut talk, call) = waiting();
    talk.chat.colleague("I am here");
    talk.chat.answer(call, status(200, r#"{"state": "sent"}"#));
    talk.hears(&[]);
}

#[test]
fn what_answers_beside_a_call_lets_it_go_on() {
    let (mut talk, call) = waiting();
    talk.write("hours").hears(&["Nine to five."]);
    assert_eq!(talk.waits_for().as_deref(), Some("fetch"));
    talk.chat.answer(call, status(200, r#"{"state": "sent"}"#));
    talk.hears(&["It is sent, no day known."]);
}

#[test]
fn a_hole_never_changes_the_path() {
    let mut talk = talk_with(SETTINGS, TRACK);
    talk.write("track").hears(&["Order?"]).write("..").hears(&["We cannot look just now."]);
    assert!(talk.called().is_empty());
}

#[test]
fn no_text_of_the_customers_changes_what_is_called() {
    for text in
        ["a/../../admin", "%2e%2e/x", "x?admin=1", "x#", "a@evil.example", "\\\\evil.example", "x\r\nHost: evil.example", "؟&q=1"]
    {
        let mut talk = talk_with(SETTINGS, TRACK);
        talk.write("track").hears(&["Order?"]).write(text).hears(&[]);
        let calls = talk.called();
        assert_eq!(calls.len(), 1, "{text:?}");
        let Call::Fetch(request) = &talk.calls[0] else { panic!("no fetch") };
        let rest = request.url.strip_prefix("https://shop.example/orders/").unwrap();
        let (segment, query) = rest.split_once("?q=").unwrap();
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-._~".contains(&byte));
        assert!(plain(segment) && plain(query), "{}", request.url);
        let (name, pieces) = &request.headers[0];
        assert_eq!(name, "Authorization");
        let clean = |piece: &HeaderPiece| !matches!(piece, HeaderPiece::Text(text) if text.contains(char::is_control));
        assert!(pieces.iter().all(clean), "{pieces:?}");
    }
}

#[test]
fn a_part_of_the_path_is_never_empty_and_an_address_and_a_header_have_an_end() {
    let flow = |url: &str, header: &str| {
        format!(
            "flow a {{\n    on message \"go\"\n    ask x: text(6000) \"X?\" {{ within 1h stop }}\n    set y = if x == \"nothing\" then \"\" else x\n    fetch z = DELETE \"{url}\" {{\n        header \"X-Said\" = \"{header}\"\n        else {{\n            say \"No.\"\n            stop\n        }}\n    }}\n    say \"Gone.\"\n}}"
        )
    };
    for (url, header, text, called) in [
        ("https://shop.example/orders/{y}", "a", "7", true),
        ("https://shop.example/orders/{y}", "a", "nothing", false),
        ("https://shop.example/orders/{y}{y}/lines", "a", "nothing", false),
        ("https://shop.example/orders/no-{y}?q={y}", "{y}", "nothing", true),
        ("https://shop.example/orders?q={y}", "a", &"é".repeat(2_000), false),
        ("https://shop.example/orders", "{y}", &"é".repeat(3_000), false),
    ] {
        let mut talk = talk_with(SETTINGS, &flow(url, header));
        talk.write("go").hears(&["X?"]).write(text);
        assert_eq!(talk.called().len(), usize::from(called), "{url} {text:.9}");
        if called {
            let Call::Fetch(request) = &talk.calls[0] else { panic!("no fetch") };
            assert!(!request.url.contains('\0'), "{}", request.url);
        } else {
            talk.hears(&["No."]);
        }
    }
}

#[test]
fn a_flow_that_calls_for_ever_is_ended() {
    let flows = r#"
flow a {
    on message "go"
    label again
    fetch x = GET "https://shop.example/x" {
        gives { a: text(9) }
        else goto again
    }
}
"#;
    let mut sources = crate::source::Sources::default();
    sources.add("a.flow", format!("bot \"A\" {{\n    languages en\n{SETTINGS}\n}}\n{flows}"));
    // The checker may well refuse it; then there is nothing to run.
    let (Some(bot), _) = crate::check::compile(&sources, &crate::check::Assets::new()) else { return };
    let mut chat = crate::engine::rehearsal::Rehearsal::new(std::sync::Arc::new(bot), crate::calendar::Moment(0), 1);
    chat.write("go");
    chat.fail_calls("no host");
    assert_eq!(chat.conversation().status().waits_for, None);
    assert!(chat.trace().iter().any(|line| line.what == "fault" && line.text.contains("more than 50 calls")));
}

#[test]
fn a_failed_call_without_else_is_a_fault_that_the_bot_can_answer() {
    let flows = r#"
flow a {
    on message "go"
    fetch x = GET "https://shop.example/x" {
        timeout 2s
    }
    say "never"
}

flow trouble {
    on fault
    say "Something went wrong ({fault.reason}, {fault.step})."
}
"#;
    let mut talk = talk_with(SETTINGS, flows);
    talk.write("go").after(2 * S);
    let heard = talk.chat.said();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let shown = format!("{:?}", heard[0].0);
    assert!(shown.contains("(fetch, test.flow:"), "{shown}");
}

#[test]
fn a_script_returns_a_value_of_its_type_or_fails() {
    let flows = r#"
flow a {
    on message "go"
    run score: whole(0..100) = shop.lead_score("x")
    say "Score {score}."
}

flow trouble {
    on fault
    say "Fault: {fault.reason}."
}
"#;
    let Ok(bot) = std::panic::catch_unwind(|| super::told::bot_of(SETTINGS, flows)) else { return };
    let begin = || {
        let mut chat = crate::engine::rehearsal::Rehearsal::new(std::sync::Arc::clone(&bot), crate::calendar::Moment(0), 1);
        chat.write("go");
        let call = match chat.calls().as_slice() {
            [Call::Run { call, script, function, .. }] => {
                assert_eq!((script.as_str(), function.as_str()), ("shop", "lead_score"));
                *call
            }
            other => panic!("{other:?}"),
        };
        (Talk { chat, calls: Vec::new() }, call)
    };
    let (mut talk, call) = begin();
    talk.chat.returned(call, Ok(json("70")));
    talk.hears(&["Score 70."]);
    for result in [Ok(json("101")), Ok(None), Err("stopped".to_owned())] {
        let (mut talk, call) = begin();
        talk.chat.returned(call, result);
        talk.hears(&["Fault: script."]);
    }
    let (mut talk, _) = begin();
    talk.after(M).hears(&["Fault: script."]);
}

#[test]
fn an_account_names_only_the_origin_of_an_address() {
    use crate::engine::origin_of;
    assert_eq!(origin_of("https://shop.example/a/b?c"), "https://shop.example");
    assert_eq!(origin_of("https://shop.example:8443?c"), "https://shop.example:8443");
    assert_eq!((origin_of("https://é.example"), origin_of("")), ("https://é.example", ""));
}
