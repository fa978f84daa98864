//! Which seeds are told, and how a failing one is shown.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rejoinder::system::environment;

use crate::draw::plan;
use crate::evidence::Breach;
use crate::mutants::Mutant;
use crate::run::{Told, tell};
use crate::shrink::shrink;

/// Seeds of the ordinary test run.
const ORDINARY: u64 = 200;
/// Seeds among which each mutant must be found.
const MUTANT: u64 = 60;
const LINES_SHOWN: usize = 400;

/// Tells so many seeds on all cores; gives the failing ones in order.
fn many(start: u64, count: u64, progress: bool) -> Vec<(u64, Breach)> {
    let (next, done) = (AtomicU64::new(start), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= start + count {
                return failed;
            }
            failed.extend(tell(&plan(seed), None).breaches.into_iter().next().map(|breach| (seed, breach)));
            let done = done.fetch_add(1, Ordering::SeqCst) + 1;
            if progress {
                eprint!("\r{done} of {count}, {} failed here ", failed.len());
            }
        }
    };
    let mut failed: Vec<(u64, Breach)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    failed.sort_by_key(|(seed, _)| *seed);
    failed
}

/// The shortest story that fails alike, with the command that tells it again.
fn shown(seed: u64, breach: &Breach) -> String {
    let small = shrink(&plan(seed), None, breach.check);
    let told = tell(&small, None);
    format!(
        "seed {seed}: {}: {}\nagain: scripts/sim 1 {seed}\n\n{small}\n{}",
        breach.check,
        breach.text,
        story(&told, LINES_SHOWN)
    )
}

fn story(told: &Told, most: usize) -> String {
    let mut text = String::new();
    let skipped = told.evidence.lines.len().saturating_sub(most);
    for line in told.evidence.lines.iter().take(most) {
        let _ = writeln!(text, "{line}");
    }
    if skipped > 0 {
        let _ = writeln!(text, "… and {skipped} lines more");
    }
    for breach in &told.breaches {
        let _ = writeln!(text, "{}: {} at {}", breach.check, breach.text, crate::plan::clock(breach.at));
    }
    text
}

/// What the engine said of each line that was committed.
fn reasons(told: &Told) -> String {
    let mut text = String::new();
    for commit in &told.evidence.commits {
        let at = crate::plan::clock(commit.at);
        let _ = writeln!(text, "{at} line {} of {}: {:?}", commit.seq, commit.conversation.0, commit.entry.input);
        for trace in commit.entry.trace.iter() {
            let _ = writeln!(text, "    {}: {}", trace.what, trace.text);
        }
        if let Some(due) = commit.after.due() {
            let _ = writeln!(text, "    due at {due:?}, {} ms after its now", due.since_ms(commit.entry.now));
        }
    }
    text
}

fn hold(failed: &[(u64, Breach)]) {
    if let Some((seed, breach)) = failed.first() {
        let others: Vec<String> = failed.iter().map(|(seed, breach)| format!("{seed} ({})", breach.check)).collect();
        panic!("{} seeds fail: {}\n\n{}", failed.len(), others.join(", "), shown(*seed, breach));
    }
}

/// Two hundred, or as many as `scripts/sim N [START]` asks for; one alone is told in full.
#[test]
fn seeds_keep_every_invariant() {
    let asked = |name: &str| environment::var(name).unwrap().map(|value| value.parse::<u64>().unwrap());
    let (count, start) = (asked("REJOINDER_SIM_SEEDS"), asked("REJOINDER_SIM_START").unwrap_or(1));
    if count == Some(1) {
        let told = tell(&plan(start), None);
        println!("{}\n{}\n{}", told.plan, story(&told, usize::MAX), reasons(&told));
    }
    hold(&many(start, count.unwrap_or(ORDINARY), count.is_some()));
}

#[test]
fn seeds_that_once_failed_keep_every_invariant() {
    let list = include_str!("regressions.txt");
    let seeds = list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next());
    let failed: Vec<(u64, Breach)> = seeds
        .map(|seed| seed.parse().unwrap())
        .filter_map(|seed| Some((seed, tell(&plan(seed), None).breaches.into_iter().next()?)))
        .collect();
    hold(&failed);
}

#[test]
fn the_same_seed_gives_the_same_story_bit_for_bit() {
    for seed in 1..=12 {
        let (once, again) = (tell(&plan(seed), None), tell(&plan(seed), None));
        let differs = once.evidence.lines.iter().zip(&again.evidence.lines).find(|(once, again)| once != again);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(once.evidence.lines.len(), again.evidence.lines.len(), "seed {seed}");
        assert!(once.rows == again.rows && once.histories == again.histories, "seed {seed}");
    }
}

#[test]
fn every_mutant_is_found_by_the_check_that_is_there_for_it() {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut escaped = Vec::new();
        while let Some((mutant, checks)) = Mutant::ALL.get(next.fetch_add(1, Ordering::SeqCst)) {
            let found = |seed| {
                let mut plan = plan(seed);
                mutant.stage(&mut plan);
                tell(&plan, Some(*mutant)).breaches.iter().any(|breach| checks.contains(&breach.check))
            };
            match (1..=MUTANT).find(|seed| found(*seed)) {
                Some(seed) => println!("{mutant:?}: seed {seed}"),
                None => escaped.push(*mutant),
            }
        }
        escaped
    };
    let escaped: Vec<Mutant> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(escaped.is_empty(), "nobody found {escaped:?}");
}
