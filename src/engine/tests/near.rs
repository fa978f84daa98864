//! The channel's limits come near, runs fail, texts take shorter forms.

use super::builder::{H, M, bot, text, words};
use super::chat::chat;
use super::told::talk;
use crate::bot::{On, Op, Type};
use crate::engine::{Input, Speaker};

#[test]
fn a_window_that_closes_is_told_of_once_beside_the_run_that_waits() {
    let flows = r#"
flow a {
    on message "go"
    ask name: text(20) "Name?" {
        within 47h stop
    }
    say "Hello {name}."
}

flow soon {
    on window closing in 2h
    say "We can write to you for two hours more."
}
"#;
    let mut talk = talk(flows);
    talk.write("go").hears(&["Name?"]);
    talk.after(46 * H - M).hears(&[]);
    talk.after(M).hears(&["We can write to you for two hours more."]);
    assert_eq!(talk.waits_for().as_deref(), Some("name"));
    talk.write("Mona").hears(&["Hello Mona."]);
    talk.after(46 * H).hears(&["We can write to you for two hours more."]);
    assert_eq!(talk.chat.conversation().due(), None);
}

#[test]
fn replies_that_run_short_are_told_of_once_per_message() {
    let mut made = bot().flow("a", |f| {
        f.on(words(&["go"]));
        for at in 0..7 {
            f.op(Op::Say { text: text(&format!("{at}")), shorts: vec![], replying: false, keep_apart: true });
        }
        f.ask("n", Type::YesNo, "ok?")
    });
    made = made.flow("short", |f| f.on(On::RepliesLeft(2)).say("two left"));
    let mut chat = chat(made.build());
    chat.customer("go");
    assert_eq!(chat.gets_any().len(), 9);
    assert_eq!((chat.waits_for().as_deref(), chat.state.replies_left()), (Some("n"), 1));
    chat.feed(Input::Due).gets(&[]);
    chat.after(M).customer("x").gets(&["ok? [Yes|No]"]);
}

#[test]
fn a_limit_whose_condition_fails_has_not_fired_and_is_asked_again() {
    let flows = r#"
contact {
    vip: yes_no = false
}

flow a {
    on message "go"
    ask name: text(20) "Name?" {
        within 47h stop
    }
}

flow heart {
    on reaction "❤" anytime resume
    set contact.vip = true
}

flow soon {
    on window closing in 2h when contact.vip
    say "Two hours at most."
}
"#;
    let mut talk = talk(flows);
    talk.write("go").hears(&["Name?"]).after(46 * H).hears(&[]).tells("lost", "`when` is false");
    talk.chat.message(crate::engine::Body::Reaction { emoji: Some("❤".to_owned()), added: true, of: "m".to_owned() });
    talk.hears(&["Name?", "Two hours at most."]);
    talk.after(M).hears(&[]);
}

#[test]
fn a_handoff_beside_a_run_ends_that_run_and_nothing_speaks_where_a_colleague_has_it() {
    let flows = r#"
team support { }

flow a {
    on message "go"
    ask name: text(20) "Name?" {
        within 47h stop
    }
}

flow soon {
    on window closing in 2h
    handoff "the window closes" to support
}
"#;
    let mut asked = talk(flows);
    asked.write("go").hears(&["Name?"]).after(46 * H).hears(&["handed over: the window closes"]);
    assert_eq!(asked.chat.conversation().status().speaker, Speaker::Asked);
    assert_eq!(asked.waits_for(), None);
}

#[test]
fn a_fault_is_answered_and_a_fault_in_the_answer_hands_over() {
    let flows = |trouble: &str| {
        format!(
            "contact {{\n    n: text(9)\n}}\nflow a {{\n    on message \"go\"\n    say \"{{contact.n}}\"\n}}\nflow trouble {{\n    on fault\n    {trouble}\n}}\n"
        )
    };
    talk(&flows("say \"Sorry: {fault.reason}.\"")).write("go").hears(&["Sorry: missing."]);
}

#[test]
fn a_fault_beside_faults_hands_over_and_a_flow_that_may_not_wait_is_stopped() {
    let failing = |f: &mut super::builder::FlowBuilder| {
        f.say("{missing}").stop();
    };
    let made = |trouble: fn(&mut super::builder::FlowBuilder)| {
        let made = bot().flow("a", |f| {
            f.on(words(&["go"]));
            failing(f);
            f
        });
        let made = made.flow("trouble", |f| {
            f.on(On::Fault);
            trouble(f);
            f
        });
        chat(made.build())
    };
    let mut spoken = made(|f| {
        f.say("sorry");
    });
    spoken.customer("go").gets(&["sorry"]);
    assert_eq!(spoken.speaker(), Speaker::Bot);
    let mut fails = made(|f| {
        f.say("{missing too}");
    });
    fails.customer("go").gets(&[]);
    assert_eq!(fails.speaker(), Speaker::Asked);
    let mut waits = made(|f| {
        f.ask("n", Type::YesNo, "ok?");
    });
    waits.customer("go").gets(&[]);
    assert!(waits.noted("fault", "may not wait"));
    assert_eq!(waits.speaker(), Speaker::Asked);
}

#[test]
fn an_unsent_question_has_a_reason_of_its_own() {
    let made = bot()
        .flow("a", |f| f.on(words(&["go"])).wait(49 * H).ask("n", Type::YesNo, "ok?"))
        .flow("trouble", |f| f.on(On::Fault).op(Op::Note(crate::engine::tests::builder::template("failed"))));
    let mut chat = chat(made.build());
    chat.customer("go").after(50 * H).gets(&[]);
    assert!(chat.noted("fault", "unsent"));
    assert!(chat.effects.iter().any(|effect| matches!(effect, crate::engine::Effect::Note { text } if text == "failed")));
}

#[test]
fn a_text_takes_the_longest_form_that_characters_and_replies_allow() {
    let long = "x".repeat(6_001);
    let say = |text: &str, shorts: &[&str]| Op::Say {
        text: super::builder::text(text),
        shorts: shorts.iter().map(|short| super::builder::text(short)).collect(),
        replying: false,
        keep_apart: false,
    };
    let mut fits = chat(bot().flow("a", |f| f.on(words(&["go"])).op(say("long", &["short"]))).build());
    fits.customer("go").gets(&["long"]);
    let mut too_long = chat(bot().flow("a", |f| f.on(words(&["go"])).op(say(&long, &["middle", "short"]))).build());
    too_long.customer("go").gets(&["middle"]);
    assert!(too_long.noted("short", "over 6,000"));
    // Eleven texts of which no two long forms fit into one message.
    let half = "y".repeat(3_500);
    let made = bot().flow("a", |f| {
        f.on(words(&["go"]));
        for at in 0..11 {
            f.op(say(&half, &[&format!("s{at}")]));
        }
        f
    });
    let mut many = chat(made.build());
    many.customer("go");
    let got = many.gets_any();
    assert_eq!((got.len(), got[0].as_str(), got[1].as_str()), (10, "s0\n\ns1", "s2"));
    assert!(many.noted("short", "replies run short"));
}

#[test]
fn texts_of_one_sprint_are_joined_while_the_queue_is_long() {
    let made = bot().flow("a", |f| {
        f.on(words(&["go"])).say("one").say("two").op(Op::Post { item_id: super::builder::template("7") }).say("three")
    });
    let mut chat = chat(made.build());
    chat.feed(Input::Congestion { long: true }).customer("go").gets(&["one\n\ntwo", "post 7", "three"]);
    assert!(chat.noted("merged", "queue is long"));
    chat.feed(Input::Congestion { long: false }).after(10 * M).customer("go").gets(&["one", "two", "post 7", "three"]);
}
