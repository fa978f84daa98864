//! The proof held against the engine: no conversation passes a bound, and there are conversations that reach it.

mod findings;
mod generate;
mod soundness;
mod talk;
mod tight;

use std::sync::Arc;

use crate::bot::{Asset, Bot};
use crate::check::{Assets, compile};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Sources;

fn compiled(text: &str) -> (Option<Bot>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    sources.add("bot.flow", text);
    let asset = Asset { file: "a.png".to_owned(), digest: String::new(), media_type: "image/png", bytes: Vec::new() };
    let assets: Assets = [("a.png".to_owned(), Arc::new(asset))].into();
    compile(&sources, &assets)
}

/// The bot, or what is wrong with it.
fn bot(text: &str) -> Arc<Bot> {
    let (bot, findings) = compiled(text);
    let errors: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    Arc::new(bot.unwrap_or_else(|| panic!("{errors:#?}\n{text}")))
}

/// Numbers that look random, the same for the same seed.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    /// One time out of so many.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
