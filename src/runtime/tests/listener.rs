//! Another system that is told of events.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde_json::Value;

use crate::calendar::Moment;
use crate::runtime::port::{Clock as _, EventCall, EventEnd, Herald};
use crate::system::SteeredClock;

pub struct Listener {
    clock: SteeredClock,
    /// Nothing is taken.
    pub down: AtomicBool,
    /// What is answered next, one after the other; 200 behind them.
    pub answers: Mutex<VecDeque<EventEnd>>,
    /// Every request, and whether it was answered 200.
    pub heard: Mutex<Vec<(Moment, EventCall, bool)>>,
}

impl Listener {
    pub fn new(clock: SteeredClock) -> Self {
        Self { clock, down: AtomicBool::new(false), answers: Mutex::default(), heard: Mutex::default() }
    }

    /// The bodies that were taken for an endpoint, in their order.
    pub fn taken(&self, endpoint: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        let taken = heard.iter().filter(|(_, call, taken)| *taken && call.endpoint.as_ref() == endpoint);
        taken.map(|(_, call, _)| serde_json::from_slice(&call.body).unwrap()).collect()
    }

    /// Their types.
    pub fn types(&self, endpoint: &str) -> Vec<String> {
        self.taken(endpoint).iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect()
    }

    /// When each request was made, in milliseconds after a moment.
    pub fn times(&self, since: Moment) -> Vec<i64> {
        self.heard.lock().unwrap().iter().map(|(at, ..)| at.since_ms(since)).collect()
    }
}

pub fn status(status: u16) -> EventEnd {
    EventEnd::Answered { status, retry_after: None }
}

#[async_trait]
impl Herald for Listener {
    async fn tell(&self, call: EventCall) -> EventEnd {
        // It takes a moment, so that another could come between.
        tokio::task::yield_now().await;
        let end = match self.answers.lock().unwrap().pop_front() {
            _ if self.down.load(Ordering::SeqCst) => EventEnd::Failed { reason: "no connection".to_owned() },
            Some(end) => end,
            None => status(200),
        };
        let taken = end == status(200);
        self.heard.lock().unwrap().push((self.clock.now(), call, taken));
        end
    }
}
