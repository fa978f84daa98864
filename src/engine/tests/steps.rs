use super::builder::{Clauses, H, M, S, bot, is, label, place, template, words};
use super::chat::chat;
use crate::bot::{BinaryOp, Expr, Few, Filter, On, Op, Pattern, Piece, Template, Text, Type, Value, WaitFor};
use crate::engine::{Body, Conversation, Courtesy, Effect, Input};

#[test]
fn values_are_kept_compared_and_printed() {
    let bot = bot().field("size", |field| field.default = Some(Value::Text("M".to_owned()))).flow("f", |f| {
        f.on(words(&["go"]))
            .say("{contact.size}")
            .set("contact.size", "L")
            .set("x", "a")
            .op(Op::Tag { name: "vip".to_owned(), on: true })
            .op(Op::Goal("done".to_owned()))
            .when(is("contact.size", "L"), &|b| _ = b.say("large"), &|b| _ = b.say("other"))
            .when(is("missing", "L"), &|b| _ = b.say("yes"), &|b| _ = b.say("no"))
            .op(Op::Typing)
            .say("{x} {missing|nothing}")
    });
    let mut chat = chat(bot.build());
    chat.customer("go").gets(&["M", "large", "no", "a nothing"]);
    assert_eq!(chat.state.status().tags, ["vip"]);
    assert!(chat.effects.contains(&Effect::Goal { name: "done".to_owned() }));
    assert!(chat.effects.contains(&Effect::Courtesy { what: Courtesy::Typing }));
    chat.customer("go").gets(&["L", "large", "no", "a nothing"]);
}

#[test]
fn match_takes_the_first_arm_that_fits() {
    let number = |n: i64| Value::Number(n.into());
    let arms =
        vec![(vec![Pattern::Value(number(1)), Pattern::Value(number(2))], 2), (vec![Pattern::Range(number(3), number(5))], 4)];
    let bot = bot().flow("f", |f| {
        f.on(words(&["go"]))
            .ask("n", super::builder::whole(0, 9), "n?")
            .op(Op::Match {
                subject: Expr::Place(place("n")),
                arms: arms.into_iter().map(|(patterns, at)| (patterns, at + 4)).collect(),
                otherwise: 10,
            })
            .say("few")
            .stop()
            .say("some")
            .stop()
            .say("many")
    });
    let bot = bot.build();
    let at: Vec<&str> =
        bot.flows[0].steps.iter().map(|step| if matches!(step.op, Op::Say { .. }) { "say" } else { "-" }).collect();
    assert_eq!((at[5], at[7], at[9]), ("say", "say", "say"), "{at:?}");
    let bot = super::steps::with_targets(bot, 4, [5, 7, 9]);
    let mut chat = chat(bot);
    chat.customer("go").customer("2").gets(&["n?", "few"]).customer("go").customer("4").gets(&["n?", "some"]);
    chat.customer("go").customer("9").gets(&["n?", "many"]);
}

fn with_targets(mut bot: crate::bot::Bot, at: usize, targets: [usize; 3]) -> crate::bot::Bot {
    if let Op::Match { arms, otherwise, .. } = &mut bot.flows[0].steps[at].op {
        (arms[0].1, arms[1].1, *otherwise) = (targets[0], targets[1], targets[2]);
    }
    bot
}

#[test]
fn texts_follow_the_language_the_customer_writes_in() {
    let bot = bot()
        .languages(&["ar", "en"])
        .answers("hi", On::AnyText, "أهلا / Hello")
        .flow("set", |f| f.on(words(&["arabic please"])).set("conversation.language", "ar").say("تم / done"))
        .flow("size", |f| f.on(words(&["مقاس"])).ask("s", super::builder::one_of(&["XL"]), "؟ / ?").say("تم / ok"));
    let mut chat = chat(bot.build());
    chat.customer("123").gets(&["أهلا"]).customer("hello").gets(&["Hello"]).customer("456").gets(&["Hello"]);
    chat.customer("مقاس").customer("XL").gets(&["؟ [XL]", "تم"]);
    chat.customer("arabic please").gets(&["تم"]).customer("hello").gets(&["أهلا"]);
}

#[test]
fn variants_are_drawn_from_the_seed() {
    let bot = || bot().answers("hi", words(&["hi"]), "a | b | c").build();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let mut chat = chat(bot());
        chat.seed = seed;
        seen.extend(chat.customer("hi").gets_any());
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn a_missing_value_in_a_hole_is_a_fault_with_its_place() {
    let bot = bot().flow("f", |f| f.on(words(&["go"])).say("first").say("Hello {nobody}").say("never")).build();
    let mut chat = chat(bot);
    chat.customer("go").gets(&["first"]);
    let fault = chat.trace.iter().find(|line| line.what == "fault").unwrap();
    assert_eq!((fault.origin.as_ref().unwrap().line, fault.text.contains("nobody")), (2, true));
    assert_eq!(chat.waits_for(), None);
}

#[test]
fn filters_dress_values() {
    let hole = |filters: Vec<Filter>| {
        let hole = Piece::hole(Expr::Place(place("message.text")), filters);
        Text::new([[Template { pieces: Few::One(hole) }]])
    };
    let say = |filters| Op::Say { text: hole(filters), shorts: vec![], replying: false, keep_apart: true };
    let bot =
        bot().flow("f", |f| f.on(On::AnyText).op(say(vec![Filter::Upper])).op(say(vec![Filter::Lower, Filter::Shorten(4)])));
    let mut chat = chat(bot.build());
    chat.customer("Hello").gets(&["HELLO", "hel…"]);
}

#[test]
fn loops_without_end_are_stopped_with_a_place() {
    let bot = bot()
        .flow("silent", |f| f.on(words(&["silent"])).op(Op::Jump(0)))
        .flow("loud", |f| f.on(words(&["loud"])).say("x").op(Op::Jump(0)))
        .flow("ping", |f| f.on(words(&["ping"])).goto(2))
        .build();
    let mut chat = chat(bot);
    for word in ["silent", "loud", "ping"] {
        chat.trace.clear();
        chat.customer(word);
        assert!(chat.noted("fault", "in a row"), "{word}: {}", chat.account());
        assert!(chat.trace.len() <= chat.limits.trace_max + 10);
        assert!(chat.state.due().is_none() || chat.state.queued() > 0);
    }
    assert!(chat.gets_any().len() <= 10);
}

#[test]
fn values_and_conversations_have_bounds() {
    let bot = bot().flow("f", |f| {
        f.on(words(&["go"]))
            .ask("x", Type::Text { most: 60_000 }, "x?")
            .op(Op::Set { target: place("y"), value: Expr::Text(template("{x}{x}")) })
    });
    let mut chat = chat(bot.build());
    chat.customer("go").customer(&"ab ".repeat(5_000));
    assert!(chat.noted("fault", "a value of more than"), "{}", chat.account());
    assert!(chat.state.encode().unwrap().len() <= chat.limits.state_bytes_max);
}

#[test]
fn waits_end_at_their_time() {
    let nine = crate::calendar::time(9, 0).unwrap();
    let bot = bot()
        .team("support", 12, 13)
        .flow("for", |f| f.on(words(&["for"])).wait(H).say("an hour later"))
        .flow("until", |f| f.on(words(&["until"])).op(Op::Wait(WaitFor::Time(nine))).say("nine"))
        .flow("open", |f| f.on(words(&["open"])).op(Op::Wait(WaitFor::Open(0))).say("open"));
    let mut chat = chat(bot.build());
    chat.customer("for").after(H - S).gets(&[]).after(S).gets(&["an hour later"]);
    chat.customer("open").after(59 * M).gets(&[]).after(M).gets(&["open"]).customer("open").gets(&["open"]);
    chat.customer("until").after(21 * H - S).gets(&[]).after(S).gets(&["nine"]);
}

#[test]
fn an_image_is_sent_where_it_may_be_and_asked_about_once_a_day() {
    let bot = bot().asset("a.png").flow("f", |f| f.on(words(&["go"])).image("a.png", &|b| _ = b.say("no image")).say("after"));
    let mut chat = chat(bot.build());
    let asked = |chat: &super::chat::Chat| chat.effects.iter().filter(|effect| **effect == Effect::AskCapability).count();
    chat.customer("go").gets(&[]).feed(Input::Capability { images: true }).gets(&["image a.png", "after"]);
    chat.after(24 * H).customer("go").gets(&["image a.png", "after"]);
    assert_eq!(asked(&chat), 1);
    chat.after(S).customer("go").gets(&[]);
    assert_eq!(asked(&chat), 2);
    chat.feed(Input::Capability { images: false }).gets(&["no image", "after"]);
}

#[test]
fn a_reply_quotes_only_what_may_be_quoted() {
    let reply = |f: &mut super::builder::FlowBuilder, on: On| {
        f.on(on).op(Op::Say { text: super::builder::text("yes"), shorts: vec![], replying: true, keep_apart: false });
    };
    let bot = bot()
        .flow("text", |f| {
            reply(f, On::AnyText);
            f
        })
        .flow("rest", |f| {
            reply(f, On::Fallback);
            f
        });
    let mut chat = chat(bot.build());
    chat.customer("hi").body(Body::Sticker { url: String::new() }).gets(&["yes", "yes"]);
    let quotes: Vec<_> = chat.replies.values().map(|reply| reply.outgoing.quote.as_deref()).collect();
    assert_eq!(quotes, [Some("m1"), None]);
}

#[test]
fn a_run_finds_its_step_in_a_new_version_or_ends_with_a_reason() {
    let version = |extra: bool, prompt: &'static str| {
        bot().answers("hi", words(&["mona"]), "hello").flow("f", move |f| {
            f.on(words(&["go"]));
            if extra {
                f.say("new first step");
            }
            f.ask("x", Type::Text { most: 80 }, prompt).say("got {x}")
        })
    };
    let mut chat = chat(version(false, "What?").build());
    chat.customer("go").gets(&["What?"]);
    chat.bot = version(true, "What?").build();
    chat.customer("Mona").gets(&["got Mona"]);
    chat.customer("go").gets(&["new first step", "What?"]);
    chat.bot = version(true, "Something else?").build();
    chat.customer("Mona").gets(&["hello"]);
    assert!(chat.noted("version", "no longer exists"));
    chat.customer("go").gets(&["new first step", "Something else?"]);
    chat.bot = bot().build();
    chat.after(48 * H).gets(&[]);
    assert_eq!((chat.waits_for(), chat.state.due()), (None, None));
}

#[test]
fn fields_are_forgotten_and_secret_ones_stay_out_of_the_account() {
    let bot = bot()
        .field("phone", |field| (field.secret, field.forget_after_ms) = (true, Some(H)))
        .flow("f", |f| f.on(words(&["go"])).ask("contact.phone", Type::Text { most: 80 }, "Phone?").say("ok {contact.phone}"))
        .answers("show", words(&["show"]), "{contact.phone|none}");
    let mut chat = chat(bot.build());
    chat.customer("go").customer("0100").gets(&["Phone?", "ok 0100"]);
    assert!(!chat.account().contains("0100"), "{}", chat.account());
    chat.after(H).customer("show").gets(&["none"]);
    assert!(chat.state.status().contact.is_empty());
}

#[test]
fn a_newer_encoding_is_refused() {
    let bytes = Conversation::default().encode().unwrap();
    assert!(bytes.len() < 40, "{}", String::from_utf8(bytes.clone()).unwrap());
    assert!(Conversation::decode(&bytes).is_ok());
    assert!(Conversation::decode(b"{\"v\":2}").unwrap_err().to_string().contains("encoding 2"));
    assert!(Conversation::decode(b"{}").is_err() && Conversation::decode(b"\xff").is_err());
}

#[test]
fn arithmetic_overflow_is_missing_and_not_a_panic() {
    let big = || Box::new(Expr::Value(Value::Number(rust_decimal::Decimal::MAX)));
    let bot = bot().flow("f", |f| {
        f.on(words(&["go"]))
            .op(Op::Set { target: place("x"), value: Expr::Binary(BinaryOp::Multiply, big(), big()) })
            .say("{x|missing}")
            .choose("?", vec![label("a", &|b| _ = b.stop())], Clauses::default())
    });
    let mut chat = chat(bot.build());
    chat.customer("go").gets(&["missing", "? [a]"]);
}
