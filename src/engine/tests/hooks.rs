//! What a script's hooks may do to a conversation, and what comes of answers that cannot be.

use std::sync::Arc;

use super::builder::S;
use crate::bot::{Bot, Function, Hook, Returned, Script, ScriptCall, ScriptHost, Scripts, Stopped, Value};
use crate::calendar::Moment;
use crate::check::{self, Assets};
use crate::engine::rehearsal::{Rehearsal, Said};
use crate::engine::{Answer, Body, Context, Conversation, Hooked, Inbound, Input, Limits, Sprint, advance, given};
use crate::source::Sources;

const FLOWS: &str = r#"
bot "Shop" {
    languages en
    opt out on "stop" say "No more."
    fetch from "https://shop.example"
}

contact {
    size: text(3)
    card: text(9) secret
    notes: list(2) of text(9)
}

flow ask {
    on message "ask"

    ask size: text(9) "Which size?" {
        within 1h stop
    }
    say "{size}"
}

flow much {
    on message "much"

    say "1"
    say "2"
    say "3"
    say "4"
    say "5"
    say "6"
    say "7"
    say "8"
}

flow look {
    on message "look"

    fetch seen = GET "https://shop.example/it" {
        gives {
            it: text(9)
        }
    }
    say "{seen.it}"
}

flow any {
    on any text

    say "You wrote: {message.text}"
}
"#;

type Answers = dyn Fn(&ScriptCall) -> Returned + Send + Sync;

/// A script that answers as it is told to.
struct Told(Box<Answers>);

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

impl ScriptHost for Told {
    fn begin(&self, call: ScriptCall, done: Box<dyn FnOnce(Returned) + Send>) {
        done((self.0)(&call));
    }
}

fn bot(hook: Hook, answers: impl Fn(&ScriptCall) -> Returned + Send + Sync + 'static) -> Arc<Bot> {
    let mut sources = Sources::default();
    sources.add("test.flow", FLOWS);
    let function = Function { name: hook.name().to_owned(), parameters: Hook::PARAMETERS, ..Function::default() };
    let script = Script { name: "shop".to_owned(), functions: vec![function], ..Script::default() };
    let mut assets = Assets::new();
    assets.put_scripts(Scripts { files: vec![script], host: Some(Arc::new(Told(Box::new(answers)))) });
    let (bot, found) = check::compile(&sources, &assets);
    Arc::new(bot.unwrap_or_else(|| panic!("{found:?}")))
}

fn chat(hook: Hook, answers: impl Fn(&ScriptCall) -> Returned + Send + Sync + 'static) -> Rehearsal {
    Rehearsal::new(bot(hook, answers), Moment::from_rfc3339("2026-11-22T10:00:00Z").unwrap(), 7)
}

fn json(text: &str) -> Option<Value> {
    given::from_json(serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}")))
}

fn said(chat: &mut Rehearsal) -> Vec<String> {
    let told = chat.said().into_iter().map(|(said, _)| match said {
        Said::Text(text) => text,
        other => format!("{other:?}"),
    });
    told.collect()
}

fn account(chat: &mut Rehearsal) -> String {
    chat.trace().iter().map(|line| format!("{}: {}\n", line.what, line.text)).collect()
}

fn list(of: &str, times: usize) -> String {
    format!("[{}]", vec![of; times].join(","))
}

#[test]
fn an_answer_to_a_message_that_cannot_be_changes_nothing() {
    let limits = Limits::default();
    let many = |most: usize| (0..most).map(|nth| format!("\"t{nth}\"")).collect::<Vec<_>>().join(",");
    let fields = (0..=limits.hook_changes_max).map(|nth| format!("\"f{nth}\":1")).collect::<Vec<_>>().join(",");
    let hostile = [
        "3".to_owned(),
        "[]".to_owned(),
        "\"swallow\"".to_owned(),
        r#"{"reply":"no"}"#.to_owned(),
        r#"{"tag":3}"#.to_owned(),
        r#"{"tag":""}"#.to_owned(),
        r#"{"tag":["ok"," "]}"#.to_owned(),
        r#"{"tag":"a\nb"}"#.to_owned(),
        r#"{"untag":{"a":1}}"#.to_owned(),
        format!(r#"{{"tag":"{}"}}"#, "x".repeat(limits.tag_bytes_max + 1)),
        format!(r#"{{"tag":[{}]}}"#, many(limits.hook_changes_max + 1)),
        r#"{"set":"size"}"#.to_owned(),
        r#"{"set":{"size":"XXXL"},"tag":"never"}"#.to_owned(),
        r#"{"set":{"size":["M"]}}"#.to_owned(),
        r#"{"set":{"card":"4111"}}"#.to_owned(),
        r#"{"set":{"tags":["x"]}}"#.to_owned(),
        format!(r#"{{"set":{{{fields}}}}}"#),
        r#"{"swallow":"yes"}"#.to_owned(),
        r#"{"text":""}"#.to_owned(),
        r#"{"text":7}"#.to_owned(),
        format!(r#"{{"text":"{}"}}"#, "x".repeat(limits.value_bytes_max)),
        format!(r#"{{"set":{{"notes":{}1{}}}}}"#, "[".repeat(limits.value_depth_max), "]".repeat(limits.value_depth_max)),
    ];
    for answer in hostile {
        let value = json(&answer);
        let mut chat = chat(Hook::OnMessage, move |_| Ok(value.clone()));
        chat.write("hi");
        assert_eq!(said(&mut chat), ["You wrote: hi"], "{answer}");
        let account = account(&mut chat);
        assert!(account.contains("`on_message` changes nothing: "), "{answer}: {account}");
        let contact = chat.conversation().clone();
        assert!(contact.tags.is_empty() && contact.contact.is_empty(), "{answer}");
    }
    // What has no text is given none.
    let mut image = chat(Hook::OnMessage, |_| Ok(json(r#"{"text":"ask"}"#)));
    image.message(Body::Image { media_id: "1".to_owned() });
    assert_eq!(said(&mut image), Vec::<String>::new());
    assert!(account(&mut image).contains("only a text has another `text`"));
}

#[test]
fn tags_are_taken_up_to_their_bounds() {
    let limits = Limits::default();
    let most = limits.hook_changes_max;
    let mut chat = chat(Hook::OnMessage, move |call| {
        let Some(Some(Value::Map(message))) = call.arguments.first() else { panic!("{call:?}") };
        let Some(Value::Text(text)) = message.get("text") else { panic!("{call:?}") };
        let tags = (0..most).map(|nth| Value::Text(format!("{text}{nth}{}", "x".repeat(limits.tag_bytes_max - 4)))).collect();
        Ok(Some(Value::Map([("tag".to_owned(), Value::List(tags))].into())))
    });
    for round in 0..10 {
        chat.write(&format!("{round}"));
    }
    assert_eq!(chat.conversation().tags.len(), limits.tags_max);
    assert!(account(&mut chat).contains("the contact has too many tags"));
}

#[test]
fn an_answer_to_a_reply_that_cannot_be_is_silence_with_a_reason() {
    let limits = Limits::default();
    let hostile = [
        "3".to_owned(),
        r#"{"tag":"x"}"#.to_owned(),
        r#"{"text":""}"#.to_owned(),
        r#"{"text":["a"]}"#.to_owned(),
        r#"{"stop":1}"#.to_owned(),
        r#"{"before":3}"#.to_owned(),
        r#"{"after":["a",""]}"#.to_owned(),
        r#"{"after":[["a"]]}"#.to_owned(),
        format!(r#"{{"after":{}}}"#, list("\"a\"", limits.hook_replies_max + 1)),
        format!(r#"{{"before":"b","after":{}}}"#, list("\"a\"", limits.hook_replies_max)),
        format!(r#"{{"after":"{}"}}"#, "x".repeat(limits.value_bytes_max)),
    ];
    for answer in hostile {
        let value = json(&answer);
        let mut chat = chat(Hook::BeforeSend, move |_| Ok(value.clone()));
        chat.write("hi");
        let told = chat.said();
        let [(Said::Unsent(why), _)] = told.as_slice() else { panic!("{answer}: {told:?}") };
        assert!(why.starts_with("`before_send` failed: "), "{answer}: {why}");
        assert_eq!(chat.conversation().replies_left(), 10, "{answer}");
    }
    let mut stopped = chat(Hook::BeforeSend, |_| Err(Stopped { why: "shop.rhai:1:1: too slow".to_owned(), overran: true }));
    stopped.write("hi");
    assert_eq!(said(&mut stopped), [r#"Unsent("`before_send` failed: shop.rhai:1:1: too slow")"#]);
    stopped.write("stop");
    assert_eq!(said(&mut stopped), ["No more."], "who wants no more messages is told so");
}

#[test]
fn a_script_adds_replies_only_where_the_flows_leave_some() {
    let most = Limits::default().hook_replies_max;
    let after = json(&format!(r#"{{"after":{}}}"#, list("\"added\"", most)));
    let mut chat = chat(Hook::BeforeSend, move |_| Ok(after.clone()));
    chat.write("hi");
    assert_eq!(said(&mut chat), ["You wrote: hi", "added", "added", "added"]);
    chat.after(600 * S);
    chat.write("much");
    let told = said(&mut chat);
    let own: Vec<&String> = told.iter().filter(|text| *text != "added").collect();
    assert_eq!(own, ["1", "2", "3", "4", "5", "6", "7", "8"], "{told:?}");
    assert_eq!(told.len(), 10, "{told:?}");
    assert_eq!(chat.conversation().replies_left(), 0);
    assert!(account(&mut chat).contains("`before_send` adds a reply, for which none is left"));
}

#[test]
fn a_text_of_a_script_is_split_like_any_other() {
    let long = json(&format!(r#"{{"text":"{}"}}"#, "word ".repeat(1_500)));
    let mut chat = chat(Hook::BeforeSend, move |_| Ok(long.clone()));
    chat.write("hi");
    let told = said(&mut chat);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|text| crate::text::units(text) <= 6_000));
}

#[test]
fn a_hook_hears_what_came_while_a_call_was_under_way_once() {
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut chat = chat(Hook::OnMessage, move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(None)
    });
    chat.write("look");
    chat.write("hi");
    let call = chat.calls().into_iter().find_map(|call| match call {
        crate::engine::rehearsal::Call::Fetch(request) => Some(request.call),
        crate::engine::rehearsal::Call::Run { .. } => None,
    });
    chat.answer(call.unwrap(), Answer::Status { status: 200, body: json(r#"{"it":"new"}"#) });
    assert_eq!(said(&mut chat), ["new", "You wrote: hi"]);
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 2);
}

fn sprint(bot: &Bot, hooked: &[Hooked]) -> (Sprint, Conversation) {
    let now = Moment::from_rfc3339("2026-11-22T10:00:00Z").unwrap();
    let limits = Limits::default();
    let context = Context { now, clock: now, seed: 7, limits: &limits, window_margin_ms: 0, skew_ms: 0, hooked };
    let body = Body::Text { text: "hi".to_owned() };
    let message = Inbound::new("1".to_owned(), now, now, body);
    let mut conversation = Conversation::default();
    let sprint = advance(bot, &mut conversation, &Input::Message(message), &context);
    (sprint, conversation)
}

#[test]
fn an_answer_serves_the_call_that_it_was_given_to_and_no_other() {
    let bot = bot(Hook::OnMessage, |_| Ok(None));
    let wanted = sprint(&bot, &[]).0.wants.expect("the script is asked first");
    assert_eq!((wanted.call.script.as_str(), wanted.call.function.as_str()), ("shop", "on_message"));
    let mut hooked = Vec::new();
    wanted.answer(Ok(json(r#"{"text":"ask"}"#)), &Limits::default(), &mut hooked);
    let (again, conversation) = sprint(&bot, &hooked);
    assert!(again.wants.is_none() && again.hooked == 1);
    let queued = serde_json::to_string(&again.effects).unwrap();
    assert!(queued.contains("Which size?"), "{queued}");
    let kept: Vec<Hooked> = serde_json::from_slice(&serde_json::to_vec(&hooked).unwrap()).unwrap();
    assert_eq!(sprint(&bot, &kept).1, conversation, "as the history has it");
    for other in
        [Hooked { call: hooked[0].call ^ 1, ..hooked[0].clone() }, Hooked { hook: "on_goal".to_owned(), ..hooked[0].clone() }]
    {
        let (asked, _) = sprint(&bot, &[other]);
        assert!(asked.wants.is_some() && asked.hooked == 0);
    }
}
