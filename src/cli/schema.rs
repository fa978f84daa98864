//! `rejoinder schema`

use std::process::ExitCode;

use clap::Args;

use crate::syntax;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  rejoinder schema > rejoinder.schema.json\n\nThen begin each .flow.yaml file with\n  # yaml-language-server: $schema=./rejoinder.schema.json"
)]
pub(super) struct Arguments {}

pub(super) fn run() -> anyhow::Result<ExitCode> {
    anstream::println!("{}", serde_json::to_string_pretty(&syntax::yaml_schema())?);
    Ok(ExitCode::SUCCESS)
}
