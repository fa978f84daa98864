//! What goes out: in the app's pace, once, and with every outcome accounted for.

use super::world::{CAFE, MINUTE, SHOP, Seen, World, token, unknown};
use crate::channel::{NotSent, Outcome, RefusalScope};
use crate::engine::EchoSource;
use crate::runtime::Delivered;

fn most_in_a_second(calls: &[Seen]) -> usize {
    let within = |from: &Seen| calls.iter().filter(|call| (0..1_000).contains(&call.at.since_ms(from.at))).count();
    calls.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn many_conversations_leave_at_the_apps_pace_and_not_faster() {
    let world = World::new().await;
    for customer in 0..80 {
        let delivery = world.text(SHOP, &format!("customer-{customer}"), "hello");
        world.handle.deliver(delivery).await.unwrap();
    }
    world.pass_by(5_000, 1).await;
    let calls = world.calls();
    assert!(most_in_a_second(&calls) <= 10, "{}", most_in_a_second(&calls));
    assert!(calls.len() >= 47, "{} calls in five seconds, 9.3 a second are expected", calls.len());
    world.pass(5_000).await;
    assert_eq!(world.sent().len(), 80);
    assert!(world.outbox().await.is_empty());
}

#[tokio::test]
async fn texts_leave_as_one_while_the_queue_is_long_and_no_longer() {
    let world = World::new().await;
    for customer in 0..40 {
        world.write(&format!("customer {customer}"), "hello").await.unwrap();
    }
    world.write("mona", "pair").await.unwrap();
    world.pass(20_000).await;
    assert!(world.sent().contains(&"First.\n\nSecond.".to_owned()), "{:?}", world.sent());
    world.write("mona", "pair").await.unwrap();
    world.pass(5_000).await;
    assert!(world.sent().ends_with(&["First.".to_owned(), "Second.".to_owned()]), "{:?}", world.sent());
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn every_kind_of_call_shares_the_pace() {
    let world = World::new().await;
    for customer in 0..40 {
        let text = ["hello", "picture", "polite", "twice"][customer % 4];
        let delivery = world.text(SHOP, &format!("customer-{customer}"), text);
        world.handle.deliver(delivery).await.unwrap();
    }
    world.pass(60_000).await;
    let calls = world.calls();
    assert!(most_in_a_second(&calls) <= 10);
    for what in ["send", "upload", "capability"] {
        assert!(world.count(what) > 0, "no {what} in {calls:?}");
    }
    assert_eq!(world.count("upload"), 1, "one upload for all who get the picture");
    assert_eq!(world.sent().len(), 10 + 10 + 10 + 20);
}

#[tokio::test]
async fn replies_of_one_conversation_keep_their_order_and_wait_for_each_other() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 700;
    world.write("mona", "twice").await.unwrap();
    world.pass(600).await;
    assert_eq!(world.sent(), ["One."]);
    world.pass(2_000).await;
    assert_eq!(world.sent(), ["One.", "Two."]);
}

#[tokio::test]
async fn a_loud_account_leaves_every_second_place_to_the_quiet_one() {
    let world = World::new().await;
    for customer in 0..50 {
        let delivery = world.text(SHOP, &format!("customer-{customer}"), "hello");
        world.handle.deliver(delivery).await.unwrap();
    }
    for customer in 0..3 {
        let delivery = world.text(CAFE, &format!("guest-{customer}"), "hello");
        world.handle.deliver(delivery).await.unwrap();
    }
    world.pass(1_500).await;
    let served = world.calls().iter().filter(|call| call.open_id == CAFE).count();
    assert_eq!(served, 3, "{:?}", world.calls());
}

#[tokio::test]
async fn an_echo_before_the_answer_is_our_own_and_counts_once() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 500;
    world.answer(Outcome::Sent { message_id: "m-1".to_owned() });
    world.write("mona", "hello").await.unwrap();
    world.pass(100).await;
    let echo = world.echo("mona", "m-1", EchoSource::Unknown, "Welcome!");
    assert_eq!(world.handle.deliver(echo).await, Ok(Delivered::Done));
    world.pass(1_000).await;
    let view = world.handle.conversation(world.id("mona").await, 100).await.unwrap().unwrap();
    assert_eq!(view.conversation.unwrap().replies_left(), 9);
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.sent().len(), 2, "no takeover");
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn too_many_calls_pause_the_app_and_the_same_reply_goes_again() {
    let world = World::new().await;
    world.answer(Outcome::NotSent(NotSent::TooFast { pause_ms: 0 }));
    world.write("mona", "hello").await.unwrap();
    world.write("omar", "hello").await.unwrap();
    world.pass(5_000).await;
    let calls = world.calls();
    assert_eq!(calls.len(), 3, "{calls:?}");
    let pause = calls.last().unwrap().at.since_ms(calls[0].at);
    assert!(pause >= 1_100, "{pause}");
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_same_reply_goes_again() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 300;
    world.answer(token());
    world.answer(token());
    for customer in ["mona", "omar", "nour"] {
        world.write(customer, "hello").await.unwrap();
    }
    world.pass(5_000).await;
    assert_eq!(world.count("renew"), 1, "{:?}", world.calls());
    for customer in ["mona", "omar", "nour"] {
        assert_eq!(world.replies(customer).await, ["Welcome!: Sent"]);
    }
}

#[tokio::test]
async fn a_renewed_token_that_is_refused_parks_the_account_and_nobody_else() {
    let world = World::new().await;
    world.answer(token());
    world.answer(token());
    world.write("mona", "hello").await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.sent().len(), 2);
    let reports = world.handle.reports().await;
    assert_eq!(reports[0].parked[0].0, SHOP);
    world.handle.deliver(world.text(CAFE, "guest", "hello")).await.unwrap();
    world.pass(5_000).await;
    assert_eq!(world.calls().last().unwrap().open_id, CAFE);
    world.handle.unpark(super::world::APP, SHOP);
    world.pass(5_000).await;
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
}

#[tokio::test]
async fn an_account_whose_renewed_token_was_refused_goes_on_when_tiktok_takes_it_again() {
    let world = World::new().await;
    for _ in 0..3 {
        world.answer(token());
    }
    world.write("mona", "hello").await.unwrap();
    world.pass(9 * MINUTE).await;
    assert_eq!((world.count("renew"), world.sent().len()), (1, 2));
    // Ten minutes later one message finds out that it is still refused; then twenty.
    world.pass(2 * MINUTE).await;
    assert_eq!((world.count("renew"), world.sent().len()), (2, 3));
    world.pass(21 * MINUTE).await;
    assert_eq!((world.count("renew"), world.sent().len()), (3, 4));
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    assert!(world.handle.reports().await[0].parked.is_empty());
}

#[tokio::test]
async fn what_a_parked_account_could_not_send_ends_with_its_window_and_a_reason() {
    let world = World::new().await;
    world.answer(Outcome::Refused { code: 40_001, text: "no permission".to_owned(), scope: RefusalScope::Account });
    world.write("mona", "hello").await.unwrap();
    world.write("omar", "hello").await.unwrap();
    world.pass(47 * 60 * MINUTE).await;
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.outbox().await.len(), 1);
    world.pass(2 * 60 * MINUTE).await;
    assert_eq!(world.sent().len(), 1);
    assert!(world.outbox().await.is_empty());
    let line = world.lines("omar").await.pop().unwrap();
    let reply = line.reply.unwrap();
    assert!(reply.reason.is_some() && reply.ended.is_some(), "{reply:?}");
}

#[tokio::test]
async fn an_unknown_outcome_that_the_list_shows_is_sent_and_never_repeated() {
    let world = World::new().await;
    world.answer(unknown());
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.replies("mona").await, ["Welcome!: LookedUp"]);
    let shown = ("Welcome!".to_owned(), "m-9".to_owned(), super::world::START.plus_ms(50));
    world.script.listed.lock().unwrap().push(shown);
    world.pass(200_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(world.count("list"), 1);
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    assert!(world.outbox().await.is_empty());
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn an_unknown_outcome_is_sent_once_more_only_after_three_looks_show_that_it_is_absent() {
    let world = World::new().await;
    world.answer(unknown());
    world.answer(unknown());
    world.write("mona", "hello").await.unwrap();
    world.pass(119_000).await;
    assert_eq!(world.sent().len(), 1);
    world.pass(600_000).await;
    assert_eq!(world.sent().len(), 2);
    assert!(world.count("list") <= 6, "{}", world.count("list"));
    assert!(world.outbox().await.is_empty());
    assert_eq!(world.replies("mona").await, ["Welcome!: Unknown"]);
}

#[tokio::test]
async fn a_call_that_never_comes_back_is_unknown_and_holds_nobody_up() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 3_600_000;
    world.write("mona", "hello").await.unwrap();
    world.pass(100).await;
    *world.script.latency_ms.lock().unwrap() = 20;
    world.write("omar", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.replies("omar").await, ["Welcome!: Sent"]);
    world.pass(20_000).await;
    assert_eq!(world.replies("mona").await, ["Welcome!: LookedUp"]);
}

#[tokio::test]
async fn an_image_is_uploaded_once_and_again_when_tiktok_lost_it() {
    let world = World::new().await;
    world.write("mona", "picture").await.unwrap();
    world.pass(3_000).await;
    assert_eq!(world.sent(), ["shirt.png"]);
    world.answer(Outcome::NotSent(NotSent::MediaGone));
    world.write("omar", "picture").await.unwrap();
    world.pass(3_000).await;
    assert_eq!(world.count("upload"), 2, "{:?}", world.calls());
    assert_eq!(world.replies("omar").await, ["shirt.png: Sent"]);
}

#[tokio::test]
async fn an_image_waits_for_the_token_and_ends_with_a_reason_when_nobody_takes_it() {
    let world = World::new().await;
    world.script.uploads.lock().unwrap().extend([token()]);
    world.script.renewals.lock().unwrap().extend([unknown(), unknown(), unknown()]);
    world.write("mona", "picture").await.unwrap();
    world.pass(60_000).await;
    assert_eq!(world.replies("mona").await, ["shirt.png: Sent"], "{:?}", world.calls());
    let world = World::new().await;
    world.script.uploads.lock().unwrap().extend((0..9).map(|_| unknown()));
    world.write("omar", "picture").await.unwrap();
    world.pass(60_000).await;
    assert_eq!((world.sent().len(), world.count("upload")), (0, 3));
    assert_eq!(world.replies("omar").await, ["shirt.png: Refused"]);
    assert!(world.outbox().await.is_empty());
}

#[tokio::test]
async fn clocks_that_differ_by_more_than_five_minutes_stop_every_send_until_they_agree() {
    let world = World::new().await;
    *world.script.skew_ms.lock().unwrap() = Some(-301_000);
    world.write("mona", "hello").await.unwrap();
    world.pass(65_000).await;
    assert!(world.sent().is_empty());
    let looks = world.count("list");
    assert!((6..=8).contains(&looks), "TikTok's time is asked for: {looks}");
    let report = world.handle.reports().await.remove(0);
    assert_eq!((report.clock_ms, report.clock_stops, report.ready), (Some(-301_000), true, 1));
    *world.script.skew_ms.lock().unwrap() = Some(300_000);
    // After a minute it is asked for every twenty seconds.
    world.pass(25_000).await;
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    assert!(world.count("list") <= looks + 1);
    assert!(!world.handle.reports().await[0].clock_stops);
}

#[tokio::test]
async fn a_denied_courtesy_stops_no_message() {
    let world = World::new().await;
    let denied = Outcome::Refused { code: 40_001, text: "no scope".to_owned(), scope: RefusalScope::Account };
    world.script.courtesies.lock().unwrap().extend([denied.clone(), denied]);
    world.write("mona", "polite").await.unwrap();
    world.pass(40_000).await;
    assert!(world.count("seen") > 0);
    assert_eq!(world.sent(), ["Thank you for waiting."]);
}

#[tokio::test]
async fn where_images_are_not_allowed_the_author_has_another_word() {
    let world = World::new().await;
    *world.script.images.lock().unwrap() = false;
    world.write("mona", "picture").await.unwrap();
    world.pass(3_000).await;
    assert_eq!(world.sent(), ["No pictures here."]);
    assert_eq!(world.count("upload"), 0);
}

#[tokio::test]
async fn courtesies_leave_when_the_app_is_idle_and_never_instead_of_a_reply() {
    let world = World::new().await;
    world.write("mona", "polite").await.unwrap();
    world.pass(1_000).await;
    assert_eq!((world.count("seen"), world.count("typing")), (1, 1));
    for customer in 0..30 {
        let delivery = world.text(SHOP, &format!("customer-{customer}"), "hello");
        world.handle.deliver(delivery).await.unwrap();
    }
    world.write("omar", "polite").await.unwrap();
    world.pass(2_500).await;
    assert_eq!((world.count("seen"), world.count("typing")), (1, 1), "{:?}", world.calls());
}

#[tokio::test]
async fn a_shutdown_waits_for_the_answer_and_commits_it() {
    let world = World::new().await;
    *world.script.latency_ms.lock().unwrap() = 3_000;
    world.write("mona", "hello").await.unwrap();
    world.pass(100).await;
    world.write("omar", "hello").await.unwrap();
    let handle = world.handle.clone();
    let ending = tokio::spawn(async move { handle.shutdown().await });
    world.pass(4_000).await;
    assert!(ending.is_finished());
    assert_eq!(world.replies("mona").await, ["Welcome!: Sent"]);
    assert!(world.handle.deliver(world.text(SHOP, "nour", "hello")).await.is_err());
    let world = world.crash().await;
    world.pass(5_000).await;
    assert_eq!(world.replies("omar").await, ["Welcome!: Sent"]);
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test]
async fn mail_that_the_clock_refuses_lets_tiktok_be_asked_for_its_time_but_not_often() {
    let world = World::new().await;
    for _ in 0..5 {
        world.handle.doubt_the_clock();
        world.pass(1_000).await;
    }
    assert_eq!(world.count("list"), 1);
    world.pass(10_000).await;
    world.handle.doubt_the_clock();
    world.pass(1_000).await;
    assert_eq!(world.count("list"), 2);
}
