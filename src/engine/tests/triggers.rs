use crate::bot::Regex;

use super::builder::{H, S, bot, exactly, is, strings, words};
use super::chat::chat;
use crate::bot::{Anytime, On, Type};
use crate::engine::{Body, Input, Referral};

#[test]
fn a_keyword_starts_its_flow_and_says_why() {
    let mut chat = chat(bot().flow("hello", |f| f.on(words(&["hello"])).say("Hi!")).build());
    chat.customer("well, HELLO there").gets(&["Hi!"]);
    assert!(chat.noted("trigger", "hello#0"), "{}", chat.account());
    assert_eq!(chat.state.replies_left(), 9);
    chat.customer("what?").gets(&[]);
    assert!(chat.noted("unmatched", ""));
}

#[test]
fn forms_win_in_their_order_and_the_losers_are_named() {
    let regex = std::sync::Arc::new(Regex::new("#(?<order>[0-9]{6,10})").unwrap());
    let bot = bot()
        .answers("fallback", On::Fallback, "fallback")
        .answers("any", On::AnyText, "any")
        .answers("like", On::Like(strings(&["delivery"])), "like")
        .answers("starting", On::Starting(strings(&["my"])), "starting")
        .answers("short", words(&["order"]), "short")
        .answers("long", words(&["my order"]), "long")
        .answers("matching", On::Matching(regex), "order {order}")
        .answers("exactly", exactly(&["my order"]), "exactly")
        .answers("image", On::Image, "image")
        .build();
    let mut chat = chat(bot);
    chat.customer("My order!").gets(&["exactly"]);
    assert!(chat.noted("lost", "`long#0` (message): `exactly#0` comes first"), "{}", chat.account());
    chat.customer("my order #١٢٣٤٥٦٧").gets(&["order 1234567"]);
    chat.customer("where is my order").gets(&["long"]);
    chat.customer("order now").gets(&["short"]);
    chat.customer("my thing").gets(&["starting"]);
    chat.customer("delivrey").gets(&["like"]);
    chat.customer("something").gets(&["any"]);
    chat.image().gets(&["image"]);
    chat.body(Body::Sticker { url: String::new() }).gets(&["fallback"]);
    chat.body(Body::Unsupported { word: "VOICE".to_owned() }).gets(&["fallback"]);
}

#[test]
fn a_false_or_missing_condition_and_once_per_leave_the_place_to_the_next() {
    let bot = bot()
        .field("city", |_| {})
        .flow("cairo", |f| f.on_with(words(&["hi"]), |t| t.when = Some(is("contact.city", "Cairo"))).say("cairo"))
        .flow("once", |f| f.on_with(words(&["hi"]), |t| t.once_per_ms = Some(H)).set("contact.city", "Cairo").say("once"))
        .flow("set", |f| f.on(words(&["clear"])).set("contact.city", "Giza").say("cleared"))
        .flow("rest", |f| f.on(On::Fallback).say("rest"))
        .build();
    let mut chat = chat(bot);
    chat.customer("hi").gets(&["once"]);
    chat.customer("hi").gets(&["cairo"]);
    chat.customer("clear").gets(&["cleared"]);
    chat.customer("hi").gets(&["rest"]);
    assert!(chat.noted("lost", "`once per` has not passed") && chat.noted("lost", "`when` is false or missing"));
    chat.after(H).customer("hi").gets(&["once"]);
}

#[test]
fn priority_settles_a_tie_and_file_order_what_is_left() {
    let bot = bot()
        .flow("a", |f| f.on(words(&["hi"])).say("a"))
        .flow("b", |f| f.on_with(words(&["hi"]), |t| t.priority = 5).say("b"))
        .flow("c", |f| f.on(words(&["yo"])).say("c"))
        .flow("d", |f| f.on(words(&["yo"])).say("d"))
        .build();
    let mut chat = chat(bot);
    chat.customer("hi").gets(&["b"]).customer("yo").gets(&["c"]);
}

#[test]
fn an_ad_starts_its_flow_once_with_the_first_message_within_a_day() {
    let bot = bot()
        .flow("ad", |f| f.on(On::Ad(Some("77".to_owned()))).say("from the ad"))
        .flow("link", |f| f.on(On::Link(None)).say("from a link"))
        .flow("first", |f| f.on(On::FirstMessage).say("first"))
        .flow("hi", |f| f.on(words(&["hi"])).say("hi"))
        .build();
    let mut chat = chat(bot);
    let referral = |chat: &super::chat::Chat, source: &str| {
        Input::Referral(Referral {
            at: chat.now,
            received: chat.now,
            source: source.to_owned(),
            ad_id: Some("77".to_owned()),
            ad_name: None,
            link_ref: None,
        })
    };
    chat.customer("x").gets(&["first"]);
    let ad = referral(&chat, "ad");
    chat.feed(ad.clone()).gets(&[]);
    chat.customer("hi").gets(&["from the ad"]).customer("hi").gets(&["hi"]);
    chat.feed(ad).after(24 * H + S).customer("hello").gets(&[]);
    let link = referral(&chat, "short_link");
    chat.feed(link).customer("hello").gets(&["from a link"]).customer("hello").gets(&[]);
}

#[test]
fn anytime_replaces_a_question_and_resume_asks_it_again() {
    let bot = bot()
        .flow("ask", |f| f.on(words(&["begin"])).ask("name", Type::Text { most: 80 }, "Your name?").say("Hello {name}"))
        .flow("help", |f| f.on_with(exactly(&["help"]), |t| t.anytime = Anytime::Resume).say("Helping"))
        .flow("agent", |f| f.on_with(exactly(&["agent"]), |t| t.anytime = Anytime::Replace).say("An agent comes"))
        .build();
    let mut chat = chat(bot);
    chat.customer("begin").gets(&["Your name?"]);
    chat.customer("help").gets(&["Helping", "Your name?"]);
    chat.customer("Mona").gets(&["Hello Mona"]);
    chat.customer("begin").customer("agent").gets(&["Your name?", "An agent comes"]);
    assert_eq!(chat.waits_for(), None);
}

#[test]
fn a_reaction_is_no_message() {
    let mut chat = chat(bot().flow("f", |f| f.on(On::Fallback).say("?")).build());
    chat.body(Body::Reaction { emoji: Some("👍".to_owned()), added: true, of: "m".to_owned() }).gets(&[]);
    assert_eq!(chat.state.window_left(chat.now), None);
}

#[test]
fn a_late_message_starts_something_only_where_no_run_waits() {
    let bot = bot()
        .flow("f", |f| f.on(words(&["ask"])).ask("x", Type::Text { most: 80 }, "What?").say("{x}"))
        .flow("g", |f| f.on(words(&["hi"])).say("hi"))
        .build();
    let mut chat = chat(bot);
    let before = chat.now.plus_ms(-H);
    chat.customer("ask").gets(&["What?"]);
    chat.body_at(Body::Text { text: "hi".to_owned() }, before).gets(&[]);
    assert!(chat.noted("late", ""));
    chat.customer("that").gets(&["that"]);
    let left = chat.state.replies_left();
    chat.body_at(Body::Text { text: "hi".to_owned() }, before).gets(&["hi"]);
    assert_eq!(chat.state.replies_left(), left - 1, "a late message gives nothing back");
}
