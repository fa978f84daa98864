//! The real binary ends at the worst moments; nothing is lost and nothing is sent twice.

use std::time::Duration;

use crate::e2e::FLOW;
use crate::harness::World;

const FIRST: [&str; 2] = ["Let me see.", "What is your order number?"];
const WHOLE: [&str; 3] = ["Let me see.", "What is your order number?", "Order 1234567 has left us."];

/// The server ends itself, without any farewell, when it passes this point; then it starts anew.
async fn dies_at(point: &str) {
    let mut world = World::without_server(FLOW).await;
    let mona = world.customer("Mona").await;
    world.serve(&[("REJOINDER_FAIL_POINT", point)]);
    world.write(&mona, "my order?").await;
    let ended = world.server.as_mut().expect("it runs").wait();
    assert_eq!(ended, None, "a signal ends it at {point}");
    world.serve(&[]);
    world.hears(&mona, &FIRST).await;
    world.write(&mona, "1234567").await;
    world.hears(&mona, &WHOLE).await;
    world.no_violations().await;
}

macro_rules! points {
    ($($name:ident: $point:literal,)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() { dies_at($point).await; }
    )* };
}

points! {
    before_the_first_commit: "before_commit:1",
    after_the_first_commit: "after_commit:1",
    before_the_answer_to_the_webhook: "before_ack:1",
    before_the_mark: "before_mark:1",
    after_the_mark: "after_mark:1",
    before_the_request: "before_request:1",
    after_the_request: "after_request:1",
    before_the_result_is_handed_in: "before_answer:1",
    before_the_result_is_committed: "before_result_commit:1",
    after_the_result_is_committed: "after_result_commit:1",
    before_the_mark_of_the_second_reply: "before_mark:2",
    after_the_request_of_the_second_reply: "after_request:2",
}

/// SIGKILL from outside at moments that nobody chose, again and again, while three customers write.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_ten_moments_while_customers_write() {
    let mut world = World::new(FLOW).await;
    let mut customers = Vec::new();
    for name in ["Mona", "Somchai", "Lucía"] {
        customers.push(world.customer(name).await);
    }
    for (text, expected) in [("my order?", &FIRST[..]), ("1234567", &WHOLE[..])] {
        for customer in &customers {
            world.write(customer, text).await;
        }
        for kill in 0_u64..5 {
            tokio::time::sleep(Duration::from_millis(40 + kill * 67)).await;
            world.server.as_mut().expect("it runs").kill();
            world.serve(&[]);
        }
        for customer in &customers {
            world.hears(customer, expected).await;
        }
    }
    world.no_violations().await;
}
