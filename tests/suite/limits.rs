//! The channel's limits, held by the whole server against a judge that counts for itself.

use std::sync::atomic::Ordering;

use rejoinder::bot::{Bot, Op, WaitFor};
use rejoinder::engine::{ColleagueAction, Input};
use rejoinder::runtime::ReplyState::{Dropped, Held, LookedUp, Sent, Withdrawn};
use rejoinder::simulator::{FaultKind, Source};

use crate::town::{HOUR, SECOND, Town, bot, nap};

const MINUTE: i64 = 60 * SECOND;

/// A flow that says twelve things in one go. The checker refuses such a flow, so it is put together behind its back: what
/// runs must not lean on what was proved.
fn twelve() -> Bot {
    let says = |from: u32| (from..from + 6).map(|n| format!("    say \"text {n}\" keep apart\n")).collect::<String>();
    let mut bot = bot(&format!(
        "bot \"Twelve\" {{ languages en }}\n\nflow count {{\n    on message \"count\"\n\n{}}}\n\nflow more {{\n    on message \"more\"\n\n{}}}\n\nflow hello {{\n    on message \"hello\"\n\n    say \"Welcome!\"\n}}\n",
        says(1),
        says(7)
    ));
    let more = bot.flow("more").unwrap().steps.clone();
    bot.flows.iter_mut().find(|flow| &*flow.name == "count").unwrap().steps.extend(more);
    bot
}

fn numbered(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|n| format!("text {n}")).collect()
}

// --- ten replies -----------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_waits_until_the_customer_writes() {
    let town = Town::running(twelve()).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    assert_eq!(town.hears(&mona, 10).await, numbered(1..=10));
    for held in town.stand(&mona, Held, 2).await {
        assert!(held.reason.contains("all ten replies"), "{held:?}");
    }
    town.write(&mona, "go on");
    assert_eq!(town.hears(&mona, 12).await, numbered(1..=12));
    town.stand(&mona, Sent, 12).await;
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn held_replies_are_dropped_with_a_reason_when_nobody_wants_them_any_more() {
    let town = Town::running(twelve()).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    town.stand(&mona, Held, 2).await;
    town.stand(&mona, Sent, 10).await;
    town.jump(23 * HOUR);
    town.silent(&mona).await;
    town.stand(&mona, Held, 2).await;
    town.jump(HOUR + MINUTE);
    for dropped in town.stand(&mona, Dropped, 2).await {
        assert_eq!(dropped.reason, "the customer did not write while it was wanted");
    }
    town.write(&mona, "go on");
    town.silent(&mona).await;
    assert_eq!(town.heard(&mona).len(), 10);
    town.no_violations();
}

/// TikTok's own messages count, and nobody takes over.
#[tokio::test(flavor = "multi_thread")]
async fn automatic_messages_use_up_replies_while_a_flow_talks() {
    let town = Town::running(twelve()).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    town.until(&mona, "three replies", async |town| town.heard(&mona).len() >= 3).await;
    for n in 1..=4 {
        town.automatic(&mona, &format!("Did you know? {n}"));
    }
    let held = town.stand(&mona, Held, 6).await;
    assert!(held.iter().all(|held| held.reason.contains("all ten replies")), "{held:#?}");
    town.hears(&mona, 6).await;
    assert_eq!(town.counted(&mona), 10);
    town.write(&mona, "go on");
    assert_eq!(town.hears(&mona, 12).await, numbered(1..=12));
    town.reasons(&mona).await;
    town.no_violations();
}

/// Another program of the business writes through the API: its messages count, and it takes nothing over.
#[tokio::test(flavor = "multi_thread")]
async fn another_program_uses_up_replies_and_takes_nothing_over() {
    let town = Town::running(twelve()).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    town.until(&mona, "three replies", async |town| town.heard(&mona).len() >= 3).await;
    for n in 1..=3 {
        town.colleague(&mona, &format!("from elsewhere {n}"), Source::Api);
    }
    town.stand(&mona, Held, 5).await;
    town.stand(&mona, Sent, 7).await;
    town.jump(11 * SECOND);
    town.silent(&mona).await;
    assert_eq!(town.counted(&mona), 10);
    town.write(&mona, "go on");
    town.stand(&mona, Sent, 12).await;
    town.no_violations();
}

/// Whose message it is becomes certain after a grace: it counts at once, and then it is a takeover.
#[tokio::test(flavor = "multi_thread")]
async fn an_echo_of_unknown_origin_counts_at_once_and_takes_over_after_a_grace() {
    let town = Town::running(twelve()).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    town.until(&mona, "three replies", async |town| town.heard(&mona).len() >= 3).await;
    for n in 1..=4 {
        town.colleague(&mona, &format!("from a tool {n}"), Source::Others);
    }
    town.stand(&mona, Held, 6).await;
    town.hears(&mona, 6).await;
    town.jump(11 * SECOND);
    let withdrawn = town.stand(&mona, Withdrawn, 6).await;
    assert!(withdrawn.iter().all(|told| !told.reason.is_empty()), "{withdrawn:#?}");
    town.write(&mona, "hello");
    town.silent(&mona).await;
    assert_eq!(town.heard(&mona).len(), 6);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleagues_message_in_the_middle_takes_over_and_a_release_gives_back() {
    let town = Town::running(twelve()).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    town.until(&mona, "three replies", async |town| town.heard(&mona).len() >= 3).await;
    town.colleague(&mona, "I take it from here", Source::App);
    let ours = |input: &Input| matches!(input, Input::Echo(echo) if echo.text == "I take it from here");
    town.until(&mona, "the echo", async |town| town.history(&mona).await.iter().any(|(_, entry)| ours(&entry.input))).await;
    // At most the one that was on its way passes.
    let ended = async |town: &Town| town.told(&mona).await.iter().all(|told| matches!(told.state, Sent | Withdrawn));
    town.until(&mona, "the end of all replies", ended).await;
    town.silent(&mona).await;
    assert_eq!(town.marks_after(&mona, |entry| ours(&entry.input)).await, 0);
    town.reasons(&mona).await;
    let sent = town.heard(&mona).len();
    let withdrawn = town.stand(&mona, Withdrawn, 12 - sent).await;
    assert!(withdrawn.iter().all(|told| told.reason.contains("colleague")), "{withdrawn:#?}");

    town.write(&mona, "hello");
    town.silent(&mona).await;
    assert_eq!(town.heard(&mona).len(), sent);
    town.acts(&mona, ColleagueAction::Release).await;
    town.silent(&mona).await;
    town.write(&mona, "hello");
    assert_eq!(town.hears(&mona, sent + 1).await.last().unwrap(), "Welcome!");
    town.no_violations();
}

// --- 48 hours --------------------------------------------------------------------------------------------------------

/// Says two things as late as the checker lets it.
const LATE: &str = r#"bot "Late" { languages en }

flow late {
    on message "late"

    wait 47h54m59s
    say "just in time" keep apart
    say "and one more" keep apart
}
"#;

/// A frozen town in which Mona has written and the flow waits; the moment at which her window closes.
async fn late(margin_ms: i64) -> (Town, String, rejoinder::calendar::Moment) {
    let town = Town::frozen(bot(LATE), margin_ms).await;
    let mona = town.customer("Mona", "EG");
    let written = town.write(&mona, "late").message.at;
    town.until(&mona, "the run to wait", async |town| town.lines(&mona, "message").await == 1).await;
    (town, mona, written.plus_ms(48 * HOUR))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_moment_is_one_millisecond_before_the_margin() {
    let (town, mona, closes) = late(5 * MINUTE).await;
    town.jump_to(closes.plus_ms(-5 * MINUTE - 1));
    assert_eq!(town.hears(&mona, 1).await, ["just in time"]);
    // The second was queued inside; the app's pace lets it go a tenth of a second later, which is too late.
    town.jump(200);
    let held = town.stand(&mona, Held, 1).await;
    assert!(held[0].reason.contains("48 hours"), "{held:?}");
    town.silent(&mona).await;
    town.jump(48 * HOUR);
    let dropped = town.stand(&mona, Dropped, 1).await;
    assert_eq!(dropped[0].reason, "the customer did not write while it was wanted");
    assert_eq!(town.heard(&mona).len(), 1);
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_at_the_margin() {
    let (town, mona, closes) = late(5 * MINUTE).await;
    town.jump_to(closes.plus_ms(-5 * MINUTE));
    let held = town.stand(&mona, Held, 2).await;
    assert!(held.iter().all(|held| held.reason.contains("48 hours")), "{held:?}");
    town.silent(&mona).await;
    assert!(town.heard(&mona).is_empty());
    // She writes while they are wanted: both leave in a new window.
    town.write(&mona, "go on");
    town.until(&mona, "the first", async |town| town.heard(&mona).len() == 1).await;
    town.jump(200);
    town.hears(&mona, 2).await;
    town.no_violations();
}

/// A margin of nothing still leaves a minute, the clocks' difference and the time of one call: about 70.5 s.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_margin_the_edge_leaves_room_for_one_call() {
    let (town, mona, closes) = late(0).await;
    town.jump_to(closes.plus_ms(-72 * SECOND));
    assert_eq!(town.hears(&mona, 1).await, ["just in time"]);
    town.jump_to(closes.plus_ms(-70 * SECOND));
    let held = town.stand(&mona, Held, 1).await;
    assert!(held[0].reason.contains("48 hours"), "{held:?}");
    town.jump_to(closes);
    town.silent(&mona).await;
    town.no_violations();
    for late_ms in [-70 * SECOND, 0, 1] {
        let (town, mona, closes) = late(0).await;
        town.jump_to(closes.plus_ms(late_ms));
        town.stand(&mona, Held, 2).await;
        town.silent(&mona).await;
        assert!(town.heard(&mona).is_empty());
        assert!(town.simulator.calls(0).iter().all(|call| !call.path.contains("message/send")));
    }
}

/// The checker refuses to wait so long before a reply; the gate does so on its own.
#[tokio::test(flavor = "multi_thread")]
async fn after_fifty_hours_nothing_reaches_the_customer_and_the_reason_is_kept() {
    let mut bot = bot(LATE);
    for step in &mut bot.flows[0].steps {
        if let Op::Wait(wait) = &mut step.op {
            *wait = WaitFor::Duration(50 * HOUR);
        }
    }
    let town = Town::running(bot).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "late");
    town.until(&mona, "the run to wait", async |town| town.lines(&mona, "message").await == 1).await;
    town.jump(50 * HOUR + SECOND);
    let held = town.stand(&mona, Held, 2).await;
    assert!(held.iter().all(|held| held.reason.contains("48 hours")), "{held:?}");
    town.jump(25 * HOUR);
    town.stand(&mona, Dropped, 2).await;
    town.reasons(&mona).await;
    assert!(town.heard(&mona).is_empty());
    town.no_violations();
}

// --- opt-out ---------------------------------------------------------------------------------------------------------

const OUT: &str = r#"bot "Out" {
    languages en
    opt out on "stop" say "No more from me."
    opt in on "start"
}

flow hello {
    on message "hello"

    say "Welcome!"
}

flow name {
    on message "name"

    ask name: text(20) "What is your name?" {
        within 1h {
            say "Never mind."
            stop
        }
        nudge after 10m "Still there?"
    }
}

flow later {
    on message "later"

    wait 1h
    say "An hour has passed."
}

flow human {
    on message "human"

    handoff "asked for a colleague" {
        nobody in 10m say "Sorry for the delay."
        released say "I am back."
    }
}

flow count {
    on message "count"

    say "one" keep apart
    say "two" keep apart
    say "three" keep apart
    say "four" keep apart
    say "five" keep apart
    say "six" keep apart
}

flow lost {
    on fallback

    say "What?"
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_silences_the_bot_in_every_state() {
    let town = Town::running(bot(OUT)).await;
    let people: Vec<(&str, String)> =
        ["nobody", "hello", "name", "later", "human", "taken"].map(|state| (state, town.customer(state, "EG"))).into();
    for (state, customer) in &people {
        match *state {
            "nobody" => {}
            "taken" => {
                town.write(customer, "hello");
                town.hears(customer, 1).await;
                town.colleague(customer, "I am here", Source::App);
                let taken = async |town: &Town| town.lines(customer, "echo").await >= 2;
                town.until(customer, "the takeover", taken).await;
            }
            word => {
                town.write(customer, word);
                town.until(customer, "the state", async |town| town.lines(customer, "message").await == 1).await;
            }
        }
    }
    nap(800).await;
    let mut heard = Vec::new();
    for (state, customer) in &people {
        town.write(customer, "STOP!");
        // Where a colleague speaks, even the confirmation stays away.
        let answered = async |town: &Town| match *state {
            "taken" => town.state(customer).await.status().opted_out,
            _ => town.heard(customer).last().is_some_and(|last| last == "No more from me."),
        };
        town.until(customer, "the opt-out", answered).await;
        heard.push(town.heard(customer));
    }
    // Every timer that was running passes; customers write, a colleague gives back.
    town.jump(2 * HOUR);
    for (state, customer) in &people {
        for text in ["hello", "name", "anything"] {
            town.write(customer, text);
        }
        if ["human", "taken"].contains(state) {
            town.acts(customer, ColleagueAction::Release).await;
        }
    }
    town.jump(24 * HOUR);
    nap(600).await;
    for ((state, customer), heard) in people.iter().zip(&heard) {
        assert_eq!(&town.heard(customer), heard, "{state}");
        town.reasons(customer).await;
    }
    for ((state, customer), heard) in people.iter().zip(&heard) {
        town.write(customer, "start");
        town.write(customer, "hello");
        let back = town.hears(customer, heard.len() + 1).await;
        assert_eq!(back.last().unwrap(), "Welcome!", "{state}");
    }
    town.no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_in_the_middle_of_a_talk_withdraws_the_rest() {
    let town = Town::running(bot(OUT)).await;
    let mona = town.customer("Mona", "EG");
    town.write(&mona, "count");
    town.until(&mona, "two replies", async |town| town.heard(&mona).len() >= 2).await;
    town.write(&mona, "stop");
    let confirmed = async |town: &Town| town.heard(&mona).last().is_some_and(|last| last == "No more from me.");
    town.until(&mona, "the confirmation", confirmed).await;
    town.silent(&mona).await;
    let said_stop = |input: &Input| matches!(input, Input::Message(message) if format!("{:?}", message.body).contains("stop"));
    assert_eq!(town.marks_after(&mona, |entry| said_stop(&entry.input)).await, 1, "the confirmation alone");
    let withdrawn = town.stand(&mona, Withdrawn, 7 - town.heard(&mona).len()).await;
    assert!(withdrawn.iter().all(|told| told.reason.contains("no automatic messages") || !told.reason.is_empty()));
    town.no_violations();
}

// --- deliveries ------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn one_webhook_twice_at_once_and_again_sixty_hours_later_has_one_effect() {
    let town = Town::running(bot(OUT)).await;
    let mona = town.customer("Mona", "EG");
    town.fault(FaultKind::Duplicate, |fault| (fault.endpoint, fault.stored) = (None, None));
    town.write(&mona, "hello");
    town.hears(&mona, 1).await;
    let bodies: Vec<_> =
        town.bodies.lock().unwrap().iter().filter(|body| body.windows(14).any(|w| w == b"im_receive_msg")).cloned().collect();
    assert_eq!(bodies.len(), 2, "the simulator delivered it twice");
    for later in [0, 0, HOUR, 59 * HOUR] {
        town.jump(later);
        let (one, two) = tokio::join!(town.deliver(bodies[0].clone(), &bodies[0]), town.deliver(bodies[0].clone(), &bodies[0]));
        assert_eq!((one, two), (200, 200));
    }
    town.silent(&mona).await;
    assert_eq!(town.heard(&mona), ["Welcome!"]);
    assert_eq!(town.lines(&mona, "message").await, 1);
    assert!(town.runtime().counts().duplicates >= 9, "{:?}", town.runtime().counts());
    assert!(town.doors().counters.accepted.load(Ordering::Relaxed) >= 10);
    town.no_violations();
}

// --- images ----------------------------------------------------------------------------------------------------------

const PICTURE: &str = r#"bot "Picture" { languages en }

flow sizes {
    on message "sizes"

    image "sizes.png" else say "The table is on our page."
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_uploaded_once_where_it_is_allowed_and_replaced_where_it_is_not() {
    let town = Town::running(bot(PICTURE)).await;
    let [mona, aya, soo] = [("Mona", "EG"), ("Aya", "EG"), ("Soo", "KR")].map(|(name, country)| town.customer(name, country));
    town.write(&soo, "sizes");
    assert_eq!(town.hears(&soo, 1).await, ["The table is on our page."]);
    let uploads = || town.simulator.calls(0).iter().filter(|call| call.path.contains("upload")).count();
    assert_eq!(uploads(), 0);
    town.write(&mona, "sizes");
    let first = town.hears(&mona, 1).await;
    assert!(first[0].starts_with("[image "), "{first:?}");
    town.write(&aya, "sizes");
    assert_eq!(town.hears(&aya, 1).await, first, "the same uploaded file");
    assert_eq!(uploads(), 1);
    town.no_violations();
}

// --- pace ------------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn forty_customers_at_once_are_all_answered_within_the_pace() {
    let town = Town::running(bot(OUT)).await;
    let people: Vec<String> = (0..40).map(|n| town.customer(&format!("Customer {n}"), "EG")).collect();
    for customer in &people {
        town.write(customer, "hello");
    }
    for customer in &people {
        town.until(customer, "an answer", async |town| town.heard(customer) == ["Welcome!"]).await;
    }
    let calls = town.simulator.calls(0);
    assert!(calls.iter().all(|call| call.in_second <= 10), "{calls:#?}");
    assert!(calls.iter().any(|call| call.in_second >= 9), "the pace is used");
    town.no_violations();
}

// --- a restart -------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn held_queued_marked_and_unknown_replies_survive_a_restart() {
    let mut town = Town::running(twelve()).await;
    let [mona, somchai, lucia] = ["Mona", "Somchai", "Lucía"].map(|name| town.customer(name, "EG"));
    town.write(&mona, "count");
    town.stand(&mona, Held, 2).await;
    town.stand(&mona, Sent, 10).await;
    town.fault(FaultKind::EchoNever, |fault| (fault.endpoint, fault.stored) = (None, None));
    town.fault(FaultKind::Reset, |_| {});
    town.write(&somchai, "hello");
    town.stand(&somchai, LookedUp, 1).await;
    town.fault(FaultKind::EchoNever, |fault| (fault.endpoint, fault.stored) = (None, None));
    town.fault(FaultKind::Slow, |fault| fault.ms = Some(8_000));
    town.write(&lucia, "count");
    town.until(&lucia, "the first reply on its way", async |town| town.heard(&lucia).len() == 1).await;

    town.restart().await;
    // What is unknown is looked up five seconds after its end.
    town.jump(6 * SECOND);
    assert_eq!(town.hears(&lucia, 10).await, numbered(1..=10));
    assert_eq!(town.hears(&somchai, 1).await, ["Welcome!"]);
    town.stand(&somchai, Sent, 1).await;
    town.stand(&mona, Held, 2).await;
    assert_eq!(town.heard(&mona).len(), 10);
    for customer in [&mona, &lucia] {
        town.stand(customer, Held, 2).await;
        town.write(customer, "go on");
        assert_eq!(town.hears(customer, 12).await, numbered(1..=12));
        town.reasons(customer).await;
    }
    let found = town.simulator.violations();
    assert!(found.violations.is_empty() && found.suspicions.is_empty(), "{found:#?}");
}
