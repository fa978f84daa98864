//! Random inputs in random order: nothing panics, and what must always hold holds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::builder::{Blocks, Clauses, H, M, S, bot, exactly, is, label, one_of, place, words};
use super::chat::{Chat, chat};
use crate::bot::{Anytime, Bot, Expr, On, Op, Type, Value, WaitFor};
use crate::channel::{NotSent, Outcome, RefusalScope};
use crate::engine::{Body, EchoSource, Effect, Input, Referral, ReplyId, Speaker};

/// Every step, every trigger.
fn everything(gather: bool) -> Bot {
    let mut made = bot().opts().asset("a.png").field("size", |_| {}).team("support", 9, 17);
    if gather {
        made = made.gather(3 * S, 10 * S);
    }
    made.flow("main", |f| {
        f.on(words(&["go"]))
            .say("one")
            .say("two | three")
            .op(Op::Typing)
            .op(Op::Seen)
            .image("a.png", &|b| _ = b.say("no image"))
            .op(Op::Post { item_id: super::builder::template("77") })
            .ask_with(
                "n",
                super::builder::whole(0, 9),
                "n?",
                Clauses {
                    nudges: vec![(H, "nudge"), (2 * H, "nudge again")],
                    within: Some((3 * H, &|b| _ = b.say("gone"))),
                    ..Clauses::default()
                },
            )
            .ask("contact.size", one_of(&["S", "M"]), "size?")
            .op(Op::Set { target: place("y"), value: Expr::List(vec![Expr::Value(Value::Bool(true))]) })
            .op(Op::Tag { name: "t".to_owned(), on: true })
            .op(Op::Goal("g".to_owned()))
            .when(is("contact.size", "S"), &|b| _ = b.say("small"), &|b| _ = b.wait(M))
            .choose(
                "which?",
                vec![label("a", &|b| _ = b.goto(0)), label("b", &|b| _ = b.goto(1)), label("c", &|b| _ = b.say("{missing}"))],
                Clauses { invalid: Some("no"), within: Some((H, &|b| _ = b.stop())), ..Clauses::default() },
            )
    })
    .flow("human", |f| {
        f.on_with(exactly(&["human"]), |t| t.anytime = Anytime::Replace).handoff(
            "help",
            &Blocks {
                team: Some(0),
                open: Some(&|b| _ = b.say("open").wait(M).say("later")),
                closed: Some(&|b| _ = b.say("closed")),
                nobody_in: Some((M, &|b| _ = b.say("nobody"))),
                released: Some(&|b| _ = b.say("back").ask("z", Type::Text { most: 9 }, "z?")),
            },
        )
    })
    .flow("help", |f| f.on_with(words(&["help"]), |t| t.anytime = Anytime::Resume).say("helping").ask("q", Type::YesNo, "ok?"))
    .flow("ad", |f| f.on(On::Ad(None)).say("ad"))
    .flow("first", |f| f.on(On::FirstMessage).say("first").op(Op::Wait(WaitFor::Open(0))).say("open now"))
    .flow("image", |f| f.on(On::Image).say("nice"))
    .flow("rest", |f| f.on_with(On::Fallback, |t| t.once_per_ms = Some(H)).say("what?"))
    .build()
}

#[derive(Clone, Debug)]
enum Act {
    Say(&'static str),
    Press,
    Image,
    Sticker,
    Late,
    Ad,
    Mark,
    MarkWrong(u32),
    Answer(u8),
    StaleAnswer(u32, u32),
    EchoOurs(u8),
    EchoOther(u8, u8),
    Listing(bool, bool),
    NoListing,
    Capability(bool),
    Take,
    Release,
    Pass(i64),
    Poke,
}

fn act() -> impl Strategy<Value = Act> {
    let said = prop::sample::select(vec!["go", "1", "S", "help", "human", "stop", "start", "a", "b", "c", "xyz", "yes", "", "!"]);
    prop_oneof![
        8 => said.prop_map(Act::Say),
        2 => Just(Act::Press),
        1 => Just(Act::Image),
        1 => Just(Act::Sticker),
        1 => Just(Act::Late),
        1 => Just(Act::Ad),
        10 => Just(Act::Mark),
        1 => (0_u32..20).prop_map(Act::MarkWrong),
        10 => (0_u8..9).prop_map(Act::Answer),
        1 => (0_u32..20, 0_u32..3).prop_map(|(reply, attempt)| Act::StaleAnswer(reply, attempt)),
        2 => (0_u8..3).prop_map(Act::EchoOurs),
        2 => (0_u8..6, 0_u8..4).prop_map(|(id, source)| Act::EchoOther(id, source)),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(found, full)| Act::Listing(found, full)),
        1 => Just(Act::NoListing),
        2 => any::<bool>().prop_map(Act::Capability),
        1 => Just(Act::Take),
        1 => Just(Act::Release),
        6 => prop::sample::select(vec![S, 10 * S, M, 31 * M, 2 * H, 13 * H, 47 * H]).prop_map(Act::Pass),
        1 => Just(Act::Poke),
    ]
}

fn perform(chat: &mut Chat, act: &Act) {
    match act {
        Act::Say(text) => drop(chat.customer(text).now),
        Act::Press => {
            let shown = chat.replies.values().any(|reply| chat.shown(reply.id).contains('['));
            if shown {
                let title =
                    chat.replies.values().rev().map(|reply| chat.shown(reply.id)).find(|shown| shown.contains('[')).unwrap();
                let title = title.split(['[', '|', ']']).nth(1).unwrap().to_owned();
                chat.press(&title);
            }
        }
        Act::Image => drop(chat.image().now),
        Act::Sticker => drop(chat.body(Body::Sticker { url: String::new() }).now),
        Act::Late => {
            let at = chat.now.plus_ms(-M);
            chat.body_at(Body::Text { text: "go".to_owned() }, at);
        }
        Act::Ad => {
            let (ad_id, now) = (Some("1".to_owned()), chat.now);
            let referral = Referral { at: now, received: now, source: "ad".to_owned(), ad_id, ad_name: None, link_ref: None };
            chat.feed(Input::Referral(referral));
        }
        Act::Mark => drop(chat.mark()),
        Act::MarkWrong(reply) => drop(chat.feed(Input::MaySend { reply: ReplyId(*reply) }).now),
        Act::Answer(which) => {
            let Some(open) = chat.state.open_attempt() else { return };
            let scope = if *which == 5 { RefusalScope::UntilCustomerWrites } else { RefusalScope::Reply };
            let outcome = match which {
                0..=3 => Outcome::Sent { message_id: format!("sent{}", open.reply.0) },
                4 => Outcome::NotSent(NotSent::Expired),
                5 | 6 => Outcome::Refused { code: 40_064, text: "no".to_owned(), scope },
                _ => Outcome::Unknown { text: "reset".to_owned() },
            };
            chat.outcome((open.reply, open.attempt), outcome);
        }
        Act::StaleAnswer(reply, attempt) => {
            let open = chat.state.open_attempt();
            if open.is_none_or(|open| (open.reply, open.attempt) != (ReplyId(*reply), *attempt)) {
                chat.outcome((ReplyId(*reply), *attempt), Outcome::NotSent(NotSent::Expired));
            }
        }
        Act::EchoOurs(source) => {
            let open = chat.state.open_attempt().map(|open| open.reply);
            let reply = open.or_else(|| chat.ends.keys().next_back().copied());
            if let Some(reply) = reply {
                let source = [EchoSource::Api, EchoSource::Unknown, EchoSource::Others][usize::from(*source)];
                chat.echo_of(reply, &format!("sent{}", reply.0), source);
            }
        }
        Act::EchoOther(id, source) => {
            let source = [EchoSource::Api, EchoSource::Unknown, EchoSource::App, EchoSource::Web][usize::from(*source)];
            chat.echo(&format!("other{id}"), source, 9);
        }
        Act::Listing(found, full) => {
            let open = chat.state.open_attempt().filter(|_| *found).map(|open| open.reply);
            let rows: Vec<(String, u64)> =
                open.into_iter().map(|reply| (format!("sent{}", reply.0), chat.fingerprint(reply))).collect();
            let rows: Vec<(&str, u64)> = rows.iter().map(|(id, print)| (id.as_str(), *print)).collect();
            let oldest = chat.now;
            chat.listing(&rows, *full, Some(oldest));
        }
        Act::NoListing => drop(chat.feed(Input::Looked { listing: None }).now),
        Act::Capability(images) => drop(chat.feed(Input::Capability { images: *images }).now),
        Act::Take => drop(chat.takes().now),
        Act::Release => drop(chat.releases().now),
        Act::Pass(ms) => drop(chat.after(*ms).now),
        Act::Poke => drop(chat.feed(Input::Due).now),
    }
}

/// Looks at every mark. Who counts to ten stands in `ten`.
#[derive(Default)]
struct Judge {
    effects: usize,
    newest: Option<crate::calendar::Moment>,
    order: Vec<ReplyId>,
    open: BTreeSet<ReplyId>,
}

impl Judge {
    fn before(&mut self, chat: &Chat, act: &Act) {
        if matches!(act, Act::Say(_) | Act::Image | Act::Sticker)
            || (matches!(act, Act::Press) && chat.replies.values().any(|reply| chat.shown(reply.id).contains('[')))
        {
            self.newest = Some(chat.now);
        }
        if matches!(act, Act::Late) && self.newest.is_none_or(|newest| chat.now.plus_ms(-M) > newest) {
            self.newest = Some(chat.now.plus_ms(-M));
        }
    }

    fn after(&mut self, chat: &Chat) {
        for effect in &chat.effects[self.effects..] {
            match effect {
                Effect::Queue(reply) => self.order.push(reply.id),
                Effect::Mark { reply, not_after, .. } => {
                    assert!(self.open.insert(*reply) && self.open.len() == 1, "one open attempt");
                    let newest = self.newest.expect("somebody wrote");
                    assert!(*not_after <= newest.plus_ms(48 * H), "outside the window");
                    assert!(chat.speaker() != Speaker::Taken, "marked after a takeover");
                    let earlier = self.order.iter().take_while(|id| *id != reply);
                    for earlier in earlier {
                        assert!(
                            chat.ends.contains_key(earlier)
                                || chat
                                    .effects
                                    .iter()
                                    .any(|effect| matches!(effect, Effect::Hold { reply, .. } if reply == earlier)),
                            "{reply:?} overtakes {earlier:?}"
                        );
                    }
                }
                Effect::Finish { reply, .. } => {
                    self.open.remove(reply);
                }
                _ => {}
            }
        }
        self.effects = chat.effects.len();
        if chat.state.open_attempt().is_none() {
            self.open.clear();
        }
        assert!(chat.state.encode().unwrap().len() <= chat.limits.state_bytes_max);
        assert!(chat.state.replies_left() <= 10);
    }
}

/// After the faults stop, everything ends.
fn heal(chat: &mut Chat) {
    for _ in 0..40 {
        if let Some(open) = chat.state.open_attempt() {
            chat.outcome((open.reply, open.attempt), Outcome::Sent { message_id: format!("sent{}", open.reply.0) });
        }
        chat.send_all();
        chat.after(13 * H);
    }
    assert_eq!((chat.state.queued(), chat.state.due()), (0, None), "{}", chat.account());
    for id in chat.replies.keys() {
        assert!(chat.ends.contains_key(id), "{id:?} has no end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_any_order_the_invariants_hold(
        acts in prop::collection::vec(act(), 1..80), gather in any::<bool>(), seed in any::<u64>(),
    ) {
        let mut chat = chat(everything(gather));
        (chat.sends, chat.seed) = (false, seed);
        let mut judge = Judge::default();
        for act in &acts {
            judge.before(&chat, act);
            perform(&mut chat, act);
            judge.after(&chat);
        }
        heal(&mut chat);
    }

    #[test]
    fn another_bot_meets_any_conversation_without_a_panic(acts in prop::collection::vec(act(), 1..40), later in prop::collection::vec(act(), 1..20)) {
        let mut chat = chat(everything(false));
        chat.sends = false;
        for act in &acts {
            perform(&mut chat, act);
        }
        chat.bot = bot().flow("main", |f| f.say("other")).answers("go", words(&["go"]), "gone").build();
        for act in &later {
            perform(&mut chat, act);
        }
        heal(&mut chat);
    }
}
