//! What the stories are told with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::listener::Listener;
pub use super::script::{Script, Seen};
use super::systems::{ASKING, Systems};
use crate::bot::{Asset, Bot, Scripts};
use crate::calendar::Moment;
use crate::channel::{NotSent, Outcome};
use crate::check;
use crate::engine::{Body, Echo, EchoSource, Inbound, Input, Limits};
use crate::runtime::port::{
    Clock, Compiler, ConversationId, Delivery, Fetcher, Files, Herald, HistoryRow, Meaning, OutboxRow, Store, Transport,
};
use crate::runtime::{
    AppOptions, Delivered, Depot, Handle, Line, Options, OwnBot, Ports, Refused, Service, Whose, replay, timeline,
};
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
    opt out on "stop"
}

team sales {
    notify "https://shop.example/sales"
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

flow order {
    on message "emit"
    emit "order_placed" { size: "M", count: 2 }
    goal "ordered"
}

flow human {
    on message "human"
    handoff "Wants to talk." to sales
}

flow price {
    on comment "price"
    say "Twenty."
}
"#;

/// What the café's own bot says.
pub const OWN: &str = r#"
bot "Café" {
    languages en
    fetch from "https://cafe.example"
    opt out on "stop"
}

contact {
    table: text(20)
}

flow hello {
    on message "hello"
    say "Bonjour!"
}

flow name {
    on message "name"
    ask name: text "Comment vous appelez-vous ?" {
        within 10m stop
    }
    say "Enchanté, {name}."
}

flow track {
    on message "track"
    fetch shipment = GET "https://cafe.example/orders/1" {
        gives { state: text(20) }
        else {
            say "Pas maintenant."
            stop
        }
    }
    say "{shipment.state}"
}
"#;

/// Versions are kept, and the café has a bot of its own.
pub fn own() -> Options {
    let own = OwnBot { account: CAFE.to_owned(), version: 0, bot: bot(OWN) };
    Options { version: 1, own: vec![own], ..options() }
}

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

/// The same as files.
pub fn files(flows: &str) -> Files {
    Files { flows: vec![("test.flow".to_owned(), flows.to_owned())], images: Vec::new() }
}

/// Compiles at once, unless it is held up; remembers what it made.
#[derive(Default)]
pub struct Compiling {
    pub held: AtomicBool,
    pub made: Mutex<Vec<Arc<Bot>>>,
}

#[async_trait]
impl Compiler for Compiling {
    async fn compile(&self, files: &Files) -> Result<Arc<Bot>, String> {
        while self.held.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let mut sources = Sources::default();
        for (path, text) in &files.flows {
            sources.add(path.clone(), text.as_str());
        }
        let picture =
            Asset { file: "shirt.png".to_owned(), digest: "ab".repeat(32), media_type: "image/png", bytes: vec![1, 2, 3] };
        let assets = [("shirt.png".to_owned(), Arc::new(picture))].into_iter().collect();
        let (bot, findings) = check::compile(&sources, &assets);
        let bot = bot.map(Arc::new).ok_or_else(|| format!("{findings:?}"))?;
        self.made.lock().unwrap().push(Arc::clone(&bot));
        Ok(bot)
    }
}

/// A runtime with everything around it.
pub struct World {
    pub compiler: Arc<Compiling>,
    pub clock: SteeredClock,
    pub store: Arc<Memory>,
    pub script: Arc<Script>,
    pub systems: Arc<Systems>,
    pub listener: Arc<Listener>,
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
    listener: Arc<Listener>,
}

impl Around {
    fn new(clock: &SteeredClock) -> Self {
        let (script, systems) = (Arc::new(Script::new(clock.clone())), Arc::new(Systems::new(clock.clone())));
        Self { script, systems, listener: Arc::new(Listener::new(clock.clone())) }
    }
}

pub fn options() -> Options {
    let accounts = vec![SHOP.to_owned(), CAFE.to_owned()];
    let app = AppOptions {
        id: APP.to_owned(),
        calls_per_second: 10.0,
        conversations_a_day: None,
        window_margin_ms: 5 * MINUTE,
        accounts,
        closed: Vec::new(),
    };
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

    /// One that keeps versions of its bot.
    pub async fn keeping() -> Self {
        let clock = SteeredClock::frozen(START);
        let around = Around::new(&clock);
        Self::on(clock, Arc::new(Memory::new()), around, Options { version: 1, ..options() }).await
    }

    /// The same, where the café has a bot of its own.
    pub async fn owning() -> Self {
        let clock = SteeredClock::frozen(START);
        let around = Around::new(&clock);
        Self::on(clock, Arc::new(Memory::new()), around, own()).await
    }

    /// Two processes on one store that keep versions; the first one leads.
    pub async fn keeping_pair() -> (Self, Self) {
        Self::pair_with(Options { version: 1, ..options() }).await
    }

    /// Two processes on one store; the first one leads.
    pub async fn pair() -> (Self, Self) {
        Self::pair_with(options()).await
    }

    pub async fn pair_with(options: Options) -> (Self, Self) {
        let clock = SteeredClock::frozen(START);
        let around = Around::new(&clock);
        let store = Arc::new(Memory::shared(Arc::new(clock.clone())));
        let second = Arc::new(store.reopen());
        let one = Self::on(clock.clone(), store, around.clone(), options.clone()).await;
        let two = Self::on(clock, second, around, options).await;
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
        let Around { script, systems, listener } = around;
        let compiler = Arc::new(Compiling::default());
        let ports = Ports {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(7)),
            store: Arc::clone(&store) as Arc<dyn Store>,
            transport: Arc::clone(&script) as Arc<dyn Transport>,
            fetcher: Arc::clone(&systems) as Arc<dyn Fetcher>,
            herald: Arc::clone(&listener) as Arc<dyn Herald>,
            compiler: Some(Arc::clone(&compiler) as Arc<dyn Compiler>),
        };
        // As a server begins, where versions are kept.
        let mut started = options.clone();
        let flows = [FLOWS, ASKING].concat();
        let mut live = bot(&flows);
        if options.version != 0 {
            let owners: Vec<String> = options.own.iter().map(|own| own.account.clone()).collect();
            let whose = Whose::Shared { but: &owners };
            let depot = Depot { store: store.as_ref(), compiler: compiler.as_ref(), now: clock.now(), whose };
            let begun = depot.begin(Some(&files(&flows))).await.unwrap();
            (started.version, live) = (begun.number, begun.bot);
            for own in &mut started.own {
                let begun = Depot { whose: Whose::Own(&own.account), ..depot }.begin(Some(&files(OWN))).await.unwrap();
                (own.version, own.bot) = (begun.number, begun.bot);
            }
        }
        let (service, handle) = Service::start(started, ports, live).await.unwrap();
        let world = Self { compiler, clock, store, script, systems, listener, handle, service, messages: Mutex::new(0), options };
        world.settle().await;
        world
    }

    /// Ends the runtime as a crash would and starts another one on what it had committed.
    pub async fn crash(self) -> Self {
        self.crash_for(0).await
    }

    /// The same with other settings.
    pub async fn crash_with(mut self, options: Options) -> Self {
        self.options = options;
        self.crash().await
    }

    /// The same, after so long in which nobody is there.
    pub async fn crash_for(self, ms: i64) -> Self {
        self.service.kill().await;
        self.clock.advance(ms);
        let store = Arc::new(self.store.reopen());
        let around = Around { script: self.script, systems: self.systems, listener: self.listener };
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
        let person = Some(customer.to_owned());
        let inbound = Inbound { person, ..Inbound::new(message_id.clone(), at, at, body) };
        self.delivery(open_id, customer, Some(message_id), Input::Message(inbound))
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

    pub fn clock_now(&self) -> Moment {
        self.clock.now()
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
        let mut bots = self.compiler.made.lock().unwrap().clone();
        bots.push(self.handle.bot());
        let of = |digest: &str| bots.iter().find(|bot| bot.digest == digest).map(Arc::clone);
        let again = replay(bodies, of, &Limits::default());
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
