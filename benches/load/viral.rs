//! Ten minutes of a viral hour in real time: customers write for the first time as a hundred thousand an hour do, one of five
//! answers the question twenty seconds after it came, and the app has its ten calls a second.

use std::collections::{HashMap, VecDeque};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::client::{arrivals, once, request};
use super::support::{VIRAL, clock};
use super::town::{self, Process, Town};

const LASTS: Duration = Duration::from_secs(600);
const PER_SECOND: f64 = 100_000.0 / 3_600.0;
/// One of so many answers, so long after the question came.
const ANSWERS: usize = 5;
const THINKS_MS: i64 = 20_000;
const LOOKS_MS: i64 = 100;
const WINDOW_MS: i64 = 48 * 3_600_000;

/// What became of one customer; milliseconds of the clock that all share.
#[derive(Default)]
struct Customer {
    wrote: i64,
    first: Option<i64>,
    answered: Option<i64>,
    thanked: Option<i64>,
}

#[derive(Default)]
struct Story {
    customers: Vec<Customer>,
    numbers: HashMap<String, usize>,
    /// Who answers when.
    thinking: VecDeque<(i64, usize)>,
    calls: usize,
    texts: usize,
    late: usize,
    /// Milliseconds until a message was answered with 200.
    took: Vec<f64>,
}

impl Story {
    fn write(&mut self, server: &Process, who: usize, text: &str) -> i64 {
        let id = self.took.len() as u64;
        let (at, begun) = (town::now().0, clock());
        let (status, _) = once(server.address, &town::text(0, who, id, text)).expect("an answer");
        assert_eq!(status, 200);
        self.took.push(begun.elapsed().as_secs_f64() * 1_000.0);
        at
    }

    fn comes(&mut self, server: &Process) {
        let who = self.customers.len();
        self.numbers.insert(town::external(who), who);
        let wrote = self.write(server, who, "price");
        self.customers.push(Customer { wrote, ..Customer::default() });
    }

    fn answers(&mut self, server: &Process, who: usize) {
        let at = self.write(server, who, "Large");
        self.customers[who].answered = Some(at);
    }

    /// What the other side was called with since it was asked last.
    fn look(&mut self, side: &Process) {
        let (_, heard) = once(side.address, &request("/heard", "", "")).expect("it tells");
        for line in heard.lines() {
            let (at, body) = line.split_once(' ').expect("a moment and a body");
            let (at, body): (i64, Value) = (at.parse().expect("a number"), serde_json::from_str(body).expect("JSON"));
            self.calls += 1;
            let Some(text) = body["text"]["body"].as_str() else { continue };
            let who = self.numbers[body["recipient"].as_str().expect("somebody")];
            let customer = &mut self.customers[who];
            self.texts += text.matches("\n\n").count() + 1;
            self.late += usize::from(at > customer.answered.unwrap_or(customer.wrote) + WINDOW_MS);
            customer.first.get_or_insert(at);
            if text.contains("Thank you") {
                customer.thanked = Some(at);
            }
            if text.contains("Which size") && who.is_multiple_of(ANSWERS) {
                self.thinking.push_back((at + THINKS_MS, who));
            }
        }
    }

    fn figures(&mut self, server: &Town) -> String {
        let first: Vec<i64> = self.customers.iter().filter_map(|customer| Some(customer.first? - customer.wrote)).collect();
        let answered = self.customers.iter().filter(|customer| customer.answered.is_some()).count();
        let thanked: Vec<i64> =
            self.customers.iter().filter_map(|customer| Some(customer.thanked? - customer.answered?)).collect();
        let (waiting, will_miss) = outbox(server);
        self.took.sort_by(f64::total_cmp);
        format!(
            "customers={} first_replies={} answers={answered} thanked={} calls={} texts={} calls_saved={:.0}% windows_missed={} waiting={waiting} \
             will_miss={will_miss} first_s={} thanks_s={} taken_p50_ms={:.1} taken_p99_ms={:.1}",
            self.customers.len(),
            first.len(),
            thanked.len(),
            self.calls,
            self.texts,
            100.0 * (1.0 - self.calls as f64 / self.texts.max(1) as f64),
            self.late,
            waits(first),
            waits(thanked),
            self.took[self.took.len() / 2],
            self.took[self.took.len() * 99 / 100],
        )
    }
}

/// Half, 99 % and all, in seconds.
fn waits(mut list: Vec<i64>) -> String {
    list.sort_unstable();
    let at = |share: usize| list.get((list.len().saturating_sub(1)) * share / 100).map_or(f64::NAN, |ms| *ms as f64 / 1_000.0);
    format!("{:.1}/{:.1}/{:.1}", at(50), at(99), at(100))
}

/// Replies that wait, and those that will miss their window, as the server itself tells.
fn outbox(town: &Town) -> (usize, usize) {
    let told = Command::new(env!("CARGO_BIN_EXE_rejoinder"))
        .args(["outbox", "--format", "json"])
        .current_dir(town.folder.path())
        .output();
    let told: Value = serde_json::from_slice(&told.expect("it runs").stdout).expect("JSON");
    let replies = told["replies"].as_array().expect("a list");
    (replies.len(), replies.iter().filter(|reply| reply["will_miss"] == true).count())
}

pub fn run(side: &Process) -> String {
    let town = Town::new(VIRAL, 1, 10.0, side.address);
    let server = town.serve();
    once(side.address, &request("/listen", "", "")).expect("it listens");
    let (begun, mut story, mut looked) = (clock(), Story::default(), 0);
    let mut arrivals = VecDeque::from(arrivals(PER_SECOND, LASTS));
    while begun.elapsed() < LASTS {
        let now = town::now().0;
        if arrivals.front().is_some_and(|at| *at <= begun.elapsed()) {
            arrivals.pop_front();
            story.comes(&server);
        } else if story.thinking.front().is_some_and(|(at, _)| *at <= now) {
            let (_, who) = story.thinking.pop_front().expect("looked at");
            story.answers(&server, who);
        } else if now - looked >= LOOKS_MS {
            looked = now;
            story.look(side);
        } else {
            super::pause(Duration::from_millis(2));
        }
    }
    story.look(side);
    let [_, _, _, rate, most] = super::told(side);
    format!("{} per_s={rate:.2} in_a_second_most={most:.0}", story.figures(&town))
}
