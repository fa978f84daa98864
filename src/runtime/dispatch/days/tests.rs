use super::*;
use crate::engine::{Class, ReplyId};

const SHOP: AccountId = AccountId(1);
/// 20:00 UTC.
const EVENING: Moment = Moment(20_000 * DAY_MS + 72_000_000);
const MINUTE: i64 = 60_000;

fn ask(days: &mut Days, conversation: i64, now: Moment) -> May {
    let hard = now.plus_ms(DAY_MS + conversation);
    let of = Candidate { reply: ReplyId(1), class: Class::Live, queued: now, soft: now, hard };
    days.may(SHOP, (ConversationId(conversation), &of), now)
}

fn ends(days: &mut Days, conversation: i64, now: Moment, outcome: &Outcome) -> bool {
    let goes_on = days.called(SHOP, ConversationId(conversation), now, outcome);
    days.ended(SHOP, ConversationId(conversation));
    goes_on
}

fn sent() -> Outcome {
    Outcome::Sent { message_id: "m".to_owned() }
}

fn refused() -> Outcome {
    Outcome::Refused { code: 40_064, text: String::new(), scope: RefusalScope::UntilCustomerWrites }
}

fn slow(days: &mut Days) {
    assert_eq!(ask(days, 1, EVENING), May::Go);
    ends(days, 1, EVENING, &sent());
    for conversation in 11..=13 {
        assert_eq!(ask(days, conversation, EVENING), May::Go);
        ends(days, conversation, EVENING, &refused());
    }
}

#[test]
fn the_most_of_the_settings_counts_conversations_and_not_replies() {
    let mut days = Days::new(Some(2));
    for conversation in [1, 1, 2, 1] {
        assert_eq!(ask(&mut days, conversation, EVENING), May::Go);
        ends(&mut days, conversation, EVENING, &sent());
    }
    let midnight = Moment(20_001 * DAY_MS);
    assert_eq!(ask(&mut days, 3, EVENING), May::Wait(midnight));
    assert_eq!(days.next(), Some(midnight), "the settings' most is nothing to try");
    assert!(days.due(Moment(midnight.0 - 1)).is_empty());
    assert_eq!(days.due(midnight), [ConversationId(3)]);
    assert_eq!(ask(&mut days, 3, midnight), May::Go);
}

#[test]
fn first_replies_on_their_way_count_until_they_are_known_not_to_have_left() {
    let mut days = Days::new(Some(1));
    assert_eq!(ask(&mut days, 1, EVENING), May::Go);
    assert!(matches!(ask(&mut days, 2, EVENING), May::Wait(_)));
    ends(&mut days, 1, EVENING, &Outcome::NotSent(crate::channel::NotSent::Expired));
    assert_eq!(ask(&mut days, 2, EVENING), May::Go);
    ends(&mut days, 2, EVENING, &Outcome::Unknown { text: "time-out".to_owned() });
    assert!(matches!(ask(&mut days, 1, EVENING), May::Wait(_)), "what is unknown may have left");
}

#[test]
fn three_refused_conversations_in_ten_minutes_make_an_account_slow_and_two_do_not() {
    let mut days = Days::default();
    for (conversation, minute) in [(1, 0), (1, 1), (2, 2), (3, 13), (4, 14)] {
        ends(&mut days, conversation, EVENING.plus_ms(minute * MINUTE), &refused());
        assert_eq!(ask(&mut days, 9, EVENING.plus_ms(minute * MINUTE)), May::Go);
        days.ended(SHOP, ConversationId(9));
    }
    ends(&mut days, 5, EVENING.plus_ms(15 * MINUTE), &refused());
    assert!(matches!(ask(&mut days, 9, EVENING.plus_ms(15 * MINUTE)), May::Wait(_)));
}

#[test]
fn a_slow_account_goes_on_where_it_has_answered_and_tries_one_other_every_quarter_of_an_hour() {
    let mut days = Days::default();
    slow(&mut days);
    assert_eq!(ask(&mut days, 1, EVENING), May::Go);
    for conversation in [22, 21] {
        assert!(matches!(ask(&mut days, conversation, EVENING), May::Wait(_)));
    }
    let soon = EVENING.plus_ms(15 * MINUTE);
    assert_eq!(days.next(), Some(soon));
    assert_eq!(days.due(soon), [ConversationId(21)], "the one whose window closes first");
    assert_eq!(ask(&mut days, 21, soon), May::Go);
    assert!(matches!(ask(&mut days, 23, soon), May::Wait(_)), "one at a time");
    assert!(!ends(&mut days, 21, soon, &refused()));
    assert!(days.due(soon.plus_ms(14 * MINUTE)).is_empty());
    let later = soon.plus_ms(15 * MINUTE);
    assert_eq!(days.due(later), [ConversationId(22)]);
    assert_eq!(ask(&mut days, 22, later), May::Go);
    assert!(ends(&mut days, 22, later, &sent()), "TikTok takes them again");
    assert_eq!(days.take_held(SHOP), [ConversationId(23)]);
    assert_eq!(ask(&mut days, 23, later), May::Go);
}

#[test]
fn what_was_learned_is_tried_again_on_the_next_day_when_it_is_reached() {
    let mut days = Days::default();
    slow(&mut days);
    let tomorrow = EVENING.plus_ms(DAY_MS);
    assert_eq!(ask(&mut days, 2, tomorrow), May::Go);
    ends(&mut days, 2, tomorrow, &sent());
    assert_eq!(ask(&mut days, 3, tomorrow), May::Go, "one more is tried at once");
    assert!(matches!(ask(&mut days, 4, tomorrow), May::Wait(_)));
    assert!(ends(&mut days, 3, tomorrow, &sent()));
    assert_eq!(ask(&mut days, 4, tomorrow), May::Go);
}

#[test]
fn what_is_written_down_lets_another_process_go_on() {
    let mut days = Days::default();
    slow(&mut days);
    let written = days.changes(EVENING);
    assert_eq!(written.len(), 1);
    assert!(days.changes(EVENING).is_empty());
    let bytes = serde_json::to_vec(&written[0].1).unwrap();
    let mut next = Days::default();
    next.learn(SHOP, serde_json::from_slice(&bytes).unwrap(), EVENING.plus_ms(MINUTE));
    assert_eq!(ask(&mut next, 1, EVENING.plus_ms(MINUTE)), May::Go);
    let reports = next.reports(|_| Some("-shop".to_owned()));
    assert_eq!((reports[0].slow, reports[0].answered, reports[0].most), (true, 1, Some(1)));
    let mut later = Days::default();
    later.learn(SHOP, serde_json::from_slice(&bytes).unwrap(), EVENING.plus_ms(DAY_MS));
    assert!(!later.reports(|_| Some("-shop".to_owned()))[0].slow, "yesterday is over");
}

#[test]
fn a_clock_that_is_put_back_begins_no_day() {
    let mut days = Days::new(Some(1));
    assert_eq!(ask(&mut days, 1, EVENING), May::Go);
    ends(&mut days, 1, EVENING, &sent());
    assert!(matches!(ask(&mut days, 2, EVENING.plus_ms(-DAY_MS)), May::Wait(_)));
}
