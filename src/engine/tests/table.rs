//! What a waiting run does with an input: one test for each row of the language's table.

use super::builder::{Blocks, Clauses, H, M, bot, exactly, label, words};
use super::chat::{Chat, chat};
use crate::bot::{Anytime, Bot, On, Type};
use crate::engine::{Effect, Input, Speaker};

fn everything() -> Bot {
    bot()
        .opts()
        .asset("a.png")
        .flow("ask", |f| f.on(words(&["ask"])).ask("x", Type::Text { most: 80 }, "What?").say("got {x}"))
        .flow("choose", |f| {
            let labels = vec![label("One", &|b| _ = b.say("one")), label("Two", &|b| _ = b.say("two"))];
            f.on(words(&["choose"])).choose("Which?", labels, Clauses { invalid: Some("Pick one."), ..Clauses::default() })
        })
        .flow("wait", |f| f.on(words(&["wait"])).wait(H).say("waited"))
        .flow("image", |f| f.on(words(&["image"])).image("a.png", &|b| _ = b.say("no image")).say("after"))
        .flow("human", |f| f.on(words(&["human"])).handoff("help", &Blocks::default()))
        .flow("urgent", |f| f.on_with(exactly(&["urgent"]), |t| t.anytime = Anytime::Replace).say("now"))
        .answers("hi", words(&["hi"]), "hello")
        .answers("rest", On::Fallback, "rest")
        .build()
}

fn begun(word: &str) -> Chat {
    let mut chat = chat(everything());
    chat.customer(word);
    let _ = chat.gets_any();
    chat
}

#[test]
fn row_1_an_exact_label_or_number_goes_to_the_wait() {
    begun("choose").customer("two").gets(&["two"]);
    begun("choose").customer("1").gets(&["one"]);
    begun("choose").press("Two").gets(&["two"]);
}

#[test]
fn row_2_anytime_then_the_wait_then_a_trigger_then_invalid() {
    begun("ask").customer("urgent").gets(&["now"]);
    begun("ask").customer("hi").gets(&["got hi"]);
    begun("choose").customer("urgent").gets(&["now"]);
    begun("choose").customer("hi").gets(&["hello"]);
    begun("choose").customer("hmm").gets(&["Pick one."]);
    let mut chat = begun("ask");
    chat.image().gets(&["What?"]);
}

#[test]
fn row_3_a_timed_wait_is_ended_by_any_definite_trigger() {
    let mut chat = begun("wait");
    chat.customer("hmm").gets(&[]).after(H).gets(&["waited"]);
    let mut chat = begun("wait");
    chat.customer("hi").gets(&["hello"]).after(2 * H).gets(&[]);
}

#[test]
fn row_4_while_tiktok_is_asked_messages_queue_and_anytime_and_opt_out_pass() {
    let mut chat = begun("image");
    assert!(chat.effects.contains(&Effect::AskCapability));
    chat.customer("hi").gets(&[]);
    chat.feed(Input::Capability { images: true }).gets(&["image a.png", "after", "hello"]);
    let mut chat = begun("image");
    chat.customer("hi").feed(Input::Capability { images: false }).gets(&["no image", "after", "hello"]);
    let mut chat = begun("image");
    chat.customer("hi").after(M).gets(&["no image", "after", "hello"]);
    let mut chat = begun("image");
    chat.customer("urgent").gets(&["now"]).after(M).gets(&[]);
    let mut chat = begun("image");
    chat.customer("hi").customer("stop").gets(&["no more messages"]);
    chat.feed(Input::Capability { images: true }).gets(&[]);
}

#[test]
fn row_5_without_a_run_the_triggers_and_else_nothing() {
    begun("hi").customer("hi").gets(&["hello"]).customer("hmm").gets(&["rest"]);
}

#[test]
fn row_6_asked_for_a_colleague_only_the_opt_out_is_heard() {
    let mut chat = begun("human");
    chat.customer("hi").customer("urgent").gets(&[]);
    assert_eq!(chat.speaker(), Speaker::Asked);
    chat.customer("stop").gets(&["no more messages"]);
}

#[test]
fn row_7_taken_by_a_colleague_only_the_opt_out_is_heard() {
    let mut chat = begun("hi");
    chat.takes().customer("hi").customer("urgent").gets(&[]);
    assert_eq!(chat.speaker(), Speaker::Taken);
    chat.customer("stop").gets(&[]);
    assert!(chat.state.status().opted_out);
}

#[test]
fn row_8_opted_out_only_the_opt_in_is_heard() {
    let mut chat = begun("ask");
    chat.customer("STOP!").gets(&["no more messages"]);
    chat.customer("hi").customer("urgent").customer("stop").after(48 * H).gets(&[]);
    chat.customer("start").gets(&["welcome back"]).customer("hi").gets(&["hello"]);
}
