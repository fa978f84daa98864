use super::builder::{Blocks, H, M, S, bot, words};
use super::chat::{Chat, chat};
use crate::engine::{EchoSource, Effect, Speaker};

fn shop() -> Chat {
    let bot = bot()
        .team("support", 9, 17)
        .flow("human", |f| {
            f.on(words(&["human"])).set("what", "a refund").handoff(
                "wants {what}",
                &Blocks {
                    team: Some(0),
                    open: Some(&|b| _ = b.say("A colleague will answer.")),
                    closed: Some(&|b| _ = b.say("We are closed.")),
                    nobody_in: Some((2 * H, &|b| _ = b.say("Sorry for the delay: {what}."))),
                    released: Some(&|b| _ = b.say("I am back.")),
                },
            )
        })
        .answers("hi", words(&["hi"]), "hello");
    chat(bot.build())
}

#[test]
fn a_colleague_is_asked_for_and_the_bot_waits() {
    let mut chat = shop();
    chat.customer("human").gets(&["A colleague will answer."]);
    assert_eq!((chat.speaker(), chat.state.status().team.as_deref()), (Speaker::Asked, Some("support")));
    let told = chat.effects.iter().any(
        |effect| matches!(effect, Effect::HandedOver { team: Some(team), note } if team == "support" && note == "wants a refund"),
    );
    assert!(told, "{:?}", chat.effects);
    chat.customer("hi").gets(&[]);
}

#[test]
fn nobody_in_counts_open_hours_only() {
    let mut chat = shop();
    chat.customer("human").after(2 * H - S).gets(&["A colleague will answer."]);
    chat.after(S).gets(&["Sorry for the delay: a refund."]).after(8 * H).gets(&[]);
    let mut chat = shop();
    // From 16:00 one hour of the day is left, the second one begins at nine.
    chat.after(6 * H).customer("human").after(H).gets(&["A colleague will answer."]);
    assert_eq!(chat.state.due(), Some(chat.now.plus_ms(11 * H)), "released before the next day");
    let mut chat = shop();
    chat.after(8 * H).customer("human").gets(&["We are closed."]);
}

#[test]
fn a_colleagues_message_takes_it_and_a_release_gives_it_back() {
    let mut chat = shop();
    chat.customer("human").after(M).colleague("hello, I am Mona");
    assert_eq!(chat.speaker(), Speaker::Taken);
    chat.after(3 * H).customer("hi").gets(&["A colleague will answer."]);
    chat.releases().gets(&["I am back."]);
    assert_eq!(chat.speaker(), Speaker::Bot);
    chat.customer("hi").gets(&["hello"]);
}

#[test]
fn without_a_colleagues_message_it_is_the_bots_again_after_half_a_day() {
    let mut chat = shop();
    chat.customer("hi").takes().after(11 * H).colleague("still here").after(11 * H).gets(&["hello"]);
    assert_eq!(chat.speaker(), Speaker::Taken);
    chat.after(H);
    assert_eq!((chat.speaker(), chat.state.due()), (Speaker::Bot, None));
}

#[test]
fn an_old_echo_counts_and_takes_nothing() {
    let mut chat = shop();
    chat.customer("hi").after(13 * H);
    let old = crate::engine::Echo {
        message_id: "old".to_owned(),
        at: chat.now.plus_ms(-13 * H),
        received: chat.now,
        source: EchoSource::App,
        automatic: None,
        fingerprint: 3,
        text: String::new(),
    };
    chat.feed(crate::engine::Input::Echo(old));
    assert_eq!(chat.speaker(), Speaker::Bot);
}

#[test]
fn what_waited_in_a_burst_or_for_tiktok_is_the_colleagues_after_a_handover() {
    let bot = bot()
        .gather(3 * S, 15 * S)
        .settings(|s| s.on_short_budget = crate::bot::ShortBudget::Handoff)
        .flow("late", |f| f.on(words(&["late"])).wait(M).say("a").say("b"))
        .answers("hi", words(&["hi"]), "hello");
    let mut chat = chat(bot.build());
    chat.customer("late").after(3 * S);
    for number in 0..10 {
        chat.echo(&format!("p{number}"), EchoSource::Api, 1);
    }
    chat.after(59 * S);
    assert_eq!(chat.speaker(), Speaker::Bot);
    chat.customer("hi");
    for number in 10..20 {
        chat.echo(&format!("p{number}"), EchoSource::Api, 1);
    }
    chat.after(M).gets(&[]);
    assert_eq!(chat.speaker(), Speaker::Asked);
    assert!(chat.noted("kept", "the bot is silent here"), "{}", chat.account());
}
