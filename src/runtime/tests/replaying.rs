//! Stored conversations run once more: the same comes out, and what does not is found.

use crate::engine::Limits;
use crate::engine::{Conversation, Effect, Input};
use crate::runtime::entry::Entry;
use crate::runtime::port::{Change, Record, Store as _};
use crate::runtime::tests::world::{FLOWS, MINUTE, World, files};
use crate::runtime::{Replay, Verdict, replay_stored};

async fn replayed(world: &World, customer: &str) -> Replay {
    let id = world.id(customer).await;
    let before = world.history(customer).await;
    let replay = world.handle.replay(id).await.unwrap().expect("it is there");
    assert_eq!(world.history(customer).await, before, "nothing is written");
    replay
}

/// One more line at the end of a conversation's history, as nobody would write it.
async fn add(world: &World, customer: &str, edit: impl FnOnce(&mut Entry), state: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let row = world.store.load(world.id(customer).await).await.unwrap().unwrap();
    let newest = world.history(customer).await.remove(0);
    let mut entry: Entry = serde_json::from_slice(&newest.body).unwrap();
    entry.input = Input::Due;
    (entry.effects, entry.trace) = (Vec::new(), Default::default());
    edit(&mut entry);
    let change = Change {
        conversation: row.id,
        account: row.account,
        external: row.external.clone(),
        rev: row.rev + 1,
        after: row.writer,
        due: row.due,
        recent: row.recent.clone(),
        state: state(row.state.clone()),
        outbox: Vec::new(),
        found_by: None,
    };
    let body = serde_json::to_vec(&entry).unwrap();
    let account = Some(row.account);
    let record = Record { at: newest.at, kind: "due", account, body, change: Some(change), is_mark: false, events: Vec::new() };
    world.store.commit(vec![record]).await.unwrap();
}

async fn talked() -> World {
    let world = World::keeping().await;
    world.write("mona", "name").await.unwrap();
    world.pass(1_000).await;
    world.write("mona", "Mona").await.unwrap();
    world.pass(MINUTE).await;
    world
}

#[tokio::test]
async fn a_conversation_over_two_versions_comes_out_the_same_with_each_line_on_its_own() {
    let world = World::keeping().await;
    world.write("mona", "name").await.unwrap();
    world.pass(1_000).await;
    world.handle.shared().deploy(&files(&FLOWS.replace("Hello {name}!", "Good day, {name}!"))).await.unwrap();
    world.write("mona", "Mona").await.unwrap();
    world.pass(1_000).await;
    world.write("mona", "name").await.unwrap();
    world.pass(1_000).await;
    world.write("mona", "Mona").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["What is your name?", "Hello Mona!", "What is your name?", "Good day, Mona!"]);
    let replay = replayed(&world, "mona").await;
    assert_eq!((replay.verdict, &replay.why, &replay.state), (Verdict::Same, &None, &None));
    assert_eq!((replay.lines.len(), replay.history), (world.history("mona").await.len(), replay.lines.len()));
    let versions: Vec<u32> = replay.lines.iter().map(|line| line.version).collect();
    assert!(versions.is_sorted() && versions.first() == Some(&1) && versions.last() == Some(&2), "{versions:?}");
    // The store alone tells as much, and without its bots nothing can be told.
    let id = world.id("mona").await;
    let store = world.store.as_ref();
    let alone = replay_stored(store, Some(world.compiler.as_ref()), &[], &Limits::default(), id).await.unwrap();
    assert_eq!(alone, Some(replay));
    let without = replay_stored(store, None, &[], &Limits::default(), id).await.unwrap().unwrap();
    assert_eq!(without.verdict, Verdict::Incomplete);
    assert!(without.why.unwrap().contains("version 1 of the bot, which it ran on, is not here any more"));
}

#[tokio::test]
async fn an_effect_that_does_not_come_out_again_is_told_with_its_place() {
    let world = talked().await;
    add(&world, "mona", |entry| entry.effects = vec![Effect::Goal { name: "made up".to_owned() }], |state| state).await;
    let replay = replayed(&world, "mona").await;
    assert_eq!(replay.verdict, Verdict::Differs);
    let last = replay.lines.last().unwrap();
    assert_eq!(replay.why, Some(format!("line {} has other effects now", last.seq)));
    let difference = last.difference.as_ref().unwrap();
    assert_eq!((difference.at.as_str(), &difference.now), ("/effects/0", &serde_json::Value::Null));
    assert!(replay.lines.iter().rev().skip(1).all(|line| line.difference.is_none()));
}

#[tokio::test]
async fn a_state_that_the_history_does_not_lead_to_is_told_with_its_place() {
    let world = talked().await;
    let other = |state: Vec<u8>| {
        let mut read: serde_json::Value = serde_json::from_slice(&state).unwrap();
        read["tg"] = serde_json::json!(["made up"]);
        serde_json::to_vec(&read).unwrap()
    };
    add(&world, "mona", |_| {}, other).await;
    let replay = replayed(&world, "mona").await;
    assert_eq!(replay.verdict, Verdict::Differs, "{:?}", replay.why);
    assert_eq!(replay.state.unwrap().at, "/tg");
}

#[tokio::test]
async fn what_cannot_be_read_or_stands_on_nothing_cannot_be_told() {
    let world = talked().await;
    add(&world, "mona", |entry| (entry.version, entry.bot) = (9, "none".to_owned()), |state| state).await;
    let replay = replayed(&world, "mona").await;
    assert_eq!(replay.verdict, Verdict::Incomplete);
    assert!(replay.why.as_ref().unwrap().contains("version 9 of the bot"), "{:?}", replay.why);
    assert!(Conversation::decode(&world.store.load(world.id("mona").await).await.unwrap().unwrap().state).is_ok());
    let nobody = crate::runtime::port::ConversationId(99);
    assert_eq!(world.handle.replay(nobody).await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_of_a_script_to_another_call_is_a_difference() {
    let world = talked().await;
    let hooked = crate::engine::Hooked { hook: "on_goal".to_owned(), call: 7, result: Ok(None) };
    add(&world, "mona", |entry| entry.hooked = vec![hooked], |state| state).await;
    let replay = replayed(&world, "mona").await;
    assert_eq!(replay.verdict, Verdict::Differs);
    assert!(replay.why.unwrap().ends_with("asks a script something else now"));
}
