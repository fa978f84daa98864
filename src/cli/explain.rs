//! `rejoinder explain`

use std::process::ExitCode;

use clap::Args;

use crate::diagnostic::register;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rejoinder explain F0101")]
pub(super) struct Arguments {
    /// The code of a finding; all codes are listed where it is left out.
    code: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(code) = &arguments.code else {
        for page in register::PAGES {
            anstream::println!("{}  {}", page.code, page.title());
        }
        return Ok(ExitCode::SUCCESS);
    };
    let wanted = code.to_ascii_uppercase();
    match register::page(&wanted) {
        Some(page) => {
            anstream::println!("{}", page.text.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        None => anyhow::bail!("there is no code `{code}`; `rejoinder explain` lists them all"),
    }
}
