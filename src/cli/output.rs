//! Where words for people go: findings and answers to standard output, the log to standard error.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use super::flows::Loaded;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{self, Look};
use crate::source::Sources;
use crate::system::environment;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Changes which lines the log shows, once it is started.
type Change = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;
static CHANGE: OnceLock<Change> = OnceLock::new();

/// Starts the log: warnings by default, more with `-v`; `RUST_LOG` decides where it is set. No text of a customer's is in
/// it at any level but `trace`.
pub(super) fn start_log(verbose: u8, format: LogFormat) {
    let default = match verbose {
        0 => "rejoinder=warn",
        1 => "rejoinder=info",
        _ => "rejoinder=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colour = std::io::stderr().is_terminal() && colour_wanted();
    let log = tracing_subscriber::fmt();
    // A second start (in tests) is no fault: the first log goes on.
    match format {
        LogFormat::Text => {
            let log = log.with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).with_filter_reloading();
            let handle = log.reload_handle();
            let _ = log.try_init();
            let _ = CHANGE.set(Box::new(move |filter| handle.reload(filter).is_ok()));
        }
        LogFormat::Json => {
            let log = log.json().flatten_event(true).with_current_span(false).with_span_list(false);
            let log = log.with_env_filter(filter).with_writer(std::io::stderr).with_filter_reloading();
            let handle = log.reload_handle();
            let _ = log.try_init();
            let _ = CHANGE.set(Box::new(move |filter| handle.reload(filter).is_ok()));
        }
    }
}

/// Shows the lines that the settings want, unless the command line or `RUST_LOG` has said so; false where the text says
/// nothing.
pub(super) fn change_log(wanted: &str) -> bool {
    if matches!(environment::var("RUST_LOG"), Ok(Some(_))) {
        return true;
    }
    // A bare level speaks of us, not of every library.
    let plain = matches!(wanted, "error" | "warn" | "info" | "debug" | "trace" | "off");
    let filter = EnvFilter::try_new(if plain { format!("rejoinder={wanted}") } else { wanted.to_owned() });
    filter.is_ok_and(|filter| CHANGE.get().is_none_or(|change| change(filter)))
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

fn colour_wanted() -> bool {
    !matches!(environment::var("NO_COLOR"), Ok(Some(value)) if !value.is_empty())
}
