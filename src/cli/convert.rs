//! `rejoinder convert`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::output;
use crate::source::Sources;
use crate::syntax::{self, Spelling};
use crate::system::files;

/// A file above this is refused unread, in bytes.
const FILE_BYTES_MAX: u64 = 8 << 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rejoinder convert shop.flow                            prints shop.flow.yaml\n  rejoinder convert shop.flow.yaml --output shop.flow\n  rejoinder convert flows/*.flow --output yaml\n\nExit codes: 0 done, 1 a file has errors and was left out, 2 could not run."
)]
pub(super) struct Arguments {
    /// Files that end in .flow or .flow.yaml.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The spelling to write; the other one of each file where it is left out.
    #[arg(long, value_enum, value_name = "SPELLING")]
    to: Option<To>,
    /// The file to write, or the folder for several; standard output for one file where it is left out.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    Yaml,
    Flow,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.files.len() > 1 && arguments.output.is_none() {
        anyhow::bail!("several files need a folder to be written to: `--output FOLDER`");
    }
    let mut failed = false;
    for path in &arguments.files {
        failed |= !one(arguments, path)?;
    }
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Whether the file could be written in its other spelling.
fn one(arguments: &Arguments, path: &Path) -> anyhow::Result<bool> {
    let from = spelling(path)?;
    let to = match arguments.to {
        Some(To::Yaml) => Spelling::Yaml,
        Some(To::Flow) => Spelling::Flow,
        None if from == Spelling::Flow => Spelling::Yaml,
        None => Spelling::Flow,
    };
    let text = files::read_to_string(path, FILE_BYTES_MAX).with_context(|| format!("cannot read {}", path.display()))?;
    let mut sources = Sources::default();
    let shown = path.display().to_string();
    let file = sources.add(shown.clone(), text.clone());
    let converted = syntax::convert(file, &shown, &text, to);
    if !converted.findings.is_empty() {
        output::aside(&sources, &converted.findings);
    }
    let Some(written) = converted.text else { return Ok(false) };
    match &arguments.output {
        None => anstream::print!("{written}"),
        Some(output) => {
            let target = target(output, path, to, arguments.files.len() > 1);
            if target == path {
                anyhow::bail!("{} would be written over itself", path.display());
            }
            if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                files::make_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            files::write_atomic(&target, written.as_bytes()).with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(true)
}

fn spelling(path: &Path) -> anyhow::Result<Spelling> {
    let name = path.to_string_lossy();
    if name.ends_with(syntax::YAML_ENDING) {
        Ok(Spelling::Yaml)
    } else if name.ends_with(".flow") {
        Ok(Spelling::Flow)
    } else {
        anyhow::bail!("{name} ends neither in .flow nor in {}", syntax::YAML_ENDING)
    }
}

/// Where the result goes: the file that was named, or one in the folder that was named.
fn target(output: &Path, from: &Path, to: Spelling, several: bool) -> PathBuf {
    if !several && !files::is_folder(output) {
        return output.to_owned();
    }
    let name = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(syntax::YAML_ENDING).or_else(|| name.strip_suffix(".flow")).unwrap_or(&name);
    let ending = if to == Spelling::Yaml { syntax::YAML_ENDING } else { ".flow" };
    output.join(format!("{stem}{ending}"))
}
