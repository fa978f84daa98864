//! What operators see and do, over real HTTP.

use rejoinder::runtime::ReplyState::Held;
use rejoinder::simulator::FaultKind;
use serde_json::{Value, json};

use crate::town::{HOUR, SECOND, Town, bot, nap};

const SHOP: &str = r#"bot "Shop" { languages en }

flow hello {
    on message "hello"

    say "Welcome!"
}

flow late {
    on message "late"

    wait 47h
    say "Still there?"
}
"#;

async fn json_of(town: &Town, address: &str) -> (u16, Value) {
    let (status, text) = town.page(address).await;
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
}

// --- health and metrics ----------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_day_shows_in_the_metrics_and_no_word_of_anybody_does() {
    let town = Town::running(bot(SHOP)).await;
    let [mona, aya] = ["Mona", "Aya"].map(|name| town.customer(name, "EG"));
    town.write(&mona, "hello");
    town.hears(&mona, 1).await;
    // The window closes while the answer cannot leave.
    town.write(&aya, "late");
    town.until(&aya, "the run to wait", async |town| town.lines(&aya, "message").await == 1).await;
    town.jump(48 * HOUR);
    town.stand(&aya, Held, 1).await;

    assert_eq!(town.measured("rejoinder_replies_ended_total{state=\"sent\",reason=\"settled\"}").await, Some(1.0));
    assert_eq!(town.measured("rejoinder_inputs_total{kind=\"message\"}").await, Some(2.0));
    assert_eq!(town.measured("rejoinder_windows_missed_total").await, Some(1.0));
    assert_eq!(town.measured("rejoinder_calls_total{call=\"send\",outcome=\"ok\"}").await, Some(1.0));
    assert!(town.measured("rejoinder_deliveries_total{result=\"accepted\"}").await.unwrap() >= 3.0);
    let (_, text) = town.page(&format!("{}/metrics", town.admin)).await;
    // Every sample belongs to the family told right before it; buckets rise to the count.
    let mut family = String::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            family = told.split(' ').next().unwrap().to_owned();
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&family), "{line} after {family}");
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap_or_else(|_| panic!("no number: {line}"));
        }
    }
    let commits = town.measured("rejoinder_store_duration_seconds_count{operation=\"commit\"}").await.unwrap();
    let at_most = town.measured("rejoinder_store_duration_seconds_bucket{operation=\"commit\",le=\"+Inf\"}").await.unwrap();
    assert!(commits >= 4.0 && at_most >= commits, "{text}");
    for secret in ["hello", "Welcome", "Mona", crate::harness::BUSINESS, crate::harness::SECRET, crate::harness::TOKEN] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let (status, _) = town.page(&format!("{}/metrics", town.address)).await;
    assert_eq!(status, 404, "not where the world can reach it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_sending_leaves_the_server_ready_and_what_stops_deliveries_does_not() {
    let town = Town::running(bot(SHOP)).await;
    let ready = format!("{}/readyz", town.address);
    assert_eq!(json_of(&town, &ready).await, (200, json!({ "status": "ready", "reasons": [] })));
    // TikTok refuses the account: deliveries must be kept all the same.
    let mona = town.customer("Mona", "EG");
    town.fault(FaultKind::Code, |fault| (fault.code, fault.stored) = (Some(40_001), Some(false)));
    town.write(&mona, "hello");
    town.until(&mona, "the account to stop", async |town| {
        town.runtime().reports().await.iter().any(|report| !report.parked.is_empty())
    })
    .await;
    let expected = json!({ "status": "ready", "reasons": [{ "reason": "account", "stops": "sending" }] });
    assert_eq!(json_of(&town, &ready).await, (200, expected));
    assert_eq!(town.measured(&format!("rejoinder_accounts_parked{{app=\"{}\"}}", crate::harness::APP)).await, Some(1.0));
    town.runtime().shutdown().await;
    let (status, said) = json_of(&town, &ready).await;
    assert_eq!((status, &said["status"]), (503, &json!("not ready")));
    assert_eq!(said["reasons"][0], json!({ "reason": "stopping", "stops": "deliveries" }));
    let (status, said) = json_of(&town, &format!("{}/healthz", town.address)).await;
    assert_eq!((status, &said["status"]), (503, &json!("stopping")));
    nap(SECOND / 100).await;
}
