use serde_json::{Value, json};

use super::super::fixtures::{ACCOUNT, AT, CONVERSATION, RECEIVED, fixture};
use super::*;
use crate::channel::{Button, CardKind, Content, fingerprint};

fn read(raw: impl Into<Vec<u8>>) -> Delivery {
    delivery("7412900011223344556", RECEIVED, Bytes::from(raw.into()))
}

fn input(name: &str) -> (Option<Vec<u8>>, Input) {
    let delivery = read(fixture(name));
    assert_eq!(delivery.open_id.as_deref(), Some(ACCOUNT), "{name}");
    match delivery.meaning {
        Meaning::Input { external, key, input } => {
            assert_eq!(external, CONVERSATION.as_bytes(), "{name}");
            (key, input)
        }
        other => panic!("{name} is {other:?}"),
    }
}

fn inbound(name: &str) -> Inbound {
    match input(name).1 {
        Input::Message(inbound) => {
            assert_eq!((inbound.at, inbound.received), (AT, RECEIVED), "{name}");
            inbound
        }
        other => panic!("{name} is {other:?}"),
    }
}

fn echo(name: &str) -> Echo {
    match input(name).1 {
        Input::Echo(echo) => echo,
        other => panic!("{name} is {other:?}"),
    }
}

fn kept(raw: impl Into<Vec<u8>>) -> (&'static str, String) {
    match read(raw).meaning {
        Meaning::Kept { kind, why } => {
            assert!(why.len() <= REASON_BYTES_MAX, "{why}");
            (kind, why)
        }
        other => panic!("not kept: {other:?}"),
    }
}

/// The event fixture with its content changed.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut event: Value = serde_json::from_slice(&fixture(name)).unwrap();
    let mut content: Value = serde_json::from_str(event["content"].as_str().unwrap()).unwrap();
    change(&mut content);
    event["content"] = content.to_string().into();
    event.to_string().into_bytes()
}

#[test]
fn every_type_of_a_customers_message_is_understood() {
    assert_eq!(inbound("event_receive_text").body, Body::Text { text: "هل المتجر مفتوح؟ 🙂".into() });
    assert_eq!(inbound("event_receive_text_minimal").body, Body::Text { text: "is it open?".into() });
    assert_eq!(inbound("event_receive_text_string").body, Body::Text { text: "a plain string".into() });
    assert_eq!(
        inbound("event_receive_button").body,
        Body::Button { text: "Opening hours".into(), id: "hours".into(), of: "m+card/01==".into() }
    );
    assert_eq!(inbound("event_receive_image").body, Body::Image { media_id: "media-0001".into() });
    assert_eq!(inbound("event_receive_video").body, Body::Video { media_id: "media-0002".into() });
    assert_eq!(
        inbound("event_receive_share_post").body,
        Body::Post {
            item_id: "7300000000000000001".into(),
            url: "https://www.tiktok.com/player/v1/7300000000000000001?music_info=1".into()
        }
    );
    assert!(matches!(inbound("event_receive_sticker").body, Body::Sticker { url } if url.contains("x-expires")));
    assert!(matches!(inbound("event_receive_emoji").body, Body::Emoji { url } if url.ends_with("e.webp")));
    assert_eq!(
        inbound("event_receive_reaction").body,
        Body::Reaction { emoji: Some("👍".into()), added: true, of: "m+card/01==".into() }
    );
    assert_eq!(inbound("event_receive_unknown_type").body, Body::Unsupported { word: "voice".into() });
}

#[test]
fn a_quote_is_kept() {
    assert_eq!(inbound("event_receive_text_quoting").quotes.as_deref(), Some("m+card/01=="));
    assert_eq!(inbound("event_receive_text").quotes, None);
}

#[test]
fn echoes_tell_who_sent_them_and_are_recognised_by_kind_and_text() {
    let api = echo("event_send_text_api");
    assert_eq!(api.source, EchoSource::Api);
    assert_eq!(api.fingerprint, Content::Text { body: "Yes, until ten.".into() }.fingerprint());
    assert_eq!((api.message_id.as_str(), api.at, api.received), ("m+out/001==", AT, RECEIVED));
    assert_eq!(echo("event_send_text_app").source, EchoSource::App);
    let welcome = echo("event_send_welcome");
    assert_eq!((welcome.source, welcome.automatic.as_deref()), (EchoSource::Others, Some("WELCOME_MESSAGE")));
    let card = echo("event_send_template");
    let sent = Content::Card {
        card: CardKind::Button,
        title: "What can we do for you?".into(),
        buttons: vec![Button { id: "hours".into(), title: "Opening hours".into() }],
    };
    assert_eq!((card.fingerprint, card.text.as_str()), (sent.fingerprint(), "What can we do for you?"));
    let image = echo("event_send_image_untagged");
    assert_eq!((image.source, image.fingerprint), (EchoSource::Unknown, fingerprint("image", "")));
}

#[test]
fn referrals_tell_the_ad_or_the_link() {
    let Input::Referral(ad) = input("event_referral_ad").1 else { panic!() };
    assert_eq!((ad.source.as_str(), ad.ad_id.as_deref()), ("ad", Some("1800000000000001")));
    assert_eq!(ad.ad_name.as_deref(), Some("Autumn lamps"));
    let Input::Referral(link) = input("event_referral_short_link").1 else { panic!() };
    assert_eq!((link.source.as_str(), link.link_ref.as_deref()), ("short_link", Some("window_poster-2")));
    assert_eq!((link.ad_id, link.at), (None, AT));
}

#[test]
fn a_referral_is_read_in_the_shape_of_the_lists_too() {
    let raw = changed("event_referral_ad", |content| {
        let ad = content["referral"]["ad"].take();
        content["referral"] = json!({"ad": [ad], "short_link": []});
        content["referral"]["ad"][0]["ad_id"] = json!(1_800_000_000_000_001_u64);
    });
    let Meaning::Input { input: Input::Referral(ad), .. } = read(raw).meaning else { panic!() };
    assert_eq!((ad.source.as_str(), ad.ad_id.as_deref()), ("ad", Some("1800000000000001")));
}

#[test]
fn a_comment_stands_beside_the_conversations_of_the_person() {
    let Meaning::Input { external, key, input } = read(fixture("event_high_intent_comment")).meaning else { panic!("kept") };
    let person = "aQ4+exampleCustomer/0001exampleCustomer/0001exampleCustomer/00aa==";
    assert_eq!(String::from_utf8(external).unwrap(), format!("comments:{person}"));
    assert!(key.is_some());
    let Input::Comment(comment) = input else { panic!("{input:?}") };
    assert_eq!((comment.comment_id.as_str(), comment.text.as_str()), ("7400000000000000009", "price?"));
    assert_eq!(comment.at, Moment(1_790_000_000_123));
    let foreign = changed("event_high_intent_comment", |content| content["to_user"]["id"] = json!("other"));
    assert_eq!(kept(foreign).0, "unreadable");
}

#[test]
fn a_read_mark_is_never_a_duplicate() {
    let (key, input) = input("event_mark_read");
    assert_eq!((key, input), (None, Input::Read { until: AT.plus_ms(-1) }));
    assert_eq!(kept(changed("event_mark_read", |content| content["from_user"]["id"] = json!(ACCOUNT))).0, "event");
}

#[test]
fn what_has_no_effect_yet_is_kept_by_name() {
    for (name, why) in [
        ("event_auto_message_config", "im_auto_message_config_update"),
        ("event_auto_message_audit", "im_auto_message_audit_update"),
        ("event_authorization_removed", "authorization.removed"),
        ("event_comment_update", "comment.update"),
    ] {
        assert_eq!(kept(fixture(name)), ("event", why.to_owned()));
        assert_eq!(read(fixture(name)).open_id.as_deref(), Some(ACCOUNT), "{name}");
    }
}

#[test]
fn of_a_customer_in_europe_is_said_only_that_somebody_wrote_and_perhaps_when() {
    let at = |raw| match read(raw).meaning {
        Meaning::Poked { at } => at,
        other => panic!("{other:?}"),
    };
    assert_eq!(at(fixture("event_receive_eu")), Some(Moment(1_790_000_000_123)));
    for strange in [json!(null), json!("soon"), json!(7)] {
        assert_eq!(at(changed("event_receive_eu", |content| content["timestamp"] = strange.clone())), None, "{strange}");
    }
}

/// One of them, changed, in the list of the conversation's messages.
fn row(number: usize, change: impl FnOnce(&mut serde_json::Value)) -> Option<ReadMessage> {
    let answer: serde_json::Value = serde_json::from_slice(&fixture("answer_content_list")).unwrap();
    let mut row = answer["data"]["messages"][number].clone();
    change(&mut row);
    let row = serde_json::value::to_raw_value(&row).unwrap();
    listed(ACCOUNT, CONVERSATION, AT, &row)
}

#[test]
fn a_listed_message_says_what_its_delivery_would_have_said() {
    let told = row(2, |row| row["message_id"] = json!("m+text/01=="));
    let Some(Meaning::Input { key: listed, input: Input::Message(listed_input), .. }) = told.map(|told| told.meaning) else {
        panic!("a message")
    };
    assert_eq!(listed, Some(key::message(CONVERSATION.as_bytes(), "m+text/01==")));
    assert_eq!(listed_input.body, Body::Text { text: "is it open?".to_owned() });
    assert!(listed_input.person.is_some());
    let ours = |number| match row(number, |_| ()).unwrap().meaning {
        Meaning::Input { input: Input::Echo(echo), key, .. } => (echo.source, echo.text, key.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(ours(0), (EchoSource::Api, "Yes, until ten.".to_owned(), true));
    assert_eq!(ours(1), (EchoSource::Unknown, "What can we do for you?".to_owned(), true));
    for (kind, part, body) in [
        ("IMAGE", json!({ "image": { "media_id": "i1" } }), Body::Image { media_id: "i1".to_owned() }),
        ("VIDEO", json!({ "video": { "media_id": "v1" } }), Body::Video { media_id: "v1".to_owned() }),
        ("STICKER", json!({ "sticker": { "url": "https://s" } }), Body::Sticker { url: "https://s".to_owned() }),
        ("OTHER", json!({}), Body::Unsupported { word: "other".to_owned() }),
        (
            "SHARE_POST",
            json!({ "share_post": { "embed_url": "https://p" } }),
            Body::Post { item_id: String::new(), url: "https://p".to_owned() },
        ),
    ] {
        let change = |row: &mut serde_json::Value| {
            row["message_type"] = json!(kind);
            row.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        };
        let Meaning::Input { input: Input::Message(told), .. } = row(2, change).unwrap().meaning else { panic!("{kind}") };
        assert_eq!(told.body, body);
    }
}

#[test]
fn a_listed_message_that_cannot_be_placed_is_left_out_and_one_that_cannot_be_read_is_kept() {
    assert!(row(2, |row| row["timestamp"] = json!(null)).is_none());
    assert!(row(2, |row| row["conversation_id"] = json!("another")).is_none());
    assert!(row(2, |row| row["text"] = json!([])).is_none());
    assert!(row(2, |row| row["conversation_id"] = json!(null)).is_some());
    for change in [
        |row: &mut serde_json::Value| row["message_id"] = json!(""),
        |row: &mut serde_json::Value| row["to_user"] = row["from_user"].clone(),
        |row: &mut serde_json::Value| row["message_type"] = json!(null),
    ] {
        assert!(matches!(row(2, change).unwrap().meaning, Meaning::Kept { kind: "unreadable", .. }));
    }
}

#[test]
fn a_repeated_delivery_has_the_same_key_and_another_event_another_one() {
    let names = [
        "event_receive_text",
        "event_receive_text_minimal",
        "event_receive_reaction",
        "event_send_template",
        "event_send_text_api",
        "event_referral_ad",
    ];
    let keys: std::collections::BTreeSet<_> = names
        .iter()
        .map(|name| {
            let again = changed(name, |content| content["is_follower"] = json!("something else"));
            let Meaning::Input { key: second, .. } = read(again).meaning else { panic!("{name}") };
            let (first, _) = input(name);
            assert_eq!(first, second, "{name}");
            first.expect(name)
        })
        .collect();
    assert_eq!(keys.len(), names.len());
}

#[test]
fn a_reaction_with_the_id_of_its_message_is_no_duplicate_of_it() {
    let key = |operation: &str, at: i64| {
        let raw = changed("event_receive_reaction", |content| {
            content["reaction"][0]["operation"] = json!(operation);
            content["reaction"][0]["timestamp"] = json!(at);
        });
        let Meaning::Input { key, .. } = read(raw).meaning else { panic!() };
        key.unwrap()
    };
    assert_eq!(key("ADD", 1), key("ADD", 1));
    assert_ne!(key("ADD", 1), key("REMOVE", 1));
    assert_ne!(key("ADD", 1), key("ADD", 2));
    assert_ne!(key("ADD", 1), key::message(CONVERSATION.as_bytes(), "m+card/01=="));
    let without_own_id = changed("event_receive_reaction", |content| {
        content.as_object_mut().unwrap().remove("message_id");
    });
    assert!(matches!(read(without_own_id).meaning, Meaning::Input { .. }));
}

#[test]
fn the_direction_is_told_by_ids_and_a_contradiction_is_kept() {
    let swap = |content: &mut Value| {
        let from = content["from_user"].take();
        content["from_user"] = content["to_user"].take();
        content["to_user"] = from;
    };
    let reversed = read(changed("event_receive_text", swap)).meaning;
    assert!(matches!(reversed, Meaning::Input { input: Input::Echo(_), .. }), "counted, never answered");
    assert_eq!(kept(changed("event_send_text_api", swap)).0, "unreadable", "a bot must not answer itself");
    assert_eq!(kept(changed("event_receive_text", |content| content["to_user"]["id"] = json!("another"))).0, "unreadable");
    let wrong_roles = changed("event_receive_text", |content| {
        content["from_user"]["role"] = json!("business_account");
        content["to_user"]["role"] = json!("personal_account");
    });
    assert!(matches!(read(wrong_roles).meaning, Meaning::Input { input: Input::Message(_), .. }));
}

#[test]
fn unknown_fields_and_absent_parts_are_no_obstacle() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let plain = String::from_utf8(changed("event_receive_text", |_| ())).unwrap();
    let with_deep_stranger = plain.replacen('{', &format!("{{\"stranger\":{deep},"), 1);
    assert!(matches!(read(with_deep_stranger).meaning, Meaning::Input { .. }));
    for (name, part, empty) in [
        ("event_receive_text", "text", Body::Unsupported { word: "text".into() }),
        ("event_receive_image", "image", Body::Image { media_id: String::new() }),
        ("event_receive_share_post", "share_post", Body::Post { item_id: String::new(), url: String::new() }),
    ] {
        let raw = changed(name, |content| {
            content.as_object_mut().unwrap().remove(part);
        });
        let Meaning::Input { input: Input::Message(inbound), .. } = read(raw).meaning else { panic!("{name}") };
        assert_eq!(inbound.body, empty);
    }
    let content_as_object = {
        let mut event: Value = serde_json::from_slice(&fixture("event_receive_text")).unwrap();
        event["content"] = serde_json::from_str(event["content"].as_str().unwrap()).unwrap();
        event.to_string()
    };
    assert!(matches!(read(content_as_object).meaning, Meaning::Input { .. }));
}

#[test]
fn long_texts_pass_and_absurdly_long_ones_are_kept() {
    let family = "👨‍👩‍👧‍👦".repeat(6_000);
    let raw = changed("event_receive_text", |content| content["text"]["body"] = json!(family));
    let Meaning::Input { input: Input::Message(inbound), .. } = read(raw).meaning else { panic!() };
    assert_eq!(inbound.body, Body::Text { text: family });
    let escaped = "\\\\ud83d\\\\ude00".repeat(6_000);
    let raw = String::from_utf8(changed("event_receive_text", |content| content["text"]["body"] = json!("HERE")))
        .unwrap()
        .replace("HERE", &escaped);
    let Meaning::Input { input: Input::Message(inbound), .. } = read(raw).meaning else { panic!() };
    assert_eq!(inbound.body, Body::Text { text: "😀".repeat(6_000) });
    let raw = changed("event_receive_text", |content| content["text"]["body"] = json!("x".repeat(TEXT_BYTES_MAX + 1)));
    assert_eq!(kept(raw).0, "unreadable");
}

#[test]
fn a_detail_that_is_too_long_is_left_out_whole() {
    let raw = changed("event_referral_short_link", |content| {
        content["referral"]["short_link"]["ref"] = json!("r".repeat(REF_BYTES_MAX + 1));
    });
    let Meaning::Input { input: Input::Referral(link), .. } = read(raw).meaning else { panic!() };
    assert_eq!(link.link_ref, None);
    let raw = changed("event_receive_sticker", |content| content["sticker"]["url"] = json!("u".repeat(URL_BYTES_MAX + 1)));
    let Meaning::Input { input: Input::Message(inbound), .. } = read(raw).meaning else { panic!() };
    assert_eq!(inbound.body, Body::Sticker { url: String::new() });
}

/// Everything hostile that is rightly signed ends as `unreadable`, with the reason.
#[test]
fn hostile_bodies_are_kept_as_unreadable() {
    let text = |body: &str| {
        let raw = String::from_utf8(changed("event_receive_text", |content| content["text"]["body"] = json!("HERE"))).unwrap();
        raw.replace("HERE", body).into_bytes()
    };
    let with = |field: &'static str, value: Value| changed("event_receive_text", move |content| content[field] = value);
    let envelope = |field: &str, value: Value| {
        let mut event: Value = serde_json::from_slice(&fixture("event_receive_text")).unwrap();
        event[field] = value;
        event.to_string().into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("not JSON", b"hello".to_vec()),
        ("half JSON", fixture("event_receive_text")[..200].to_vec()),
        ("not UTF-8", vec![0xff; 64]),
        ("another shape", b"[1,2]".to_vec()),
        ("a number", b"7".to_vec()),
        ("no event", br#"{"user_openid":"a","content":"{}"}"#.to_vec()),
        ("a doubled field", br#"{"event":"im_receive_msg","event":"x"}"#.to_vec()),
        ("deep brackets", vec![b'['; 200_000]),
        ("deep objects", br#"{"event":"#.repeat(100_000)),
        ("over a megabyte", vec![b' '; BODY_BYTES_MAX + 1]),
        ("content that is not JSON", envelope("content", json!("{oops"))),
        ("empty content", envelope("content", json!(""))),
        ("content null", envelope("content", Value::Null)),
        ("content a number", envelope("content", json!(5))),
        ("deep content", envelope("content", json!("[".repeat(200_000)))),
        ("an account that is a number", envelope("user_openid", json!(5))),
        ("no account", envelope("user_openid", Value::Null)),
        ("an empty account", envelope("user_openid", json!(""))),
        ("an account with U+0000", envelope("user_openid", json!("a\0b"))),
        ("an endless account", envelope("user_openid", json!("a".repeat(600)))),
        ("lone surrogate", text(r"\\ud800")),
        ("lone surrogate, once escaped", text(r"\ud800")),
        ("U+0000", text(r"\\u0000")),
        ("a number of 400 digits", absurd_timestamp("9".repeat(400))),
        ("absurd timestamp", absurd_timestamp(i64::MAX.to_string())),
        ("negative timestamp", absurd_timestamp("-1".into())),
        ("timestamp in seconds", absurd_timestamp("1790000000".into())),
        ("timestamp next week", absurd_timestamp((RECEIVED.0 + 7 * 86_400_000).to_string())),
        ("exponent", absurd_timestamp("1e400".into())),
        ("fraction", absurd_timestamp("1790000000123.5".into())),
        ("no timestamp", with("timestamp", Value::Null)),
        ("empty message id", with("message_id", json!(""))),
        ("no message id", with("message_id", Value::Null)),
        ("message id an object", with("message_id", json!({}))),
        ("endless message id", with("message_id", json!("m".repeat(ID_BYTES_MAX + 1)))),
        ("message id with U+0000", with("message_id", json!("m\0"))),
        ("empty conversation", with("conversation_id", json!(""))),
        ("no conversation", with("conversation_id", Value::Null)),
        ("no type", with("type", Value::Null)),
        ("a type with U+0000", with("type", json!("te\0xt"))),
        ("an endless type", with("type", json!("t".repeat(5_000)))),
        ("no receiver", with("to_user", Value::Null)),
        ("text of another shape", with("text", json!([1]))),
    ];
    for (name, raw) in cases {
        let length = raw.len();
        let delivery = read(raw);
        assert_eq!(delivery.raw.len(), length, "{name}: the body is kept as it came");
        match delivery.meaning {
            Meaning::Kept { kind: "unreadable", why } => assert!(!why.is_empty() && why.len() <= REASON_BYTES_MAX, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn absurd_timestamp(number: String) -> Vec<u8> {
    let raw = String::from_utf8(changed("event_receive_text", |_| ())).unwrap();
    raw.replace(&AT.0.to_string(), &number).into_bytes()
}

#[test]
fn a_name_of_an_event_is_bounded_too() {
    let raw = json!({"event": "e\u{0}".repeat(5_000), "user_openid": ACCOUNT, "content": "{}"}).to_string();
    let (kind, why) = kept(raw);
    assert_eq!(kind, "event");
    assert!(!why.contains('\0'));
}

proptest::proptest! {
    #[test]
    fn nothing_that_is_signed_can_stop_the_reader(raw in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        assert!(matches!(read(raw).meaning, Meaning::Kept { kind: "unreadable", .. }));
    }

    #[test]
    fn a_damaged_delivery_has_a_meaning(at in 0_usize..400, byte in proptest::prelude::any::<u8>(), cut in 0_usize..900) {
        let mut raw = fixture("event_receive_button");
        let length = raw.len();
        raw[at % length] = byte;
        raw.truncate(length.saturating_sub(cut % 7));
        let _ = format!("{:?}", read(raw).meaning);
    }
}

#[test]
fn what_is_set_up_at_an_account_is_read_and_nothing_else_taken_for_it() {
    let event = |content: serde_json::Value| {
        let mut event: serde_json::Value = serde_json::from_slice(&fixture("event_auto_message_config")).unwrap();
        event["content"] = json!(content.to_string());
        event
    };
    let told = |event: &serde_json::Value| set_up(&read(event.to_string()));
    let config = |kind: &str, action: &str| event(json!({ "auto_message_type": kind, "auto_message_action": action }));
    assert_eq!(set_up(&read(fixture("event_auto_message_config"))), Some((ACCOUNT.to_owned(), false)));
    for action in ["CREATE", "UPDATE", "ENABLE"] {
        assert_eq!(told(&config("SUGGESTED_QUESTION", action)), Some((ACCOUNT.to_owned(), true)));
    }
    let mut other = config("SUGGESTED_QUESTION", "CREATE");
    other["event"] = json!("im_auto_message_audit_update");
    let mut nobodys = config("SUGGESTED_QUESTION", "CREATE");
    nobodys["user_openid"] = json!("");
    let hostile = [
        config("SUGGESTED_QUESTION", "DISABLE"),
        config("SUGGESTED_QUESTION", "DELETE"),
        config("CHAT_PROMPT", "CREATE"),
        config("", ""),
        event(json!({ "auto_message_type": ["SUGGESTED_QUESTION"], "auto_message_action": "CREATE" })),
        event(json!([])),
        other,
        nobodys,
    ];
    for event in hostile {
        assert_eq!(told(&event), None, "{event}");
    }
    assert_eq!(set_up(&read("{")), None);
}
