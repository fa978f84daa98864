//! Deployments under a real server: from a second process, through kills, and back.

use serde_json::Value;

use crate::harness::{World, shell};

pub const SHOP: &str = r#"bot "Shop" {
    languages en
    opt out on "stop" say "No more messages."
}

flow order {
    on message "order"

    ask size: text(20) "Which size?" {
        within 24h stop
    }
    say "One in {size}."
}

flow hours {
    on message "hours"

    say "From 9 to 5."
}
"#;

pub fn second() -> String {
    SHOP.replace("Which size?", "What size do you need?").replace("One in {size}.", "Done: {size}.").replace("9 to 5", "8 to 6")
}

fn save(world: &World, flows: &str) {
    std::fs::write(world.folder.path().join("flows/bot.flow"), flows).expect("a file");
}

fn run(world: &World, line: &str) -> (Option<i32>, String) {
    let done = shell(line, world.folder.path());
    (done.code, done.out)
}

fn json(world: &World, line: &str) -> Value {
    let (code, out) = run(world, line);
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("no JSON ({code:?}): {out}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_customer_goes_on_in_the_old_flow_a_new_one_gets_the_new_and_a_kill_changes_nothing() {
    let mut world = World::new(SHOP).await;
    let [mona, omar] = [world.customer("Mona").await, world.customer("Omar").await];
    world.write(&mona, "order").await;
    world.hears(&mona, &["Which size?"]).await;

    save(&world, &second());
    let (code, plan) = run(&world, "rejoinder deploy");
    assert_eq!(code, Some(0), "{plan}");
    assert!(plan.contains("would be a new version; version 1 is live"), "{plan}");
    assert!(plan.contains("1  version 1, `order`, ask flows/bot.flow:9: stays: goes on in version 1"), "{plan}");
    let told = json(&world, "rejoinder plan --format json");
    assert_eq!((&told["plan"]["parked"][0]["customers"], &told["plan"]["version"]), (&1.into(), &Value::Null), "{told}");
    world.write(&omar, "hours").await;
    world.hears(&omar, &["From 9 to 5."]).await;

    let (code, done) = run(&world, "rejoinder deploy --apply");
    assert_eq!(code, Some(0), "{done}");
    assert!(done.contains("version 2 is live; `rejoinder deploy --rollback` goes back to version 1"), "{done}");
    world.write(&omar, "order").await;
    world.hears(&omar, &["From 9 to 5.", "What size do you need?"]).await;

    world.server.as_mut().expect("it runs").kill();
    world.serve(&[]);
    world.write(&mona, "M").await;
    world.hears(&mona, &["Which size?", "One in M."]).await;
    world.write(&mona, "hours").await;
    world.hears(&mona, &["Which size?", "One in M.", "From 8 to 6."]).await;

    let (code, back) = run(&world, "rejoinder deploy --rollback");
    assert_eq!(code, Some(0), "{back}");
    assert!(back.contains("version 1 is live"), "{back}");
    world.write(&omar, "L").await;
    world.hears(&omar, &["From 9 to 5.", "What size do you need?", "Done: L."]).await;
    // A start with the files of version 2 does not undo the rollback.
    world.server.as_mut().expect("it runs").kill();
    world.serve(&[]);
    world.write(&omar, "hours").await;
    world.hears(&omar, &["From 9 to 5.", "What size do you need?", "Done: L.", "From 9 to 5."]).await;
    let listed = json(&world, "rejoinder versions --format json");
    let listed: Vec<_> =
        listed["versions"].as_array().expect("a list").iter().map(|one| (&one["live"], &one["before"])).collect();
    assert_eq!(listed, [(&true.into(), &false.into()), (&false.into(), &true.into())]);
    world.no_violations().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_takes_up_flows_that_were_saved_and_no_broken_ones() {
    let world = World::new(SHOP).await;
    let mona = world.customer("Mona").await;
    let hang_up = || world.server.as_ref().expect("it runs").hang_up();
    save(&world, "flow broken {");
    hang_up();
    world.says("the flows have errors; the live version goes on").await;
    save(&world, &second());
    hang_up();
    world.says("flows read anew: version 2 is live").await;
    world.write(&mona, "hours").await;
    world.hears(&mona, &["From 8 to 6."]).await;
    // Without a word that ends automatic messages nothing is deployed, however it is asked for.
    save(&world, &SHOP.replace("    opt out on \"stop\" say \"No more messages.\"\n", ""));
    hang_up();
    world.says("could no longer end automatic messages").await;
    let (code, refused) = run(&world, "rejoinder deploy --apply");
    assert_eq!(code, Some(1), "{refused}");
    assert!(refused.contains("`opt out on` is gone; nothing was changed"), "{refused}");
    let (code, critical) = run(&world, "rejoinder plan");
    assert_eq!(code, Some(1), "{critical}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_the_store_itself_is_asked_and_the_next_start_serves_what_is_live() {
    let mut world = World::without_server(SHOP).await;
    assert_eq!(run(&world, "rejoinder versions").1, "no version is stored yet; the first start of a server stores one\n");
    assert_eq!(run(&world, "rejoinder deploy --rollback").0, Some(1));
    assert_eq!(run(&world, "rejoinder deploy --apply").0, Some(0));
    save(&world, &second());
    assert_eq!(run(&world, "rejoinder deploy --apply").0, Some(0));
    let (_, same) = run(&world, "rejoinder deploy --apply");
    assert!(same.contains("version 2 is live, as before"), "{same}");
    // Files that cannot be served do not keep the live version from being.
    save(&world, "flow broken {");
    assert_eq!(run(&world, "rejoinder deploy --apply").0, Some(1));
    let mona = world.customer("Mona").await;
    world.serve(&[]);
    world.write(&mona, "hours").await;
    world.hears(&mona, &["From 8 to 6."]).await;
}
