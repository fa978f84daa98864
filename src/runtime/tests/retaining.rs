//! What is kept no longer.

use super::world::*;
use crate::runtime::port::Store as _;
use crate::runtime::{Options, Verdict};
use crate::system::SteeredClock;

const DAY: i64 = 24 * HOUR;

const FORGETFUL: &str = r#"
bot "Test" {
    languages en
    opt out on "stop"
}

contact {
    city: text(40) forget after 2d
    size: text(40)
}

flow city {
    on message "city"
    ask contact.city "Which city?"
    ask contact.size "Which size?"
    say "Thank you."
}
"#;

#[tokio::test]
async fn lines_of_the_history_are_kept_as_long_as_the_settings_say_and_a_replay_says_that_it_was_cut() {
    let options = Options { history_kept_ms: Some(10 * DAY), ..options() };
    let world = World::with(SteeredClock::frozen(START), options).await;
    world.write("mona", "hello").await.unwrap();
    world.pass(1_000).await;
    world.write("aya", "hello").await.unwrap();
    world.pass_by(9 * DAY, HOUR / 2).await;
    world.write("mona", "twice").await.unwrap();
    world.pass(1_000).await;
    let before = world.history("mona").await.len();
    world.pass_by(DAY + 2 * HOUR, HOUR / 4).await;
    let after = world.history("mona").await;
    assert!(after.len() < before && after.len() > 1, "{before} {}", after.len());
    assert!(after.iter().all(|line| line.at > START.plus_ms(8 * DAY)));
    assert_eq!(world.history("aya").await.len(), 1, "where a conversation stands is not forgotten");
    let replay = world.handle.replay(world.id("mona").await).await.unwrap().unwrap();
    assert_eq!(replay.verdict, Verdict::Incomplete);
    assert!(replay.why.unwrap().contains("not there any more"));
    // It goes on as if nothing had been.
    world.write("aya", "hello").await.unwrap();
    world.pass(1_000).await;
    assert_eq!(world.replies("aya").await, ["Welcome!: Sent"]);
}

#[tokio::test]
async fn a_field_whose_time_is_over_leaves_state_and_history_though_nobody_writes() {
    let mut world = World::new().await;
    world.handle.set_bot(bot(FORGETFUL));
    for text in ["city", "Tanta-of-Mona", "large-size"] {
        world.write("mona", text).await.unwrap();
        world.pass(1_000).await;
    }
    assert_eq!(world.sent(), ["Which city?", "Which size?", "Thank you."]);
    let id = world.id("mona").await;
    let stored = async |world: &World| {
        let row = world.store.load(id).await.unwrap().unwrap();
        let lines = world.store.history(id, 1_000).await.unwrap();
        let bodies = lines.iter().map(|line| String::from_utf8_lossy(&line.body).into_owned());
        [String::from_utf8_lossy(&row.state).into_owned()].into_iter().chain(bodies).collect::<String>()
    };
    world.pass_by(DAY, HOUR / 4).await;
    assert!(stored(&world).await.contains("Tanta-of-Mona"));
    // Also where the customer writes at the very time, and the process ends before it could look through all.
    world = world.crash_for(2 * DAY).await;
    world.handle.set_bot(bot(FORGETFUL));
    world.write("mona", "hm").await.unwrap();
    world.pass_by(2 * HOUR, HOUR / 4).await;
    let kept = stored(&world).await;
    assert!(!kept.contains("Tanta-of-Mona"), "{kept}");
    assert!(kept.contains("large-size"), "{kept}");
}

#[tokio::test]
async fn a_quiet_customers_field_leaves_too() {
    let world = World::new().await;
    world.handle.set_bot(bot(FORGETFUL));
    for text in ["city", "Tanta-of-Mona", "large-size"] {
        world.write("mona", text).await.unwrap();
        world.pass(1_000).await;
    }
    world.pass_by(2 * DAY + 2 * HOUR, HOUR / 4).await;
    let row = world.store.load(world.id("mona").await).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&row.state).contains("Tanta"));
    let history = world.history("mona").await;
    assert!(history.iter().all(|line| !String::from_utf8_lossy(&line.body).contains("Tanta")));
    assert_eq!(history.len(), 1);
    // Nothing more is written once it is done.
    world.pass_by(5 * HOUR, HOUR / 4).await;
    assert_eq!(world.history("mona").await, history);
}
