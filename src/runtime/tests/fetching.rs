//! Calls of the business's systems: made once, tried again where that does no harm, answered once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::systems::{Reply, status};
use super::world::{MINUTE, SHOP, START, World, options};
use crate::bot::Method;
use crate::engine::{Answer, HeaderPiece, Input};
use crate::runtime::fetching::take_up;
use crate::runtime::port::FetchEnd;
use crate::runtime::{Delivered, Entry, FetchLimits};
use crate::system::SteeredClock;

const SECOND: i64 = 1_000;

impl World {
    /// What the systems answer next, one after the other.
    fn systems_say(&self, replies: impl IntoIterator<Item = Reply>) {
        self.systems.answers.lock().unwrap().extend(replies);
    }

    /// Methods and keys of all requests so far.
    fn asked(&self) -> Vec<(Method, Option<String>)> {
        let asked = self.systems.asked.lock().unwrap();
        asked.iter().map(|(_, call)| (call.request.method, call.key.clone())).collect()
    }

    /// Milliseconds after the beginning at which each request was made.
    fn asked_at(&self) -> Vec<i64> {
        self.systems.asked.lock().unwrap().iter().map(|(at, _)| at.since_ms(START)).collect()
    }

    /// The answers in a conversation's history, oldest first, with the tries and milliseconds of each.
    async fn answers(&self, customer: &str) -> Vec<(Answer, u32, i64)> {
        let rows = self.history(customer).await;
        let entries = rows.iter().rev().filter_map(|row| serde_json::from_slice::<Entry>(&row.body).ok());
        let answers = entries.filter_map(|entry| match entry.input {
            Input::Fetched { answer, tries, took_ms, .. } => Some((answer, tries, took_ms)),
            _ => None,
        });
        answers.collect()
    }
}

fn after(ms: i64, code: u16) -> Reply {
    Reply::After(ms, status(code))
}

fn broken() -> Reply {
    Reply::After(50, FetchEnd::Broken { reason: "the connection was cut".to_owned() })
}

#[tokio::test]
async fn the_answer_is_an_input_of_the_history_and_the_flow_goes_on_with_it() {
    let world = World::new().await;
    world.write("mona", "track").await.unwrap();
    world.pass(SECOND).await;
    assert_eq!(world.sent(), ["sent"]);
    assert_eq!(world.asked(), [(Method::Get, None)], "twice is as good as once: it needs no key");
    assert!(matches!(world.answers("mona").await[..], [(Answer::Status { status: 200, .. }, 1, 10..100)]));
    let lines = world.lines("mona").await;
    let told: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert!(told.contains(&"GET https://shop.example"), "{told:?}");
    assert!(told.iter().any(|text| text.starts_with("the answer: status 200 (1 try, ")), "{told:?}");
    world.assert_replays("mona").await;
    assert_eq!(world.asked().len(), 1, "a replay calls nobody");
}

#[tokio::test]
async fn a_call_leaves_with_its_secrets_still_names_and_the_history_holds_no_more() {
    let world = World::new().await;
    world.write("mona", "buy").await.unwrap();
    world.pass(SECOND).await;
    assert_eq!(world.sent(), ["Ordered: sent"]);
    let headers = world.systems.asked.lock().unwrap()[0].1.request.headers.clone();
    assert_eq!(headers[0].1, [HeaderPiece::Text("Bearer ".to_owned()), HeaderPiece::Secret("SHOP_KEY".to_owned())]);
    let origins = world.systems.asked.lock().unwrap()[0].1.origins.clone();
    assert_eq!(origins, ["https://shop.example", "https://bank.example"]);
}

#[tokio::test]
async fn a_post_is_tried_again_with_one_key_and_another_call_has_another() {
    let world = World::new().await;
    world.systems_say([after(50, 500), broken(), after(50, 200)]);
    world.write("mona", "buy").await.unwrap();
    world.pass(10 * SECOND).await;
    assert_eq!(world.sent(), ["Ordered: sent"]);
    assert!(matches!(world.answers("mona").await[..], [(Answer::Status { status: 200, .. }, 3, _)]));
    world.write("mona", "buy").await.unwrap();
    world.write("omar", "buy").await.unwrap();
    world.pass(SECOND).await;
    let asked = world.asked();
    assert_eq!(asked.len(), 5);
    let keys: Vec<&str> = asked.iter().map(|(_, key)| key.as_deref().expect("a POST has a key")).collect();
    assert!(keys[0] == keys[1] && keys[1] == keys[2], "{keys:?}");
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 3, "{keys:?}");
    let times = world.asked_at();
    let pauses: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((500..1_200).contains(&pauses[0]) && (1_000..2_200).contains(&pauses[1]), "{pauses:?}");
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_post_without_retry_is_made_once_whatever_becomes_of_it() {
    for reply in [after(50, 500), broken(), Reply::Never, Reply::Panic] {
        let world = World::new().await;
        world.systems_say([reply]);
        world.write("mona", "pay").await.unwrap();
        world.pass(10 * SECOND).await;
        assert_eq!(world.sent(), ["Not paid."]);
        assert_eq!(world.asked().len(), 1);
        world.assert_replays("mona").await;
    }
}

#[tokio::test]
async fn a_call_that_began_after_the_start_is_not_taken_for_one_that_was_left_behind() {
    let world = World::new().await;
    let looking = take_up(Arc::clone(&world.handle.core), None);
    world.pass(SECOND).await;
    world.systems_say([after(3_000, 200)]);
    world.write("mona", "pay").await.unwrap();
    world.pass(SECOND).await;
    looking.await;
    world.pass(5 * SECOND).await;
    assert_eq!(world.sent(), ["Paid."]);
    assert_eq!(world.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_no_further_try_would_mend_is_taken_at_once() {
    let refused = Reply::After(10, FetchEnd::Refused { reason: "the secret `SHOP_KEY` is not set".to_owned() });
    for (reply, says) in [(after(50, 409), "Somebody was quicker."), (refused, "We cannot take it just now.")] {
        let world = World::new().await;
        world.systems_say([reply]);
        world.write("mona", "buy").await.unwrap();
        world.pass(SECOND).await;
        assert_eq!(world.sent(), [says]);
        assert_eq!(world.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_host_that_wants_to_be_asked_later_is_asked_later_or_not_at_all() {
    let later = |seconds| FetchEnd::Answered { status: 503, body: None, retry_after: Some(Duration::from_secs(seconds)) };
    let world = World::new().await;
    world.systems_say([Reply::After(50, later(3)), after(50, 200)]);
    world.write("mona", "buy").await.unwrap();
    world.pass(10 * SECOND).await;
    assert_eq!(world.sent(), ["Ordered: sent"]);
    let times = world.asked_at();
    assert!(times[1] - times[0] >= 3_000, "{times:?}");
    let world = World::new().await;
    world.systems_say([Reply::After(50, later(60)), after(50, 200)]);
    world.write("mona", "buy").await.unwrap();
    world.pass(SECOND).await;
    assert_eq!(world.sent(), ["We cannot take it just now."], "that would be too late for the customer");
}

#[tokio::test]
async fn nobody_waits_longer_than_the_sum_of_the_tries_and_what_was_written_meanwhile_comes_then() {
    let world = World::new().await;
    world.systems_say([Reply::Never, Reply::Never, Reply::Never]);
    world.write("mona", "buy").await.unwrap();
    assert_eq!(world.write("mona", "hello").await, Ok(Delivered::Done));
    world.pass_by(14_900, 100).await;
    assert!(world.sent().is_empty() || world.sent()[0] == "We cannot take it just now.");
    world.pass_by(SECOND, 100).await;
    assert_eq!(world.sent(), ["We cannot take it just now.", "Welcome!"], "three tries of 4 s, pauses of 1 s and 2 s");
    assert!(matches!(world.answers("mona").await[..], [(Answer::TimedOut, 3, 13_000..=15_000)]), "not by the timer");
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn another_customer_is_not_held_up_by_a_host_that_hangs() {
    let world = World::new().await;
    world.systems_say([Reply::Never]);
    world.write("mona", "track").await.unwrap();
    world.write("omar", "hello").await.unwrap();
    world.pass(SECOND).await;
    assert_eq!(world.sent(), ["Welcome!"]);
}

#[tokio::test]
async fn an_answer_that_comes_when_nobody_waits_any_more_changes_nothing() {
    let world = World::new().await;
    world.systems_say([after(3_000, 200)]);
    world.write("mona", "track").await.unwrap();
    let id = world.id("mona").await;
    world.handle.colleague(id, crate::engine::ColleagueAction::TakeOver).await.unwrap();
    world.pass(10 * SECOND).await;
    assert!(world.sent().is_empty());
    assert_eq!(world.answers("mona").await.len(), 1);
    let told = world.lines("mona").await.into_iter().flat_map(|line| line.trace);
    assert!(told.into_iter().any(|trace| trace.text.contains("nobody waits for any more")));
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn so_many_calls_at_once_and_no_more_of_one_host_and_in_all() {
    let limits = FetchLimits { at_once: 3, at_once_per_host: 2, waiting_max: 2 };
    let world = World::with(SteeredClock::frozen(START), crate::runtime::Options { fetching: limits, ..options() }).await;
    world.systems_say((0..12).map(|_| after(1_000, 200)));
    for number in 0..5 {
        world.write(&format!("customer-{number}"), "track").await.unwrap();
    }
    assert_eq!(world.asked().len(), 2, "two of the host");
    assert_eq!((world.handle.fetching().under_way, world.handle.fetching().waiting), (2, 2));
    world.pass(500).await;
    assert_eq!(world.sent(), ["We cannot look just now."], "the fifth is one too many");
    let why = &world.answers("customer-4").await[0];
    assert!(matches!(&why.0, Answer::Failed { reason } if reason == "too many calls wait"), "{why:?}");
    world.write("payer", "pay").await.unwrap();
    assert_eq!(world.asked().len(), 3, "another host has places of its own");
    world.pass(4 * SECOND).await;
    assert_eq!(world.sent().iter().filter(|text| *text == "sent").count(), 4, "those who waited had their turn");
    assert_eq!((world.handle.fetching().under_way, world.handle.fetching().waiting), (0, 0));
}

#[tokio::test]
async fn a_host_that_fails_again_and_again_is_left_in_peace_and_tried_again() {
    let world = World::new().await;
    world.systems_say((0..5).map(|_| after(20, 503)));
    for number in 0..5 {
        world.write(&format!("customer-{number}"), "track").await.unwrap();
        world.pass(200).await;
    }
    assert_eq!(world.handle.fetching().kept_away, ["https://shop.example"]);
    world.write("mona", "track").await.unwrap();
    world.pass(200).await;
    assert_eq!(world.asked().len(), 5, "not asked");
    let [(Answer::Failed { reason }, 0, _)] = &world.answers("mona").await[..] else { panic!("it was asked") };
    assert!(reason.starts_with("the host has failed 5 times in a row (status 503); it is tried in "), "{reason}");
    world.write("payer", "pay").await.unwrap();
    world.pass(200).await;
    assert_eq!(world.sent().last().map(String::as_str), Some("Paid."), "others are called");
    world.pass(10 * SECOND).await;
    world.write("omar", "track").await.unwrap();
    world.pass(SECOND).await;
    assert_eq!(world.sent().last().map(String::as_str), Some("sent"));
    assert!(world.handle.fetching().kept_away.is_empty());
    let measures = world.handle.measures();
    let count = |word| measures.fetches.iter().find(|(known, _)| *known == word).unwrap().1;
    assert_eq!((count("ok"), count("status_5xx"), count("kept_away"), count("other")), (2, 5, 1, 0));
    assert_eq!((measures.fetch_tries, measures.fetch.count), (7, 8));
}

// --- the process ends ----------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_process_that_ends_during_a_call_makes_it_again_where_twice_is_as_good_as_once() {
    let world = World::new().await;
    world.systems_say([Reply::Never]);
    world.write("mona", "track").await.unwrap();
    let world = world.crash_for(SECOND).await;
    world.pass(2 * SECOND).await;
    assert_eq!(world.asked().len(), 2);
    assert_eq!(world.sent(), ["sent"]);
    assert_eq!(world.answers("mona").await.len(), 1);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_post_with_retry_is_made_again_after_a_restart_with_the_key_that_it_had() {
    let world = World::new().await;
    world.systems_say([Reply::Never]);
    world.write("mona", "buy").await.unwrap();
    let world = world.crash_for(SECOND).await;
    world.pass(2 * SECOND).await;
    let asked = world.asked();
    assert!(asked.len() == 2 && asked[0] == asked[1] && asked[0].1.is_some(), "{asked:?}");
    assert_eq!(world.sent(), ["Ordered: sent"]);
}

#[tokio::test]
async fn a_post_without_retry_is_not_made_again_and_the_flow_is_told_why() {
    let world = World::new().await;
    world.systems_say([Reply::Never]);
    world.write("mona", "pay").await.unwrap();
    let world = world.crash().await;
    world.pass(2 * SECOND).await;
    assert_eq!(world.asked().len(), 1);
    assert_eq!(world.sent(), ["Not paid."]);
    let [(Answer::Failed { reason }, 0, _)] = &world.answers("mona").await[..] else { panic!("another answer") };
    assert!(reason.contains("nobody knows whether the call was made"), "{reason}");
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_call_whose_time_is_over_at_the_restart_is_not_made_again() {
    let world = World::new().await;
    world.systems_say([Reply::Never]);
    world.write("mona", "track").await.unwrap();
    let world = world.crash_for(5 * MINUTE).await;
    world.pass(2 * SECOND).await;
    assert_eq!(world.asked().len(), 1);
    assert_eq!(world.sent(), ["We cannot look just now."]);
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn a_call_that_has_ended_is_not_open_for_the_next_process() {
    let world = World::new().await;
    world.write("mona", "pay").await.unwrap();
    world.write("omar", "track").await.unwrap();
    world.pass(30).await;
    let world = world.crash().await;
    world.pass(5 * MINUTE).await;
    assert_eq!(world.asked().len(), 2);
    assert_eq!(world.sent().iter().collect::<BTreeSet<_>>().len(), 2, "{:?}", world.sent());
}

#[tokio::test]
async fn a_server_that_is_stopped_waits_for_the_answer_and_begins_no_further_try() {
    let world = World::new().await;
    world.systems_say([after(SECOND, 200), after(100, 500)]);
    world.write("mona", "track").await.unwrap();
    world.write("omar", "buy").await.unwrap();
    world.pass_by(200, 50).await;
    let stopping = world.handle.clone();
    let stopped = tokio::spawn(async move { stopping.shutdown().await });
    world.pass_by(3 * SECOND, 100).await;
    assert!(stopped.is_finished(), "it waits for answers, not for pauses");
    assert_eq!(world.asked().len(), 2, "no further try");
    assert_eq!(world.answers("mona").await.len(), 1, "committed before the end");
    assert_eq!(world.answers("omar").await.len(), 0, "left open");
    let world = world.crash().await;
    world.pass(4 * SECOND).await;
    assert_eq!(world.sent().iter().collect::<BTreeSet<_>>().len(), 2, "{:?}", world.sent());
    assert_eq!(world.asked().len(), 3);
}

#[tokio::test]
async fn of_several_processes_the_one_that_took_the_message_makes_the_call() {
    let (one, two) = World::pair().await;
    two.systems_say([after(300, 200)]);
    two.write("mona", "pay").await.unwrap();
    let read = two.delivery(SHOP, "mona", None, Input::Read { until: START });
    one.handle.deliver(read).await.unwrap();
    one.pass(3 * SECOND).await;
    assert_eq!(one.asked().len(), 1, "made once");
    assert_eq!(one.sent(), ["Paid."]);
    one.assert_replays("mona").await;
}

#[tokio::test]
async fn whoever_takes_over_makes_open_calls_again_only_where_it_does_no_harm() {
    let (one, two) = World::pair().await;
    one.systems_say([Reply::Never, Reply::Never]);
    // Longer than a lease: its time must not be over when the other one takes over.
    one.write("mona", "slow").await.unwrap();
    one.write("omar", "slow payment").await.unwrap();
    assert_eq!(one.asked().len(), 2);
    one.die().await;
    two.pass(20 * SECOND).await;
    let asked = two.asked();
    assert_eq!(asked.iter().filter(|(method, _)| *method == Method::Get).count(), 2, "{asked:?}");
    assert_eq!(asked.iter().filter(|(method, _)| *method == Method::Post).count(), 1, "{asked:?}");
    two.pass(60 * SECOND).await;
    assert_eq!(two.sent().iter().collect::<BTreeSet<_>>().len(), 2, "{:?}", two.sent());
    assert!(two.sent().contains(&"Not paid.".to_owned()), "it ends in its time: {:?}", two.sent());
}
