//! What a customer does: every kind of message, reactions, comments; and answers of the newer types.

use super::builder::{H, M, S};
use super::told::{talk, talk_with};
use crate::calendar::Moment;
use crate::channel::fingerprint;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::{Body, Echo, EchoSource, Input, Speaker};

const KINDS: &str = r#"
flow post { on post; say "post" }
flow video { on video; say "video" }
flow sticker { on sticker; say "sticker" }
flow emoji { on emoji; say "emoji" }
flow odd { on unsupported; say "unsupported" }
flow heart { on reaction "❤"; say "heart" }
flow other { on reaction; say "reaction" }
flow again { on return after 7d; say "welcome back" }
flow first { on first message; say "first" }
flow rest { on fallback; say "fallback" }
"#;

fn reaction(emoji: Option<&str>, added: bool) -> Body {
    Body::Reaction { emoji: emoji.map(str::to_owned), added, of: "m".to_owned() }
}

#[test]
fn every_kind_of_message_starts_its_own_flow() {
    let mut talk = talk(KINDS);
    talk.write("hi").hears(&["first"]);
    let url = String::new;
    for (body, says) in [
        (Body::Post { item_id: "1".to_owned(), url: url() }, "post"),
        (Body::Video { media_id: "1".to_owned() }, "video"),
        (Body::Sticker { url: url() }, "sticker"),
        (Body::Emoji { url: url() }, "emoji"),
        (Body::Unsupported { word: "voice".to_owned() }, "unsupported"),
        (Body::Image { media_id: "1".to_owned() }, "fallback"),
    ] {
        talk.chat.message(body);
        talk.hears(&[says]);
    }
}

#[test]
fn a_reaction_starts_what_wants_it_and_nothing_else() {
    let mut talk = talk(KINDS);
    talk.write("hi").hears(&["first"]);
    let left = talk.chat.conversation().replies_left();
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&["heart"]);
    assert_eq!(talk.chat.conversation().replies_left(), left - 1, "it gives no replies back");
    talk.chat.message(reaction(Some("🔥"), true));
    talk.hears(&["reaction"]);
    talk.chat.message(reaction(None, true));
    talk.hears(&[]).tells("lost", "it has fired since the customer last wrote");
    talk.write("again").hears(&["fallback"]);
    talk.chat.message(reaction(None, true));
    talk.hears(&["reaction"]);
    talk.chat.message(reaction(Some("❤️"), false));
    talk.hears(&[]).tells("kept", "taken back");
}

#[test]
fn a_reaction_set_and_taken_back_and_set_again_is_answered_once_until_the_customer_writes() {
    let flows = "flow heart { on reaction \"❤\"; say \"heart\" }\nflow go { on message \"go\"; say \"gone\" }\n";
    let mut talk = talk(flows);
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&[]).tells("lost", "the window closes");
    talk.write("go").hears(&["gone"]);
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&["heart"]);
    for _ in 0..12 {
        talk.chat.message(reaction(Some("❤️"), false));
        talk.chat.message(reaction(Some("❤️"), true));
        talk.hears(&[]).tells("lost", "it has fired since");
    }
    assert_eq!(talk.chat.conversation().replies_left(), 8);
    talk.write("go").hears(&["gone"]);
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&["heart"]);
}

#[test]
fn a_reaction_whose_flow_says_nothing_counts_every_time() {
    let flows = "flow heart { on reaction \"❤\"; tag \"likes\" }\n";
    let mut talk = talk(flows);
    for _ in 0..3 {
        talk.chat.message(reaction(Some("❤️"), true));
        talk.hears(&[]).tells("trigger", "heart");
    }
}

#[test]
fn a_reaction_that_comes_too_late_for_its_last_reply_starts_nothing() {
    let flows =
        "flow go { on message \"go\"; say \"gone\" }\nflow heart { on reaction \"❤\"; say \"heart\"; wait 2h; say \"later\" }\n";
    let mut talk = talk(flows);
    talk.write("go").hears(&["gone"]).after(46 * H);
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&[]).tells("lost", "the window closes before its last reply could leave");
    talk.write("go").hears(&["gone"]).after(46 * H - 6 * M);
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&["heart"]).after(2 * H).hears(&["later"]);
}

#[test]
fn a_reaction_is_no_answer_to_a_question() {
    let flows = r#"
flow a {
    on message "go"
    ask n: whole(0..9) "How many?" {
        invalid "A number, please."
        tries 2 stop
        within 1h stop
    }
    say "{n}."
}
flow heart { on reaction "❤"; say "heart" }
"#;
    let mut talk = talk(flows);
    talk.write("go").hears(&["How many?"]);
    talk.chat.message(reaction(Some("❤️"), true));
    talk.hears(&[]);
    talk.write("3").hears(&["3."]);
}

#[test]
fn who_comes_back_after_long_is_greeted() {
    let mut talk = talk(KINDS);
    talk.write("hi").hears(&["first"]).after(7 * 24 * H - M).write("hi").hears(&["fallback"]);
    talk.after(7 * 24 * H).write("hi").hears(&["welcome back"]);
}

#[test]
fn a_comment_is_answered_by_one_text_and_nothing_more_until_the_customer_writes() {
    let flows = r#"
flow price {
    on comment "price"
    say "It is 20. Write to us!"
}
flow any {
    on message "price"
    say "20."
}
"#;
    let mut talk = talk(flows);
    talk.chat.comment("what is the PRICE?");
    talk.hears(&["It is 20. Write to us!"]);
    talk.chat.comment("nice");
    talk.hears(&[]).tells("kept", "TikTok takes no second answer");
    talk.after(24 * H).chat.comment("nice");
    talk.hears(&[]).tells("unmatched", "no trigger");
    talk.write("price").hears(&["20."]);
    talk.chat.comment("price");
    talk.hears(&[]).tells("kept", "within a day");
    talk.after(24 * H);
    talk.chat.comment("price");
    talk.hears(&["It is 20. Write to us!"]);
    assert_eq!(talk.chat.conversation().status().speaker, Speaker::Bot);
}

#[test]
fn a_second_text_to_a_comment_is_dropped_with_its_reason() {
    let mut chat = super::chat::chat(
        super::builder::bot()
            .flow("a", |f| {
                f.on(crate::bot::On::Comment(Box::new(crate::bot::On::AnyText)));
                for text in ["one", "two"] {
                    let text = super::builder::text(text);
                    f.op(crate::bot::Op::Say { text, shorts: vec![], replying: false, keep_apart: true });
                }
                f.op(crate::bot::Op::Typing)
            })
            .build(),
    );
    let comment = |chat: &super::chat::Chat, id: &str, ago: i64| {
        let at = chat.now.plus_ms(-ago);
        Input::Comment(crate::engine::Comment::new(id.to_owned(), at, chat.now, "x".to_owned()))
    };
    let first = comment(&chat, "c1", 0);
    chat.feed(first.clone()).gets(&["one"]);
    let queued = chat.replies.values().next().unwrap();
    assert_eq!(queued.outgoing.comment.as_deref(), Some("c1"));
    assert!(chat.ends.values().any(|(_, why)| why.contains("one text")), "{:?}", chat.ends);
    assert!(!chat.effects.iter().any(|effect| matches!(effect, crate::engine::Effect::Courtesy { .. })));
    chat.feed(first).gets(&[]);
    chat.after(24 * H);
    let old = comment(&chat, "c2", 48 * H);
    chat.feed(old).gets(&[]);
    assert!(chat.ends.values().any(|(_, why)| why.contains("48 hours ago")), "{:?}", chat.ends);
}

#[test]
fn a_margin_that_has_shrunk_since_a_comment_was_answered_offers_the_answer_in_its_turn() {
    let mut chat = super::chat::chat(
        super::builder::bot()
            .flow("a", |f| {
                let text = super::builder::text("It is 20.");
                f.on(crate::bot::On::Comment(Box::new(crate::bot::On::AnyText)));
                f.op(crate::bot::Op::Say { text, shorts: vec![], replying: false, keep_apart: true })
            })
            .build(),
    );
    (chat.sends, chat.margin_ms) = (false, 10 * M);
    let (at, comment_id) = (chat.now, "c1".to_owned());
    chat.feed(Input::Comment(crate::engine::Comment::new(comment_id, at, at, "x".to_owned())));
    chat.margin_ms = 5 * M;
    chat.after(48 * H - 7 * M);
    let attempt = chat.mark().unwrap();
    chat.outcome(attempt, crate::channel::Outcome::NotSent(crate::channel::NotSent::Expired));
    let hard = chat.state.candidate().map(|candidate| candidate.hard);
    assert_eq!(hard, Some(at.plus_ms(48 * H - 5 * M)), "a moment that is past would be offered for ever");
}

// --- answers -----------------------------------------------------------------------------------------------------------

#[test]
fn named_groups_become_variables_of_an_answer_and_of_a_condition() {
    let flows = r#"
flow a {
    on message "go"
    ask code: /(?<part>[a-z]{1,9})-(?<number>\d{1,9})/ "Code?" {
        within 1h stop
    }
    say "{part} and {number}."
    if message.text matches /(?<tail>\d)$/ {
        say "It ends with {tail}."
    }
}
"#;
    let mut talk = talk(flows);
    talk.write("go").hears(&["Code?"]).write("ab-١٢").hears(&["ab and 12.", "It ends with 2."]);
}

#[test]
fn a_list_is_answered_by_lines_or_commas() {
    let flows = r#"
flow a {
    on message "go"
    ask orders: list(3) of digits(2..4) "Which?" {
        invalid "Up to three."
        tries 9 stop
        within 1h stop
    }
    say "{length(orders)}, last {last(orders)}."
}
"#;
    for (said, answer) in
        [("12, 34", "2, last 34."), ("12\n34\n567", "3, last 567."), ("١٢، ٣٤", "2, last 34."), ("12", "1, last 12.")]
    {
        let mut talk = talk(flows);
        talk.write("go").hears(&["Which?"]).write(said).hears(&[answer]);
    }
    let mut talk = talk(flows);
    talk.write("go").hears(&["Which?"]);
    for odd in ["12, 34, 56, 78", "12, x", ",,", "1"] {
        talk.write(odd).hears(&["Up to three."]);
    }
}

#[test]
fn a_burst_is_one_list() {
    let flows = r#"
flow a {
    on message "go"
    ask orders: list(3) of digits(2..4) "Which?" {
        within 1h stop
    }
    say "{length(orders)}."
}
"#;
    let mut talk = talk_with("    gather 3s at most 15s", flows);
    talk.write("go").after(3 * S).hears(&["Which?"]);
    talk.write("12").write("34").after(3 * S).hears(&["2."]);
}

#[test]
fn a_closed_type_can_be_computed_and_stays_as_it_was_shown() {
    let flows = r#"
flow a {
    on message "go"
    set dishes = [{ label: "Rice", value: 18000 }, { label: "Noodles", value: 15000 }]
    ask dish: one of (dishes) "Which dish?" {
        within 1h stop
    }
    say "{dish}."
}
"#;
    let Ok(bot) = std::panic::catch_unwind(|| super::told::bot_of("", flows)) else { return };
    let begin = || {
        let mut chat = Rehearsal::new(std::sync::Arc::clone(&bot), Moment(0), 1);
        chat.write("go");
        super::told::Talk { chat, calls: Vec::new() }
    };
    let mut talk = begin();
    talk.hears(&["Which dish? [Rice|Noodles]"]);
    assert!(talk.chat.press("Noodles"));
    talk.hears(&["15000."]);
    let mut talk = begin();
    talk.write("rice").hears(&["Which dish? [Rice|Noodles]", "18000."]);
    let mut talk = begin();
    talk.write("2").hears(&["Which dish? [Rice|Noodles]", "15000."]);
}

#[test]
fn yes_and_no_can_be_pressed() {
    let flows = r#"
flow a {
    on message "go"
    ask sure: yes_no "Sure?" {
        within 1h stop
    }
    if sure {
        say "Yes."
    } else {
        say "No."
    }
}
"#;
    for (label, says) in [("Yes", "Yes."), ("No", "No.")] {
        let mut talk = talk(flows);
        talk.write("go").hears(&["Sure? [Yes|No]"]);
        assert!(talk.chat.press(label));
        talk.hears(&[says]);
    }
}

// --- TikTok answers by itself ------------------------------------------------------------------------------------------

fn automatic(chat: &mut super::chat::Chat, word: &str) {
    let echo = Echo {
        message_id: chat.fresh_id(),
        at: chat.now,
        received: chat.now,
        source: EchoSource::Others,
        automatic: Some(word.to_owned()),
        fingerprint: fingerprint("text", "auto"),
        text: "auto".to_owned(),
    };
    chat.feed(Input::Echo(echo));
}

fn answering(also: bool) -> super::chat::Chat {
    let bot = super::builder::bot()
        .settings(|settings| settings.also_after_tiktok = also)
        .flow("a", |f| f.on(super::builder::words(&["hours"])).say("Nine to five.").ask("n", crate::bot::Type::YesNo, "More?"));
    super::chat::chat(bot.build())
}

#[test]
fn what_tiktok_has_answered_by_itself_is_not_answered_again() {
    let mut chat = answering(false);
    chat.sends = false;
    chat.customer("hours");
    automatic(&mut chat, "AUTO_REPLY");
    chat.send_all();
    chat.gets(&[]);
    assert_eq!(chat.waits_for(), None);
    assert!(chat.noted("quiet", "over"));
    // The next message is answered as ever.
    chat.after(S).customer("hours").send_all();
    assert_eq!(chat.gets_any().len(), 2);
}

#[test]
fn a_greeting_is_no_answer_and_a_bot_may_answer_beside_tiktok() {
    let mut chat = answering(false);
    chat.sends = false;
    chat.customer("hours");
    automatic(&mut chat, "WELCOME_MESSAGE");
    chat.send_all();
    assert_eq!(chat.gets_any().len(), 2);
    let mut chat = answering(true);
    chat.sends = false;
    chat.customer("hours");
    automatic(&mut chat, "SUGGESTED_QUESTION");
    chat.send_all();
    assert_eq!(chat.gets_any().len(), 2);
}

/// A first message to an account where TikTok sends a welcome of the business's, answered by ten replies.
fn welcomed() -> super::chat::Chat {
    let apart = |nth: i32| crate::bot::Op::Say {
        text: super::builder::text(&nth.to_string()),
        shorts: vec![],
        replying: false,
        keep_apart: true,
    };
    let bot =
        super::builder::bot().flow("a", |f| (1..=10).fold(f.on(super::builder::words(&["hours"])), |f, nth| f.op(apart(nth))));
    let mut chat = super::chat::chat(bot.build());
    let (message_id, at) = (chat.fresh_id(), chat.now);
    let first = crate::engine::Inbound::new(message_id, at, at, Body::Text { text: "hours".to_owned() });
    chat.feed(Input::Message(crate::engine::Inbound { welcomed: true, ..first }));
    chat
}

#[test]
fn one_of_the_ten_is_kept_for_tiktoks_welcome_until_it_is_there() {
    let mut chat = welcomed();
    assert_eq!((chat.gets_any().len(), chat.state.replies_left()), (9, 0));
    assert!(chat.noted("welcome", "one of the ten is kept") && chat.noted("held", "10"));
    automatic(&mut chat, "WELCOME_MESSAGE");
    chat.after(M);
    assert_eq!((chat.gets_any().len(), chat.state.replies_left()), (0, 0), "nine and the welcome are ten");
    chat.customer("thanks").send_all();
    chat.gets(&["10"]);
}

#[test]
fn a_welcome_that_does_not_come_within_ten_seconds_is_waited_for_no_longer() {
    let mut chat = welcomed();
    assert_eq!(chat.gets_any().len(), 9);
    chat.after(10 * S - 1);
    chat.gets(&[]);
    chat.after(1).send_all();
    chat.gets(&["10"]);
    assert_eq!(chat.state.replies_left(), 0);
}

#[test]
fn a_welcome_that_is_on_its_way_or_there_does_not_hide_that_tiktok_has_answered() {
    for there in [false, true] {
        let mut chat = answering(false);
        chat.sends = false;
        let (message_id, at) = (chat.fresh_id(), chat.now);
        let first = crate::engine::Inbound::new(message_id, at, at, Body::Text { text: "hours".to_owned() });
        chat.feed(Input::Message(crate::engine::Inbound { welcomed: true, ..first }));
        if there {
            automatic(&mut chat, "WELCOME_MESSAGE");
        }
        automatic(&mut chat, "AUTO_REPLY");
        chat.send_all();
        chat.gets(&[]);
        assert_eq!(chat.waits_for(), None);
    }
}
