//! The simulated TikTok and the real server, runtime and SQLite store in this process, over loopback HTTP, on one clock
//! that can be pushed on: what `dev` runs, without its page.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use rejoinder::bot::Bot;
use rejoinder::calendar::Moment;
use rejoinder::check;
use rejoinder::engine::{ColleagueAction, Conversation, Effect};
use rejoinder::runtime::port::{CallsNobody, ConversationId, HistoryRow, Store, TellsNobody};
use rejoinder::runtime::{Entry, EventOptions, FetchLimits, Handle, ReplyState};
use rejoinder::server::admin::Admin;
use rejoinder::server::node::{self, Node};
use rejoinder::server::operator::Operator;
use rejoinder::simulator::{
    AccountOptions, AutoKind, Colleague, Content, Fault, FaultKind, HttpPost, Message, NewCustomer, Options, Post, PostError,
    Said, Side, Simulator, Source, Write,
};
use rejoinder::source::Sources;
use rejoinder::store::Sqlite;
use rejoinder::system::{SeededEntropy, SteeredClock};
use rejoinder::tiktok::signature;
use rejoinder::tiktok::token::{Token, Tokens};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::harness::{APP, BUSINESS, SECRET, TOKEN};

/// Opens the operators' door.
pub const ADMIN_TOKEN: &str = "a-token-of-the-tests";
pub const SECOND: i64 = 1_000;
pub const HOUR: i64 = 3_600 * SECOND;
/// Sunday, 22 November 2026, 10:00 in Cairo.
pub const START: Moment = Moment(1_795_334_400_000);
/// Real time that an expectation may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Real time in which nothing may follow.
const QUIET: Duration = Duration::from_millis(400);

/// The bot of a text that is right, with the project's own picture beside it.
pub fn bot(flow: &str) -> Bot {
    let mut sources = Sources::default();
    sources.add("bot.flow", flow);
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/nile-threads/sizes.png");
    let picture = check::asset("sizes.png", std::fs::read(picture).unwrap()).unwrap();
    let (bot, found) = check::compile(&sources, &[("sizes.png".to_owned(), Arc::new(picture))].into_iter().collect());
    bot.unwrap_or_else(|| panic!("{found:#?}"))
}

pub struct Town {
    pub clock: Arc<SteeredClock>,
    pub simulator: Simulator,
    /// The bodies of the webhooks in the order of their tries.
    pub bodies: Arc<Mutex<Vec<Bytes>>>,
    /// `http://127.0.0.1:PORT` of the server.
    pub address: String,
    /// The same of its operators' listener.
    pub admin: String,
    pub http: reqwest::Client,
    bot: Arc<Bot>,
    /// From the next start on.
    pub testers: Vec<String>,
    pub dry_run: bool,
    pub token: Token,
    margin_ms: i64,
    api: String,
    folder: tempfile::TempDir,
    running: Option<Running>,
    tiktok: JoinHandle<std::io::Result<()>>,
}

struct Running {
    node: Node,
    store: Arc<dyn Store>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    operators: JoinHandle<std::io::Result<()>>,
}

/// Keeps what is delivered, so that a test can deliver it again.
struct Recorder(HttpPost, Arc<Mutex<Vec<Bytes>>>);

#[async_trait]
impl Post for Recorder {
    async fn post(&self, address: &str, headers: Vec<(&'static str, String)>, body: Bytes) -> Result<u16, PostError> {
        self.1.lock().unwrap().push(body.clone());
        self.0.post(address, headers, body).await
    }
}

/// A reply as the server's own history tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub text: String,
    pub state: ReplyState,
    pub reason: String,
}

impl Town {
    /// Real time, pushed on by [`Self::jump`].
    pub async fn running(bot: Bot) -> Self {
        Self::start(bot, SteeredClock::running(), 300_000).await
    }

    /// Time that moves by [`Self::jump`] alone; `margin_ms` is the window's.
    pub async fn frozen(bot: Bot, margin_ms: i64) -> Self {
        Self::start(bot, SteeredClock::frozen(START), margin_ms).await
    }

    async fn start(bot: Bot, clock: SteeredClock, margin_ms: i64) -> Self {
        let clock = Arc::new(clock);
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let mut options = Options::new(Arc::clone(&clock) as _);
        let steered = Arc::clone(&clock);
        options.advance = Some(Arc::new(move |ms| steered.advance(ms)));
        options.app_id = APP.into();
        options.secret = SECRET.into();
        options.token_life_ms = 365 * 24 * HOUR;
        options.post = Arc::new(Recorder(HttpPost::new(), Arc::clone(&bodies)));
        options.accounts = vec![AccountOptions {
            business_id: BUSINESS.into(),
            access_token: Some(TOKEN.into()),
            refresh_token: Some("rft.test".into()),
            ..AccountOptions::default()
        }];
        let simulator = Simulator::new(options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}/open_api/v1.3", listener.local_addr().unwrap());
        let tiktok = tokio::spawn({
            let simulator = simulator.clone();
            async move { simulator.serve(listener, std::future::pending()).await }
        });
        let mut town = Self {
            clock,
            simulator,
            bodies,
            address: "http://127.0.0.1:0".to_owned(),
            admin: String::new(),
            http: reqwest::Client::new(),
            bot: Arc::new(bot),
            testers: Vec::new(),
            dry_run: false,
            token: Token::given(SecretString::from(TOKEN), Some(SecretString::from("rft.test"))),
            margin_ms,
            api,
            folder: tempfile::tempdir().unwrap(),
            running: None,
            tiktok,
        };
        town.open().await;
        let webhook = format!("{}/webhooks/tiktok", town.address);
        {
            // The start asks for TikTok's time; under a clock that stands still the pace would never recover from that.
            let mut registered = std::pin::pin!(town.node().set_webhook(APP, &webhook));
            while tokio::time::timeout(Duration::from_millis(50), &mut registered).await.map(Result::unwrap).is_err() {
                town.clock.advance(100);
            }
        }
        // The app's pace has recovered from the registration.
        town.jump(2 * SECOND);
        town
    }

    /// Starts the server, at the address that it had before.
    async fn open(&mut self) {
        let begun = Instant::now();
        let path = self.db();
        let store: Arc<dyn Store> = loop {
            match Sqlite::open(&path) {
                Ok(store) => break Arc::new(store),
                Err(error) if begun.elapsed() > PATIENCE => panic!("{error}"),
                // The process before it has not let go yet.
                Err(_) => nap(10).await,
            }
        };
        let tokens = Arc::new(Tokens::in_memory());
        tokens.put(APP, BUSINESS, 1, self.token.clone());
        let app = node::AppParts {
            id: APP.into(),
            secret: SecretString::from(SECRET),
            api: self.api.clone(),
            calls_per_second: 10.0,
            conversations_a_day: None,
            signature_age_max_ms: 300_000,
            window_margin_ms: self.margin_ms,
            accounts: vec![BUSINESS.into()],
            closed: Vec::new(),
        };
        let parts = node::Parts {
            apps: vec![app],
            bot: Arc::clone(&self.bot),
            version: 0,
            own: Vec::new(),
            compiler: None,
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(7)),
            store: Arc::clone(&store),
            tokens,
            public_url: None,
            fetcher: Arc::new(CallsNobody),
            fetching: FetchLimits::default(),
            herald: Arc::new(TellsNobody),
            events: EventOptions::default(),
            history_kept_ms: None,
            testers: self.testers.clone(),
            dry_run: self.dry_run,
            tracing: None,
            fail_point: None,
        };
        let node = node::start(parts).await.unwrap();
        let listener = TcpListener::bind(self.address.trim_start_matches("http://")).await.unwrap();
        self.address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(rejoinder::server::serve(listener, Arc::clone(&node.doors), async move {
            let _ = stopped.await;
        }));
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.admin = format!("http://{}", admin.local_addr().unwrap());
        let door = Arc::new(Admin { doors: Arc::clone(&node.doors), token: ADMIN_TOKEN.into() });
        let operators = tokio::spawn(rejoinder::server::admin::serve(admin, door, std::future::pending()));
        self.running = Some(Running { node, store, stop, server, operators });
    }

    async fn crash(&mut self) {
        let Running { node, store, stop, server, operators } = self.running.take().unwrap();
        operators.abort();
        let _ = stop.send(());
        server.await.unwrap().unwrap();
        node.kill().await;
        drop(store);
    }

    /// Ends the server as a crash would and starts it anew on the same store.
    pub async fn restart(&mut self) {
        self.crash().await;
        self.open().await;
    }

    /// Ends the server as a crash would, does something with its file and starts it anew.
    pub async fn restart_after(&mut self, meanwhile: impl AsyncFnOnce(&std::path::Path)) {
        self.crash().await;
        meanwhile(&self.db()).await;
        self.open().await;
    }

    /// The file of the store.
    pub fn db(&self) -> std::path::PathBuf {
        self.folder.path().join("town.db")
    }

    fn node(&self) -> &Node {
        &self.running.as_ref().unwrap().node
    }

    pub fn runtime(&self) -> &Handle {
        &self.node().doors.runtime
    }

    pub fn doors(&self) -> &rejoinder::server::Doors {
        &self.node().doors
    }

    pub fn store(&self) -> &dyn Store {
        self.running.as_ref().unwrap().store.as_ref()
    }

    pub fn now(&self) -> Moment {
        use rejoinder::runtime::port::Clock as _;
        self.clock.now()
    }

    pub fn jump(&self, ms: i64) {
        self.clock.advance(ms);
    }

    /// Jumps to a moment that has not come yet.
    pub fn jump_to(&self, at: Moment) {
        use rejoinder::runtime::port::Clock as _;
        let ms = at.since_ms(self.clock.now());
        assert!(ms >= 0, "{at:?} is over");
        self.jump(ms);
    }

    // --- people ----------------------------------------------------------------------------------------------------

    pub fn customer(&self, name: &str, country: &str) -> String {
        let new = NewCustomer { name: Some(name.into()), country: Some(country.into()), ..NewCustomer::default() };
        self.simulator.add_customer(new).unwrap().handle
    }

    pub fn write(&self, customer: &str, text: &str) -> Said {
        let write = Write { customer: customer.into(), text: Some(text.into()), ..Write::default() };
        self.simulator.write(write).unwrap()
    }

    /// Somebody of the business side writes past the bot.
    pub fn colleague(&self, customer: &str, text: &str, source: Source) -> Said {
        let source = Some(source);
        self.simulator
            .colleague(Colleague { customer: customer.into(), text: text.into(), source, ..Colleague::default() })
            .unwrap()
    }

    /// TikTok itself writes in the business's name.
    pub fn automatic(&self, customer: &str, text: &str) -> Said {
        let auto = Some(AutoKind::SuggestedQuestion);
        self.simulator
            .colleague(Colleague { customer: customer.into(), text: text.into(), auto, ..Colleague::default() })
            .unwrap()
    }

    pub fn fault(&self, kind: FaultKind, change: impl FnOnce(&mut Fault)) {
        let mut fault = Fault { endpoint: Some("message/send".into()), stored: Some(true), ..Fault::of(kind) };
        change(&mut fault);
        self.simulator.fault(fault).unwrap();
    }

    // --- what the phone shows --------------------------------------------------------------------------------------

    pub fn phone(&self, customer: &str) -> Vec<Message> {
        let lines = self.simulator.conversations();
        let Some(line) = lines.iter().find(|line| line.customer.handle == customer) else { return Vec::new() };
        self.simulator.conversation(&line.id).unwrap().messages
    }

    /// What our server sent, oldest first.
    pub fn heard(&self, customer: &str) -> Vec<String> {
        let ours = |message: &Message| message.from == Side::Business && message.source == Some(Source::Api);
        self.phone(customer).iter().filter(|message| ours(message)).map(words).collect()
    }

    /// Business-side messages after the customer's last one, whoever sent them.
    pub fn counted(&self, customer: &str) -> usize {
        self.phone(customer).iter().rev().take_while(|message| message.from == Side::Business).count()
    }

    // --- what the server knows -------------------------------------------------------------------------------------

    pub async fn id(&self, customer: &str) -> Option<ConversationId> {
        let lines = self.simulator.conversations();
        let line = lines.iter().find(|line| line.customer.handle == customer)?;
        self.runtime().find(APP, BUSINESS, line.id.as_bytes()).await.unwrap()
    }

    /// The replies in the order in which they were made.
    pub async fn told(&self, customer: &str) -> Vec<Told> {
        let Some(id) = self.id(customer).await else { return Vec::new() };
        let view = self.runtime().conversation(id, 5_000).await.unwrap().unwrap();
        let told = |line: rejoinder::runtime::Line| {
            line.reply.map(|reply| Told { text: line.text, state: reply.state, reason: reply.reason.unwrap_or_default() })
        };
        view.lines.into_iter().filter_map(told).collect()
    }

    pub async fn state(&self, customer: &str) -> Conversation {
        let id = self.id(customer).await.expect("the server knows the customer");
        self.runtime().conversation(id, 1).await.unwrap().unwrap().conversation.unwrap()
    }

    /// Lines of the conversation's history, oldest first, each with what it led to.
    pub async fn history(&self, customer: &str) -> Vec<(HistoryRow, Entry)> {
        let Some(id) = self.id(customer).await else { return Vec::new() };
        let rows = self.store().history(id, 10_000).await.unwrap();
        rows.into_iter().rev().map(|row| (row.clone(), serde_json::from_slice(&row.body).unwrap())).collect()
    }

    /// How many lines of one kind.
    pub async fn lines(&self, customer: &str, kind: &str) -> usize {
        self.history(customer).await.iter().filter(|(row, _)| row.kind == kind).count()
    }

    /// Replies that were marked after the first line that fits.
    pub async fn marks_after(&self, customer: &str, fits: impl Fn(&Entry) -> bool) -> usize {
        let history = self.history(customer).await;
        let lines = history.iter().map(|(_, entry)| entry).skip_while(|entry| !fits(entry)).skip(1);
        lines.flat_map(|entry| &entry.effects).filter(|effect| matches!(effect, Effect::Mark { .. })).count()
    }

    pub async fn acts(&self, customer: &str, action: ColleagueAction) {
        let id = self.id(customer).await.unwrap();
        assert!(self.runtime().colleague(id, action).await.unwrap());
    }

    // --- expectations ----------------------------------------------------------------------------------------------

    /// Waits until the phone has so many replies of ours, and sees that no more follow.
    pub async fn hears(&self, customer: &str, count: usize) -> Vec<String> {
        self.until(customer, &format!("{count} replies"), async |town| town.heard(customer).len() >= count).await;
        nap(QUIET.as_millis()).await;
        let heard = self.heard(customer);
        assert_eq!(heard.len(), count, "{heard:#?}\n{}", self.account(customer).await);
        heard
    }

    /// Waits until so many replies stand in this state; gives them.
    pub async fn stand(&self, customer: &str, state: ReplyState, count: usize) -> Vec<Told> {
        let fits = async |town: &Self| town.told(customer).await.into_iter().filter(|told| told.state == state).count() == count;
        self.until(customer, &format!("{count} replies {state:?}"), fits).await;
        self.told(customer).await.into_iter().filter(|told| told.state == state).collect()
    }

    pub async fn until(&self, customer: &str, what: &str, fits: impl AsyncFn(&Self) -> bool) {
        let begun = Instant::now();
        while !fits(self).await {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}\n{}", self.account(customer).await);
            nap(10).await;
        }
    }

    /// Nothing leaves for a while.
    pub async fn silent(&self, customer: &str) {
        let before = self.heard(customer);
        nap(QUIET.as_millis()).await;
        assert_eq!(self.heard(customer), before, "{}", self.account(customer).await);
    }

    pub fn no_violations(&self) {
        let found = self.simulator.violations().violations;
        assert!(found.is_empty(), "{found:#?}");
    }

    /// Every reply has ended or waits, and those that were not sent say why.
    pub async fn reasons(&self, customer: &str) {
        for told in self.told(customer).await {
            assert!(!matches!(told.state, ReplyState::Queued | ReplyState::Sending | ReplyState::LookedUp), "{told:?}");
            assert!(told.state == ReplyState::Sent || !told.reason.is_empty(), "{told:?}");
        }
    }

    async fn account(&self, customer: &str) -> String {
        let calls = self.simulator.calls(0);
        let told = self.told(customer).await;
        format!("told: {told:#?}\nphone: {:#?}\ncalls: {calls:#?}", self.phone(customer))
    }

    /// Somebody with the operators' token.
    pub fn operator(&self) -> Operator {
        Operator::new(&self.admin, ADMIN_TOKEN.into()).unwrap()
    }

    /// What a page answers: status and text.
    pub async fn page(&self, address: &str) -> (u16, String) {
        let answer = self.http.get(address).send().await.expect("the server answers");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// The value of a sample of the metrics, by its whole name with labels.
    pub async fn measured(&self, sample: &str) -> Option<f64> {
        let (status, text) = self.page(&format!("{}/metrics", self.admin)).await;
        assert_eq!(status, 200, "{text}");
        text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
    }

    // --- the wire --------------------------------------------------------------------------------------------------

    /// Delivers a body, rightly signed now; gives the status.
    pub async fn deliver(&self, body: impl Into<reqwest::Body>, signed: &[u8]) -> u16 {
        use rejoinder::runtime::port::Clock as _;
        let header = signature::sign(SECRET, self.clock.now().0.div_euclid(1_000), signed);
        self.post(body, &[(signature::HEADER, &header)]).await
    }

    pub async fn post(&self, body: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> u16 {
        let mut request = self.http.post(format!("{}/webhooks/tiktok", self.address)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers").status().as_u16()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.tiktok.abort();
        if let Some(running) = self.running.take() {
            running.server.abort();
            running.operators.abort();
        }
    }
}

pub async fn nap(ms: impl TryInto<u64>) {
    tokio::time::sleep(Duration::from_millis(ms.try_into().unwrap_or(0))).await;
}

fn words(message: &Message) -> String {
    match &message.content {
        Content::Text { body } => body.clone(),
        Content::Image { media_id } => format!("[image {media_id}]"),
        Content::Template { title, .. } => title.clone(),
        other => format!("{other:?}"),
    }
}
