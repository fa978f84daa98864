//! In: the command line. Out: wiring and exit codes. Nobody imports it.

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
