//! Comments of a customer who also writes: what holds in the one place holds in the other.

use super::world::{HOUR, MINUTE, SHOP, World};
use crate::engine::{ColleagueAction, Comment, Input};
use crate::runtime::port::{Clock as _, ConversationId, Delivery, Erasing as _, Store as _};
use crate::runtime::{Delivered, ReplyState, erase_stored};

const DAY: i64 = 24 * HOUR;

fn comment(world: &World, customer: &str, id: &str) -> Delivery {
    let at = world.clock.now();
    let comment = Comment::new(id.to_owned(), at, at, "the price?".to_owned());
    world.delivery(SHOP, &format!("comments:{customer}"), Some(format!("comment {id}")), Input::Comment(comment))
}

async fn comments(world: &World, customer: &str, id: &str) {
    world.handle.deliver(comment(world, customer, id)).await.unwrap();
    world.pass(1_000).await;
}

/// What the newest line of the customer's comments says of itself.
async fn why(world: &World, customer: &str) -> String {
    let lines = world.lines(&format!("comments:{customer}")).await;
    lines.last().unwrap().trace.iter().map(|trace| trace.text.clone()).collect::<Vec<_>>().join("; ")
}

async fn are_gone(world: &World, conversations: [ConversationId; 2]) {
    for gone in conversations {
        assert_eq!(world.store.load(gone).await.unwrap(), None);
    }
    assert_eq!(world.store.meta_under("person:", 9).await.unwrap(), []);
}

#[tokio::test]
async fn who_wants_no_automatic_messages_gets_none_for_a_comment_either_also_after_a_restart() {
    let mut world = World::new().await;
    world.write("mona", "stop").await.unwrap();
    world.pass(1_000).await;
    world.pass_by(2 * DAY, HOUR).await;
    let number = world.id("mona").await.0;
    for id in ["c1", "c2"] {
        comments(&world, "mona", id).await;
        let why = why(&world, "mona").await;
        let told = format!("in conversation {number}, where its author writes: the customer wants no automatic messages");
        assert!(why.contains(&told), "{why}");
        world.assert_replays("comments:mona").await;
        world = world.crash().await;
    }
    comments(&world, "ned", "c3").await;
    assert_eq!(world.sent(), ["Twenty."], "a stranger is answered");
}

#[tokio::test]
async fn a_colleague_in_the_conversation_and_a_message_of_today_keep_the_bot_from_answering_a_comment() {
    let world = World::new().await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    comments(&world, "mona", "c1").await;
    assert!(why(&world, "mona").await.contains("the customer wrote within a day"));
    world.handle.colleague(world.id("mona").await, ColleagueAction::TakeOver).await.unwrap();
    world.pass_by(25 * HOUR, 10 * MINUTE).await;
    world.handle.colleague(world.id("mona").await, ColleagueAction::TakeOver).await.unwrap();
    comments(&world, "mona", "c2").await;
    assert!(why(&world, "mona").await.contains("a colleague has the conversation"));
    world.handle.colleague(world.id("mona").await, ColleagueAction::Release).await.unwrap();
    comments(&world, "mona", "c3").await;
    assert_eq!(world.sent(), ["Welcome!", "Twenty."]);
}

#[tokio::test]
async fn an_answer_to_a_comment_that_waits_does_not_leave_once_its_author_has_opted_out() {
    let (one, two) = World::pair().await;
    one.handle.pause(None).await.unwrap();
    one.settle().await;
    one.handle.deliver(comment(&one, "mona", "c1")).await.unwrap();
    one.pass(1_000).await;
    // Another process hears that she wants none of it.
    two.write("mona", "stop").await.unwrap();
    one.handle.resume(None).await.unwrap();
    one.pass_by(MINUTE, 100).await;
    assert_eq!(one.sent(), Vec::<String>::new());
    let lines = one.lines("comments:mona").await;
    let reply = lines.iter().find_map(|line| line.reply.as_ref()).unwrap();
    assert_eq!(reply.state, ReplyState::Dropped);
    let reason = reply.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("the customer wants no automatic messages"), "{reason}");
    one.assert_replays("comments:mona").await;
}

#[tokio::test]
async fn a_customer_is_read_and_erased_with_the_comments() {
    let world = World::new().await;
    comments(&world, "mona", "c1").await;
    world.write("mona", "stop").await.unwrap();
    world.pass(1_000).await;
    let (id, beside) = (world.id("mona").await, world.id("comments:mona").await);
    let export = world.handle.export(id, false).await.unwrap().unwrap();
    assert_eq!(export.person.as_deref(), Some("mona"));
    let told = export.comments.unwrap();
    assert_eq!((told.id, told.lines[0].text.as_str()), (beside.0, "the price?"));
    let plan = world.handle.erasure_plan(id).await.unwrap().unwrap();

    let removed = world.handle.erase(id, "the desk").await.unwrap().unwrap();

    assert_eq!(removed.history, plan.history as u64);
    are_gone(&world, [id, beside]).await;
}

#[tokio::test]
async fn the_wish_for_no_automatic_messages_outlives_the_erasure_for_comments_too() {
    let world = World::new().await;
    for customer in ["mona", "omar"] {
        comments(&world, customer, &format!("before {customer}")).await;
        world.write(customer, if customer == "mona" { "stop" } else { "hello" }).await.unwrap();
        world.pass(1_000).await;
        world.handle.erase(world.id(customer).await, "the desk").await.unwrap().unwrap();
        world.pass(HOUR).await;
    }
    let before = world.sent().len();
    comments(&world, "mona", "c1").await;
    let told = why(&world, "mona").await;
    assert!(told.contains("the customer wants no automatic messages"), "{told}");
    comments(&world, "omar", "c2").await;
    assert_eq!(world.sent()[before..], ["Twenty."], "a stranger is answered");
}

#[tokio::test]
async fn where_no_server_runs_the_comments_are_erased_as_well() {
    let world = World::new().await;
    comments(&world, "mona", "c1").await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    let (id, beside) = (world.id("mona").await, world.id("comments:mona").await);
    let row = world.store.load(id).await.unwrap().unwrap();
    erase_stored(&*world.store, &row, world.clock.now(), "me").await.unwrap().unwrap();
    are_gone(&world, [id, beside]).await;
}

#[tokio::test]
async fn whose_a_conversation_is_stands_once_in_its_history() {
    let world = World::new().await;
    for _ in 0..3 {
        assert_eq!(world.write("mona", "hello").await, Ok(Delivered::Done));
        world.pass(MINUTE).await;
    }
    let told = world.history("mona").await.iter().filter(|row| String::from_utf8_lossy(&row.body).contains("\"person\"")).count();
    assert_eq!(told, 1);
    world.assert_replays("mona").await;
}
