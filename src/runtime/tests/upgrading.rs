//! A file that an earlier version wrote is opened, brought up to date, and gone on with.

use std::sync::Arc;
use std::time::Duration;

use super::world::{HOUR, SHOP, START, Script, World, bot, options};
use crate::calendar::Moment;
use crate::engine::{Body, Inbound, Input};
use crate::runtime::port::{CallsNobody, Clock, Delivery, Store, TellsNobody, Transport};
use crate::runtime::{Delivered, Ports, Service, replay};
use crate::store::Sqlite;
use crate::system::{SeededEntropy, SteeredClock};

/// What the first version of the schema left behind when it was killed: Mona was asked for her name, Nora waits for an hour
/// to pass, Omar was welcomed, and Pia's two texts have not left yet.
const FIRST: &str = include_str!("../../../tests/fixtures/stores/1.sql");
/// The bot that it was served with.
const FLOWS: &str = include_str!("../../../tests/fixtures/stores/1.flow");
/// What is due within an hour and what customers write takes no longer than this of real time.
const PATIENCE: u32 = 500;

fn text(world: &World, customer: &str, number: u32, text: &str, at: Moment) -> Delivery {
    let message_id = format!("in-{number}");
    let body = Body::Text { text: text.to_owned() };
    let input = Input::Message(Inbound::new(message_id.clone(), at, at, body));
    world.delivery(SHOP, customer, Some(message_id), input)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a real file takes real time")]
async fn a_file_of_the_first_schema_goes_on_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch(FIRST).unwrap();
    let clock = SteeredClock::frozen(START.plus_ms(5_000));
    let world = World::at(clock.clone()).await;
    let script = Arc::new(Script::new(clock.clone()));
    let store = Arc::new(Sqlite::open(&file).unwrap());
    let ports = Ports {
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(2)),
        store: Arc::clone(&store) as Arc<dyn Store>,
        transport: Arc::clone(&script) as Arc<dyn Transport>,
        fetcher: Arc::new(CallsNobody),
        herald: Arc::new(TellsNobody),
        compiler: None,
    };
    let (service, handle) = Service::start(options(), ports, bot(FLOWS)).await.unwrap();
    let said = |who: &str| -> Vec<String> {
        let calls = script.calls.lock().unwrap();
        calls.iter().filter(|call| call.what == "send" && call.external == who).map(|call| call.text.clone()).collect()
    };
    let wait = async |step: i64, done: &dyn Fn() -> bool| {
        for _ in 0..PATIENCE {
            if done() {
                return;
            }
            clock.advance(step);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not happen: {:?}", script.calls.lock().unwrap());
    };
    wait(50, &|| said("pia") == ["One.", "Two."]).await;
    // What was taken before is known, and what was asked is still asked.
    let again = text(&world, "omar", 3, "hello", START.plus_ms(1_200));
    assert_eq!(handle.deliver(again).await, Ok(Delivered::Duplicate));
    assert_eq!(handle.deliver(text(&world, "mona", 100, "Mona", clock.now())).await, Ok(Delivered::Done));
    wait(50, &|| said("mona") == ["Hello Mona!"]).await;
    clock.advance(HOUR);
    wait(1_000, &|| said("nora") == ["An hour has passed."]).await;
    assert!(said("omar").is_empty());
    for row in store.conversations(10).await.unwrap() {
        let mut lines = store.history(row.id, 100).await.unwrap();
        lines.reverse();
        let bot = bot(FLOWS);
        let replayed = replay(lines.iter().map(|line| line.body.as_slice()), |_| Some(Arc::clone(&bot)), &options().limits);
        assert_eq!(replayed.unwrap().encode().unwrap(), row.state, "{}", String::from_utf8_lossy(&row.external));
    }
    drop(handle);
    service.kill().await;
}
