//! The examples of the document are carried out as they stand there.

use super::super::Card;
use super::*;

const DOCUMENT: &str = include_str!("../../../docs/simulator.md");

struct Example {
    method: String,
    path: String,
    body: Option<String>,
}

/// `curl [-X METHOD] $SIM/path [-d '…']`, one a line.
fn examples() -> Vec<Example> {
    let calls = DOCUMENT.lines().filter_map(|line| line.strip_prefix("curl "));
    calls
        .map(|call| {
            let (head, body) = match call.split_once(" -d '") {
                Some((head, body)) => (head, Some(body.strip_suffix('\'').unwrap().to_owned())),
                None => (call, None),
            };
            let (options, path) = head.split_once("$SIM").unwrap_or_else(|| panic!("no $SIM in `{call}`"));
            let default = if body.is_some() { "POST" } else { "GET" };
            let method = options.trim().strip_prefix("-X ").map_or(default, str::trim).to_owned();
            Example { method, path: path.trim_matches(['"', ' ']).to_owned(), body }
        })
        .collect()
}

#[tokio::test]
async fn every_example_works_in_its_order() {
    let stage = Stage::with(|options| options.accounts[0].country = "VN".into()).await;
    let mut seen = std::collections::BTreeSet::new();
    for example in examples() {
        stage.breathe();
        let body = example.body.as_ref().map(|body| serde_json::from_str::<Value>(body).unwrap());
        let got = stage.call(&example.method, &format!("/sim/v1{}", example.path), body.as_ref()).await;
        let shown = format!("{} {} {:?}: {}", example.method, example.path, example.body, got.text);
        assert!(got.status.is_success(), "{shown}");
        seen.insert(example.path.split(['/', '?']).nth(1).unwrap().to_owned());
        // What a bot would have answered: the next examples press and quote it.
        if example.path == "/messages" && stage.sim.conversations()[0].replies_left == Some(10) {
            let id = stage.sim.conversations()[0].id.clone();
            let mut card = stage.text(&id, "");
            card["message_type"] = json!("TEMPLATE");
            let buttons = json!([{"type": "REPLY", "title": "Prices", "id": "prices"}]);
            card["template"] = json!({"type": Card::QaButtonCard, "title": "What is it about?", "buttons": buttons});
            stage.breathe();
            stage.post("/business/message/send/", &card).await.message_id();
        }
    }
    let all = "accounts advance calls clicks codes colleague comments conversations customers deliveries \
               disconnections events faults messages pictures raw reads referrals reset time violations";
    let missing: Vec<_> = all.split_whitespace().filter(|name| !seen.contains(*name)).collect();
    assert_eq!(missing, ["pictures"], "a picture's id cannot stand in a document");
}

#[test]
fn every_fault_stands_in_the_document() {
    let words = "http code timeout reset half_json slow echo_before echo_late echo_never echo_twice echo_no_source \
                 echo_wrong_id duplicate delay reorder stale bad_signature lose list_lag list_reversed expired_token";
    for word in words.split_whitespace() {
        assert!(DOCUMENT.contains(&format!("| `{word}` |")), "`{word}`");
        let fault: super::super::Fault = serde_json::from_value(json!({"kind": word})).unwrap();
        assert_eq!(fault.next, 1);
    }
}
