//! Accounts that come and go while processes run.

use futures_util::future::join;

use super::world::{APP, CAFE, HOUR, MINUTE, SHOP, World};
use crate::runtime::{Delivered, Disconnected, disconnected};

const BAR: &str = "-bar";

impl World {
    async fn disconnect(&self, open_id: &str) -> Disconnected {
        join(self.handle.disconnect(APP, open_id), self.pass(20_000)).await.0.unwrap()
    }

    async fn tells(&self, open_id: &str, customer: &str, text: &str) -> Delivered {
        let delivered = self.handle.deliver(self.text(open_id, customer, text)).await.unwrap();
        self.pass(1_000).await;
        delivered
    }

    fn serves(&self, open_id: &str) -> bool {
        self.handle.accounts().iter().any(|one| one.open_id == open_id)
    }
}

#[tokio::test]
async fn what_waits_ends_with_its_reason_and_nothing_follows_until_somebody_signs_in() {
    let mut world = World::new().await;
    world.tells(SHOP, "aya", "later").await;
    world.handle.pause(None).await.unwrap();
    world.tells(SHOP, "mona", "hello").await;
    world.tells(SHOP, "omar", "twice").await;
    world.tells(CAFE, "zaki", "hello").await;
    assert_eq!(world.disconnect(SHOP).await, Disconnected { dropped: 3, open: 0 });
    world.handle.resume(None).await.unwrap();
    world.pass(2_000).await;
    assert_eq!(world.sent(), ["Welcome!"], "the café's");
    let rows = world.outbox().await;
    assert_eq!(rows.len(), 0, "{rows:?}");

    // Its customers' messages are kept, and no timer speaks for it.
    assert_eq!(world.tells(SHOP, "mona", "hello").await, Delivered::Kept);
    world.pass_by(2 * HOUR, MINUTE).await;
    assert_eq!(world.sent().len(), 1);
    assert!(!world.serves(SHOP) && world.serves(CAFE));
    let mona = world.handle.find_named("mona").await.unwrap();
    let view = world.handle.conversation(mona[0], 100).await.unwrap().unwrap();
    assert_eq!(view.summary.account, SHOP, "what was said stays");
    let reply = view.lines.iter().find_map(|line| line.reply.as_ref()).unwrap();
    assert_eq!(reply.reason.as_deref(), Some("dropped by operator: the account was disconnected"));

    // Asked once more, it is done; and a start does not bring it back, whatever the settings name.
    assert_eq!(world.disconnect(SHOP).await, Disconnected::default());
    world = world.crash().await;
    assert!(!world.serves(SHOP));
    assert_eq!(world.handle.apps_of(SHOP).await.unwrap(), [APP]);
    assert_eq!(world.handle.find_named("mona").await.unwrap(), mona);

    assert!(world.handle.admit(APP, SHOP).await.unwrap());
    assert_eq!(world.tells(SHOP, "mona", "hello").await, Delivered::Done);
    assert_eq!(world.sent().last().map(String::as_str), Some("Welcome!"));
    assert_eq!(world.sent().len(), 2);
    assert_eq!(disconnected(world.store.as_ref()).await.unwrap(), []);
    world = world.crash().await;
    assert!(world.serves(SHOP));
    world.assert_replays("mona").await;
}

#[tokio::test]
async fn who_was_paused_before_is_paused_after() {
    let world = World::new().await;
    world.handle.pause(Some(SHOP)).await.unwrap();
    world.disconnect(SHOP).await;
    assert!(world.handle.admit(APP, SHOP).await.unwrap());
    world.tells(SHOP, "mona", "hello").await;
    assert_eq!(world.sent(), [""; 0]);
    world.handle.resume(Some(SHOP)).await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
}

#[tokio::test]
async fn what_one_process_connects_the_other_takes_up_and_what_it_disconnects_the_other_drops() {
    let (one, two) = World::pair().await;
    assert_eq!(two.tells(BAR, "mona", "hello").await, Delivered::Kept);
    assert!(two.handle.admit(APP, BAR).await.unwrap());
    assert!(!one.serves(BAR), "for a moment they differ");
    one.pass(2_000).await;
    assert!(one.serves(BAR));
    assert_eq!(one.tells(BAR, "mona", "hello").await, Delivered::Done);
    assert_eq!(one.sent(), ["Welcome!"]);

    // The other one still takes a message while the account goes.
    let meanwhile = async {
        two.handle.deliver(two.text(BAR, "omar", "hello")).await.unwrap();
        one.pass(20_000).await;
    };
    let (done, ()) = join(one.handle.disconnect(APP, BAR), meanwhile).await;
    assert_eq!(done.unwrap(), Disconnected { dropped: 1, open: 0 });
    assert!(!two.serves(BAR) && !one.serves(BAR));
    assert_eq!(two.tells(BAR, "omar", "hello").await, Delivered::Kept);
    assert_eq!((one.sent().len(), one.outbox().await.len()), (1, 0));
    assert_eq!(one.handle.find_named("omar").await.unwrap().len(), 1);

    // And it comes back to both.
    assert!(one.handle.admit(APP, BAR).await.unwrap());
    one.pass(2_000).await;
    assert_eq!(two.tells(BAR, "omar", "hello").await, Delivered::Done);
    one.pass(2_000).await;
    assert_eq!(one.sent().len(), 2);
}

#[tokio::test]
async fn a_reply_under_way_is_waited_for() {
    let world = World::new().await;
    world.handle.deliver(world.text(SHOP, "mona", "hello")).await.unwrap();
    world.pass_by(400, 10).await;
    let done = world.disconnect(SHOP).await;
    let replies = world.outbox().await.len();
    assert_eq!((done.open, replies), (0, 0));
    assert_eq!(done.dropped + world.sent().len(), 1, "it was sent, or it was dropped");
}
