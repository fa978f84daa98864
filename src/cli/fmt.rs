//! `rejoinder fmt`

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{flows, output};
use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use crate::syntax::{self, Neat};
use crate::system::files;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rejoinder fmt                    every .flow and .flow.yaml file of the folder `flows`\n  rejoinder fmt --check flows      which files would change\n  rejoinder fmt - < shop.flow      from standard input to standard output\n\nA file with mistakes is left as it is, and so is a .flow.yaml file of which a part would be lost; each is named.\nStandard input is read as .flow.\n\nExit codes: 0 fine, 1 a file has mistakes or (with --check) would change, 2 could not run."
)]
pub(super) struct Arguments {
    /// Files or folders; `-` is standard input.
    #[arg(default_value = "flows")]
    paths: Vec<PathBuf>,
    /// Write nothing: list the files that would change.
    #[arg(long)]
    check: bool,
}

/// What came of the files.
#[derive(Default)]
struct Done {
    read: usize,
    changed: usize,
    sources: Sources,
    findings: Vec<Diagnostic>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut done = Done::default();
    for path in &arguments.paths {
        if path.as_os_str() == "-" {
            done.standard_input(arguments.check)?;
            continue;
        }
        anyhow::ensure!(files::exists(path), "{} is not there", path.display());
        for file in files_of(path)? {
            done.file(&file, arguments.check)?;
        }
    }
    anyhow::ensure!(done.read > 0, "no .flow or .flow.yaml file in {}", named(&arguments.paths));
    output::drawn(&done.sources, &done.findings);
    let failed = !done.findings.is_empty() || (arguments.check && done.changed > 0);
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

impl Done {
    fn file(&mut self, path: &Path, check: bool) -> anyhow::Result<()> {
        let text = match files::read_to_string(path, flows::FLOW_BYTES_MAX) {
            Ok(text) => text,
            Err(error) => {
                self.read += 1;
                let file = self.sources.add(shown(path), "");
                self.findings.push(flows::unreadable(file, &error));
                return Ok(());
            }
        };
        let Some(printed) = self.printed(&shown(path), &text) else { return Ok(()) };
        if printed == text {
            return Ok(());
        }
        self.changed += 1;
        if check {
            anstream::println!("{} is not as `rejoinder fmt` would write it", shown(path));
            return Ok(());
        }
        // A link stays one: what it leads to is written.
        let place = files::canonical(path).unwrap_or_else(|_| path.to_owned());
        files::write_atomic(&place, printed.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        anstream::println!("wrote {}", shown(path));
        Ok(())
    }

    fn standard_input(&mut self, check: bool) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        let mut limited = std::io::stdin().lock().take(flows::FLOW_BYTES_MAX + 1);
        limited.read_to_end(&mut bytes).context("cannot read the standard input")?;
        anyhow::ensure!(bytes.len() as u64 <= flows::FLOW_BYTES_MAX, "the standard input is larger than a file may be");
        let text = String::from_utf8(bytes).context("the standard input is not UTF-8")?;
        let Some(printed) = self.printed("standard input", &text) else { return Ok(()) };
        let changed = printed != text;
        self.changed += usize::from(changed);
        if !check {
            // As it is: a terminal's signs inside a comment are the author's own.
            std::io::stdout().lock().write_all(printed.as_bytes()).context("cannot write to the standard output")?;
        } else if changed {
            anstream::println!("the standard input is not as `rejoinder fmt` would write it");
        }
        Ok(())
    }

    /// The canonical form; `None` where the text cannot be read, and its findings are kept, or where it is left alone.
    fn printed(&mut self, name: &str, text: &str) -> Option<String> {
        self.read += 1;
        let file = self.sources.add(name, text);
        match syntax::neat(file, name, text) {
            Neat::Text(printed) => Some(printed),
            Neat::Broken(found) => {
                self.findings.extend(found);
                None
            }
            Neat::Kept(why) => {
                anstream::println!("left {name} as it is: {why}");
                None
            }
        }
    }
}

/// The flows at a path, in one order everywhere.
fn files_of(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if files::is_folder(path) {
        let found = flows::walk(path)?;
        return Ok(found.into_iter().filter(|file| is_flow(file)).collect());
    }
    anyhow::ensure!(is_flow(path), "{} ends neither in .flow nor in {}", path.display(), syntax::YAML_ENDING);
    Ok(vec![path.to_owned()])
}

fn is_flow(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".flow") || name.ends_with(syntax::YAML_ENDING)
}

fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

fn named(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ")
}
