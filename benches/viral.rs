//! A viral hour: `cargo bench --bench viral -- MESSAGES CALLS_PER_SECOND`. So many customers of one app write for the first time
//! within an hour, each is answered by three texts and a question, one of five answers it, and whoever does not is reminded.
//! The whole runtime works on a store in memory; the other side takes every call; time is virtual.
//!
//! The line says how many replies left inside their window, how long people waited by kind, and how many calls merging saved
//! against one for each text.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints what it measured and ends where something is wrong"
)]

#[path = "../tests/sim/chance.rs"]
#[allow(dead_code, reason = "the simulation's; it draws more than is drawn here")]
mod chance;
mod support;
#[path = "../tests/sim/time.rs"]
#[allow(dead_code, reason = "the simulation's; its clocks can be wrong, here they are right")]
mod time;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rejoinder::bot::Asset;
use rejoinder::calendar::Moment;
use rejoinder::channel::{Content, Outcome};
use rejoinder::engine::{Body, Courtesy, Inbound, Input, Listing};
use rejoinder::runtime::port::{
    CallFailure, CallsNobody, Clock as _, Delivery, Meaning, Permit, SendCall, Target, TellsNobody, Transport,
};
use rejoinder::runtime::{AppOptions, Handle, Options, Ports, Service};
use rejoinder::store::Memory;
use rejoinder::system::SeededEntropy;

use chance::Chance;
use time::{HOUR, MINUTE, SECOND, Time};

/// The texts of a first answer.
const TEXTS: usize = 4;
const WINDOW_MS: i64 = 48 * HOUR;
const NAP_MS: i64 = 120;

/// What became of one customer.
#[derive(Clone, Default)]
struct Story {
    wrote: i64,
    first: Option<i64>,
    answered: Option<i64>,
    thanked: Option<i64>,
    nudged: Option<i64>,
    /// Calls to this customer, and texts in them.
    calls: usize,
    texts: usize,
    late: usize,
}

/// The other side: takes every call after a moment.
struct Everything {
    time: Time,
    stories: Mutex<HashMap<Vec<u8>, Story>>,
    newest: Mutex<Vec<Vec<u8>>>,
}

#[async_trait]
impl Transport for Everything {
    async fn send(&self, permit: Permit, call: SendCall) -> Outcome {
        self.time.sleep(NAP_MS).await;
        let Content::Text { body } = &call.outgoing.content else { panic!("only texts here") };
        let now = self.time.now();
        let mut stories = self.stories.lock().unwrap();
        let story = stories.get_mut(&call.target.external).expect("a customer");
        story.calls += 1;
        story.texts += body.matches("\n\n").count() + 1;
        story.late += usize::from(now > story.answered.unwrap_or(story.wrote) + WINDOW_MS);
        if body.contains("Thank you") {
            story.thanked = Some(now);
        } else if body.contains("still there") {
            story.nudged = Some(now);
        } else if body.contains("Which size") {
            self.newest.lock().unwrap().push(call.target.external.clone());
        }
        story.first.get_or_insert(now);
        Outcome::Sent { message_id: format!("m-{}", permit.number()) }
    }
    async fn courtesy(&self, _: Permit, _: Target, _: Courtesy) -> Result<(), CallFailure> {
        Ok(())
    }
    async fn upload(&self, _: Permit, _: Target, asset: Arc<Asset>) -> Result<String, CallFailure> {
        Ok(asset.digest.clone())
    }
    async fn list(&self, _: Permit, _: Target) -> Result<Listing, CallFailure> {
        Ok(Listing::empty(self.time.true_moment()))
    }
    async fn images_allowed(&self, _: Permit, _: Target) -> Result<bool, CallFailure> {
        Ok(true)
    }
    async fn renew(&self, _: Permit, _: &str, _: &str) -> Result<(), CallFailure> {
        Ok(())
    }
    fn skew_ms(&self) -> Option<i64> {
        Some(0)
    }
}

fn message(at: Moment, customer: &[u8], number: usize, text: &str) -> Delivery {
    let id = format!("in-{number}");
    let body = Body::Text { text: text.to_owned() };
    let inbound = Inbound::new(id.clone(), at, at, body);
    let meaning = Meaning::Input { external: customer.to_vec(), key: Some(id.into_bytes()), input: Input::Message(inbound) };
    Delivery { app: "app".into(), open_id: Some("shop".into()), received: at, raw: bytes::Bytes::new(), meaning }
}

fn main() {
    let numbers: Vec<f64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (messages, pace) = (numbers.first().copied().unwrap_or(100_000.0) as usize, numbers.get(1).copied().unwrap_or(10.0));
    let begun = support::clock();
    let time = Time::new(7, 0);
    // Time goes on whenever nobody has anything left to do.
    let idle = time.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().on_thread_park(move || idle.tick()).build().expect("a runtime");
    let side = Arc::new(Everything { time: time.clone(), stories: Mutex::default(), newest: Mutex::default() });
    let day = runtime.block_on(hour(messages, pace, time, Arc::clone(&side)));
    print(&side, messages, pace, day, begun.elapsed().as_secs_f64());
}

/// Plays it to the end; gives how long it took until nothing was left to send.
async fn hour(messages: usize, pace: f64, time: Time, side: Arc<Everything>) -> i64 {
    let app = AppOptions {
        id: "app".into(),
        calls_per_second: pace,
        conversations_a_day: None,
        window_margin_ms: 5 * MINUTE,
        accounts: vec!["shop".into()],
        closed: Vec::new(),
    };
    let ports = Ports {
        clock: Arc::new(time.clock()),
        entropy: Arc::new(SeededEntropy::new(7)),
        store: Arc::new(Memory::new()),
        transport: Arc::clone(&side) as Arc<dyn Transport>,
        fetcher: Arc::new(CallsNobody),
        herald: Arc::new(TellsNobody),
        compiler: None,
    };
    let (service, handle) =
        Service::start(Options::new(vec![app]), ports, Arc::new(support::bot(support::VIRAL))).await.expect("it starts");
    let writing = tokio::spawn(write(messages, time.clone(), Arc::clone(&side), handle.clone()));
    writing.await.expect("it ends");
    // Everybody was answered, reminded, or has answered.
    loop {
        time.sleep(MINUTE).await;
        let stories = side.stories.lock().unwrap();
        let open = stories.values().filter(|story| match story.answered {
            Some(_) => story.thanked.is_none(),
            None => story.nudged.is_none(),
        });
        if open.count() == 0 || time.now() > 3 * 24 * HOUR {
            break;
        }
    }
    let ended = time.now();
    service.kill().await;
    ended
}

/// The customers: an hour of first messages, and answers of one in five some minutes after they were asked.
async fn write(messages: usize, time: Time, side: Arc<Everything>, handle: Handle) {
    let mut chance = Chance::new(7);
    let mut moments: Vec<i64> = (0..messages).map(|_| chance.between(0, HOUR)).collect();
    moments.sort_unstable();
    let clock = time.clock();
    let (mut first, mut number) = (moments.into_iter().peekable(), 0_usize);
    let mut answers: Vec<(i64, Vec<u8>)> = Vec::new();
    let mut asked = 0_usize;
    while asked < messages || !answers.is_empty() {
        let now = time.now();
        while let Some(at) = first.next_if(|at| *at <= now) {
            let customer = format!("c{number}").into_bytes();
            side.stories.lock().unwrap().insert(customer.clone(), Story { wrote: at, ..Story::default() });
            let delivery = message(clock.now(), &customer, number, "what is the price?");
            handle.deliver(delivery).await.expect("it is taken");
            number += 1;
        }
        for customer in std::mem::take(&mut *side.newest.lock().unwrap()) {
            asked += 1;
            if chance.once_in(5) {
                answers.push((now + chance.between(MINUTE, 30 * MINUTE), customer));
            }
        }
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut answers).into_iter().partition(|(at, _)| *at <= now);
        answers = later;
        for (at, customer) in due {
            side.stories.lock().unwrap().get_mut(&customer).expect("a customer").answered = Some(at);
            let delivery = message(clock.now(), &customer, messages + number, "M please");
            number += 1;
            handle.deliver(delivery).await.expect("it is taken");
        }
        time.sleep(SECOND).await;
    }
}

fn print(side: &Everything, messages: usize, pace: f64, day: i64, took: f64) {
    let stories = side.stories.lock().unwrap();
    let spread = |waits: &mut Vec<i64>| {
        waits.sort_unstable();
        let at = |share: f64| waits.get(((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1))).copied();
        let minutes = |share| at(share).map_or(0.0, |ms| ms as f64 / MINUTE as f64);
        format!("{:.1}/{:.1}/{:.1}", minutes(0.5), minutes(0.99), minutes(1.0))
    };
    let mut first: Vec<i64> = stories.values().filter_map(|story| Some(story.first? - story.wrote)).collect();
    let mut follow: Vec<i64> = stories.values().filter_map(|story| Some(story.thanked? - story.answered?)).collect();
    let mut nudges: Vec<i64> = stories.values().filter_map(|story| Some(story.nudged? - story.wrote - 6 * HOUR)).collect();
    let (calls, texts): (usize, usize) =
        stories.values().fold((0, 0), |(calls, texts), story| (calls + story.calls, texts + story.texts));
    let unanswered = stories.values().filter(|story| story.first.is_none()).count();
    let late: usize = stories.values().map(|story| story.late).sum();
    let complete = stories.values().filter(|story| story.texts >= TEXTS).count();
    println!(
        "viral messages={messages} calls_per_s={pace} first_replies={} windows_missed={} unanswered={unanswered} complete={complete} \
         calls={calls} texts={texts} calls_saved={:.2} first_wait_min_p50_p99_max={} thanks_wait_min_p50_p99_max={} \
         nudge_wait_min_p50_p99_max={} virtual_hours={:.1} took_s={took:.0} load=\"{}\"",
        first.len(),
        late,
        1.0 - calls as f64 / texts as f64,
        spread(&mut first),
        spread(&mut follow),
        spread(&mut nudges),
        day as f64 / HOUR as f64,
        support::load()
    );
}
