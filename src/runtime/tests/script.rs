//! The other side, by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::world::{HOUR, START};
use crate::bot::Asset;
use crate::calendar::Moment;
use crate::channel::{Content, Outcome};
use crate::engine::{Courtesy, EchoSource, Listed, Listing};
use crate::runtime::port::{CallFailure, Clock, Permit, SendCall, Target, Transport};
use crate::system::SteeredClock;

/// One call as the other side saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub at: Moment,
    /// `send`, `list`, `upload`, `capability`, `renew`, `typing`, `seen`
    pub what: &'static str,
    pub open_id: String,
    pub external: String,
    pub text: String,
}

/// The other side, by a script; answers `Sent` where the script says nothing.
pub struct Script {
    clock: SteeredClock,
    pub calls: Mutex<Vec<Seen>>,
    pub answers: Mutex<VecDeque<Outcome>>,
    pub renewals: Mutex<VecDeque<Outcome>>,
    /// What the list shows: text and id.
    pub listed: Mutex<Vec<(String, String, Moment)>>,
    /// When the customer last wrote, as the list shows it.
    pub customer_at: Mutex<Option<Moment>>,
    pub images: Mutex<bool>,
    pub skew_ms: Mutex<Option<i64>>,
    /// What uploads are answered before they succeed.
    pub uploads: Mutex<VecDeque<Outcome>>,
    pub courtesies: Mutex<VecDeque<Outcome>>,
    /// How long an answer takes; a long one is as good as none.
    pub latency_ms: Mutex<i64>,
}

impl Script {
    pub fn new(clock: SteeredClock) -> Self {
        Self {
            clock,
            calls: Mutex::default(),
            answers: Mutex::default(),
            renewals: Mutex::default(),
            listed: Mutex::default(),
            customer_at: Mutex::default(),
            images: Mutex::new(true),
            skew_ms: Mutex::new(Some(0)),
            uploads: Mutex::default(),
            courtesies: Mutex::default(),
            latency_ms: Mutex::new(20),
        }
    }

    fn see(&self, what: &'static str, target: &Target, text: &str) {
        self.calls.lock().unwrap().push(Seen {
            at: self.clock.now(),
            what,
            open_id: target.open_id.clone(),
            external: String::from_utf8_lossy(&target.external).into_owned(),
            text: text.to_owned(),
        });
    }

    async fn wait(&self) {
        let latency = *self.latency_ms.lock().unwrap();
        self.clock.sleep_until(self.clock.now().plus_ms(latency)).await;
    }
}

pub fn words(content: &Content) -> String {
    match content {
        Content::Text { body } => body.clone(),
        Content::Image(image) => image.file.clone(),
        Content::Post { item_id } => item_id.clone(),
        Content::Card { title, .. } => title.clone(),
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _permit: Permit, call: SendCall) -> Outcome {
        assert!(call.not_after >= self.clock.now(), "a call was begun too late");
        if let Content::Image(_) = call.outgoing.content {
            assert!(call.media_id.is_some(), "an image without its upload");
        }
        self.see("send", &call.target, &words(&call.outgoing.content));
        let number = self.calls.lock().unwrap().len();
        self.wait().await;
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or(Outcome::Sent { message_id: format!("sent-{number}") })
    }

    async fn courtesy(&self, _permit: Permit, target: Target, what: Courtesy) -> Result<(), CallFailure> {
        self.see(if what == Courtesy::Typing { "typing" } else { "seen" }, &target, "");
        let failure = self.courtesies.lock().unwrap().pop_front();
        failure.map_or(Ok(()), |outcome| Err(CallFailure { outcome }))
    }

    async fn upload(&self, _permit: Permit, target: Target, asset: Arc<Asset>) -> Result<String, CallFailure> {
        self.see("upload", &target, &asset.file);
        if let Some(outcome) = self.uploads.lock().unwrap().pop_front() {
            return Err(CallFailure { outcome });
        }
        Ok(format!("media-{}", self.calls.lock().unwrap().len()))
    }

    async fn list(&self, _permit: Permit, target: Target) -> Result<Listing, CallFailure> {
        self.see("list", &target, "");
        let listed = self.listed.lock().unwrap().clone();
        let message = |(text, message_id, at): (String, String, Moment)| Listed {
            message_id,
            at,
            fingerprint: crate::channel::fingerprint("text", &text),
            source: EchoSource::Api,
        };
        let oldest = Some(START.plus_ms(-HOUR));
        let messages = listed.into_iter().map(message).collect();
        let customer_at = *self.customer_at.lock().unwrap();
        Ok(Listing { messages, oldest, customer_at, full: false, looked_at: self.clock.now() })
    }

    async fn images_allowed(&self, _permit: Permit, target: Target) -> Result<bool, CallFailure> {
        self.see("capability", &target, "");
        self.wait().await;
        Ok(*self.images.lock().unwrap())
    }

    async fn renew(&self, _permit: Permit, app: &str, open_id: &str) -> Result<(), CallFailure> {
        let target = Target { app: app.to_owned(), open_id: open_id.to_owned(), external: Vec::new() };
        self.see("renew", &target, "");
        self.wait().await;
        let failure = self.renewals.lock().unwrap().pop_front();
        failure.map_or(Ok(()), |outcome| Err(CallFailure { outcome }))
    }

    fn skew_ms(&self) -> Option<i64> {
        *self.skew_ms.lock().unwrap()
    }
}
