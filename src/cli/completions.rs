//! `rejoinder completions`

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rejoinder completions bash > ~/.local/share/bash-completion/completions/rejoinder")]
pub(super) struct Arguments {
    /// The shell to complete in.
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Cli::command(), "rejoinder", &mut script);
    anstream::print!("{}", String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
