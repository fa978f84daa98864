//! What operators change by commands stands in the audit, as what the API changes does.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::api_deploying::{admin, token};
use crate::deploying::{SHOP, second};
use crate::harness::{BUSINESS, World, shell};

/// The changes, the oldest first: who, what, on what.
async fn changes(world: &World) -> Vec<(String, String, Option<String>)> {
    let secret = token(world, "auditor", &["operate"]);
    let answer = reqwest::Client::new().get(format!("{}/api/v1/audit", admin(world))).bearer_auth(&secret).send().await.unwrap();
    let audit: Value = answer.json().await.unwrap();
    shell("rejoinder token revoke 1 >/dev/null", world.folder.path());
    let word = |change: &Value, name: &str| change[name].as_str().map(str::to_owned);
    let changes = audit["changes"].as_array().unwrap_or_else(|| panic!("{audit}"));
    let told =
        changes.iter().rev().map(|change| (word(change, "by").unwrap(), word(change, "what").unwrap(), word(change, "on")));
    told.filter(|(_, what, _)| !what.starts_with("token_")).collect()
}

fn operators(expected: &[(&str, Option<&str>)]) -> Vec<(String, String, Option<String>)> {
    expected.iter().map(|(what, on)| ("operator".to_owned(), (*what).to_owned(), on.map(str::to_owned))).collect()
}

fn done(world: &World, line: &str) -> String {
    let ended = shell(line, world.folder.path());
    assert_eq!(ended.code, Some(0), "{line}: {}", ended.out);
    ended.out
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_and_deployments_are_written_down_with_a_server_and_without_one() {
    let mut world = World::without_server(SHOP).await;
    done(&world, "rejoinder deploy --apply && rejoinder deploy --apply && rejoinder pause");
    world.serve(&[]);
    std::fs::write(world.folder.path().join("flows/bot.flow"), second()).unwrap();
    done(&world, &format!("rejoinder resume && rejoinder pause {BUSINESS} && rejoinder resume {BUSINESS}"));
    let refused = shell("rejoinder pause -000nobody", world.folder.path());
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    done(&world, "rejoinder deploy --apply && rejoinder plan && rejoinder deploy --apply && rejoinder deploy --rollback");
    let account = format!("account {BUSINESS}");
    let expected = [
        ("deploy", Some("version 1")),
        ("pause", None),
        ("resume", None),
        ("pause", Some(account.as_str())),
        ("resume", Some(account.as_str())),
        ("deploy", Some("version 2")),
        ("rollback", Some("version 1")),
    ];
    assert_eq!(changes(&world).await, operators(&expected), "what changed nothing has no line");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_a_reply_again_or_drops_one_is_written_down() {
    let world = World::new(SHOP).await;
    let mona = world.customer("Mona").await;
    world.fault(json!({ "kind": "code", "code": 40002, "endpoint": "message/send", "stored": false, "next": 1 })).await;
    world.write(&mona, "hours").await;
    let conversation = loop {
        if let Some(known) = world.conversation(&mona).await {
            break known["id"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let mut tried = shell(&format!("rejoinder outbox retry '{conversation}' 1"), world.folder.path());
    for _ in 0..100 {
        if tried.code == Some(0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        tried = shell(&format!("rejoinder outbox retry '{conversation}' 1"), world.folder.path());
    }
    assert!(tried.out.starts_with("reply 2 is "), "{}", tried.out);
    world.hears(&mona, &["From 9 to 5."]).await;
    done(&world, "rejoinder pause");
    world.write(&mona, "hours").await;
    let waits = |world: &World| shell("rejoinder outbox", world.folder.path()).out;
    while !waits(&world).starts_with("1 replies wait") {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let drop = format!("rejoinder outbox drop '{conversation}' 3 --reason 'the shop is closed'");
    assert!(done(&world, &drop).contains("dropped by operator: the shop is closed"));
    done(&world, &drop);
    let changes = changes(&world).await;
    let words: Vec<&str> = changes.iter().map(|(_, what, _)| what.as_str()).collect();
    assert_eq!(words, ["retry", "pause", "drop"], "once each");
    let on = |nth: usize| changes[nth].2.clone().unwrap();
    assert!(on(0).ends_with(", reply 1") && on(2).ends_with(", reply 3") && on(2).starts_with("conversation "), "{changes:?}");
    assert!(changes.iter().all(|(by, ..)| by == "operator"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_events_again_or_switches_an_endpoint_on_is_written_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let gone = axum::Router::new().fallback(|| async { StatusCode::GONE });
    let served = tokio::spawn(async move { axum::serve(listener, gone).await });
    let mut world = World::without_server(SHOP).await;
    let path = world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let events = format!(
        "\n[fetch]\nopen = [\"127.0.0.1\"]\n\n[[events.endpoint]]\nname = \"shop\"\nurl = \"http://127.0.0.1:{port}/\"\n\
         secret = \"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\"\n"
    );
    std::fs::write(&path, format!("{settings}{events}")).unwrap();
    world.serve(&[]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "hours").await;
    world.hears(&mona, &["From 9 to 5."]).await;
    while !shell("rejoinder webhooks list", world.folder.path()).out.contains("is switched off: it answered 410") {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    done(&world, "rejoinder webhooks enable shop");
    assert_eq!(shell("rejoinder webhooks enable crm", world.folder.path()).code, Some(2));
    done(&world, "rejoinder webhooks replay --endpoint shop");
    let changes = changes(&world).await;
    assert_eq!(changes[0], ("operator".to_owned(), "webhooks_enabled".to_owned(), Some("endpoint shop".to_owned())));
    assert_eq!((changes.len(), changes[1].1.as_str()), (2, "webhooks_replayed"), "{changes:?}");
    served.abort();
}
