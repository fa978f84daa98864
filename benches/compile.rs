//! From text to bot: a bot of 10 000 rules, and a check of 1 000 lines; each the median of several rounds.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints and ends where something is wrong"
)]

mod support;

use rejoinder::check::{Assets, compile};
use rejoinder::source::Sources;
use rejoinder::syntax;
use support::{clock, job_source, large_source, load};

fn main() {
    let large = large_source(10_000);
    let lines: String = large_source(200).lines().take(1_000).collect::<Vec<_>>().join("\n");
    let thousand = lines.get(..lines.rfind("\nflow ").unwrap_or(lines.len())).unwrap_or(&lines).to_owned();
    measure("rules_10000", &large, 5);
    measure("job_10000", &job_source(10_000), 5);
    measure("lines_1000", &thousand, 21);
}

fn measure(name: &str, text: &str, rounds: usize) {
    let (mut parses, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut sources = Sources::default();
        let file = sources.add("bot.flow", text);
        let begun = clock();
        let (document, findings) = syntax::parse(file, text);
        parses.push(begun.elapsed().as_secs_f64() * 1_000.0);
        assert!(findings.is_empty() && !document.items.is_empty(), "{findings:?}");
        let begun = clock();
        let (bot, findings) = compile(&sources, &Assets::default());
        wholes.push(begun.elapsed().as_secs_f64() * 1_000.0);
        assert!(bot.is_some(), "{:?}", findings.first());
    }
    parses.sort_by(f64::total_cmp);
    wholes.sort_by(f64::total_cmp);
    println!(
        "compile {name} bytes={} lines={} parse_ms={:.1} all_ms={:.1} worst_ms={:.1} load=\"{}\"",
        text.len(),
        text.lines().count(),
        parses[rounds / 2],
        wholes[rounds / 2],
        wholes[rounds - 1],
        load()
    );
}
