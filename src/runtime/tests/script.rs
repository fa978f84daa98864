//! The other side, by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::world::{HOUR, START};
use crate::bot::Asset;
use crate::calendar::Moment;
use crate::channel::{Content, Outcome};
use crate::engine::{Courtesy, EchoSource, Listed, Listing};
use crate::runtime::port::{CallFailure, Clock, Permit, READ_MOST, ReadMessage, SendCall, Target, Transport, Updated};
use crate::system::SteeredClock;

/// One call as the other side saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub at: Moment,
    /// `send`, `list`, `conversations`, `messages`, `upload`, `capability`, `renew`, `typing`, `seen`
    pub what: &'static str,
    pub open_id: String,
    pub external: String,
    pub text: String,
}

/// A message of a conversation as the lists show it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub open_id: &'static str,
    pub customer: String,
    /// They show it from then on.
    pub from: Moment,
    pub row: ReadMessage,
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
    /// What the account's lists show of customers, and how many calls for them get no answer.
    pub shown: Mutex<Vec<Shown>>,
    pub lists_fail: Mutex<u32>,
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
            shown: Mutex::default(),
            lists_fail: Mutex::default(),
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

    fn fails(&self) -> Result<(), CallFailure> {
        let mut left = self.lists_fail.lock().unwrap();
        if *left == 0 {
            return Ok(());
        }
        *left -= 1;
        Err(CallFailure { outcome: Outcome::Unknown { text: "time-out".to_owned() } })
    }

    fn shown(&self, open_id: &str) -> Vec<Shown> {
        let now = self.clock.now();
        let shown = self.shown.lock().unwrap();
        shown.iter().filter(|shown| shown.open_id == open_id && shown.from <= now).cloned().collect()
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
        Ok(Listing { messages, oldest, customer_at, ..Listing::empty(self.clock.now()) })
    }

    async fn conversations(&self, _: Permit, app: &str, open_id: &str, answered: bool) -> Result<Vec<Updated>, CallFailure> {
        let target = Target { app: app.to_owned(), open_id: open_id.to_owned(), external: Vec::new() };
        self.see("conversations", &target, "");
        self.wait().await;
        self.fails()?;
        if answered {
            return Ok(Vec::new());
        }
        let mut newest = std::collections::BTreeMap::new();
        for shown in self.shown(open_id) {
            let at = newest.entry(shown.customer).or_insert(shown.row.at);
            *at = shown.row.at.max(*at);
        }
        Ok(newest.into_iter().map(|(customer, at)| Updated { external: customer.into_bytes(), at }).collect())
    }

    async fn messages(&self, _: Permit, target: Target) -> Result<Vec<ReadMessage>, CallFailure> {
        self.see("messages", &target, "");
        self.wait().await;
        self.fails()?;
        let of = |shown: &Shown| shown.customer.as_bytes() == target.external;
        let mut rows: Vec<_> = self.shown(&target.open_id).into_iter().filter(of).map(|shown| shown.row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        rows.truncate(READ_MOST);
        Ok(rows)
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
