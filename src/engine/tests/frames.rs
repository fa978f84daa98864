//! Frames, loops, ways: `do`, `return`, `goto`, `repeat`, `for`, `split`, labels.

use std::collections::BTreeSet;

use super::builder::{H, bot, text, words};
use super::chat::{Chat, chat};
use super::told::{talk, talk_with};
use crate::bot::{Expr, Op, Place, StepId, Value};
use crate::engine::Limits;

const ADDRESS: &str = r#"
flow order {
    on message "order"

    do address("Cairo") -> where
    say "We send it to {where}."
    do thank
    say "Bye."
}

flow address(city: text(80)) "Address" -> text(120) {
    ask street: text(30) "Which street in {city}?" {
        tries 2 return city
        within 1h return "{city}, no street"
    }
    return "{street}, {city}"
}

flow thank {
    say "Thank you!"
}
"#;

#[test]
fn a_flow_that_is_done_gives_its_value_back_and_the_caller_goes_on() {
    let mut talk = talk(ADDRESS);
    talk.write("order").hears(&["Which street in Cairo?"]);
    talk.write("Nile street").hears(&["We send it to Nile street, Cairo.", "Thank you!", "Bye."]);
    assert_eq!(talk.waits_for(), None);
}

#[test]
fn silence_inside_a_frame_returns_to_the_caller_too() {
    let mut talk = talk(ADDRESS);
    talk.write("order").hears(&["Which street in Cairo?"]);
    talk.after(H).hears(&["We send it to Cairo, no street.", "Thank you!", "Bye."]);
}

#[test]
fn goto_leaves_every_frame_and_stop_ends_the_run_from_any_depth() {
    let flows = r#"
flow a {
    on message "go"
    set x = "kept"
    do b
    say "never"
}

flow b {
    do c
    say "never"
}

flow c {
    on message "c"
    ask what: one of ("leave", "stop") "What?" {
        within 1h stop
    }
    if what == "stop" {
        stop
    }
    goto d("through")
}

flow d(word: text(20)) {
    say "{word}"
}
"#;
    let mut talk = talk(flows);
    talk.write("go").hears(&["What? [leave|stop]"]).write("leave").hears(&["through"]);
    assert_eq!(talk.waits_for(), None);
    talk.write("go").hears(&["What? [leave|stop]"]).write("stop").hears(&[]);
    assert_eq!(talk.waits_for(), None);
}

#[test]
fn variables_belong_to_their_frame() {
    let flows = r#"
flow a {
    on message "go"
    set x = "outer"
    do b("inner")
    say "{x}"
}

flow b(x: text(20)) {
    say "{x}"
    set x = "changed"
}
"#;
    talk(flows).write("go").hears(&["inner", "outer"]);
}

#[test]
fn loops_turn_as_often_as_they_say_and_can_be_left() {
    let flows = r#"
flow a {
    on message "go"
    set seen = ""
    repeat 2 times {
        for item in ["a", "b", "c"] up to 5 {
            if item == "c" {
                leave
            }
            set seen = "{seen}{item}"
        }
        set seen = "{seen}."
    }
    for item in ["x", "y", "z"] up to 2 {
        set seen = "{seen}{item}"
    }
    say "{seen}"
}
"#;
    talk(flows).write("go").hears(&["ab.ab.xy"]);
}

#[test]
fn a_question_inside_a_loop_keeps_the_turn_while_it_waits() {
    let flows = r#"
flow a {
    on message "go"
    for size in ["S", "M"] up to 3 {
        ask many: whole(0..9) "How many {size}?" {
            within 1h stop
        }
        say "{many} of {size}."
    }
    say "Done."
}
"#;
    let mut talk = talk(flows);
    talk.write("go").hears(&["How many S?"]).write("2").hears(&["2 of S.", "How many M?"]);
    talk.write("3").hears(&["3 of M.", "Done."]);
}

#[test]
fn a_split_is_sticky_by_its_name_and_as_wide_as_its_shares() {
    let flows = r#"
flow a {
    on message "go"
    split "greeting" {
        "short" 50 {
            say "Hi."
        }
        "long" 50 {
            say "Good day to you."
        }
    }
}
"#;
    let mut seen = BTreeSet::new();
    for seed in 0..40 {
        let mut talk = talk(flows);
        talk.chat.reseed(seed * 1_000);
        talk.write("go");
        let first = talk.chat.said()[0].0.clone();
        for _ in 0..3 {
            talk.after(10 * 60_000).write("go");
            assert_eq!(talk.chat.said()[0].0, first, "the same way as before");
        }
        seen.insert(format!("{first:?}"));
    }
    assert_eq!(seen.len(), 2, "both ways are drawn");
}

#[test]
fn ways_tell_where_a_run_went_also_from_the_step_where_it_waited() {
    let flows = r#"
flow a {
    on message "go"
    ask name: text(20) "Name?" {
        tries 1 stop
        within 2h {
            say "Gone."
            stop
        }
        nudge after 1h "Still there?"
    }
    say "Hello {name}."
}
"#;
    let mut talk = talk(flows);
    talk.write("go");
    let begun = talk.chat.steps();
    let ask = *begun.last().unwrap();
    assert_eq!((begun.len(), talk.chat.ways().len()), (1, 0));
    talk.after(H);
    assert_eq!(talk.chat.ways(), [(ask, ask)], "a nudge leads back");
    talk.after(H);
    let ways = talk.chat.ways();
    assert_eq!(ways[0].0, ask);
    assert!(ways[0].1.step > ask.step, "silence has a way of its own");
    talk.write("go").write("Mona");
    let ways = talk.chat.ways();
    assert!(ways.iter().any(|(from, to)| *from == ask && to.step == ask.step + 1), "{ways:?}");
}

#[test]
fn the_frames_survive_a_version_that_moves_their_steps_and_end_where_the_step_is_gone() {
    let mut moved = talk(ADDRESS);
    moved.write("order").hears(&["Which street in Cairo?"]);
    moved.chat.change_bot(super::told::bot_of("", &ADDRESS.replace("    do address(", "    typing\n    do address(")));
    moved.write("Nile street").hears(&["We send it to Nile street, Cairo.", "Thank you!", "Bye."]);
    let mut gone = talk(ADDRESS);
    gone.write("order").hears(&["Which street in Cairo?"]);
    gone.chat.change_bot(super::told::bot_of("", &ADDRESS.replace("do address(\"Cairo\")", "do address(\"Giza\")")));
    gone.write("Nile street").hears(&[]).tells("version", "no longer exists");
}

// --- limits ------------------------------------------------------------------------------------------------------------

fn with(limits: impl FnOnce(&mut Limits), make: impl for<'a> FnOnce(&'a mut super::builder::FlowBuilder)) -> Chat {
    let bot = bot().flow("a", |f| {
        f.on(words(&["go"]));
        make(f);
        f
    });
    let mut chat = chat(bot.build());
    limits(&mut chat.limits);
    chat.customer("go");
    chat
}

#[test]
fn as_many_steps_as_the_limit_says_and_not_one_more() {
    let steps = |count: u32| {
        with(
            |limits| limits.steps_max = 5,
            |f| {
                for _ in 0..count {
                    f.op(Op::Tag { name: "t".to_owned(), on: true });
                }
            },
        )
    };
    assert!(!steps(5).noted("fault", ""));
    assert!(steps(6).noted("fault", "more than 5 steps"));
}

#[test]
fn as_many_turns_as_the_limit_says_and_not_one_more() {
    let turns = |most: u32| {
        with(
            |limits| limits.turns_max = 5,
            |f| {
                f.op(Op::Enter { counter: 0, over: None });
                f.op(Op::Turn { counter: 0, most: Some(most), item: None, end: 3 });
                f.op(Op::Jump(1));
            },
        )
    };
    // The turn that finds the end is one.
    assert!(!turns(4).noted("fault", ""));
    assert!(turns(5).noted("fault", "more than 5 turns"));
}

#[test]
fn as_many_frames_as_the_limit_says_and_not_one_more() {
    let deep = |frames: usize| {
        let mut made = bot();
        for at in 0..frames {
            made = made.flow(&format!("f{at}"), |f| {
                if at == 0 {
                    f.on(words(&["go"]));
                }
                if at + 1 < frames {
                    f.op(Op::Do { flow: at + 1, arguments: vec![], into: None });
                }
                f
            });
        }
        let mut chat = chat(made.build());
        chat.limits.frames_max = 5;
        chat.customer("go");
        chat
    };
    assert!(!deep(5).noted("fault", ""));
    assert!(deep(6).noted("fault", "more than 5 flows inside one another"));
}

#[test]
fn a_list_to_go_over_is_bounded_like_every_value() {
    let list = |bytes: usize| {
        let items = Expr::Value(Value::List(vec![Value::Text("x".repeat(bytes))]));
        with(
            |limits| limits.value_bytes_max = 100,
            |f| {
                f.op(Op::Enter { counter: 0, over: Some(items) });
            },
        )
    };
    assert!(!list(100).noted("fault", ""));
    assert!(list(101).noted("fault", "a list of more than 100 bytes"));
}

#[test]
fn what_is_set_is_bounded() {
    let set = |bytes: usize| {
        let value = "x".repeat(bytes);
        with(
            |limits| limits.value_bytes_max = 100,
            |f| {
                f.set("x", &value);
            },
        )
    };
    assert!(!set(100).noted("fault", ""));
    assert!(set(101).noted("fault", "a value of more than 100 bytes"));
}

#[test]
fn a_flow_that_is_not_there_any_more_ends_the_run() {
    let mut chat = with(
        |_| {},
        |f| {
            f.op(Op::Say { text: text("one"), shorts: vec![], replying: false, keep_apart: false });
            f.op(Op::Goto { to: StepId { flow: 9, step: 0 }, arguments: vec![] });
        },
    );
    chat.gets(&["one"]);
    assert!(chat.noted("ended", "no longer exists"));
}

#[test]
fn a_spread_lets_customers_go_on_at_different_times() {
    let flows = r#"
flow a {
    on message "go"
    wait until 12:00
    say "Noon."
}
"#;
    let mut times = BTreeSet::new();
    for seed in 0..8 {
        let mut talk = talk_with("    spread 30m", flows);
        talk.chat.reseed(seed * 1_000);
        talk.write("go");
        let due = talk.chat.conversation().due().unwrap();
        let noon = talk.chat.now().plus_ms(2 * H - 1);
        assert!(due >= noon && due <= noon.plus_ms(30 * 60_000), "{due:?}");
        times.insert(due);
    }
    assert!(times.len() > 4, "{times:?}");
}

#[test]
fn lists_inside_one_another_are_bounded_so_that_they_can_be_read_again() {
    let nested = |deep: usize| (0..deep).fold(Value::Bool(true), |inner, _| Value::List(vec![inner]));
    let set = |deep: usize| {
        with(
            |_| {},
            |f| {
                f.op(Op::Set { target: Place::Variable("x".to_owned()), value: Expr::Value(nested(deep)) });
                f.wait(1_000);
            },
        )
    };
    assert!(!set(32).noted("fault", ""));
    assert!(set(33).noted("fault", "more than 32 lists inside one another"));
}
