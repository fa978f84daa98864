//! The job that is compared, with the real engine on one core: `cargo bench --bench job -- R CONVERSATIONS MILLISECONDS`.
//!
//! A message is one text of the customer, decided on, its reply queued, permitted and settled as sent: three sprints. The
//! second line counts the deciding sprint alone, which is what systems without a ledger of replies do. Conversations are
//! held as values, as the runtime holds those that are active. Time is virtual: each conversation's messages are minutes
//! apart.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints what it measured and stops when its own lists are empty"
)]

mod support;

use rejoinder::engine::{Conversation, Limits};
use support::{Talk, answer, bot, clock, job_source, load, on_core_ns, question};

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let number = |at: usize, otherwise: u64| numbers.get(at).copied().unwrap_or(otherwise);
    let (rules, conversations, milliseconds) = (number(0, 10), number(1, 1_000).max(1), number(2, 1_000));
    run(rules as usize, conversations as usize, milliseconds);
}

fn run(rules: usize, conversations: usize, milliseconds: u64) {
    let bot = bot(&job_source(rules));
    support::warm(&bot, rules);
    let mut states: Vec<Conversation> = (0..conversations).map(|_| Conversation::default()).collect();
    // Between two messages of one conversation more than the time in which the same reply counts as a repetition.
    let tick_ms = (600_000 / conversations as i64).max(1);
    let mut talk = Talk { bot: &bot, limits: Limits::default(), now: 1_790_000_000_000, messages: 0 };
    let rule_of = |round: usize, at: usize| (round.wrapping_mul(7_919) + at.wrapping_mul(104_729)) % rules;
    // The first round proves that the work is done.
    for (at, state) in states.iter_mut().enumerate() {
        talk.now += tick_ms;
        let n = rule_of(0, at);
        let (_, reply) = talk.say(state, question(n), true);
        assert_eq!(reply, format!("What would you like to know about item{n}?"));
    }
    for (at, state) in states.iter_mut().enumerate() {
        talk.now += tick_ms;
        let (_, reply) = talk.say(state, answer(at), true);
        assert_eq!(reply, format!("Thank you, number 1. We wrote down: {}", answer(at)));
    }
    let mut spent = Vec::new();
    let (begun, core) = (clock(), on_core_ns());
    let mut round = 1;
    'rounds: loop {
        for asks in [true, false] {
            for (at, state) in states.iter_mut().enumerate() {
                talk.now += tick_ms;
                let text = if asks { question(rule_of(round, at)) } else { answer(at) };
                spent.push(talk.say(state, text, false).0);
                if spent.len() % 64 == 0 && begun.elapsed().as_millis() >= u128::from(milliseconds) {
                    break 'rounds;
                }
            }
        }
        round += 1;
    }
    let core = on_core_ns().saturating_sub(core) as f64 / spent.len() as f64;
    let bytes: usize = states.iter().take(1_000).map(|state| state.encode().map_or(0, |bytes| bytes.len())).sum();
    let each = bytes / states.len().min(1_000);
    let line = |name: &str, mut ns: Vec<u64>| {
        let total: u64 = ns.iter().sum();
        let rate = ns.len() as f64 / (total as f64 / 1e9);
        ns.sort_unstable();
        let at = |share: f64| ns[((ns.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;
        println!(
            "{name} R={rules} msgs_per_s={rate:.0} p50_us={:.2} p99_us={:.2} conversations={conversations} messages={} state_bytes={each} on_core_us={:.2} load=\"{}\"",
            at(0.5),
            at(0.99),
            ns.len(),
            core / 1_000.0,
            load()
        );
    };
    line("rejoinder", spent.iter().map(|spent| spent.all_ns).collect());
    line("rejoinder_decide", spent.iter().map(|spent| spent.decide_ns).collect());
}
