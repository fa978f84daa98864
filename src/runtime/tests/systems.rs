//! The business's own systems, as the stories of this folder know them.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;

use crate::bot::Value;
use crate::calendar::Moment;
use crate::runtime::port::{Clock, FetchCall, FetchEnd, Fetcher};
use crate::system::SteeredClock;

/// Flows that ask them, beside those of the world.
pub const ASKING: &str = r#"
flow buy {
    on message "buy"
    fetch order = POST "https://shop.example/orders" {
        header "Authorization" = "Bearer {secret.SHOP_KEY}"
        json { number: 1 }
        timeout 4s
        retry 2
        gives { state: text(20) }
        on 409 {
            say "Somebody was quicker."
            stop
        }
        else {
            say "We cannot take it just now."
            stop
        }
    }
    say "Ordered: {order.state}"
}

flow pay {
    on message "pay"
    fetch paid = POST "https://bank.example/payments" {
        timeout 4s
        else {
            say "Not paid."
            stop
        }
    }
    say "Paid."
}

flow slow {
    on message exactly "slow"
    fetch shipment = GET "https://shop.example/orders/1" {
        timeout 60s
        else stop
    }
    say "It came."
}

flow slow_payment {
    on message exactly "slow payment"
    fetch paid = POST "https://bank.example/payments" {
        timeout 60s
        else {
            say "Not paid."
            stop
        }
    }
    say "Paid."
}
"#;

/// The business's systems, by a script; they answer 200 and `{"state": "sent"}` where it says nothing.
pub struct Systems {
    clock: SteeredClock,
    /// Every request as it came, and when.
    pub asked: Mutex<Vec<(Moment, FetchCall)>>,
    pub answers: Mutex<VecDeque<Reply>>,
}

/// What comes back, and how long it takes.
pub enum Reply {
    After(i64, FetchEnd),
    Never,
    Panic,
}

impl Systems {
    pub fn new(clock: SteeredClock) -> Self {
        Self { clock, asked: Mutex::default(), answers: Mutex::default() }
    }
}

pub fn status(status: u16) -> FetchEnd {
    let fields = [("state".to_owned(), Value::Text("sent".to_owned()))];
    let body = (status == 200).then(|| Value::Map(fields.into_iter().collect()));
    FetchEnd::Answered { status, body, retry_after: None }
}

#[async_trait]
impl Fetcher for Systems {
    async fn fetch(&self, call: FetchCall) -> FetchEnd {
        self.asked.lock().unwrap().push((self.clock.now(), call));
        let next = self.answers.lock().unwrap().pop_front();
        match next.unwrap_or(Reply::After(20, status(200))) {
            Reply::After(ms, end) => {
                self.clock.sleep_until(self.clock.now().plus_ms(ms)).await;
                end
            }
            Reply::Never => std::future::pending().await,
            Reply::Panic => panic!("a fault of the fetcher"),
        }
    }
}
