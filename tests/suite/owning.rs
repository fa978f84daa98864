//! One server, two accounts, two bots: each is deployed, read anew and rolled back by itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api_deploying::{admin, token};
use crate::cluster::Cluster;
use crate::deploying::{SHOP, second};
use crate::harness::{BUSINESS, Finished, OTHER, World, shell};
use crate::nodes::Town;

const CAFE: &str = r#"bot "Café" {
    languages fr
    opt out on "stop" say "D'accord."
}

flow order {
    on message "order"

    ask cake: text(20) "Quel gâteau ?" {
        within 24h stop
    }
    say "Un {cake}."
}

flow hours {
    on message "hours"

    say "De 7 h à 14 h."
}

test "says when it is open" {
    customer "hours"
    bot "De 7 h à 14 h."
}
"#;

fn later() -> String {
    CAFE.replace("Quel gâteau ?", "Quelle tarte ?").replace("Un {cake}", "Voilà {cake}").replace("7 h", "8 h")
}

fn run(world: &World, line: &str) -> Finished {
    shell(line, world.folder.path())
}

fn done(world: &World, line: &str) -> String {
    let ended = run(world, line);
    assert_eq!(ended.code, Some(0), "{line}: {}", ended.out);
    ended.out
}

fn save(world: &World, flows: &str) {
    std::fs::write(world.folder.path().join("cafe/bot.flow"), flows).expect("a file");
}

/// A customer of the café writes.
async fn write(world: &World, customer: &str, text: &str) {
    world.post("/sim/v1/messages", json!({ "customer": customer, "text": text, "account": OTHER })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_deployed_and_rolled_back_beside_another_and_each_survives_a_restart() {
    let mut world = World::of_two(SHOP, CAFE).await;
    world.serve(&[]);
    world.says("serving `Shop`, `Café` on").await;
    let [mona, omar, zoe] = [world.customer("Mona").await, world.customer("Omar").await, world.customer("Zoé").await];
    world.write(&mona, "order").await;
    write(&world, &omar, "order").await;
    world.hears(&mona, &["Which size?"]).await;
    world.hears(&omar, &["Quel gâteau ?"]).await;

    save(&world, &later());
    let plan: Value = serde_json::from_str(&done(&world, &format!("rejoinder plan --account {OTHER} --format json"))).unwrap();
    let parked = plan["plan"]["parked"].as_array().unwrap();
    assert_eq!((parked.len(), &parked[0]["version"], &parked[0]["customers"]), (1, &json!(2), &json!(1)), "{plan}");
    let deployed = done(&world, &format!("rejoinder deploy --account {OTHER} --apply"));
    let back =
        format!("version 3 is live for account {OTHER}; `rejoinder deploy --account {OTHER} --rollback` goes back to version 2");
    assert!(deployed.contains(&back), "{deployed}");
    let listed = done(&world, "rejoinder versions");
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].contains("1  live ") && lines[2].ends_with(&format!("; live for account {OTHER}")),
        "{listed}"
    );
    assert!(done(&world, &format!("rejoinder versions --account {OTHER}")).contains("2  before"));

    // A start finds each as it was, with who was in the middle of something.
    world.server.as_mut().expect("it runs").kill();
    world.serve(&[]);
    write(&world, &omar, "éclair").await;
    world.hears(&omar, &["Quel gâteau ?", "Un éclair."]).await;
    write(&world, &zoe, "order").await;
    world.hears(&zoe, &["Quelle tarte ?"]).await;
    world.write(&mona, "M").await;
    world.hears(&mona, &["Which size?", "One in M."]).await;

    done(&world, &format!("rejoinder deploy --account {OTHER} --rollback"));
    write(&world, &zoe, "citron").await;
    world.hears(&zoe, &["Quelle tarte ?", "Voilà citron."]).await;
    write(&world, &omar, "hours").await;
    world.hears(&omar, &["Quel gâteau ?", "Un éclair.", "De 7 h à 14 h."]).await;

    // The shop's turn; and its flows named for the café by mistake change nothing of the shop's.
    std::fs::write(world.folder.path().join("flows/bot.flow"), second()).expect("a file");
    done(&world, "rejoinder deploy --apply");
    world.write(&mona, "hours").await;
    world.hears(&mona, &["Which size?", "One in M.", "From 8 to 6."]).await;
    write(&world, &omar, "hours").await;
    world.hears(&omar, &["Quel gâteau ?", "Un éclair.", "De 7 h à 14 h.", "De 7 h à 14 h."]).await;
    world.no_violations().await;
    for (line, code, why) in [
        (format!("rejoinder plan --account {BUSINESS}"), 2, "the settings name no `flows` of account"),
        (format!("rejoinder plan flows --account {BUSINESS}"), 1, "has no bot of its own"),
        ("rejoinder deploy flows --account -000nobody --apply".to_owned(), 1, "no account `-000nobody` is served here"),
    ] {
        let refused = run(&world, &line);
        assert!(refused.code == Some(code) && refused.out.contains(why), "{line}: {:?} {}", refused.code, refused.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_files_are_read_anew_for_the_account_whose_they_are() {
    let mut world = World::of_two(SHOP, CAFE).await;
    world.serve(&[]);
    let [mona, omar] = [world.customer("Mona").await, world.customer("Omar").await];
    save(&world, "flow broken {");
    world.server.as_ref().expect("it runs").hang_up();
    world.says(&format!("account {OTHER}: the flows have errors; the live version goes on")).await;
    save(&world, &later());
    world.server.as_ref().expect("it runs").hang_up();
    world.says(&format!("account {OTHER}: flows read anew: version 3 is live")).await;
    write(&world, &omar, "hours").await;
    world.hears(&omar, &["De 8 h à 14 h."]).await;
    world.write(&mona, "hours").await;
    world.hears(&mona, &["From 9 to 5."]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_names_the_account_whose_bot_it_means() {
    let mut world = World::of_two(SHOP, CAFE).await;
    world.serve(&[]);
    let secret = token(&world, "pipeline", &["read", "deploy", "operate"]);
    let ask = async |method: &str, path: &str, body: Option<Value>| -> (u16, Value) {
        let request = reqwest::Client::new().request(method.parse().unwrap(), format!("{}/api/v1{path}", admin(&world)));
        let request = request.bearer_auth(&secret).header("Idempotency-Key", "one");
        let answer = match body {
            Some(body) => request.json(&body).send().await,
            None => request.send().await,
        };
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };
    let files = |text: &str| Some(json!({ "flows": [["cafe/bot.flow", text]] }));
    let own = |path: &str| format!("{path}?account={OTHER}");
    assert_eq!(ask("POST", &own("/plan"), files(&later())).await.1["live"], json!(2));
    let (status, live) = ask("POST", &own("/deploy"), files(&later())).await;
    assert_eq!((status, &live["live"], &live["before"]), (200, &json!(3), &json!(2)), "{live}");
    let shop = json!({ "flows": [["flows/bot.flow", second()]] });
    assert_eq!(ask("POST", "/deploy", Some(shop)).await.1["live"], json!(4));
    let (_, listed) = ask("GET", &own("/versions"), None).await;
    let live: Vec<_> = listed["versions"].as_array().unwrap().iter().map(|one| (&one["live"], &one["accounts"])).collect();
    assert_eq!(live[2], (&json!(true), &json!([OTHER])));
    assert_eq!(live[3], (&json!(false), &json!([])), "{listed}");
    let simulated = json!({ "account": OTHER, "steps": [{ "write": "hours" }] });
    let (_, said) = ask("POST", "/simulate", Some(simulated)).await;
    assert!(said.to_string().contains("De 8 h à 14 h."), "{said}");
    // The same key means a rollback of each bot, once.
    for _ in 0..2 {
        assert_eq!(ask("POST", &own("/rollback"), None).await.1["live"], json!(2));
        assert_eq!(ask("POST", "/rollback", None).await.1["live"], json!(1));
    }
    for path in ["/versions?account=-000nobody", &format!("/versions?account={BUSINESS}")] {
        assert_eq!(ask("GET", path, None).await.0, 404, "{path}");
    }
    let (_, audit) = ask("GET", "/audit", None).await;
    let on: Vec<&Value> = audit["changes"].as_array().unwrap().iter().map(|change| &change["on"]).collect();
    assert_eq!(on[..2], [&json!("version 1"), &json!(format!("version 2 of account {OTHER}"))], "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_without_a_server_know_every_bot_of_the_settings() {
    let mut world = World::of_two(SHOP, CAFE).await;
    let checked = done(&world, "rejoinder check --proof");
    assert!(checked.contains("`Shop`: 2 flows") && checked.contains("`Café`: 2 flows"), "{checked}");
    let tested = done(&world, "rejoinder test");
    assert!(tested.contains("`Café`\n1 passed"), "{tested}");
    assert_eq!(run(&world, "rejoinder check --format sarif").code, Some(2));
    assert_eq!(run(&world, "rejoinder test --format junit").code, Some(2));
    save(&world, &CAFE.replace("bot \"De 7 h", "bot \"De 9 h"));
    assert_eq!(run(&world, "rejoinder test").code, Some(1));
    save(&world, "flow broken {");
    assert_eq!(run(&world, "rejoinder check").code, Some(1));
    assert_eq!(run(&world, "rejoinder check flows").code, Some(0));
    let refused = run(&world, "rejoinder serve");
    assert!(refused.code == Some(1) && refused.out.contains("a bot with errors is not served"), "{}", refused.out);

    save(&world, CAFE);
    done(&world, &format!("rejoinder deploy --apply && rejoinder deploy --account {OTHER} --apply"));
    save(&world, &later());
    let deployed = done(&world, &format!("rejoinder deploy --account {OTHER} --apply"));
    assert!(deployed.contains(&format!("version 3 is live for account {OTHER}")), "{deployed}");
    // Where each account has its own bot, none is shared.
    let path = world.folder.path().join("rejoinder.toml");
    let settings = std::fs::read_to_string(&path).expect("settings");
    let settings = settings.replace("flows = [\"flows\"]\n", "").replace("market = \"EG\"", "flows = [\"flows\"]");
    std::fs::write(&path, settings).expect("a file");
    let refused = run(&world, "rejoinder deploy --apply");
    assert!(refused.code == Some(2) && refused.out.contains("accounts share no bot; name one by --account"), "{}", refused.out);
    world.serve(&[]);
    world.says("serving `Shop`, `Café` on").await;
    let [mona, omar] = [world.customer("Mona").await, world.customer("Omar").await];
    write(&world, &omar, "hours").await;
    world.hears(&omar, &["De 8 h à 14 h."]).await;
    world.write(&mona, "hours").await;
    world.hears(&mona, &["From 9 to 5."]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_agree_on_the_bot_of_each_account() {
    let mut town = Town::over(Cluster::shared(), World::of_two(SHOP, CAFE).await, 2).await;
    let taken_up = async |town: &Town, times: usize| {
        let begun = Instant::now();
        let live = |said: &String| said.matches("another version of the bot is live").count();
        while !town.nodes.iter().flatten().map(|node| node.said()).all(|said| live(&said) == times) {
            assert!(begun.elapsed() < Duration::from_secs(30), "not {times} times");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let [mona, omar] = [town.world.customer("Mona").await, town.world.customer("Omar").await];
    write(&town.world, &omar, "order").await;
    town.world.hears(&omar, &["Quel gâteau ?"]).await;
    save(&town.world, &later());
    done(&town.world, &format!("rejoinder deploy --account {OTHER} --apply"));
    taken_up(&town, 1).await;
    // Whichever node is left answers by the same bots.
    for node in [0, 1] {
        let zoe = town.world.customer("Zoé").await;
        town.kill(node);
        write(&town.world, &zoe, "hours").await;
        town.world.hears(&zoe, &["De 8 h à 14 h."]).await;
        town.start(node);
    }
    write(&town.world, &omar, "éclair").await;
    town.world.hears(&omar, &["Quel gâteau ?", "Un éclair."]).await;
    done(&town.world, &format!("rejoinder deploy --account {OTHER} --rollback"));
    taken_up(&town, 1).await;
    write(&town.world, &omar, "hours").await;
    town.world.hears(&omar, &["Quel gâteau ?", "Un éclair.", "De 7 h à 14 h."]).await;
    town.world.write(&mona, "hours").await;
    town.world.hears(&mona, &["From 9 to 5."]).await;
    town.world.no_violations().await;
}
