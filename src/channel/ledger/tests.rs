use super::*;

const HOUR: i64 = 3_600_000;
const SKEW: i64 = 5_000;

fn at(ms: i64) -> Moment {
    Moment(1_000_000_000 + ms)
}

/// The customer wrote at 0 and it reached us at once.
fn open() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.inbound(at(0), at(0), SKEW);
    ledger
}

#[test]
fn before_the_customer_writes_there_is_no_window() {
    let ledger = Ledger::default();
    assert_eq!((ledger.window_ends(), ledger.replies_left()), (None, 10));
}

#[test]
fn a_reply_is_counted_from_its_reservation_and_given_back_only_when_it_surely_did_not_leave() {
    let mut ledger = open();
    assert!(ledger.reserve(1));
    assert_eq!((ledger.counted(), ledger.spent()), (1, 0));
    assert!(ledger.reserve(1), "a second reservation of the same reply takes nothing");
    ledger.mark(1, at(10));
    assert_eq!((ledger.counted(), ledger.spent()), (1, 1));
    ledger.settle_unknown(1, at(20));
    assert_eq!((ledger.counted(), ledger.replies_left()), (1, 9));
    ledger.give_back(1);
    assert_eq!(ledger.counted(), 0);
}

#[test]
fn a_slot_is_kept_for_a_welcome_that_is_on_its_way_and_not_where_it_may_be_there() {
    let mut ledger = open();
    assert!(ledger.await_welcome(at(10_000)));
    ledger.reserve(1);
    assert_eq!((ledger.counted(), ledger.spent(), ledger.welcome_until()), (2, 1, Some(at(10_000))));
    ledger.forgo_welcome();
    ledger.foreign("welcome", at(900));
    assert_eq!((ledger.counted(), ledger.spent()), (2, 1));
    assert!(!ledger.await_welcome(at(10_000)));
    assert_eq!(ledger.counted(), 2);
}

#[test]
fn the_next_message_of_the_customer_opens_ten_replies_again() {
    let mut ledger = open();
    for reply in 1..=10 {
        ledger.reserve(reply);
        ledger.mark(reply, at(1_000));
        ledger.settle_sent(reply, at(2_000));
    }
    assert_eq!(ledger.replies_left(), 0);
    ledger.inbound(at(HOUR), at(HOUR + 500), SKEW);
    assert_eq!(ledger.replies_left(), 10);
    assert_eq!(ledger.window_ends(), Some(at(HOUR).plus_ms(48 * HOUR)));
}

#[test]
fn a_late_older_message_gives_nothing_back() {
    let mut ledger = open();
    ledger.reserve(1);
    ledger.mark(1, at(10));
    ledger.settle_sent(1, at(20));
    let before = ledger.clone();
    ledger.inbound(at(-HOUR), at(HOUR), SKEW);
    ledger.inbound(at(0), at(HOUR), SKEW);
    assert_eq!(ledger, before);
}

#[test]
fn a_message_that_was_written_earlier_than_ours_gives_ours_not_back() {
    // The customer wrote at one o'clock; it reaches us at four. In between we and a colleague spoke.
    let mut ledger = open();
    ledger.reserve(1);
    ledger.mark(1, at(2 * HOUR));
    ledger.settle_sent(1, at(2 * HOUR + 100));
    ledger.foreign("colleague", at(3 * HOUR));
    ledger.foreign("welcome", at(10));
    ledger.inbound(at(HOUR), at(4 * HOUR), SKEW);
    assert_eq!(ledger.counted(), 2, "only what TikTok dated before it falls away");
    assert_eq!(ledger.window_start(), Some(at(HOUR)));
}

#[test]
fn what_ended_too_near_to_be_sure_stays_counted() {
    let ended = 10_000;
    for (written, counted) in [(ended + SKEW, 1), (ended + SKEW + 1, 0)] {
        let mut ledger = open();
        ledger.mark(1, at(9_000));
        ledger.settle_sent(1, at(ended));
        ledger.inbound(at(written), at(written), SKEW);
        assert_eq!(ledger.counted(), counted, "sent, {written}");
    }
    for (written, counted) in [(ended + SKEW + LATE_MS, 1), (ended + SKEW + LATE_MS + 1, 0)] {
        let mut ledger = open();
        ledger.mark(1, at(9_000));
        ledger.settle_unknown(1, at(ended));
        ledger.inbound(at(written), at(written), SKEW);
        assert_eq!(ledger.counted(), counted, "unknown, {written}");
    }
}

#[test]
fn an_echo_settles_which_side_of_the_message_a_reply_stands_on() {
    let mut ledger = open();
    ledger.mark(1, at(100));
    ledger.mark(2, at(100));
    ledger.inbound(at(150), at(150), SKEW);
    assert_eq!(ledger.counted(), 2);
    ledger.seen_at(1, at(149));
    assert_eq!(ledger.counted(), 1, "TikTok had it before the customer's message");
    ledger.seen_at(2, at(151));
    ledger.settle_unknown(2, at(200));
    ledger.inbound(at(152), at(160), SKEW);
    assert_eq!(ledger.counted(), 0);
}

#[test]
fn a_reply_that_was_given_back_but_shows_up_counts_again() {
    let mut ledger = open();
    ledger.mark(1, at(10));
    ledger.give_back(1);
    ledger.seen_at(1, at(11));
    assert_eq!(ledger.counted(), 1);
    ledger.seen_at(2, at(-5));
    assert_eq!(ledger.counted(), 1, "one older than the customer's message does not");
}

#[test]
fn a_settlement_that_comes_after_the_customer_wrote_again_takes_nothing_new() {
    let mut ledger = open();
    ledger.mark(1, at(10));
    ledger.seen_at(1, at(12));
    ledger.inbound(at(HOUR), at(HOUR), SKEW);
    ledger.settle_sent(1, at(20));
    assert_eq!(ledger.counted(), 0);
}

#[test]
fn others_count_once_by_their_id_and_only_after_the_customers_message() {
    let mut ledger = open();
    ledger.foreign("a", at(5));
    ledger.foreign("a", at(5));
    ledger.foreign("old", at(-1));
    assert_eq!(ledger.counted(), 1);
    ledger.mark(7, at(6));
    ledger.adopt("a", 7);
    assert_eq!(ledger.counted(), 1, "it was our own");
    ledger.adopt("never seen", 8);
    assert_eq!(ledger.counted(), 1);
}

#[test]
fn a_refused_conversation_opens_with_the_next_newer_message() {
    let mut ledger = open();
    ledger.close();
    ledger.inbound(at(-1), at(5), SKEW);
    assert!(ledger.is_closed());
    ledger.inbound(at(1), at(5), SKEW);
    assert!(!ledger.is_closed());
}

#[test]
fn the_window_begins_with_the_earlier_of_the_two_clocks() {
    let mut ledger = Ledger::default();
    ledger.inbound(at(HOUR), at(0), SKEW);
    assert_eq!(ledger.window_start(), Some(at(0)));
    ledger.inbound(at(2 * HOUR), at(3 * HOUR), SKEW);
    assert_eq!(ledger.window_start(), Some(at(2 * HOUR)));
}

#[test]
fn a_flood_stays_bounded_and_never_frees_a_slot() {
    let mut ledger = open();
    for number in 0..10_000 {
        ledger.foreign(&number.to_string(), at(number));
        ledger.mark(u32::try_from(number).unwrap(), at(number));
        ledger.settle_sent(u32::try_from(number).unwrap(), at(number));
    }
    assert!(serde_json::to_vec(&ledger).unwrap().len() < 10_000);
    assert_eq!(ledger.replies_left(), 0);
    assert!(!ledger.reserve(20_000));
    ledger.inbound(at(9_990), at(9_990), 0);
    assert_eq!(ledger.foreign.len(), 10, "the ten that came after it are still known");
}

#[test]
fn the_ends_of_time_do_no_harm() {
    let mut ledger = Ledger::default();
    ledger.inbound(Moment(i64::MAX), Moment(i64::MAX), i64::MIN);
    ledger.settle_unknown(1, Moment(i64::MAX));
    ledger.inbound(Moment(i64::MIN), Moment(i64::MIN), i64::MAX);
    assert_eq!(ledger.window_ends(), Some(Moment(i64::MAX)));
}

#[test]
fn it_is_kept_in_few_bytes_and_comes_back_the_same() {
    let mut ledger = open();
    ledger.reserve(1);
    ledger.mark(2, at(1));
    ledger.foreign("x", at(2));
    ledger.close();
    let text = serde_json::to_string(&ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    assert_eq!(serde_json::to_string(&Ledger::default()).unwrap(), "{}");
}

#[test]
fn an_end_that_no_clock_could_tell_stays_counted_until_it_surely_lies_behind() {
    let mut ledger = open();
    ledger.mark(1, at(10));
    ledger.settle_unknown(1, Moment(i64::MAX));
    ledger.inbound(at(HOUR), at(HOUR), SKEW);
    assert_eq!(ledger.counted(), 1, "it may have been stored after the customer wrote");
    ledger.ended_by(at(2 * HOUR));
    ledger.inbound(at(2 * HOUR), at(2 * HOUR), SKEW);
    assert_eq!(ledger.counted(), 1);
    ledger.inbound(at(3 * HOUR), at(3 * HOUR), SKEW);
    assert_eq!(ledger.counted(), 0);
    ledger.mark(2, at(3 * HOUR));
    ledger.settle_sent(2, at(3 * HOUR));
    ledger.ended_by(at(9 * HOUR));
    ledger.inbound(at(4 * HOUR), at(4 * HOUR), SKEW);
    assert_eq!(ledger.counted(), 0, "what is known better stays so");
    ledger.mark(3, at(4 * HOUR));
    ledger.ended_by(at(4 * HOUR));
    ledger.inbound(at(5 * HOUR), at(5 * HOUR), SKEW);
    assert_eq!(ledger.counted(), 1, "an open call has not ended");
}
