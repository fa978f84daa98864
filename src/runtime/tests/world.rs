//! What the stories are told with.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::systems::{ASKING, Systems};
use crate::bot::{Asset, Bot, Scripts};
use crate::calendar::Moment;
use crate::channel::{Content, NotSent, Outcome};
use crate::check;
use crate::engine::{Body, Courtesy, Echo, EchoSource, Inbound, Input, Limits, Listed, Listing};
use crate::runtime::port::{
    CallFailure, Clock, ConversationId, Delivery, Fetcher, HistoryRow, Meaning, OutboxRow, Permit, SendCall, Store, Target,
    Transport,
};
use crate::runtime::{AppOptions, Delivered, Handle, Line, Options, Ports, Refused, Service, replay, timeline};
use crate::source::Sources;
use crate::store::Memory;
use crate::system::{SeededEntropy, SteeredClock};

pub const START: Moment = Moment(1_780_000_000_000);
pub const APP: &str = "7000000000000000001";
pub const SHOP: &str = "-shop";
pub const CAFE: &str = "-cafe";
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

/// Answers hello, asks for a name, comes back after an hour.
pub const FLOWS: &str = r#"
bot "Test" {
    languages en
    fetch from "https://shop.example", "https://bank.example"
    secret SHOP_KEY
}

flow hello {
    on message "hello"
    say "Welcome!"
}

flow twice {
    on message "twice"
    say "One." keep apart
    say "Two." keep apart
}

flow pair {
    on message "pair"
    say "First."
    say "Second."
}

flow later {
    on message "later"
    wait 1h
    say "An hour has passed."
}

flow name {
    on message "name"
    ask name: text "What is your name?" {
        within 10m {
            say "Never mind."
            stop
        }
    }
    say "Hello {name}!"
}

flow picture {
    on message "picture"
    image "shirt.png" else { say "No pictures here." }
}

flow polite {
    on message "polite"
    seen
    typing
    wait 30s
    say "Thank you for waiting."
}

flow track {
    on message "track"
    fetch shipment = GET "https://shop.example/orders/1" {
        gives { state: text(20) }
        else {
            say "We cannot look just now."
            stop
        }
    }
    say "{shipment.state}"
}

flow price {
    on comment "price"
    say "Twenty."
}
"#;

/// A bot of these flows, with one picture.
pub fn bot(flows: &str) -> Arc<Bot> {
    bot_with(flows, Scripts::default())
}

/// The same beside these scripts.
pub fn bot_with(flows: &str, scripts: Scripts) -> Arc<Bot> {
    let mut sources = Sources::default();
    sources.add("test.flow", flows);
    let picture = Asset { file: "shirt.png".to_owned(), digest: "ab".repeat(32), media_type: "image/png", bytes: vec![1, 2, 3] };
    let mut assets: check::Assets = [("shirt.png".to_owned(), Arc::new(picture))].into_iter().collect();
    assets.put_scripts(scripts);
    let (bot, diagnostics) = check::compile(&sources, &assets);
    Arc::new(bot.unwrap_or_else(|| panic!("{diagnostics:?}")))
}

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
        Ok(Listing { messages, oldest, full: false, looked_at: self.clock.now() })
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

/// A runtime with everything around it.
pub struct World {
    pub clock: SteeredClock,
    pub store: Arc<Memory>,
    pub script: Arc<Script>,
    pub systems: Arc<Systems>,
    pub handle: Handle,
    service: Service,
    messages: Mutex<u64>,
    options: Options,
}

/// What stays when a process ends.
#[derive(Clone)]
struct Around {
    script: Arc<Script>,
    systems: Arc<Systems>,
}

impl Around {
    fn new(clock: &SteeredClock) -> Self {
        Self { script: Arc::new(Script::new(clock.clone())), systems: Arc::new(Systems::new(clock.clone())) }
    }
}

pub fn options() -> Options {
    let accounts = vec![SHOP.to_owned(), CAFE.to_owned()];
    let app = AppOptions { id: APP.to_owned(), calls_per_second: 10.0, window_margin_ms: 5 * MINUTE, accounts };
    Options::new(vec![app])
}

impl World {
    pub async fn new() -> Self {
        Self::at(SteeredClock::frozen(START)).await
    }

    pub async fn at(clock: SteeredClock) -> Self {
        Self::with(clock, options()).await
    }

    pub async fn with(clock: SteeredClock, options: Options) -> Self {
        let around = Around::new(&clock);
        Self::on(clock, Arc::new(Memory::new()), around, options).await
    }

    /// Two processes on one store; the first one leads.
    pub async fn pair() -> (Self, Self) {
        let clock = SteeredClock::frozen(START);
        let around = Around::new(&clock);
        let store = Arc::new(Memory::shared(Arc::new(clock.clone())));
        let second = Arc::new(store.reopen());
        let one = Self::on(clock.clone(), store, around.clone(), options()).await;
        let two = Self::on(clock, second, around, options()).await;
        // No customer's message has the id of another's.
        *two.messages.lock().unwrap() = 1_000;
        one.pass(2_000).await;
        (one, two)
    }

    /// Ends the process as a crash would.
    pub async fn die(self) {
        self.service.kill().await;
    }

    async fn on(clock: SteeredClock, store: Arc<Memory>, around: Around, options: Options) -> Self {
        let Around { script, systems } = around;
        let ports = Ports {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(7)),
            store: Arc::clone(&store) as Arc<dyn Store>,
            transport: Arc::clone(&script) as Arc<dyn Transport>,
            fetcher: Arc::clone(&systems) as Arc<dyn Fetcher>,
        };
        let (service, handle) = Service::start(options.clone(), ports, bot(&[FLOWS, ASKING].concat())).await.unwrap();
        let world = Self { clock, store, script, systems, handle, service, messages: Mutex::new(0), options };
        world.settle().await;
        world
    }

    /// Ends the runtime as a crash would and starts another one on what it had committed.
    pub async fn crash(self) -> Self {
        self.crash_for(0).await
    }

    /// The same, after so long in which nobody is there.
    pub async fn crash_for(self, ms: i64) -> Self {
        self.service.kill().await;
        self.clock.advance(ms);
        let store = Arc::new(self.store.reopen());
        let around = Around { script: self.script, systems: self.systems };
        let world = Self::on(self.clock, store, around, self.options).await;
        *world.messages.lock().unwrap() = *self.messages.lock().unwrap();
        world
    }

    /// Lets everything happen that needs no time.
    pub async fn settle(&self) {
        for _ in 0..60 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets so much time pass, in small steps.
    pub async fn pass(&self, ms: i64) {
        self.pass_by(ms, (ms / 1_000).max(10)).await;
    }

    pub async fn pass_by(&self, ms: i64, step: i64) {
        let mut left = ms;
        while left > 0 {
            self.clock.advance(step.min(left));
            left -= step;
            self.settle().await;
        }
    }

    pub fn text(&self, open_id: &str, customer: &str, text: &str) -> Delivery {
        let mut number = self.messages.lock().unwrap();
        *number += 1;
        let message_id = format!("in-{number}");
        let at = self.clock.now();
        let body = Body::Text { text: text.to_owned() };
        let input =
            Input::Message(Inbound { message_id: message_id.clone(), at, received: at, body, quotes: None, congested: None });
        self.delivery(open_id, customer, Some(message_id), input)
    }

    pub fn echo(&self, customer: &str, message_id: &str, source: EchoSource, text: &str) -> Delivery {
        let at = self.clock.now();
        let echo = Echo {
            message_id: message_id.to_owned(),
            at,
            received: at,
            source,
            automatic: None,
            fingerprint: crate::channel::fingerprint("text", text),
            text: text.to_owned(),
        };
        self.delivery(SHOP, customer, Some(format!("echo {message_id}")), Input::Echo(echo))
    }

    pub fn delivery(&self, open_id: &str, customer: &str, key: Option<String>, input: Input) -> Delivery {
        Delivery {
            app: APP.to_owned(),
            open_id: Some(open_id.to_owned()),
            received: self.clock.now(),
            raw: bytes::Bytes::from_static(b"{}"),
            meaning: Meaning::Input { external: customer.as_bytes().to_vec(), key: key.map(String::into_bytes), input },
        }
    }

    /// The customer of the shop writes; the delivery is answered.
    pub async fn write(&self, customer: &str, text: &str) -> Result<Delivered, Refused> {
        let result = self.handle.deliver(self.text(SHOP, customer, text)).await;
        self.settle().await;
        result
    }

    pub fn answer(&self, outcome: Outcome) {
        self.script.answers.lock().unwrap().push_back(outcome);
    }

    pub fn calls(&self) -> Vec<Seen> {
        self.script.calls.lock().unwrap().clone()
    }

    /// The texts of all sends, in their order.
    pub fn sent(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.what == "send").map(|call| call.text).collect()
    }

    pub fn count(&self, what: &str) -> usize {
        self.calls().iter().filter(|call| call.what == what).count()
    }

    pub async fn id(&self, customer: &str) -> ConversationId {
        self.handle.find(APP, SHOP, customer.as_bytes()).await.unwrap().expect("the conversation exists")
    }

    /// All of the customer's history, newest first.
    pub async fn history(&self, customer: &str) -> Vec<HistoryRow> {
        self.store.history(self.id(customer).await, 10_000).await.unwrap()
    }

    pub async fn lines(&self, customer: &str) -> Vec<Line> {
        timeline(&self.history(customer).await)
    }

    /// The bot's lines as `text: state`.
    pub async fn replies(&self, customer: &str) -> Vec<String> {
        let lines = self.lines(customer).await.into_iter();
        lines.filter_map(|line| Some(format!("{}: {:?}", line.text, line.reply?.state))).collect()
    }

    /// Kinds of what stands in no conversation's history.
    pub async fn store_loose(&self) -> Vec<String> {
        self.store.loose_history(100).await.unwrap().into_iter().map(|row| row.kind).collect()
    }

    pub async fn outbox(&self) -> Vec<OutboxRow> {
        self.store.outbox().await.unwrap()
    }

    /// The stored history, run again, leads to the stored state.
    pub async fn assert_replays(&self, customer: &str) {
        let history = self.history(customer).await;
        let bodies = history.iter().rev().map(|row| row.body.as_slice());
        let current = self.handle.bot();
        let again = replay(bodies, |digest| (digest == current.digest).then(|| Arc::clone(&current)), &Limits::default());
        let row = self.store.load(self.id(customer).await).await.unwrap().unwrap();
        assert_eq!(again.unwrap().encode().unwrap(), row.state);
    }
}

pub fn unknown() -> Outcome {
    Outcome::Unknown { text: "time-out".to_owned() }
}

pub fn token() -> Outcome {
    Outcome::NotSent(NotSent::Token { code: 40_105 })
}
