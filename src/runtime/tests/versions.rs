//! Deployments under a running bot.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::systems::ASKING;
use super::world::{FLOWS, MINUTE, World, bot_with, files};
use crate::bot::{Bot, Function, Script, Scripts};
use crate::runtime::deploy::Place;
use crate::runtime::dropped::{Dropped, dropped};
use crate::runtime::port::{RESTORED_PENDING, Store as _, VersionRow};
use crate::runtime::{Depot, Lands, Whose};

/// Everything is said otherwise.
fn second() -> String {
    FLOWS
        .replace("What is your name?", "Who are you?")
        .replace("Hello {name}!", "Good day, {name}!")
        .replace("Welcome!", "Good morning!")
        .replace("An hour has passed.", "It is an hour later.")
}

impl World {
    /// Writes, and gives what was sent because of it.
    async fn says(&self, customer: &str, text: &str) -> Vec<String> {
        let before = self.sent().len();
        self.write(customer, text).await.unwrap();
        self.pass(1_000).await;
        self.sent().split_off(before)
    }
}

#[tokio::test]
async fn whoever_is_in_the_middle_goes_on_as_it_began_and_others_get_the_new_version() {
    let world = World::keeping().await;
    assert_eq!(world.handle.version(), 1);
    assert_eq!(world.says("mona", "name").await, ["What is your name?"]);
    let (deployed, plan) = world.handle.shared().deploy(&files(&second())).await.unwrap();
    assert_eq!((deployed.live, deployed.before, world.handle.version()), (2, Some(1), 2));
    assert_eq!(plan.parked.len(), 1);
    assert_eq!((plan.parked[0].customers, plan.parked[0].lands, plan.parked[0].step.as_str()), (1, Lands::Stays, "ask"));
    assert_eq!(world.says("mona", "Mona").await, ["Hello Mona!"]);
    assert_eq!(world.says("omar", "name").await, ["Who are you?"]);
    // And back again, while somebody is in the middle of the second.
    let back = world.handle.shared().roll_back(None).await.unwrap();
    assert_eq!((back.live, back.before), (1, Some(2)));
    assert_eq!(world.says("omar", "Omar").await, ["Good day, Omar!"]);
    assert_eq!(world.says("mona", "hello").await, ["Welcome!"]);
    for customer in ["mona", "omar"] {
        world.assert_replays(customer).await;
    }
}

#[tokio::test]
async fn a_process_that_starts_again_finds_the_live_version_and_those_of_waiting_runs() {
    let mut world = World::keeping().await;
    world.says("mona", "name").await;
    world.says("omar", "later").await;
    world.handle.shared().deploy(&files(&second())).await.unwrap();
    world = world.crash().await;
    // Its files are those of version 1, which is stored and not live.
    assert_eq!(world.handle.version(), 2);
    assert_eq!(world.says("mona", "Mona").await, ["Hello Mona!"]);
    assert_eq!(world.says("mona", "hello").await, ["Good morning!"]);
    let before = world.sent().len();
    world.pass(61 * MINUTE).await;
    assert_eq!(world.sent()[before..], ["An hour has passed."], "a timer too");
    world.handle.shared().roll_back(None).await.unwrap();
    world = world.crash().await;
    assert_eq!((world.handle.version(), world.says("mona", "hello").await), (1, vec!["Welcome!".to_owned()]));
}

#[tokio::test]
async fn an_older_copy_is_settled_where_somebody_is_in_the_middle_of_an_older_version() {
    let mut world = World::keeping().await;
    world.says("omar", "later").await;
    world.handle.shared().deploy(&files(&second())).await.unwrap();
    world.store.put_meta(RESTORED_PENDING, b"1").await.unwrap();
    // The hour that it waits for has passed meanwhile.
    world = tokio::time::timeout(Duration::from_secs(20), world.crash_for(61 * MINUTE)).await.expect("the start ends");
    let before = world.sent().len();
    world.pass(MINUTE).await;
    assert_eq!(world.sent()[before..], [""; 0]);
    assert!(world.history("omar").await.iter().any(|row| row.kind == "restored"));
    assert_eq!(world.store.meta(RESTORED_PENDING).await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn while_a_version_is_compiled_its_conversations_wait_in_order_and_no_others() {
    let mut world = World::keeping().await;
    world.says("mona", "name").await;
    world.handle.shared().deploy(&files(&second())).await.unwrap();
    world = world.crash().await;
    world.compiler.held.store(true, Ordering::SeqCst);
    let (name, twice) = (world.text(super::world::SHOP, "mona", "Mona"), world.text(super::world::SHOP, "mona", "twice"));
    let mut waiting = Box::pin(async { (world.handle.deliver(name).await, world.handle.deliver(twice).await) });
    assert!((&mut waiting).now_or_never().is_none());
    world.settle().await;
    assert!((&mut waiting).now_or_never().is_none(), "it is not answered before it is committed");
    assert_eq!(world.says("omar", "hello").await, ["Good morning!"]);
    world.compiler.held.store(false, Ordering::SeqCst);
    let (first, then) = waiting.await;
    assert!(first.is_ok() && then.is_ok());
    world.pass(3_000).await;
    assert_eq!(world.sent()[2..], ["Hello Mona!", "One.", "Two."]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_stored_version_with_other_bytes_is_refused_and_its_runs_fault_with_a_reason() {
    let mut world = World::keeping().await;
    world.says("mona", "name").await;
    world.handle.shared().deploy(&files(&second())).await.unwrap();
    let row = world.store.version(1).await.unwrap().unwrap();
    world.store.remove_versions(&[1]).await.unwrap();
    // Under its own digest stand other bytes.
    let body = String::from_utf8(row.body.clone()).unwrap().replace("Hello {name}!", "Hallo {name}!").into_bytes();
    let number = world.store.put_version(VersionRow { body, ..row }).await.unwrap();
    assert_eq!(number, 3);
    world = world.crash().await;
    let refused = world.handle.shared().plan(&files(&second().replace("Good day", "Hi"))).await.unwrap();
    assert!(refused.critical().unwrap().contains("1 customers"), "{refused:?}");
    let why = world.handle.shared().deploy(&files(&second().replace("Good day", "Hi"))).await.unwrap_err();
    assert!(why.to_string().contains("lost"), "{why}");
    assert!(world.says("mona", "Mona").await.is_empty(), "silence rather than other steps");
    let history = world.history("mona").await;
    assert!(history.iter().any(|row| String::from_utf8_lossy(&row.body).contains("version 1 of the bot")));
    // Then nothing is lost any more.
    world.handle.shared().deploy(&files(&second().replace("Good day", "Hi"))).await.unwrap();
    let depot = Depot {
        store: world.store.as_ref(),
        compiler: world.compiler.as_ref(),
        now: super::world::START,
        whose: Whose::Shared { but: &[] },
    };
    let mut standing = depot.list().await.unwrap();
    standing.retain(|one| one.live);
    assert_eq!(standing[0].version, 4);
}

#[tokio::test]
async fn what_a_newer_program_began_is_left_alone() {
    let mut world = World::keeping().await;
    world.says("mona", "name").await;
    world.handle.shared().deploy(&files(&second())).await.unwrap();
    let before = world.history("mona").await.len();
    let stored = [world.store.version(1).await.unwrap().unwrap(), world.store.version(2).await.unwrap().unwrap()];
    world.store.remove_versions(&[1, 2]).await.unwrap();
    let [mut first, second] = stored;
    (first.program, first.body) = ("999.0.0".to_owned(), br#"{"format":9}"#.to_vec());
    first.digest = sha(&first.body);
    assert_eq!(world.store.put_version(first).await.unwrap(), 1);
    assert_eq!(world.store.put_version(second).await.unwrap(), 2);
    world = world.crash().await;
    assert!(world.write("mona", "Mona").await.is_err(), "TikTok brings it again, to whoever can");
    assert_eq!(world.history("mona").await.len(), before);
}

fn sha(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn what_one_process_deploys_the_other_takes_up_and_each_run_stays_where_it_began() {
    let (one, two) = World::keeping_pair().await;
    assert_eq!((one.handle.version(), two.handle.version()), (1, 1));
    one.says("mona", "name").await;
    two.handle.shared().deploy(&files(&second())).await.unwrap();
    assert_eq!((one.handle.version(), two.handle.version()), (1, 2), "for a moment they differ");
    two.write("omar", "name").await.unwrap();
    one.write("omar", "Omar").await.unwrap();
    one.pass(3_000).await;
    assert_eq!((one.handle.version(), two.handle.version()), (2, 2));
    assert_eq!(one.sent(), ["What is your name?", "Who are you?", "Good day, Omar!"]);
    two.write("mona", "Mona").await.unwrap();
    one.pass(1_000).await;
    assert_eq!(one.sent()[3..], ["Hello Mona!"]);
    one.handle.shared().roll_back(None).await.unwrap();
    one.pass(3_000).await;
    assert_eq!(two.handle.version(), 1);
}

#[tokio::test]
async fn of_processes_that_are_asked_for_one_rollback_at_once_one_carries_it_out() {
    let (one, two) = World::keeping_pair().await;
    one.handle.shared().deploy(&files(&second())).await.unwrap();
    let (first, other) =
        futures_util::future::join(one.handle.shared().roll_back(Some("k")), two.handle.shared().roll_back(Some("k"))).await;
    let acted = [&first, &other].iter().filter(|done| done.as_ref().is_ok_and(|done| !done.unchanged)).count();
    assert_eq!(acted, 1, "{first:?} {other:?}");
    let again = two.handle.shared().roll_back(Some("k")).await.unwrap();
    assert_eq!((again.live, again.unchanged), (1, true));
    // Another process has begun it just now, and ends before it is done.
    let claim = format!("{} 0", super::world::START.0);
    one.store.put_meta_once("rollback:other:0", claim.as_bytes()).await.unwrap();
    let error = one.handle.shared().roll_back(Some("other")).await.unwrap_err().to_string();
    assert!(error.contains("another process carries out this rollback"), "{error}");
    one.pass(MINUTE + 1_000).await;
    let done = one.handle.shared().roll_back(Some("other")).await.unwrap();
    assert_eq!((done.live, done.unchanged), (2, false));
    assert!(one.handle.shared().roll_back(Some("other")).await.unwrap().unchanged);
}

#[tokio::test]
async fn a_rollback_that_leads_nowhere_is_refused_each_time_it_is_asked_for() {
    let world = World::keeping().await;
    for _ in 0..3 {
        let error = world.handle.shared().roll_back(Some("k")).await.unwrap_err().to_string();
        assert_eq!(error, "there is no version before the live one");
    }
}

#[tokio::test]
async fn errors_and_a_missing_opt_out_deploy_nothing() {
    let world = World::keeping().await;
    let with = FLOWS.replace("opt out on \"stop\"", "opt out on \"stop\", \"enough\" say \"Done.\"");
    let without = FLOWS.replace("    opt out on \"stop\"\n", "");
    world.handle.shared().deploy(&files(&with)).await.unwrap();
    for (flows, why) in [("flow {", "F0"), (&without, "opt out")] {
        let error = world.handle.shared().deploy(&files(flows)).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(world.handle.version(), 2);
    }
    let fewer = with.replace(", \"enough\"", "");
    let plan = world.handle.shared().plan(&files(&fewer)).await.unwrap();
    assert_eq!(plan.critical(), None);
    assert!(plan.findings[0].text.contains("`enough`"), "{plan:?}");
    // A developer's saved file is taken as it is.
    let whole = [FLOWS, ASKING].concat();
    world.handle.shared().take_over(&files(&whole)).await.unwrap();
    assert_eq!(world.handle.version(), 1);
    assert!(world.handle.shared().deploy(&files(&whole)).await.unwrap().0.unchanged);
}

/// Asks, then calls a script and a system; another flow waits where nothing is called any more.
const CALLING: &str = r#"
bot "Shop" {
    languages en
    fetch from "https://shop.example", "https://bank.example:8443"
    opt out on "stop"
}

flow order {
    on message "order"
    ask number: whole(0..100) "Which number?" {
        within 10m {
            stop
        }
    }
    do pay(number)
    say "It is {number}."
}

flow pay(number: whole(0..100)) {
    run points: whole(0..100) = shop.lead_score(number)
    fetch paid = GET "https://bank.example:8443/orders/{number}" {
        else {
            stop
        }
    }
    ask more: whole(0..100) "How many more?" {
        within 10m {
            stop
        }
    }
    say "{points} and {more}."
}
"#;

fn calling(flows: &str, parameters: usize) -> Arc<Bot> {
    let function = Function { name: "lead_score".to_owned(), parameters, ..Function::default() };
    let script = Script { name: "shop".to_owned(), functions: vec![function], ..Script::default() };
    bot_with(flows, Scripts { files: vec![script], host: None })
}

#[test]
fn a_plan_knows_which_calls_somebody_in_the_middle_may_still_get_to() {
    let from = calling(CALLING, 1);
    let at = |flow: &str, callers: &[&str]| {
        let steps = &from.flows[from.flow_at(flow).unwrap()].steps;
        let step = steps.iter().position(|step| step.op.word() == "ask").unwrap();
        let callers = callers.iter().map(|name| Arc::from(*name)).collect();
        (Place { version: 1, flow: flow.into(), step, digest: steps[step].digest, callers }, step)
    };
    let (asked, step) = at("order", &[]);
    assert!(dropped(&from, &asked, step, &from).is_empty(), "nothing is gone");
    let without = CALLING.replace("run points: whole(0..100) = shop.lead_score(number)", "set points = 1");
    let without = without.replace("https://bank.example:8443", "https://shop.example");
    let found = |place: &Place, step| dropped(&from, place, step, &calling(&without, 2)).into_iter().collect::<Vec<_>>();
    let (function, system) = (
        Dropped::Function { script: "shop".to_owned(), name: "lead_score".to_owned(), parameters: 1 },
        Dropped::System("https://bank.example:8443".to_owned()),
    );
    assert_eq!(found(&asked, step), [function.clone(), system.clone()], "with one value it is another function");
    // Past the calls, in a frame that returns to nobody who calls.
    let (past, step) = at("pay", &[]);
    assert_eq!(found(&past, step), []);
    // The flow that it returns to may call it again.
    let (past, step) = at("pay", &["order"]);
    assert_eq!(found(&past, step), [function, system]);
}

#[tokio::test]
async fn a_plan_warns_of_a_system_that_somebody_in_the_middle_still_calls() {
    let world = World::keeping().await;
    let asks = "\nflow number {\n    on message \"number\"\n    ask number: whole(0..100) \"Which number?\" {\n        within 10m {\n            \
                stop\n        }\n    }\n    fetch found = GET \"https://bank.example/orders/{number}\" {\n        else {\n            \
                stop\n        }\n    }\n    say \"Found.\"\n}\n";
    let with = format!("{FLOWS}{asks}");
    world.handle.shared().deploy(&files(&with)).await.unwrap();
    world.says("mona", "number").await;
    let new = with.replace(", \"https://bank.example\"", "").replace("https://bank.example", "https://shop.example");
    let plan = world.handle.shared().plan(&files(&new)).await.unwrap();
    assert_eq!((plan.critical(), plan.findings.len()), (None, 1), "{plan:?}");
    let told = &plan.findings[0].text;
    assert!(told.starts_with("1 customers may still get to a `fetch` of `https://bank.example`"), "{told}");
    assert!(told.contains("keep `fetch from \"https://bank.example\"`"), "{told}");
    // Who waits nowhere near it is no reason to warn.
    world.says("mona", "7").await;
    world.says("mona", "name").await;
    assert_eq!(world.handle.shared().plan(&files(&new)).await.unwrap().findings, []);
}

#[tokio::test]
async fn of_a_thousand_versions_those_without_customers_go_in_time() {
    let world = World::keeping().await;
    let patient = FLOWS.replace("within 10m", "within 20h");
    assert_eq!(world.handle.shared().take_over(&files(&patient)).await.unwrap().live, 2);
    world.says("mona", "name").await;
    let many = |number: usize| files(&second().replace("Good day", &format!("Day {number}")));
    for number in 0..300 {
        world.handle.shared().take_over(&many(number)).await.unwrap();
        if number % 100 == 0 {
            world.clock.advance(30 * MINUTE);
        }
    }
    let stored = world.handle.shared().versions().await.unwrap().len();
    assert!((60..80).contains(&stored), "those that were live lately are kept: {stored}");
    world.clock.advance(2 * 60 * MINUTE);
    world.handle.shared().take_over(&many(300)).await.unwrap();
    let left = world.handle.shared().versions().await.unwrap();
    assert!(left.len() < 60, "{}", left.len());
    assert_eq!((left[0].version, left[0].customers), (2, 1), "its customer is still there");
    let kept: Vec<_> = left.iter().filter(|one| one.live || one.before).map(|one| one.version).collect();
    assert_eq!(kept, [302, 303]);
    assert_eq!(world.says("mona", "Mona").await, ["Hello Mona!"]);
}
