//! In: seeds. Out: whether every body of `bodies.rs` bears what `mutate.rs` makes of them, in bounded time and memory.
//! Does not know: what the bytes mean.
//!
//! Each test starts itself anew in a process with bounded memory, so that a flood, a hang or an overflow is a failure with
//! its seed and its input, and not the end of the suite. `REJOINDER_FUZZ_SECONDS` (1) says how long each body runs,
//! `REJOINDER_FUZZ_SEED` (0) where it begins.

mod bodies;
mod mutate;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use self::bodies::BODIES;

/// Set in the inner process: the file that holds what is being tried.
const INNER: &str = "REJOINDER_FUZZ_INNER";
/// Address space of the inner process, in megabytes.
const MEMORY_MB: u64 = 2_048;
/// One input may take so long on a busy machine, without optimisation.
const INPUT_TIME_MAX: Duration = Duration::from_secs(20);

#[test]
fn any_flow_file_is_borne() {
    run("flow", "fuzz::any_flow_file_is_borne");
}

#[test]
fn any_yaml_file_is_borne() {
    run("yaml", "fuzz::any_yaml_file_is_borne");
}

#[test]
fn any_value_is_borne() {
    run("value", "fuzz::any_value_is_borne");
}

#[test]
fn any_text_is_borne() {
    run("text", "fuzz::any_text_is_borne");
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number, not `{value}`")))
}

fn run(body: &str, test: &str) {
    match std::env::var_os(INNER) {
        Some(file) => inner(body, Path::new(&file)),
        None => outer(body, test),
    }
}

/// Starts the same test in a bounded process and says what it died of.
fn outer(body: &str, test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input");
    let mut command = Command::new("sh");
    let limited = format!("ulimit -v {}; exec \"$0\" \"$@\"", MEMORY_MB * 1_024);
    command.args(["-c", &limited]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INNER, &file);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reading = std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = err.read_to_end(&mut said);
        said
    });
    let listening = std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = out.read_to_end(&mut said);
        said
    });
    let patience = Duration::from_secs(number("REJOINDER_FUZZ_SECONDS", 1)) + INPUT_TIME_MAX + Duration::from_secs(20);
    let begun = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if begun.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut said = listening.join().unwrap();
    said.extend(reading.join().unwrap());
    if !ended.is_some_and(|status| status.success()) {
        let tried = std::fs::read(&file).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let end: String = said.chars().rev().take(4_000).collect::<Vec<_>>().into_iter().rev().collect();
        let why = ended.map_or_else(|| "hung".to_owned(), |status| format!("ended with {status}"));
        panic!("`{body}` {why}\n{end}\nit tried (seed, then the input):\n{}", String::from_utf8_lossy(&tried).escape_debug());
    }
}

/// Tries seed after seed until the time is over.
fn inner(body: &str, file: &Path) {
    let run = BODIES.iter().find(|(name, _)| *name == body).map(|(_, run)| run).expect("a body");
    let corpus = mutate::corpus(body);
    assert!(!corpus.is_empty());
    let until = Instant::now() + Duration::from_secs(number("REJOINDER_FUZZ_SECONDS", 1));
    let first = number("REJOINDER_FUZZ_SEED", 0);
    let mut seed = first;
    while Instant::now() < until {
        let bytes = mutate::mutated(&corpus, seed);
        let mut kept = format!("{seed}\n").into_bytes();
        kept.extend(&bytes);
        std::fs::write(file, kept).unwrap();
        let begun = Instant::now();
        run(&bytes);
        let took = begun.elapsed();
        assert!(took < INPUT_TIME_MAX, "seed {seed} of `{body}` took {took:?}");
        seed += 1;
    }
    println!("`{body}`: {} inputs", seed - first);
    assert!(seed > first);
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let corpus = mutate::corpus("flow");
    assert!(corpus.len() > 50, "{}", corpus.len());
    assert_eq!(mutate::mutated(&corpus, 7), mutate::mutated(&corpus, 7));
    assert_ne!(mutate::mutated(&corpus, 7), mutate::mutated(&corpus, 8));
    assert!(mutate::corpus("value").len() > 20 && mutate::corpus("text").len() > 100);
}
