//! Ten replies, 48 hours, long texts.

use super::builder::{H, M, S, bot, words};
use super::chat::{Chat, chat};
use crate::bot::{Op, ShortBudget};
use crate::channel::{Content, fingerprint};
use crate::engine::{EchoSource, Effect, End, ReplyId, Speaker};
use crate::text::units;

fn many(count: usize, apart: bool, short: ShortBudget, reserve: u32) -> Chat {
    let bot = bot().settings(|s| (s.on_short_budget, s.reserve) = (short, reserve)).flow("hi", |f| {
        f.on(words(&["hi"]));
        for number in 1..=count {
            f.op(Op::Say {
                text: super::builder::text(&format!("text {number}")),
                shorts: vec![],
                replying: false,
                keep_apart: apart,
            });
        }
        f
    });
    chat(bot.build())
}

#[test]
fn ten_leave_and_the_eleventh_is_held_until_the_customer_writes() {
    let mut chat = many(12, true, ShortBudget::Hold, 0);
    chat.customer("hi");
    assert_eq!(chat.gets_any().len(), 10);
    assert_eq!((chat.state.replies_left(), chat.state.queued()), (0, 2));
    chat.after(H).customer("go on").gets(&["text 11", "text 12"]);
}

#[test]
fn what_is_short_is_dropped_or_handed_over_where_the_bot_says_so() {
    let mut chat = many(12, true, ShortBudget::Drop, 2);
    chat.customer("hi");
    assert_eq!((chat.gets_any().len(), chat.state.replies_left()), (8, 2), "two are kept for colleagues");
    assert_eq!(chat.end_of(12), Some(End::Dropped));
    let mut chat = many(11, true, ShortBudget::Handoff, 0);
    chat.customer("hi");
    assert_eq!((chat.gets_any().len(), chat.speaker()), (10, Speaker::Asked));
    assert!(chat.effects.iter().any(|effect| matches!(effect, Effect::HandedOver { team: None, .. })));
}

#[test]
fn side_by_side_texts_are_joined_only_as_far_as_needed() {
    let mut chat = many(12, false, ShortBudget::Hold, 0);
    chat.customer("hi");
    let got = chat.gets_any();
    assert_eq!((got.len(), got[0].as_str(), got[1].as_str()), (10, "text 1\n\ntext 2\n\ntext 3", "text 4"));
    assert_eq!(chat.state.queued(), 0);
}

#[test]
fn held_replies_that_nobody_wants_any_more_are_dropped() {
    let mut chat = many(11, true, ShortBudget::Hold, 0);
    chat.customer("hi").after(24 * H - S);
    assert_eq!(chat.end_of(11), None);
    chat.after(S);
    assert_eq!(chat.end_of(11), Some(End::Dropped));
    assert_eq!(chat.state.due(), None);
}

#[test]
fn colleagues_use_up_the_replies_that_were_queued() {
    let mut chat = many(4, true, ShortBudget::Hold, 0);
    chat.sends = false;
    chat.customer("hi");
    for number in 0..8 {
        chat.echo(&format!("p{number}"), EchoSource::Api, fingerprint("text", "program"));
    }
    chat.send_all();
    chat.gets(&["text 1", "text 2"]);
    assert!(chat.effects.iter().any(|effect| matches!(effect, Effect::Hold { reply: ReplyId(3), .. })));
    assert!(chat.effects.iter().any(|effect| matches!(effect, Effect::Hold { reply: ReplyId(4), .. })));
}

#[test]
fn the_window_has_two_sides_with_and_without_a_margin() {
    for (margin, edge) in [(0, 48 * H), (5 * M, 48 * H - 5 * M)] {
        for (at, leaves) in [(edge - 1, true), (edge, false), (edge + 1, false)] {
            let mut chat = many(1, true, ShortBudget::Hold, 0);
            (chat.sends, chat.margin_ms) = (false, margin);
            chat.customer("hi").now = chat.now.plus_ms(at);
            assert_eq!(chat.mark().is_some(), leaves, "margin {margin}, {at}");
        }
    }
}

#[test]
fn the_same_reply_is_not_made_for_ever() {
    let bot = bot().answers("echo", words(&["bot"]), "I am a bot").build();
    let mut chat = chat(bot);
    for _ in 0..6 {
        chat.customer("bot").after(S);
    }
    assert_eq!(chat.gets_any().len(), 4);
    assert!(chat.noted("reply", "the same reply was made 4 times"), "{}", chat.account());
    chat.after(5 * M).customer("bot").gets(&["I am a bot"]);
}

#[test]
fn a_long_text_is_split_where_replies_suffice_and_shortened_where_not() {
    let long = |units: usize| "word ".repeat(units / 5);
    let say = |text: &str, times: usize| {
        let text = text.to_owned();
        let bot = bot().flow("hi", |f| {
            f.on(words(&["hi"]));
            for _ in 0..times {
                f.op(Op::Say { text: super::builder::text(&text), shorts: vec![], replying: false, keep_apart: true });
            }
            f
        });
        let mut chat = chat(bot.settings(|s| s.same_reply = (99, M)).build());
        chat.customer("hi");
        chat
    };
    let mut exact = say(&"👍".repeat(3_000), 1);
    assert_eq!(exact.gets_any().len(), 1);
    let mut over = say(&format!("{}x", "👍".repeat(3_000)), 1);
    assert_eq!(over.gets_any().len(), 2);
    let mut split = say(&long(15_000), 1);
    let got = split.gets_any();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|text| units(text) <= 6_000));
    let mut shortened = say(&long(15_000), 9);
    assert!(shortened.noted("warning", "shortened"));
    assert!(shortened.gets_any().iter().all(|text| units(text) <= 6_000));
    assert!(shortened.state.encode().unwrap().len() < 20_000, "texts are kept in the outbox, not here");
}

#[test]
fn an_empty_text_is_never_sent() {
    let bot = bot().answers("hi", words(&["hi"]), "{x| }").build();
    let mut chat = chat(bot);
    chat.customer("hi").gets(&[]);
    assert_eq!(chat.end_of(1), Some(End::Dropped));
    let Content::Text { body } = &chat.replies[&ReplyId(1)].outgoing.content else { panic!() };
    assert_eq!(body, " ");
}
