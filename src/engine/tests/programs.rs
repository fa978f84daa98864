//! Random programs over every step, also such as no checker would let pass: nothing panics, nothing hangs, a replay goes
//! alike (the chat runs each input twice), the state stays within its bound, and every limit holds.

use proptest::prelude::*;

use super::builder::{H, M, S, bot, exactly, is, one_of, place, template, text, words};
use super::chat::{Chat, chat};
use crate::bot::{
    Anytime, Bot, Choice, Expr, Fetch, Given, Handoff, Invalid, Limit, Method, On, Op, Parameter, Silence, StepId, Type, Value,
    WaitFor, Way,
};
use crate::engine::{Answer, Body, Comment, Effect, Input, Limits, given};

const FLOWS: usize = 4;
const STEPS: usize = 8;

fn target() -> impl Strategy<Value = usize> {
    0..=STEPS
}

fn value() -> impl Strategy<Value = Expr> {
    prop_oneof![
        Just(Expr::Value(Value::Text("a b".to_owned()))),
        Just(Expr::Value(Value::Text("x".repeat(300)))),
        Just(Expr::Value(Value::List(vec![Value::Text("a".to_owned()), Value::Number(2.into()), Value::Bool(true)]))),
        Just(Expr::List(vec![Expr::Place(place("x")), Expr::Place(place("x"))])),
        Just(Expr::Place(place("x"))),
        Just(Expr::Place(place("y"))),
        Just(Expr::Map(vec![("a".to_owned(), Expr::Place(place("x")))])),
    ]
}

fn say() -> impl Strategy<Value = Op> {
    let texts = prop::sample::select(vec!["one", "two | three", "{x|none}", "{missing}", "{y|no} {message.text|-}"]);
    (texts, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(source, replying, keep_apart, short)| Op::Say {
        text: if short { text(&format!("{source}{}", "long ".repeat(1_300))) } else { text(source) },
        shorts: if short { vec![text(source), text("s")] } else { Vec::new() },
        replying,
        keep_apart,
    })
}

fn asked() -> impl Strategy<Value = Op> {
    let kinds = prop_oneof![
        Just(Type::Text { most: 20 }),
        Just(Type::YesNo),
        Just(one_of(&["S", "M"])),
        Just(Type::List { most: 2, of: Box::new(Type::Digits { fewest: 1, most: 3 }) }),
        Just(Type::OneOfList(Box::new(Expr::Place(place("x"))))),
        Just(Type::Matching(std::sync::Arc::new(crate::bot::Regex::new(r"(?<y>\d)\d*").unwrap()))),
        Just(Type::Image),
    ];
    (kinds, target(), target(), 1_u32..3).prop_map(|(kind, tried, silent, tries)| Op::Ask {
        target: place("x"),
        kind,
        text: text("what?"),
        invalid: Invalid(None),
        tries: Limit { tries, target: tried },
        within: Silence { within_ms: 2 * H, target: silent },
        nudges: vec![(H, text("still?"))],
    })
}

fn waits() -> impl Strategy<Value = Op> {
    prop_oneof![
        asked(),
        (target(), target(), target()).prop_map(|(chosen, tried, silent)| Op::Choose {
            text: text("which?"),
            as_text: false,
            choices: vec![Choice { label: text("a"), named: Some("b".to_owned()), also: vec![], target: chosen }],
            other: None,
            invalid: Invalid(Some(text("no"))),
            tries: Limit { tries: 2, target: tried },
            within: Silence { within_ms: H, target: silent },
            nudges: vec![],
        }),
        prop_oneof![
            Just(WaitFor::Duration(M)),
            Just(WaitFor::Open(0)),
            Just(WaitFor::Time(crate::calendar::time(9, 0).unwrap()))
        ]
        .prop_map(Op::Wait),
        (target(), prop::option::of(target()), target(), any::<bool>()).prop_map(|(status, otherwise, _, gives)| {
            Op::Fetch(Box::new(Fetch {
                target: "x".to_owned(),
                method: Method::Post,
                url: template("https://a.example/{y|z}"),
                headers: vec![("H".to_owned(), template("{y|z}"))],
                json: Some(Expr::Place(place("x"))),
                timeout_ms: S,
                retry: 1,
                gives: gives.then(|| vec![Given { name: "a".to_owned(), optional: false, kind: Type::Text { most: 9 } }]),
                statuses: vec![(vec![404], status)],
                otherwise,
            }))
        }),
        Just(Op::Run {
            target: place("contact.size"),
            kind: Type::Text { most: 9 },
            script: "s".to_owned(),
            function: "f".to_owned(),
            arguments: vec![Expr::Place(place("x"))],
        }),
    ]
}

fn control() -> impl Strategy<Value = Op> {
    prop_oneof![
        target().prop_map(|otherwise| Op::Branch { condition: is("x", "a b"), otherwise }),
        target().prop_map(Op::Jump),
        (0..FLOWS).prop_map(|flow| Op::Goto { to: StepId { flow, step: 0 }, arguments: vec![Expr::Place(place("x"))] }),
        (0..FLOWS, any::<bool>()).prop_map(|(flow, into)| Op::Do {
            flow,
            arguments: vec![Expr::Place(place("y"))],
            into: into.then(|| place("y")),
        }),
        prop::option::of(value()).prop_map(Op::Return),
        (0_u32..2, prop::option::of(value())).prop_map(|(counter, over)| Op::Enter { counter, over }),
        (0_u32..2, prop::option::of(0_u32..4), target()).prop_map(|(counter, most, end)| Op::Turn {
            counter,
            most,
            item: Some("x".to_owned()),
            end,
        }),
        (target(), target()).prop_map(|(a, b)| Op::Split {
            name: "s".to_owned(),
            arms: vec![Way { name: "a".to_owned(), share: 30, target: a }, Way { name: "b".to_owned(), share: 70, target: b }],
        }),
        (prop::option::of(target()), prop::option::of(target()), prop::option::of(target())).prop_map(
            |(open, nobody, released)| {
                let nobody_in = nobody.map(|block| (M, block));
                Op::Handoff(Handoff { note: template("help {y|-}"), team: None, open, closed: None, nobody_in, released })
            }
        ),
        Just(Op::Stop),
    ]
}

fn data() -> impl Strategy<Value = Op> {
    prop_oneof![
        value().prop_map(|value| Op::Set { target: place("x"), value }),
        value().prop_map(|value| Op::Set { target: place("contact.size"), value }),
        value().prop_map(|value| Op::Emit { event: "e".to_owned(), data: vec![("x".to_owned(), value)] }),
        Just(Op::Note(template("{x|-}"))),
        Just(Op::Goal("g".to_owned())),
        Just(Op::Tag { name: "t".to_owned(), on: true }),
        Just(Op::Typing),
        target().prop_map(|otherwise| Op::Image { file: template("a.png"), otherwise }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![4 => say(), 3 => waits(), 5 => control(), 3 => data()]
}

fn program() -> impl Strategy<Value = Bot> {
    let flows = prop::collection::vec(prop::collection::vec(op(), 1..STEPS), FLOWS..=FLOWS);
    (flows, any::<bool>(), any::<bool>()).prop_map(|(flows, gather, spread)| {
        let mut made = bot().opts().asset("a.png").field("size", |_| {}).team("support", 9, 17);
        if gather {
            made = made.gather(3 * S, 10 * S);
        }
        if spread {
            made = made.settings(|settings| settings.spread_ms = M);
        }
        for (at, ops) in flows.into_iter().enumerate() {
            made = made.flow(&format!("f{at}"), |f| {
                match at {
                    0 => f.on(words(&["go"])).on(On::Comment(Box::new(On::AnyText))).on(On::Button("b".to_owned())),
                    1 => f.on_with(exactly(&["any"]), |t| t.anytime = Anytime::Replace).on(On::Fault).on(On::Return(H)),
                    2 => f.on_with(exactly(&["also"]), |t| t.anytime = Anytime::Resume).on(On::Reaction(None)),
                    _ => f.on(On::RepliesLeft(3)).on(On::WindowClosing(H)).on(On::Fallback),
                };
                ops.into_iter().for_each(|op| _ = f.op(op));
                f
            });
        }
        let mut bot = made.build();
        for flow in &mut bot.flows {
            flow.parameters = vec![Parameter { name: "x".to_owned(), kind: Type::Any }];
        }
        bot
    })
}

#[derive(Clone, Debug)]
enum Act {
    Say(&'static str),
    React(bool),
    Comment,
    Answer(u8),
    Stale(u32),
    Capability,
    Congest(bool),
    Take,
    Release,
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => prop::sample::select(vec!["go", "any", "also", "1", "S", "a", "stop", "start", "yes", "1, 22", "xyz"]).prop_map(Act::Say),
        1 => any::<bool>().prop_map(Act::React),
        1 => Just(Act::Comment),
        4 => (0_u8..6).prop_map(Act::Answer),
        1 => (0_u32..9).prop_map(Act::Stale),
        1 => Just(Act::Capability),
        1 => any::<bool>().prop_map(Act::Congest),
        1 => Just(Act::Take),
        1 => Just(Act::Release),
        5 => prop::sample::select(vec![S, 10 * S, M, 2 * H, 13 * H, 47 * H]).prop_map(Act::Pass),
    ]
}

/// The newest call that was made.
fn last_call(chat: &Chat) -> Option<(u32, bool)> {
    chat.effects.iter().rev().find_map(|effect| match effect {
        Effect::Fetch(request) => Some((request.call, true)),
        Effect::Run { call, .. } => Some((*call, false)),
        _ => None,
    })
}

fn answer(chat: &mut Chat, which: u8) {
    let Some((call, fetch)) = last_call(chat) else { return };
    let body = |json: &str| given::from_json(serde_json::from_str(json).unwrap());
    let fetched = |answer| Input::Fetched { call, answer, tries: 1, took_ms: 0 };
    let input = match (fetch, which) {
        (true, 0) => fetched(Answer::Status { status: 200, body: body(r#"{"a": "b"}"#) }),
        (true, 1) => fetched(Answer::Status { status: 404, body: None }),
        (true, 2) => fetched(Answer::TimedOut),
        (true, 3) => fetched(Answer::Status { status: 200, body: body("[1]") }),
        (true, _) => fetched(Answer::Failed { reason: "x".repeat(2_000) }),
        (false, 0 | 1) => Input::Ran { call, result: Ok(body("\"S\"")) },
        (false, 2) => Input::Ran { call, result: Ok(None) },
        (false, 3) => Input::Ran { call, result: Ok(Some(Value::Text("x".repeat(20_000)))) },
        (false, _) => Input::Ran { call, result: Err("stopped".to_owned()) },
    };
    chat.feed(input);
}

fn perform(chat: &mut Chat, act: &Act) {
    match act {
        Act::Say(said) => drop(chat.customer(said).now),
        Act::React(added) => {
            let emoji = Some("👍".to_owned());
            chat.body(Body::Reaction { emoji, added: *added, of: "m".to_owned() });
        }
        Act::Comment => {
            let (comment_id, at) = (chat.fresh_id(), chat.now);
            chat.feed(Input::Comment(Comment::new(comment_id, at, at, "price".to_owned())));
        }
        Act::Answer(which) => answer(chat, *which),
        Act::Stale(call) => {
            let result = Ok(Some(Value::Bool(true)));
            chat.feed(Input::Ran { call: *call, result });
        }
        Act::Capability => drop(chat.feed(Input::Capability { images: true }).now),
        Act::Congest(long) => drop(chat.feed(Input::Congestion { long: *long }).now),
        Act::Take => drop(chat.takes().now),
        Act::Release => drop(chat.releases().now),
        Act::Pass(ms) => drop(chat.after(*ms).now),
    }
    assert!(chat.state.encode().unwrap().len() <= chat.limits.state_bytes_max, "the state has grown");
    assert!(chat.state.replies_left() <= 10);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_program_meets_any_conversation(bot in program(), acts in prop::collection::vec(act(), 1..30), seed in any::<u64>()) {
        let mut chat = chat(bot);
        chat.seed = seed;
        chat.limits = Limits { steps_max: 200, turns_max: 60, frames_max: 6, state_bytes_max: 20_000, value_bytes_max: 2_000, ..Limits::default() };
        for act in &acts {
            perform(&mut chat, act);
        }
    }

    #[test]
    fn another_program_meets_a_conversation_in_the_middle(
        (before, after) in (program(), program()), acts in prop::collection::vec(act(), 1..12), later in prop::collection::vec(act(), 1..12),
    ) {
        let mut chat = chat(before);
        chat.limits = Limits { steps_max: 200, turns_max: 60, frames_max: 6, ..Limits::default() };
        acts.iter().for_each(|act| perform(&mut chat, act));
        chat.bot = after;
        later.iter().for_each(|act| perform(&mut chat, act));
    }

    #[test]
    fn the_bound_of_the_size_is_never_below_the_size(bot in program(), acts in prop::collection::vec(act(), 1..30)) {
        let mut chat = chat(bot);
        for act in &acts {
            perform(&mut chat, act);
            let bytes = chat.state.encode().unwrap();
            let most = crate::engine::weigh::bytes_at_most(&chat.state);
            prop_assert!(bytes.len() <= most, "{} > {most}: {}", bytes.len(), String::from_utf8_lossy(&bytes));
        }
    }
}
