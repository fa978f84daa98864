//! Other systems are told what happened: at least once, in order, and for as long as it takes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::listener::status;
use super::world::{APP, HOUR, MINUTE, SHOP, START, World, options};
use crate::calendar::Moment;
use crate::engine::{ColleagueAction, Input};
use crate::runtime::port::{EventEnd, EventQuery, Events as _};
use crate::runtime::{Endpoint, EventOptions, Options};
use crate::system::SteeredClock;

const SECOND: i64 = 1_000;
const DAY: i64 = 24 * HOUR;

fn endpoint(name: &str) -> Endpoint {
    let (name, place, types) = (Arc::from(name), "here".to_owned(), Vec::new());
    Endpoint { name, place, types, texts: false, at_once: 4, timeout_ms: 15_000 }
}

fn telling(endpoints: Vec<Endpoint>) -> Options {
    Options { events: EventOptions { endpoints, ..EventOptions::default() }, ..options() }
}

async fn world(endpoints: Vec<Endpoint>) -> World {
    World::with(SteeredClock::frozen(START), telling(endpoints)).await
}

impl World {
    /// The types that the shop has taken of one customer, in order.
    fn told_of(&self, customer: &str) -> Vec<String> {
        let taken = self.listener.taken("shop").into_iter();
        let of = taken.filter(|body| body["data"]["conversation"] == customer);
        of.map(|body| body["type"].as_str().unwrap().to_owned()).collect()
    }

    fn shop_says(&self, ends: impl IntoIterator<Item = EventEnd>) {
        self.listener.answers.lock().unwrap().extend(ends);
    }

    async fn dead(&self) -> usize {
        self.store.events(&EventQuery { dead: true, ..EventQuery::default() }, 1_000).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_message_and_its_answer_are_told_without_a_word_of_their_texts() {
    let world = world(vec![endpoint("shop"), Endpoint { texts: true, ..endpoint("crm") }]).await;
    world.write("mona", "hello").await.unwrap();
    world.pass(2 * SECOND).await;
    assert_eq!(world.listener.types("shop"), ["message.received", "message.queued", "message.sent"]);
    let plain = world.listener.taken("shop");
    assert!(!format!("{plain:?}").contains("Welcome") && plain[0]["data"]["text"].is_null(), "{plain:?}");
    let data = json!({
        "app": APP, "account": SHOP, "conversation": "mona", "number": 1,
        "message": "in-1", "kind": "text", "sent": START.rfc3339(),
    });
    assert_eq!(plain[0], json!({ "type": "message.received", "timestamp": START.rfc3339(), "data": data }));
    let full = world.listener.taken("crm");
    assert_eq!(full[0]["data"]["text"], "hello");
    assert_eq!(full[1]["data"]["content"], json!({ "kind": "text", "body": "Welcome!" }));
    assert_eq!((&full[1]["data"]["flow"], &full[2]["data"]["reply"]), (&json!("hello"), &full[1]["data"]["reply"]));
    // One event is one event, whoever is told.
    let heard = world.listener.heard.lock().unwrap();
    let ids: BTreeSet<&str> = heard.iter().map(|(_, call, _)| call.id.as_str()).collect();
    assert_eq!((heard.len(), ids.len()), (6, 3));
    assert!(ids.iter().all(|id| id.len() == 36 && id.starts_with("evt_")), "{ids:?}");
}

#[tokio::test]
async fn what_a_flow_emits_and_whom_it_hands_over_to_is_told_to_whoever_wants_it() {
    let types = vec!["emit.*".to_owned(), "conversation.handed_over".to_owned(), "goal.reached".to_owned()];
    let world = world(vec![Endpoint { types, ..endpoint("shop") }]).await;
    world.write("mona", "emit").await.unwrap();
    world.write("mona", "human").await.unwrap();
    world.pass(2 * SECOND).await;
    assert_eq!(world.listener.types("shop"), ["emit.order_placed", "goal.reached", "conversation.handed_over"]);
    let taken = world.listener.taken("shop");
    assert_eq!(taken[0]["data"]["fields"], json!({ "size": "M", "count": 2 }));
    assert_eq!(taken[1]["data"]["goal"], "ordered");
    let handed = &taken[2]["data"];
    assert_eq!((&handed["team"], &handed["reason"]), (&json!("sales"), &json!("asked for by a flow")));
    assert_eq!((&handed["note"], &handed["notify"]), (&json!("Wants to talk."), &json!("https://shop.example/sales")));
}

#[tokio::test]
async fn a_takeover_a_reading_and_an_opt_out_are_told() {
    let world = world(vec![endpoint("shop")]).await;
    world.write("mona", "hello").await.unwrap();
    world.pass(2 * SECOND).await;
    let until = world.clock_now();
    world.handle.deliver(world.delivery(SHOP, "mona", None, Input::Read { until })).await.unwrap();
    let mona = world.id("mona").await;
    world.handle.colleague(mona, ColleagueAction::TakeOver).await.unwrap();
    world.handle.colleague(mona, ColleagueAction::Release).await.unwrap();
    world.write("mona", "stop").await.unwrap();
    world.pass(2 * SECOND).await;
    let told = world.told_of("mona");
    let wanted = ["message.read", "conversation.taken", "conversation.released", "message.received", "contact.opted_out"];
    assert_eq!(told[3..], wanted);
}

#[tokio::test]
async fn a_shop_that_is_down_for_ten_minutes_gets_everything_in_order_and_is_not_hammered() {
    let world = world(vec![endpoint("shop")]).await;
    world.listener.down.store(true, Ordering::SeqCst);
    for round in 0..10 {
        for customer in ["mona", "omar", "sara"] {
            world.write(customer, if round % 2 == 0 { "hello" } else { "pair" }).await.unwrap();
        }
        world.pass(MINUTE).await;
    }
    assert!(world.listener.taken("shop").is_empty());
    let tried = world.listener.heard.lock().unwrap().len();
    assert!((5..25).contains(&tried), "{tried} requests in ten minutes");
    let report = world.handle.event_report().await.unwrap();
    assert_eq!(report.endpoints[0].failing.as_deref(), Some("no connection"));
    assert!(report.counts[0].waiting > 60 && report.counts[0].oldest == Some(START), "{report:?}");

    world.listener.down.store(false, Ordering::SeqCst);
    world.pass(6 * MINUTE).await;
    for customer in ["mona", "omar", "sara"] {
        let told: Vec<Value> =
            world.listener.taken("shop").into_iter().filter(|body| body["data"]["conversation"] == customer).collect();
        let received = told.iter().filter(|body| body["type"] == "message.received").count();
        assert_eq!(received, 10, "{customer}");
        let times: Vec<_> = told.iter().map(|body| Moment::from_rfc3339(body["timestamp"].as_str().unwrap())).collect();
        assert!(times.is_sorted(), "{times:?}");
        // Every reply is queued before it is told as sent.
        let replies: Vec<i64> = told.iter().filter(|body| body["type"] == "message.sent").map(reply).collect();
        let queued: Vec<i64> = told.iter().filter(|body| body["type"] == "message.queued").map(reply).collect();
        assert_eq!(replies, queued, "{customer}");
    }
    assert!(world.store.events(&EventQuery::default(), 9).await.unwrap().is_empty());
}

fn reply(body: &Value) -> i64 {
    body["data"]["reply"].as_i64().unwrap()
}

#[tokio::test]
async fn an_event_that_is_refused_holds_up_its_own_conversation_alone_and_is_given_up_after_a_day() {
    let world = world(vec![endpoint("shop")]).await;
    // The first event of mona's is one that the shop cannot read.
    world.shop_says(std::iter::repeat_n(status(500), 1));
    world.write("mona", "hello").await.unwrap();
    world.write("omar", "hello").await.unwrap();
    world.pass(3 * SECOND).await;
    assert_eq!(world.told_of("omar").len(), 3);
    assert!(world.told_of("mona").is_empty());
    world.pass(4 * SECOND).await;
    assert_eq!(world.told_of("mona").len(), 3, "five seconds later it is tried again");

    world.shop_says(std::iter::repeat_n(status(500), 11));
    let begun = world.clock_now();
    world.handle.deliver(world.delivery(SHOP, "mona", None, Input::Read { until: begun })).await.unwrap();
    world.pass_by(DAY + 3 * HOUR, 10 * MINUTE).await;
    let tries = world.listener.times(begun).into_iter().filter(|at| *at >= 0).count();
    assert_eq!((tries, world.dead().await), (11, 1));
    let dead = world.handle.undelivered(&EventQuery { dead: true, ..EventQuery::default() }, 9).await.unwrap();
    assert_eq!((dead[0].kind.as_str(), dead[0].reason.as_str(), dead[0].tries), ("message.read", "it answered 500", 11));

    // Replayed, it comes under the same id.
    assert_eq!(world.handle.replay_events(&EventQuery::default()).await.unwrap(), 1);
    world.settle().await;
    assert_eq!((world.dead().await, world.told_of("mona").last().map(String::as_str)), (0, Some("message.read")));
    let heard = world.listener.heard.lock().unwrap();
    assert!(heard[heard.len() - 12..].iter().all(|(_, call, _)| call.id == dead[0].id));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_switched_off_until_somebody_switches_it_on() {
    let world = world(vec![endpoint("shop")]).await;
    world.shop_says([status(410)]);
    world.write("mona", "hello").await.unwrap();
    world.write("omar", "hello").await.unwrap();
    world.pass_by(30 * MINUTE, 30 * SECOND).await;
    let before = world.listener.heard.lock().unwrap().len();
    assert!(before <= 3, "those under way and no more: {before}");
    let report = world.handle.event_report().await.unwrap();
    assert!(report.endpoints[0].off.as_deref().is_some_and(|why| why.contains("410")), "{report:?}");
    // Nor does a new process begin again.
    let world = world.crash().await;
    world.pass(MINUTE).await;
    assert_eq!(world.listener.heard.lock().unwrap().len(), before);
    assert!(!world.handle.switch_on("crm").await.unwrap());
    assert!(world.handle.switch_on("shop").await.unwrap());
    world.pass(2 * SECOND).await;
    assert_eq!((world.told_of("mona").len(), world.told_of("omar").len()), (3, 3));
}

#[tokio::test]
async fn what_a_process_left_behind_the_next_one_brings_under_the_same_ids() {
    let world = world(vec![endpoint("shop")]).await;
    world.listener.down.store(true, Ordering::SeqCst);
    world.write("mona", "hello").await.unwrap();
    world.pass(2 * SECOND).await;
    let id = world.listener.heard.lock().unwrap()[0].1.id.clone();
    world.listener.down.store(false, Ordering::SeqCst);
    let world = world.crash_for(HOUR).await;
    world.pass(2 * SECOND).await;
    assert_eq!(world.told_of("mona"), ["message.received", "message.queued", "message.sent"]);
    assert!(world.listener.heard.lock().unwrap().iter().any(|(_, call, taken)| *taken && call.id == id));
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn an_endpoint_down_for_two_days_gets_what_happened_on_the_second_and_the_rest_when_asked() {
    let world = world(vec![endpoint("shop")]).await;
    world.listener.down.store(true, Ordering::SeqCst);
    for customer in ["a", "b", "c", "d", "e", "f"] {
        world.write(customer, "hello").await.unwrap();
    }
    world.pass_by(DAY + HOUR, MINUTE).await;
    assert_eq!(world.dead().await, 18);
    world.write("mona", "hello").await.unwrap();
    world.pass_by(20 * HOUR, MINUTE).await;
    world.listener.down.store(false, Ordering::SeqCst);
    world.pass_by(10 * MINUTE, 10 * SECOND).await;
    assert_eq!((world.told_of("mona").len(), world.dead().await), (3, 18));
    assert_eq!(world.handle.replay_events(&EventQuery::default()).await.unwrap(), 18);
    world.pass(2 * SECOND).await;
    assert_eq!(world.told_of("a"), ["message.received", "message.queued", "message.sent"]);
}

#[tokio::test]
async fn of_two_processes_the_one_that_leads_tells_also_what_the_other_took() {
    let (one, two) = World::pair_with(telling(vec![endpoint("shop")])).await;
    two.write("mona", "hello").await.unwrap();
    one.pass(3 * SECOND).await;
    assert_eq!(one.told_of("mona"), ["message.received", "message.queued", "message.sent"]);
    one.die().await;
    two.pass_by(30 * SECOND, SECOND).await;
    two.write("omar", "hello").await.unwrap();
    two.pass_by(5 * SECOND, SECOND).await;
    assert_eq!(two.told_of("omar").len(), 3);
}

#[tokio::test]
async fn whoever_wants_to_be_asked_later_is_asked_later() {
    let world = world(vec![endpoint("shop")]).await;
    world.shop_says([EventEnd::Answered { status: 429, retry_after: Some(Duration::from_secs(90)) }]);
    world.write("mona", "hello").await.unwrap();
    world.pass_by(100 * SECOND, SECOND).await;
    let times = world.listener.times(START);
    assert!(times[0] < SECOND && (90 * SECOND..95 * SECOND).contains(&times[1]), "{times:?}");
}

#[tokio::test]
async fn where_nobody_is_told_nothing_is_kept() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(2 * SECOND).await;
    assert!(world.store.events(&EventQuery::default(), 9).await.unwrap().is_empty());
    assert!(world.listener.heard.lock().unwrap().is_empty());
}
