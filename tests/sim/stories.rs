//! What the simulation once found, made small: plans of their own, which stay as they are when draws change.

use crate::plan::{Act, BotChoice, Ending, Plan, Step, Trouble, What, When, Wrong};
use crate::run::tell;
use crate::time::{HOUR, MINUTE, SECOND};

/// Customers who write at a moment; nothing goes wrong.
fn calm(writes: &[(i64, usize, &str)]) -> Plan {
    let customers = writes.iter().map(|(_, who, _)| who + 1).max().unwrap_or(1);
    let act = |(at, who, text): &(i64, usize, &str)| Act { at: *at, who: *who, what: What::Text((*text).to_owned()) };
    Plan {
        seed: 1,
        bot: BotChoice::LastMoment,
        workers: 1,
        nodes: 1,
        lease_ms: 10 * SECOND,
        margin_ms: 5 * MINUTE,
        accounts: 1,
        customers: vec![0; customers],
        unnamed: Vec::new(),
        before: Vec::new(),
        tiktok_ms: 0,
        ours_ms: 0,
        way_ms: 5,
        commit_ms: 0,
        list_lag_ms: 0,
        list_reversed: false,
        images_allowed: true,
        greets: false,
        a_day: None,
        tiktok_a_day: None,
        acts: writes.iter().map(act).collect(),
        troubles: Vec::new(),
        deployments: Vec::new(),
    }
}

fn holds(plan: &Plan) {
    let told = tell(plan, None);
    assert_eq!(told.breaches, [], "{plan}\n{}", told.evidence.lines.join("\n"));
}

fn crash(when: When, down_ms: i64) -> Trouble {
    Trouble { when, what: Wrong::Crash { down_ms } }
}

#[test]
fn a_calm_day_ends_well_and_has_its_replies() {
    let plan = calm(&[(SECOND, 0, "word0"), (2 * SECOND, 1, "word2")]);
    holds(&plan);
    let said = tell(&plan, None).customers.into_iter().flat_map(|customer| customer.said);
    let texts: Vec<String> = said.map(|said| said.text).collect();
    for text in ["Later.", "At the last moment 0.", "At the last moment 2."] {
        assert!(texts.iter().any(|said| said == text), "{texts:?}");
    }
}

#[test]
fn a_clock_that_refuses_all_mail_is_compared_with_tiktoks() {
    for ours_ms in [-124_000, -497_000, 400_000] {
        holds(&Plan { ours_ms, ..calm(&[(13 * MINUTE, 0, "word1"), (97 * HOUR, 0, "word1")]) });
    }
}

#[test]
fn an_echo_from_before_the_clocks_were_compared_is_no_strangers() {
    let slow = Wrong::Answer { how: Ending::Slow(12_640), done: true };
    let troubles = vec![Trouble { when: When::Send(1, Step::Stored), what: slow }];
    holds(&Plan { ours_ms: 274_000, troubles, ..calm(&[(HOUR, 0, "word1")]) });
}

#[test]
fn a_clock_that_is_put_right_between_the_attempt_and_the_look_lets_nothing_leave_twice() {
    // The process ends with the answer in its hands, and stays down until clocks are right.
    let troubles = vec![crash(When::Send(1, Step::Answered), HOUR)];
    holds(&Plan { tiktok_ms: -21_941, troubles, ..calm(&[(HOUR, 0, "word1")]) });
}

#[test]
fn a_history_does_not_go_back_in_time_over_a_restart() {
    let jump = Wrong::Clock { ms: -12 * MINUTE, for_ms: 3 * HOUR };
    let troubles = vec![
        crash(When::At(2 * MINUTE), 20 * SECOND),
        Trouble { when: When::At(3 * MINUTE), what: jump },
        crash(When::At(4 * MINUTE), 20 * SECOND),
    ];
    holds(&Plan { troubles, ..calm(&[(MINUTE, 0, "word1"), (5 * MINUTE, 0, "word2")]) });
}

#[test]
fn a_reply_in_the_same_second_as_the_customers_next_message_stays_counted() {
    let writes = [(20 * MINUTE, 1, "word1"), (48 * HOUR, 0, "word0"), (48 * HOUR + 3, 0, "hm"), (48 * HOUR + 900, 0, "hm")];
    for tiktok_ms in [26_396, 26_900, -26_396] {
        let troubles = vec![crash(When::At(10 * MINUTE), 5 * SECOND)];
        holds(&Plan { tiktok_ms, troubles, ..calm(&writes) });
    }
}

#[test]
fn a_clock_that_jumps_back_sends_nothing_after_the_window() {
    for for_ms in [HOUR, 70 * HOUR] {
        let jump = Wrong::Clock { ms: -HOUR, for_ms };
        let troubles = vec![Trouble { when: When::At(2 * MINUTE), what: jump }];
        holds(&Plan { troubles, ..calm(&[(MINUTE, 0, "word0"), (50 * HOUR, 1, "word1")]) });
    }
}

#[test]
fn what_was_sent_after_a_clock_had_been_put_back_by_hours_is_found_in_tiktoks_list() {
    let jump = Wrong::Clock { ms: 12 * HOUR, for_ms: 75 * MINUTE };
    let lost = Wrong::Answer { how: Ending::TimeOut, done: true };
    let writes =
        [(MINUTE, 0, "hm"), (48 * MINUTE, 0, "xyzzy"), (55 * MINUTE, 0, "xyzzy"), (56 * MINUTE, 0, "yes"), (7 * HOUR, 1, "hm")];
    for send in 0..6 {
        let troubles = vec![
            Trouble { when: When::At(2 * MINUTE), what: jump.clone() },
            Trouble { when: When::Send(send, Step::Stored), what: lost.clone() },
        ];
        holds(&Plan { bot: BotChoice::MadeUp(26), troubles, ..calm(&writes) });
    }
}
