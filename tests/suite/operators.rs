//! What operators see and do, over real HTTP.

use rejoinder::engine::Effect;
use rejoinder::runtime::ReplyState::{Dropped, Held, Queued, Sent};
use rejoinder::simulator::FaultKind;
use serde_json::{Value, json};

use crate::harness::{BUSINESS, Process, SECRET, TOKEN, World, shell};
use crate::town::{HOUR, SECOND, Town, bot, nap};

pub const SHOP: &str = r#"bot "Shop" { languages en }

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
    // Counted right after the commit, which the store shows before.
    let missed = async |town: &Town| town.measured("rejoinder_windows_missed_total").await == Some(1.0);
    town.until(&aya, "the missed window", missed).await;

    assert_eq!(town.measured("rejoinder_replies_ended_total{state=\"sent\",reason=\"settled\"}").await, Some(1.0));
    assert_eq!(town.measured("rejoinder_inputs_total{kind=\"message\"}").await, Some(2.0));
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
    for secret in ["hello", "Welcome", "Mona", BUSINESS, SECRET, TOKEN] {
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

// --- pause -----------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_all_sending_survives_a_restart_and_loses_nothing() {
    let mut town = Town::running(bot(SHOP)).await;
    let [mona, aya] = ["Mona", "Aya"].map(|name| town.customer(name, "EG"));
    town.write(&mona, "hello");
    town.hears(&mona, 1).await;
    let said = town.operator().post("/admin/v1/pause", &json!({})).await.unwrap();
    assert_eq!(said["pauses"][0]["account"], Value::Null, "{said}");
    for customer in [&mona, &aya] {
        town.write(customer, "hello");
        town.stand(customer, Queued, 1).await;
        town.silent(customer).await;
    }
    let paused = json!([{ "reason": "paused", "stops": "sending" }]);
    assert_eq!(json_of(&town, &format!("{}/readyz", town.address)).await.1["reasons"], paused);

    town.restart().await;
    assert_eq!(json_of(&town, &format!("{}/healthz", town.address)).await.1["reasons"], paused);
    town.silent(&aya).await;
    assert_eq!((town.heard(&mona).len(), town.heard(&aya).len()), (1, 0));
    let said = town.operator().post("/admin/v1/resume", &json!({})).await.unwrap();
    assert_eq!(said["pauses"], json!([]));
    assert_eq!(town.hears(&aya, 1).await, ["Welcome!"]);
    town.hears(&mona, 2).await;
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mark_follows_a_pause_however_many_replies_are_on_their_way() {
    let town = Town::running(bot(SHOP)).await;
    let people: Vec<String> = (0..20).map(|n| town.customer(&format!("Customer {n}"), "EG")).collect();
    for customer in &people {
        town.write(customer, "hello");
    }
    town.until(&people[0], "the first replies", async |town| {
        people.iter().filter(|customer| !town.heard(customer).is_empty()).count() >= 3
    })
    .await;
    let marks = async |town: &Town| {
        let mut marks = 0;
        for customer in &people {
            let history = town.history(customer).await;
            let effects = history.iter().flat_map(|(_, entry)| &entry.effects);
            marks += effects.filter(|effect| matches!(effect, Effect::Mark { .. })).count();
        }
        marks
    };
    assert!(town.runtime().pause(Some(BUSINESS)).await.unwrap());
    let at_the_pause = marks(&town).await;
    nap(1_500).await;
    assert_eq!(marks(&town).await, at_the_pause);
    assert!(at_the_pause < 20, "the pause came in the middle");
    assert!(town.runtime().resume(Some(BUSINESS)).await.unwrap());
    for customer in &people {
        town.until(customer, "an answer", async |town| town.heard(customer) == ["Welcome!"]).await;
    }
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_closes_during_a_pause_ends_its_reply_with_that_reason() {
    let town = Town::frozen(bot(SHOP), 300_000).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "late");
    town.until(&mona, "the run to wait", async |town| town.lines(&mona, "message").await == 1).await;
    town.runtime().pause(None).await.unwrap();
    town.jump(47 * HOUR + SECOND);
    town.stand(&mona, Queued, 1).await;
    town.jump(HOUR);
    let dropped = town.stand(&mona, Dropped, 1).await;
    assert!(dropped[0].reason.contains("paused by an operator"), "{dropped:?}");
    let paused = "rejoinder_replies_ended_total{state=\"dropped\",reason=\"paused\"}";
    town.until(&mona, "the ended reply in the metrics", async |town| town.measured(paused).await == Some(1.0)).await;
    assert_eq!(town.measured("rejoinder_windows_missed_total").await, Some(1.0));
    town.runtime().resume(None).await.unwrap();
    town.jump(2 * SECOND);
    town.silent(&mona).await;
    assert!(town.heard(&mona).is_empty());
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nobody_stops_anything_and_nonsense_is_refused() {
    let town = Town::running(bot(SHOP)).await;
    let address = format!("{}/admin/v1/pause", town.admin);
    let long = "x".repeat(100_000);
    for (token, body, status) in [
        (None, "{}", 401),
        (Some("Bearer "), "{}", 401),
        (Some("Bearer wrong"), "{}", 401),
        (Some("Basic YS10b2tlbi1vZi10aGUtdGVzdHM="), "{}", 401),
        (Some("Bearer a-token-of-the-tests"), "{", 400),
        (Some("Bearer a-token-of-the-tests"), "{\"acount\":\"x\"}", 422),
        (Some("Bearer a-token-of-the-tests"), "{\"account\":\"nobody\"}", 404),
        (Some("Bearer a-token-of-the-tests"), long.as_str(), 413),
    ] {
        let mut request = town.http.post(&address).header("Content-Type", "application/json").body(body.to_owned());
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{token:?}");
    }
    assert!(town.runtime().pauses().is_empty());
    let (status, _) = town.page(&format!("{}/admin/v1/pauses", town.address)).await;
    assert_eq!(status, 404, "not where the world can reach it");
}

/// The real commands: with a server, and without one.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_find_the_server_by_its_settings_or_write_into_its_store() {
    let mut world = World::without_server(SHOP).await;
    let said = shell("rejoinder pause; rejoinder pause -000nobody", world.folder.path());
    assert!(said.out.contains("no server runs here; from its next start on sending of all accounts is paused"), "{}", said.out);
    assert!(said.out.contains("the settings name no account `-000nobody`") && said.code == Some(2), "{}", said.out);
    world.serve(&[]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "hello").await;
    world.hears(&mona, &[]).await;
    let said = shell("rejoinder resume", world.folder.path());
    assert_eq!((said.code, said.out.trim()), (Some(0), "sending goes on, nothing is paused"));
    world.hears(&mona, &["Welcome!"]).await;
    let said = shell(&format!("rejoinder pause {BUSINESS}"), world.folder.path());
    assert!(said.out.starts_with(&format!("paused: account {BUSINESS}, since 20")), "{}", said.out);
    assert_eq!(world.server.as_mut().unwrap().terminate(), Some(0));
    assert!(!world.folder.path().join("rejoinder.db.admin").exists(), "the door is closed behind it");
}

// --- before going live -----------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn only_testers_are_answered_by_person_or_by_conversation_and_others_are_kept() {
    let mut town = Town::running(bot(SHOP)).await;
    let [mona, aya, omar] = ["Mona", "Aya", "Omar"].map(|name| town.customer(name, "EG"));
    let lines = town.simulator.conversations();
    assert!(lines.is_empty(), "nobody has written");
    // Everybody writes once, before the settings name anybody: so that ids are known.
    for customer in [&mona, &aya, &omar] {
        town.write(customer, "hello");
        town.hears(customer, 1).await;
    }
    let lines = town.simulator.conversations();
    let line = |customer: &str| lines.iter().find(|line| line.customer.handle == customer).unwrap();
    town.testers = vec![line(&mona).customer.id.clone(), line(&aya).id.clone()];
    town.restart().await;
    for customer in [&mona, &aya, &omar] {
        town.write(customer, "hello");
    }
    town.hears(&mona, 2).await;
    town.hears(&aya, 2).await;
    assert_eq!(town.hears(&omar, 1).await.len(), 1);
    assert_eq!(town.lines(&omar, "message").await, 1, "no run was begun");
    let kept = town.store().loose_history(100).await.unwrap();
    let kept: Vec<_> = kept.iter().filter(|row| row.kind == "not_a_tester").collect();
    assert_eq!(kept.len(), 1);
    assert!(String::from_utf8_lossy(&kept[0].body).contains("only testers are answered"));
    let (_, ready) = json_of(&town, &format!("{}/readyz", town.address)).await;
    assert_eq!(ready["reasons"], json!([{ "reason": "testers", "stops": "sending" }]));
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_decides_everything_and_no_call_leaves() {
    let mut town = Town::running(bot(SHOP)).await;
    town.dry_run = true;
    town.restart().await;
    // Nobody is told anything by a look at a list, which tells TikTok's time.
    let made = |town: &Town| {
        let mut calls = town.simulator.calls(0);
        calls.retain(|call| !call.path.contains("content/list"));
        calls
    };
    let before = made(&town).len();
    let mona = town.customer("Mona", "EG");
    for _ in 0..2 {
        town.write(&mona, "hello");
    }
    let sent = town.stand(&mona, Sent, 2).await;
    assert_eq!(sent[0].text, "Welcome!");
    nap(500).await;
    let calls = made(&town);
    assert_eq!(calls.len(), before, "{:#?}", &calls[before..]);
    assert!(town.heard(&mona).is_empty());
    let (_, ready) = json_of(&town, &format!("{}/readyz", town.address)).await;
    assert_eq!(ready["reasons"], json!([{ "reason": "dry_run", "stops": "sending" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_loudly_that_nothing_is_sent_and_keeps_a_store_of_its_own() {
    let world = World::without_server(SHOP).await;
    let environment = [("TIKTOK_APP_SECRET", SECRET), ("TIKTOK_ACCESS_TOKEN", TOKEN), ("TIKTOK_REFRESH_TOKEN", "rft.test")];
    let server = Process::start(&["serve", "--dry-run"], &environment, world.folder.path());
    let mona = world.customer("Mona").await;
    world.write(&mona, "hello").await;
    world.hears(&mona, &[]).await;
    server.says("DRY RUN: nothing is sent").await;
    assert!(world.folder.path().join("rejoinder.db.dry-run").exists());
    assert!(!world.folder.path().join("rejoinder.db").exists());
}

// --- what waits, and why ---------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_tells_what_waits_and_foretells_what_will_miss_its_window() {
    let town = Town::frozen(bot(SHOP), 300_000).await;
    let [mona, aya] = ["Mona", "Aya"].map(|name| town.customer(name, "EG"));
    for customer in [&mona, &aya] {
        town.write(customer, "late");
        town.until(customer, "the run to wait", async |town| town.lines(customer, "message").await == 1).await;
    }
    town.runtime().pause(None).await.unwrap();
    town.jump(47 * HOUR + SECOND);
    for customer in [&mona, &aya] {
        town.stand(customer, Queued, 1).await;
    }
    let outbox = town.operator().get("/admin/v1/outbox", &[("account", BUSINESS)]).await.unwrap();
    let replies = outbox["replies"].as_array().unwrap();
    assert_eq!(replies.len(), 2, "{outbox:#}");
    for reply in replies {
        assert_eq!(
            (&reply["state"], &reply["why"], &reply["will_miss"]),
            (&json!("queued"), &json!("sending is paused"), &json!(true))
        );
        let left = reply["deadline"].as_i64().unwrap() - outbox["now"].as_i64().unwrap();
        assert!((54 * 60 * SECOND..=55 * 60 * SECOND).contains(&left), "{reply:#}");
    }
    let app = crate::harness::APP;
    assert_eq!(town.measured(&format!("rejoinder_replies_will_miss{{app=\"{app}\"}}")).await, Some(2.0));
    let none = town.operator().get("/admin/v1/outbox", &[("account", "nobody")]).await.unwrap();
    assert_eq!(none["replies"], json!([]));

    // Where sending goes on, both leave in time, and that is foretold too.
    let found = town.runtime().outbox(None).await.unwrap();
    assert!(found.replies.iter().all(|reply| reply.leaves.is_none()));
    town.runtime().resume(None).await.unwrap();
    for customer in [&mona, &aya] {
        // The pace stands still with the clock.
        let heard = async |town: &Town| {
            town.jump(50);
            town.heard(customer).len() == 1
        };
        town.until(customer, "an answer", heard).await;
    }
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn why_tells_each_reply_and_each_silence_with_its_reason() {
    let mut world = World::without_server(SHOP).await;
    let told = shell("rejoinder why 1", world.folder.path());
    assert!(told.out.contains("no server runs with these settings") && told.code == Some(2), "{}", told.out);
    world.serve(&[]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "hello").await;
    world.hears(&mona, &["Welcome!"]).await;
    world.write(&mona, "something else").await;
    world.hears(&mona, &["Welcome!"]).await;
    let id = world.conversation(&mona).await.unwrap()["id"].as_str().unwrap().to_owned();
    let told = shell(&format!("rejoinder why {id}"), world.folder.path());
    assert_eq!(told.code, Some(0), "{}", told.out);
    for expected in ["customer message: hello", "reply 1 sent: Welcome!", "unmatched: no trigger wants it"] {
        assert!(told.out.contains(expected), "{expected} is not in\n{}", told.out);
    }
    let told = shell(&format!("rejoinder why {id} 1; rejoinder why {id} 2; rejoinder outbox"), world.folder.path());
    assert!(told.out.contains("reply 1 sent") && !told.out.contains("customer message"), "{}", told.out);
    assert!(told.out.contains("has no reply 2") && told.out.contains("0 replies wait"), "{}", told.out);
}

// --- settings and logs -----------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_read_anew_on_a_hangup_and_broken_ones_are_not_taken() {
    let mut world = World::without_server(SHOP).await;
    let path = world.folder.path().join("rejoinder.toml");
    let everybody = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("testers = [\"nobody\"]\n{everybody}")).unwrap();
    world.serve(&[]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "hello").await;
    world.hears(&mona, &[]).await;
    world.says("TESTERS ONLY: 1 ids").await;
    std::fs::write(&path, "stor = 1").unwrap();
    world.server.as_ref().unwrap().hang_up();
    world.says("the settings stay as they were").await;
    std::fs::write(&path, everybody.replace("rejoinder.db", "other.db")).unwrap();
    world.server.as_ref().unwrap().hang_up();
    world.says("settings read anew").await;
    world.says("from the next start on: `store`").await;
    world.write(&mona, "hello").await;
    world.hears(&mona, &["Welcome!"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_json_has_one_object_a_line_and_no_text_of_a_customer() {
    let mut world = World::without_server(SHOP).await;
    world.serve(&[("REJOINDER_LOG_FORMAT", "json"), ("RUST_LOG", "rejoinder=debug")]);
    let mona = world.customer("Mona").await;
    world.write(&mona, "hello my-secret-word").await;
    world.hears(&mona, &["Welcome!"]).await;
    let server = world.server.as_mut().unwrap();
    assert_eq!(server.terminate(), Some(0));
    let said = server.said();
    assert!(!said.contains("my-secret-word") && !said.contains("Welcome!"), "{said}");
    let lines: Vec<Value> =
        said.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{said}");
    assert!(lines.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{said}");
}
