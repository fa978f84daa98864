//! Marks, answers, echoes, and outcomes that nobody knows.

use super::builder::{H, M, S, bot, words};
use super::chat::{Chat, chat};
use crate::channel::{NotSent, Outcome, RefusalScope, fingerprint};
use crate::engine::{Body, Echo, EchoSource, Effect, End, Input, Listed, Listing, ReplyId, Speaker};

fn talker() -> Chat {
    let bot = bot().flow("hi", |f| f.on(words(&["hi"])).say("one").say("two")).build();
    let mut chat = chat(bot);
    chat.sends = false;
    chat.customer("hi");
    chat
}

fn sent(id: &str) -> Outcome {
    Outcome::Sent { message_id: id.to_owned() }
}

fn unknown() -> Outcome {
    Outcome::Unknown { text: "time-out".to_owned() }
}

fn looks(chat: &Chat) -> usize {
    chat.effects.iter().filter(|effect| **effect == Effect::LookUp).count()
}

#[test]
fn only_the_head_is_marked_and_only_one_attempt_is_open() {
    let mut chat = talker();
    chat.feed(Input::MaySend { reply: ReplyId(2) });
    assert!(chat.noted("gate", "has not its turn"));
    let attempt = chat.mark().unwrap();
    assert_eq!(attempt, (ReplyId(1), 1));
    assert_eq!(chat.state.candidate(), None);
    assert_eq!(chat.state.open_attempt().map(|open| open.reply), Some(ReplyId(1)));
    chat.feed(Input::MaySend { reply: ReplyId(2) });
    assert_eq!(chat.mark(), None);
    chat.outcome(attempt, sent("a"));
    assert_eq!(chat.mark(), Some((ReplyId(2), 1)));
}

#[test]
fn the_mark_tells_when_the_call_must_begin_and_how_long_it_may_take() {
    let mut chat = talker();
    chat.after(48 * H - 5 * S);
    chat.mark();
    let Some(Effect::Mark { not_after, timeout_ms, .. }) = chat.effects.last() else { panic!("{:?}", chat.effects.last()) };
    assert_eq!((*not_after, *timeout_ms), (chat.now.plus_ms(2 * S), 5 * S));
}

#[test]
fn what_is_marked_just_before_the_margin_does_not_leave_within_it() {
    let mut chat = talker();
    chat.margin_ms = 5 * M;
    chat.after(48 * H - 5 * M - S);
    chat.mark().unwrap();
    let Some(Effect::Mark { not_after, .. }) = chat.effects.last() else { panic!("{:?}", chat.effects.last()) };
    assert_eq!(*not_after, chat.now.plus_ms(S - 1));
}

#[test]
fn a_margin_that_has_shrunk_since_a_reply_was_queued_offers_it_in_its_turn() {
    let mut chat = talker();
    chat.margin_ms = 10 * M;
    chat.customer("hi");
    let start = chat.now;
    chat.margin_ms = 5 * M;
    chat.after(48 * H - 7 * M);
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, Outcome::NotSent(NotSent::Expired));
    let hard = chat.state.candidate().map(|candidate| candidate.hard);
    assert_eq!(hard, Some(start.plus_ms(48 * H - 5 * M)), "a moment that is past would be offered for ever");
}

#[test]
fn a_refusal_from_before_the_customers_new_message_does_not_silence_its_answer() {
    let refusal = Outcome::Refused { code: 40_064, text: String::new(), scope: RefusalScope::UntilCustomerWrites };
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.after(S).customer("hi");
    chat.outcome(attempt, refusal.clone());
    assert_eq!(chat.end_of(1), Some(End::Refused));
    let next = chat.mark().expect("the customer has written since the call began");
    chat.outcome(next, refusal);
    assert_eq!(chat.mark(), None, "nobody has written since this one");
}

#[test]
fn an_echo_before_the_answer_is_ours_and_counts_once() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    let left = chat.state.replies_left();
    chat.echo_of(ReplyId(1), "a", EchoSource::Unknown);
    chat.outcome(attempt, sent("a")).echo_of(ReplyId(1), "a", EchoSource::Unknown).after(M);
    assert_eq!((chat.state.replies_left(), chat.speaker()), (left, Speaker::Bot));
    assert_eq!(chat.end_of(1), Some(End::Sent));
}

#[test]
fn an_echo_that_was_bound_to_the_wrong_attempt_is_let_go() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    let left = chat.state.replies_left();
    chat.echo_of(ReplyId(1), "stranger", EchoSource::Others);
    chat.outcome(attempt, sent("a"));
    assert_eq!(chat.state.replies_left(), left - 1, "the stranger counts as well");
    chat.after(9 * S);
    assert_eq!(chat.speaker(), Speaker::Bot);
    chat.after(S);
    assert_eq!(chat.speaker(), Speaker::Taken);
}

#[test]
fn an_unclaimed_message_waits_for_the_open_attempt_before_it_takes_over() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.echo("b", EchoSource::Unknown, 1);
    chat.after(30 * S);
    assert_eq!(chat.speaker(), Speaker::Bot, "the attempt may still be its own");
    chat.outcome(attempt, sent("b")).after(M);
    assert_eq!((chat.speaker(), chat.state.replies_left()), (Speaker::Bot, 8));
    chat.echo("c", EchoSource::Api, 1).after(M);
    assert_eq!((chat.speaker(), chat.state.replies_left()), (Speaker::Bot, 7), "another program counts and takes nothing");
    chat.echo("d", EchoSource::Others, 1).after(M);
    assert_eq!((chat.speaker(), chat.state.replies_left()), (Speaker::Taken, 7), "the second reply is withdrawn");
}

#[test]
fn automatic_messages_count_and_never_take_over() {
    let mut chat = talker();
    let echo = Echo {
        message_id: "w".to_owned(),
        at: chat.now,
        received: chat.now,
        source: EchoSource::App,
        automatic: Some("WELCOME_MESSAGE".to_owned()),
        fingerprint: 1,
        text: String::new(),
    };
    chat.feed(Input::Echo(echo.clone())).feed(Input::Echo(echo)).after(M);
    assert_eq!((chat.speaker(), chat.state.replies_left()), (Speaker::Bot, 7));
}

#[test]
fn not_sent_goes_back_to_the_head_and_keeps_one_slot() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, Outcome::NotSent(NotSent::Expired));
    assert_eq!(chat.state.replies_left(), 8);
    assert_eq!(chat.mark(), Some((ReplyId(1), 2)));
    chat.outcome((ReplyId(1), 1), sent("old"));
    assert_eq!(chat.end_of(1), None, "an answer of an older attempt settles nothing");
}

#[test]
fn a_refusal_of_the_reply_gives_the_slot_back_and_one_of_the_conversation_holds_the_rest() {
    let refused = |scope| Outcome::Refused { code: 40_064, text: "Take a rest.".to_owned(), scope };
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, refused(RefusalScope::Reply));
    assert_eq!((chat.end_of(1), chat.state.replies_left()), (Some(End::Refused), 9));
    let attempt = chat.mark().unwrap();
    assert_eq!(attempt.0, ReplyId(2));
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, refused(RefusalScope::UntilCustomerWrites));
    assert_eq!((chat.state.candidate(), chat.state.replies_left()), (None, 9), "the slot stays spent");
    assert!(chat.effects.iter().any(|effect| matches!(effect, Effect::Hold { reply: ReplyId(2), .. })));
    chat.after(H).sends = true;
    chat.customer("ok").gets(&["two"]);
}

#[test]
fn an_unknown_outcome_is_looked_up_three_times_and_found() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown());
    assert_eq!(chat.state.candidate(), None);
    chat.after(5 * S);
    assert_eq!(looks(&chat), 1);
    chat.listing(&[], false, None);
    assert_eq!(chat.end_of(1), None, "the list may lag");
    chat.after(25 * S);
    assert_eq!(looks(&chat), 2);
    let print = chat.fingerprint(ReplyId(1));
    chat.listing(&[("other", 1), ("a", print)], false, None);
    assert_eq!((chat.end_of(1), looks(&chat)), (Some(End::Sent), 2));
    assert_eq!(chat.state.replies_left(), 8);
}

#[test]
fn absent_and_covered_is_sent_once_more_and_never_a_third_time() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown());
    for wait in [5, 25, 90] {
        chat.after(wait * S).listing(&[], false, None);
    }
    assert_eq!((looks(&chat), chat.end_of(1)), (3, None));
    let attempt = chat.mark().unwrap();
    assert_eq!(attempt, (ReplyId(1), 2));
    chat.outcome(attempt, unknown());
    for wait in [5, 25, 90] {
        chat.after(wait * S).listing(&[], false, None);
    }
    assert_eq!(chat.end_of(1), Some(End::Unknown));
    assert_eq!(chat.mark(), Some((ReplyId(2), 1)));
}

#[test]
fn a_reply_sent_under_a_clock_that_was_behind_stays_counted_when_the_clock_is_right_again() {
    for (latest, left) in [(Some(150 * S), 8), (None, 9)] {
        let mut chat = talker();
        let (reply, attempt) = chat.mark().unwrap();
        let ended = chat.now;
        let outcome = Outcome::Sent { message_id: "a".to_owned() };
        chat.feed(Input::Outcome { reply, attempt, ended, latest: latest.map(|ms| ended.plus_ms(ms)), outcome });
        chat.now = ended.plus_ms(10 * M);
        chat.body_at(Body::Text { text: "who is it?".to_owned() }, ended.plus_ms(140 * S));
        assert_eq!(chat.state.replies_left(), left, "{latest:?}");
    }
}

#[test]
fn a_clock_that_jumps_after_the_attempt_does_not_make_one_look_of_three() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown());
    chat.now = chat.now.plus_ms(10 * M);
    chat.feed(Input::Due).listing(&[], false, None);
    assert_eq!(looks(&chat), 1);
    chat.after(24 * S);
    assert_eq!(looks(&chat), 1);
    chat.after(S).listing(&[], false, None).after(89 * S);
    assert_eq!(looks(&chat), 2);
    chat.after(S).listing(&[], false, None);
    assert_eq!((looks(&chat), chat.mark()), (3, Some((ReplyId(1), 2))));
}

#[test]
fn not_covered_is_finally_unknown_keeps_its_slot_and_knows_its_late_echo() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown());
    let begun = chat.now;
    for wait in [5, 25, 90] {
        let oldest = chat.now;
        chat.after(wait * S).listing(&[], true, Some(oldest));
    }
    assert_eq!((chat.end_of(1), chat.state.replies_left()), (Some(End::Unknown), 8));
    let echo = Echo {
        message_id: "late".to_owned(),
        at: begun,
        received: chat.now,
        source: EchoSource::Unknown,
        automatic: None,
        fingerprint: chat.fingerprint(ReplyId(1)),
        text: String::new(),
    };
    chat.feed(Input::Echo(echo)).after(M);
    assert_eq!((chat.speaker(), chat.state.replies_left()), (Speaker::Bot, 8));
}

#[test]
fn how_far_a_full_list_reaches_back_is_told_by_tiktoks_times_alone() {
    // Our clock is four minutes ahead; the list begins with the customer's message, or with what came after the reply.
    for (later, again) in [(0, true), (M, false)] {
        let mut chat = chat(bot().flow("hi", |f| f.on(words(&["hi"])).say("one").say("two")).build());
        chat.sends = false;
        let theirs = chat.now.plus_ms(-4 * M);
        chat.body_at(Body::Text { text: "hi".to_owned() }, theirs);
        let attempt = chat.mark().unwrap();
        chat.outcome(attempt, unknown());
        for wait in [5, 25, 90] {
            chat.after(wait * S).listing(&[], true, Some(theirs.plus_ms(later)));
        }
        assert_eq!((chat.mark().is_some(), chat.end_of(1)), (true, (!again).then_some(End::Unknown)));
    }
}

#[test]
fn looks_that_fail_or_never_come_end_as_unknown() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown()).after(5 * S).feed(Input::Looked { listing: None }).after(H);
    assert_eq!((looks(&chat), chat.end_of(1)), (3, Some(End::Unknown)));
}

#[test]
fn an_echo_settles_an_unknown_outcome_and_the_oldest_of_several_is_ours() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown()).after(S).echo_of(ReplyId(1), "a", EchoSource::Unknown);
    assert_eq!((chat.end_of(1), looks(&chat)), (Some(End::Sent), 0));
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown()).after(5 * S);
    let print = chat.fingerprint(ReplyId(2));
    chat.listing(&[("c", print), ("b", print)], false, None);
    assert_eq!((chat.end_of(2), chat.state.replies_left()), (Some(End::Sent), 7), "the other one is somebody's");
}

#[test]
fn a_takeover_or_an_opt_out_between_queue_and_mark_lets_nothing_leave() {
    let mut chat = talker();
    chat.colleague("I have it");
    assert_eq!(chat.mark(), None);
    assert_eq!((chat.end_of(1), chat.end_of(2)), (Some(End::Withdrawn), Some(End::Withdrawn)));
    assert_eq!((chat.speaker(), chat.state.replies_left()), (Speaker::Taken, 9));
    let bot = bot().opts().flow("hi", |f| f.on(words(&["hi"])).say("one")).build();
    let mut chat = super::chat::chat(bot);
    chat.sends = false;
    chat.customer("hi").customer("stop");
    assert_eq!(chat.end_of(1), Some(End::Withdrawn));
    chat.send_all();
    chat.gets(&["no more messages"]);
}

#[test]
fn what_was_in_flight_at_a_takeover_is_not_sent_again() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.takes();
    assert_eq!((chat.end_of(1), chat.end_of(2)), (None, Some(End::Withdrawn)));
    chat.outcome(attempt, Outcome::NotSent(NotSent::Expired));
    assert_eq!((chat.end_of(1), chat.mark()), (Some(End::Withdrawn), None));
}

#[test]
fn the_confirmation_of_an_opt_out_is_not_tried_again_after_a_takeover() {
    let mut chat = chat(bot().opts().build());
    chat.sends = false;
    chat.customer("stop");
    let attempt = chat.mark().unwrap();
    chat.takes().outcome(attempt, Outcome::NotSent(NotSent::Expired));
    assert_eq!((chat.mark(), chat.end_of(1)), (None, Some(End::Withdrawn)));
}

#[test]
fn a_known_colleagues_message_counts_once() {
    let mut chat = talker();
    chat.echo("c", EchoSource::Web, fingerprint("text", "x")).echo("c", EchoSource::Web, fingerprint("text", "x"));
    assert_eq!(chat.state.replies_left(), 9);
}

/// An open attempt whose echo came with a time of TikTok's that nobody could explain; what the list will show.
fn before_the_clocks_were_compared() -> (Chat, Listing) {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    let (at, fingerprint) = (chat.now.plus_ms(-200 * S), chat.fingerprint(ReplyId(1)));
    let echo = Echo {
        message_id: "a".to_owned(),
        at,
        received: chat.now,
        source: EchoSource::Api,
        automatic: None,
        fingerprint,
        text: String::new(),
    };
    chat.feed(Input::Echo(echo)).outcome(attempt, unknown());
    let row = Listed { message_id: "a".to_owned(), at, fingerprint, source: EchoSource::Api };
    let listing = Listing { messages: vec![row], oldest: Some(at), ..Listing::empty(chat.now) };
    (chat, listing)
}

#[test]
fn an_echo_from_before_the_clocks_were_compared_is_found_again_in_the_list() {
    let (mut chat, listing) = before_the_clocks_were_compared();
    chat.skew_ms = 200 * S;
    chat.after(5 * S).feed(Input::Looked { listing: Some(listing) });
    assert_eq!(chat.end_of(1), Some(End::Sent));
}

#[test]
fn what_a_wrong_clock_may_explain_is_no_proof_of_absence() {
    let (mut chat, listing) = before_the_clocks_were_compared();
    for wait in [5, 25, 90] {
        chat.after(wait * S).feed(Input::Looked { listing: Some(listing.clone()) });
    }
    assert_eq!(chat.end_of(1), Some(End::Unknown));
}

#[test]
fn after_a_jump_of_our_clock_nothing_is_absent_before_tiktoks_list_can_have_caught_up() {
    let mut chat = talker();
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, unknown());
    let looked = |chat: &mut Chat, jumped_ago: i64| {
        let steady_since = Some(chat.now.plus_ms(-jumped_ago * S));
        let listing = Listing { steady_since, ..Listing::empty(chat.now) };
        chat.feed(Input::Looked { listing: Some(listing) });
    };
    for (wait, jumped_ago) in [(5, 1_000), (25, 1_000), (90, 1)] {
        looked(chat.after(wait * S), jumped_ago);
        assert_eq!((chat.mark(), chat.end_of(1)), (None, None), "{wait}");
    }
    // Two minutes after the jump it is asked for again, and believed.
    looked(chat.after(119 * S), 120);
    assert!(chat.mark().is_some());
}
