//! Stories told through the router, with a clock that moves only when told to and a receiver that keeps what it gets.

mod docs;
mod endpoints;
mod faults;
mod rules;
mod sockets;
mod steering;
mod stories;
mod webhooks;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::calendar::Moment;
use crate::system::SteeredClock;

use super::{Echo, NewCustomer, Options, Post, PostError, Said, Simulator, Write};

pub(super) const START: Moment = Moment(1_800_000_000_000);
pub(super) const HOUR: i64 = 3_600_000;
const CALLBACK: &str = "http://127.0.0.1:1/webhooks/tiktok";

/// The defaults over a clock that moves only when told to.
fn frozen() -> (SteeredClock, Options) {
    let clock = SteeredClock::frozen(START);
    let mut options = Options::new(Arc::new(clock.clone()));
    let steered = clock.clone();
    options.advance = Some(Arc::new(move |ms| steered.advance(ms)));
    options.echo = Echo::After { ms: 0 };
    options.token_life_ms = 365 * 24 * HOUR;
    (clock, options)
}

/// One webhook as it arrived.
#[derive(Clone)]
pub(super) struct Received {
    pub address: String,
    pub signature: String,
    pub raw: Bytes,
}

impl Received {
    pub(super) fn body(&self) -> Value {
        serde_json::from_slice(&self.raw).unwrap()
    }

    pub(super) fn event(&self) -> String {
        self.body()["event"].as_str().unwrap().to_owned()
    }

    pub(super) fn content(&self) -> Value {
        serde_json::from_str(self.body()["content"].as_str().unwrap()).unwrap()
    }

    /// `t` of the signature.
    pub(super) fn signed_at(&self) -> i64 {
        self.signature.split_once("t=").unwrap().1.split_once(',').unwrap().0.parse().unwrap()
    }
}

/// The receiver: keeps everything, answers what it was told to, then 200.
#[derive(Default)]
pub(super) struct Inbox {
    pub got: Mutex<Vec<Received>>,
    pub answers: Mutex<VecDeque<Result<u16, PostError>>>,
}

#[async_trait]
impl Post for Inbox {
    async fn post(&self, address: &str, headers: Vec<(&'static str, String)>, raw: Bytes) -> Result<u16, PostError> {
        let signature = headers.iter().find(|(name, _)| *name == "tiktok-signature").unwrap().1.clone();
        self.got.lock().unwrap().push(Received { address: address.to_owned(), signature, raw });
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(200))
    }
}

pub(super) struct Stage {
    pub sim: Simulator,
    pub clock: SteeredClock,
    pub inbox: Arc<Inbox>,
    pub token: String,
    pub business: String,
}

/// An answer of the router.
pub(super) struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn code(&self) -> i64 {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()["code"].as_i64().unwrap()
    }

    pub(super) fn data(&self) -> Value {
        assert_eq!(self.code(), 0, "{}", self.text);
        self.json()["data"].clone()
    }

    pub(super) fn message_id(&self) -> String {
        self.data()["message"]["message_id"].as_str().unwrap().to_owned()
    }
}

impl Stage {
    /// Strict rule, echoes at once, a registered webhook, deliveries running.
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let (clock, mut options) = frozen();
        let inbox = Arc::new(Inbox::default());
        options.post = Arc::clone(&inbox) as Arc<dyn Post>;
        change(&mut options);
        let sim = Simulator::new(options);
        let account = sim.accounts().remove(0);
        let (token, business) = (account.access_token.unwrap(), account.business_id);
        let running = sim.clone();
        tokio::spawn(async move { running.deliver(std::future::pending()).await });
        let stage = Self { sim, clock, inbox, token, business };
        stage.register().await;
        stage.clock.advance(2_000);
        stage
    }

    async fn register(&self) {
        let body = json!({
            "app_id": "7364323437050855441",
            "secret": "simulated-secret",
            "event_type": "DIRECT_MESSAGE",
            "callback_url": CALLBACK,
        });
        assert_eq!(self.post("/business/webhook/update/", &body).await.data()["callback_url"], CALLBACK);
    }

    pub(super) async fn request(&self, request: Request<Body>) -> Got {
        let response = self.sim.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Got { status: parts.status, headers: parts.headers, text }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Got {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("access-token", &self.token)
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        self.request(request).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Got {
        self.call("POST", &format!("/open_api/v1.3{path}"), Some(body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Got {
        self.call("GET", &format!("/open_api/v1.3{path}"), None).await
    }

    pub(super) async fn steer(&self, path: &str, body: &Value) -> Got {
        self.call("POST", &format!("/sim/v1{path}"), Some(body)).await
    }

    pub(super) async fn see(&self, path: &str) -> Got {
        self.call("GET", &format!("/sim/v1{path}"), None).await
    }

    /// Two seconds pass, so that no call is too fast.
    pub(super) fn breathe(&self) {
        self.clock.advance(2_000);
    }

    pub(super) fn customer(&self) -> String {
        self.sim.add_customer(NewCustomer::default()).unwrap().handle
    }

    pub(super) fn writes(&self, customer: &str, text: &str) -> Said {
        let write = Write { customer: customer.to_owned(), text: Some(text.to_owned()), ..Write::default() };
        self.sim.write(write).unwrap()
    }

    pub(super) fn text(&self, recipient: &str, body: &str) -> Value {
        json!({
            "business_id": self.business,
            "recipient_type": "CONVERSATION",
            "recipient": recipient,
            "message_type": "TEXT",
            "text": {"body": body},
        })
    }

    /// The bot sends a text, two seconds after whatever was before.
    pub(super) async fn send(&self, recipient: &str, body: &str) -> Got {
        self.breathe();
        self.post("/business/message/send/", &self.text(recipient, body)).await
    }

    /// The conversations of a kind with the moment of their last news, two seconds after whatever was before.
    pub(super) async fn listed(&self, kind: &str) -> Vec<(String, i64)> {
        self.breathe();
        let path = format!("/business/message/conversation/list/?business_id={}&conversation_type={kind}", self.business);
        let data = self.get(&path).await.data();
        let rows = data["conversations"].as_array().unwrap();
        let row = |row: &Value| (row["conversation_id"].as_str().unwrap().to_owned(), row["update_time"].as_i64().unwrap());
        rows.iter().map(row).collect()
    }

    /// The newest messages of a conversation, two seconds after whatever was before.
    pub(super) async fn contents(&self, conversation: &str) -> Vec<Value> {
        self.breathe();
        let id = conversation.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let path = format!("/business/message/content/list/?business_id={}&conversation_id={id}", self.business);
        self.get(&path).await.data()["messages"].as_array().unwrap().clone()
    }

    /// Lets the courier do what it can without time passing.
    pub(super) async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn got(&self) -> Vec<Received> {
        self.inbox.got.lock().unwrap().clone()
    }

    pub(super) fn events(&self) -> Vec<String> {
        self.got().iter().map(Received::event).collect()
    }

    pub(super) fn answers(&self, answers: &[Result<u16, &str>]) {
        let answers = answers.iter().map(|answer| answer.map_err(str::to_owned));
        self.inbox.answers.lock().unwrap().extend(answers);
    }

    pub(super) fn kinds(&self) -> Vec<super::Breach> {
        let judgement = self.sim.violations();
        judgement.violations.iter().chain(&judgement.suspicions).map(|found| found.kind).collect()
    }
}
