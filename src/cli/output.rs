//! Where words for people go: findings and answers to standard output, the log to standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::flows::Loaded;
use crate::bot::{Bot, Op};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{self, Look};
use crate::source::Sources;
use crate::system::environment;

/// Starts the log: warnings by default, more with `-v`; `RUST_LOG` decides where it is set.
pub(super) fn start_log(verbose: u8) {
    let default = match verbose {
        0 => "rejoinder=warn",
        1 => "rejoinder=info",
        _ => "rejoinder=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colour = std::io::stderr().is_terminal() && colour_wanted();
    // A second start (in tests) is no fault: the first log goes on.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).try_init();
}

/// Prints the findings of a bot in frames.
pub(super) fn findings(loaded: &Loaded) {
    drawn(&loaded.sources, &loaded.findings);
}

/// Prints findings in frames.
pub(super) fn drawn(sources: &Sources, findings: &[Diagnostic]) {
    anstream::print!("{}", render::text(sources, findings, Look { color: colour(), ..Look::default() }));
}

/// Whether words on standard output are coloured.
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && colour_wanted()
}

/// Prints findings in frames to standard error, where standard output carries something else.
pub(super) fn aside(sources: &Sources, findings: &[Diagnostic]) {
    let colour = std::io::stderr().is_terminal() && colour_wanted();
    anstream::eprint!("{}", render::text(sources, findings, Look { color: colour, ..Look::default() }));
}

/// The findings of a bot without colour, for a page.
pub(super) fn plain(loaded: &Loaded) -> String {
    render::text(&loaded.sources, &loaded.findings, Look::default())
}

/// Says in one line that the calls of a bot are not made yet, where it has any.
pub(super) fn calls_are_not_made(bot: &Bot) {
    let calls = |op: &Op| matches!(op, Op::Fetch(_) | Op::Run { .. });
    if bot.flows.iter().flat_map(|flow| &flow.steps).any(|step| calls(&step.op)) {
        anstream::eprintln!(
            "note: `fetch` and `run` are answered in tests and in `talk` only: a bot that is served makes no calls yet, and each one fails at once"
        );
    }
}

fn colour_wanted() -> bool {
    !matches!(environment::var("NO_COLOR"), Ok(Some(value)) if !value.is_empty())
}
