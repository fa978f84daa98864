//! The real binary ends at the worst moments; nothing is lost and nothing is sent twice.

use std::time::Duration;

use crate::e2e::FLOW;
use crate::harness::{PATIENCE, World};

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
        let customer = world.customer(name).await;
        world.write(&customer, "my order?").await;
        customers.push(customer);
    }
    for kill in 0_u64..10 {
        tokio::time::sleep(Duration::from_millis(40 + kill * 37)).await;
        world.server.as_mut().expect("it runs").kill();
        if kill == 4 {
            for customer in &customers {
                world.write(customer, "1234567").await;
            }
        }
        world.serve(&[]);
    }
    for customer in &customers {
        let begun = std::time::Instant::now();
        while world.replies(customer).await.last().map(String::as_str) != Some(WHOLE[2]) {
            assert!(begun.elapsed() < PATIENCE, "{customer}: {:?}", world.replies(customer).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let replies = world.replies(customer).await;
        let mut once = replies.clone();
        once.dedup();
        assert_eq!(replies, once, "nothing is said twice");
    }
    world.no_violations().await;
}
