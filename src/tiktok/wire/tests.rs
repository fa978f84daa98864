use secrecy::ExposeSecret as _;

use super::super::fixtures::{ACCOUNT, CONVERSATION, fixture};
use super::*;

fn data<T: de::DeserializeOwned>(name: &str) -> T {
    let answer = read_answer::<T>(&fixture(name)).expect(name);
    assert_eq!((answer.code, answer.request_id.is_empty()), (0, false), "{name}");
    answer.data.expect(name)
}

#[test]
fn every_answer_is_read() {
    assert_eq!(data::<SentMessage>("answer_send").id().as_deref(), Some("m+out/005=="));
    assert_eq!(data::<SentMessage>("answer_sender_action").id(), None);
    assert_eq!(data::<UploadedMedia>("answer_upload").media_id.0, "media-0100");
    assert_eq!(data::<Capabilities>("answer_capabilities").capability_infos.unwrap()[0].capability_result, Some(true));
    assert_eq!(data::<Webhook>("answer_webhook").callback_url.as_deref(), Some("https://bot.example.org/webhooks/tiktok"));
    assert_eq!(data::<Webhook>("answer_webhook_empty").callback_url, None);
    assert_eq!(data::<Account>("answer_account").username.as_deref(), Some("corner.shop.example"));
    let grant = data::<TokenGrant>("answer_token");
    assert_eq!(grant.access_token.expose_secret(), "act.exampleAccess!9.va");
    assert_eq!((grant.expires_in, grant.open_id.as_deref()), (Some(Whole(86_400)), Some(ACCOUNT)));
}

#[test]
fn lists_are_read_with_both_names_of_the_time_and_either_form_of_a_referral() {
    let page = data::<ConversationPage>("answer_conversation_list");
    let conversations = page.conversations.unwrap();
    assert_eq!((conversations.len(), page.has_more, page.cursor), (3, Some(false), Some(Whole(3))));
    assert_eq!(conversations[0].conversation_id, CONVERSATION);
    assert!(conversations.iter().all(|conversation| conversation.update_time.is_some()));
    let ad = &conversations[1].referral.as_ref().unwrap().ad.0[0];
    assert_eq!(ad.ad_name.as_deref(), Some("Autumn lamps"));
    let messages = data::<MessageList>("answer_content_list").messages.unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[1].template.as_ref().unwrap().title(), "What can we do for you?");
}

#[test]
fn an_error_is_an_answer_whatever_its_data() {
    for (name, code) in [("error_40002", 40_002), ("error_40064", 40_064), ("error_40105", 40_105)] {
        let answer = read_answer::<SentMessage>(&fixture(name)).expect(name);
        assert_eq!((answer.code, answer.data.is_none()), (code, true), "{name}");
    }
    let odd = read_answer::<UploadedMedia>(br#"{"code":51065,"message":null,"data":[7],"more":1}"#).unwrap();
    assert_eq!((odd.code, odd.message.as_str(), odd.data.is_none()), (51_065, "", true));
}

#[test]
fn what_is_no_answer_is_an_error_of_the_reader() {
    for body in [
        &b""[..],
        b"null",
        b"404 page not found",
        b"{}",
        br#"{"code":"0"}"#,
        br#"{"code":0,"data":{"media_id":"#,
        br#"{"code":0,"data":{}}"#,
        br#"{"code":0,"data":{"media_id":{}}}"#,
        br#"{"code":99999999999999999999}"#,
        &[b'['; 300_000],
    ] {
        assert!(read_answer::<UploadedMedia>(body).is_err(), "{}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    }
    for body in [&br#"{"code":0}"#[..], br#"{"code":0,"data":null}"#, br#"{"code":0,"data":{}}"#] {
        assert_eq!(read_answer::<SentMessage>(body).unwrap().data.and_then(SentMessage::id), None);
    }
}

#[test]
fn whole_numbers_and_loose_texts_take_both_forms() {
    assert_eq!(serde_json::from_str::<Whole>("\"17\"").unwrap(), Whole(17));
    assert_eq!(serde_json::from_str::<Whole>("-17").unwrap(), Whole(-17));
    for bad in ["\"x\"", "1.5", "18446744073709551615", "null", "[]", "true"] {
        assert!(serde_json::from_str::<Whole>(bad).is_err(), "{bad}");
    }
    assert_eq!(serde_json::from_str::<Loose>("7400000000000000009").unwrap().0, "7400000000000000009");
    assert!(serde_json::from_str::<Loose>("{}").is_err());
    assert_eq!(serde_json::from_str::<TextBody>(r#"{"body":"a","more":[1]}"#).unwrap().0, "a");
    assert_eq!(serde_json::from_str::<TextBody>(r#"{"body":null}"#).unwrap().0, "");
}
