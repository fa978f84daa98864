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

// --- hooks: the functions that the bot calls by itself --------------------------------------------------------------

fn hooked(names: &[&str], host: &Arc<Host>) -> Arc<Bot> {
    let function = |name: &&str| Function { name: (*name).to_owned(), parameters: 2, ..Function::default() };
    let lead_score = Function { name: "lead_score".to_owned(), parameters: 1, ..Function::default() };
    let functions = names.iter().map(function).chain([lead_score]).collect();
    let script = Script { name: "shop".to_owned(), functions, ..Script::default() };
    bot_with(FLOWS, Scripts { files: vec![script], host: Some(Arc::clone(host) as Arc<dyn ScriptHost>) })
}

async fn hooked_world(names: &[&str]) -> (World, Arc<Host>) {
    let (world, host) = (World::new().await, Arc::new(Host::default()));
    world.handle.set_bot(hooked(names, &host));
    (world, host)
}

fn wants(name: &str, value: &str) -> Returned {
    Ok(Some(Value::Map([(name.to_owned(), Value::Text(value.to_owned()))].into())))
}

/// Hands a message in without waiting for its commit.
async fn begin(world: &World, customer: &str, text: &str) -> tokio::task::JoinHandle<bool> {
    let delivery = world.text(super::world::SHOP, customer, text);
    let handle = world.handle.clone();
    let delivered = tokio::spawn(async move { handle.deliver(delivery).await.is_ok() });
    world.settle().await;
    delivered
}

#[tokio::test]
async fn what_a_hook_makes_of_a_message_is_kept_with_it_and_a_replay_never_calls_it_again() {
    let (world, host) = hooked_world(&["on_message"]).await;
    let delivered = begin(&world, "mona", "hi there").await;
    assert!(!delivered.is_finished(), "no answer before the commit");
    host.ends(&world, wants("text", "hello")).await;
    assert!(delivered.await.unwrap());
    assert_eq!(world.sent(), ["Welcome!"]);
    let rows = world.history("mona").await;
    assert_eq!(rows.iter().filter(|row| row.kind == "message").count(), 1);
    let body = rows.iter().find(|row| row.kind == "message").map(|row| String::from_utf8_lossy(&row.body).into_owned());
    assert!(body.as_ref().is_some_and(|body| body.contains(r#""hook":"on_message""#)), "{body:?}");
    world.assert_replays("mona").await;
    assert_eq!(host.calls(), 1);
}

#[tokio::test]
async fn a_hook_holds_up_its_own_conversation_in_order_and_no_other() {
    let (world, host) = hooked_world(&["on_message"]).await;
    let first = begin(&world, "mona", "one").await;
    let second = begin(&world, "mona", "two").await;
    assert_eq!(host.calls(), 1, "the second waits behind the first");
    let other = begin(&world, "omar", "three").await;
    assert_eq!(host.calls(), 2);
    let last: Vec<Done> = host.open.lock().unwrap().drain(1..).collect();
    last.into_iter().for_each(|done| done(wants("text", "hello")));
    world.pass(300).await;
    assert!(other.is_finished() && !first.is_finished() && !second.is_finished());
    assert_eq!(world.sent(), ["Welcome!"]);
    host.ends(&world, Ok(None)).await;
    assert!(first.await.unwrap());
    assert_eq!(host.calls(), 3);
    host.ends(&world, wants("text", "hello")).await;
    assert!(second.await.unwrap());
    assert_eq!(world.sent().len(), 2);
    for customer in ["mona", "omar"] {
        world.assert_replays(customer).await;
    }
}

#[tokio::test]
async fn a_message_waits_a_second_for_a_hook_and_is_then_taken_as_it_is() {
    let (world, host) = hooked_world(&["on_message"]).await;
    let delivered = begin(&world, "mona", "hello").await;
    world.pass(900).await;
    assert!(!delivered.is_finished());
    world.pass(500).await;
    assert!(delivered.await.unwrap());
    assert_eq!((host.calls(), world.sent()), (1, vec!["Welcome!".to_owned()]));
    host.ends(&world, wants("text", "score")).await;
    assert_eq!(world.sent().len(), 1, "what comes too late changes nothing");
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_reply_is_what_a_hook_makes_of_it_and_none_where_it_fails() {
    let (world, host) = hooked_world(&["before_send"]).await;
    let delivered = begin(&world, "mona", "hello").await;
    host.ends(&world, wants("text", "Good morning!")).await;
    assert!(delivered.await.unwrap());
    assert_eq!(world.sent(), ["Good morning!"]);
    let delivered = begin(&world, "omar", "hello").await;
    host.ends(&world, overran()).await;
    assert!(delivered.await.unwrap());
    assert_eq!(world.sent().len(), 1);
    let bodies: Vec<String> =
        world.history("omar").await.iter().map(|row| String::from_utf8_lossy(&row.body).into_owned()).collect();
    assert!(bodies.iter().any(|body| body.contains("`before_send` failed: shop.rhai:1:1: it took more")), "{bodies:#?}");
    for customer in ["mona", "omar"] {
        world.assert_replays(customer).await;
    }
}

#[tokio::test]
async fn a_hook_whose_process_ended_is_called_for_the_delivery_that_comes_again() {
    let (world, host) = hooked_world(&["on_message", "before_send"]).await;
    let delivered = begin(&world, "mona", "hello").await;
    assert_eq!(host.calls(), 1);
    let lost: Vec<Done> = host.open.lock().unwrap().drain(..).collect();
    let world = world.crash().await;
    drop(lost);
    assert!(!delivered.await.unwrap(), "never acknowledged");
    let host = Arc::new(Host::default());
    world.handle.set_bot(hooked(&["on_message", "before_send"], &host));
    let delivered = begin(&world, "mona", "hello").await;
    host.ends(&world, Ok(None)).await;
    host.ends(&world, wants("text", "Hello again!")).await;
    assert!(delivered.await.unwrap());
    assert_eq!((host.calls(), world.sent()), (2, vec!["Hello again!".to_owned()]));
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn three_overruns_of_hooks_leave_their_script_out() {
    let (world, host) = hooked_world(&["on_message"]).await;
    for customer in ["mona", "omar", "sara"] {
        let delivered = begin(&world, customer, "hello").await;
        host.ends(&world, overran()).await;
        assert!(delivered.await.unwrap());
    }
    assert_eq!((world.store_loose().await, world.sent().len()), (vec!["script_parked".to_owned()], 3));
    world.write("nour", "hello").await.unwrap();
    world.pass(500).await;
    assert_eq!((host.calls(), world.sent().len()), (3, 4), "taken as it is, without a call");
    world.assert_replays("nour").await;
}
