use super::builder::{Clauses, H, Label, M, S, bot, exactly, label, one_of, whole, words};
use super::chat::{Chat, chat};
use crate::bot::{On, Type};
use crate::calendar::Moment;
use crate::engine::{Body, End};

const TEXT: Type = Type::Text { most: 80 };

fn order() -> Chat {
    let digits = Type::Digits { fewest: 6, most: 10 };
    let bot = bot().flow("track", |f| {
        f.on(words(&["order"]))
            .ask_with(
                "order",
                digits,
                "Your number?",
                Clauses {
                    invalid: Some("6 to 10 digits."),
                    tries: Some((2, &|b| {
                        b.say("Too often.").stop();
                    })),
                    within: Some((4 * H, &|b| {
                        b.say("You did not answer.").stop();
                    })),
                    nudges: vec![(H, "Still there?"), (2 * H, "Last call.")],
                    ..Clauses::default()
                },
            )
            .say("Order {order}.")
    });
    chat(bot.build())
}

#[test]
fn an_answer_that_fits_goes_on() {
    let mut chat = order();
    chat.customer("order").gets(&["Your number?"]);
    assert_eq!(chat.waits_for().as_deref(), Some("order"));
    chat.customer("١٢٣٤٥٦٧").gets(&["Order 1234567."]);
    assert_eq!(chat.waits_for(), None);
}

#[test]
fn one_that_does_not_fit_is_told_so_until_the_tries_are_used_up() {
    let mut chat = order();
    chat.customer("order").customer("12").gets(&["Your number?", "6 to 10 digits."]);
    chat.customer("34").gets(&["Too often."]);
    assert_eq!(chat.waits_for(), None);
}

#[test]
fn silence_nudges_and_then_ends() {
    let mut chat = order();
    chat.customer("order").gets(&["Your number?"]);
    chat.after(H - S).gets(&[]).after(S).gets(&["Still there?"]).after(H).gets(&["Last call."]);
    chat.after(2 * H).gets(&["You did not answer."]);
    assert_eq!(chat.state.due(), None);
}

#[test]
fn times_begin_anew_after_an_answer_that_does_not_fit() {
    let mut chat = order();
    chat.customer("order").after(3 * H + 30 * M).customer("12");
    chat.gets(&["Your number?", "Still there?", "Last call.", "6 to 10 digits."]);
    chat.after(H).gets(&["Still there?"]).after(2 * H + 59 * M).gets(&["Last call."]).after(M).gets(&["You did not answer."]);
}

#[test]
fn times_count_only_from_when_the_prompt_is_sent() {
    let mut chat = order();
    chat.sends = false;
    chat.customer("order").after(40 * M);
    assert_eq!(chat.state.due(), None, "nothing counts while the prompt waits");
    chat.send_all();
    assert_eq!(chat.state.due(), Some(chat.now.plus_ms(H)));
}

#[test]
fn a_message_from_before_the_prompt_is_no_answer_and_costs_no_try() {
    let mut chat = order();
    chat.sends = false;
    chat.customer("order").customer("please").customer("please");
    assert!(chat.noted("kept", "before the question"), "{}", chat.account());
    chat.after(10 * M).send_all();
    let before = chat.now.plus_ms(-3 * S);
    chat.body_at(Body::Text { text: "hello?".to_owned() }, before);
    chat.sends = true;
    chat.customer("123456").gets(&["Your number?", "Order 123456."]);
}

#[test]
fn an_answer_counts_while_the_prompts_outcome_is_still_open() {
    let mut chat = order();
    chat.sends = false;
    chat.customer("order");
    let attempt = chat.mark().unwrap();
    chat.customer("123456");
    assert!(chat.noted("answer", "123456"), "{}", chat.account());
    chat.outcome(attempt, crate::channel::Outcome::Sent { message_id: "x".to_owned() });
    chat.send_all();
    chat.gets(&["Your number?", "Order 123456."]);
}

#[test]
fn a_prompt_that_cannot_be_sent_ends_the_wait() {
    let mut chat = order();
    chat.sends = false;
    chat.customer("order").after(48 * H).send_all();
    assert_eq!(chat.waits_for(), None);
    assert!(chat.noted("fault", "unsent"), "{}", chat.account());
    chat.sends = true;
    chat.customer("hm").gets(&[]);
    assert_eq!(chat.end_of(1), Some(End::Dropped));
}

fn choice(as_text: bool) -> Chat {
    let bot = bot().flow("menu", |f| {
        f.on(words(&["menu"]))
            .choose(
                "What?",
                vec![
                    label("Track an order", &|b| {
                        b.say("tracking");
                    }),
                    Label {
                        label: "Return it",
                        named: Some("back"),
                        also: vec!["send back"],
                        block: &|b| {
                            b.say("returning").stop();
                        },
                    },
                    label("Cheese", &|b| {
                        b.say("cheese");
                    }),
                ],
                Clauses { invalid: Some("Choose."), as_text, ..Clauses::default() },
            )
            .say("Done.")
    });
    let bot = bot.answers("late", On::Button("back".to_owned()), "late return").answers("hi", words(&["hi"]), "hello");
    chat(bot.answers("rest", On::Fallback, "rest").build())
}

#[test]
fn a_choice_is_taken_by_button_label_number_other_word_and_near_miss() {
    let mut chat = choice(false);
    let menu = "What? [Track an order|Return it|Cheese]";
    chat.customer("menu").gets(&[menu]).press("Track an order").gets(&["tracking", "Done."]);
    for (typed, said) in [("CHEESE!", "cheese"), ("٣", "cheese"), ("chese", "cheese"), ("1", "tracking")] {
        chat.after(10 * M).customer("menu").gets(&[menu]).customer(typed).gets(&[said, "Done."]);
    }
    chat.after(10 * M).customer("menu").customer("Send back").gets(&[menu, "returning"]);
}

#[test]
fn as_text_the_labels_are_numbered() {
    let mut chat = choice(true);
    chat.customer("menu").gets(&["What?\n1. Track an order\n2. Return it\n3. Cheese"]).customer("2").gets(&["returning"]);
}

#[test]
fn something_else_goes_to_a_definite_trigger_and_else_is_told_so() {
    let mut chat = choice(false);
    let menu = "What? [Track an order|Return it|Cheese]";
    chat.customer("menu").customer("what do you mean").gets(&[menu, "Choose."]);
    chat.customer("hi").gets(&["hello"]);
    assert_eq!(chat.waits_for(), None);
}

#[test]
fn a_late_press_starts_what_waits_for_its_name_and_counts_as_text_where_it_has_none() {
    let mut chat = choice(false);
    chat.customer("menu").press("Cheese").gets(&["What? [Track an order|Return it|Cheese]", "cheese", "Done."]);
    chat.press("Return it").gets(&["late return"]);
    chat.press("Track an order").gets(&["rest"]);
}

#[test]
fn other_takes_what_is_none_of_the_labels() {
    let bot = bot().flow("f", |f| {
        f.on(words(&["go"])).choose(
            "Yes?",
            vec![label("Yes", &|b| {
                b.say("yes");
            })],
            Clauses {
                other: Some(&|b| {
                    b.say("other");
                }),
                ..Clauses::default()
            },
        )
    });
    let mut chat = chat(bot.answers("hi", words(&["hi"]), "hello").build());
    chat.customer("go").customer("hi").gets(&["Yes? [Yes]", "other"]);
}

#[test]
fn forms_of_a_question_follow_the_lengths_in_the_largest_unit() {
    let show = |title: &str, labels: &[&str]| {
        let bot = bot().flow("f", |f| {
            let labels = labels.iter().map(|text| label(text, &|b| _ = b.stop())).collect();
            f.on(words(&["go"])).choose(title, labels, Clauses::default())
        });
        let mut chat = chat(bot.build());
        chat.customer("go");
        chat.shown(crate::engine::ReplyId(1))
    };
    let (l20, l21, l40, l41) = ("a".repeat(20), "a".repeat(21), "👍".repeat(20), "a".repeat(41));
    assert_eq!(show("t", &[&l20]), format!("t [{l20}]"));
    assert_eq!(show("t", &[&l21]), format!("t <{l21}>"));
    assert_eq!(show("t", &[&l40]), format!("t <{l40}>"));
    assert_eq!(show("t", &[&l41]), format!("t\n1. {l41}"));
    assert_eq!(show(&l40, &["x"]), format!("{l40} [x]"));
    assert_eq!(show(&l41, &["x"]), format!("{l41}\n1. x"));
    assert_eq!(show("t", &["a", "b", "c", "d"]), "t\n1. a\n2. b\n3. c\n4. d");
}

#[test]
fn a_closed_type_is_shown_as_a_card_and_taken_by_press_or_word() {
    let bot = bot()
        .field("size", |_| {})
        .flow("f", |f| f.on(words(&["go"])).ask("contact.size", one_of(&["S", "M", "Large"]), "Size?").say("{contact.size}"));
    let mut chat = chat(bot.build());
    chat.customer("go").press("M").gets(&["Size? [S|M|Large]", "M"]);
    chat.customer("go").customer("large").gets(&["Size? [S|M|Large]", "Large"]);
}

#[test]
fn an_image_and_a_number_are_asked_for() {
    let bot = bot().flow("f", |f| {
        f.on(words(&["go"])).ask("n", whole(1, 5), "How many?").ask("picture", Type::Image, "Show me.").say("{n}, {picture}")
    });
    let mut chat = chat(bot.build());
    chat.customer("go").customer("6").customer("٣").gets(&["How many?", "How many?", "Show me."]);
    let picture = |bytes: usize| Body::Image { media_id: "m".repeat(bytes) };
    chat.customer("no").body(picture(1_001)).gets(&["Show me.", "Show me."]);
    chat.image().gets(&["3, media"]);
}

#[test]
fn an_anytime_trigger_comes_before_a_text_answer_but_not_before_a_label() {
    let anytime = |on: On| move |t: &mut crate::bot::Trigger| (t.anytime, t.on) = (crate::bot::Anytime::Replace, on);
    let bot = bot()
        .flow("ask", |f| f.on(words(&["ask"])).ask("x", TEXT, "What?").say("got {x}"))
        .flow("choose", |f| {
            f.on(words(&["choose"])).choose("Which?", vec![label("agent", &|b| _ = b.say("label"))], Clauses::default())
        })
        .flow("agent", |f| f.on_with(On::Fallback, anytime(exactly(&["agent"]))).say("trigger"));
    let mut chat = chat(bot.build());
    chat.customer("ask").customer("agent").gets(&["What?", "trigger"]);
    chat.customer("choose").customer("agent").gets(&["Which? [agent]", "label"]);
}

#[test]
fn a_burst_is_answered_as_one_and_a_button_ends_it() {
    let bot = bot()
        .gather(3 * S, 15 * S)
        .flow("ask", |f| f.on(words(&["begin now"])).ask("n", whole(1, 9), "How many?").say("{n} it is"))
        .flow("menu", |f| f.on(words(&["menu"])).choose("Pick", vec![label("A", &|b| _ = b.say("a"))], Clauses::default()))
        .answers("joined", words(&["one two"]), "{message.text}");
    let mut chat = chat(bot.build());
    chat.customer("one").after(2 * S).customer("two").gets(&[]).after(3 * S).gets(&["one\ntwo"]);
    chat.customer("begin now").after(3 * S).gets(&["How many?"]);
    chat.customer("4").after(S).customer("please").after(3 * S).gets(&["4 it is"]);
    chat.customer("menu").after(3 * S).gets(&["Pick [A]"]).customer("one two").press("A").gets(&["a"]);
    assert!(chat.noted("gather", "stay unanswered"));
    chat.after(M).gets(&[]);
    chat.customer("one two").image().gets(&["one two"]);
    for _ in 0..8 {
        chat.customer("one two").after(2 * S);
    }
    chat.after(5 * S);
    assert_eq!(chat.trace.iter().filter(|line| line.text.contains("texts are answered")).count(), 3, "{}", chat.account());
}

#[test]
fn a_nudge_does_not_overtake_and_dies_with_its_question() {
    let mut chat = order();
    chat.customer("order").gets(&["Your number?"]);
    chat.sends = false;
    chat.after(H);
    assert_eq!(chat.state.queued(), 1);
    chat.customer("123456");
    chat.send_all();
    chat.gets(&["Order 123456."]);
    assert_eq!(chat.end_of(2), Some(End::Dropped), "the nudge is not wanted any more");
    let _: Moment = chat.now;
}
