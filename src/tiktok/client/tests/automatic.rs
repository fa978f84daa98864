//! What TikTok says by itself: one request a call, and no answer is taken for an empty list that is none.

use serde_json::json;

use super::*;
use crate::tiktok::wire::{AutoContent, AutoKind};

const NAMES: (&str, &str) = (APP, ACCOUNT);

async fn stands(kind: AutoKind, data: serde_json::Value) -> Result<Standing, Outcome> {
    let body = json!({ "code": 0, "message": "OK", "data": data }).to_string();
    let side = OtherSide::new(vec![Reaction::Answer(answer(body.as_bytes()))]).await;
    let read = client_at(&side.api(), 0).automatic(permit(), NAMES, kind).await.map_err(|failure| failure.outcome);
    let asked = side.the_request();
    assert!(asked.line.starts_with("GET /open_api/v1.3/business/message/auto_message/get/?business_id="), "{}", asked.line);
    assert_eq!(asked.header("access-token"), Some(TOKEN));
    read
}

fn prompt(title: &str, content: &str) -> AutoContent {
    AutoContent::ChatPrompt { title: title.into(), content: content.into() }
}

#[tokio::test]
async fn what_stands_is_read_with_prompts_under_either_key() {
    let texts = json!({ "title": "Hours", "content": "When are you open?" });
    for key in ["chat_prompt", "suggested_question"] {
        let row = json!({ "auto_message_id": 71, "audit_status": "REVIEWING", key: texts });
        let read = stands(AutoKind::ChatPrompt, json!({ "operation_status": "ENABLE", "auto_messages": [row] })).await.unwrap();
        let content = prompt("Hours", "When are you open?");
        let item = StandingItem { id: "71".into(), review: Review::Reviewing, content };
        assert_eq!(read, Standing { on: true, items: vec![item] });
    }
    let row = json!({ "auto_message_id": "8", "audit_status": "REJECTED", "welcome_message": { "content": "Hi" } });
    let read = stands(AutoKind::WelcomeMessage, json!({ "operation_status": "DISABLE", "auto_messages": [row] })).await.unwrap();
    assert_eq!((read.on, read.items[0].review), (false, Review::Rejected));
    for nothing in [json!({}), json!({ "operation_status": "", "auto_messages": [] }), json!({ "auto_messages": null })] {
        assert_eq!(stands(AutoKind::SuggestedQuestion, nothing).await.unwrap(), Standing::default());
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let good = json!({ "auto_message_id": "1", "suggested_question": { "question": "a", "answer": "b" } });
    let rows = |row: serde_json::Value| json!({ "operation_status": "ENABLE", "auto_messages": [good, row] });
    let hostile = [
        rows(json!({})),
        rows(json!({ "auto_message_id": "2" })),
        rows(json!({ "auto_message_id": "", "suggested_question": { "question": "a", "answer": "b" } })),
        rows(json!({ "auto_message_id": "2\u{0}", "suggested_question": { "question": "a", "answer": "b" } })),
        rows(json!({ "auto_message_id": "9".repeat(100_000), "suggested_question": { "question": "a", "answer": "b" } })),
        rows(json!({ "auto_message_id": "2", "suggested_question": { "question": "a" } })),
        rows(json!({ "auto_message_id": "2", "suggested_question": [1, 2] })),
        rows(json!({ "auto_message_id": {}, "suggested_question": { "question": "a", "answer": "b" } })),
        json!({ "auto_messages": [good] }),
        json!({ "operation_status": "PERHAPS", "auto_messages": [] }),
        json!({ "operation_status": "ENABLE", "auto_messages": vec![good.clone(); 65] }),
        json!({ "operation_status": "ENABLE", "auto_messages": "none" }),
        json!([]),
    ];
    for data in hostile {
        let read = stands(AutoKind::SuggestedQuestion, data.clone()).await;
        assert!(matches!(read, Err(Outcome::Unknown { .. })), "{data}: {read:?}");
    }
}

#[tokio::test]
async fn each_change_is_one_request_of_the_documents_shape() {
    let ok = || Reaction::Answer(answer(br#"{"code":0,"message":"OK","data":{"auto_message":{"auto_message_id":"5"}}}"#));
    let side = OtherSide::new(vec![ok(), ok(), ok(), ok()]).await;
    let client = client_at(&side.api(), 0);
    let (kind, content) = (AutoKind::ChatPrompt, prompt("Hours", "When?"));
    client.add_automatic(permit(), NAMES, &content).await.unwrap();
    client.change_automatic(permit(), NAMES, "5", &content).await.unwrap();
    client.remove_automatic(permit(), NAMES, kind, "5").await.unwrap();
    client.switch_automatic(permit(), NAMES, kind, true).await.unwrap();
    let texts = json!({ "title": "Hours", "content": "When?" });
    let expected = [
        ("create", json!({ "business_id": ACCOUNT, "auto_message_type": "CHAT_PROMPT", "chat_prompt": texts })),
        (
            "update",
            json!({ "business_id": ACCOUNT, "auto_message_type": "CHAT_PROMPT", "auto_message_id": "5", "chat_prompt": texts }),
        ),
        ("delete", json!({ "business_id": ACCOUNT, "auto_message_type": "CHAT_PROMPT", "auto_message_id": "5" })),
        ("status/update", json!({ "business_id": ACCOUNT, "auto_message_type": "CHAT_PROMPT", "operation_status": "ENABLE" })),
    ];
    for (seen, (name, body)) in side.seen().iter().zip(expected) {
        assert_eq!(seen.line, format!("POST /open_api/v1.3/business/message/auto_message/{name}/ HTTP/1.1"));
        assert_eq!(seen.json(), body);
    }
    assert_eq!(side.count(), 4);
}

#[tokio::test]
async fn an_addition_without_an_answer_is_unknown_and_made_once() {
    for reaction in [Reaction::ReadAndClose, Reaction::Answer(answer(b"{")), Reaction::Answer(answer(b"<html>"))] {
        let side = OtherSide::new(vec![reaction]).await;
        let added = client_at(&side.api(), 0).add_automatic(permit(), NAMES, &prompt("a", "b")).await;
        assert!(matches!(added.unwrap_err().outcome, Outcome::Unknown { .. }));
        assert_eq!(side.count(), 1);
    }
}
