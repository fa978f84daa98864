//! The whole server under load, over loopback HTTP: the released binary on a SQLite file, a TikTok that takes every call in
//! another process, and in the same minutes a route of the same HTTP library that does nothing, and one that echoes.
//!
//! `cargo bench --bench load` measures everything; `-- ingest restart` only what is named, of: ingest rules alone memory
//! restart pace apps reload viral (ten minutes). Each line has the machine's load beside it.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench prints what it measured and ends where something is wrong"
)]

mod client;
mod node;
mod side;
#[path = "../support/mod.rs"]
mod support;
mod town;
mod viral;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Loop, Seen, request, send};
use support::{bot, clock, job_source, load};
use town::{Process, Town};

const CONNECTIONS: usize = 256;
/// Conversations of a server that has been used for a while, and those of them that talk now.
const CONVERSATIONS: usize = 200_000;
const ACTIVE: usize = 10_000;
/// Interleaved rounds, of which the middle one counts.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
/// More than can be answered in a round.
const REQUESTS: usize = 60_000;
const RULES: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["side"] => side::run(),
        ["node", file, side, rules] => node::run(file, side, rules.parse().expect("a number")),
        _ => measure(&words),
    }
}

/// One of the things that can be asked for.
type Part = fn(&Process);

fn measure(wanted: &[&str]) {
    let all: [(&str, Part); 9] = [
        ("ingest", ingest),
        ("rules", rules),
        ("alone", alone),
        ("memory", memory),
        ("restart", restart),
        ("pace", pace),
        ("apps", apps),
        ("reload", reload),
        ("viral", |side| line("viral", &viral::run(side))),
    ];
    let side = Process::own(&["side"]);
    for (name, part) in all {
        if wanted.is_empty() || wanted.contains(&name) {
            part(&side);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench waits in real time")]
fn pause(length: Duration) {
    std::thread::sleep(length);
}

fn line(what: &str, figures: &str) {
    println!("load {what} {figures} load=\"{}\"", load());
}

/// The middle one by `key`.
fn middle(mut rounds: Vec<Seen>, key: impl Fn(&Seen) -> f64) -> Seen {
    rounds.sort_by(|one, other| key(one).total_cmp(&key(other)));
    rounds.swap_remove(rounds.len() / 2)
}

/// Messages that were not taken are no throughput.
fn sound(seen: &Seen) {
    assert!(seen.errors == 0, "{}", seen.figures());
}

/// Durable messages against requests that do nothing: closed for throughput, then open for latency.
fn ingest(side: &Process) {
    let town = Town::new(&job_source(RULES), 1, 10.0, side.address);
    town::write(&town.store(), &bot(&job_source(RULES)), CONVERSATIONS);
    let server = town.serve();
    let mut id = 0;
    let mut talk = |count: usize, active: usize| {
        id += count as u64;
        let first = CONVERSATIONS - active;
        // Two messages of a conversation never meet: a question of it, and half of all conversations later its answer.
        town::talk(id, count, RULES, |n| first + (n.wrapping_mul(7_919)) % active)
    };
    let plain = talk(256, ACTIVE)[0].clone();
    let body = String::from_utf8_lossy(&plain).split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    let (noop, echo) = (vec![request("/noop", "", &body)], vec![request("/echo", "", &body)]);
    let closed = Loop::Closed(CONNECTIONS, ROUND);
    send(server.address, &talk(REQUESTS / 2, ACTIVE), false, closed);
    let (mut noops, mut mine, mut wide) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        noops.push(send(side.address, &noop, true, closed));
        mine.push(send(server.address, &talk(REQUESTS, ACTIVE), false, closed));
        wide.push(send(server.address, &talk(REQUESTS, CONVERSATIONS), false, closed));
    }
    let ratio = |mine: &[Seen]| {
        let mut ratios: Vec<f64> = mine.iter().zip(&noops).map(|(mine, noop)| mine.rate() / noop.rate()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    let (hot, random) = (ratio(&mine), ratio(&wide));
    line("noop", &middle(noops, Seen::rate).figures());
    mine.iter().chain(&wide).for_each(sound);
    let mine = middle(mine, Seen::rate);
    line("ingest_active", &format!("{} of_noop={hot:.2}", mine.figures()));
    line("ingest_random", &format!("{} of_noop={random:.2}", middle(wide, Seen::rate).figures()));
    let per_second = mine.rate() / 2.0;
    let open = Loop::Open(per_second, CONNECTIONS, ROUND);
    let (mut echoes, mut mine) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        echoes.push(send(side.address, &echo, true, open));
        mine.push(send(server.address, &talk((per_second * 6.0) as usize, ACTIVE), false, open));
    }
    let mut ratios: Vec<f64> = mine.iter().zip(&echoes).map(|(mine, echo)| mine.at(0.99) / echo.at(0.99)).collect();
    ratios.sort_by(f64::total_cmp);
    line("echo_open", &middle(echoes, |seen| seen.at(0.99)).figures());
    let mine = middle(mine, |seen| seen.at(0.99));
    line("ingest_open", &format!("{} p99_of_echo={:.2}", mine.figures(), ratios[ROUNDS / 2]));
}

/// Durable messages with ten, a thousand and ten thousand rules.
fn rules(side: &Process) {
    let towns: Vec<(usize, Town, Process)> = [10, 1_000, 10_000]
        .into_iter()
        .map(|rules| {
            let town = Town::new(&job_source(rules), 1, 10.0, side.address);
            town::write(&town.store(), &bot(&job_source(rules)), ACTIVE);
            let server = town.serve();
            (rules, town, server)
        })
        .collect();
    let mut seen: Vec<Vec<Seen>> = towns.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for ((rules, _, server), seen) in towns.iter().zip(&mut seen) {
            let talk = town::talk(round as u64 * 1_000_000, REQUESTS, *rules, |n| n.wrapping_mul(7_919) % ACTIVE);
            let one = send(server.address, &talk, false, Loop::Closed(CONNECTIONS, ROUND / 2));
            sound(&one);
            // The first round warms.
            seen.extend((round > 0).then_some(one));
        }
    }
    for ((rules, ..), seen) in towns.iter().zip(seen) {
        line(&format!("durable R={rules}"), &middle(seen, Seen::rate).figures());
    }
}

/// One conversation alone, message by message and with many at once, against many conversations.
fn alone(side: &Process) {
    let town = Town::new(&job_source(RULES), 1, 10.0, side.address);
    let server = town.serve();
    let mut first = 0;
    let mut round = |connections: usize, conversations: usize, count: usize| {
        first += 1_000_000;
        // One customer's messages of the last eighty hours are kept in mind up to 2 048: fewer than that here.
        let talk = town::talk(first, count, RULES, |n| (first as usize) + n % conversations);
        send(server.address, &talk, false, Loop::Closed(connections, ROUND))
    };
    round(CONNECTIONS, ACTIVE, 10_000);
    for (name, connections, conversations, count) in [
        ("one_by_one", 1, 1, 1_500),
        ("one_at_once", 64, 1, 1_500),
        ("many_by_one", 1, 1_500, 1_500),
        ("many_at_once", 64, 1_500, 6_000),
    ] {
        let seen: Vec<Seen> = (0..ROUNDS).map(|_| round(connections, conversations, count)).collect();
        seen.iter().for_each(sound);
        line(&format!("conversations {name}"), &middle(seen, Seen::rate).figures());
    }
}

/// What a waiting conversation takes that the server holds in memory: the second ten thousand of twenty.
fn memory(side: &Process) {
    const EACH: usize = 9_000;
    let town = Town::new(&job_source(10), 1, 10.0, side.address);
    town::write(&town.store(), &bot(&job_source(10)), 2 * EACH);
    let server = town.serve();
    let touch = |from: usize| {
        let reads: Vec<Vec<u8>> = (from..from + EACH).map(|conversation| town::read(0, conversation)).collect();
        let seen = send(server.address, &reads, false, Loop::Closed(64, Duration::from_secs(60)));
        assert_eq!(seen.us.len(), EACH, "{}", seen.figures());
        pause(Duration::from_secs(2));
        server.memory()
    };
    let before = server.memory();
    let first = touch(0);
    let second = touch(EACH);
    // The same again: what grows without one conversation more is not theirs.
    let (again, and_again) = (touch(0), touch(EACH));
    let own = (second as f64 - first as f64) / EACH as f64;
    line(
        "memory",
        &format!(
            "bytes_per_conversation={own:.0} started_mb={:.1} with_{EACH}_mb={:.1} with_{}_mb={:.1} touched_again_mb={:.1}",
            before as f64 / 1e6,
            first as f64 / 1e6,
            2 * EACH,
            second as f64 / 1e6,
            again.max(and_again) as f64 / 1e6,
        ),
    );
}

/// From the start of the process to the first right answer, with a million conversations that wait and have a timer.
fn restart(side: &Process) {
    for conversations in [1_000, 1_000_000] {
        let town = Town::new(&job_source(RULES), 1, 10.0, side.address);
        let begun = clock();
        town::write(&town.store(), &bot(&job_source(RULES)), conversations);
        let written = begun.elapsed();
        let (mut ready, mut taken, mut said) = (Vec::new(), Vec::new(), Vec::new());
        let mut memory = 0;
        for round in 0..ROUNDS {
            let begun = clock();
            let server = town.serve();
            ready.push(begun.elapsed().as_secs_f64() * 1_000.0);
            let words = format!("blue please, number {round}");
            let answer = town::text(0, conversations / 2 + round, round as u64, &words);
            let (status, _) = client::once(server.address, &answer).expect("an answer");
            assert_eq!(status, 200);
            taken.push(begun.elapsed().as_secs_f64() * 1_000.0);
            while !client::once(side.address, &request("/newest", "", "")).is_some_and(|(_, newest)| newest.contains(&words)) {
                pause(Duration::from_millis(5));
                assert!(begun.elapsed() < Duration::from_secs(60), "the reply does not come");
            }
            said.push(begun.elapsed().as_secs_f64() * 1_000.0);
            memory = server.memory();
        }
        let middle = |list: &mut Vec<f64>| {
            list.sort_by(f64::total_cmp);
            list[list.len() / 2]
        };
        line(
            &format!("restart conversations={conversations}"),
            &format!(
                "listens_ms={:.0} answered_200_ms={:.0} reply_at_tiktok_ms={:.0} rss_mb={:.0} written_s={:.0}",
                middle(&mut ready),
                middle(&mut taken),
                middle(&mut said),
                memory as f64 / 1e6,
                written.as_secs_f64()
            ),
        );
    }
}

/// What the other side saw since it was asked last: apps, calls, seconds, the slowest app's rate, the most in a second.
fn told(side: &Process) -> [f64; 5] {
    let (_, told) = client::once(side.address, &request("/told", "", "")).expect("it tells");
    let list: Vec<f64> = told.split(' ').map(|word| word.parse().expect("a number")).collect();
    list.try_into().expect("five numbers")
}

/// One app for half a minute, with more to say than it may.
fn pace(side: &Process) {
    let town = Town::new(&job_source(10), 1, 10.0, side.address);
    let server = town.serve();
    let messages: Vec<Vec<u8>> = (0..600).map(|n| town::text(0, n, n as u64, &support::question(n % 10))).collect();
    sound(&send(server.address, &messages, false, Loop::Closed(16, Duration::from_secs(20))));
    pause(Duration::from_secs(2));
    told(side);
    pause(Duration::from_secs(30));
    let [_, calls, seconds, rate, most] = told(side);
    line("pace one_app", &format!("per_s={rate:.2} calls={calls:.0} seconds={seconds:.1} in_a_second_most={most:.0}"));
}

/// A thousand apps at once, whose replies leave while more comes in.
fn apps(side: &Process) {
    const APPS: usize = 1_000;
    const EACH: usize = 200;
    let town = Town::new(&job_source(10), APPS, 10.0, side.address);
    let server = town.serve();
    let messages: Vec<Vec<u8>> =
        (0..APPS * EACH).map(|n| town::text(n % APPS, n / APPS, n as u64, &support::question(n % 10))).collect();
    told(side);
    let taking = send(server.address, &messages, false, Loop::Closed(CONNECTIONS, Duration::from_secs(120)));
    pause(Duration::from_secs(2));
    let [apps, calls, seconds, _, most] = told(side);
    line(
        "apps_1000",
        &format!(
            "{} calls={calls:.0} calls_per_s={:.0} apps_heard={apps:.0} in_a_second_most={most:.0}",
            taking.figures(),
            calls / seconds.max(0.001)
        ),
    );
}

/// Latency while a bot of ten thousand rules is read, checked and compiled in the same process and takes over.
fn reload(side: &Process) {
    let town = Town::new(&job_source(RULES), 1, 10.0, side.address);
    town::write(&town.store(), &bot(&job_source(RULES)), ACTIVE);
    let file = town.store();
    let side = side.address.to_string();
    let mut server = Process::own(&["node", file.to_str().expect("a path"), &side, &RULES.to_string()]);
    let to: SocketAddr = server.address;
    let mut first = 0;
    let mut talk = |count: usize| {
        first += 1_000_000;
        town::talk(first, count, RULES, |n| n.wrapping_mul(7_919) % ACTIVE)
    };
    let warm = send(to, &talk(REQUESTS / 2), false, Loop::Closed(CONNECTIONS, ROUND));
    let per_second = warm.rate() / 4.0;
    let open = Loop::Open(per_second, CONNECTIONS, Duration::from_secs(5));
    let (mut calm, mut during, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let count = (per_second * 8.0) as usize;
        calm.push(send(to, &talk(count), false, open));
        let requests = talk(count);
        let sending = std::thread::spawn(move || send(to, &requests, false, open));
        // All the while.
        while !sending.is_finished() {
            took.push(server.ask("10000").parse::<f64>().expect("milliseconds"));
        }
        during.push(sending.join().expect("it ends"));
    }
    let mut ratios: Vec<f64> = during.iter().zip(&calm).map(|(during, calm)| during.at(0.99) / calm.at(0.99)).collect();
    ratios.sort_by(f64::total_cmp);
    took.sort_by(f64::total_cmp);
    line("reload calm", &middle(calm, |seen| seen.at(0.99)).figures());
    let during = middle(during, |seen| seen.at(0.99));
    line(
        "reload during",
        &format!("{} p99_of_calm={:.2} compile_ms={:.0}", during.figures(), ratios[ROUNDS / 2], took[took.len() / 2]),
    );
}
