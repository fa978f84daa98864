//! Scripts in the running server: off the conversation's way, once, and put aside where they overrun.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::world::{MINUTE, World, bot_with};
use crate::bot::{Bot, Function, Returned, Script, ScriptCall, ScriptHost, Scripts, Stopped, Value};

const FLOWS: &str = r#"
bot "Shop" {
    languages en
    opt out on "stop"
}

flow score {
    on message "score"
    run points: whole(0..100) = shop.lead_score(message.text)
    say "{points} points"
}

flow hello {
    on message "hello"
    say "Welcome!"
}

flow trouble {
    on fault
    say "Sorry: {fault.reason}."
}
"#;

type Done = Box<dyn FnOnce(Returned) + Send>;

/// A host that returns what it is told to, when it is told to.
#[derive(Default)]
struct Host {
    calls: AtomicUsize,
    open: Mutex<Vec<Done>>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl ScriptHost for Host {
    fn begin(&self, _: ScriptCall, done: Done) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.open.lock().unwrap().push(done);
    }
}

impl Host {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn ends(&self, world: &World, returned: Returned) {
        let open: Vec<Done> = self.open.lock().unwrap().drain(..).collect();
        open.into_iter().for_each(|done| done(returned.clone()));
        world.pass(500).await;
    }
}

fn points(count: i64) -> Returned {
    Ok(Some(Value::Number(count.into())))
}

fn overran() -> Returned {
    Err(Stopped { why: "shop.rhai:1:1: it took more than 100000 steps".to_owned(), overran: true })
}

fn scored(host: &Arc<Host>) -> Arc<Bot> {
    let function = Function { name: "lead_score".to_owned(), parameters: 1, ..Function::default() };
    let script = Script { name: "shop".to_owned(), functions: vec![function], ..Script::default() };
    bot_with(FLOWS, Scripts { files: vec![script], host: Some(Arc::clone(host) as Arc<dyn ScriptHost>) })
}

async fn world() -> (World, Arc<Host>) {
    let (world, host) = (World::new().await, Arc::new(Host::default()));
    world.handle.set_bot(scored(&host));
    (world, host)
}

#[tokio::test]
async fn a_script_answers_after_the_commit_and_a_replay_never_calls_it_again() {
    let (world, host) = world().await;
    world.write("mona", "score").await.unwrap();
    world.pass(500).await;
    assert_eq!((host.calls(), world.sent()), (1, Vec::new()));
    host.ends(&world, points(70)).await;
    assert_eq!(world.sent(), ["70 points"]);
    let kinds: Vec<String> = world.history("mona").await.into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "ran").count(), 1, "{kinds:?}");
    world.assert_replays("mona").await;
    assert_eq!(host.calls(), 1);
}

#[tokio::test]
async fn a_script_that_runs_holds_nobody_else_up() {
    let (world, host) = world().await;
    world.write("mona", "score").await.unwrap();
    world.write("omar", "hello").await.unwrap();
    world.pass(500).await;
    assert_eq!((host.calls(), world.sent()), (1, vec!["Welcome!".to_owned()]));
}

#[tokio::test]
async fn what_a_script_ends_with_is_a_fault_that_the_bot_answers() {
    let (world, host) = world().await;
    world.write("mona", "score").await.unwrap();
    world.pass(100).await;
    host.ends(&world, overran()).await;
    assert_eq!(world.sent(), ["Sorry: script."]);
    let said: Vec<String> =
        world.history("mona").await.iter().map(|row| String::from_utf8_lossy(&row.body).into_owned()).collect();
    assert!(said.iter().any(|body| body.contains("shop.rhai:1:1: it took more than 100000 steps")), "{said:#?}");
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_call_whose_process_ended_is_made_again_and_applied_once() {
    let (world, host) = world().await;
    world.write("mona", "score").await.unwrap();
    world.pass(100).await;
    let lost: Vec<Done> = host.open.lock().unwrap().drain(..).collect();
    let world = world.crash().await;
    drop(lost);
    let host = Arc::new(Host::default());
    world.handle.set_bot(scored(&host));
    world.pass(5_000).await;
    assert_eq!(host.calls(), 1, "asked again");
    host.ends(&world, points(40)).await;
    assert_eq!(world.sent(), ["40 points"]);
    world.pass(MINUTE).await;
    assert_eq!((host.calls(), world.sent().len()), (1, 1));
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_call_that_never_returns_is_given_up_and_a_late_answer_changes_nothing() {
    let (world, host) = world().await;
    world.write("mona", "score").await.unwrap();
    world.pass(20_000).await;
    assert_eq!((host.calls(), world.sent()), (3, vec!["Sorry: script.".to_owned()]));
    host.ends(&world, points(1)).await;
    assert_eq!(world.sent().len(), 1);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn three_overruns_in_a_minute_leave_a_script_out_for_ten() {
    let (world, host) = world().await;
    for customer in ["mona", "omar", "sara"] {
        world.write(customer, "score").await.unwrap();
        world.pass(100).await;
        host.ends(&world, overran()).await;
    }
    let kinds = || async { world.store_loose().await };
    assert_eq!(kinds().await, ["script_parked"]);
    world.write("nour", "score").await.unwrap();
    world.pass(1_000).await;
    assert_eq!((host.calls(), world.sent().len()), (3, 4), "answered by the fault, without a call");
    world.pass(10 * MINUTE).await;
    world.write("aya", "score").await.unwrap();
    world.pass(100).await;
    host.ends(&world, points(9)).await;
    assert_eq!((host.calls(), world.sent().last().cloned()), (4, Some("9 points".to_owned())));
}
